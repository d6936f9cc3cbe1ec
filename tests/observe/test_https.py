"""A fetch over HTTPS tells what came of it, whatever the server does, and always ends."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.environment.environment import IPAddress, certificate_names
from mailflow.observe.dialogue import EndedError, Ending, Endpoint
from mailflow.observe.http_response import Response, read_body, read_head
from mailflow.observe.https import BODY, Fetched, fetch
from tests.observe.smtp_server import Peer, Script, serving

HOST, PATH = "mta-sts.contoso.com", "/.well-known/mta-sts.txt"
ADDRESS = ip_address("192.0.2.80")
POLICY = b"version: STSv1\nmode: none\nmax_age: 86400\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def server(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def roots(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca.cert_pem.bytes().decode())
    context.hostname_checks_common_name = False
    return context


def run(
    script: Script, roots: ssl.SSLContext, *addresses: IPAddress, whole_s: float = 5.0, reach: Any = None
) -> Fetched:
    async def scene() -> Fetched:
        async with serving(script) as endpoint, asyncio.timeout(20):  # one that hangs fails the test
            return await fetch(
                HOST, PATH, addresses or (ADDRESS,), reach or (lambda _: endpoint), roots, whole_s=whole_s
            )

    return asyncio.run(scene())


Says = Callable[..., Fetched]


@pytest.fixture(scope="module")
def says(ca: trustme.CA, roots: ssl.SSLContext) -> Says:
    """Fetch from a server that answers the request with these octets, and then goes or stays."""
    context = server(ca.issue_cert(HOST))

    def saying(*parts: bytes, stays: bool = False, **limits: float) -> Fetched:
        async def script(peer: Peer) -> None:
            await peer.start_tls(context)
            while await peer.hear():
                pass
            for part in parts:
                peer.writer.write(part)
                await peer.writer.drain()
            if stays:
                await peer.reader.read()

        return run(script, roots, **limits)

    return saying


@pytest.mark.parametrize(
    "framed",
    [
        OK + b"Content-Length: 41\r\n\r\n" + POLICY,
        OK + b"\r\n" + POLICY,
        OK
        + b"Transfer-Encoding: chunked\r\n\r\n10;x=y\r\n"
        + POLICY[:16]
        + b"\r\n19\r\n"
        + POLICY[16:]
        + b"\r\n0\r\n\r\n",
        OK.replace(b"\r\n", b"\n") + b"Content-Length: 41\n\n" + POLICY,
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK + b"Content-Length: 41\r\n\r\n" + POLICY + b"more",
        b"HTTP/1.0 200\r\ncontent-type:text/plain \r\n\r\n" + POLICY,
    ],
    ids=["length", "until closed", "chunks", "bare line feeds", "interim response", "HTTP/1.0"],
)
def test_a_text_that_comes_whole(framed: bytes, says: Says) -> None:
    found = says(framed)
    assert (found.url, found.address) == (f"https://{HOST}{PATH}", ADDRESS)
    assert (found.status, found.media_type, found.body) == (200, "text/plain", POLICY.decode())
    assert (found.ending, found.trouble, found.distrust, found.from_here) == (None, "", "", "")
    assert found.certificate is not None
    assert certificate_names(found.certificate) == (HOST,)


def test_the_dialogue_is_evidence(says: Says) -> None:
    found = says(OK + b"\r\n" + POLICY)
    assert found.dialogue[0] == "-- connects to 192.0.2.80, port 443"
    assert found.dialogue[1].startswith("-- TLSv1.3, ")
    assert f"for {HOST}" in found.dialogue[2]
    assert found.dialogue[3:] == (
        f"C: GET {PATH} HTTP/1.1",
        f"C: Host: {HOST}",
        "C: Accept: text/plain",
        "C: Accept-Encoding: identity",
        "C: User-Agent: mailflow",
        "C: Connection: close",
        "S: HTTP/1.1 200 OK",
        "S: Content-Type: text/plain",
        "S: ",
        "S: version: STSv1",
        "S: mode: none",
        "S: max_age: 86400",
    )


@pytest.mark.parametrize(
    ("says_it", "status", "location"),
    [
        (b"HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.contoso.com/x\r\n\r\n", 301, "https://mta-sts.contoso.com/x"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://www.contoso.com/\r\nContent-Length: 9\r\n\r\n", 302, "https://www.contoso.com/"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>", 404, ""),
        (b"HTTP/1.1 503 Busy\r\n\r\n", 503, ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
    ],
)  # fmt: skip
def test_no_redirect_is_followed_and_nothing_but_200_is_read(
    says_it: bytes, status: int, location: str, says: Says
) -> None:
    found = says(says_it, stays=True)  # nobody waits for what is not read
    assert (found.status, found.location, found.body, found.ending) == (status, location, None, None)


GARBAGE, ENDLESS, BROKEN = Ending.GARBAGE, Ending.ENDLESS, Ending.BROKEN_OFF
START = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ENDED = "the server closed the connection before the end of "
TOO_MUCH = "content of more than 65536 octets"


@pytest.mark.parametrize(
    ("says_it", "ending", "trouble"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", GARBAGE, "no HTTP response: 'SSH-2.0-OpenSSH_9.6'"),
        (b"HTTP/2 200\r\n\r\n", GARBAGE, "no HTTP response: 'HTTP/2 200'"),
        ("HTTP/1.1 ²⁰⁰\r\n\r\n".encode(), GARBAGE, "no HTTP response: 'HTTP/1.1 ²⁰⁰'"),
        (b"\x00\xff\n", GARBAGE, r"no HTTP response: '\x00\\xff'"),
        (b"", BROKEN, ENDED + "the response"),
        (START + b"Content-", BROKEN, ENDED + "the response"),
        (START + b"no field\r\n\r\n", GARBAGE, "a line in the head of the response that is no field: 'no field'"),
        (START + b"X: y\r\n" * 200, ENDLESS, "a head of more than 100 lines"),
        (START + b"X: " + b"y" * 9000 + b"\r\n", ENDLESS, "a line of more than 8192 octets"),
        (START + b"X: " + b"y" * 90000, ENDLESS, "a line of more than 8192 octets"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, ENDLESS, "5 interim responses, and no final one"),
        (OK + b"Content-Length: 50\r\n\r\n" + POLICY, BROKEN, ENDED + "the content"),
        (OK + b"Content-Length: 99999999\r\n\r\n", ENDLESS, TOO_MUCH),
        (OK + b"Content-Length: -1\r\n\r\n", GARBAGE, "a length of the content that is none: '-1'"),
        (OK + b"Content-Length: 41\r\nContent-Length: 4\r\n\r\n", GARBAGE, "a length of the content that is none: '4"),
        (OK + b"Content-Encoding: gzip\r\n\r\n\x1f", GARBAGE, "content in the coding 'gzip', for which nobody asked"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", GARBAGE, "content in the transfer coding 'gzip, chunked', "),
        (CHUNKED + b"-5\r\nhello\r\n", GARBAGE, "chunks that are none: '-5' where the length of one must stand"),
        (CHUNKED + b"3\r\nhello\r\n", GARBAGE, "chunks that are none: 'lo' after the end of one"),
        (CHUNKED + b"ffffffff\r\n", ENDLESS, TOO_MUCH),
        (CHUNKED + b"1\r\nx\r\n" * 70000, ENDLESS, TOO_MUCH),
        (OK + b"\r\n" + b"x" * (BODY + 1), ENDLESS, TOO_MUCH),
    ],
    ids=range(22),
)
def test_what_is_no_response_has_words_of_its_own(says_it: bytes, ending: Ending, trouble: str, says: Says) -> None:
    found = says(says_it)
    assert (found.ending, found.body) == (ending, None)
    assert found.trouble.startswith(trouble)
    assert f"-- {found.trouble}" in found.dialogue


def test_silence_and_a_body_that_never_ends_are_let_go(says: Says) -> None:
    for parts in ((), (OK,), (OK + b"Content-Length: 41\r\n\r\nver",), (OK + b"\r\nver",)):
        found = says(*parts, stays=True, whole_s=0.5)
        assert (found.ending, found.trouble) == (Ending.TARPIT, "no whole response within 0.5 s")
        assert found.body is None


def test_a_body_that_drips_is_let_go(ca: trustme.CA, roots: ssl.SSLContext) -> None:
    context = server(ca.issue_cert(HOST))

    async def script(peer: Peer) -> None:
        await peer.start_tls(context)
        peer.writer.write(OK + b"\r\n")
        while True:
            peer.writer.write(b"x")
            await peer.writer.drain()
            await asyncio.sleep(0.01)

    found = run(script, roots, whole_s=0.5)
    assert (found.status, found.ending, found.body) == (200, Ending.TARPIT, None)


async def plain_http(peer: Peer) -> None:
    peer.say(b"HTTP/1.1 400 Bad Request")


async def closes_at_once(peer: Peer) -> None:
    pass


async def silent(peer: Peer) -> None:
    await peer.reader.read()


@pytest.mark.parametrize(
    ("script", "endings", "trouble"),
    [
        (plain_http, {Ending.NO_TLS}, "no TLS: "),
        (closes_at_once, {Ending.BROKEN_OFF, Ending.NO_TLS}, ""),
        (silent, {Ending.TARPIT}, "no whole response within 0.5 s"),
    ],
)
def test_no_tls(script: Script, endings: set[Ending], trouble: str, roots: ssl.SSLContext) -> None:
    found = run(script, roots, whole_s=0.5)
    assert found.ending in endings
    assert found.trouble.startswith(trouble)
    assert (found.status, found.chain, found.distrust) == (0, (), "")


def answering(context: ssl.SSLContext) -> Script:
    async def script(peer: Peer) -> None:
        await peer.start_tls(context)
        while await peer.hear():
            pass
        peer.writer.write(OK + b"\r\n" + POLICY)

    return script


def nameless(ca: trustme.CA) -> trustme.LeafCert:
    return ca.issue_cert("www.contoso.com", common_name=HOST)  # a common name is no DNS-ID


def expired(ca: trustme.CA) -> trustme.LeafCert:
    return ca.issue_cert(HOST, not_after=datetime.now(UTC) - timedelta(days=1))


@pytest.mark.parametrize(
    ("leaf", "distrust"),
    [
        (lambda ca: ca.issue_cert("www.contoso.com"), f"Hostname mismatch, certificate is not valid for '{HOST}'."),
        (lambda ca: ca.issue_cert("*.sts.contoso.com"), f"Hostname mismatch, certificate is not valid for '{HOST}'."),
        (nameless, f"Hostname mismatch, certificate is not valid for '{HOST}'."),
        (expired, "certificate has expired"),
        (lambda _: trustme.CA().issue_cert(HOST), "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_does_not_hold_is_told_and_what_is_behind_it_still_seen(
    leaf: Callable[[trustme.CA], trustme.LeafCert], distrust: str, ca: trustme.CA, roots: ssl.SSLContext
) -> None:
    found = run(answering(server(leaf(ca))), roots)
    assert (found.distrust, found.body, found.ending) == (distrust, POLICY.decode(), None)
    assert f"-- certificate not accepted: {distrust}" in found.dialogue
    assert found.certificate is not None


def test_a_wildcard_of_one_label_holds(ca: trustme.CA, roots: ssl.SSLContext) -> None:
    assert run(answering(server(ca.issue_cert("*.contoso.com"))), roots).distrust == ""


def test_the_next_address_is_tried_where_there_is_no_way_to_one(ca: trustme.CA, roots: ssl.SSLContext) -> None:
    """And what was tried before stands in the dialogue."""
    other = ip_address("2001:db8::80")

    async def scene() -> Fetched:
        async with serving(answering(server(ca.issue_cert(HOST)))) as endpoint, asyncio.timeout(20):
            book = {other: endpoint}
            return await fetch(HOST, PATH, (ADDRESS, other), book.get, roots)

    found = asyncio.run(scene())
    assert (found.address, found.status) == (other, 200)
    assert found.dialogue[:3] == (
        "-- connects to 192.0.2.80, port 443",
        "-- nobody listens there",
        "-- connects to 2001:db8::80, port 443",
    )


def test_nobody_listens(roots: ssl.SSLContext) -> None:
    async def scene() -> Fetched:
        async with serving(silent) as endpoint:
            pass
        return await fetch(HOST, PATH, (ADDRESS,), lambda _: Endpoint(endpoint.host, endpoint.port), roots)

    found = asyncio.run(scene())
    assert (found.ending, found.trouble) == (Ending.NOT_LISTENING, "connection refused")


def test_without_an_address_nobody_is_asked(roots: ssl.SSLContext) -> None:
    found = asyncio.run(fetch(HOST, PATH, (), lambda _: None, roots))
    assert (found.address, found.ending, found.trouble) == (None, Ending.NOT_OPENED, f"{HOST} has no address")
    assert found.from_here == ""


pieces = st.sampled_from((START, b"Content-Length: 3\r\n", CHUNKED, b"\r\n", b"3\r\nabc\r\n", b"0\r\n", b"a", b":"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.lists(pieces | st.binary(max_size=5), max_size=12).map(b"".join))
def test_any_octets_are_read_or_told(wire: bytes) -> None:
    async def read() -> Response:
        reader = asyncio.StreamReader()
        reader.feed_data(wire)
        reader.feed_eof()
        response = Response()
        await read_head(reader, response)
        await read_body(reader, response, 100)
        return response

    try:
        response = asyncio.run(read())
    except EndedError as ended:
        told = ended.ending, bool(str(ended))
    else:
        told = None, 200 <= response.status < 600 and len(response.body) <= 100
    assert told in {(GARBAGE, True), (BROKEN, True), (ENDLESS, True), (None, True)}

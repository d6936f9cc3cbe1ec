"""A look at a server's TLS tells what it saw, whatever the server does, and always ends."""

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from mailflow.environment.environment import certificate_names
from mailflow.mail.reply import Reply
from mailflow.observe.dialogue import Ending, Endpoint, read_reply
from mailflow.observe.smtp import TlsSession, visit
from tests.observe.smtp_server import Peer, Script, serving

ADDRESS = ip_address("192.0.2.25")


def look(script: Script, roots: ssl.SSLContext | None = None, preamble: bytes = b"", **deadlines: float) -> TlsSession:
    """Look at a server that does what the script says in each connection."""

    async def scene() -> TlsSession:
        context = roots or ssl.create_default_context()
        context.check_hostname = False
        limits = {"reply_s": 2.0, "session_s": 5.0} | deadlines
        async with serving(script, preamble) as endpoint, asyncio.timeout(10):  # one that hangs fails the test
            return await visit(ADDRESS, endpoint, context, "looker.example", **limits)

    return asyncio.run(scene())


async def greeting_554(peer: Peer) -> None:
    peer.say(b"554-no service", b"554 for you")


async def greeting_421(peer: Peer) -> None:
    peer.say(b"421 4.3.2 Service not available")


async def silence(peer: Peer) -> None:
    await peer.reader.read()


async def closes_at_once(peer: Peer) -> None:
    pass


async def speaks_http(peer: Peer) -> None:
    peer.say(b"HTTP/1.1 400 Bad Request")


async def binary(peer: Peer) -> None:
    peer.say(b"\x16\x03\x01\x00\xff\xfe")


async def superscript_digits(peer: Peer) -> None:
    peer.say("²²⁰ hello".encode())


async def endless_line(peer: Peer) -> None:
    while True:
        peer.writer.write(b"220" + b"x" * 4096)
        await peer.writer.drain()


async def endless_reply(peer: Peer) -> None:
    while True:
        peer.say(*[b"220-more"] * 50)
        await peer.writer.drain()


async def dripping_reply(peer: Peer) -> None:
    while True:
        peer.say(b"220-more")
        await peer.writer.drain()
        await asyncio.sleep(0.02)


async def dripping_octets(peer: Peer) -> None:
    while True:
        peer.writer.write(b"2")
        await peer.writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "ending", "words"),
    [
        (greeting_554, Ending.TURNED_AWAY, "the server said 554 no service for you"),
        (greeting_421, Ending.BUSY, "the server said 421 4.3.2 Service not available"),
        (silence, Ending.SILENT, "silence for 0.2 s"),
        (closes_at_once, Ending.BROKEN_OFF, "the server closed the connection"),
        (speaks_http, Ending.GARBAGE, "no SMTP reply: 'HTTP/1.1 400 Bad Request'"),
        (binary, Ending.GARBAGE, r"no SMTP reply: '\x16\x03\x01\x00\\xff\\xfe'"),
        (superscript_digits, Ending.GARBAGE, "no SMTP reply: '²²⁰ hello'"),
        (endless_line, Ending.ENDLESS, "a reply line of more than 2048 octets"),
        (endless_reply, Ending.ENDLESS, "a reply of more than 100 lines"),
        (dripping_reply, Ending.TARPIT, "a tarpit: a reply that did not end within 0.2 s"),
        (dripping_octets, Ending.TARPIT, "a tarpit: a reply that did not end within 0.2 s"),
    ],
)
def test_a_server_that_does_not_greet(script: Script, ending: Ending, words: str) -> None:
    seen = look(script, reply_s=0.2)
    assert (seen.address, seen.reached, seen.starttls, seen.certificate) == (ADDRESS, False, False, None)
    assert (seen.ending, seen.trouble) == (ending, words)
    assert f"-- {words}" in seen.dialogue[-2:]  # QUIT may follow
    assert len(seen.dialogue) <= 102


def test_nobody_listens() -> None:
    async def scene() -> TlsSession:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        endpoint = Endpoint(*server.sockets[0].getsockname())
        server.close()
        await server.wait_closed()
        return await visit(ADDRESS, endpoint, ssl.create_default_context(), "looker.example")

    seen = asyncio.run(scene())
    assert not seen.reached
    assert (seen.ending, seen.trouble) == (Ending.NOT_LISTENING, "connection refused")
    assert seen.dialogue == ("-- connection refused",)


async def ehlo_refused(peer: Peer) -> None:
    peer.say(b"220 mail.example")
    await peer.hear()
    peer.say(b"502 what is EHLO")


async def silent_after_greeting(peer: Peer) -> None:
    peer.say(b"220 mail.example")
    await peer.reader.read()


async def starttls_refused(peer: Peer) -> None:
    await peer.greet(b"STARTTLS")
    await peer.hear()
    peer.say(b"454 TLS not available due to temporary reason")


async def garbage_after_220(peer: Peer) -> None:
    await peer.greet(b"SIZE", b"starttls")
    await peer.hear()
    peer.say(b"220 go ahead")
    await peer.reader.read(1)
    peer.writer.write(b"this is no TLS record at all")
    await peer.writer.drain()


async def closes_after_220(peer: Peer) -> None:
    await peer.greet(b"STARTTLS")
    await peer.hear()
    peer.say(b"220 go ahead")


async def silent_after_220(peer: Peer) -> None:
    await peer.greet(b"STARTTLS")
    await peer.hear()
    peer.say(b"220 go ahead")
    await peer.reader.read()


@pytest.mark.parametrize(
    ("script", "starttls", "words"),
    [
        (ehlo_refused, False, "the server said 502 what is EHLO"),
        (silent_after_greeting, False, "silence for 0.3 s"),
        (starttls_refused, True, "the server said 454 TLS not available due to temporary reason"),
        (silent_after_220, True, "no TLS handshake within 0.3 s"),
    ],
)
def test_a_server_that_stops_on_the_way_to_tls(script: Script, starttls: bool, words: str) -> None:
    seen = look(script, reply_s=0.3)
    assert (seen.reached, seen.starttls, seen.version, seen.certificate) == (True, starttls, "", None)
    assert (seen.trouble, seen.distrust) == (words, "")
    assert f"-- {words}" in seen.dialogue[-2:]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (garbage_after_220, "no TLS: [A-Z_]+"),  # OpenSSL's word, without the place in Python's source
        (closes_after_220, "the server broke the connection off during the TLS handshake"),
    ],
)
def test_a_handshake_that_fails_for_another_reason_than_the_certificate(script: Script, words: str) -> None:
    seen = look(script)
    assert (seen.reached, seen.starttls, seen.version, seen.distrust) == (True, True, "", "")
    assert re.fullmatch(words, seen.trouble)


def test_no_starttls() -> None:
    async def plain(peer: Peer) -> None:
        await peer.greet(b"SIZE 1000", b"8BITMIME")
        assert await peer.hear() == b"QUIT"
        peer.say(b"221 bye")

    assert look(plain) == TlsSession(
        ADDRESS,
        reached=True,
        starttls=False,
        greeting="220 mail.example ESMTP",
        heard=("mail.example", "SIZE 1000", "8BITMIME"),
        local="127.0.0.1",
        dialogue=(
            "S: 220 mail.example ESMTP",
            "C: EHLO looker.example",
            "S: 250-mail.example",
            "S: 250-SIZE 1000",
            "S: 250 8BITMIME",
            "C: QUIT",
            "S: 221 bye",
        ),
    )


def test_the_preamble_comes_before_the_greeting() -> None:
    heard = []

    async def proxied(peer: Peer) -> None:
        heard.append(await peer.reader.readexactly(5))
        await starttls_refused(peer)

    assert look(proxied, preamble=b"PROXY").starttls
    assert heard == [b"PROXY"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def roots(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    authority.configure_trust(context)
    return context


def with_tls(leaf: trustme.LeafCert, after: Script | None = None, **settings: Any) -> Script:
    """A server with this certificate; `after` is what it does once TLS stands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    for name, value in settings.items():
        setattr(context, name, value)

    async def usual(peer: Peer) -> None:
        assert await peer.hear() == b"EHLO looker.example"
        peer.say(b"250-mail.example", b"250 SIZE")
        assert await peer.hear() == b"QUIT"
        peer.say(b"221 bye")

    async def script(peer: Peer) -> None:
        await peer.greet(b"STARTTLS")
        assert await peer.hear() == b"STARTTLS"
        peer.say(b"220 go ahead")
        await peer.start_tls(context)
        await (after or usual)(peer)

    return script


def test_a_good_server(authority: trustme.CA, roots: ssl.SSLContext) -> None:
    seen = look(with_tls(authority.issue_cert("mail.example", common_name="mail.example")), roots)
    assert (seen.reached, seen.starttls, seen.version) == (True, True, "TLSv1.3")
    assert (seen.distrust, seen.trouble) == ("", "")
    assert seen.certificate is not None
    assert certificate_names(seen.certificate) == ("mail.example",)
    said = [line for line in seen.dialogue if not line.startswith("--")]
    assert said == [
        "S: 220 mail.example ESMTP",
        "C: EHLO looker.example",
        "S: 250-mail.example",
        "S: 250 STARTTLS",
        "C: STARTTLS",
        "S: 220 go ahead",
        "C: EHLO looker.example",
        "S: 250-mail.example",
        "S: 250 SIZE",
        "C: QUIT",
        "S: 221 bye",
    ]
    tls, *shown = [line for line in seen.dialogue if line.startswith("--")]
    assert tls.startswith("-- TLSv1.3, TLS_")
    assert [line.split(",")[0] for line in shown] == ["-- certificate CN=mail.example"]
    leaf = seen.certificate
    dates = f"valid {leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}, issued by "
    assert dates in shown[0]
    assert shown[0].endswith("; for mail.example")


def test_tls_1_2(authority: trustme.CA, roots: ssl.SSLContext) -> None:
    leaf = authority.issue_cert("mail.example")
    assert look(with_tls(leaf, maximum_version=ssl.TLSVersion.TLSv1_2), roots).version == "TLSv1.2"


def test_versions_that_are_too_old_are_no_session(authority: trustme.CA, roots: ssl.SSLContext) -> None:
    """Whoever speaks TLS 1.1 at the most meets no client of today; where OpenSSL refuses both sides, so be it."""
    old = {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1}
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        script = with_tls(authority.issue_cert("mail.example"), **old)
    seen = look(script, roots)
    assert (seen.reached, seen.starttls, seen.version, seen.certificate) == (True, True, "", None)
    assert seen.trouble
    assert seen.distrust == ""


def dated(authority: trustme.CA, start: int, end: int) -> trustme.LeafCert:
    now = datetime.now(UTC)
    return authority.issue_cert(
        "mail.example", not_before=now + timedelta(days=start), not_after=now + timedelta(days=end)
    )


def self_signed(_: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert("mail.example")


@pytest.mark.parametrize(
    ("issue", "distrust"),
    [
        (self_signed, "self-signed certificate in certificate chain|unable to get local issuer certificate"),
        (lambda ca: dated(ca, -9, -1), "certificate has expired"),
        (lambda ca: dated(ca, 1, 9), "certificate is not yet valid"),
    ],
)
def test_what_is_not_trusted_is_shown_by_a_second_session(
    authority: trustme.CA, roots: ssl.SSLContext, issue: Callable[[trustme.CA], trustme.LeafCert], distrust: str
) -> None:
    leaf = issue(authority)
    seen = look(with_tls(leaf), roots)
    assert seen.distrust in distrust.split("|")
    assert (seen.reached, seen.starttls, seen.version, seen.trouble) == (True, True, "TLSv1.3", "")
    assert seen.certificate is not None
    shown = seen.certificate.public_bytes(serialization.Encoding.PEM)
    assert shown == leaf.cert_chain_pems[0].bytes()
    assert seen.dialogue.count("S: 220 mail.example ESMTP") == 2
    assert f"-- certificate not accepted: {seen.distrust}" in seen.dialogue


@pytest.mark.parametrize("after", [closes_at_once, silence])
def test_what_was_seen_stays_seen_if_the_server_does_not_part_politely(
    authority: trustme.CA, roots: ssl.SSLContext, after: Script
) -> None:
    seen = look(with_tls(authority.issue_cert("mail.example"), after), roots, reply_s=0.3)
    assert (seen.starttls, seen.version) == (True, "TLSv1.3")
    assert seen.certificate is not None
    assert seen.trouble in ("the server closed the connection", "silence for 0.3 s")


def test_a_session_ends_even_if_every_reply_is_just_in_time() -> None:
    async def slow(peer: Peer) -> None:
        await asyncio.sleep(0.15)
        peer.say(b"220 mail.example")
        await peer.hear()
        await asyncio.sleep(0.15)
        peer.say(b"250 STARTTLS")
        await peer.reader.read()

    seen = look(slow, reply_s=0.25, session_s=0.2)
    assert (seen.reached, seen.trouble) == (True, "a tarpit: no end within 0.2 s")


def test_a_certificate_that_cannot_be_read_is_trouble_not_a_crash(
    authority: trustme.CA, roots: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography import x509

    def broken(_: bytes) -> None:
        raise x509.InvalidVersion("17 is no version", 17)

    monkeypatch.setattr(x509, "load_der_x509_certificate", broken)
    seen = look(with_tls(authority.issue_cert("mail.example")), roots)
    assert (seen.version, seen.certificate) == ("TLSv1.3", None)
    assert (seen.chain, seen.trouble) == ((), "")
    assert "-- a certificate that cannot be read" in seen.dialogue


def test_what_is_said_in_plain_after_220_is_forgotten(authority: trustme.CA, roots: ssl.SSLContext) -> None:
    """Whoever can write into the plain session must not speak in the one that is protected (RFC 3207 section 6)."""
    good = with_tls(authority.issue_cert("mail.example"))

    async def injecting(peer: Peer) -> None:
        said = peer.say

        def say(*lines: bytes) -> None:
            said(*lines, *([b"250 FORGED"] if lines == (b"220 go ahead",) else []))

        peer.say = say  # type: ignore[method-assign]
        await good(peer)

    seen = look(injecting, roots)
    assert (seen.version, seen.trouble) == ("TLSv1.3", "")
    assert not any("FORGED" in line for line in seen.dialogue)


def test_the_whole_chain_is_shown(authority: trustme.CA, roots: ssl.SSLContext) -> None:
    below = authority.create_child_ca()
    seen = look(with_tls(below.issue_cert("mail.example", common_name="mail.example")), roots)
    assert (seen.distrust, seen.trouble) == ("", "")
    leaf, intermediate = seen.chain
    assert seen.certificate == leaf
    assert leaf.issuer == intermediate.subject
    shown = [line for line in seen.dialogue if line.startswith("-- certificate ")]
    assert [one.subject.rfc4514_string() in line for one, line in zip(seen.chain, shown, strict=True)] == [True, True]


def test_over_ipv6() -> None:
    async def scene() -> TlsSession:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await closes_after_554(Peer(reader, writer))
            writer.close()

        try:
            server = await asyncio.start_server(connected, "::1", 0)
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        async with server:
            endpoint = Endpoint("::1", server.sockets[0].getsockname()[1])
            return await visit(ip_address("2001:db8::25"), endpoint, ssl.create_default_context(), "looker.example")

    async def closes_after_554(peer: Peer) -> None:
        peer.say(b"554 5.7.1 no")
        assert await peer.hear() == b"QUIT"

    seen = asyncio.run(scene())
    assert (seen.ending, seen.local, str(seen.refusal)) == (Ending.TURNED_AWAY, "::1", "554 5.7.1 no")


def test_times() -> None:
    """Of each line, by the clock that is given; without one there are none."""
    ticks = iter([100.0, 100.5, 102.25, 103.0, 104.0, 110.0])

    async def scene() -> TlsSession:
        async with serving(ehlo_refused) as endpoint:
            context = ssl.create_default_context()
            return await visit(ADDRESS, endpoint, context, "looker.example", clock=ticks.__next__)

    seen = asyncio.run(scene())
    assert list(zip(seen.times, seen.dialogue, strict=True)) == [
        (0.5, "S: 220 mail.example"),
        (2.25, "C: EHLO looker.example"),
        (3.0, "S: 502 what is EHLO"),
        (4.0, "-- the server said 502 what is EHLO"),
        (10.0, "C: QUIT"),
    ]


def test_a_reply_is_read_as_a_whole() -> None:
    lines = ["550-5.7.51 There is a connector", "550-5.7.51   that matched", "550 5.7.51 "]
    assert read_reply(lines) == Reply(550, "5.7.51", "There is a connector that matched")
    assert read_reply(["250 5.7"]) == Reply(250, "", "5.7")
    assert read_reply(["550 5.7.1x no"]) == Reply(550, "", "5.7.1x no")
    assert read_reply(["250"]) == Reply(250, "", "")
    assert len(read_reply(["250-" + "x" * 400, "250 " + "y" * 400]).text) == 500

"""docs/answers-smtp.md: what servers do, and what a live report says of it. Each row is tried against such a server."""

import asyncio
import errno
import re
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind, messages
from mailflow.judge import disposition, tls
from mailflow.observe import offers
from mailflow.observe.contacts import Ask
from mailflow.observe.dialogue import Ending, Endpoint
from mailflow.observe.smtp import TlsSession, visit
from mailflow.policy.finding import Finding
from mailflow.report import words
from tests.observe.smtp_server import SILENCE, Peer, Script, answering, serving

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "answers-smtp.md"
ADDRESS = ip_address("131.107.21.231")
AUTHORITY = trustme.CA()
# Seconds for a reply and for a session: patience with a busy machine, but none where waiting is the point.
PATIENT, IMPATIENT = (5.0, 15.0), (0.5, 15.0)
DEADLINES = {
    "is silent in the TLS handshake": IMPATIENT,
    "is silent at MAIL": IMPATIENT,
    "is silent from the start": IMPATIENT,
    "is a tarpit that drips octets": IMPATIENT,
    "is a tarpit that answers late": (5.0, 0.5),
    "does not answer at all": IMPATIENT,
}


def context(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.contoso.com").configure_cert(made)
    return made


def says(**answers: bytes) -> Script:
    """A server that is fine but for these answers; `greeting` stands for what it says at first."""
    return answering({b"" if verb == "greeting" else verb.encode(): said for verb, said in answers.items()}, context())


def without_starttls(*extensions: bytes, **answers: bytes) -> Script:
    lines = (b"mail.example", *extensions)
    ehlo = b"\r\n".join(b"250-" + line for line in lines[:-1]) + b"\r\n250 " + lines[-1]
    return says(EHLO=ehlo, **answers)


def from_the_start(*said: bytes, again: bool = False) -> Script:
    """Say this as soon as somebody connects, once or again and again, and then nothing."""

    async def script(peer: Peer) -> None:
        peer.writer.write(b"".join(said))
        while again:
            await peer.writer.drain()
            await asyncio.sleep(0.01)
            peer.writer.write(b"".join(said))
        await peer.reader.read()

    return script


async def slow(peer: Peer) -> None:
    """Every reply late, none too late."""
    peer.say(b"220 mail.example")
    while await peer.hear():
        await asyncio.sleep(0.2)
        peer.say(b"250 ok")


async def hangs_up(peer: Peer) -> None:
    pass


def after_220(then: bytes | None) -> Script:
    """Agree to TLS, and then say something else, nothing, or hang up."""

    async def script(peer: Peer) -> None:
        peer.say(b"220 mail.example")
        await peer.hear()
        peer.say(b"250 STARTTLS")
        while await peer.hear() != b"STARTTLS":  # the second session comes without
            peer.say(b"530 5.7.0 Must issue a STARTTLS command first")
        peer.say(b"220 go ahead")
        await peer.writer.drain()
        await peer.reader.read(1)
        if then is not None:
            peer.writer.write(then)
            await peer.reader.read()

    return script


async def never_there(*_: Any, **__: Any) -> None:
    await asyncio.Event().wait()


async def no_route(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENETUNREACH, "Connect call failed")


class Closed:
    """Nobody listens."""


CASES: dict[str, Script | type[Closed] | Callable[..., Any]] = {
    "refuses the recipient: `550 5.7.51 …`": says(RCPT=b"550 5.7.51 TenantInboundAttribution; partner connector"),
    "refuses the sender: `550 5.7.68 …`": says(MAIL=b"550 5.7.68 Direct Send not allowed"),
    "takes the recipient: `250`": says(),
    "greylists: `451`": says(RCPT=b"451 4.7.1 Greylisting in action, please come back later"),
    "has no room: `452`": says(RCPT=b"452 4.5.3 Too many recipients"),
    "refuses a limit: `552`": says(RCPT=b"552 5.5.3 Too many recipients"),
    "closes at RCPT: `421`": says(RCPT=b"421 4.7.0 Too many errors"),
    "does not know the sender's domain: `550 5.1.8`": says(MAIL=b"550 5.1.8 Sender address rejected"),
    "does not know the recipient's domain: `550 5.1.2`": says(RCPT=b"550 5.1.2 Domain not found"),
    "has banned the address that looks: `550 5.7.606`": says(RCPT=b"550 5.7.606 Access denied"),
    "finds it on a list: `554 5.7.1 … blocked using`": says(RCPT=b"554 5.7.1 Client host blocked using dnsbl.example"),
    "finds no reverse name: `550 5.7.25`": says(RCPT=b"550 5.7.25 Reverse DNS validation failed"),
    "wants a login: `530`": says(MAIL=b"530 5.7.1 Authentication required"),
    "does not understand: `501`": says(MAIL=b"501 5.5.4 Invalid domain name"),
    "greets with `554`": says(greeting=b"554 No SMTP service here"),
    "greets with `554`, for a list": says(greeting=b"554 5.7.1 blocked using dnsbl.example"),
    "greets with `421`": says(greeting=b"421 4.3.2 Service not available"),
    "greets with `450`": says(greeting=b"450 come back later"),
    "refuses EHLO: `550`": says(EHLO=b"550 5.7.1 Go away"),
    "does not know EHLO: `502`": says(EHLO=b"502 5.5.2 Command not implemented"),
    "puts EHLO off: `450`": says(EHLO=b"450 4.3.2 System not accepting network messages"),
    "offers no STARTTLS": without_starttls(b"SIZE"),
    "stands behind a firewall that writes `XXXXXXXA`": without_starttls(b"SIZE", b"XXXXXXXA"),
    "stands behind a firewall that writes `****`": without_starttls(b"SIZE", b"********", greeting=b"220 ***********"),
    "has no TLS now: `454`": says(STARTTLS=b"454 TLS not available due to temporary reason"),
    "closes at STARTTLS: `421`": says(STARTTLS=b"421 4.7.0 try again"),
    "speaks rubbish in place of TLS": after_220(b"this is no TLS record at all\r\n"),
    "hangs up in the TLS handshake": after_220(None),
    "is silent in the TLS handshake": after_220(b""),
    "shows a certificate that nobody trusts": answering({}, context(trustme.CA())),
    "is silent at MAIL": says(MAIL=SILENCE),
    "is silent from the start": from_the_start(),
    "hangs up at once": hangs_up,
    "speaks HTTP": from_the_start(b"HTTP/1.1 400 Bad Request\r\n"),
    "speaks TLS from the start": from_the_start(b"\x16\x03\x03\x00\x02\xff\n"),
    "sends a line without end": from_the_start(b"220 " + b"x" * 4000, again=True),
    "sends a reply without end": from_the_start(b"220-more\r\n" * 40, again=True),
    "is a tarpit that drips octets": from_the_start(b"2", again=True),
    "is a tarpit that answers late": slow,
    "refuses the connection": Closed,
    "does not answer at all": never_there,
    "cannot be reached": no_route,
}


def look(title: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> TlsSession:
    case: Any = CASES[title]
    reply_s, session_s = DEADLINES.get(title, PATIENT)
    roots = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    roots.check_hostname = False
    AUTHORITY.configure_trust(roots)

    async def at(endpoint: Endpoint) -> TlsSession:
        async with asyncio.timeout(20):  # a visit that hangs fails the test
            envelopes = [ask.envelope]
            return await visit(
                ADDRESS, endpoint, roots, "looker.example", envelopes, reply_s=reply_s, session_s=session_s
            )

    async def scene() -> TlsSession:
        if case is never_there or case is no_route:
            with monkeypatch.context() as patched:
                patched.setattr("asyncio.open_connection", case)
                return await at(Endpoint("127.0.0.1", 9))
        async with serving(says() if case is Closed else case) as endpoint:
            if case is not Closed:
                return await at(endpoint)
        return await at(endpoint)

    return asyncio.run(scene())


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load(ROOT / "fixtures" / "scenario-4")


def told(finding: Finding) -> str:
    where = f"mail.contoso.com [{ADDRESS}]"
    seen = finding.seen.replace(f"{where}: ", "").replace(f"{where} ", "").replace(where, "it")
    said = re.sub(r"\b[0-9.]+ s\b", "N s", seen).replace("|", "\\|")
    said = re.sub("; run again.*", "", said)  # what to do about it
    # OpenSSL's and the system's own words differ from one to the next.
    for start, end in (("no TLS: ", "…"), ("from here: ", "…")):
        if start in said:
            said = said[: said.index(start) + len(start)] + end
    return f"{words.spoken(finding.verdict)}: {said}"


def row(title: str, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> str:
    message = messages(environment, environment.domains[0], Kind.STRANGER_TO_ON_PREMISES)[0]
    server = environment.on_premises.servers[0]
    ask = Ask(message, message, message.envelope, ((server.name, ADDRESS),))
    session = look(title, ask, monkeypatch)
    path = offers.path(environment, ask, server.name, session, "")
    refused = told(disposition.refused([path]))
    if refused.startswith("compliant"):
        refused = f"compliant: refused, {path.reply}"
    offered, spoken = (told(judged([(server, session)])) for judged in (tls.offers_starttls, tls.speaks_modern_tls))
    verdicts = (one.partition(":")[0] for one in (offered, spoken))
    return f"| {title} | {session.ending} | {refused} | {' | '.join(verdicts)} |"


def rows() -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ")][1:]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_page_says_what_is_said(number: int, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    title = list(CASES)[number]
    assert row(title, environment, monkeypatch) == rows()[number]


def test_the_page_has_no_other_rows() -> None:
    assert [line.split(" | ")[0].removeprefix("| ") for line in rows()] == list(CASES)


def test_every_ending_is_on_the_page() -> None:
    """But for the one that is our own."""
    assert {line.split(" | ")[1] for line in rows()} == {str(one) for one in Ending} - {str(Ending.NOT_OPENED)}

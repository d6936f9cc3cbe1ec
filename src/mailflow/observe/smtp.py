"""A visit to an SMTP server: greeting, EHLO, STARTTLS, certificate, and envelopes that stop before DATA."""

import re
import ssl
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from cryptography import x509

from mailflow.environment.environment import IPAddress
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.envelope import path as angle
from mailflow.mail.reply import Reply
from mailflow.observe.dialogue import Clock, Dialogue, EndedError, Ending, Endpoint, read_reply, timed, within
from mailflow.observe.shown_certificate import ShownCertificate, shown

_REPLY_S = 10.0  # a server that has not replied after so long is silent
_SESSION_S = 40.0  # for a whole session: a server that drips its replies is let go
# Cisco's ESMTP inspection masks what it does not let through: the greeting with asterisks, keywords with X
# (ASA Series Firewall CLI Configuration Guide, "Defaults for ESMTP Inspection"); STARTTLS becomes XXXXXXXA.
_MASKED = re.compile(r"\*{4,}|\bX{4,}[A-Z]?\b")
# What a server says of the client: `Hello [203.0.113.9]` (Exchange), `Hello a.example [203.0.113.9]` (sendmail, Exim).
_SAYS_CLIENT = re.compile(r"\bHello\b.*\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]")


@dataclass(frozen=True, slots=True)
class Offered:
    """An envelope that was offered, and what was said of each recipient."""

    envelope: Envelope
    replies: tuple[Reply, ...]  # in the order of the recipients: to RCPT, or to MAIL where that was refused


@dataclass(frozen=True, slots=True)
class TlsSession:
    """One visit to a server: two sessions where the first showed no certificate that is trusted, or no TLS."""

    address: IPAddress
    reached: bool  # it greeted with 220
    starttls: bool
    version: str = ""  # TLSv1.3
    chain: tuple[ShownCertificate, ...] = ()  # as it was sent, the server's own first; empty: none could be seen
    distrust: str = ""  # what verification said; empty where the chain is trusted and in date
    dialogue: tuple[str, ...] = ()
    trouble: str = ""  # why the visit ended early
    assumed: str = ""  # what a simulation had to take for granted about this server: what it showed proves nothing
    ending: Ending = Ending.PARTED
    greeting: str = ""
    heard: tuple[str, ...] = ()  # the lines of the reply to the first EHLO, without codes; empty: there was none
    offered: tuple[Offered, ...] = ()
    refusal: Reply | None = None  # 5xx in place of the greeting or to EHLO: nothing may be offered at all
    local: str = ""  # the address at our end
    from_here: str = ""  # why nothing follows from what was seen from where the run looks
    times: tuple[float, ...] = ()  # of each line of the dialogue, seconds since its session began; empty: not noted

    @property
    def certificate(self) -> x509.Certificate | None:
        """The server's own certificate; None: it could not be seen."""
        return self.chain[0] if self.chain else None

    @property
    def masked(self) -> str:
        """What something between here and there put in place of what the server said; empty: nothing of the kind."""
        found = next(filter(None, map(_MASKED.search, (self.greeting, *self.heard))), None)
        return found.group() if found else ""

    @property
    def seen_as(self) -> IPAddress | None:
        """From which address the server says that we come; None where it does not say."""
        found = _SAYS_CLIENT.search("\n".join(self.heard[:1]))
        try:
            return ip_address(found.group(1)) if found else None
        except ValueError:
            return None

    def about(self, envelope: Envelope) -> tuple[str, ...]:
        """Give what was said until the first envelope, and of this one; where it was not offered, of the last."""
        lines = timed(self.dialogue, self.times)
        starts = [at for at, line in enumerate(self.dialogue) if line.startswith("C: MAIL FROM:")]
        if not starts:
            return lines
        number = next((at for at, one in enumerate(self.offered) if one.envelope == envelope), len(starts) - 1)
        end = starts[number + 1] if number + 1 < len(starts) else None
        return lines[: starts[0]] + lines[starts[number] : end]

    def reply(self, envelope: Envelope, recipient: Address) -> Reply | None:
        """Give what the server said of a recipient; None: it was not asked, or did not answer."""
        for one in self.offered:
            if one.envelope == envelope and recipient in envelope.rcpt_to[: len(one.replies)]:
                return one.replies[envelope.rcpt_to.index(recipient)]
        return None


async def visit(
    address: IPAddress,
    endpoint: Endpoint,
    roots: ssl.SSLContext,
    helo: str,
    envelopes: Sequence[Envelope] = (),
    *,
    reply_s: float = _REPLY_S,
    session_s: float = _SESSION_S,
    clock: Clock | None = None,
) -> TlsSession:
    """Open a session, upgrade it, offer the envelopes up to RCPT, and part. Never DATA. Never raises.

    `roots` verifies the chain (its `check_hostname` must be off: names are judged elsewhere). Where it does
    not, a second session without verification shows what the server has; where there is no TLS to be had, a
    second one offers the envelopes without. Deadlines in seconds: `reply_s` for a connection, a reply, a
    handshake; `session_s` for each session as a whole. With a `clock` (seconds) the times are noted.
    """

    async def session(context: ssl.SSLContext | None) -> TlsSession:
        return await _Session(address, Dialogue(endpoint, reply_s, clock), helo, envelopes).hold(context, session_s)

    first = await session(roots)
    if first.distrust:
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        second = await session(careless)
        return _both(replace(second, distrust=first.distrust), first, second)
    if envelopes and first.starttls and not first.version:
        second = await session(None)
        return _both(replace(first, offered=second.offered, refusal=second.refusal), first, second)
    return first


def _both(seen: TlsSession, first: TlsSession, second: TlsSession) -> TlsSession:
    """Give what was seen the dialogues of both sessions."""
    return replace(seen, dialogue=first.dialogue + second.dialogue, times=first.times + second.times)


class _Session:
    """One session: what has been seen so far, however it ends."""

    def __init__(self, address: IPAddress, dialogue: Dialogue, helo: str, envelopes: Sequence[Envelope]) -> None:
        self._dialogue = dialogue
        self._helo = helo
        self._envelopes = envelopes
        self._seen = TlsSession(address, reached=False, starttls=False)

    async def hold(self, context: ssl.SSLContext | None, session_s: float) -> TlsSession:
        """Go through all of it, as far as the server goes along; without a context, without TLS."""
        dialogue = self._dialogue
        try:
            async with within(session_s, Ending.TARPIT, f"a tarpit: no end within {session_s:g} s"):
                await self._talk(context)
        except ssl.SSLCertVerificationError as wrong:
            self._seen = replace(self._seen, distrust=wrong.verify_message)
            dialogue.say(f"-- certificate not accepted: {wrong.verify_message}")
        except EndedError as ended:
            refusal = ended.reply if ended.ending is Ending.TURNED_AWAY else None
            self._seen = replace(self._seen, ending=ended.ending, trouble=str(ended), refusal=refusal)
            dialogue.say(f"-- {ended}")
        self._seen = replace(self._seen, local=dialogue.local)
        await dialogue.close(politely=self._seen.ending in (Ending.TURNED_AWAY, Ending.PUT_OFF, Ending.SAID_NO))
        return replace(self._seen, dialogue=tuple(dialogue.lines), times=tuple(dialogue.times))

    async def _talk(self, context: ssl.SSLContext | None) -> None:
        greeting = await self._dialogue.open()
        self._seen = replace(self._seen, greeting=str(greeting), reached=greeting.code == 220)
        if greeting.code != 220:
            # RFC 5321 section 3.1 knows 554; whatever 5xx it is, this client gets no service here.
            raise _no(greeting, Ending.TURNED_AWAY if greeting.permanent else Ending.PUT_OFF)
        heard = await self._ehlo()
        starttls = any(line.upper() == "STARTTLS" for line in heard)
        self._seen = replace(self._seen, heard=tuple(heard), starttls=starttls)
        if starttls and context:
            await self._expect("STARTTLS", 220)
            self._note(await self._dialogue.upgrade(context))
            await self._ehlo()
        for envelope in self._envelopes:
            await self._offer(envelope)
        await self._expect("QUIT", 221)

    async def _ehlo(self) -> list[str]:
        lines = await self._dialogue.command(f"EHLO {self._helo}")
        reply = read_reply(lines)
        if reply.code == 250:
            return [line[4:] for line in lines]
        if reply.code >= 550:  # a refusal; 500 to 504 speak of the command and its argument (RFC 5321 section 4.2.1)
            raise _no(reply, Ending.TURNED_AWAY)
        raise _no(reply, Ending.PUT_OFF if reply.transient else Ending.SAID_NO)

    def _note(self, tls: ssl.SSLObject) -> None:
        found = shown(tls)
        self._seen = replace(self._seen, version=found.version, chain=found.chain)
        for line in found.lines():
            self._dialogue.say(f"-- {line}")

    async def _offer(self, envelope: Envelope) -> None:
        """Go through one transaction up to the last RCPT, and take it back (RFC 5321 sections 3.3 and 4.1.1.5)."""
        before = self._seen.offered
        replies: tuple[Reply, ...] = ()
        try:
            mail = await self._ask(f"MAIL FROM:{angle(envelope.mail_from)}")
            for recipient in envelope.rcpt_to:
                reply = await self._ask(f"RCPT TO:<{recipient}>") if mail.accepted else mail
                replies = (*replies, reply)
                self._seen = replace(self._seen, offered=(*before, Offered(envelope, replies)))
        except EndedError as ended:
            if ended.reply:  # 421 is an answer, the last one
                replies = (*replies, ended.reply)
                self._seen = replace(self._seen, offered=(*before, Offered(envelope, replies)))
            raise
        await self._ask("RSET")

    async def _ask(self, line: str) -> Reply:
        return read_reply(await self._dialogue.command(line))

    async def _expect(self, line: str, code: int) -> None:
        reply = await self._ask(line)
        if reply.code != code:
            raise _no(reply, Ending.SAID_NO)


def _no(reply: Reply, ending: Ending) -> EndedError:
    return EndedError(ending, f"the server said {str(reply)[:200]}", reply)


def proxy_preamble(client: IPAddress, server: IPAddress) -> bytes:
    """Write the PROXY header (version 2) that tells a simulated server which planned address looks at it."""
    family = {4: 0x11, 6: 0x21}[server.version]
    addresses = client.packed + server.packed
    start = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
    return start + struct.pack("!BBH", 0x21, family, len(addresses) + 4) + addresses + struct.pack("!HH", 40000, 25)

"""How a simulated MTA hands a message to another: finding the host, TLS, the transaction.

aiosmtplib speaks the protocol; `observe` has a dialogue of its own, so that the double and the eye do not
share a mistake.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

import aiosmtplib
from cryptography import x509

from mailflow.environment.environment import IPAddress, certificate_names
from mailflow.exchange.replies import CONNECTION_REFUSED, STARTTLS_REQUIRED
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import TlsDemand, Verification
from mailflow.simulate.address_book import Connect

DEADLINE_S = 10.0  # for one command of one session on loopback


@dataclass(frozen=True, slots=True)
class Target:
    """A host to try."""

    name: str
    address: IPAddress


@dataclass(frozen=True, slots=True)
class Handover:
    """What to hand over and how."""

    mail_from: Address | None
    recipients: tuple[Address, ...]
    message: bytes
    helo: str
    sends_from: tuple[IPAddress, ...]
    tls: TlsDemand
    context: ssl.SSLContext | None  # None: no TLS


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of trying one target: a reply for each recipient."""

    target: Target
    from_address: str
    tls: str
    replies: tuple[Reply, ...]
    reached: bool  # the host answered; if not, the next target is tried (RFC 5321 section 5.1)
    unsupplied: str = ""  # why the target offers no STARTTLS where in life it might (`Mta.unsupplied`)


@dataclass(frozen=True, slots=True)
class _Way:
    """What the messages of one session have in common."""

    client: IPAddress
    server: IPAddress
    helo: str
    tls: TlsDemand
    context: ssl.SSLContext | None


class _TlsError(Exception):
    """TLS was demanded and cannot be had; the argument is the word that mail engineers find in their logs."""


def read_reply(code: int, text: str) -> Reply:
    """Split a reply line into code, enhanced status code and text (RFC 3463 section 2)."""
    text = " ".join(text.split())
    first, _, rest = text.partition(" ")
    parts = first.split(".")
    if len(parts) == 3 and all(p.isdigit() for p in parts) and parts[0] in ("2", "4", "5"):
        return Reply(code, first, rest)
    return Reply(code, "", text)


@dataclass(slots=True)
class _Session:
    """A session with one host, as the last message left it."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    client: aiosmtplib.SMTP | None = None
    tls: str = ""

    async def open(self, way: _Way, connect: Connect) -> aiosmtplib.SMTP:
        """Give the client, at the point where a transaction can begin."""
        if self.client is None or not self.client.is_connected:
            self.close()
            sock = connect(way.client, way.server)  # on loopback that does not block
            sock.setblocking(False)
            self.client = aiosmtplib.SMTP(sock=sock, local_hostname=way.helo, timeout=DEADLINE_S, start_tls=False)
            await self.client.connect()
            await self.client.ehlo()
            self.tls = await _secure(self.client, way)
        return self.client

    async def end(self) -> None:
        """Say QUIT and let the connection go."""
        if self.client is not None:
            connection = self.client.transport
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self.client.quit()
            self.close(connection)

    def close(self, connection: asyncio.BaseTransport | None = None) -> None:
        """Let the connection go at once; `connection`: after QUIT the client does not know it any more.

        Over TLS both sides say that they close (RFC 8446 section 6.1), but nothing is said after 221 that matters, and
        a server that does not answer would keep the connection open for longer than the loop lives.
        """
        if self.client is not None:
            connection = connection or self.client.transport
            self.client.close()
        if isinstance(connection, asyncio.WriteTransport):
            connection.abort()
        self.client, self.tls = None, ""


class Sessions:
    """Hands messages over. Those that go the same way follow one another in one session, as MTAs let them.

    RFC 5321 section 3.3: a session holds any number of transactions. It stays open until the end, for the messages of
    the next domain; a server may have ended it by then (section 4.5.3.2.7: after five minutes of silence).
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._sessions: dict[_Way, _Session] = {}

    async def hand_over(self, handover: Handover, targets: Sequence[Target]) -> Attempt:
        """Try one target after the other until one answers. The list is not empty."""
        attempt = None
        for target in targets:
            attempt = await self._try(handover, target)
            if attempt.reached:
                break
        if attempt is None:
            raise ValueError("nobody to hand over to")
        return attempt

    async def end(self) -> None:
        """End every session that is open, in due form."""
        for session in self._sessions.values():
            async with session.turn:
                await session.end()

    async def _try(self, handover: Handover, target: Target) -> Attempt:
        source = next((a for a in handover.sends_from if a.version == target.address.version), None)
        if source is None:
            why = f"the sender has no IPv{target.address.version} address"
            return _unreached(handover, target, "", Reply(450, "4.4.316", why))
        way = _Way(source, target.address, handover.helo, handover.tls, handover.context)
        session = self._sessions.setdefault(way, _Session())
        async with session.turn:
            try:
                client = await session.open(way, self._connect)
                replies = await _transaction(client, handover)
            except _TlsError as wrong:
                session.close()
                if handover.tls.required or handover.context is None:
                    failed = (Reply(0, "", str(wrong)),) * len(handover.recipients)
                    return Attempt(target, str(source), "", failed, reached=True)
            except ConnectionRefusedError:
                # In life a firewall drops it, or the port is closed.
                return _unreached(handover, target, str(source), CONNECTION_REFUSED)
            except (aiosmtplib.SMTPException, OSError) as wrong:
                session.close()
                how = type(wrong).__name__
                if isinstance(wrong, aiosmtplib.SMTPConnectResponseError):  # it greeted with something else than 220
                    how = str(read_reply(wrong.code, wrong.message))
                return _unreached(handover, target, str(source), Reply(421, "4.4.2", f"Connection dropped ({how})"))
            else:
                return Attempt(target, str(source), session.tls, replies, reached=True)
        # Opportunistic: where TLS fails the message goes in the clear (RFC 7435 section 3).
        return await self._try(replace(handover, context=None), target)


def _unreached(handover: Handover, target: Target, source: str, reply: Reply) -> Attempt:
    return Attempt(target, source, "", (reply,) * len(handover.recipients), reached=False)


async def _secure(client: aiosmtplib.SMTP, way: _Way) -> str:
    """STARTTLS as the connector demands it (RFC 3207). Gives the version; empty where the session stays plain."""
    demand = way.tls
    if way.context is None:
        return ""
    if not client.supports_extension("starttls"):
        if demand.required:
            raise _TlsError(STARTTLS_REQUIRED)
        return ""
    try:
        await client.starttls(tls_context=way.context, validate_certs=False)
        await client.ehlo()
    except (ssl.SSLError, aiosmtplib.SMTPException, OSError) as wrong:
        raise _TlsError(_tls_word(wrong)) from wrong
    session = client.transport.get_extra_info("ssl_object") if client.transport else None
    if session is None:
        raise _TlsError("no TLS session")
    if demand.verification is Verification.NAME:
        leaf = x509.load_der_x509_certificate(session.getpeercert(binary_form=True))
        names = certificate_names(leaf)
        if not answers_to(names, demand.name):
            raise _TlsError(f"SubjectMismatch Expected Subject: {demand.name}; Presented: {', '.join(names)}")
    return str(session.version())


def _tls_word(wrong: BaseException) -> str:
    """Find the word for a failed handshake; OpenSSL's verify codes 9 and 10 are the dates (x509_vfy.h)."""
    seen: BaseException | None = wrong
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return {9: "CertificateNotYetValid", 10: "CertificateExpired"}.get(seen.verify_code, "UntrustedRoot")
        seen = seen.__cause__ or seen.__context__
    return f"TLS handshake failed ({type(wrong).__name__})"


async def _transaction(client: aiosmtplib.SMTP, handover: Handover) -> tuple[Reply, ...]:
    replies: dict[Address, Reply] = {}
    try:
        await client.mail(str(handover.mail_from or ""))
        for recipient in handover.recipients:
            try:
                await client.rcpt(str(recipient))
            except aiosmtplib.SMTPResponseException as refused:
                replies[recipient] = read_reply(refused.code, refused.message)
        taken = [r for r in handover.recipients if r not in replies]
        if taken:
            response = await client.data(handover.message)
            replies |= dict.fromkeys(taken, read_reply(response.code, response.message))
        else:
            await client.rset()  # a transaction without recipients stays open (RFC 5321 section 4.1.1.5)
    except aiosmtplib.SMTPResponseException as refused:
        whole = read_reply(refused.code, refused.message)
        replies = {r: replies.get(r, whole) for r in handover.recipients}
    return tuple(replies[r] for r in handover.recipients)


def literal(host: str) -> IPAddress | None:
    """Read a smart host that is an address, with or without the brackets that Exchange puts around it."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None

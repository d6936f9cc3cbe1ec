"""The SMTP front of a simulated MTA: aiosmtpd, with what it lacks for our purpose."""

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Protocol

from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException, syntax

from mailflow.environment.environment import IPAddress
from mailflow.mail.address import Address, AddressError
from mailflow.mail.reply import Reply
from mailflow.routing.decision import Client, Reception, Refuse, Tls
from mailflow.simulate.certificates import is_trusted, names_of

# A client that breaks off a handshake, or sends rubbish, is no news of ours.
logging.getLogger("mail.log").addHandler(logging.NullHandler())
logging.getLogger("mail.log").propagate = False


_MOST_READ = 4096
_READ: dict[str, tuple[str | None, str | None]] = {}  # address and parameters, by the text
_HELLO = 16_384  # octets of a ClientHello: one record at the most (RFC 4346 section 6.2.1)
_PROTOCOL_VERSION = b"\x15\x03\x02\x00\x02\x02\x46"  # a record of TLS 1.1: alert, fatal, 70 (RFC 4346 section 7.2)


@dataclass(frozen=True, slots=True)
class Taken:
    """How a recipient was taken at RCPT, and what had to be assumed to decide that."""

    reception: Reception
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """One mail transaction (RFC 5321 section 3.3) as it stands when the message has come."""

    mail_from: Address | None
    taken: Mapping[Address, Taken]
    content: bytes
    trace: Callable[[str], str]  # the Received field, given the queue identifier; without its date


class Frontage(Protocol):
    """What stands behind the SMTP server and decides."""

    def connection(self, client: Client) -> Refuse | None:
        """Whether to talk to the client."""

    def recipient(self, client: Client, mail_from: Address | None, recipient: Address) -> Taken | Refuse:
        """Whether to take mail for a recipient."""

    def message(self, client: Client, transaction: Transaction) -> Reply:
        """Take the message or refuse it."""


class SmtpServer(SMTP):
    """aiosmtpd for planned addresses, which come by PROXY protocol or, at the plain port, stand fixed."""

    def __init__(
        self, frontage: Frontage, fixed_client: IPAddress | None = None, *, outdated: bool = False, **options: Any
    ) -> None:
        self._outdated = outdated
        self._hooks = _Hooks(frontage, fixed_client)
        super().__init__(
            self._hooks,
            ident="ESMTP",
            proxy_protocol_timeout=None if fixed_client else 5.0,
            data_size_limit=33_554_432,
            **options,
        )
        # One dictionary of the class, emptied by every new connection, would wipe the limits of running sessions.
        self.command_size_limits = defaultdict(lambda: SMTP.command_size_limit)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read what stands behind MAIL FROM: or RCPT TO: once: aiosmtpd's way is slow, and each stands at every hop."""
        if arg not in _READ:
            if len(_READ) == _MOST_READ:
                _READ.clear()
            _READ[arg] = super()._getaddr(arg)
        return _READ[arg]

    async def _handle_client(self) -> None:
        """Decide about the client before the greeting at the plain port too, where no PROXY header brings it up."""
        if self._proxy_timeout is not None or await self._hooks.admits(self):
            await super()._handle_client()
        elif self.transport is not None:
            self.transport.close()

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802  aiosmtpd's name
        """Upgrade; a server that knows TLS 1.1 at the most tells a client of today so, and that is that."""
        if not self._outdated or self._reader is None or self._writer is None:
            await super().smtp_STARTTLS(arg)
            return
        await self.push("220 Ready to start TLS")
        await self._reader.read(_HELLO)
        self._writer.write(_PROTOCOL_VERSION)
        await self._writer.drain()
        self._writer.close()


class _Hooks:
    """What aiosmtpd asks in one connection. The session of aiosmtpd does not outlive STARTTLS (its issue 287)."""

    def __init__(self, frontage: Frontage, fixed_client: IPAddress | None) -> None:
        self._frontage = frontage
        self._address = fixed_client
        self._mail_from: Address | None = None
        self._taken: dict[Address, Taken] = {}

    def _client(self, session: Session | None = None) -> Client:
        if self._address is None:
            raise ValueError("a command before the PROXY header")
        helo = session.host_name or "" if session else ""
        if session is None or not session.ssl:
            return Client(self._address, helo)
        peer = session.ssl.get("peercert") or {}
        cipher = session.ssl.get("cipher") or ("", "TLS", 0)
        tls = Tls(str(cipher[1]), names_of(peer), bool(peer) and is_trusted(peer))
        return Client(self._address, helo, tls)

    async def handle_PROXY(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _: Session, __: Envelope, proxy_data: ProxyData
    ) -> bool:
        if not isinstance(proxy_data.src_addr, (IPv4Address, IPv6Address)):
            return False  # PROXY protocol section 2.2: LOCAL and UNSPEC name nobody
        self._address = proxy_data.src_addr
        return await self.admits(server)

    async def admits(self, server: SMTP) -> bool:
        """Ask whether to talk to the client; a refusal stands in place of the greeting (RFC 5321 section 3.1)."""
        try:
            refusal = self._frontage.connection(self._client())
        except Exception as error:  # noqa: BLE001  aiosmtpd would lose it
            await server.push(await self.handle_exception(error))
            return False
        if refusal is not None:
            await server.push(str(refusal.reply))
        return refusal is None

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, _: SMTP, session: Session, __: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [r for r in responses if not r.startswith("250-AUTH")]  # nobody can authenticate here

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        sender, wrong = _reverse_path(address)
        if wrong:
            return wrong
        self._taken = {}
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(mail_options)
        self._mail_from = sender
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        try:
            recipient = Address.parse(address)
        except AddressError:
            return "501 5.1.3 Invalid address"
        taken = self._frontage.recipient(self._client(session), self._mail_from, recipient)
        if isinstance(taken, Refuse):
            return str(taken.reply)
        self._taken[recipient] = taken
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        content = envelope.original_content or b""
        client = self._client(session)
        protocol = "ESMTPS" if session.ssl else "ESMTP"  # RFC 3848
        cipher = (session.ssl or {}).get("cipher")
        tls = f" (version={cipher[1].replace('v1.', '1_')}, cipher={cipher[0]})" if cipher else ""

        def trace(queue_id: str) -> str:
            version = "IPv6:" if client.address.version == 6 else ""
            return (
                f"from {client.helo} ([{version}{client.address}]) by {server.hostname} "
                f"with {protocol}{tls} id {queue_id}"
            )

        return str(self._frontage.message(client, Transaction(self._mail_from, self._taken, content, trace)))

    async def handle_exception(self, error: Exception) -> str:
        """Do not let a mistake of ours look like a fact of mail: it ends the simulation."""
        if isinstance(error, (TLSSetupException, ConnectionError, ssl.SSLError)):
            return "421 4.7.0 TLS handshake failed"  # the client broke it off, as it does for a bad certificate
        asyncio.get_running_loop().call_exception_handler({"message": "simulated MTA", "exception": error})
        return "451 4.3.0 simulation failed"


def _reverse_path(address: str) -> tuple[Address | None, str]:
    if address in ("", "<>"):
        return None, ""
    try:
        return Address.parse(address), ""
    except AddressError:
        return None, "501 5.1.7 Invalid address"

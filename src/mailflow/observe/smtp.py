"""Looking at an SMTP server: greeting, EHLO, STARTTLS, certificate. The whole dialogue is evidence."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509

_COMMAND_S = 10.0  # a server that says nothing for so long is silent
_LINE = 2048  # octets of one reply line that are read (RFC 5321 section 4.5.3.1.5 asks for 512)
_LINES = 100  # lines of one reply

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an address answers, and what has to be said before the greeting (a PROXY header in a simulation)."""

    host: str
    port: int
    preamble: bytes = b""


@dataclass(frozen=True, slots=True)
class TlsSession:
    """One look at a server's TLS."""

    address: IPAddress
    reached: bool
    starttls: bool
    version: str = ""  # TLSv1.3
    certificate: x509.Certificate | None = None
    distrust: str = ""  # what verification said; empty where the chain is trusted and in date
    dialogue: tuple[str, ...] = ()
    trouble: str = ""  # why the look ended early


class _LookError(Exception):
    """The server did something that ends the look; the argument says what."""


async def look_at_tls(address: IPAddress, endpoint: Endpoint, roots: ssl.SSLContext, helo: str) -> TlsSession:
    """Open a session, upgrade it, and close it. Nothing is sent beyond STARTTLS.

    `roots` verifies the chain (its `check_hostname` must be off: names are judged elsewhere). Where it does
    not, a second session without verification shows what the server has.
    """
    first = await _look(address, endpoint, roots, helo)
    if first.distrust and first.certificate is None:
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        second = await _look(address, endpoint, careless, helo)
        return TlsSession(
            address,
            second.reached,
            second.starttls,
            second.version,
            second.certificate,
            first.distrust,
            first.dialogue + second.dialogue,
            second.trouble,
        )
    return first


async def _look(address: IPAddress, endpoint: Endpoint, context: ssl.SSLContext, helo: str) -> TlsSession:
    dialogue: list[str] = []
    say = dialogue.append
    reached = starttls = False
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(_COMMAND_S):
            reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, limit=_LINE)
        writer.write(endpoint.preamble)
        await _expect(reader, say, 220)
        reached = True
        extensions = await _command(reader, writer, say, f"EHLO {helo}", 250)
        starttls = any(line.upper() == "STARTTLS" for line in extensions)
        if not starttls:
            await _command(reader, writer, say, "QUIT", 221)
            return TlsSession(address, reached, starttls, dialogue=tuple(dialogue))
        await _command(reader, writer, say, "STARTTLS", 220)
        async with asyncio.timeout(_COMMAND_S):
            await writer.start_tls(context)
        session = writer.get_extra_info("ssl_object")
        leaf = x509.load_der_x509_certificate(session.getpeercert(binary_form=True))
        version = str(session.version())
        say(f"-- {version}, {session.cipher()[0]}, certificate {leaf.subject.rfc4514_string()}")
        await _command(reader, writer, say, f"EHLO {helo}", 250)
        await _command(reader, writer, say, "QUIT", 221)
        return TlsSession(address, reached, starttls, version, leaf, dialogue=tuple(dialogue))
    except ssl.SSLCertVerificationError as wrong:
        say(f"-- certificate not accepted: {wrong.verify_message}")
        return TlsSession(address, reached, starttls, distrust=wrong.verify_message, dialogue=tuple(dialogue))
    except (_LookError, TimeoutError, OSError, ValueError) as wrong:
        words = str(wrong) or f"silence for {_COMMAND_S:.0f} s"
        say(f"-- {words}")
        return TlsSession(address, reached, starttls, dialogue=tuple(dialogue), trouble=words)
    finally:
        if writer is not None:
            writer.close()


async def _command(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: Callable[[str], None], line: str, code: int
) -> list[str]:
    say(f"C: {line}")
    writer.write(line.encode("ascii") + b"\r\n")
    return await _expect(reader, say, code)


async def _expect(reader: asyncio.StreamReader, say: Callable[[str], None], code: int) -> list[str]:
    """Read one reply (RFC 5321 section 4.2.1) and give its text lines."""
    texts: list[str] = []
    for _ in range(_LINES):
        async with asyncio.timeout(_COMMAND_S):
            try:
                raw = await reader.readline()
            except ValueError as long:
                raise _LookError(f"a reply line of more than {_LINE} octets") from long
        if not raw:
            raise _LookError("the server closed the connection")
        line = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        say(f"S: {line}")
        if not line[:3].isdigit() or line[3:4] not in ("", " ", "-"):
            raise _LookError(f"no SMTP reply: {line[:80]!r}")
        texts.append(line[4:])
        if line[3:4] != "-":
            if int(line[:3]) != code:
                raise _LookError(f"the server said {line[:200]}")
            return texts
    raise _LookError(f"a reply of more than {_LINES} lines")


def proxy_preamble(client: IPAddress, server: IPAddress) -> bytes:
    """Write the PROXY header (version 2) that tells a simulated server which planned address looks at it."""
    family = {4: 0x11, 6: 0x21}[server.version]
    addresses = client.packed + server.packed
    start = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
    return start + struct.pack("!BBH", 0x21, family, len(addresses) + 4) + addresses + struct.pack("!HH", 40000, 25)

"""Looking at an SMTP server: greeting, EHLO, STARTTLS, certificate. The whole dialogue is evidence."""

import asyncio
import re
import ssl
import struct
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import PlainSerializer, PlainValidator

from mailflow.environment.environment import IPAddress, certificate_names

_REPLY_S = 10.0  # a server that has not replied after so long is silent
_SESSION_S = 40.0  # for a whole session: a server that drips its replies is let go
_LINE = 2048  # octets of one reply line that are read (RFC 5321 section 4.5.3.1.5 asks for 512)
_LINES = 100  # lines of one reply
_REPLY_LINE = re.compile(r"[2-5][0-5][0-9]([ -].*)?", re.ASCII)  # RFC 5321 section 4.2


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an address answers, and what has to be said before the greeting (a PROXY header in a simulation)."""

    host: str
    port: int
    preamble: bytes = b""


# A certificate as it was shown; in a recording as PEM (RFC 7468).
ShownCertificate = Annotated[
    x509.Certificate,
    PlainValidator(lambda text: x509.load_pem_x509_certificate(str(text).encode("ascii"))),
    PlainSerializer(lambda shown: shown.public_bytes(Encoding.PEM).decode("ascii")),
]


@dataclass(frozen=True, slots=True)
class TlsSession:
    """One look at a server's TLS."""

    address: IPAddress
    reached: bool
    starttls: bool
    version: str = ""  # TLSv1.3
    certificate: ShownCertificate | None = None
    distrust: str = ""  # what verification said; empty where the chain is trusted and in date
    dialogue: tuple[str, ...] = ()
    trouble: str = ""  # why the look ended early
    assumed: str = ""  # what a simulation had to take for granted about this server: what it showed proves nothing


class _LookError(Exception):
    """The server did something that ends the look; the argument says what."""


async def look_at_tls(
    address: IPAddress,
    endpoint: Endpoint,
    roots: ssl.SSLContext,
    helo: str,
    *,
    reply_s: float = _REPLY_S,
    session_s: float = _SESSION_S,
) -> TlsSession:
    """Open a session, upgrade it, and close it. Nothing is sent beyond STARTTLS. Never raises.

    `roots` verifies the chain (its `check_hostname` must be off: names are judged elsewhere). Where it does
    not, a second session without verification shows what the server has. Deadlines in seconds: `reply_s` for a
    connection, a reply, a handshake; `session_s` for each session as a whole.
    """
    first = await _look(address, _Session(endpoint, helo, reply_s), roots, session_s)
    if not first.distrust:
        return first
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    second = await _look(address, _Session(endpoint, helo, reply_s), careless, session_s)
    return replace(second, distrust=first.distrust, dialogue=first.dialogue + second.dialogue)


async def _look(address: IPAddress, session: "_Session", context: ssl.SSLContext, session_s: float) -> TlsSession:
    distrust = trouble = ""
    try:
        async with _within(session_s, f"no end within {session_s:g} s"):
            await session.hold(context)
    except ssl.SSLCertVerificationError as wrong:
        distrust = wrong.verify_message
        session.say(f"-- certificate not accepted: {distrust}")
    except (_LookError, OSError) as wrong:
        trouble = _words(wrong)
        session.say(f"-- {trouble}")
    finally:
        session.close()
    return TlsSession(
        address,
        session.reached,
        session.starttls,
        session.version,
        session.certificate,
        distrust,
        tuple(session.dialogue),
        trouble,
    )


def _words(wrong: Exception) -> str:
    if isinstance(wrong, ssl.SSLError):
        return f"no TLS: {wrong.reason or wrong}"
    return str(wrong) or "the server broke the connection off"  # asyncio gives a reset no words


@asynccontextmanager
async def _within(seconds: float, words: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise _LookError(words) from late


class _Session:
    """One session: what was said, and what has been seen so far, however it ends."""

    def __init__(self, endpoint: Endpoint, helo: str, reply_s: float) -> None:
        self._endpoint = endpoint
        self._helo = helo
        self._reply_s = reply_s
        self._writer: asyncio.StreamWriter | None = None
        self.dialogue: list[str] = []
        self.say = self.dialogue.append
        self.reached = self.starttls = False
        self.version = ""
        self.certificate: x509.Certificate | None = None

    async def hold(self, context: ssl.SSLContext) -> None:
        """Greet, upgrade, part."""
        async with _within(self._reply_s, f"no connection within {self._reply_s:g} s"):
            reader, writer = await asyncio.open_connection(self._endpoint.host, self._endpoint.port, limit=_LINE)
        self._writer = writer
        writer.write(self._endpoint.preamble)
        await self._expect(reader, 220)
        self.reached = True
        extensions = await self._command(reader, writer, f"EHLO {self._helo}", 250)
        self.starttls = any(line.upper() == "STARTTLS" for line in extensions)
        if self.starttls:
            await self._command(reader, writer, "STARTTLS", 220)
            async with _within(self._reply_s, f"no TLS handshake within {self._reply_s:g} s"):
                await writer.start_tls(context)
            self._note(writer.get_extra_info("ssl_object"))
            await self._command(reader, writer, f"EHLO {self._helo}", 250)
        await self._command(reader, writer, "QUIT", 221)

    def close(self) -> None:
        """Let the connection go."""
        if self._writer is not None:
            self._writer.close()

    def _note(self, tls: ssl.SSLObject) -> None:
        self.version = str(tls.version())
        self.certificate = _read(tls.getpeercert(binary_form=True) or b"")
        cipher = (tls.cipher() or ("",))[0]
        self.say(f"-- {self.version}, {cipher}, certificate {self.certificate.subject.rfc4514_string()}")

    async def _command(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, code: int
    ) -> list[str]:
        self.say(f"C: {line}")
        writer.write(line.encode("ascii") + b"\r\n")
        return await self._expect(reader, code)

    async def _expect(self, reader: asyncio.StreamReader, code: int) -> list[str]:
        """Read one reply (RFC 5321 section 4.2.1) and give its text lines."""
        texts: list[str] = []
        async with _within(self._reply_s, f"silence for {self._reply_s:g} s"):
            for _ in range(_LINES):
                line = await self._line(reader)
                texts.append(line[4:])
                if line[3:4] != "-":
                    if int(line[:3]) != code:
                        raise _LookError(f"the server said {line[:200]}")
                    return texts
        raise _LookError(f"a reply of more than {_LINES} lines")

    async def _line(self, reader: asyncio.StreamReader) -> str:
        try:
            raw = await reader.readline()
        except ValueError as long:
            raise _LookError(f"a reply line of more than {_LINE} octets") from long
        if not raw:
            raise _LookError("the server closed the connection")
        line = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        self.say(f"S: {line}")
        if not _REPLY_LINE.fullmatch(line):
            raise _LookError(f"no SMTP reply: {line[:80]!r}")
        return line


def _read(der: bytes) -> x509.Certificate:
    try:
        with warnings.catch_warnings(action="ignore"):  # what a certificate has wrong is judged, not warned of
            certificate = x509.load_der_x509_certificate(der)
            certificate_names(certificate)
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as wrong:
        raise _LookError("a certificate that cannot be read") from wrong
    return certificate


def proxy_preamble(client: IPAddress, server: IPAddress) -> bytes:
    """Write the PROXY header (version 2) that tells a simulated server which planned address looks at it."""
    family = {4: 0x11, 6: 0x21}[server.version]
    addresses = client.packed + server.packed
    start = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
    return start + struct.pack("!BBH", 0x21, family, len(addresses) + 4) + addresses + struct.pack("!HH", 40000, 25)

"""Fetching one small text over HTTPS, as RFC 8461 section 3.3 demands of senders: no redirect, no cache, with limits.

Its own code, as the dialogue is the evidence, and every look goes by a planned address through the address book.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailflow.environment.environment import IPAddress
from mailflow.observe.dialogue import PARTING_S, EndedError, Ending, Endpoint, broken, connect, within
from mailflow.observe.http_response import Response, read_body, read_head
from mailflow.observe.shown_certificate import ShownCertificate, shown

PORT = 443
BODY = 65536  # octets: section 3.3 suggests 64 kilobytes
WHOLE_S = 60.0  # section 3.3 suggests a minute
_CONNECT_S = 10.0
_SHOWN = 500  # characters of a line, and lines, that are kept as evidence
# There is no way there from here, or nobody answers: the next address is tried.
NO_WAY = (Ending.NO_CONNECTION, Ending.UNREACHABLE)

Reach = Callable[[IPAddress], Endpoint | None]  # the address book; None: nobody listens there


@dataclass(frozen=True, slots=True)
class Fetched:
    """One fetch: what came back, however it ended."""

    url: str
    address: IPAddress | None = None  # the one that answered, or was tried last; None: none was
    status: int = 0  # 0: no response came
    media_type: str = ""  # Content-Type
    location: str = ""  # to where a redirect would lead
    body: str | None = None  # None: it did not come whole, or was not read as the status is not 200
    chain: tuple[ShownCertificate, ...] = ()  # as it was sent, the host's own first
    distrust: str = ""  # what verification of chain, dates and name said; empty where all hold
    dialogue: tuple[str, ...] = ()
    ending: Ending | None = None  # None: a response came whole, or as far as anybody reads it
    trouble: str = ""  # how it ended, in words; empty where a response came
    from_here: str = ""  # why nothing follows from it about the host

    @property
    def certificate(self) -> x509.Certificate | None:
        """The host's own certificate; None: it could not be seen."""
        return self.chain[0] if self.chain else None

    @property
    def pem(self) -> str:
        """The certificates that were sent, as a file has them; empty where none could be read."""
        return "".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in self.chain)

    @property
    def refused(self) -> str:
        """Why senders take nothing of it (RFC 8461 section 3.3); empty where they do."""
        wrong = []
        if self.distrust:
            wrong.append(f"senders do not accept the certificate: {self.distrust.rstrip('.')}")
        if self.ending:
            wrong.append(self.trouble)
        elif 300 <= self.status < 400:
            to = self.location or "nowhere"
            wrong.append(f"status {self.status}, a redirect to {to}: senders must not follow it")
        elif self.status != 200:
            wrong.append(f"status {self.status}: only 200 hands out a policy")
        elif self.media_type.partition(";")[0].strip().lower() != "text/plain":
            wrong.append(f"it comes as {self.media_type or 'no media type'}, not as text/plain")
        return "; ".join(wrong)


def not_fetched(url: str, why: str, *, from_here: bool) -> Fetched:
    """Make a fetch that never was; `from_here`: nothing follows from that about the host."""
    return Fetched(
        url, ending=Ending.NOT_OPENED, trouble=why, from_here=why if from_here else "", dialogue=(f"-- {why}",)
    )


async def fetch(
    host: str,
    path: str,
    addresses: Sequence[IPAddress],
    reach: Reach,
    roots: ssl.SSLContext,
    *,
    whole_s: float = WHOLE_S,
) -> Fetched:
    """Fetch a text from the first address of a host to which there is a way. Never raises.

    `roots` verifies chain and name (its `check_hostname` must be on). Where it does not hold, a second connection
    without verification shows what the host has. `whole_s`: seconds for each of them, from connecting to the end.
    """
    found = not_fetched(f"https://{host}{path}", f"{host} has no address", from_here=False)
    before: tuple[str, ...] = ()
    for address in addresses:
        found = await _from(_Target(host, path, address, reach(address)), roots, whole_s)
        found = replace(found, dialogue=before + found.dialogue)
        if found.ending not in (*NO_WAY, Ending.NOT_LISTENING):
            break
        before = found.dialogue
    return found


class _Target(NamedTuple):
    """What is fetched, and from where."""

    host: str
    path: str
    address: IPAddress
    endpoint: Endpoint | None

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


async def _from(target: _Target, roots: ssl.SSLContext, whole_s: float) -> Fetched:
    first = await _Fetch(target).carry_out(roots, whole_s)
    if not first.distrust:
        return first
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    second = await _Fetch(target).carry_out(careless, whole_s)
    return replace(second, distrust=first.distrust, dialogue=first.dialogue + second.dialogue)


class _Fetch:
    """One connection: what has been seen so far, however it ends."""

    def __init__(self, target: _Target) -> None:
        self._target = target
        self._seen = Fetched(target.url, target.address)
        self._lines = [f"-- connects to {target.address}, port {PORT}"]
        self._response = Response()
        self._writer: asyncio.StreamWriter | None = None

    async def carry_out(self, context: ssl.SSLContext, whole_s: float) -> Fetched:
        """Go through all of it, as far as the server goes along."""
        try:
            async with within(whole_s, Ending.TARPIT, f"no whole response within {whole_s:g} s"):
                await self._get(context, min(_CONNECT_S, whole_s))
        except ssl.SSLCertVerificationError as wrong:
            self._seen = replace(self._seen, distrust=wrong.verify_message)
            self._lines.append(f"-- certificate not accepted: {wrong.verify_message}")
        except EndedError as ended:
            self._tell()
            self._seen = replace(self._seen, ending=ended.ending, trouble=str(ended), body=None)
            self._lines.append(f"-- {ended}")
        else:
            self._tell()
        await self._close()
        return replace(self._seen, dialogue=tuple(self._lines))

    async def _get(self, context: ssl.SSLContext, connect_s: float) -> None:
        if self._target.endpoint is None:
            raise EndedError(Ending.NOT_LISTENING, "nobody listens there")
        reader, self._writer = await connect(self._target.endpoint, connect_s)
        try:
            await self._writer.start_tls(context, server_hostname=self._target.host)
            self._note(self._writer.get_extra_info("ssl_object"))
            self._writer.write(self._request())
            await read_head(reader, self._response)
            if self._response.status == 200:  # RFC 8461 section 3.3: any other has no policy
                await read_body(reader, self._response, BODY)
                text = self._response.body.decode("utf-8", "backslashreplace")
                self._seen = replace(self._seen, body=text)
        except ssl.SSLCertVerificationError:
            raise
        except OSError as wrong:
            if isinstance(wrong, TimeoutError):  # ours: `within` tells it
                raise
            raise broken(wrong) from wrong

    def _request(self) -> bytes:
        lines = [f"GET {self._target.path} HTTP/1.1", f"Host: {self._target.host}", "Accept: text/plain"]
        lines += ["Accept-Encoding: identity", "User-Agent: mailflow", "Connection: close"]
        self._lines += [f"C: {line}" for line in lines]
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def _note(self, tls: ssl.SSLObject) -> None:
        found = shown(tls)
        self._seen = replace(self._seen, chain=found.chain)
        self._lines += [f"-- {line}" for line in found.lines()]

    def _tell(self) -> None:
        """Put what came of the response into what was seen."""
        came = self._response
        body = came.body.decode("utf-8", "backslashreplace").splitlines()
        told = [line[:_SHOWN] for line in (*came.lines, *([""] if body else ()), *body)]
        self._lines += [f"S: {line}" for line in told[:_SHOWN]]
        self._seen = replace(
            self._seen, status=came.status, media_type=came.one("content-type"), location=came.one("location")
        )

    async def _close(self) -> None:
        """Let the connection go, by a second at the most."""
        if self._writer is None:
            return
        self._writer.transport.abort()
        try:
            async with asyncio.timeout(PARTING_S):
                await self._writer.wait_closed()
        except OSError:  # a reset or a timeout: nothing that comes now is evidence
            self._writer.transport.abort()

"""An HTTPS server on loopback that hands out MTA-STS policies, as the files of the environment have them.

As web servers give out a .txt file: text/plain, status 200 (RFC 9110, RFC 9112). What else is asked for is not found.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping, Sequence

from mailflow.environment.environment import PolicyHost
from mailflow.records.mta_sts import PATH
from mailflow.simulate.certificates import Authorities

_REQUEST_S = 10.0  # a client that does not say what it wants is let go after this
_REQUEST = 8192  # octets of a request that are read

# What a fault makes a host do.
REDIRECTS, HTML, NO_FILE = "redirects", "html", "no-file"
_PAGE = b"<!doctype html><title>Contoso</title><p>Welcome.</p>\n"


class PolicyServer:
    """Stands for every policy host at one address; SNI tells them apart (RFC 6066 section 3)."""

    def __init__(self, hosts: Sequence[PolicyHost], authorities: Authorities, disturbed: Mapping[str, str]) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._disturbed = disturbed
        self._context = _context(hosts[0], authorities)

        def choose(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            # Each is asked for about once: the contexts of a thousand hosts would be large together.
            if host := self._hosts.get(name or ""):
                tls.context = _context(host, authorities)

        self._context.sni_callback = choose

    async def start(self) -> asyncio.Server:
        """Listen on a port that the system chooses."""
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context, limit=_REQUEST)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        with (
            contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError),
            contextlib.closing(writer),
        ):
            async with asyncio.timeout(_REQUEST_S):
                writer.write(self._answer(await reader.readuntil(b"\r\n\r\n")))
                await writer.drain()

    def _answer(self, request: bytes) -> bytes:
        first, *lines = request.decode("latin-1").split("\r\n")
        named = (line.partition(":")[2] for line in lines if line.lower().startswith("host:"))
        host = self._hosts.get(next(named, "").strip().partition(":")[0].lower())
        if host is None or first.split(" ")[:2] != ["GET", PATH]:
            return _response("404 Not Found", "text/plain", b"There is no such thing here.\n")
        does = self._disturbed.get(host.name)
        if does == REDIRECTS:
            return _response("301 Moved Permanently", "text/html", _PAGE, f"Location: https://www.{host.name}{PATH}")
        if does == NO_FILE:
            return _response("404 Not Found", "text/html", _PAGE)
        if does == HTML:
            return _response("200 OK", "text/html; charset=utf-8", _PAGE)
        return _response("200 OK", "text/plain", host.policy)


def _context(host: PolicyHost, authorities: Authorities) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authorities.twin(host.certificate).configure_cert(context)
    return context


def _response(status: str, media_type: str, body: bytes, *more: str) -> bytes:
    head = (f"HTTP/1.1 {status}", f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *more)
    return "\r\n".join((*head, "Connection: close", "", "")).encode("ascii") + body

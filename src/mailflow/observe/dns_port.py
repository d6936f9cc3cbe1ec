"""One UDP socket for many questions, each reply matched with its question before anything reads it.

Verdicts rest on what comes back, so a forger who cannot listen has to guess (RFC 5452 section 9): the source port,
which changes after some questions, and an id, both from the system's source of randomness. The kernel drops what does
not come from the address and port that were asked; what comes from there and answers no question of ours is dropped
here, counted, and told where no answer came. docs/decisions has the reasons.
"""

import asyncio
import errno
import secrets
from collections import Counter
from typing import NamedTuple, cast

from mailflow.observe.dns_server import DnsServer

_QUESTIONS = 64  # that a source port carries in its life
_PORTS = range(32768, 65536)  # above what services use
_BINDS = 8
_TAKEN = (errno.EADDRINUSE, errno.EACCES)

HEADER = 12  # octets, RFC 1035 section 4.1.1
_ERRORS = (1, 2, 4, 5)  # FORMERR SERVFAIL NOTIMP REFUSED: the codes that may come without the question


class Query(NamedTuple):
    """A query on its way: what follows the id, and the question section by which its reply is known."""

    after_id: bytes
    question: bytes

    def is_answered_by(self, reply: bytes) -> bool:
        """Whether a message is a reply to this very question. Its id was compared before."""
        if len(reply) < HEADER or not reply[2] & 0x80 or reply[2] & 0x78:  # QR set, OPCODE 0
            return False
        if reply[4:6] == b"\0\0":
            return len(reply) == HEADER and reply[3] & 0x0F in _ERRORS
        seen = reply[HEADER : HEADER + len(self.question)]
        if reply[4:6] != b"\0\1" or seen[-4:] != self.question[-4:]:  # QTYPE and QCLASS
            return False
        return seen == self.question or seen.lower() == self.question.lower()  # RFC 4343


class SourcePort(asyncio.DatagramProtocol):
    """A source port that talks with one server."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[bytes, tuple[Query, asyncio.Future[bytes]]] = {}  # by id
        self._dropped: Counter[str] = Counter()
        self._left = _QUESTIONS
        self._places = 0

    def take_place(self) -> bool:
        """Reserve a place for one question; false when this port has carried enough, or is closed."""
        if not self._left or (self._transport and self._transport.is_closing()):
            return False
        self._left -= 1
        self._places += 1
        return True

    async def ask(self, query: Query) -> bytes:
        """Send one query from a reserved place and wait for its reply, for ever if need be.

        Raises:
            OSError: the system says that it cannot be delivered.

        """
        transport = cast("asyncio.DatagramTransport", self._transport)
        number = secrets.token_bytes(2)
        while number in self._waiting:
            number = secrets.token_bytes(2)
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = query, reply
        try:
            transport.sendto(number + query.after_id)
            return await reply
        finally:
            del self._waiting[number]
            self._places -= 1
            if not self._places:
                transport.close()  # nothing stays open for want of a farewell

    @property
    def dropped(self) -> str:
        """What came and was no reply, for the reader: ", dropped: 2 with another id"; empty where nothing did."""
        return ", dropped: " + ", ".join(f"{n} {what}" for what, n in self._dropped.items()) if self._dropped else ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way out."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002  the kernel compared it
        """Hand a reply to whom it belongs."""
        query, reply = self._waiting.get(data[:2], (None, None))
        if query is None or reply is None:
            self._dropped["with another id"] += 1
        elif not query.is_answered_by(data):
            self._dropped["that answered another question"] += 1
        elif not reply.done():  # the first one counts
            reply.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Tell everybody that nobody is there (ICMP)."""
        for _, reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody that the socket is gone."""
        self.error_received(exc or ConnectionAbortedError("the socket was closed"))


class SourcePorts:
    """The source ports in use, one a server at a time."""

    def __init__(self) -> None:
        self._open: dict[DnsServer, SourcePort] = {}
        self._opening = asyncio.Lock()

    async def place(self, server: DnsServer) -> SourcePort:
        """Give a port with a place for one question to this server.

        Raises:
            OSError: there is no way to this address.

        """
        async with self._opening:  # or all that wait for the first port would open one each
            port = self._open.get(server)
            if port is None or not port.take_place():
                port = self._open[server] = await _open(server)
                port.take_place()
            return port


async def _open(server: DnsServer) -> SourcePort:
    anywhere = "::" if ":" in server.host else "0.0.0.0"  # noqa: S104  connected: only this server's datagrams arrive
    loop = asyncio.get_running_loop()
    for number in (*(secrets.choice(_PORTS) for _ in range(_BINDS)), 0):  # at last, as the system likes
        try:
            _, port = await loop.create_datagram_endpoint(
                SourcePort, local_addr=(anywhere, number), remote_addr=(server.host, server.port)
            )
        except OSError as wrong:
            if wrong.errno not in _TAKEN or not number:
                raise
        else:
            return port
    raise AssertionError("the last attempt returns or raises")

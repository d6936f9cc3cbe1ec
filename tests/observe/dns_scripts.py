"""DNS servers that answer as a test says, the hostile way included."""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from mailflow.observe.dns import DnsEye
from mailflow.records.answer import Answer, Question

# Nothing, a message, several of them, or (by TCP) octets that are sent as they are.
Reply = bytes | Sequence[bytes] | bytearray | None
Script = Callable[[dns.message.Message, bool], Reply]  # the query and whether it came by TCP


class Scripted(asyncio.DatagramProtocol):
    """A DNS server that answers as a test says, by UDP and TCP on one port."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: Counter[str] = Counter()
        self.ids: list[int] = []
        self.ports: Counter[int] = Counter()  # of the clients, by UDP
        self.at_once = self.most_at_once = 0

    async def __aenter__(self) -> "Scripted":
        loop = asyncio.get_running_loop()
        while True:
            self._tcp = await asyncio.start_server(self._stream, "127.0.0.1", 0)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
            except OSError:  # somebody has that UDP port: another try
                self._tcp.close()
            else:
                return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()

    def _reply(self, wire: bytes, by_tcp: bool) -> Reply:
        query = dns.message.from_wire(wire)
        self.ids.append(query.id)
        self.asked[f"{query.question[0].name} {'TCP' if by_tcp else 'UDP'}"] += 1
        return self._script(query, by_tcp)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.ports[addr[1]] += 1
        reply = self._reply(data, by_tcp=False)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

        def send() -> None:
            self.at_once -= 1
            for one in [reply] if isinstance(reply, bytes) else reply or ():
                self._udp.sendto(one, addr)

        asyncio.get_running_loop().call_later(0.005, send)  # long enough for questions to pile up

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        reply = self._reply(await reader.readexactly(length), by_tcp=True)
        if reply is None:
            with contextlib.suppress(ConnectionError):
                await reader.read()  # silent until the client goes
        elif isinstance(reply, bytearray):
            writer.write(reply)
        else:
            for one in [reply] if isinstance(reply, bytes) else reply:
                writer.write(struct.pack("!H", len(one)) + one)
        writer.close()


def answer(
    query: dns.message.Message, *records: str, rcode: str = "NOERROR", flags: int = 0, authority: bool = True
) -> bytes:
    """Write a reply; each record is "name type data"."""
    response = dns.message.make_response(query)
    response.flags |= (dns.flags.AA if authority else 0) | flags
    response.set_rcode(dns.rcode.from_text(rcode))
    for record in records:
        name, rdtype, data = record.split(" ", 2)
        response.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, data))
    return response.to_wire(max_size=65535)


def look(script: Script, *questions: Question, try_s: float = 5.0) -> tuple[list[Answer], Scripted]:
    async def scene() -> tuple[list[Answer], Scripted]:
        async with Scripted(script) as server:
            eye = DnsEye([("127.0.0.1", server.port)], try_s)
            return list(await asyncio.gather(*map(eye.lookup, questions))), server

    return asyncio.run(scene())


def one(script: Script, name: str = "contoso.com", rdtype: str = "MX", try_s: float = 5.0) -> Answer:
    (found,), _ = look(script, Question(name, rdtype), try_s=try_s)
    return found

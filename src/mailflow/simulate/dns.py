"""An authoritative DNS server on loopback, UDP and TCP on one port (RFC 1035; RFC 2308; RFC 7766)."""

import asyncio
import contextlib
import struct
from collections.abc import Collection, Mapping
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

_CHAIN = 16  # CNAMEs that are followed at the most
_IDLE_S = 10.0  # a TCP client that says nothing is let go after this


class DnsServer:
    """Answers from the zones it is given. A name in none of them is REFUSED: nothing is known of it.

    `signed`: origins of zones of which it says, as a resolver that validates, that DNSSEC proves what they hold.
    """

    def __init__(self, zones: Mapping[str, dns.zone.Zone], signed: Collection[str] = ()) -> None:
        self._zones = {(name := dns.name.from_text(origin)): _Zone(name, zone) for origin, zone in zones.items()}
        self._signed = {dns.name.from_text(origin) for origin in signed}
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on UDP and TCP under one port, which the system chooses."""
        loop = asyncio.get_running_loop()
        for attempt in range(50):
            self._tcp = await asyncio.start_server(self._stream, host, port)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(host, self.port)
                )
            except OSError:  # somebody has that UDP port: another try
                self._tcp.close()
                await self._tcp.wait_closed()
                if port or attempt == 49:
                    raise
            else:
                return

    async def stop(self) -> None:
        """Stop listening."""
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()

    def respond(self, wire: bytes, limit: int | None) -> bytes | None:
        """Answer one query. None: it cannot even be read, and gets no answer."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return None
        response = self._answer(query)
        size = 512 if query.edns < 0 else max(512, query.payload)
        try:
            return response.to_wire(max_size=min(size, limit) if limit else 65535)
        except dns.exception.TooBig:
            # RFC 2181 section 9: set TC and let the client ask again over TCP.
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC | dns.flags.AA
            return short.to_wire()

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
            return response
        asked = self._follow(query.question[0], response)
        # RFC 4035 section 3.2.3: only where all of it is proven; RFC 6840 section 5.7: who sets AD wants to know.
        if query.flags & dns.flags.AD and asked and asked <= self._signed:
            response.flags |= dns.flags.AD
        return response

    def _follow(self, question: dns.rrset.RRset, response: dns.message.Message) -> set[dns.name.Name]:
        """Put the answer into a response, along aliases; give the zones of which it is, none for a failure."""
        asked: set[dns.name.Name] = set()
        name = question.name
        for _ in range(_CHAIN):
            zone = self._zone(name)
            if zone is None or question.rdclass != dns.rdataclass.IN:
                # Nothing is known of the name, or of what an alias leads to: not even that it does not exist.
                response.set_rcode(dns.rcode.REFUSED)
                return set()
            response.flags |= dns.flags.AA
            asked.add(zone.origin)
            found = zone.find(name, question.rdtype)
            if found is not None:
                response.answer.append(found)
                return asked
            alias = zone.find(name, dns.rdatatype.CNAME)
            if alias is None:
                if not zone.exists(name):
                    response.set_rcode(dns.rcode.NXDOMAIN)
                response.authority += zone.negative
                return asked
            response.answer.append(alias)
            name = alias[0].target
        response.set_rcode(dns.rcode.SERVFAIL)  # CNAMEs in a circle
        return set()

    def _zone(self, name: dns.name.Name) -> "_Zone | None":
        origin = name
        while origin not in self._zones:
            if origin == dns.name.root:
                return None
            origin = origin.parent()
        zone = self._zones[origin]
        return None if zone.delegates(name) else zone

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.suppress(asyncio.IncompleteReadError, TimeoutError, ConnectionError),
            contextlib.closing(writer),
        ):
            while True:
                async with asyncio.timeout(_IDLE_S):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    wire = await reader.readexactly(length)
                response = self.respond(wire, None)
                if response is None:
                    break
                writer.write(struct.pack("!H", len(response)) + response)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._server.respond(data, 1232)  # no fragments: the size the DNS flag day of 2020 settled on
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


class _Zone:
    """One zone, and which names exist in it."""

    def __init__(self, origin: dns.name.Name, zone: dns.zone.Zone) -> None:
        self.origin = origin
        self._zone = zone
        # RFC 4592 section 2.2.2: a name exists where it has records, or something below it has.
        self._names = {origin}
        for owner in zone.nodes:
            name = owner
            while name not in self._names and name != dns.name.root:
                self._names.add(name)
                name = name.parent()
        soa = zone.get_rrset(origin, dns.rdatatype.SOA)
        # RFC 2308 section 3: what says that there is nothing, and how long that may be remembered.
        self.negative = [dns.rrset.from_rdata(origin, min(soa.ttl, soa[0].minimum), soa[0])] if soa else []

    def delegates(self, name: dns.name.Name) -> bool:
        """Whether the name lies below a zone cut (RFC 1034 section 4.2): other servers know of it."""
        while name != self.origin:
            if self._zone.get_rdataset(name, dns.rdatatype.NS) is not None:
                return True
            name = name.parent()
        return False

    def exists(self, name: dns.name.Name) -> bool:
        """Whether there is such a name, by itself or by a wildcard."""
        return name in self._names or self._wildcard(name) in self._zone.nodes

    def find(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        """Look records up, by wildcard where the name itself does not exist."""
        if name in self._names:
            return self._zone.get_rrset(name, rdtype)
        covering = self._zone.get_rrset(self._wildcard(name), rdtype)
        return dns.rrset.from_rdata_list(name, covering.ttl, list(covering)) if covering else None

    def _wildcard(self, name: dns.name.Name) -> dns.name.Name:
        """Give the source of synthesis: the asterisk at the closest encloser (RFC 4592 section 3.3.1)."""
        encloser = name
        while encloser not in self._names:
            encloser = encloser.parent()
        return dns.name.Name(("*",)).concatenate(encloser)

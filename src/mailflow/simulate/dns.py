"""An authoritative DNS server on loopback, UDP and TCP on one port (RFC 1035; RFC 2308; RFC 7766)."""

import asyncio
import contextlib
import struct
from collections.abc import Mapping
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

_CHAIN = 16  # CNAMEs that are followed at the most
_IDLE_S = 10.0  # a TCP client that says nothing is let go after this


class DnsServer:
    """Answers from the zones it is given. A name in none of them is REFUSED: nothing is known of it."""

    def __init__(self, zones: Mapping[str, dns.zone.Zone]) -> None:
        self._zones = {dns.name.from_text(origin): zone for origin, zone in zones.items()}
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
        question = query.question[0]
        origin = self._origin(question.name)
        if origin is None or question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        name = question.name
        for _ in range(_CHAIN):
            origin = self._origin(name)
            if origin is None:
                return response  # the chain leaves what is known here; the client asks on
            zone = self._zones[origin]
            found = _find(zone, origin, name, question.rdtype)
            if found is not None:
                response.answer.append(found)
                return response
            alias = _find(zone, origin, name, dns.rdatatype.CNAME)
            if alias is None:
                if not _exists(zone, origin, name):
                    response.set_rcode(dns.rcode.NXDOMAIN)
                soa = zone.get_rrset(origin, dns.rdatatype.SOA)
                if soa is not None:
                    response.authority.append(soa)
                return response
            response.answer.append(alias)
            name = alias[0].target
        response.set_rcode(dns.rcode.SERVFAIL)  # CNAMEs in a circle
        return response

    def _origin(self, name: dns.name.Name) -> dns.name.Name | None:
        while name not in self._zones:
            if name == dns.name.root:
                return None
            name = name.parent()
        return name

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            while True:
                async with asyncio.timeout(_IDLE_S):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    wire = await reader.readexactly(length)
                response = self.respond(wire, None)
                if response is None:
                    break
                writer.write(struct.pack("!H", len(response)) + response)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._server.respond(data, 1232)  # no fragments: the size the DNS flag day of 2020 settled on
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


def _find(
    zone: dns.zone.Zone, origin: dns.name.Name, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    """Look a name up, by wildcard where it does not exist (RFC 4592 section 3.3)."""
    found = zone.get_rrset(name, rdtype)
    if found is not None or _exists(zone, origin, name, wildcards=False):
        return found
    wildcard = _wildcard(zone, origin, name)
    covering = zone.get_rrset(wildcard, rdtype) if wildcard else None
    if covering is None:
        return None
    return dns.rrset.from_rdata_list(name, covering.ttl, list(covering))


def _exists(zone: dns.zone.Zone, origin: dns.name.Name, name: dns.name.Name, *, wildcards: bool = True) -> bool:
    """Whether a name exists: it has records, or something below it has (RFC 4592 section 2.2.2), or a wildcard covers it."""
    if name == origin or any(owner.is_subdomain(name) for owner in zone.nodes):
        return True
    return wildcards and _wildcard(zone, origin, name) is not None


def _wildcard(zone: dns.zone.Zone, origin: dns.name.Name, name: dns.name.Name) -> dns.name.Name | None:
    """Find the wildcard at the closest encloser."""
    encloser = name
    while encloser != origin:
        encloser = encloser.parent()
        wildcard = dns.name.Name(("*",)).concatenate(encloser)
        if wildcard in zone.nodes:
            return wildcard
        if _exists(zone, origin, encloser, wildcards=False):
            return None
    return None

"""Whom to ask: the resolvers of this machine, or those that somebody names."""

import re
from ipaddress import ip_address
from typing import NamedTuple

import dns.exception
import dns.resolver

PORT = 53  # RFC 1035 section 4.2
_WITH_PORT = re.compile(r"(?:\[(?P<six>[^]]+)\]|(?P<four>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?")


class DnsServer(NamedTuple):
    """Where a DNS server answers, by UDP and TCP on one port."""

    host: str  # an IP address; an IPv6 address may have a zone: fe80::1%eth0
    port: int = PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def resolvers_of_the_system() -> tuple[DnsServer, ...]:
    """Read which resolvers this machine asks, in its order: resolv.conf, or the registry of Windows.

    Raises:
        ValueError: there are none, or none that answer by UDP.

    """
    try:
        found = dns.resolver.Resolver()
    except dns.exception.DNSException as wrong:
        raise ValueError(f"this machine names no DNS resolver ({wrong}); name one") from None
    servers = tuple(DnsServer(host, found.port) for host in found.nameservers if isinstance(host, str))
    if not servers:
        raise ValueError("this machine names no DNS resolver that answers by UDP; name one")
    return servers


def resolver(text: str) -> DnsServer:
    """Read what a user writes: 192.0.2.53, 192.0.2.53:5353, 2001:db8::53, [2001:db8::53]:5353.

    Raises:
        ValueError: it is neither, with what was found.

    """
    parts = _WITH_PORT.fullmatch(text)
    host = parts["six"] or parts["four"] if parts else text
    number = int(parts["port"] or PORT) if parts else PORT
    try:
        ip_address(host)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise ValueError(f"{text!r} is no address of a resolver; write it like 192.0.2.53 or [2001:db8::53]:5353")
    return DnsServer(host, number)

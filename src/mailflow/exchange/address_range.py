"""Ranges of addresses, as Exchange writes them and firewalls mean them: which are left when others are taken away."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network, summarize_address_range
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class AddressRange:
    """One of RemoteIPRanges, first and last address, as integers of one family so that ranges compare."""

    version: int  # 4 or 6
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many addresses it holds; the smaller range is the more specific."""
        return self.last - self.first + 1


EVERYTHING = (AddressRange(4, 0, 2**32 - 1), AddressRange(6, 0, 2**128 - 1))


def spanned(places: Iterable[IPv4Address | IPv6Address | IPv4Network | IPv6Network]) -> tuple[AddressRange, ...]:
    """Give networks and single addresses as ranges."""
    return tuple(
        AddressRange(network.version, int(network[0]), int(network[-1])) for network in map(ip_network, places)
    )


def without(ranges: Iterable[AddressRange], others: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """Give what of some ranges no other range holds: in order, disjoint, and not next to each other."""
    inside, outside = _edges(ranges), _edges(others)
    found: list[AddressRange] = []
    wanted = taken = 0
    for (version, start), (_, end) in pairwise(sorted({*inside, *outside})):
        wanted += inside[version, start]
        taken += outside[version, start]
        if not wanted or taken:
            continue
        touches = found and (found[-1].version, found[-1].last + 1) == (version, start)
        found.append(AddressRange(version, found.pop().first if touches else start, end - 1))
    return tuple(found)


def _edges(ranges: Iterable[AddressRange]) -> Counter[tuple[int, int]]:
    """Count by how many ranges more an address is held than the one before it; per family they add up to none."""
    edges = Counter[tuple[int, int]]()
    for one in ranges:
        edges[one.version, one.first] += 1
        edges[one.version, one.last + 1] -= 1
    return edges


def networks(ranges: Iterable[AddressRange]) -> Iterator[IPv4Network | IPv6Network]:
    """Write ranges as firewalls do, as the fewest networks."""
    for one in ranges:
        if one.version == 4:
            yield from summarize_address_range(IPv4Address(one.first), IPv4Address(one.last))
        else:
            yield from summarize_address_range(IPv6Address(one.first), IPv6Address(one.last))

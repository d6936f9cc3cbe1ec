"""Addresses that nobody on the Internet ever sees."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

# RFC 1122 section 3.2.1.3, 1918, 3927, 6598; RFC 4193, RFC 4291 section 2.5. Python's `is_private` holds the addresses
# of documentation, too, which play public ones in examples.
PRIVATE = (
    *map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")),
    *map(ip_network, ("169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128")),
)


def is_private(place: IPv4Address | IPv6Address | IPv4Network | IPv6Network) -> bool:
    """Say whether an address, or a whole network, means something inside one network, link or host only."""
    network = ip_network(place)
    return any(network.prefixlen >= known.prefixlen and network.network_address in known for known in PRIVATE)

"""The zones of the simulated Internet: the planned ones, and what Microsoft and everybody else would publish.

What nobody publishes here is REFUSED, not NXDOMAIN: the plan does not say that it does not exist.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

import dns.zone

from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.message import STRANGER, stranger_to
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Unknown
from mailflow.mail.address import is_within
from mailflow.simulate.signing_keys import signing_keys

STRANGER_ADDRESS = IPv4Address("198.18.0.99")  # RFC 2544: an address nobody on the Internet has
STRANGER_ADDRESS_6 = IPv6Address("2001:2::99")  # RFC 5180, the same for IPv6


def microsoft_365_addresses(environment: Environment) -> tuple[tuple[IPAddress, ...], tuple[IPAddress, ...]]:
    """Give addresses at which Microsoft 365 listens and from which it sends, out of its published ranges.

    Where the ranges of a cloud are unknown, addresses of RFC 2544 stand in; no SPF record passes them.
    """
    ranges = environment.microsoft_365.cloud.ranges
    if isinstance(ranges, Unknown):
        return (IPv4Address("198.18.1.36"),), (IPv4Address("198.18.1.107"),)
    firsts = [next(n for n in ranges if n.version == version) for version in sorted({n.version for n in ranges})]
    return tuple(n[36] for n in firsts), tuple(n[107] for n in firsts)


def relay_pool(environment: Environment) -> tuple[IPAddress, ...]:
    """Give addresses of the relay pool; none where nobody has read its ranges."""
    ranges = environment.microsoft_365.cloud.relay_pool
    return () if isinstance(ranges, Unknown) else tuple(network[107] for network in ranges)


def zones(environment: Environment) -> dict[str, dns.zone.Zone]:
    """Give every zone of the simulated Internet, by origin."""
    built = {name: _zone(name, tuple(lines)) for name, lines in _unplanned(environment).items()}
    return built | dict(environment.zones)


@lru_cache(maxsize=256)  # much of it is the same for every environment, and nobody changes a zone
def _zone(origin: str, lines: tuple[str, ...]) -> dns.zone.Zone:
    head = ("$TTL 3600", "@ SOA ns.invalid. hostmaster.invalid. 1 7200 900 1209600 300", "@ NS ns.invalid.")
    return dns.zone.from_text("\n".join((*head, *lines)), origin + ".", relativize=False, check_origin=False)


def _unplanned(environment: Environment) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    cloud = environment.microsoft_365.cloud
    listens, _ = microsoft_365_addresses(environment)
    # A host for each accepted domain: Microsoft, "External DNS records for Office 365".
    accepted = environment.microsoft_365.online.accepted_domains
    if not isinstance(accepted, Unknown):
        tenants = [d.domain_name for d in accepted] + [o.domain for o in environment.outside if o.tenant_id]
        hosts = [cloud.mx_host(name) for name in dict.fromkeys(tenants) if "-" not in name]
        if len(hosts) == len(set(tenants)):
            found[cloud.mx_suffix] = [
                _address(host.removesuffix("." + cloud.mx_suffix), address) for host in hosts for address in listens
            ]
        else:  # the host of a domain with a hyphen cannot be derived: which other names there are nobody knows
            found |= {host: [_address("@", address) for address in listens] for host in hosts}
    # Hosts that cannot be derived the environment names, as it was given them (How SMTP DANE works).
    for host in {host for domain in environment.domains for host in domain.mx if is_microsoft_host(host)}:
        found[host] = [_address("@", address) for address in listens]
    if not isinstance(cloud.ranges, Unknown):
        terms = " ".join(f"ip{n.version}:{n}" for n in cloud.ranges)
        found[cloud.spf_include] = [f'@ TXT "v=spf1 {terms} -all"']
    for domain in (environment.microsoft_365.initial_domain, environment.microsoft_365.coexistence_domain):
        found.setdefault(domain, []).append(f"@ MX 0 {cloud.mx_host(domain)}.")
    for name, lines in signing_keys(environment).items():
        found.setdefault(name, []).extend(lines)
    for outside in environment.outside:
        if outside.tenant_id:
            found[outside.domain] = [f"@ MX 0 {cloud.mx_host(outside.domain)}."]
            continue
        found[outside.domain] = [f"@ MX 10 {outside.host}."]
        found.setdefault(outside.host, []).extend(_address("@", address) for address in outside.address)
    found[STRANGER] = [_address("@", STRANGER_ADDRESS)]
    elsewhere = stranger_to(environment.domains[0]).domain
    found[elsewhere.partition(".")[2]] = [f"* MX 10 {STRANGER}."]
    third_parties = {party.greets_as: party.sends_from for party in environment.third_parties}
    third_parties |= {server.name: server.listens for server in environment.filter_servers}
    for name, addresses in third_parties.items():
        if not name.startswith("[") and not any(is_within(name, origin) for origin in environment.zones):
            found.setdefault(name, []).extend(_address("@", address) for address in addresses)
    return found


def _address(name: str, address: IPAddress) -> str:
    return f"{name} {'A' if address.version == 4 else 'AAAA'} {address}"

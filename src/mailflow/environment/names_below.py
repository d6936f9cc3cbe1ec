"""Names below a domain that are no domain of the environment: those that get mail, and those that send it. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import dns.zone

from mailflow.environment.environment import Device, Domain, Environment, ThirdParty
from mailflow.environment.zones import find_zone
from mailflow.exchange.online import by_name
from mailflow.mail.address import AddressError, domain_name, lineage

_WILDCARD = "*."
_PROBE = "mailflow-no-such-name"  # RFC 4592: a wildcard stands for names that do not exist


@dataclass(frozen=True, slots=True)
class NameBelow:
    """A name below a domain to which mail can be addressed, or a wildcard for such names."""

    name: str  # as a zone writes it: eu.contoso.com, *.contoso.com
    before: tuple[str, ...]  # the hosts that its MX records named before the change

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every name there that does not exist."""
        return self.name.startswith(_WILDCARD)

    @property
    def asked(self) -> str:
        """The name to look up: of a wildcard one for which it stands."""
        return f"{_PROBE}.{self.name.removeprefix(_WILDCARD)}" if self.is_wildcard else self.name


def zone_is_supplied(environment: Environment, domain: Domain) -> bool:
    """Whether the plan has the zone that a domain lies in: else nobody knows which names there are."""
    return find_zone(environment.zones, domain.name) is not None


def mx_names_below(environment: Environment, domain: Domain) -> tuple[NameBelow, ...]:
    """Find every name below a domain that has, or had, MX records, by name.

    A further domain of the organization is not among them, nor what lies below it: it has rows of its own.
    """
    return _mx_names(environment).get(domain.name, ())


def third_parties_below(environment: Environment, domain: Domain) -> tuple[ThirdParty, ...]:
    """Give those who send as somebody of a name below a domain."""
    return _authors(environment).get(domain.name, ())


def senders_below(environment: Environment, domain: Domain) -> Mapping[str, tuple[ThirdParty, ...]]:
    """Give the names below a domain that stand in the reverse-path of third parties, with these.

    SPF judges the reverse-path (RFC 7208 section 2.4), and a name inherits no record of the domain above it.
    """
    return _senders(environment).get(domain.name, {})


def devices_of(environment: Environment, domain: Domain) -> tuple[Device, ...]:
    """Give the devices that send as somebody of a domain, or of a name below it."""
    return _devices(environment).get(domain.name, ())


# Every domain asks, and the answers are about all of them.
@lru_cache(maxsize=1)
def _mx_names(environment: Environment) -> Mapping[str, tuple[NameBelow, ...]]:
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    before = environment.before.zones if environment.before else {}
    for zones in (environment.zones, before):
        for name, hosts in (each for zone in zones.values() for each in _of_zone(zone)):
            domain = domain_of(environment, name.removeprefix(_WILDCARD))
            if name != domain:
                found[domain][name] = hosts if zones is before else ()
    return {domain: tuple(NameBelow(name, names[name]) for name in sorted(names)) for domain, names in found.items()}


def _of_zone(zone: dns.zone.Zone) -> Iterator[tuple[str, tuple[str, ...]]]:
    for owner, records in zone.iterate_rdatasets("MX"):
        name = owner.to_text(omit_final_dot=True).lower()
        try:
            domain_name(name.removeprefix(_WILDCARD))
        except AddressError:
            continue  # nobody can address mail to it (RFC 5321 section 2.3.5)
        yield name, tuple(sorted(record.exchange.to_text(omit_final_dot=True).lower() for record in records))


@lru_cache(maxsize=1)
def _authors(environment: Environment) -> Mapping[str, tuple[ThirdParty, ...]]:
    names = environment.domain_names
    below = tuple(p for p in environment.third_parties if p.sends_as and p.sends_as.domain not in names)
    return by_name(below, lambda party: domain_of(environment, party.sends_as.domain) if party.sends_as else "")


@lru_cache(maxsize=1)
def _senders(environment: Environment) -> Mapping[str, Mapping[str, tuple[ThirdParty, ...]]]:
    found: dict[str, dict[str, tuple[ThirdParty, ...]]] = defaultdict(dict)
    for party in environment.third_parties:
        path = party.returns_to or party.sends_as
        if path and path.domain not in environment.domain_names:
            names = found[domain_of(environment, path.domain)]
            names[path.domain] = (*names.get(path.domain, ()), party)
    return found


@lru_cache(maxsize=1)
def _devices(environment: Environment) -> Mapping[str, tuple[Device, ...]]:
    return by_name(environment.devices, lambda device: domain_of(environment, device.sends_as.domain))


def domain_of(environment: Environment, name: str) -> str:
    """Find the domain of the environment that a name is, or lies below; empty where it is nobody's here."""
    return next((above for above in lineage(name) if above in environment.domain_names), "")

"""What the plan itself says of the change and of the way back: when, which MX record, kept by resolvers for how long.

Only what the files of the environment tell. What is published today they do not know. Pure.
"""

from dataclasses import dataclass
from datetime import datetime

import dns.name
import dns.rdatatype

from mailflow.environment.environment import Environment


@dataclass(frozen=True, slots=True)
class PlannedMx:
    """The MX record of a domain in the planned zone."""

    domain: str
    records: tuple[str, ...]  # "10 mail.contoso.com."; empty: the plan has no zone for the domain, or none in it
    ttl: int | None  # seconds for which resolvers keep it (RFC 1034 section 3.6); None with no record


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of the change before it is made."""

    at: datetime | None  # when it is due, aware; None: the environment does not say
    planned: tuple[PlannedMx, ...]


def readiness(environment: Environment) -> Readiness:
    """Read the change out of an environment."""
    due = environment.cutover.at if environment.cutover else None
    return Readiness(due, tuple(_planned(environment, domain.name) for domain in environment.domains))


def _planned(environment: Environment, domain: str) -> PlannedMx:
    name = dns.name.from_text(domain)
    for origin in (name, *_above(name)):
        zone = environment.zones.get(origin.to_text(omit_final_dot=True).lower())
        if zone is None:
            continue
        found = zone.get_rdataset(name, dns.rdatatype.MX)
        if found is None:
            break
        return PlannedMx(domain, tuple(sorted(str(record) for record in found)), found.ttl)
    return PlannedMx(domain, (), None)


def _above(name: dns.name.Name) -> tuple[dns.name.Name, ...]:
    labels = name.labels
    return tuple(dns.name.Name(labels[start:]) for start in range(1, len(labels) - 1))

"""What the plan itself says of the change and of the way back: when, which MX record, kept by resolvers for how long.

Only what the files of the environment tell. What is published today they do not know. Pure.
"""

from dataclasses import dataclass
from datetime import datetime

from mailflow.environment.environment import Environment
from mailflow.environment.zones import find_records, find_soa
from mailflow.records.mx_change import MxChange


@dataclass(frozen=True, slots=True)
class PlannedMx:
    """The MX record of a domain in the planned zone."""

    domain: str
    records: tuple[str, ...]  # "10 mail.contoso.com."; empty: the plan has no zone for the domain, or none in it
    ttl: int | None  # seconds for which resolvers keep it (RFC 1034 section 3.6); None with no record


@dataclass(frozen=True, slots=True)
class Window:
    """The time around the change for one domain: which moments it has, worked out from both zones. Moments aware."""

    domain: str
    before: tuple[str, ...]  # the old MX record: "10 mail.contoso.com."
    old_ttl: int  # seconds
    lower_by: datetime  # the latest moment at which a lowered TTL is everywhere at the change
    lowered_everywhere: (
        datetime | None
    )  # the earliest safe change; None: the environment does not say when it is lowered
    at: datetime  # the change: from then on resolvers may give either record
    old_until: datetime  # from then on none gives the old one
    keep_old_until: datetime  # so long the old side has to take mail
    way_back: int  # seconds after going back for which a resolver may still give the new record
    none_for: int  # seconds for which resolvers believe that there is no MX record, were it ever missing (RFC 2308)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of the change before it is made."""

    at: datetime | None  # when it is due, aware; None: the environment does not say
    planned: tuple[PlannedMx, ...]
    windows: tuple[Window, ...] = ()  # of the domains whose MX record before is recorded


def readiness(environment: Environment) -> Readiness:
    """Read the change out of an environment."""
    due = environment.cutover.at if environment.cutover else None
    windows = (_window(environment, domain.name) for domain in environment.domains)
    return Readiness(
        due,
        tuple(_planned(environment, domain.name) for domain in environment.domains),
        tuple(window for window in windows if window),
    )


def _planned(environment: Environment, domain: str) -> PlannedMx:
    found = find_records(environment.zones, domain, "MX")
    if found is None:
        return PlannedMx(domain, (), None)
    return PlannedMx(domain, tuple(sorted(map(str, found))), found.ttl)


def _window(environment: Environment, domain: str) -> Window | None:
    cutover, before = environment.cutover, environment.before
    if cutover is None or before is None:
        return None
    old, new = find_records(before.zones, domain, "MX"), find_records(environment.zones, domain, "MX")
    soa = find_soa(before.zones, domain)
    if old is None or new is None or soa is None or set(old) == set(new):
        return None
    change = MxChange(cutover.at, old.ttl, new.ttl, soa.refresh, cutover.lowered)
    return Window(
        domain,
        tuple(sorted(map(str, old))),
        old.ttl,
        change.lower_by,
        change.lowered_everywhere,
        change.at,
        change.old_until,
        change.keep_old_until,
        round(change.way_back.total_seconds()),
        soa.negative,
    )

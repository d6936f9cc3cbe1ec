"""What the plan itself says of the change and of the way back: when, which MX record, kept by resolvers for how long.

Only what the files of the environment tell. What is published today they do not know. Pure.
"""

from dataclasses import dataclass
from datetime import datetime

from mailflow.environment.environment import Cutover, Environment
from mailflow.environment.zones import find_records, find_soa
from mailflow.records.mx_change import SPREAD, MxChange

NO_CHANGE = "environment.yaml names no change of the MX record (cutover)"
AS_IT_IS = "the plan leaves its MX record as it is"


@dataclass(frozen=True, slots=True)
class PlannedMx:
    """The MX record of a domain in the planned zone."""

    domain: str
    records: tuple[str, ...]  # "10 mail.contoso.com."; empty: the plan has no zone for the domain, or none in it
    ttl: int | None  # seconds for which resolvers keep it (RFC 1034 section 3.6); None with no record


@dataclass(frozen=True, slots=True)
class Window:
    """The time around the change for one domain, worked out from both zones."""

    domain: str
    before: tuple[str, ...]  # the old MX record: "10 mail.contoso.com."
    change: MxChange  # which moments it has
    none_for: int  # seconds for which resolvers believe that there is no MX record, were it ever missing (RFC 2308)


@dataclass(frozen=True, slots=True)
class NoWindow:
    """A domain of whose change nothing can be worked out."""

    domain: str
    why: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is known of the change before it is made."""

    at: datetime | None  # when it is due, aware, with the offset that was written; None: the environment does not say
    planned: tuple[PlannedMx, ...]
    windows: tuple[Window, ...] = ()
    without: tuple[NoWindow, ...] = ()  # the other domains, where a change is due


def readiness(environment: Environment) -> Readiness:
    """Read the change out of an environment."""
    cutover = environment.cutover
    found = [window(environment, cutover, domain.name) for domain in environment.domains] if cutover else []
    return Readiness(
        cutover.at if cutover else None,
        tuple(_planned(environment, domain.name) for domain in environment.domains),
        tuple(one for one in found if isinstance(one, Window)),
        tuple(one for one in found if isinstance(one, NoWindow)),
    )


def end_of_change(environment: Environment) -> datetime | None:
    """Give when the change is over: the old hosts of every domain may stop taking mail. None: no change is due.

    Where the times of no domain can be worked out, it is what records need to spread after it.
    """
    cutover = environment.cutover
    if cutover is None:
        return None
    found = [window_of(environment, domain.name) for domain in environment.domains]
    return max([cutover.at + SPREAD, *(one.change.keep_old_until for one in found if one)])


def window_of(environment: Environment, domain: str) -> Window | None:
    """Work the time around the change out for one domain; None where there is none, or nothing tells it."""
    found = window(environment, environment.cutover, domain) if environment.cutover else None
    return found if isinstance(found, Window) else None


def _planned(environment: Environment, domain: str) -> PlannedMx:
    found = find_records(environment.zones, domain, "MX")
    if found is None:
        return PlannedMx(domain, (), None)
    return PlannedMx(domain, tuple(sorted(map(str, found))), found.ttl)


def window(environment: Environment, cutover: Cutover, domain: str) -> Window | NoWindow:
    """Work the time around the change out for one domain."""
    before = environment.before
    if before is None:
        return NoWindow(domain, "the MX record before the change is not recorded (cutover.before in environment.yaml)")
    old, new = find_records(before.zones, domain, "MX"), find_records(environment.zones, domain, "MX")
    soa = find_soa(before.zones, domain)
    if old is None or soa is None:
        return NoWindow(domain, f"{before.folder}/zones has no zone with an MX record of it")
    if new is None:
        return NoWindow(domain, "the plan has no zone with an MX record of it")
    if set(old) == set(new):
        return NoWindow(domain, AS_IT_IS)
    change = MxChange(cutover.at, old.ttl, new.ttl, soa.refresh, cutover.lowered)
    return Window(domain, tuple(sorted(map(str, old))), change, soa.negative)

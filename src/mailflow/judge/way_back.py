"""Judges the way back and the time in which both MX records are in use.

Whether what was before is written down, and by whose hosts, are conditions: else neither can be tried.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mailflow.environment.environment import Before, Domain, Environment
from mailflow.environment.worlds import World, is_own, old_mx_hosts
from mailflow.environment.zones import find_records
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Unknown
from mailflow.judge import disposition, evidence
from mailflow.observe.path import MailPath
from mailflow.policy.finding import Evidence, Finding, compliant, not_applicable, not_verified
from mailflow.policy.readiness import NO_CHANGE


def is_recorded(environment: Environment, domain: Domain) -> Finding:
    """Whether it is written down what the old MX record was, and how the connectors of both sides were."""
    asked = f"what was before the change of the MX record of {domain.name} is recorded"
    if environment.cutover is None:
        return not_applicable(asked, NO_CHANGE, evidence.stated(environment.line("cutover"), "cutover", None))
    before = environment.before
    if before is None:
        shown = evidence.stated(environment.line("cutover"), "cutover.before", None)
        remedy = "\n".join(
            (
                "Before anything is changed write down how it is, and name the folder in environment.yaml:",
                "cutover: {…, before: before/}",
                *(_supply("before", domain, name) for name in ("MX", *_needed(environment))),
            )
        )
        return not_verified(asked, "environment.yaml names no folder with it (cutover.before)", shown, remedy=remedy)
    old = find_records(before.zones, domain.name, "MX")
    lacking = {} if old else {"MX": f"{before.folder}/zones has no MX record of {domain.name}"}
    for name, told in _held(before).items():
        if name in _needed(environment) and isinstance(told, Unknown):
            lacking[name] = told.why
    if lacking:
        remedy = "\n".join(_supply(before.folder, domain, name) for name in lacking)
        return not_verified(asked, "; ".join(lacking.values()), remedy=remedy)
    return compliant(asked, f"in {before.folder}/", *_shown(environment, before, domain))


def old_hosts_are_known(environment: Environment, domain: Domain) -> Finding:
    """Whether the old MX hosts are own servers or Microsoft 365: what any other does with mail nobody here knows."""
    asked = f"the MX hosts of {domain.name} before the change are own servers or Microsoft 365"
    old = old_mx_hosts(environment, domain)
    if not old:
        remedy = _supply(_folder(environment), domain, "MX")
        return not_verified(asked, "the MX record before the change is not recorded", remedy=remedy)
    shown = evidence.config(f"{_folder(environment)}/zones", f"hosts of the MX record of {domain.name} before", old)
    strange = [host for host in old if not (is_own(environment, host) or is_microsoft_host(host))]
    if strange:
        named = ", ".join(strange)
        why = f"{named}: neither an own server nor Microsoft 365, so nobody here knows what it does with mail"
        remedy = (
            f"Add {named} to on_premises if it is your own; else let whoever runs it confirm that it goes on as it is"
        )
        return not_verified(asked, why, shown, remedy=remedy)
    return compliant(asked, ", ".join(old), shown)


class Tried(NamedTuple):
    """What was sent in a world beside the planned one."""

    world: World
    paths: Sequence[MailPath]


def arrives(environment: Environment, tried: Tried) -> Finding:
    """Judge whether everything that was sent in another world arrives; it is no part of the planned ways."""
    asked = f"all of it arrives in the mailboxes that it is for ({tried.world})"
    if environment.before is None:
        return not_verified(asked, "nothing was sent, as it is not recorded what was before")
    return replace(disposition.delivered(environment, tried.paths), asked=asked, demand=None)


_CMDLETS = {
    "send_connectors": ("Get-SendConnector", "exchange-server"),
    "receive_connectors": ("Get-ReceiveConnector", "exchange-server"),
    "inbound_connectors": ("Get-InboundConnector", "exchange-online"),
    "outbound_connectors": ("Get-OutboundConnector", "exchange-online"),
}


def _needed(environment: Environment) -> tuple[str, ...]:
    """Name the exports without which a side cannot be put back; servers that are not Exchange have none."""
    own = any(server.is_exchange for server in environment.on_premises.servers)
    return tuple(name for name, (_, side) in _CMDLETS.items() if own or side == "exchange-online")


def _held(before: Before) -> dict[str, object]:
    return {
        "send_connectors": before.exchange.send_connectors,
        "receive_connectors": before.exchange.receive_connectors,
        "inbound_connectors": before.online.inbound_connectors,
        "outbound_connectors": before.online.outbound_connectors,
    }


def _shown(environment: Environment, before: Before, domain: Domain) -> tuple[Evidence, ...]:
    old = find_records(before.zones, domain.name, "MX")
    records = tuple(f"{old.ttl} IN MX {record}" for record in old) if old else ()
    held = _held(before)
    return (
        evidence.config(f"{before.folder}/zones", f"MX {domain.name} before the change", records),
        *(
            evidence.config(f"{before.folder}/{side}", f"{cmdlet} before the change", _names(held[name]))
            for name, (cmdlet, side) in _CMDLETS.items()
            if name in _needed(environment)
        ),
    )


def _names(connectors: object) -> object:
    return tuple(one.name for one in connectors) if isinstance(connectors, tuple) else connectors


def _folder(environment: Environment) -> str:
    return environment.before.folder if environment.before else "before"


def _supply(folder: str, domain: Domain, name: str) -> str:
    if name == "MX":
        return f"{folder}/zones/{domain.name}.zone: the zone as it is, with the MX record and its TTL"
    cmdlet, side = _CMDLETS[name]
    return f"{cmdlet} | Export-Clixml {folder}/{side}/{cmdlet}.clixml"

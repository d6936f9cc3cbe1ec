"""A first environment from what the DNS shows. What is guessed is marked GUESS where it stands."""

import re
from collections.abc import Mapping

from mailflow.environment.announced import Announced
from mailflow.environment.discovered import Seen
from mailflow.environment.draft import NO_ADDRESS, Draft
from mailflow.environment.environment import IPAddress
from mailflow.environment.layout import Guess, has_filter_in_front, has_own_servers
from mailflow.environment.resemblance import words
from mailflow.environment.scenario import PARKED, scenario_name
from mailflow.exchange.cloud import cloud, is_microsoft_host

# What a zone file and a comment can hold without more ado; another record is shown to the user and not written.
_PLAIN = re.compile(r"[ !#-\[\]-~]+")

_NOTHING_ANNOUNCED = Announced()


def discovered_draft(
    seen: Seen, told: Guess, greetings: Mapping[str, str], announced: Announced = _NOTHING_ANNOUNCED
) -> Draft:
    """Draft the environment of one domain; `greetings`: what own hosts said, by name."""
    own = seen.own
    host = next((name for name in (*seen.mx, seen.autodiscover) if name in own), next(iter(own), ""))
    scenario = scenario_name((told.fitting or told.nearest)[0])
    listed = ", ".join(str(address) for address in own.get(host, ()))
    remarks = {
        "domains": (f"GUESS: scenario {scenario}. {words(told)}",),
        "tenant": (
            ("GUESS from DKIM: the first label of its onmicrosoft.com domain",)
            if seen.tenant
            else (f"GUESS from the name {seen.domain}, FILL IN: the first label of its onmicrosoft.com domain",)
        ),
        "server": _server(host, seen, greetings),
        "addresses": (
            (f"GUESS: where {host} is today; the public addresses at which it takes mail",)
            if listed
            else ("FILL IN: the public addresses at which it takes mail",)
        ),
        "third_parties": _others(seen, scenario),
        "filter": ("GUESS: the MX record names them, at these addresses; whose they are, and what is meant, FILL IN",),
    }
    return Draft(
        name=seen.domain,
        organization=seen.domain.partition(".")[0].capitalize(),
        domains=(seen.domain,),
        scenario=scenario,
        # What has own servers by the documentation has them, seen or not; another layout has those that are seen.
        server=host or (f"mail.{seen.domain}" if has_own_servers(scenario) else ""),
        addresses=own.get(host) or (NO_ADDRESS,),
        cloud=seen.cloud or "worldwide",
        tenant=seen.tenant,
        remarks=remarks,
        head=(
            "",
            "Drafted from the DNS. What is marked with GUESS was not said by anybody: read it and decide.",
            *_facts(told),
        ),
        assigned=_assigned(seen),
        filters=_filters(seen),
        policies={} if scenario == PARKED else {seen.domain: announced},
        spf=seen.spf[0] if len(seen.spf) == 1 and _PLAIN.fullmatch(seen.spf[0]) else "",
    )


def _assigned(seen: Seen) -> dict[str, str]:
    """Give the host of Microsoft 365 that the MX record names, where it is not the one that follows from the domain."""
    its = cloud(seen.cloud or "worldwide")
    found = [host for host in seen.mx if is_microsoft_host(host) and host != its.mx_host(seen.domain)]
    return {seen.domain: found[0]} if found else {}


def _filters(seen: Seen) -> dict[str, tuple[IPAddress, ...]]:
    """Give the MX hosts of others. Several names of one address are one server: the first has it."""
    found: dict[str, tuple[IPAddress, ...]] = {}
    for host in (host for host in seen.mx if host in seen.hosts and host not in seen.own):
        taken = {address for addresses in found.values() for address in addresses}
        found[host] = tuple(a for a in seen.hosts[host] if a not in taken) or (NO_ADDRESS,)
    return found


def _facts(told: Guess) -> list[str]:
    lines = []
    for one in told.resemblances:
        lines += [f"  scenario {one.scenario}: {'fits' if one.scenario in told.fitting else 'contradicted'}"]
        lines += [f"    - {fact}" for fact in one.contradicts]
    return lines


def _server(host: str, seen: Seen, greetings: Mapping[str, str]) -> tuple[str, ...]:
    if not host:
        return (f"FILL IN: no own server is seen in the DNS; mail.{seen.domain} is a GUESS",)
    told = [f"GUESS: {'the MX record names it' if host in seen.mx else 'Outlook is sent there'}"]
    told += [f"others that look like the own: {', '.join(one for one in seen.own if one != host)}"] * (
        len(seen.own) > 1
    )
    if words := greetings.get(host):
        told.append(f"it greets with: {words}")
        if "Microsoft ESMTP MAIL Service" not in words:
            told.append(
                "GUESS: not Exchange Server, which would say Microsoft ESMTP MAIL Service; then describe it below other"
            )
    return tuple(told)


def _others(seen: Seen, scenario: object) -> tuple[str, ...]:
    own = [address for addresses in seen.own.values() for address in addresses]
    microsoft = {cloud(seen.cloud).spf_include} if seen.cloud else set()
    found = [str(n) for n in seen.networks if not any(address in n for address in own)]
    found += [name for name in seen.includes if name not in microsoft]
    if not found:
        none = "" if has_filter_in_front(scenario) else "; third_parties: {} for none"
        return (f"FILL IN: who else sends for the organization (the SPF record lists nobody){none}",)
    return (f"FILL IN: who else sends. GUESS: the SPF record lists {', '.join(found)}, third parties or further exits",)

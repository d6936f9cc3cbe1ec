"""Judges the connectors that carry mail for a part of the Internet: one partner's domain, a whole country.

They take it from the way that the rest goes, and the messages that are tried go to a few people only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from mailflow.environment.environment import Environment
from mailflow.environment.zones import find_records, find_zone
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Assumptions, Known, Unknown
from mailflow.exchange.server import INSIDE
from mailflow.judge import evidence
from mailflow.judge.mend import supply
from mailflow.judge.powershell import quoted
from mailflow.mail.address import is_within
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified


@dataclass(frozen=True, slots=True)
class _Part:
    """One connector and the domains outside for which it is chosen before the one for `*`."""

    owner: str  # send connector 'Germany'
    remove: str  # Remove-SendConnector "Germany"
    domains: tuple[str, ...]  # *.de
    hosts: tuple[str, ...]  # its smart hosts; none: by MX
    shown: tuple[Evidence, ...]

    @property
    def words(self) -> str:
        where = ", ".join(self.hosts) or "where the MX record points"
        return f"{self.owner} carries mail for {', '.join(self.domains)} to {where}"


def tried(environment: Environment) -> Finding:
    """Judge whether each leads to a host that is there, and somebody outside gets mail by it.

    Source: Set-SendConnector, AddressSpaces (the most specific one counts); Set-OutboundConnector, RecipientDomains.
    """
    asked = "every connector for a part of the Internet leads to a host that exists, and somebody is there to be tried"
    assume = Assumptions()
    parts = [*_of_the_tenant(environment, assume), *_of_the_own_servers(environment, assume)]
    shown = tuple(item for part in parts for item in part.shown)
    gone = {part: [host for host in part.hosts if _is_gone(environment, host)] for part in parts}
    if any(gone.values()):
        seen = "; ".join(f"{part.words}: {', '.join(hosts)} has no address" for part, hosts in gone.items() if hosts)
        remedy = "\n".join(part.remove for part, hosts in gone.items() if hosts)
        return non_compliant(asked, seen, *shown, remedy=remedy)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not parts:
        return not_applicable(asked, "no connector carries mail for a part of the Internet alone")
    people = [outside.domain for outside in environment.outside if outside.mailboxes]
    untried = [part for part in parts if not any(_covers(one, name) for one in part.domains for name in people)]
    if untried:
        seen = "; ".join(f"{part.words}, and nobody under outside is there" for part in untried)
        remedy = f"List somebody in {untried[0].domains[0]} in environment.yaml: outside. Or, where it is left over:\n"
        return not_verified(asked, seen, *shown, remedy=remedy + "\n".join(part.remove for part in untried))
    unknown = dict.fromkeys(host for part in parts for host in part.hosts if _is_unknown(environment, host))
    if unknown:
        why = f"the plan does not say whether there is an address of {', '.join(unknown)}"
        return not_verified(asked, why, *shown, remedy=supply(unknown))
    return compliant(asked, "; ".join(part.words for part in parts), *shown)


def _of_the_tenant(environment: Environment, assume: Assumptions) -> Iterator[_Part]:
    for one in assume.listed(environment.microsoft_365.online.outbound_connectors):
        # One that a transport rule chooses takes what that rule says, and is judged with it.
        if one.enabled is not False and one.is_transport_rule_scoped is not True:
            domains = _outside(environment, assume.listed(one.recipient_domains))
            owner = f"outbound connector '{one.name}'"
            if domains and _is_on(one.enabled, assume):
                hosts = () if assume(one.use_mx_record, True) else assume.listed(one.smart_hosts)
                shown = (
                    evidence.setting(one.origin, "RecipientDomains", owner, domains),
                    evidence.setting(one.origin, "SmartHosts", owner, one.smart_hosts),
                )
                yield _Part(owner, f"Remove-OutboundConnector {quoted(one.name)}", domains, hosts, shown)


def _of_the_own_servers(environment: Environment, assume: Assumptions) -> Iterator[_Part]:
    if not any(server.is_exchange for server in environment.on_premises.servers):
        return
    for one in assume.listed(environment.on_premises.exchange.send_connectors):
        if one.enabled is not False:
            domains = _outside(environment, [space.domain for space in assume.listed(one.address_spaces)])
            owner = f"send connector '{one.name}'"
            if domains and _is_on(one.enabled, assume):
                hosts = () if assume(one.dns_routing_enabled, True) else assume.listed(one.smart_hosts)
                shown = (
                    evidence.setting(one.origin, "AddressSpaces", owner, domains),
                    evidence.setting(one.origin, "SmartHosts", owner, one.smart_hosts),
                )
                yield _Part(owner, f"Remove-SendConnector {quoted(one.name)}", domains, hosts, shown)


def _is_on(enabled: Known[bool], assume: Assumptions) -> bool:
    return assume(enabled, True)


def _outside(environment: Environment, domains: Iterable[str]) -> tuple[str, ...]:
    """Leave out `*` and what is the organization's own, as an Edge Subscription names all of it."""
    tenant = environment.microsoft_365
    own = {*environment.domain_names, tenant.initial_domain, tenant.coexistence_domain}
    for accepted in (tenant.online.accepted_domains, environment.on_premises.exchange.accepted_domains):
        own |= set() if isinstance(accepted, Unknown) else {one.domain_name for one in accepted}
    parts = (one for one in domains if one not in ("*", INSIDE))
    return tuple(one for one in parts if not any(is_within(one.removeprefix("*."), name) for name in own))


def _covers(part: str, domain: str) -> bool:
    return is_within(domain, part[2:]) if part.startswith("*.") else domain == part


def _is_gone(environment: Environment, host: str) -> bool:
    """Whether a planned zone says that a name has no address."""
    if find_zone(environment.zones, host) is None:
        return False
    return not any(find_records(environment.zones, host, kind) for kind in ("A", "AAAA", "CNAME"))


def _is_unknown(environment: Environment, host: str) -> bool:
    """Whether the plan says nothing of a host: it is no address, none of Microsoft's, and in no planned zone."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return not is_microsoft_host(host) and find_zone(environment.zones, host) is None
    return False

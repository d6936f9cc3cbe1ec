"""Judges Enhanced Filtering, by which Microsoft 365 looks past whoever handed a message over, to its sender."""

from collections.abc import Iterable, Iterator

from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import InboundConnector
from mailflow.judge import evidence
from mailflow.judge.bypass import bypasses
from mailflow.judge.client import filter_clients
from mailflow.judge.inbound import connectors_of_own_servers
from mailflow.judge.powershell import quoted
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.routing.attribution import Tenants, attribute
from mailflow.routing.decision import Reception

_NO_FILTER = "the environment names no server of a third-party filter"


def fits_the_scenario(environment: Environment, domain: Domain) -> Finding:
    """Judge Enhanced Filtering: on where mail passes the own servers first, off where it passes Microsoft 365 twice.

    Source: Enhanced Filtering for Connectors, narrowed by OfficeDocs-Exchange pull request 2978.
    """
    if domain.scenario == 1:
        asked = "Enhanced Filtering fits the scenario"
        return not_applicable(asked, "in scenario 1 Microsoft 365 sees the sender itself")
    demanded = domain.scenario in (3, 4)
    asked = "Enhanced Filtering skips the on-premises servers" if demanded else "Enhanced Filtering is off"
    assume = Assumptions()
    connectors = connectors_of_own_servers(environment, assume)
    own = tuple(dict.fromkeys(a for server in environment.on_premises.servers for a in server.public_sends_from))
    said = [(c, _not_skipped(own, c, assume) if demanded else _on(c, assume)) for c in connectors]
    shown = tuple(_settings(connectors))
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not connectors:
        return not_verified(asked, "no inbound connector recognises the on-premises servers", *shown)
    wrong = {c.name: told for c, told in said if told}
    if wrong:
        switch = "-EFSkipLastIP $true -EFUsers $null" if demanded else "-EFSkipLastIP $false -EFSkipIPs $null"
        remedy = "\n".join(f"Set-InboundConnector {quoted(name)} {switch}" for name in wrong)
        seen = "; ".join(f"'{name}' {told}" for name, told in wrong.items())
        return non_compliant(asked, seen, *shown, remedy=remedy)
    return compliant(asked, "it does" if demanded else "it is", *shown)


def filter_is_skipped(environment: Environment, domain: Domain) -> Finding:
    """Judge Enhanced Filtering on the connector by which the mail of a filtering service comes in.

    Source: "Third-party filter", step 5; "Enhanced Filtering": otherwise the service is the sender of everything.
    """
    asked = "Enhanced Filtering skips the servers of the third-party filter"
    own = _filter_addresses(environment)
    if not own:
        return not_verified(asked, _NO_FILTER)
    assume = Assumptions()
    connectors = _connectors_of_filter(environment, domain, assume)
    wrong = {c.name: told for c in connectors if (told := _not_skipped(own, c, assume))}
    shown = tuple(_settings(connectors))
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if connectors and not wrong:
        return compliant(asked, "it does", *shown)
    rules = bypasses(environment, assume)
    shown = (*shown, *(line for rule in rules for line in rule.lines()))
    chosen = [rule for rule in rules if rule.for_everybody is False]
    if all(any(rule.covers(address) for rule in chosen) for address in own):
        told = (
            f"transport rule {', '.join(map(str, chosen))} lets what it hands on past the filter of Microsoft 365: the "
            "second choice of the documentation, which recommends the first, because others send from there too"
        )
        return not_applicable(asked, told, *shown)
    open_ = [f"whom transport rule {one} is for is not known" for one in rules if one.for_everybody is None]
    if assume.made or open_:
        return not_verified(asked, "; ".join((*assume.made, *open_)), *shown)
    if not connectors:
        remedy = "Give the filter a connector (FILTER-LOCK-2), and switch it on there"
        return non_compliant(asked, "no inbound connector takes its mail", *shown, remedy=remedy)
    remedy = "\n".join(f"Set-InboundConnector {quoted(name)} -EFSkipLastIP $true -EFUsers $null" for name in wrong)
    seen = "; ".join(f"'{name}' {told}" for name, told in wrong.items())
    return non_compliant(asked, seen, *shown, remedy=remedy)


def skipping_is_not_undone(environment: Environment, domain: Domain) -> Finding:
    """Judge whether no transport rule lets past what Microsoft 365 could judge by its sender ("Enhanced Filtering")."""
    asked = "no transport rule lets past the filter of Microsoft 365 what Enhanced Filtering lets it judge"
    own = _filter_addresses(environment)
    if not own:
        return not_verified(asked, _NO_FILTER)
    assume = Assumptions()
    rules = {one: [one.covers(address) for address in own] for one in bypasses(environment, assume)}
    both = [one for one, covers in rules.items() if True in covers]
    open_ = [one for one, covers in rules.items() if True not in covers and None in covers]
    shown = tuple(line for one in rules for line in one.lines())
    shown = shown or (evidence.config("Get-TransportRule", "transport rules that set SCL -1", ()),)
    if not (both or open_ or assume.made):
        return compliant(asked, "none does", *shown)
    connectors = _connectors_of_filter(environment, domain, assume)
    off = [c for c in connectors if _not_skipped(own, c, assume)]
    shown = (*shown, *_settings(connectors))
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if off or not connectors:
        return not_applicable(asked, "Enhanced Filtering does not skip the servers of the third-party filter", *shown)
    if both:
        remedy = "\n".join(f"Disable-TransportRule {quoted(one.rule.name)}" for one in both)
        return non_compliant(asked, f"it is so by {'; '.join(map(str, both))}", *shown, remedy=remedy)
    why = "; ".join(f"whether transport rule {one} is for what the filter hands on is not known" for one in open_)
    return not_verified(asked, why, *shown)


def _filter_addresses(environment: Environment) -> tuple[IPAddress, ...]:
    return tuple(dict.fromkeys(a for server in environment.filter_servers for a in server.sends_from))


def _connectors_of_filter(environment: Environment, domain: Domain, assume: Assumptions) -> list[InboundConnector]:
    """Find the connectors by which the mail of a filtering service comes in."""
    tenants = Tenants(environment.microsoft_365, ())
    sender, recipient = Address("somebody", "elsewhere.invalid"), Address("anybody", domain.name)  # RFC 2606
    names = set()
    for server, client in filter_clients(environment, domain):
        taken = attribute(tenants, client, sender, recipient, assume)
        if isinstance(taken, Reception):
            names.add(taken.connector)
        elif server.certificate is None:
            assume.note(f"the environment names no certificate for {server.name}")
    return [c for c in assume.listed(environment.microsoft_365.online.inbound_connectors) if c.name in names]


def _settings(connectors: Iterable[InboundConnector]) -> Iterator[Evidence]:
    """Show how Enhanced Filtering is set."""
    for c in connectors:
        for prop, value in (("EFSkipLastIP", c.ef_skip_last_ip), ("EFSkipIPs", c.ef_skip_ips), ("EFUsers", c.ef_users)):
            yield evidence.setting(c.origin, prop, f"inbound connector '{c.name}'", value)


def _not_skipped(own: Iterable[IPAddress], connector: InboundConnector, assume: Assumptions) -> str:
    """Tell why a connector does not look past these servers for every recipient."""
    last, ranges = assume(connector.ef_skip_last_ip, False), assume.listed(connector.ef_skip_ips)
    if assume.listed(connector.ef_users):
        return "skips them for some recipients only: EFUsers is set"
    if last:
        return ""
    missing = [str(address) for address in own if not any(address in network for network in ranges)]
    return f"does not skip {', '.join(missing)}" if missing else ""


def _on(connector: InboundConnector, assume: Assumptions) -> str:
    """Name the setting that turns Enhanced Filtering on, whichever recipients it is for."""
    last, ranges = assume(connector.ef_skip_last_ip, False), assume.listed(connector.ef_skip_ips)
    told = ["EFSkipLastIP is True"] if last else []
    told += [f"EFSkipIPs is {', '.join(map(str, ranges))}"] if ranges else []
    return " and ".join(told)

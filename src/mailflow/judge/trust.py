"""Judges what Microsoft 365 makes of mail from the own servers: internal trust, Enhanced Filtering."""

from collections.abc import Iterator

from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, InboundConnector
from mailflow.judge import evidence
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.routing.exchange_server import CLOUD_CAPABILITIES, ExchangeServerRouter
from mailflow.routing.microsoft_365 import Microsoft365Router


def kept_in_both_directions(environment: Environment) -> Finding:
    """Judge the four places at which cross-premises headers are kept or lost.

    CloudServicesMailEnabled on the send connector to the tenant, the inbound and the outbound connector, and on the
    receive connector its counterpart, TlsDomainCapabilities (KB3212872, KB3156771; "when is a message internal").
    """
    asked = "send, receive, inbound and outbound connector keep the headers of internal trust"
    assume = Assumptions()
    off: list[str] = []
    shown: list[Evidence] = []
    for place, kept, item in _places(environment, assume):
        shown.append(item)
        if not kept:
            off.append(place)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if len(shown) < 4:
        return non_compliant(asked, "one of the four connectors is missing", *shown)
    if off:
        return non_compliant(asked, f"lost at {', '.join(off)}", *shown)
    note = "nothing that inspects SMTP may stand between the two sides; settings do not show whether something does"
    return compliant(asked, "all four keep them", *shown, notes=(note,))


def _places(environment: Environment, assume: Assumptions) -> Iterator[tuple[str, bool, Evidence]]:
    coexistence = environment.microsoft_365.coexistence_domain
    for server in environment.on_premises.servers:
        if not server.is_exchange:
            continue
        send = ExchangeServerRouter(environment, server).send_connector(coexistence, assume)
        if send:
            value = send.cloud_services_mail_enabled
            item = evidence.setting(send.origin, "CloudServicesMailEnabled", f"send connector '{send.name}'", value)
            yield f"send connector '{send.name}'", assume(value, False), item
    receiving = [
        c for c in assume.listed(environment.on_premises.exchange.receive_connectors) if 25 in _ports(c.bindings_ports)
    ]
    if receiving:
        kept = [
            c
            for c in receiving
            if any(name.lower() in CLOUD_CAPABILITIES for _, name in assume.listed(c.tls_domain_capabilities))
        ]
        shown = (kept or receiving)[0]
        capabilities = shown.tls_domain_capabilities
        item = evidence.setting(
            shown.origin, "TlsDomainCapabilities", f"receive connector '{shown.name}'", capabilities
        )
        yield f"receive connector '{shown.name}'", bool(kept), item
    for inbound in _own_connectors(environment, assume):
        value = inbound.cloud_services_mail_enabled
        item = evidence.setting(
            inbound.origin, "CloudServicesMailEnabled", f"inbound connector '{inbound.name}'", value
        )
        yield f"inbound connector '{inbound.name}'", assume(value, False), item
    names = {domain.name for domain in environment.domains}
    router = Microsoft365Router(environment)
    chosen = {id(c): c for name in names if (c := router.outbound_connector(name, False, assume))}
    for outbound in chosen.values():
        value = outbound.cloud_services_mail_enabled
        item = evidence.setting(
            outbound.origin, "CloudServicesMailEnabled", f"outbound connector '{outbound.name}'", value
        )
        yield f"outbound connector '{outbound.name}'", assume(value, False), item


def _ports(ports: tuple[int, ...] | Unknown) -> tuple[int, ...]:
    return (25,) if isinstance(ports, Unknown) else ports


def _own_connectors(environment: Environment, assume: Assumptions) -> list[InboundConnector]:
    return [
        c
        for c in assume.listed(environment.microsoft_365.online.inbound_connectors)
        if assume(c.enabled, False) and assume(c.connector_type, None) is ConnectorType.ON_PREMISES
    ]


def enhanced_filtering_fits(environment: Environment, domain: Domain) -> Finding:
    """Judge Enhanced Filtering: on where mail passes the own servers first, off where it passes Microsoft 365 twice.

    Source: Enhanced Filtering for Connectors, narrowed by OfficeDocs-Exchange pull request 2978.
    """
    if domain.scenario == 1:
        asked = "Enhanced Filtering fits the scenario"
        return not_applicable(asked, "in scenario 1 Microsoft 365 sees the sender itself")
    demanded = domain.scenario in (3, 4)
    asked = "Enhanced Filtering skips the on-premises servers" if demanded else "Enhanced Filtering is off"
    assume = Assumptions()
    connectors = _own_connectors(environment, assume)
    states = [(c, _skips(environment, c, assume)) for c in connectors]
    shown = tuple(
        evidence.setting(c.origin, prop, f"inbound connector '{c.name}'", value)
        for c in connectors
        for prop, value in (("EFSkipLastIP", c.ef_skip_last_ip), ("EFSkipIPs", c.ef_skip_ips), ("EFUsers", c.ef_users))
    )
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not states:
        return not_verified(asked, "there is no enabled inbound connector of type OnPremises", *shown)
    wrong = [c.name for c, skips in states if skips is not demanded]
    if wrong:
        name = f"'{wrong[0]}'"
        seen = f"{name} does not skip them" if demanded else f"it is on at {name}"
        switch = "-EFSkipLastIP $true" if demanded else "-EFSkipLastIP $false -EFSkipIPs $null"
        return non_compliant(asked, seen, *shown, remedy=f'Set-InboundConnector "{wrong[0]}" {switch}')
    return compliant(asked, "it does" if demanded else "it is", *shown)


def _skips(environment: Environment, connector: InboundConnector, assume: Assumptions) -> bool:
    """Whether a connector looks past the own servers, for every recipient."""
    if assume.listed(connector.ef_users):
        return False
    if assume(connector.ef_skip_last_ip, False):
        return True
    ranges = assume.listed(connector.ef_skip_ips)
    own = [address for server in environment.on_premises.servers for address in server.sends_from]
    return bool(own) and bool(ranges) and all(any(address in network for network in ranges) for address in own)

"""By which outbound connector Microsoft 365 sends: that which covers a domain, that of centralized mail transport."""

from collections.abc import Sequence

from mailflow.environment.environment import Microsoft365
from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import ConnectorType, OutboundConnector
from mailflow.mail.address import lineage
from mailflow.routing.attribution import accepted_domain


def covering(tenant: Microsoft365, name: str, from_on_premises: bool, assume: Assumptions) -> OutboundConnector | None:
    """Choose the connector for mail to a domain, or None: by MX.

    Order: exact recipient domain, all accepted domains, wildcard (Connectors). Centralized mail transport
    is a wildcard that leaves out what came from the own servers (KB3194415).
    """
    usable = [
        c
        for c in assume.listed(tenant.online.outbound_connectors)
        if assume(c.enabled, False) and not assume(c.is_transport_rule_scoped, False)
    ]
    meant = _that_mean(name)
    named = [(d == name, len(d), c) for c in usable for d in assume.listed(c.recipient_domains) if d in meant]
    if named:
        best = max(named, key=lambda found: found[:2])
        _note_equals(name, [c for *key, c in named if (*key,) == best[:2]], assume)
        return best[2]
    own = accepted_domain(tenant, name, assume) is not None
    accepted = [c for c in usable if own and assume(c.all_accepted_domains, False)]
    if accepted:
        _note_equals(name, accepted, assume)
        return accepted[0]
    everything = [c for c in usable if "*" in assume.listed(c.recipient_domains)]
    for connector in everything:
        to_own_servers = assume(connector.connector_type, ConnectorType.ON_PREMISES) is ConnectorType.ON_PREMISES
        if own or not from_on_premises or not to_own_servers:
            _note_equals(name, everything, assume)
            return connector
        if not assume(connector.route_all_messages_via_on_premises, False):
            assume.note(
                f"whether outbound connector '{connector.name}' for * sends mail of the own servers back to them "
                "is documented for centralized mail transport only (KB3194415)"
            )
    return None


def centralized(tenant: Microsoft365, assume: Assumptions) -> OutboundConnector | None:
    """Find the connector that carries centralized mail transport, as Set-OutboundConnector defines it."""
    for connector in assume.listed(tenant.online.outbound_connectors):
        if not assume(connector.enabled, False):
            continue
        if not assume(connector.route_all_messages_via_on_premises, False):
            continue
        if assume(connector.connector_type, ConnectorType.ON_PREMISES) is not ConnectorType.ON_PREMISES:
            continue
        if assume(connector.is_transport_rule_scoped, False):
            continue
        if "*" in assume.listed(connector.recipient_domains):
            return connector
        assume.note(
            f"what RouteAllMessagesViaOnPremises does without recipient domain * is not documented "
            f"({connector.origin.of('RecipientDomains')})"
        )
    return None


def _that_mean(name: str) -> frozenset[str]:
    """Which of RecipientDomains name a domain; `*.contoso.com` means the subdomains, `*` names none."""
    return frozenset((name, *(f"*.{above}" for above in lineage(name)[1:])))


def _note_equals(name: str, alike: Sequence[OutboundConnector], assume: Assumptions) -> None:
    """Say where several connectors cover a domain in the same way: no document tells which of them is chosen."""
    names = dict.fromkeys(connector.name for connector in alike)
    if len(names) > 1:
        assume.note(f"which of the outbound connectors {', '.join(names)} takes mail for {name}: they cover it alike")

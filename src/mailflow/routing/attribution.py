"""Whose message is it? How Microsoft 365 attributes a connection to a tenant, and who may relay.

Source for the order: Attribution, restated in Connector guidance. Sources in this package are the keys of the library
(policy/documents.toml); docs/behaviours.md lists the rules, and the documents that the library does not hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailflow.environment.environment import IPAddress, Microsoft365, Outside
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import AcceptedDomain, ConnectorType, InboundConnector
from mailflow.exchange.replies import (
    DIRECT_SEND_REJECTED,
    PARTNER_RESTRICTION,
    RELAY_DENIED,
    RELAY_DENIED_ATTR36,
    STARTTLS_FIRST,
)
from mailflow.mail.address import Address, is_within, lineage
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import Client, Direction, Reception, Refuse, Rule

_ATTRIBUTION = "Attribution"
_RELAY_2023 = "Relay 2023"


@dataclass(frozen=True, slots=True)
class Tenants:
    """The organization's tenant, and those of the outside parties that are in Microsoft 365 too."""

    own: Microsoft365
    others: tuple[Outside, ...]


def accepted_domain(tenant: Microsoft365, name: str, assume: Assumptions) -> AcceptedDomain | None:
    """Find the accepted domain that covers a name: itself, or the nearest parent with MatchSubDomains.

    Source: Subdomains.
    """
    assume.listed(tenant.online.accepted_domains)
    for above in lineage(name):
        for domain in tenant.online.accepted_by_name.get(above, ()):
            if above == name or assume(domain.match_sub_domains, False):
                return domain
    return None


def attribute(
    tenants: Tenants, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
) -> Reception | Refuse:
    """Attribute one recipient of one transaction, in Microsoft's order: certificate, source address, recipient."""
    own = tenants.own
    connectors = [
        c
        for c in assume.listed(own.online.inbound_connectors)
        if assume(c.enabled, False) and assume(c.connector_type, ConnectorType.PARTNER) is ConnectorType.ON_PREMISES
    ]
    by_certificate, accepted = _by_certificate(own, client, connectors, assume)
    if by_certificate:
        _note_narrowed(by_certificate, mail_from, assume)
    if by_certificate and accepted:
        # Relay 2023, as its author confirmed: by certificate, sender and recipient may be anything.
        why = Rule(
            f"originating: the client's certificate answers to {by_certificate.tls_sender_certificate_name} "
            f"of inbound connector '{by_certificate.name}'",
            _ATTRIBUTION,
        )
        return _own(own, by_certificate, why)
    if by_certificate and mail_from and accepted_domain(own, mail_from.domain, assume):
        if accepted_domain(own, recipient.domain, assume):
            assume.note(
                f"whether mail for the own domain counts as the organization's, where the certificate answers to "
                f"{by_certificate.tls_sender_certificate_name} but its domain is not accepted, is told both ways "
                "(Relay 2023; TLS certificates)"
            )
        why = Rule(
            f"originating: the client's certificate answers to inbound connector '{by_certificate.name}', whose domain "
            f"is not accepted, but {mail_from.domain} is",
            _RELAY_2023,
        )
        return _own(own, by_certificate, why)
    by_address = _by_address(client.address, connectors, assume)
    if by_address:
        _note_narrowed(by_address, mail_from, assume)
    if by_address and mail_from and accepted_domain(own, mail_from.domain, assume):
        # Since 2023-11-01 the domain of MAIL FROM decides, not that of the From field.
        why = Rule(
            f"originating: {client.address} stands in inbound connector '{by_address.name}' "
            f"and {mail_from.domain} is accepted",
            _RELAY_2023,
        )
        return _own(own, by_address, why)
    if accepted_domain(own, recipient.domain, assume):
        return _incoming(own, client, mail_from, recipient, assume)
    for other in tenants.others:
        if recipient.domain == other.domain and other.tenant_id:
            why = Rule(f"incoming: {recipient.domain} belongs to another tenant", _ATTRIBUTION)
            return Reception(Direction.INCOMING, why, tenant_id=other.tenant_id)
    if by_certificate or by_address:
        why = Rule(
            "a connector matches, but neither the domain of its certificate name nor that of MAIL FROM is accepted",
            "Relay 2017",
        )
        return Refuse(RELAY_DENIED_ATTR36, why)
    nobody = Rule(f"no inbound connector matches {client.address} and no tenant has {recipient.domain}", _ATTRIBUTION)
    return Refuse(RELAY_DENIED, nobody)


def _note_narrowed(connector: InboundConnector, mail_from: Address | None, assume: Assumptions) -> None:
    """Say where a connector for the own servers is narrowed to other accepted domains than the sender's."""
    only_for = assume.listed(connector.associated_accepted_domains)
    if only_for and (mail_from is None or mail_from.domain not in only_for):
        assume.note(
            f"what inbound connector '{connector.name}', narrowed to {', '.join(only_for)}, makes of mail from others "
            "is not documented (Set-InboundConnector, AssociatedAcceptedDomains)"
        )


def _own(tenant: Microsoft365, connector: InboundConnector, why: Rule) -> Reception:
    # Internal mail: "when is a message internal". Where it is unknown HYB-TRUST-1 says so; no path rests on it.
    promotes = connector.cloud_services_mail_enabled is True
    return Reception(
        Direction.ORIGINATING, why, connector.name, tenant.tenant_id, from_on_premises=True, promotes=promotes
    )


def _by_certificate(
    tenant: Microsoft365, client: Client, connectors: Iterable[InboundConnector], assume: Assumptions
) -> tuple[InboundConnector | None, bool]:
    """Find the connector for the client's certificate, and whether the domain of its certificate name is accepted."""
    if client.tls is None or not client.tls.client_trusted:
        return None, False
    matching = [
        (wanted, connector)
        for connector in connectors
        if (wanted := assume(connector.tls_sender_certificate_name, None))
        and answers_to(client.tls.client_names, wanted)
    ]
    # "Most specific match wins": a host name before a wildcard, the longer name before the shorter.
    matching.sort(key=lambda found: (found[0].startswith("*."), -len(found[0])))
    for wanted, connector in matching:
        # The name itself must be accepted: *.contoso.com by contoso.com, mail.contoso.com only by
        # mail.contoso.com (Relay 2017; Attribution, FAQ).
        if accepted_domain(tenant, wanted.removeprefix("*."), assume):
            return connector, True
    return (matching[0][1], False) if matching else (None, False)


def _by_address(
    address: IPAddress, connectors: Iterable[InboundConnector], assume: Assumptions
) -> InboundConnector | None:
    matching = [
        (network.prefixlen, connector)
        for connector in connectors
        for network in assume.listed(connector.sender_ip_addresses)
        if address in network
    ]
    return max(matching, key=lambda found: found[0])[1] if matching else None


def _incoming(
    tenant: Microsoft365, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
) -> Reception | Refuse:
    """Mail for the own tenant from somebody who is not recognised as the own servers."""
    partner = _partner(tenant, mail_from, recipient, assume)
    if partner and not _passes(partner, client, assume):
        why = Rule(
            f"partner connector '{partner.name}' takes mail of {', '.join(assume.listed(partner.sender_domains))} "
            "only from its certificate or addresses",
            "Set-InboundConnector; Third-party filter",
        )
        return Refuse(PARTNER_RESTRICTION, why)
    if partner and client.tls is None and assume(partner.require_tls, True):
        why = Rule(f"partner connector '{partner.name}' takes mail over TLS only (RequireTls)", "Set-InboundConnector")
        return Refuse(STARTTLS_FIRST, why)
    config = tenant.online.organization_config
    rejects = False
    if mail_from and accepted_domain(tenant, mail_from.domain, assume) and not partner:
        if isinstance(config, Unknown):
            assume.note(config.why)
        else:
            rejects = assume(config.reject_direct_send, False)
    if rejects:
        why = Rule("RejectDirectSend: an own domain as sender, and no connector matches", "Direct Send")
        return Refuse(DIRECT_SEND_REJECTED, why)
    why = Rule(f"incoming: {recipient.domain} belongs to the tenant", _ATTRIBUTION)
    return Reception(Direction.INCOMING, why, partner.name if partner else "", tenant.tenant_id)


def _partner(
    tenant: Microsoft365, mail_from: Address | None, recipient: Address, assume: Assumptions
) -> InboundConnector | None:
    """Find the partner connector for a sender: a restricting one before others, the more specific domain first.

    Source: Set-InboundConnector ("a restricting partner connector wins"); SenderDomains `*` covers every sender,
    the null reverse-path too.
    """
    found = []
    for connector in assume.listed(tenant.online.inbound_connectors):
        if not assume(connector.enabled, False):
            continue
        if assume(connector.connector_type, ConnectorType.ON_PREMISES) is not ConnectorType.PARTNER:
            continue
        only_for = assume.listed(connector.associated_accepted_domains)
        if only_for and recipient.domain not in only_for:
            continue
        covering = [d for d in assume.listed(connector.sender_domains) if _covers(d, mail_from)]
        if covering:
            found.append((restricts(connector, assume), max(map(len, covering)), connector))
    return max(found, key=lambda f: f[:2])[2] if found else None


def _covers(sender_domain: str, mail_from: Address | None) -> bool:
    if sender_domain == "*":
        return True
    if mail_from is None:
        return False
    if sender_domain.startswith("*."):
        return mail_from.domain != sender_domain[2:] and is_within(mail_from.domain, sender_domain[2:])
    return mail_from.domain == sender_domain


def restricts(connector: InboundConnector, assume: Assumptions) -> bool:
    """Whether a partner connector refuses those who are not its partner. On OnPremises ones it has no effect."""
    return assume(connector.restrict_domains_to_certificate, False) or assume(
        connector.restrict_domains_to_ip_addresses, False
    )


def _passes(connector: InboundConnector, client: Client, assume: Assumptions) -> bool:
    if assume(connector.restrict_domains_to_certificate, False):
        if assume(connector.restrict_domains_to_ip_addresses, False):
            assume.note(
                f"what partner connector '{connector.name}' does that restricts to certificate and addresses at once "
                "is not documented (Set-InboundConnector: do not combine)"
            )
        wanted = assume(connector.tls_sender_certificate_name, None)
        tls = client.tls
        return bool(wanted and tls and tls.client_trusted and answers_to(tls.client_names, wanted))
    if assume(connector.restrict_domains_to_ip_addresses, False):
        return any(client.address in network for network in assume.listed(connector.sender_ip_addresses))
    return True

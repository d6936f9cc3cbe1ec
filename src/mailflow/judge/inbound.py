"""Judges how Microsoft 365 recognises the own servers, and whether strangers pass as them.

The rules are those by which the simulated Microsoft 365 attributes mail (routing.attribution): one place.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.environment.message import STRANGER
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, InboundConnector
from mailflow.judge import evidence
from mailflow.mail.address import Address
from mailflow.policy.finding import (
    Evidence,
    Finding,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    not_verified,
)
from mailflow.routing.attribution import Tenants, attribute
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import Client, Reception, Refuse, Tls

_ELSEWHERE = Address("somebody", "elsewhere.invalid")  # RFC 2606: a domain that nobody has
_STRANGER = Client(IPv4Address("198.18.0.99"), STRANGER)


def recognised(environment: Environment, domain: Domain) -> Finding:
    """Judge whether an inbound connector recognises every own server, in any form."""
    asked = "an enabled inbound connector of type OnPremises recognises every on-premises server"
    return _recognised(asked, environment, Address("postmaster", domain.name))


def recognised_by_certificate(environment: Environment) -> Finding:
    """Judge whether every own server is recognised by a certificate whose domain is accepted.

    Mail with the null reverse-path is relayed only then (Relay 2017, Relay 2023), so it is the touchstone.
    """
    asked = "Microsoft 365 recognises every on-premises server by a certificate whose domain is accepted"
    return _recognised(asked, environment, None)


def recognised_by_certificate_if(environment: Environment, conditions: Sequence[Finding]) -> Finding:
    """Judge that only where one of the documentation's three conditions holds; otherwise any form does."""
    told = tuple(item for condition in conditions for item in condition.evidence)
    if any(condition.verdict is Verdict.COMPLIANT for condition in conditions):
        return recognised_by_certificate(environment)
    asked = "Microsoft 365 recognises the on-premises servers by certificate if a condition of the documentation holds"
    open_ = [condition for condition in conditions if condition.verdict is Verdict.NOT_VERIFIED]
    if open_:
        return not_verified(asked, open_[0].seen, *told, remedy=open_[0].remedy)
    return not_applicable(asked, "none of the three conditions holds; any form does", *told)


def _recognised(asked: str, environment: Environment, mail_from: Address | None) -> Finding:
    assume = Assumptions()
    shown = tuple(_connectors(environment, ConnectorType.ON_PREMISES))
    clients = list(_own_clients(environment))
    if not clients:
        return not_verified(asked, "the environment names no on-premises server")
    seen = []
    for server, client in clients:
        taken = attribute(_tenants(environment), client, mail_from, _ELSEWHERE, assume)
        if isinstance(taken, Refuse):
            if assume.made:
                break
            names = ", ".join(client.tls.client_names) if client.tls else "none"
            said = f"{server.name} [{client.address}], certificate names {names}: {taken.reply} ({taken.rule.why})"
            return non_compliant(asked, said, *shown)
        seen.append(f"{server.name} by '{taken.connector}'")
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    return compliant(asked, "; ".join(dict.fromkeys(seen)), *shown)


def _tenants(environment: Environment) -> Tenants:
    return Tenants(environment.microsoft_365, ())


def _own_clients(environment: Environment) -> Iterator[tuple[Server, Client]]:
    """Every own server as Microsoft 365 sees it when it connects."""
    for server in environment.on_premises.servers:
        certificate = server.certificate
        names = certificate.names if certificate else ()
        tls = Tls("TLSv1.3", names, certificate.trusted) if certificate else None
        for address in server.sends_from:
            yield server, Client(address, server.greets_as, tls)


def _connectors(environment: Environment, kind: ConnectorType) -> Iterator[Evidence]:
    """Show the connectors of one type: what decides whom they match."""
    exported = environment.microsoft_365.online.inbound_connectors
    if isinstance(exported, Unknown):
        return
    for connector in exported:
        if connector.connector_type is not kind:
            continue
        owner = f"inbound connector '{connector.name}'"
        properties: dict[str, object] = {
            "Enabled": connector.enabled,
            "TlsSenderCertificateName": connector.tls_sender_certificate_name,
            "SenderIPAddresses": connector.sender_ip_addresses,
        }
        if kind is ConnectorType.PARTNER:
            properties |= {
                "SenderDomains": connector.sender_domains,
                "RestrictDomainsToCertificate": connector.restrict_domains_to_certificate,
                "RestrictDomainsToIPAddresses": connector.restrict_domains_to_ip_addresses,
            }
        for prop, value in properties.items():
            yield evidence.setting(connector.origin, prop, owner, value)


def lets_no_stranger_pass(environment: Environment) -> Finding:
    """Judge whether a connector for the own servers also matches somebody else: his mail would skip the filter.

    Source: Message Attribution (FAQ on wildcard names); everybody whom the environment knows is tried.
    """
    asked = "no inbound connector of type OnPremises matches anybody but the organization's servers"
    exported = environment.microsoft_365.online.inbound_connectors
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    assume = Assumptions()
    own = [
        c for c in exported if assume(c.enabled, False) and assume(c.connector_type, None) is ConnectorType.ON_PREMISES
    ]
    shown = tuple(_connectors(environment, ConnectorType.ON_PREMISES))
    matches = [said for connector in own for said in _strangers(environment, connector, assume)]
    if matches:
        remedy = "Name the exact certificate in TlsSenderCertificateName, or only own addresses in SenderIPAddresses"
        return non_compliant(asked, "; ".join(matches), *shown, remedy=remedy)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not own:
        return not_applicable(asked, "there is no enabled inbound connector of type OnPremises", *shown)
    return compliant(asked, "none does, of all whom the environment knows", *shown)


def _strangers(environment: Environment, connector: InboundConnector, assume: Assumptions) -> Iterator[str]:
    wanted = assume(connector.tls_sender_certificate_name, None)
    ranges = assume.listed(connector.sender_ip_addresses)
    others = [(o.host, o.address) for o in environment.outside if o.tenant_id is None]
    others += [(p.greets_as, p.sends_from) for p in environment.third_parties]
    for name, addresses in others:
        if wanted and answers_to((name,), wanted):
            yield f"'{connector.name}' with certificate name {wanted} also matches {name}"
        for address in addresses:
            if any(address in network for network in ranges):
                yield f"'{connector.name}' with its addresses also matches {name} [{address}]"
    for network in ranges:
        if network.prefixlen == 0:
            yield f"'{connector.name}' matches every address"


def locked(environment: Environment, domain: Domain) -> Finding:
    """Judge whether a partner connector keeps out whoever walks around the MX record, whoever he claims to be.

    Multiple locations, step 5 of scenarios 3 and 4; Set-InboundConnector: Restrict… acts on Partner connectors
    only, and only for senders in SenderDomains, so that `*` alone closes the way round.
    """
    asked = (
        f"mail for {domain.name} that a stranger hands directly to Microsoft 365 is refused, whoever it claims to be "
        "from, and that of the on-premises servers is not"
    )
    assume = Assumptions()
    recipient = Address("anybody", domain.name)
    claims = {"a foreign sender": _ELSEWHERE, "the own domain": Address("postmaster", domain.name), "nobody (<>)": None}
    shown = tuple(_connectors(environment, ConnectorType.PARTNER))
    passed = [
        claim
        for claim, sender in claims.items()
        if isinstance(attribute(_tenants(environment), _STRANGER, sender, recipient, assume), Reception)
    ]
    refused = [
        f"{server.name} [{client.address}]"
        for server, client in _own_clients(environment)
        if isinstance(attribute(_tenants(environment), client, _ELSEWHERE, recipient, assume), Refuse)
    ]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if passed:
        seen = f"taken from a stranger as {', '.join(passed)}"
        if passed == ["a foreign sender", "nobody (<>)"]:
            seen += ": that stops who forges the own domain, and nobody else who walks around the filter"
        return non_compliant(asked, seen, *shown)
    if refused:
        return non_compliant(asked, f"mail of the own servers is refused too: {', '.join(refused)}", *shown)
    return compliant(asked, "refused as each of them, and the own servers are let in", *shown)

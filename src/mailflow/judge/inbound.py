"""Judges how Microsoft 365 recognises the own servers, and whether strangers pass as them.

The rules are those by which the simulated Microsoft 365 attributes mail (routing.attribution): one place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mailflow.environment.environment import Domain, Environment, IPAddress, Microsoft365, Server
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, InboundConnector
from mailflow.judge import evidence
from mailflow.judge.client import ELSEWHERE, NOBODY_SENDS, own_clients
from mailflow.judge.mend import supply_certificates
from mailflow.judge.powershell import quoted
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
from mailflow.routing.attribution import Tenants, accepted_domain, attribute, restricts
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import Client, Reception, Refuse

_NAME_THEM = "Write into environment.yaml, as sends_from of each server, the address that others see behind the NAT"


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
    """Judge the recognition by certificate where one of the three conditions holds; else any form will do."""
    told = tuple(item for condition in conditions for item in condition.evidence)
    if any(condition.verdict is Verdict.COMPLIANT for condition in conditions):
        found = recognised_by_certificate(environment)
        return replace(found, evidence=(*told, *found.evidence))
    asked = "Microsoft 365 recognises the on-premises servers by certificate if a condition of the documentation holds"
    open_ = [condition for condition in conditions if condition.verdict is Verdict.NOT_VERIFIED]
    if open_:
        return not_verified(asked, open_[0].seen, *told, remedy=open_[0].remedy)
    return not_applicable(asked, "none of the three conditions holds; any form does", *told)


def _recognised(asked: str, environment: Environment, mail_from: Address | None) -> Finding:
    assume = Assumptions()
    shown = tuple(show_connectors(environment, ConnectorType.ON_PREMISES))
    clients = list(own_clients(environment))
    if not clients:
        return not_verified(asked, NOBODY_SENDS, remedy=_NAME_THEM)
    seen, strange, bare = [], [], []
    for server, client in clients:
        taken = attribute(_tenants(environment), client, mail_from, ELSEWHERE, assume)
        if isinstance(taken, Reception):
            seen.append(f"{server.name} by '{taken.connector}'")
            continue
        strange.append(_told(server, client, taken))
        if server.certificate is None and _names_certificates(environment, assume):
            bare.append(server.name)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown, remedy=_widen(environment))
    if strange and len(bare) == len(strange):
        names = dict.fromkeys(bare)
        why = f"the environment names no certificate for {', '.join(names)}"
        return not_verified(asked, why, *shown, remedy=supply_certificates(names))
    if strange:
        return non_compliant(asked, "; ".join(strange), *shown, remedy=_recognise(environment, mail_from))
    return compliant(asked, "; ".join(dict.fromkeys(seen)), *shown)


def _widen(environment: Environment) -> str:
    """Say how the connectors for the own servers stop being narrowed to some accepted domains; empty: none is."""
    connectors = environment.microsoft_365.online.inbound_connectors
    narrowed = (
        one.name
        for one in (() if isinstance(connectors, Unknown) else connectors)
        if one.enabled is True
        and one.connector_type is ConnectorType.ON_PREMISES
        and not isinstance(one.associated_accepted_domains, Unknown)
        and one.associated_accepted_domains
    )
    return "\n".join(f"Set-InboundConnector {quoted(name)} -AssociatedAcceptedDomains $null" for name in narrowed)


def _recognise(environment: Environment, mail_from: Address | None) -> str:
    """Name the one change to a connector with which Microsoft 365 recognises the own servers; empty: there is none."""
    clients = [client for _, client in own_clients(environment)]
    own, assume = environment.microsoft_365, Assumptions()
    for connector in assume.listed(own.online.inbound_connectors):
        changes: list[tuple[str, dict[str, Any]]] = [
            ("-Enabled $true", {"enabled": True}),
            ("-ConnectorType OnPremises", {"connector_type": ConnectorType.ON_PREMISES}),
            *(
                (f"-TlsSenderCertificateName {name}", {"tls_sender_certificate_name": name})
                for name in _accepted_names(own, clients, assume)
            ),
        ]
        # A connector that keeps strangers out (Partner) is to stay what it is.
        for switch, change in changes if not restricts(connector, assume) else ():
            changed = replace(connector, **change)
            alone = replace(own, online=replace(own.online, inbound_connectors=(changed,)))
            taken = [attribute(Tenants(alone, ()), client, mail_from, ELSEWHERE, assume) for client in clients]
            if all(isinstance(one, Reception) for one in taken):
                return f"Set-InboundConnector {quoted(connector.name)} {switch}"
    return ""


def _accepted_names(own: Microsoft365, clients: Sequence[Client], assume: Assumptions) -> Iterator[str]:
    """Give the names that fit as TlsSenderCertificateName: on a certificate, the domain accepted; wildcards last."""
    names = tuple(dict.fromkeys(name for client in clients if client.tls for name in client.tls.client_names))
    for wanted in (*names, *(f"*.{name.partition('.')[2]}" for name in names)):
        if accepted_domain(own, wanted.removeprefix("*."), assume):
            yield wanted


def _told(server: Server, client: Client, refused: Refuse) -> str:
    names = f"certificate names {', '.join(client.tls.client_names)}" if client.tls else "shows no certificate"
    told = f"{server.name} [{client.address}], {names}: {refused.reply} ({refused.rule.why})"
    # Set-InboundConnector: SenderIPAddresses takes single IPv4 addresses and CIDR ranges, no IPv6.
    return f"{told}; SenderIPAddresses takes no IPv6 address" if client.address.version == 6 else told


def _names_certificates(environment: Environment, assume: Assumptions) -> bool:
    """Whether any connector for the own servers goes by certificate, so that a certificate would matter."""
    return any(
        assume(c.enabled, False)
        and assume(c.connector_type, None) is ConnectorType.ON_PREMISES
        and assume(c.tls_sender_certificate_name, None)
        for c in assume.listed(environment.microsoft_365.online.inbound_connectors)
    )


def connectors_of_own_servers(environment: Environment, assume: Assumptions) -> tuple[InboundConnector, ...]:
    """Give the inbound connectors by which Microsoft 365 takes mail of own senders from the own servers."""
    names, made = _names_of_own_servers(environment)
    for why in made:
        assume.note(why)
    return tuple(c for c in assume.listed(environment.microsoft_365.online.inbound_connectors) if c.name in names)


@lru_cache(maxsize=1)  # every domain asks, and the answer is about all of them
def _names_of_own_servers(environment: Environment) -> tuple[frozenset[str], tuple[str, ...]]:
    """Give the names of those connectors, and what had to be assumed."""
    senders = [Address("postmaster", domain.name) for domain in environment.with_mail]
    assume, names = Assumptions(), set()
    clients = tuple(own_clients(environment))
    if environment.on_premises.servers and not clients:
        assume.note(NOBODY_SENDS)
    for server, client in clients:
        for sender in senders:
            taken = attribute(_tenants(environment), client, sender, ELSEWHERE, assume)
            if isinstance(taken, Reception):
                names.add(taken.connector)
            elif server.certificate is None and _names_certificates(environment, assume):
                assume.note(f"the environment names no certificate for {server.name}")
    return frozenset(names), assume.made


def _tenants(environment: Environment) -> Tenants:
    return Tenants(environment.microsoft_365, ())


def show_connectors(environment: Environment, kind: ConnectorType) -> Iterator[Evidence]:
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
    shown = tuple(show_connectors(environment, ConnectorType.ON_PREMISES))
    others = [(o.host, o.address) for o in environment.outside if o.tenant_id is None]
    others += [(p.greets_as, p.sends_from) for p in environment.third_parties if not p.servers]
    filters = [(server.name, server.sends_from) for server in environment.filter_servers]
    others += filters
    matches = [said for connector in own for said in _strangers(connector, others, assume)]
    if matches:
        of_filters = [c.name for c in own if filters and any(_strangers(c, filters, assume))]
        partners = [f"Set-InboundConnector {quoted(name)} -ConnectorType Partner" for name in of_filters]
        narrow = "Name the exact certificate in TlsSenderCertificateName, or only own addresses in SenderIPAddresses"
        return non_compliant(asked, "; ".join(matches), *shown, remedy="\n".join(partners) or narrow)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not others:
        remedy = "Name the gateways and other parties under outside or third_parties"
        return not_verified(asked, "the environment names nobody else who could be matched", *shown, remedy=remedy)
    if not own:  # a disabled connector recognises nobody; other rows tell where one is missing
        return compliant(asked, "there is no enabled one, so that all mail counts as Internet mail", *shown)
    return compliant(asked, f"none matches {', '.join(name for name, _ in others)}", *shown)


def _strangers(
    connector: InboundConnector, others: Sequence[tuple[str, Sequence[IPAddress]]], assume: Assumptions
) -> Iterator[str]:
    wanted = assume(connector.tls_sender_certificate_name, None)
    ranges = assume.listed(connector.sender_ip_addresses)
    for name, addresses in others:
        if wanted and answers_to((name,), wanted):
            yield f"'{connector.name}' with certificate name {wanted} also matches {name}"
        for address in addresses:
            if any(address in network for network in ranges):
                yield f"'{connector.name}' with its addresses also matches {name} [{address}]"
    for network in ranges:
        if network.prefixlen == 0:
            yield f"'{connector.name}' matches every address"

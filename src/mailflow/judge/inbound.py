"""Judges how Microsoft 365 recognises the own servers, and whether strangers pass as them.

The rules are those by which the simulated Microsoft 365 attributes mail (routing.attribution): one place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from mailflow.environment.environment import Domain, Environment, IPAddress, Microsoft365, Server
from mailflow.environment.message import STRANGER
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, InboundConnector
from mailflow.judge import evidence
from mailflow.judge.mend import supply_certificates
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
from mailflow.routing.decision import Client, Held, Reception, Refuse, Relay, Tls
from mailflow.routing.other_server import OtherServerRouter
from mailflow.routing.router import filter_router

ELSEWHERE = Address("somebody", "elsewhere.invalid")  # RFC 2606: a domain that nobody has
# He speaks TLS and shows a certificate, as anybody can: RequireTls alone keeps nobody out.
STRANGER_CLIENT = Client(IPv4Address("198.18.0.99"), STRANGER, Tls("TLSv1.3", (STRANGER,), client_trusted=True))


_NOBODY_SENDS = "the environment names no public address from which an on-premises server sends"
_NAME_THEM = "Write into environment.yaml, as sends_from of each server, the address that others see behind the NAT"


class _Who(NamedTuple):
    """Whom a lock has to let in, in the words of findings."""

    name: str
    short: str
    verb: str
    one: str


_OWN = _Who("the on-premises servers", "the own servers", "are", "on-premises server")
_FILTER = _Who("the third-party filter", "the filter", "is", "server of a third-party filter")


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
    shown = tuple(connectors(environment, ConnectorType.ON_PREMISES))
    clients = list(_own_clients(environment))
    if not clients:
        return not_verified(asked, _NOBODY_SENDS, remedy=_NAME_THEM)
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
    return "\n".join(f'Set-InboundConnector "{name}" -AssociatedAcceptedDomains $null' for name in narrowed)


def _recognise(environment: Environment, mail_from: Address | None) -> str:
    """Name the one change to a connector with which Microsoft 365 recognises the own servers; empty: there is none."""
    clients = [client for _, client in _own_clients(environment)]
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
                return f'Set-InboundConnector "{connector.name}" {switch}'
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
    clients = tuple(_own_clients(environment))
    if environment.on_premises.servers and not clients:
        assume.note(_NOBODY_SENDS)
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


def _own_clients(environment: Environment) -> Iterator[tuple[Server, Client]]:
    """Every own server that Microsoft 365 sees, as it does when the server connects."""
    for server in environment.on_premises.servers:
        certificate = server.certificate if _shows_certificate(environment, server) else None
        tls = Tls("TLSv1.3", certificate.names, certificate.trusted) if certificate else None
        for address in server.public_sends_from:
            yield server, Client(address, server.greets_as, tls)


def _shows_certificate(environment: Environment, server: Server) -> bool:
    """Whether a server shows its certificate to Microsoft 365; one that is not Exchange says so route by route."""
    if server.other is None:
        return True
    router = OtherServerRouter(environment, server, server.other)
    tenant = Address("anybody", environment.microsoft_365.coexistence_domain)
    ways = router.actions(Held(tenant, None, router.submission(None), resolved=True), Assumptions())
    ways += (router.to_internet(Assumptions()),)
    return all(
        way.shows_certificate
        for way in ways
        if isinstance(way, Relay) and ((way is ways[0] and not way.hosts) or any(map(is_microsoft_host, way.hosts)))
    )


def connectors(environment: Environment, kind: ConnectorType) -> Iterator[Evidence]:
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
    shown = tuple(connectors(environment, ConnectorType.ON_PREMISES))
    others = [(o.host, o.address) for o in environment.outside if o.tenant_id is None]
    others += [(p.greets_as, p.sends_from) for p in environment.third_parties if not p.servers]
    filters = [(server.name, server.sends_from) for server in environment.filter_servers]
    others += filters
    matches = [said for connector in own for said in _strangers(connector, others, assume)]
    if matches:
        of_filters = [c.name for c in own if filters and any(_strangers(c, filters, assume))]
        partners = [f'Set-InboundConnector "{name}" -ConnectorType Partner' for name in of_filters]
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


def locked(environment: Environment, domain: Domain) -> Finding:
    """Judge whether a partner connector keeps out whoever walks around the MX record, whoever he claims to be.

    Multiple locations, step 5 of scenarios 3 and 4; Set-InboundConnector: Restrict… acts on Partner connectors
    only, and only for senders in SenderDomains, so that `*` alone closes the way round.
    """
    return _locked(environment, domain, _OWN, tuple(_own_clients(environment)))


def locked_behind_filter(environment: Environment, domain: Domain) -> Finding:
    """Judge the same of whoever walks around a third-party filter, which is to be let in ("Third-party filter")."""
    filters = tuple(filter_clients(environment, domain))
    return _locked(environment, domain, _FILTER, filters, tuple(_own_clients(environment)))


def filter_clients(environment: Environment, domain: Domain) -> Iterator[tuple[Server, Client]]:
    """Every server of a filtering service as Microsoft 365 sees it when it hands on mail for a domain."""
    for server in environment.filter_servers:
        router = filter_router(environment, server)
        held = Held(Address("anybody", domain.name), None, router.submission(None), resolved=True)
        ways = router.actions(held, Assumptions())
        shows = any(isinstance(way, Relay) and way.shows_certificate for way in ways)
        certificate = server.certificate if shows else None
        tls = Tls("TLSv1.3", certificate.names, certificate.trusted) if certificate else None
        for address in server.sends_from:
            yield server, Client(address, server.greets_as, tls)


def _locked(
    environment: Environment,
    domain: Domain,
    who: _Who,
    passing: Sequence[tuple[Server, Client]],
    also: Sequence[tuple[Server, Client]] = (),
) -> Finding:
    asked = (
        f"mail for {domain.name} that a stranger hands directly to Microsoft 365 is refused, whoever it claims to be "
        f"from, and that of {who.name} is not"
    )
    assume = Assumptions()
    recipient = Address("anybody", domain.name)
    claims = {"a foreign sender": ELSEWHERE, "the own domain": Address("postmaster", domain.name), "nobody (<>)": None}
    shown = tuple(_lock(environment))
    tenants = _tenants(environment)
    known = accepted_domain(tenants.own, domain.name, assume)
    passed = [
        claim
        for claim, sender in claims.items()
        if isinstance(attribute(tenants, STRANGER_CLIENT, sender, recipient, assume), Reception)
    ]
    refused = []
    for server, client in (*passing, *also):
        for claim, sender in claims.items():
            if isinstance(attribute(tenants, client, sender, recipient, assume), Refuse):
                refused.append(f"{server.name} [{client.address}] as {claim}")
                if server.certificate is None:
                    assume.note(f"the environment names no certificate for {server.name}")
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not passing:
        why = _NOBODY_SENDS if who is _OWN else f"the environment names no {who.one}"
        return not_verified(asked, why, *shown)
    if known is None:
        # Then Microsoft 365 refuses it from everybody (550 5.7.64), which is no lock.
        return non_compliant(asked, f"{domain.name} is no accepted domain of the tenant", *shown)
    if passed:
        seen = f"taken from a stranger as {', '.join(passed)}"
        if passed == ["a foreign sender", "nobody (<>)"]:
            seen += ": that stops who forges the own domain, and nobody else who walks around the filter"
        return non_compliant(asked, seen, *shown)
    if refused:
        return non_compliant(asked, f"mail of {who.short} is refused too: {', '.join(refused)}", *shown)
    if strange := list(_let_in(environment, assume)):
        remedy = "Name who that is in environment.yaml, or take the addresses, the name, out of the connector"
        return not_verified(asked, f"whom that is for is not known: {'; '.join(strange)}", *shown, remedy=remedy)
    return compliant(asked, f"refused as each of them, and {who.short} {who.verb} let in", *shown)


def _let_in(environment: Environment, assume: Assumptions) -> Iterator[str]:
    """Name what a restriction lets in although nobody whom the environment knows sends from there, or shows it."""
    servers = environment.servers
    known = [address for server in servers for address in server.sends_from]
    known += [address for party in environment.third_parties for address in party.sends_from]
    shown = [server.certificate.names for server in servers if server.certificate]
    shown += [(party.greets_as,) for party in environment.third_parties]
    for connector in assume.listed(environment.microsoft_365.online.inbound_connectors):
        partner = assume(connector.connector_type, None) is ConnectorType.PARTNER
        if not (partner and assume(connector.enabled, False)):
            continue
        wanted = assume(connector.tls_sender_certificate_name, None)
        if assume(connector.restrict_domains_to_certificate, False) and wanted:
            if not any(answers_to(names, wanted) for names in shown):
                yield f"'{connector.name}' lets in whoever shows a certificate for {wanted}"
        elif assume(connector.restrict_domains_to_ip_addresses, False):
            for network in assume.listed(connector.sender_ip_addresses):
                if not any(address in network for address in known):
                    yield f"'{connector.name}' lets {network} in"


def _lock(environment: Environment) -> Iterator[Evidence]:
    """Show what may refuse a stranger."""
    yield from connectors(environment, ConnectorType.PARTNER)
    config = environment.microsoft_365.online.organization_config
    if not isinstance(config, Unknown):
        yield evidence.setting(config.origin, "RejectDirectSend", "the organization", config.reject_direct_send)

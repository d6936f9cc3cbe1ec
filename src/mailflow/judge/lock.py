"""Judges whether Microsoft 365 keeps out whoever walks around the MX record, and lets in whoever is meant to come."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType
from mailflow.judge import evidence
from mailflow.judge.client import ELSEWHERE, NOBODY_SENDS, STRANGER_CLIENT, filter_clients, own_clients
from mailflow.judge.inbound import show_connectors
from mailflow.judge.lock_remedy import lock_remedy
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified
from mailflow.routing.attribution import Tenants, accepted_domain, attribute
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import Client, Reception, Refuse


class _Who(NamedTuple):
    """Whom a lock has to let in, in the words of findings."""

    name: str
    short: str
    verb: str
    one: str
    connector: str  # the name of one that has to be made


_OWN = _Who("the on-premises servers", "the own servers", "are", "on-premises server", "Only by way of our servers")
_FILTER = _Who(
    "the third-party filter", "the filter", "is", "server of a third-party filter", "Reject mail not routed through MX"
)


def locked(environment: Environment, domain: Domain) -> Finding:
    """Judge whether a partner connector keeps out whoever walks around the MX record, whoever he claims to be.

    Multiple locations, step 5 of scenarios 3 and 4; Set-InboundConnector: Restrict… acts on Partner connectors
    only, and only for senders in SenderDomains, so that `*` alone closes the way round.
    """
    return _locked(environment, domain, _OWN, tuple(own_clients(environment)))


def locked_behind_filter(environment: Environment, domain: Domain) -> Finding:
    """Judge the same of whoever walks around a third-party filter, which is to be let in ("Third-party filter")."""
    filters = tuple(filter_clients(environment, domain))
    return _locked(environment, domain, _FILTER, filters, tuple(own_clients(environment)))


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
    shown = tuple(_show_lock(environment))
    tenants = Tenants(environment.microsoft_365, ())
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
        why = NOBODY_SENDS if who is _OWN else f"the environment names no {who.one}"
        return not_verified(asked, why, *shown)
    if known is None:
        # Then Microsoft 365 refuses it from everybody (550 5.7.64), which is no lock.
        return non_compliant(asked, f"{domain.name} is no accepted domain of the tenant", *shown)
    seen = _seen(who, passed, refused)
    if seen:
        remedy = lock_remedy(
            tenants.own,
            recipient,
            claims=tuple(claims.values()),
            meant=[client for _, client in passing],
            also=[client for _, client in also],
            name=who.connector,
        )
        return non_compliant(asked, seen, *shown, remedy=remedy)
    if strange := list(_let_in(environment, assume)):
        remedy = "Name who that is in environment.yaml, or take the addresses, the name, out of the connector"
        return not_verified(asked, f"whom that is for is not known: {'; '.join(strange)}", *shown, remedy=remedy)
    return compliant(asked, f"refused as each of them, and {who.short} {who.verb} let in", *shown)


def _seen(who: _Who, passed: Sequence[str], refused: Sequence[str]) -> str:
    """Say what is wrong with a lock; empty: nothing is."""
    if passed == ["a foreign sender", "nobody (<>)"]:
        told = ": that stops who forges the own domain, and nobody else who walks around the filter"
        return f"taken from a stranger as {', '.join(passed)}{told}"
    if passed:
        return f"taken from a stranger as {', '.join(passed)}"
    return f"mail of {who.short} is refused too: {', '.join(refused)}" if refused else ""


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


def _show_lock(environment: Environment) -> Iterator[Evidence]:
    """Show what may refuse a stranger."""
    yield from show_connectors(environment, ConnectorType.PARTNER)
    config = environment.microsoft_365.online.organization_config
    if not isinstance(config, Unknown):
        yield evidence.setting(config.origin, "RejectDirectSend", "the organization", config.reject_direct_send)

"""Judges whether both sides know the domain and each other's mailboxes."""

from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import AcceptedDomain, DomainType, Mailbox, MailUser
from mailflow.judge import evidence
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified
from mailflow.routing.microsoft_365 import Microsoft365Router


def accepted(environment: Environment, domain: Domain) -> Finding:
    """Judge whether the domain is an accepted domain of the tenant."""
    asked = f"{domain.name} is an accepted domain of the tenant"
    exported = environment.microsoft_365.online.accepted_domains
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    names = [one.domain_name for one in exported]
    found = _accepted(environment, domain)
    if found is None:
        file = exported[0].origin.file if exported else "Get-AcceptedDomain.json"
        return non_compliant(
            asked,
            f"Get-AcceptedDomain lists {', '.join(names) or 'none'}",
            evidence.stated(file, "DomainName of every accepted domain", names),
            remedy=f"Add and verify {domain.name} in the Microsoft 365 admin center, Settings, Domains",
        )
    return compliant(asked, f"it is, as {found.domain_type}", _show_type(found))


def _accepted(environment: Environment, domain: Domain) -> AcceptedDomain | None:
    exported = environment.microsoft_365.online.accepted_domains
    listed = () if isinstance(exported, Unknown) else exported
    return next((one for one in listed if one.domain_name == domain.name), None)


def _show_type(found: AcceptedDomain) -> Evidence:
    return evidence.setting(found.origin, "DomainType", f"accepted domain {found.domain_name}", found.domain_type)


def type_fits(environment: Environment, domain: Domain) -> Finding:
    """Judge the type of the accepted domain ("Directory-Based Edge Blocking", "Manage accepted domains").

    Authoritative refuses whom Microsoft 365 does not know (550 5.4.1); InternalRelay passes them on and needs a
    connector for it.
    """
    asked = f"{domain.name} is Authoritative and Microsoft 365 knows every on-premises recipient, or InternalRelay"
    exported = environment.microsoft_365.online.accepted_domains
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    found = _accepted(environment, domain)
    if found is None:
        return non_compliant(asked, f"{domain.name} is no accepted domain of the tenant")
    if isinstance(found.domain_type, Unknown):
        return not_verified(asked, found.domain_type.why, _show_type(found))
    assume = Assumptions()
    shown = _show_type(found)
    if found.domain_type is DomainType.INTERNAL_RELAY:
        router = Microsoft365Router(environment)
        connector = router.outbound_connector(domain.name, from_on_premises=False, assume=assume)
        if assume.made:
            return not_verified(asked, "; ".join(assume.made), shown)
        if connector is None:
            return non_compliant(asked, "it is InternalRelay, and no outbound connector covers it", shown)
        return compliant(asked, f"it is InternalRelay, and '{connector.name}' covers it", shown)
    if found.domain_type is DomainType.EXTERNAL_RELAY:
        return non_compliant(asked, "ExternalRelay does not exist in Exchange Online", shown)
    recipients = _own(environment, domain)
    if not recipients:
        return not_verified(asked, "the environment lists no on-premises mailbox of this domain", shown)
    known = known_to_tenant(environment, assume)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), shown)
    unknown = [str(address) for address in recipients if address not in known]
    if unknown:
        seen = f"it is Authoritative, and Microsoft 365 does not know {', '.join(unknown)} (550 5.4.1)"
        return non_compliant(asked, seen, shown)
    return compliant(asked, "it is Authoritative, and Microsoft 365 knows every listed recipient", shown)


def _own(environment: Environment, domain: Domain) -> tuple[Address, ...]:
    return tuple(a for a in environment.mailboxes.on_premises if a.domain == domain.name)


def _cloud(environment: Environment, domain: Domain) -> tuple[Address, ...]:
    return tuple(a for a in environment.mailboxes.cloud if a.domain == domain.name)


def known_to_tenant(environment: Environment, assume: Assumptions) -> frozenset[Address]:
    """Give every address that the tenant's directory knows."""
    online = environment.microsoft_365.online
    entries: tuple[Mailbox | MailUser, ...] = (*assume.listed(online.mailboxes), *assume.listed(online.mail_users))
    return frozenset(
        address for e in entries for address in (e.primary_smtp_address, *assume.listed(e.email_addresses))
    )


def mailboxes_exist(environment: Environment, domain: Domain) -> Finding:
    """Judge whether every listed mailbox stands in the export of its side."""
    asked = f"every listed mailbox of {domain.name} exists on its side"
    cloud, own = _cloud(environment, domain), _own(environment, domain)
    if not (cloud and own):
        side = "cloud" if not cloud else "on-premises"
        return not_verified(asked, f"the environment lists no {side} mailbox of {domain.name}")
    assume = Assumptions()
    shown = [evidence.stated(environment.line("mailboxes.cloud"), "cloud mailboxes", cloud)]
    in_tenant = {m.primary_smtp_address for m in assume.listed(environment.microsoft_365.online.mailboxes)}
    missing = [f"{address} is not in Get-Mailbox of the tenant" for address in cloud if address not in in_tenant]
    if any(server.is_exchange for server in environment.on_premises.servers):
        shown.append(evidence.stated(environment.line("mailboxes.on_premises"), "on-premises mailboxes", own))
        on_site = {m.primary_smtp_address for m in assume.listed(environment.on_premises.exchange.mailboxes)}
        missing += [f"{address} is not in Get-Mailbox on-premises" for address in own if address not in on_site]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if missing:
        return non_compliant(asked, "; ".join(missing), *shown)
    return compliant(asked, f"{len(cloud)} in the tenant, {len(own)} on-premises", *shown)


def ways_known(environment: Environment, domain: Domain) -> Finding:
    """Judge whether each side knows the way to the other's mailboxes.

    The own servers need a routing address in the coexistence domain (Routing); the tenant needs a mail user, or
    a domain that is InternalRelay.
    """
    asked = f"on-premises knows a routing address for every cloud mailbox of {domain.name}, the tenant a mail user "
    asked += "for every on-premises one"
    cloud, own = _cloud(environment, domain), _own(environment, domain)
    if not (cloud and own):
        side = "cloud" if not cloud else "on-premises"
        return not_verified(asked, f"the environment lists no {side} mailbox of {domain.name}")
    assume = Assumptions()
    missing = _without_routing_address(environment, cloud, assume)
    found = _accepted(environment, domain)
    if not (found and found.domain_type is DomainType.INTERNAL_RELAY):
        known = known_to_tenant(environment, assume)
        missing += [f"the tenant knows no mail user for {address}" for address in own if address not in known]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made))
    if missing:
        return non_compliant(asked, "; ".join(missing))
    return compliant(asked, f"routing addresses for {len(cloud)}, mail users for {len(own)}")


def _without_routing_address(environment: Environment, cloud: tuple[Address, ...], assume: Assumptions) -> list[str]:
    coexistence = environment.microsoft_365.coexistence_domain
    missing = []
    if any(server.is_exchange for server in environment.on_premises.servers):
        remote = {m.primary_smtp_address: m for m in assume.listed(environment.on_premises.exchange.remote_mailboxes)}
        for address in cloud:
            if address not in remote:
                missing.append(f"on-premises has no remote mailbox {address}")
                continue
            routing = assume(remote[address].remote_routing_address, None)
            if routing is None or routing.domain != coexistence:
                where = remote[address].origin.of("RemoteRoutingAddress")
                missing.append(f"RemoteRoutingAddress of {address} is {routing or 'not set'} ({where})")
    for server in environment.on_premises.servers:
        if server.other is not None:
            missing += [
                f"{server.name} has no routing address for {address} ({server.origin})"
                for address in cloud
                if address not in server.other.routing_addresses
            ]
    return missing

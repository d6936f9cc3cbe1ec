"""Judges whether both sides know the domain and each other's mailboxes."""

from collections.abc import Sequence

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.mailboxes import Home
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import AcceptedDomain, ConnectorType, DomainType
from mailflow.judge import evidence
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified
from mailflow.routing.attribution import accepted_domain
from mailflow.routing.outbound_connector import covering


def accepted(environment: Environment, domain: Domain) -> Finding:
    """Judge whether the domain is an accepted domain of the tenant."""
    asked = f"{domain.name} is an accepted domain of the tenant"
    found = _accepted(asked, environment, domain)
    if isinstance(found, Finding):
        return found
    kind = "" if isinstance(found.domain_type, Unknown) else f", as {found.domain_type}"
    if found.domain_name == domain.name:
        return compliant(asked, f"it is{kind}", _show_type(found))
    owner = f"accepted domain {found.domain_name}"
    whole = evidence.setting(found.origin, "MatchSubDomains", owner, found.match_sub_domains)
    return compliant(asked, f"it is as a subdomain of {found.domain_name}{kind}", whole, _show_type(found))


def _accepted(asked: str, environment: Environment, domain: Domain) -> AcceptedDomain | Finding:
    """Find the accepted domain, or the parent whose subdomains count (MatchSubDomains); else say that there is none."""
    exported = environment.microsoft_365.online.accepted_domains
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    assume = Assumptions()
    found = accepted_domain(environment.microsoft_365, domain.name, assume)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made))
    if found is not None:
        return found
    names = [one.domain_name for one in exported]
    file = exported[0].origin.file if exported else "Get-AcceptedDomain.json"
    return non_compliant(
        asked,
        f"Get-AcceptedDomain lists {', '.join(names) or 'none'}",
        evidence.config(file, "DomainName of every accepted domain", names),
        remedy=f"Add and verify {domain.name} in the Microsoft 365 admin center, Settings, Domains",
    )


def may_send_and_receive(environment: Environment, domain: Domain) -> Finding:
    """Judge whether no setting of the accepted domain stops its mail (Set-AcceptedDomain)."""
    asked = f"nothing stops mail from {domain.name} and to it in the tenant"
    found = _accepted(asked, environment, domain)
    return found if isinstance(found, Finding) else _goes(asked, found, ("From", "To"))


def routing_addresses_receive(environment: Environment) -> Finding:
    """Judge whether no setting stops mail to the domain by which the own servers reach mailboxes in the tenant."""
    name = environment.microsoft_365.coexistence_domain
    asked = f"nothing stops mail to {name} in the tenant"
    exported = environment.microsoft_365.online.accepted_domains
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    found = environment.microsoft_365.online.accepted_by_name.get(name, ())
    return _goes(asked, found[0], ("To",)) if found else not_verified(asked, f"Get-AcceptedDomain does not list {name}")


def _goes(asked: str, found: AcceptedDomain, ways: Sequence[str]) -> Finding:
    """Judge SendingFromDomainDisabled, SendingToDomainDisabled or both."""
    assume = Assumptions()
    settings = {"From": found.sending_from_domain_disabled, "To": found.sending_to_domain_disabled}
    owner = f"accepted domain {found.domain_name}"
    shown = [evidence.setting(found.origin, f"Sending{way}DomainDisabled", owner, settings[way]) for way in ways]
    stopped = [f"Sending{way}DomainDisabled" for way in ways if assume(settings[way], False)]
    if stopped:
        remedy = f"Set-AcceptedDomain {found.domain_name} {' '.join(f'-{name} $false' for name in stopped)}"
        return non_compliant(asked, f"{' and '.join(stopped)}: True", *shown, remedy=remedy)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    return compliant(asked, "nothing does", *shown)


def _show_type(found: AcceptedDomain) -> Evidence:
    return evidence.setting(found.origin, "DomainType", f"accepted domain {found.domain_name}", found.domain_type)


def type_fits(environment: Environment, domain: Domain) -> Finding:
    """Judge the type of the accepted domain ("Directory-Based Edge Blocking", "Manage accepted domains").

    Authoritative refuses whom Microsoft 365 does not know (550 5.4.1); InternalRelay passes them on and needs a
    connector for it.
    """
    asked = f"{domain.name} is Authoritative and Microsoft 365 knows every on-premises recipient, or InternalRelay"
    found = _accepted(asked, environment, domain)
    if isinstance(found, Finding):
        return found
    if isinstance(found.domain_type, Unknown):
        return not_verified(asked, found.domain_type.why, _show_type(found))
    assume = Assumptions()
    shown = _show_type(found)
    if found.domain_type is DomainType.INTERNAL_RELAY:
        return _relays_by_connector(asked, environment, domain, shown)
    if found.domain_type is DomainType.EXTERNAL_RELAY:
        remedy = f"Set-AcceptedDomain {domain.name} -DomainType InternalRelay"
        return non_compliant(asked, "ExternalRelay does not exist in Exchange Online", shown, remedy=remedy)
    recipients = environment.mailboxes.of(domain.name, Home.ON_PREMISES)
    if not recipients:
        return not_verified(asked, "the environment lists no on-premises mailbox of this domain", shown)
    known = environment.microsoft_365.online.recipients.addresses(assume)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), shown)
    unknown = [str(address) for address in recipients if address not in known]
    if unknown:
        seen = f"it is Authoritative, and Microsoft 365 does not know {', '.join(unknown)} (550 5.4.1)"
        return non_compliant(asked, seen, shown)
    return compliant(asked, "it is Authoritative, and Microsoft 365 knows every listed recipient", shown)


def authoritative(environment: Environment, domain: Domain) -> Finding:
    """Judge whether Microsoft 365 refuses whom it does not know, where it knows everybody ("Edge blocking")."""
    asked = f"{domain.name} is Authoritative"
    found = _accepted(asked, environment, domain)
    if isinstance(found, Finding):
        return found
    shown = _show_type(found)
    if isinstance(found.domain_type, Unknown):
        return not_verified(asked, found.domain_type.why, shown)
    if found.domain_type is not DomainType.AUTHORITATIVE:
        remedy = f"Set-AcceptedDomain {domain.name} -DomainType Authoritative"
        seen = f"it is {found.domain_type}: mail for whom Microsoft 365 does not know goes on, and nowhere"
        return non_compliant(asked, seen, shown, remedy=remedy)
    return compliant(asked, "it is", shown)


def _relays_by_connector(asked: str, environment: Environment, domain: Domain, shown: Evidence) -> Finding:
    """An internal relay domain needs a connector to the own servers ("Manage accepted domains")."""
    assume = Assumptions()
    connector = covering(environment.microsoft_365, domain.name, from_on_premises=False, assume=assume)
    kind = assume(connector.connector_type, None) if connector else None
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), shown)
    remedy = (
        f"Give {domain.name} an outbound connector of type OnPremises, or, once Microsoft 365 knows every on-premises "
        f"recipient: Set-AcceptedDomain {domain.name} -DomainType Authoritative"
    )
    if connector is None:
        seen = "it is InternalRelay, and no enabled outbound connector covers it"
        return non_compliant(asked, seen, shown, remedy=remedy)
    owner = f"outbound connector '{connector.name}'"
    named = evidence.about(domain.name, connector.recipient_domains)
    covers = evidence.setting(connector.origin, "RecipientDomains", owner, named)
    if kind is not ConnectorType.ON_PREMISES:
        seen = f"it is InternalRelay, and '{connector.name}', which covers it, is of type {kind}"
        return non_compliant(asked, seen, shown, covers, remedy=remedy)
    return compliant(asked, f"it is InternalRelay, and '{connector.name}' covers it", shown, covers)


def _listed(environment: Environment, domain: Domain) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Give the listed mailboxes in the tenant and those on the own servers."""
    of = environment.mailboxes.of
    return of(domain.name, Home.CLOUD), of(domain.name, Home.ON_PREMISES)


def mailboxes_exist(environment: Environment, domain: Domain) -> Finding:
    """Judge whether every listed mailbox stands in the export of its side."""
    asked = f"every listed mailbox of {domain.name} exists on its side"
    cloud, own = _listed(environment, domain)
    if not cloud or (environment.own_servers_take_part(domain) and not own):
        side = "cloud" if not cloud else "on-premises"
        return not_verified(asked, f"the environment lists no {side} mailbox of {domain.name}")
    assume = Assumptions()
    shown = [evidence.stated(environment.line("mailboxes.cloud"), "cloud mailboxes", cloud)]
    in_tenant = environment.microsoft_365.online.mailbox_recipients
    said = "is no PrimarySmtpAddress in Get-Mailbox"
    missing = [f"{address} {said} of the tenant" for address in cloud if not in_tenant.named(address, assume)]
    exported = any(server.is_exchange for server in environment.on_premises.servers)
    if exported:
        shown.append(evidence.stated(environment.line("mailboxes.on_premises"), "on-premises mailboxes", own))
        on_site = environment.on_premises.exchange.mailbox_recipients
        missing += [f"{address} {said} on-premises" for address in own if not on_site.named(address, assume)]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if missing:
        return non_compliant(asked, "; ".join(missing), *shown)
    notes = () if exported or not own else ("of the on-premises mailboxes nothing but the environment file tells",)
    if not own:
        return compliant(asked, f"{len(cloud)} in the tenant, and own servers have no part in it", *shown)
    return compliant(asked, f"{len(cloud)} in the tenant, {len(own)} on-premises", *shown, notes=notes)


def ways_known(environment: Environment, domain: Domain) -> Finding:
    """Judge whether each side knows the way to the other's mailboxes.

    The own servers need a routing address in the coexistence domain (Routing); the tenant needs a mail user, or
    a domain that is InternalRelay.
    """
    asked = f"on-premises knows a routing address for every cloud mailbox of {domain.name}, the tenant a mail user "
    asked += "for every on-premises one"
    cloud, own = _listed(environment, domain)
    if not (cloud and own):
        side = "cloud" if not cloud else "on-premises"
        return not_verified(asked, f"the environment lists no {side} mailbox of {domain.name}")
    if not environment.on_premises.servers:
        return not_verified(asked, "the environment names no on-premises server")
    assume = Assumptions()
    shown: list[Evidence] = []
    missing = _without_routing_address(environment, cloud, assume, shown)
    missing += _without_mail_user(environment, domain, own, assume, shown)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if missing:
        return non_compliant(asked, "; ".join(missing), *shown)
    return compliant(asked, f"routing addresses for {len(cloud)}, a way to each of {len(own)} on-premises", *shown)


def _without_mail_user(
    environment: Environment, domain: Domain, own: tuple[Address, ...], assume: Assumptions, shown: list[Evidence]
) -> list[str]:
    """Tell for whom the tenant knows no way: no mail user that leads there, no domain that passes on unknown ones."""
    online = environment.microsoft_365.online
    assume.listed(online.accepted_domains)
    about_domain = Assumptions()  # they matter where a mail user is missing
    found = accepted_domain(environment.microsoft_365, domain.name, about_domain)
    if found:
        shown.append(_show_type(found))
        if found.domain_type is DomainType.INTERNAL_RELAY:
            return []
    found_users = ((address, online.mail_user_recipients.find(address, assume)) for address in own)
    known = {address: user for address, user in found_users if user}
    without = [address for address in own if address not in known]
    if without:
        for why in about_domain.made:
            assume.note(why)
    if found and without:
        assume(found.domain_type, None)
    shown.append(evidence.config("Get-MailUser", "on-premises mailboxes that are mail users", sorted(known)))
    missing = [f"the tenant knows no mail user for {address}" for address in without]
    for address, user in known.items():
        external = assume(user.external_email_address, None)
        # Set-MailUser: mail for the user goes there; not set, it goes to the user's own address.
        if external and not _has_mailbox(environment, external, assume):
            where = user.origin.of("ExternalEmailAddress")
            missing.append(f"ExternalEmailAddress of {address} is {external}, and no on-premises mailbox ({where})")
    return missing


def _has_mailbox(environment: Environment, address: Address, assume: Assumptions) -> bool:
    """Whether a mailbox on the own servers has an address; what the environment file lists needs no export."""
    if environment.mailboxes.home_of(address) is Home.ON_PREMISES:
        return True
    if not any(server.is_exchange for server in environment.on_premises.servers):
        assume.note(f"whether {address} is a mailbox of servers that are not Exchange is not known")
        return True
    return environment.on_premises.exchange.mailbox_recipients.find(address, assume) is not None


def _without_routing_address(
    environment: Environment, cloud: tuple[Address, ...], assume: Assumptions, shown: list[Evidence]
) -> list[str]:
    """Tell for which cloud mailboxes an own server knows no address in the coexistence domain."""
    coexistence = environment.microsoft_365.coexistence_domain
    missing = []
    if any(server.is_exchange for server in environment.on_premises.servers):
        remote = environment.on_premises.exchange.remote_recipients
        for address in cloud:
            entry = remote.named(address, assume)
            if entry is None:
                missing.append(f"on-premises has no remote mailbox {address}")
                continue
            origin, routing = entry.origin, entry.remote_routing_address
            shown.append(evidence.setting(origin, "RemoteRoutingAddress", f"remote mailbox {address}", routing))
            known = assume(routing, None)
            if known is None or known.domain != coexistence:
                where = origin.of("RemoteRoutingAddress")
                missing.append(f"RemoteRoutingAddress of {address} is {known or 'not set'} ({where})")
    for server in environment.on_premises.servers:
        if server.other is not None:
            told = tuple(f"{mailbox}: {routing}" for mailbox, routing in server.other.routing_addresses.items())
            shown.append(evidence.stated(server.origin, f"routing addresses of {server.name}", told))
            missing += [
                f"{server.name} has no routing address for {address} in {coexistence} ({server.origin})"
                for address in cloud
                if not environment.on_premises.hands_on(server, address.domain)
                and ((way := server.other.routing_addresses.get(address)) is None or way.domain != coexistence)
            ]
    return missing

"""Judges what is left of own servers after the last mailbox has moved: connectors, recipients, names and addresses.

Nothing of it is seen on the day of the change. It misleads mail later: when the old server is switched off, or when
somebody else gets its address.
"""

from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, OutboundConnector
from mailflow.judge import evidence
from mailflow.judge.device import connectors_of_devices
from mailflow.judge.inbound import connectors_of_own_servers
from mailflow.judge.mend import unanswered
from mailflow.judge.powershell import quoted
from mailflow.judge.spf import SpfSeen
from mailflow.mail.address import is_within, lineage
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer, Outcome
from mailflow.records.spf import Result
from mailflow.records.spf_syntax import parse, spf_records

_SET = "Set-OutboundConnector"


def no_way_to_own_servers(environment: Environment, domain: Domain) -> Finding:
    """Judge whether no outbound connector leads to own servers ("Do I need to create a connector?").

    Where other domains need one, it is no left-over as long as it does not carry mail for this domain.
    """
    asked = "no enabled outbound connector of type OnPremises is left"
    needed = any(map(environment.own_servers_take_part, environment.domains))
    if needed:
        asked = f"no enabled outbound connector of type OnPremises carries mail for {domain.name}"
    exported = environment.microsoft_365.online.outbound_connectors
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    assume = Assumptions()
    left = [
        c
        for c in exported
        if assume(c.enabled, False)
        and assume(c.connector_type, None) is ConnectorType.ON_PREMISES
        and (not needed or _carries(c, domain.name, assume))
    ]
    shown = [
        evidence.setting(c.origin, prop, f"outbound connector '{c.name}'", value)
        for c in exported
        for prop, value in (
            ("Enabled", c.enabled),
            ("ConnectorType", c.connector_type),
            ("RecipientDomains", c.recipient_domains),
            ("RouteAllMessagesViaOnPremises", c.route_all_messages_via_on_premises),
        )
    ] or [evidence.config("Get-OutboundConnector", "outbound connectors", ())]
    if left:
        seen = "; ".join(f"'{c.name}' leads {_led(c.recipient_domains)} to {_led(c.smart_hosts)}" for c in left)
        remedy = "\n".join(
            _spare(environment, c) if needed else f"{_SET} {quoted(c.name)} -Enabled $false" for c in left
        )
        return non_compliant(asked, seen, *shown, remedy=remedy)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    return compliant(asked, "none does" if needed else "none is", *shown)


def _carries(connector: OutboundConnector, name: str, assume: Assumptions) -> bool:
    covering = {name, "*", *(f"*.{parent}" for parent in lineage(name))}
    listed = assume.listed(connector.recipient_domains)
    return assume(connector.all_accepted_domains, False) or not covering.isdisjoint(listed)


def _spare(environment: Environment, connector: OutboundConnector) -> str:
    """Say how a connector that other domains need leaves this one alone."""
    if connector.route_all_messages_via_on_premises is True:
        return (
            f"'{connector.name}' carries centralized mail transport, which the whole tenant has, or none of its domains"
        )
    others = (domain.name for domain in environment.domains if environment.own_servers_take_part(domain))
    return f"{_SET} {quoted(connector.name)} -AllAcceptedDomains $false -RecipientDomains {', '.join(others)}"


def _led(names: tuple[str, ...] | Unknown) -> str:
    return "what is not exported" if isinstance(names, Unknown) else ", ".join(names) or "nothing"


def nobody_passes_for_own_servers(environment: Environment) -> Finding:
    """Judge whether every inbound connector for own servers recognises a server or device that there is (Attribution).

    Whoever else comes from the address, or gets a certificate of the name, relays as the organization.
    """
    asked = "no enabled inbound connector of type OnPremises is left for servers that are no more"
    exported = environment.microsoft_365.online.inbound_connectors
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why)
    assume, recognising = Assumptions(), Assumptions()
    needed = {c.name for c in connectors_of_own_servers(environment, recognising)}
    needed |= connectors_of_devices(environment, recognising)
    left = [
        c
        for c in exported
        if c.name not in needed
        and assume(c.enabled, False)
        and assume(c.connector_type, None) is ConnectorType.ON_PREMISES
    ]
    shown = [
        evidence.setting(c.origin, prop, f"inbound connector '{c.name}'", value)
        for c in exported
        for prop, value in (
            ("Enabled", c.enabled),
            ("ConnectorType", c.connector_type),
            ("TlsSenderCertificateName", c.tls_sender_certificate_name),
            ("SenderIPAddresses", c.sender_ip_addresses),
        )
    ] or [evidence.config("Get-InboundConnector", "inbound connectors", ())]
    if left and recognising.made:
        return not_verified(asked, "; ".join(recognising.made), *shown)
    if left:
        seen = "; ".join(f"'{c.name}' recognises no server and no device that environment.yaml names" for c in left)
        remedy = "\n".join(f"Set-InboundConnector {quoted(c.name)} -Enabled $false" for c in left)
        return non_compliant(asked, seen, *shown, remedy=remedy)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    return compliant(asked, "none is", *shown)


def no_recipient_leads_back(environment: Environment, domain: Domain) -> Finding:
    """Judge whether no mail user of the domain leads to a name of the organization where no mailbox is (Routing)."""
    asked = f"no mail user of {domain.name} leads to an address of the organization that no mailbox has"
    online = environment.microsoft_365.online
    if isinstance(online.mail_users, Unknown):
        return not_verified(asked, online.mail_users.why)
    assume = Assumptions()
    shown: list[Evidence] = []
    wrong = []
    for user in online.mail_users:
        if user.primary_smtp_address.domain != domain.name:
            continue
        owner, external = f"mail user {user.primary_smtp_address}", user.external_email_address
        shown.append(evidence.setting(user.origin, "ExternalEmailAddress", owner, external))
        if isinstance(external, Unknown):
            assume.note(external.why)
            continue
        # Set-MailUser: mail for the user goes to that address; where none is set, to the user's own.
        target = external or user.primary_smtp_address
        inside = any(is_within(target.domain, one.name) for one in environment.domains)
        if inside and not online.mailbox_recipients.find(target, assume):
            wrong.append(f"{user.primary_smtp_address} leads to {target}, and no mailbox has that address")
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not shown:
        listed = evidence.config("Get-MailUser", f"mail users of {domain.name}", ())
        return compliant(asked, f"there is no mail user of {domain.name}", listed)
    return compliant(asked, "none does", *shown)


def spf_lists_nobody_else(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge whether every term by which somebody passes is needed by a sender that the environment names.

    "Manage all mailboxes and mail flow using Microsoft 365": list only those who send. What a term lets pass is asked
    of the evaluations of RFC 7208: a term that no known sender matches lets pass whoever has the address now.
    """
    asked = f"the SPF record of {domain.name} lets nobody pass but Microsoft 365 and those whom the environment names"
    shown = evidence.dns(seen.txt)
    if seen.txt.failed:
        return not_verified(asked, f"the look-up of {seen.txt.question} failed", shown, remedy=unanswered((seen.txt,)))
    records = spf_records(seen.txt.values)
    if len(records) != 1:
        return not_applicable(asked, "there is not exactly one SPF record", shown)
    known = {**seen.microsoft_365, **seen.own}
    for party in seen.third_parties.values():
        known |= party
    open_ = [str(a) for a, one in known.items() if one.result in (Result.TEMPERROR, Result.PERMERROR)]
    if open_ or not known:
        return not_verified(asked, f"what it says of {', '.join(open_) or 'anybody'} is not known", shown)
    needed = {entry.text for one in known.values() for entry in one.trace if entry.depth == 0 and entry.matched}
    terms = [d.text for d in parse(records[0]).directives if d.qualifier == "+" and d.mechanism != "all"]
    if spare := [text for text in terms if text not in needed]:
        remedy = (
            f"Take {', '.join(spare)} out of the SPF record of {domain.name}, or name in environment.yaml who it is"
        )
        return non_compliant(asked, f"nobody who is known to send needs {', '.join(spare)}", shown, remedy=remedy)
    return compliant(asked, f"each of {', '.join(terms)} is needed", shown)


def autodiscover_leads_to_microsoft_365(environment: Environment, domain: Domain, alias: Answer) -> Finding:
    """Judge the CNAME by which Outlook finds the mailboxes ("External DNS records for Office 365")."""
    name, cloud = f"autodiscover.{domain.name}", environment.microsoft_365.cloud.autodiscover
    asked = f"{name} is an alias of {cloud}"
    shown = evidence.dns(alias)
    if alias.failed:
        return not_verified(asked, f"the look-up of {alias.question} failed", shown, remedy=unanswered((alias,)))
    remedy = f"Publish: {name}. 3600 IN CNAME {cloud}."
    if alias.outcome is not Outcome.FOUND:
        return non_compliant(asked, "there is no such alias", shown, remedy=remedy)
    _, _, theirs = cloud.partition(".")  # Microsoft has several such names, all beside the documented one
    if not any(is_within(str(value), theirs) for value in alias.values):
        return non_compliant(asked, f"it leads to {', '.join(map(str, alias.values))}", shown, remedy=remedy)
    return compliant(asked, "it is", shown)

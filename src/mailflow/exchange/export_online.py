"""From the rows of Exchange Online's exports to its objects, one function a cmdlet."""

from dataclasses import replace
from enum import StrEnum
from functools import partial

from mailflow.exchange.export_row import Row
from mailflow.exchange.known import Known, Unknown
from mailflow.exchange.online import (
    AcceptedDomain,
    AutoForwardingMode,
    CasMailbox,
    ConnectorType,
    DkimSigningConfig,
    DomainType,
    HostedOutboundSpamFilterPolicy,
    InboundConnector,
    Mailbox,
    MailUser,
    Network,
    OrganizationConfig,
    OutboundConnector,
    RemoteDomain,
    TlsSettings,
    TransportConfig,
    TransportRule,
)
from mailflow.exchange.property_value import (
    address,
    boolean,
    certificate_domain,
    domain,
    host,
    moment,
    networks,
    proxy_address,
    scl,
    text,
    word,
)
from mailflow.mail.address import Address

# Exchange Online writes the words. Of the management shell's numbers only 0 was seen in an export
# (microsoft/CSS-Exchange, HealthChecker test data); 1 and 2 are the order of the enumeration in Exchange's
# own assembly, Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomainType.
_DOMAIN_TYPE = {0: DomainType.AUTHORITATIVE, 1: DomainType.EXTERNAL_RELAY, 2: DomainType.INTERNAL_RELAY}
_NOBODY = Address("", "")  # stands in until the error about the missing address is raised


def accepted_domain(row: Row) -> AcceptedDomain:
    """Read Get-AcceptedDomain, as both sides have it."""
    row.called("accepted domain", "DomainName", "Name")
    return AcceptedDomain(
        domain_name=row.required("DomainName", domain, ""),
        domain_type=row.known("DomainType", partial(word, DomainType, numbers=_DOMAIN_TYPE)),
        match_sub_domains=row.known("MatchSubDomains", boolean),
        default=row.known("Default", boolean),
        origin=row.origin,
    )


def accepted_domain_of_the_tenant(row: Row) -> AcceptedDomain:
    """Read Get-AcceptedDomain of Exchange Online, with what Exchange Server does not have."""
    return replace(
        accepted_domain(row),
        sending_from_domain_disabled=row.known("SendingFromDomainDisabled", boolean),
        sending_to_domain_disabled=row.known("SendingToDomainDisabled", boolean),
    )


def inbound_connector(row: Row) -> InboundConnector:
    """Read Get-InboundConnector."""
    row.called("inbound connector", "Name", "Identity")
    return InboundConnector(
        name=row.required("Name", text, ""),
        enabled=row.known("Enabled", boolean),
        connector_type=row.known("ConnectorType", partial(word, ConnectorType, numbers={})),
        sender_domains=row.many("SenderDomains", domain),
        sender_ip_addresses=_networks(row, "SenderIPAddresses"),
        tls_sender_certificate_name=row.optional("TlsSenderCertificateName", certificate_domain),
        require_tls=row.known("RequireTls", boolean),
        restrict_domains_to_certificate=row.known("RestrictDomainsToCertificate", boolean),
        restrict_domains_to_ip_addresses=row.known("RestrictDomainsToIPAddresses", boolean),
        cloud_services_mail_enabled=row.known("CloudServicesMailEnabled", boolean),
        associated_accepted_domains=row.many("AssociatedAcceptedDomains", _lower_case),
        ef_skip_last_ip=row.known("EFSkipLastIP", boolean),
        ef_skip_ips=_networks(row, "EFSkipIPs"),
        ef_users=row.many("EFUsers", _lower_case),
        origin=row.origin,
    )


def outbound_connector(row: Row) -> OutboundConnector:
    """Read Get-OutboundConnector."""
    row.called("outbound connector", "Name", "Identity")
    return OutboundConnector(
        name=row.required("Name", text, ""),
        enabled=row.known("Enabled", boolean),
        connector_type=row.known("ConnectorType", partial(word, ConnectorType, numbers={})),
        recipient_domains=row.many("RecipientDomains", domain),
        smart_hosts=row.many("SmartHosts", host),
        use_mx_record=row.known("UseMXRecord", boolean),
        tls_settings=row.optional("TlsSettings", partial(word, TlsSettings, numbers={})),
        tls_domain=row.optional("TlsDomain", domain),
        is_transport_rule_scoped=row.known("IsTransportRuleScoped", boolean),
        route_all_messages_via_on_premises=row.known("RouteAllMessagesViaOnPremises", boolean),
        all_accepted_domains=row.known("AllAcceptedDomains", boolean),
        cloud_services_mail_enabled=row.known("CloudServicesMailEnabled", boolean),
        sender_rewriting_enabled=row.known("SenderRewritingEnabled", boolean),
        origin=row.origin,
    )


def transport_rule(row: Row) -> TransportRule:
    """Read Get-TransportRule."""
    row.called("transport rule", "Name", "Identity")
    return TransportRule(
        name=row.required("Name", text, ""),
        enabled=row.known("State", _enabled),
        route_message_outbound_connector=row.optional("RouteMessageOutboundConnector", text),
        origin=row.origin,
        from_scope=row.optional("FromScope", text),
        sent_to_scope=row.optional("SentToScope", text),
        conditions=row.many("Conditions", text),
        exceptions=row.many("Exceptions", text),
        mode=row.optional("Mode", text),
        actions=row.many("Actions", text),
        set_scl=row.optional("SetSCL", scl),
        sender_ip_ranges=_networks(row, "SenderIpRanges"),
        recipient_domain_is=row.many("RecipientDomainIs", domain),
    )


def remote_domain(row: Row) -> RemoteDomain:
    """Read Get-RemoteDomain."""
    row.called("remote domain", "DomainName", "Name")
    return RemoteDomain(
        domain_name=row.required("DomainName", domain, ""),
        auto_forward_enabled=row.known("AutoForwardEnabled", boolean),
        origin=row.origin,
    )


def organization_config(row: Row) -> OrganizationConfig:
    """Read Get-OrganizationConfig."""
    row.called("organization", "Name", "Identity")
    return OrganizationConfig(reject_direct_send=row.known("RejectDirectSend", boolean), origin=row.origin)


def transport_config(row: Row) -> TransportConfig:
    """Read Get-TransportConfig."""
    row.called("organization", "Name", "Identity")
    disabled = row.known("SmtpClientAuthenticationDisabled", boolean)
    return TransportConfig(smtp_client_authentication_disabled=disabled, origin=row.origin)


def cas_mailbox(row: Row) -> CasMailbox:
    """Read Get-CASMailbox."""
    row.called("mailbox", "PrimarySmtpAddress", "Name")
    return CasMailbox(
        primary_smtp_address=row.required("PrimarySmtpAddress", address, _NOBODY),
        smtp_client_authentication_disabled=row.optional("SmtpClientAuthenticationDisabled", boolean),
        origin=row.origin,
    )


def outbound_spam_filter_policy(row: Row) -> HostedOutboundSpamFilterPolicy:
    """Read Get-HostedOutboundSpamFilterPolicy."""
    row.called("outbound spam filter policy", "Name", "Identity")
    return HostedOutboundSpamFilterPolicy(
        name=row.required("Name", text, ""),
        is_default=row.known("IsDefault", boolean),
        auto_forwarding_mode=row.known("AutoForwardingMode", partial(word, AutoForwardingMode, numbers={})),
        origin=row.origin,
    )


def dkim_signing_config(row: Row) -> DkimSigningConfig:
    """Read Get-DkimSigningConfig."""
    row.called("signing configuration", "Domain", "Name")
    return DkimSigningConfig(
        domain=row.required("Domain", domain, "invalid"),
        enabled=row.known("Enabled", boolean),
        selector_1_cname=row.known("Selector1CNAME", domain),
        selector_2_cname=row.known("Selector2CNAME", domain),
        rotate_on_date=row.known("RotateOnDate", moment),
        selector_before_rotate_on_date=row.known("SelectorBeforeRotateOnDate", domain),
        selector_after_rotate_on_date=row.known("SelectorAfterRotateOnDate", domain),
        origin=row.origin,
    )


def mailbox(row: Row) -> Mailbox:
    """Read Get-Mailbox, of the tenant or of the own servers."""
    row.called("mailbox", "PrimarySmtpAddress", "Name")
    primary = row.required("PrimarySmtpAddress", address, _NOBODY)
    return Mailbox(
        primary_smtp_address=primary,
        email_addresses=email_addresses(row, primary),
        forwarding_smtp_address=row.optional("ForwardingSmtpAddress", address),
        deliver_to_mailbox_and_forward=row.known("DeliverToMailboxAndForward", boolean),
        origin=row.origin,
    )


def mail_user(row: Row) -> MailUser:
    """Read Get-MailUser."""
    row.called("mail user", "PrimarySmtpAddress", "Name")
    primary = row.required("PrimarySmtpAddress", address, _NOBODY)
    return MailUser(
        primary_smtp_address=primary,
        email_addresses=email_addresses(row, primary),
        external_email_address=row.optional("ExternalEmailAddress", address),
        origin=row.origin,
    )


def email_addresses(row: Row, primary: Address) -> Known[tuple[Address, ...]]:
    """Read EmailAddresses: those of SMTP, each once, the primary one among them."""
    found = row.many("EmailAddresses", proxy_address, split=False)
    if isinstance(found, Unknown):
        return found
    each = dict.fromkeys(one for one in found if one is not None)
    return tuple(each) if primary in each else (primary, *each)


class _State(StrEnum):
    """State of a transport rule."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


def _enabled(value: object) -> bool:
    return word(_State, value, {}) is _State.ENABLED


def _lower_case(value: object) -> str:
    return text(value).lower()


def _networks(row: Row, name: str) -> Known[tuple[Network, ...]]:
    found = row.many(name, networks)
    return found if isinstance(found, Unknown) else tuple(each for several in found for each in several)

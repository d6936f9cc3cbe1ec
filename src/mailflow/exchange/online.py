"""The objects of Exchange Online that mail flow rests on, one class a cmdlet.

Each field is the property of the same name in snake case; a property that the export lacks is `Unknown`.
Meaning of the properties: Set-InboundConnector, Set-OutboundConnector, Set-AcceptedDomain (Microsoft's
cmdlet reference) and the documents that docs/behaviours.md names rule by rule.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from mailflow.exchange.directory import Directory
from mailflow.exchange.known import Known, Origin, Unknown
from mailflow.mail.address import Address

T = TypeVar("T")
Network = IPv4Network | IPv6Network


class DomainType(StrEnum):
    """How an accepted domain treats recipients it does not know."""

    AUTHORITATIVE = "Authoritative"  # refused
    INTERNAL_RELAY = "InternalRelay"  # handed to the own servers
    EXTERNAL_RELAY = "ExternalRelay"  # on-premises only


class ConnectorType(StrEnum):
    """Whose servers stand at the other end."""

    ON_PREMISES = "OnPremises"
    PARTNER = "Partner"


class TlsSettings(StrEnum):
    """TlsSettings of an outbound connector; None in the field is opportunistic TLS."""

    ENCRYPTION_ONLY = "EncryptionOnly"
    CERTIFICATE_VALIDATION = "CertificateValidation"
    DOMAIN_VALIDATION = "DomainValidation"


@dataclass(frozen=True, slots=True)
class AcceptedDomain:
    """Get-AcceptedDomain, in the tenant or on the own servers."""

    domain_name: str  # "*" occurs on-premises only
    domain_type: Known[DomainType]
    match_sub_domains: Known[bool]
    default: Known[bool]
    origin: Origin
    sending_from_domain_disabled: Known[bool] = False  # in the tenant only, as the next
    sending_to_domain_disabled: Known[bool] = False


def by_name(listed: Known[tuple[T, ...]], name: Callable[[T], str]) -> Mapping[str, tuple[T, ...]]:
    """Give objects by the domain names that are written in them; none where they are unknown."""
    found: dict[str, list[T]] = defaultdict(list)
    for one in () if isinstance(listed, Unknown) else listed:
        found[name(one)].append(one)
    return {written: tuple(several) for written, several in found.items()}


@dataclass(frozen=True, slots=True)
class InboundConnector:
    """Get-InboundConnector: mail that comes into Microsoft 365 from the own servers or a partner."""

    name: str
    enabled: Known[bool]
    connector_type: Known[ConnectorType]
    sender_domains: Known[tuple[str, ...]]  # without "smtp:" and cost: "*", "contoso.com", "*.contoso.com"
    sender_ip_addresses: Known[tuple[Network, ...]]
    tls_sender_certificate_name: Known[str | None]  # lower case; "*.contoso.com" and "mail.contoso.com" occur
    require_tls: Known[bool]
    restrict_domains_to_certificate: Known[bool]
    restrict_domains_to_ip_addresses: Known[bool]
    cloud_services_mail_enabled: Known[bool]
    associated_accepted_domains: Known[tuple[str, ...]]
    ef_skip_last_ip: Known[bool]
    ef_skip_ips: Known[tuple[Network, ...]]
    ef_users: Known[tuple[str, ...]]
    origin: Origin


@dataclass(frozen=True, slots=True)
class OutboundConnector:
    """Get-OutboundConnector: mail that leaves Microsoft 365 for the own servers or a partner."""

    name: str
    enabled: Known[bool]
    connector_type: Known[ConnectorType]
    recipient_domains: Known[tuple[str, ...]]  # "*", "contoso.com", "*.contoso.com"
    smart_hosts: Known[tuple[str, ...]]  # host names or addresses, lower case
    use_mx_record: Known[bool]
    tls_settings: Known[TlsSettings | None]
    tls_domain: Known[str | None]
    is_transport_rule_scoped: Known[bool]
    route_all_messages_via_on_premises: Known[bool]  # centralized mail transport
    all_accepted_domains: Known[bool]
    cloud_services_mail_enabled: Known[bool]
    sender_rewriting_enabled: Known[bool]
    origin: Origin


@dataclass(frozen=True, slots=True)
class TransportRule:
    """Get-TransportRule, as far as it decides where a message goes, and whether it is filtered."""

    name: str
    enabled: Known[bool]  # State
    route_message_outbound_connector: Known[str | None]
    origin: Origin
    from_scope: Known[str | None] = None  # InOrganization, NotInOrganization; None: whoever sends
    sent_to_scope: Known[str | None] = None  # the same, of recipients
    conditions: Known[tuple[str, ...]] = ()  # every predicate, those of the two scopes included
    exceptions: Known[tuple[str, ...]] = ()
    mode: Known[str | None] = None  # Enforce, Audit, AuditAndNotify
    actions: Known[tuple[str, ...]] = ()  # every action, by the name of its class
    set_scl: Known[int | None] = None  # the spam confidence level; -1: the message is not filtered
    sender_ip_ranges: Known[tuple[Network, ...]] = ()  # of the condition SenderIpRanges
    recipient_domain_is: Known[tuple[str, ...]] = ()  # of the condition RecipientDomainIs


@dataclass(frozen=True, slots=True)
class RemoteDomain:
    """Get-RemoteDomain: what may be sent to a domain elsewhere."""

    domain_name: str  # "*" is the default
    auto_forward_enabled: Known[bool]
    origin: Origin


@dataclass(frozen=True, slots=True)
class OrganizationConfig:
    """Get-OrganizationConfig."""

    reject_direct_send: Known[bool]
    origin: Origin


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """Get-TransportConfig."""

    smtp_client_authentication_disabled: Known[bool]  # for every mailbox that does not say otherwise
    origin: Origin


@dataclass(frozen=True, slots=True)
class CasMailbox:
    """Get-CASMailbox: by which protocols a mailbox may be used."""

    primary_smtp_address: Address
    smtp_client_authentication_disabled: Known[bool | None]  # None: as in Get-TransportConfig
    origin: Origin


class AutoForwardingMode(StrEnum):
    """AutoForwardingMode of an outbound spam filter policy."""

    AUTOMATIC = "Automatic"
    ON = "On"
    OFF = "Off"


@dataclass(frozen=True, slots=True)
class HostedOutboundSpamFilterPolicy:
    """Get-HostedOutboundSpamFilterPolicy: whether mailboxes may forward outside."""

    name: str
    is_default: Known[bool]
    auto_forwarding_mode: Known[AutoForwardingMode]
    origin: Origin


@dataclass(frozen=True, slots=True)
class DkimSigningConfig:
    """Get-DkimSigningConfig: with which names the tenant signs the mail of a domain."""

    domain: str
    enabled: Known[bool]
    selector_1_cname: Known[str]  # lower case, no dot at the end
    selector_2_cname: Known[str]
    rotate_on_date: Known[datetime]  # aware; of the last change of keys or the next
    selector_before_rotate_on_date: Known[str]  # selector1 or selector2
    selector_after_rotate_on_date: Known[str]
    origin: Origin

    def selector_at(self, now: datetime) -> Known[str]:
        """Give the selector with which the tenant signs at a time, aware ("Set up DKIM", Rotate DKIM keys)."""
        if isinstance(self.rotate_on_date, Unknown):
            return self.rotate_on_date
        before = now < self.rotate_on_date
        return self.selector_before_rotate_on_date if before else self.selector_after_rotate_on_date


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Get-Mailbox, in the tenant or on the own servers."""

    primary_smtp_address: Address
    email_addresses: Known[tuple[Address, ...]]  # all SMTP proxy addresses, the primary one included
    forwarding_smtp_address: Known[Address | None]
    deliver_to_mailbox_and_forward: Known[bool]
    origin: Origin


@dataclass(frozen=True, slots=True)
class MailUser:
    """Get-MailUser in the tenant: a recipient whose mailbox is elsewhere (on the own servers)."""

    primary_smtp_address: Address
    email_addresses: Known[tuple[Address, ...]]
    external_email_address: Known[Address | None]
    origin: Origin


@dataclass(frozen=True)
class ExchangeOnline:
    """What the exports say of the tenant. A cmdlet that was not exported is `Unknown`; an empty export is ()."""

    accepted_domains: Known[tuple[AcceptedDomain, ...]]
    inbound_connectors: Known[tuple[InboundConnector, ...]]
    outbound_connectors: Known[tuple[OutboundConnector, ...]]
    transport_rules: Known[tuple[TransportRule, ...]]
    remote_domains: Known[tuple[RemoteDomain, ...]]
    organization_config: Known[OrganizationConfig]
    transport_config: Known[TransportConfig]
    dkim_signing_configs: Known[tuple[DkimSigningConfig, ...]]
    outbound_spam_filter_policies: Known[tuple[HostedOutboundSpamFilterPolicy, ...]]
    mailboxes: Known[tuple[Mailbox, ...]]
    mail_users: Known[tuple[MailUser, ...]]
    cas_mailboxes: Known[tuple[CasMailbox, ...]]
    exported: datetime | None = None  # when, aware, UTC; None: nobody says

    # A thousand domains ask each for their own: whoever looked through all would make the cost quadratic.
    @cached_property
    def accepted_by_name(self) -> Mapping[str, tuple[AcceptedDomain, ...]]:
        """The accepted domains by their names; none where they are unknown."""
        return by_name(self.accepted_domains, lambda one: one.domain_name)

    @cached_property
    def remote_by_name(self) -> Mapping[str, tuple[RemoteDomain, ...]]:
        """The remote domains by their names, wildcards among them; none where they are unknown."""
        return by_name(self.remote_domains, lambda one: one.domain_name)

    @cached_property
    def dkim_by_name(self) -> Mapping[str, tuple[DkimSigningConfig, ...]]:
        """The signing configurations by the domain; none where they are unknown."""
        return by_name(self.dkim_signing_configs, lambda one: one.domain)

    @cached_property
    def recipients(self) -> Directory[Mailbox | MailUser]:
        """Everybody whom the tenant knows. A mailbox counts before a mail user."""
        return Directory[Mailbox | MailUser](self.mail_users, self.mailboxes)

    @cached_property
    def mailbox_recipients(self) -> Directory[Mailbox]:
        """Those who have a mailbox in the tenant."""
        return Directory[Mailbox](self.mailboxes)

    @cached_property
    def mail_user_recipients(self) -> Directory[MailUser]:
        """Those whose mailbox is elsewhere."""
        return Directory[MailUser](self.mail_users)

"""The objects of Exchange Server on the own premises that mail flow rests on, one class a cmdlet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.directory import Directory
from mailflow.exchange.known import Known, Origin
from mailflow.exchange.online import AcceptedDomain, Mailbox, by_name
from mailflow.mail.address import Address


class TlsAuthLevel(StrEnum):
    """TlsAuthLevel of a send connector; None in the field where it is not set."""

    ENCRYPTION_ONLY = "EncryptionOnly"
    CERTIFICATE_VALIDATION = "CertificateValidation"
    DOMAIN_VALIDATION = "DomainValidation"


class SmartHostAuth(StrEnum):
    """SmartHostAuthMechanism of a send connector: how it signs in at its smart host."""

    NONE = "None"
    BASIC_AUTH = "BasicAuth"
    BASIC_AUTH_REQUIRE_TLS = "BasicAuthRequireTLS"
    EXCHANGE_SERVER = "ExchangeServer"
    EXTERNAL_AUTHORITATIVE = "ExternalAuthoritative"  # secured by other means, IPsec for example: it does not sign in

    @property
    def signs_in(self) -> bool:
        """Whether the smart host has to offer AUTH."""
        return self not in (SmartHostAuth.NONE, SmartHostAuth.EXTERNAL_AUTHORITATIVE)


# What an Edge Subscription writes: as an address space every accepted domain that is no external relay, as a smart host
# every Mailbox server of the subscribed site (Edge Subscriptions, Inbound Send connector).
INSIDE = "--"


@dataclass(frozen=True, slots=True)
class AddressSpace:
    """One address space of a send connector: `smtp:*;1`."""

    domain: str  # "*", "contoso.com", "*.contoso.com", INSIDE
    cost: int  # 1 to 100, the lower the sooner


@dataclass(frozen=True, slots=True)
class TlsCertificateName:
    """`<I>issuer<S>subject`, the names as Exchange prints them."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class SendConnector:
    """Get-SendConnector: mail that leaves the own servers."""

    name: str
    enabled: Known[bool]
    address_spaces: Known[tuple[AddressSpace, ...]]
    dns_routing_enabled: Known[bool]
    smart_hosts: Known[tuple[str, ...]]
    fqdn: Known[str | None]  # the name in EHLO
    require_tls: Known[bool]
    tls_auth_level: Known[TlsAuthLevel | None]
    tls_domain: Known[str | None]
    tls_certificate_name: Known[TlsCertificateName | None]
    cloud_services_mail_enabled: Known[bool]
    source_transport_servers: Known[tuple[str, ...]]  # names of Exchange servers
    origin: Origin
    port: Known[int] = 25
    smart_host_auth_mechanism: Known[SmartHostAuth] = SmartHostAuth.NONE  # without DNS routing only


@dataclass(frozen=True, slots=True)
class ReceiveConnector:
    """Get-ReceiveConnector: mail that comes into one own server."""

    name: str
    server: Known[str]  # name of the Exchange server
    enabled: Known[bool]
    remote_ip_ranges: Known[tuple[AddressRange, ...]]
    permission_groups: Known[frozenset[str]]  # AnonymousUsers, ExchangeServers, … in Exchange's spelling
    anonymous_may_relay: Known[bool]  # ms-Exch-SMTP-Accept-Any-Recipient, from Get-ADPermission where exported
    auth_mechanism: Known[frozenset[str]]  # Tls, Integrated, ExternalAuthoritative, …
    require_tls: Known[bool]
    tls_certificate_name: Known[TlsCertificateName | None]
    tls_domain_capabilities: Known[
        tuple[tuple[str, str], ...]
    ]  # ("mail.protection.outlook.com", "AcceptCloudServicesMail")
    bindings_ports: Known[tuple[int, ...]]
    origin: Origin


@dataclass(frozen=True, slots=True)
class ExchangeCertificate:
    """Get-ExchangeCertificate: a certificate in the store of an own server."""

    thumbprint: str
    subject: Known[str]
    issuer: Known[str]
    not_after: Known[datetime]  # aware, UTC
    server: Known[str]
    origin: Origin


@dataclass(frozen=True, slots=True)
class RemoteMailbox:
    """Get-RemoteMailbox: what the own servers know of a mailbox that is in the tenant."""

    primary_smtp_address: Address
    email_addresses: Known[tuple[Address, ...]]
    remote_routing_address: Known[Address | None]
    origin: Origin


@dataclass(frozen=True)
class ExchangeServer:
    """What the exports say of the own Exchange servers. A cmdlet that was not exported is `Unknown`."""

    accepted_domains: Known[tuple[AcceptedDomain, ...]]
    send_connectors: Known[tuple[SendConnector, ...]]
    receive_connectors: Known[tuple[ReceiveConnector, ...]]
    certificates: Known[tuple[ExchangeCertificate, ...]]
    mailboxes: Known[tuple[Mailbox, ...]]
    remote_mailboxes: Known[tuple[RemoteMailbox, ...]]
    exported: datetime | None = None  # when, aware, UTC; None: nobody says

    @cached_property
    def accepted_by_name(self) -> Mapping[str, tuple[AcceptedDomain, ...]]:
        """The accepted domains by their names, `*` and `*.contoso.com` among them; none where they are unknown."""
        return by_name(self.accepted_domains, lambda one: one.domain_name)

    @cached_property
    def recipients(self) -> Directory[Mailbox | RemoteMailbox]:
        """Everybody whom the own servers know. A mailbox of their own counts before one in the tenant."""
        return Directory[Mailbox | RemoteMailbox](self.remote_mailboxes, self.mailboxes)

    @cached_property
    def mailbox_recipients(self) -> Directory[Mailbox]:
        """Those who have a mailbox on the own servers."""
        return Directory[Mailbox](self.mailboxes)

    @cached_property
    def remote_recipients(self) -> Directory[RemoteMailbox]:
        """Those whose mailbox is in the tenant."""
        return Directory[RemoteMailbox](self.remote_mailboxes)

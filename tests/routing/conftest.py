"""Contoso, built from literals: every builder gives what complies, so that a test names only what it changes.

contoso.com has chris (a mailbox in the tenant) and kate (a mailbox on EX01, a mail user in the tenant). Outside are
fabrikam.com, a tenant of Microsoft 365 too, and tailspintoys.com with a server of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from mailflow.environment.answers import Conditions, Expects
from mailflow.environment.environment import (
    Certificate,
    Domain,
    Environment,
    Microsoft365,
    OnPremises,
    OtherServer,
    Outside,
    Route,
    Server,
)
from mailflow.environment.mailboxes import Mailboxes
from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.cloud import cloud
from mailflow.exchange.known import Assumptions, Origin
from mailflow.exchange.online import (
    AcceptedDomain,
    AutoForwardingMode,
    ConnectorType,
    DomainType,
    ExchangeOnline,
    HostedOutboundSpamFilterPolicy,
    InboundConnector,
    Mailbox,
    MailUser,
    OrganizationConfig,
    OutboundConnector,
    RemoteDomain,
    TlsSettings,
    TransportConfig,
    TransportRule,
)
from mailflow.exchange.server import (
    AddressSpace,
    ExchangeCertificate,
    ExchangeServer,
    ReceiveConnector,
    RemoteMailbox,
    SendConnector,
    TlsAuthLevel,
    TlsCertificateName,
)
from mailflow.mail.address import Address
from mailflow.routing.decision import Action, Client, Direction, Held, Reception, Refuse, Router, Rule, Tls

TENANT_ID = "3f1c0000-0000-0000-0000-00000000c0de"
FABRIKAM_ID = "fab00000-0000-0000-0000-00000000cafe"
OWN_SERVER = "131.107.21.231"
STRANGER = "203.0.113.99"
FROM_CLOUD = "40.107.0.1"
CHRIS, KATE = Address("chris", "contoso.com"), Address("kate", "contoso.com")
CHRIS_ROUTING = Address("chris", "contoso.mail.onmicrosoft.com")
NOBODY = Address("nobody", "contoso.com")
JOHN = Address("john", "tailspintoys.com")
FAY = Address("fay", "fabrikam.com")
EGRESS = "eur05-obe.outbound.protection.outlook.com"
THE_RULE = Rule("the test says so", "the test")
ORIGIN = Origin("export.json", 1)


def addresses(*texts: str) -> tuple[Any, ...]:
    """Give networks: `131.107.21.231`, `192.0.2.0/24`."""
    return tuple(map(ip_network, texts))


# Exchange Online


def accepted(
    name: str,
    domain_type: Any = DomainType.AUTHORITATIVE,
    *,
    subdomains: Any = False,
    default: Any = False,
    origin: Origin = ORIGIN,
) -> AcceptedDomain:
    return AcceptedDomain(name, domain_type, subdomains, default, origin)


def inbound(name: str = "Inbound from EX01", **changes: Any) -> InboundConnector:
    """Build an OnPremises connector that knows the own servers by certificate."""
    return replace(
        InboundConnector(
            name=name,
            enabled=True,
            connector_type=ConnectorType.ON_PREMISES,
            sender_domains=("*",),
            sender_ip_addresses=(),
            tls_sender_certificate_name="*.contoso.com",
            require_tls=True,
            restrict_domains_to_certificate=False,
            restrict_domains_to_ip_addresses=False,
            cloud_services_mail_enabled=True,
            associated_accepted_domains=(),
            ef_skip_last_ip=False,
            ef_skip_ips=(),
            ef_users=(),
            origin=ORIGIN,
        ),
        **changes,
    )


def by_address(*texts: str, name: str = "By address", **changes: Any) -> InboundConnector:
    """Build an OnPremises connector that knows the own servers by address."""
    given = {"tls_sender_certificate_name": None, "sender_ip_addresses": addresses(*texts or (OWN_SERVER,))}
    return inbound(name, **(given | changes))


def partner(name: str = "Partner", **changes: Any) -> InboundConnector:
    """Build a Partner connector for fabrikam.com that demands nothing."""
    given = {
        "connector_type": ConnectorType.PARTNER,
        "sender_domains": ("fabrikam.com",),
        "tls_sender_certificate_name": None,
        "require_tls": False,
        "cloud_services_mail_enabled": False,
    }
    return inbound(name, **(given | changes))


def lock(name: str = "Lock", **changes: Any) -> InboundConnector:
    """Build the lock-down of Third-party filter: every sender, by the organization's certificate only."""
    given = {
        "sender_domains": ("*",),
        "restrict_domains_to_certificate": True,
        "tls_sender_certificate_name": "*.contoso.com",
        "require_tls": True,
    }
    return partner(name, **(given | changes))


def outbound(name: str = "Outbound to EX01", **changes: Any) -> OutboundConnector:
    """Build the connector that the Hybrid Configuration wizard writes."""
    return replace(
        OutboundConnector(
            name=name,
            enabled=True,
            connector_type=ConnectorType.ON_PREMISES,
            recipient_domains=("contoso.com",),
            smart_hosts=("mail.contoso.com",),
            use_mx_record=False,
            tls_settings=TlsSettings.DOMAIN_VALIDATION,
            tls_domain="mail.contoso.com",
            is_transport_rule_scoped=False,
            route_all_messages_via_on_premises=False,
            all_accepted_domains=False,
            cloud_services_mail_enabled=True,
            sender_rewriting_enabled=False,
            origin=ORIGIN,
        ),
        **changes,
    )


def centralized(name: str = "Centralized", **changes: Any) -> OutboundConnector:
    """Build the connector that carries centralized mail transport."""
    return outbound(name, **({"recipient_domains": ("*",), "route_all_messages_via_on_premises": True} | changes))


def rule(
    name: str = "To the archive", connector: Any = "Archive", enabled: Any = True, **changes: Any
) -> TransportRule:
    return TransportRule(name, enabled, connector, ORIGIN, **changes)


def remote_domain(name: str = "*", auto_forward_enabled: Any = True) -> RemoteDomain:
    return RemoteDomain(name, auto_forward_enabled, ORIGIN)


def spam_policy(mode: Any = AutoForwardingMode.ON, *, default: Any = True) -> HostedOutboundSpamFilterPolicy:
    return HostedOutboundSpamFilterPolicy("Default", default, mode, ORIGIN)


def mailbox(address: Address = CHRIS, **changes: Any) -> Mailbox:
    return replace(Mailbox(address, (address,), None, False, ORIGIN), **changes)


def mail_user(address: Address = KATE, **changes: Any) -> MailUser:
    return replace(MailUser(address, (address,), address, ORIGIN), **changes)


def online(**changes: Any) -> ExchangeOnline:
    return replace(
        ExchangeOnline(
            accepted_domains=(
                accepted("contoso.com", default=True),
                accepted("contoso.mail.onmicrosoft.com"),
            ),
            inbound_connectors=(inbound(),),
            outbound_connectors=(outbound(),),
            transport_rules=(),
            remote_domains=(remote_domain(),),
            organization_config=OrganizationConfig(False, ORIGIN),
            dkim_signing_configs=(),
            outbound_spam_filter_policies=(spam_policy(),),
            mailboxes=(mailbox(email_addresses=(CHRIS, CHRIS_ROUTING)),),
            mail_users=(mail_user(),),
            transport_config=TransportConfig(False, ORIGIN),
            cas_mailboxes=(),
        ),
        **changes,
    )


# Exchange Server


def space(domain: str, cost: int = 1) -> AddressSpace:
    return AddressSpace(domain, cost)


def send(name: str = "Outbound to Office 365", **changes: Any) -> SendConnector:
    """Build the send connector that the Hybrid Configuration wizard writes."""
    return replace(
        SendConnector(
            name=name,
            enabled=True,
            address_spaces=(space("contoso.mail.onmicrosoft.com"),),
            dns_routing_enabled=True,
            smart_hosts=(),
            fqdn="mail.contoso.com",
            require_tls=True,
            tls_auth_level=TlsAuthLevel.DOMAIN_VALIDATION,
            tls_domain="mail.protection.outlook.com",
            tls_certificate_name=TlsCertificateName("CN=Public CA", "CN=mail.contoso.com"),
            cloud_services_mail_enabled=True,
            source_transport_servers=("EX01",),
            origin=ORIGIN,
        ),
        **changes,
    )


def to_internet(name: str = "Internet", **changes: Any) -> SendConnector:
    """Build a send connector for everything else, by DNS."""
    given = {
        "address_spaces": (space("*"),),
        "require_tls": False,
        "tls_auth_level": None,
        "tls_domain": None,
        "tls_certificate_name": None,
        "cloud_services_mail_enabled": False,
    }
    return send(name, **(given | changes))


def ip_range(text: str) -> AddressRange:
    network = ip_network(text)
    return AddressRange(network.version, int(network[0]), int(network[-1]))


EVERYWHERE = (ip_range("0.0.0.0/0"), ip_range("::/0"))


def receive(name: str = "Default Frontend EX01", **changes: Any) -> ReceiveConnector:
    """Build the receive connector that the Hybrid Configuration wizard leaves behind."""
    return replace(
        ReceiveConnector(
            name=name,
            server="EX01",
            enabled=True,
            remote_ip_ranges=EVERYWHERE,
            permission_groups=frozenset({"AnonymousUsers", "ExchangeServers"}),
            anonymous_may_relay=False,
            auth_mechanism=frozenset({"Tls", "Integrated"}),
            require_tls=False,
            tls_certificate_name=None,
            tls_domain_capabilities=(("mail.protection.outlook.com", "AcceptCloudServicesMail"),),
            bindings_ports=(25,),
            origin=ORIGIN,
        ),
        **changes,
    )


def certificate(**changes: Any) -> ExchangeCertificate:
    """Build the certificate that the hybrid connectors name."""
    return replace(
        ExchangeCertificate(
            thumbprint="F12AC71E",
            subject="CN=mail.contoso.com",
            issuer="CN=Public CA",
            not_after=datetime(2036, 1, 1, tzinfo=UTC),
            server="EX01",
            origin=ORIGIN,
        ),
        **changes,
    )


def remote_mailbox(address: Address = CHRIS, **changes: Any) -> RemoteMailbox:
    return replace(RemoteMailbox(address, (address,), CHRIS_ROUTING, ORIGIN), **changes)


def exchange(**changes: Any) -> ExchangeServer:
    return replace(
        ExchangeServer(
            accepted_domains=(accepted("contoso.com"), accepted("contoso.mail.onmicrosoft.com")),
            send_connectors=(send(), to_internet()),
            receive_connectors=(receive(),),
            certificates=(certificate(),),
            mailboxes=(mailbox(KATE),),
            remote_mailboxes=(remote_mailbox(),),
        ),
        **changes,
    )


# The organization


def _certificate() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.contoso.com")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=3650))
    return Certificate("certificates/mail.contoso.com.pem", builder.sign(key, hashes.SHA256()), (), True, "")


CERTIFICATE = _certificate()


def server(**changes: Any) -> Server:
    return replace(
        Server(
            name="mail.contoso.com",
            listens=(ip_address(OWN_SERVER),),
            sends_from=(ip_address(OWN_SERVER),),
            greets_as="mail.contoso.com",
            exchange_name="EX01",
            certificate=CERTIFICATE,
            other=None,
            origin="environment.yaml:12",
        ),
        **changes,
    )


def route(domain: str, smart_host: str | None = None, **changes: Any) -> Route:
    return replace(Route(domain, smart_host, False, False), **changes)


def other(**changes: Any) -> OtherServer:
    """Build the facts of a server that is not Exchange."""
    return replace(
        OtherServer(
            accepts_for=("contoso.com",),
            relays_for=addresses("10.0.0.0/8"),
            relays_for_microsoft_365=True,
            accepts_from=None,
            routes=(
                route("contoso.mail.onmicrosoft.com", "contoso-com.mail.protection.outlook.com", require_tls=True),
                route("*"),
            ),
            routing_addresses={CHRIS: CHRIS_ROUTING},
            starttls=True,
        ),
        **changes,
    )


FABRIKAM = Outside("fabrikam.com", (FAY,), "fabrikam-com.mail.protection.outlook.com", (), FABRIKAM_ID)
TAILSPIN = Outside("tailspintoys.com", (JOHN,), "mx.tailspintoys.com", (ip_address("198.51.100.7"),), None)


def organization(
    tenant: ExchangeOnline | None = None,
    own: ExchangeServer | None = None,
    *,
    servers: Iterable[Server] | None = None,
    forwards: Mapping[Address, Address] | None = None,
    cloud_name: str = "worldwide",
) -> Environment:
    """Build Contoso around a tenant and the exports of its own servers."""
    return Environment(
        name="contoso",
        folder=Path("contoso"),
        organization="Contoso",
        domains=(Domain("contoso.com", 1, ()),),
        microsoft_365=Microsoft365(cloud(cloud_name), "contoso", TENANT_ID, tenant or online()),
        on_premises=OnPremises((server(),) if servers is None else tuple(servers), own or exchange()),
        third_parties=(),
        mailboxes=Mailboxes((CHRIS,), (KATE,), forwards or {}),
        conditions=Conditions((), None),
        expects=Expects(None, None),
        outside=(FABRIKAM, TAILSPIN),
        zones={},
        authorities=(),
        waivers=(),
        digest="",
        lines={},
    )


# Messages


def client(
    address: str = STRANGER, *names: str, trusted: bool = True, tls: bool = True, helo: str = "helo.example"
) -> Client:
    """Build a client, with the names on the certificate that it shows."""
    return Client(ip_address(address), helo, Tls("TLSv1.3", names, trusted and bool(names)) if tls else None)


def own_server(**changes: Any) -> Client:
    """Build the own server as Microsoft 365 sees it."""
    return client(OWN_SERVER, "mail.contoso.com", **changes)


def the_tenant(**changes: Any) -> Client:
    """Build Microsoft 365 as an own server sees it."""
    return client(FROM_CLOUD, "mail.protection.outlook.com", **changes)


@dataclass(frozen=True)
class Decided:
    """What was decided and what was taken for granted."""

    what: Any
    assumed: tuple[str, ...] = ()


def at_connection(router: Router, by: Client) -> Decided:
    assume = Assumptions()
    return Decided(router.connection(by, assume), assume.made)


def at_rcpt(router: Router, by: Client, mail_from: Address | None, recipient: Address) -> Decided:
    """Offer a message."""
    assume = Assumptions()
    taken: Reception | Refuse = router.recipient(by, mail_from, recipient, assume)
    return Decided(taken, assume.made)


def incoming(tenant_id: str = "") -> Reception:
    return Reception(Direction.INCOMING, THE_RULE, tenant_id=tenant_id)


def originating(tenant_id: str = "", *, from_on_premises: bool = False) -> Reception:
    return Reception(Direction.ORIGINATING, THE_RULE, tenant_id=tenant_id, from_on_premises=from_on_premises)


def routed(
    router: Router, recipient: Address, mail_from: Address | None = JOHN, how: Reception | None = None, **held: bool
) -> Decided:
    """Route an accepted message."""
    assume = Assumptions()
    actions: tuple[Action, ...] = router.actions(Held(recipient, mail_from, how or incoming(TENANT_ID), **held), assume)
    return Decided(actions, assume.made)

"""A property that no export says is told with every decision that rests on it, one property after the other."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest

from mailflow.exchange.cloud import Cloud
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import (
    AcceptedDomain,
    DkimSigningConfig,
    ExchangeOnline,
    HostedOutboundSpamFilterPolicy,
    InboundConnector,
    Mailbox,
    MailUser,
    OrganizationConfig,
    OutboundConnector,
    RemoteDomain,
    TlsSettings,
    TransportRule,
)
from mailflow.exchange.server import (
    ExchangeCertificate,
    ExchangeServer,
    ReceiveConnector,
    RemoteMailbox,
    SendConnector,
    TlsAuthLevel,
)
from mailflow.mail.address import Address
from mailflow.routing.decision import Router
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.microsoft_365 import Microsoft365Router
from mailflow.routing.other_server import OtherServerRouter
from tests.routing.conftest import (
    CHRIS,
    CHRIS_ROUTING,
    FAY,
    FROM_CLOUD,
    JOHN,
    KATE,
    NOBODY,
    ORIGIN,
    TENANT_ID,
    Decided,
    accepted,
    addresses,
    at_connection,
    at_rcpt,
    by_address,
    centralized,
    certificate,
    client,
    exchange,
    inbound,
    incoming,
    lock,
    mail_user,
    mailbox,
    online,
    organization,
    originating,
    other,
    outbound,
    own_server,
    partner,
    receive,
    remote_domain,
    remote_mailbox,
    routed,
    rule,
    send,
    server,
    spam_policy,
    the_tenant,
    to_internet,
)

WHY = Unknown("the export does not say it")
SUBDOMAIN = Address("x", "eu.contoso.com")
FROM_EX01 = originating(TENANT_ID, from_on_premises=True)
SUBMITTED = originating(TENANT_ID)


def m365(**tenant: Any) -> Microsoft365Router:
    return Microsoft365Router(organization(online(**tenant)))


def ex01(**own: Any) -> ExchangeServerRouter:
    return ExchangeServerRouter(organization(own=exchange(**own)), server())


def attributed(*connectors: InboundConnector, **tenant: Any) -> Decided:
    """Offer mail of the own server for the Internet."""
    return at_rcpt(m365(inbound_connectors=connectors, **tenant), own_server(), KATE, JOHN)


def offered(connector: InboundConnector) -> Decided:
    """Offer a stranger's mail, without TLS, where there is a Partner connector."""
    return at_rcpt(m365(inbound_connectors=(connector,)), client(tls=False), FAY, CHRIS)


def to_kate(connector: OutboundConnector) -> Decided:
    return routed(m365(outbound_connectors=(connector,)), KATE, resolved=True)


def forwarding(forwards: Any = JOHN, keeps: Any = False, **tenant: Any) -> Decided:
    chris = mailbox(forwarding_smtp_address=forwards, deliver_to_mailbox_and_forward=keeps)
    return routed(m365(mailboxes=(chris,), **tenant), CHRIS)


def to_cloud(**changes: Any) -> Decided:
    return routed(ex01(send_connectors=(send(**changes),)), CHRIS_ROUTING, resolved=True)


def stored(**changes: Any) -> Decided:
    return routed(ex01(certificates=(certificate(**changes),)), CHRIS_ROUTING, resolved=True)


def met(*, to: Address = JOHN, **changes: Any) -> Decided:
    """Offer the tenant's mail for the Internet to the own server."""
    return at_rcpt(ex01(receive_connectors=(receive(**changes),)), the_tenant(), CHRIS, to)


def strangers(**changes: Any) -> Decided:
    return at_rcpt(ex01(receive_connectors=(receive(**changes),)), client(tls=False), JOHN, JOHN)


def relayed_by_other_server(unknown: Unknown) -> Decided:
    mine = server(other=other())
    contoso = organization(servers=(mine,))
    tenant = contoso.microsoft_365
    contoso = replace(contoso, microsoft_365=replace(tenant, cloud=replace(tenant.cloud, ranges=unknown)))
    return at_rcpt(OtherServerRouter(contoso, mine, other()), client(FROM_CLOUD), CHRIS, JOHN)


Probe = Callable[[Any], Decided]

# For each property that routing reads, a message whose way rests on it.
READ: dict[tuple[type, str], Probe] = {
    (ExchangeOnline, "accepted_domains"): lambda u: at_rcpt(m365(accepted_domains=u), client(), JOHN, CHRIS),
    (ExchangeOnline, "inbound_connectors"): lambda u: at_rcpt(m365(inbound_connectors=u), own_server(), KATE, JOHN),
    (ExchangeOnline, "outbound_connectors"): lambda u: routed(m365(outbound_connectors=u), KATE, resolved=True),
    (ExchangeOnline, "transport_rules"): lambda u: routed(m365(transport_rules=u), CHRIS),
    (ExchangeOnline, "remote_domains"): lambda u: forwarding(remote_domains=u),
    (ExchangeOnline, "organization_config"): lambda u: at_rcpt(m365(organization_config=u), client(), KATE, CHRIS),
    (ExchangeOnline, "outbound_spam_filter_policies"): lambda u: forwarding(outbound_spam_filter_policies=u),
    (ExchangeOnline, "mailboxes"): lambda u: routed(m365(mailboxes=u), NOBODY),
    (ExchangeOnline, "mail_users"): lambda u: routed(m365(mail_users=u), NOBODY),
    (AcceptedDomain, "domain_type"): lambda u: routed(m365(accepted_domains=(accepted("contoso.com", u),)), NOBODY),
    (AcceptedDomain, "match_sub_domains"): lambda u: at_rcpt(
        m365(accepted_domains=(accepted("contoso.com", subdomains=u),)), client(), JOHN, SUBDOMAIN
    ),
    (AcceptedDomain, "default"): lambda u: routed(
        m365(accepted_domains=(accepted("contoso.com", default=u),)), JOHN, FAY, forwarded=True
    ),
    (InboundConnector, "enabled"): lambda u: attributed(inbound(enabled=u)),
    (InboundConnector, "connector_type"): lambda u: attributed(inbound(connector_type=u)),
    (InboundConnector, "sender_domains"): lambda u: offered(lock(sender_domains=u)),
    (InboundConnector, "sender_ip_addresses"): lambda u: attributed(by_address(sender_ip_addresses=u)),
    (InboundConnector, "tls_sender_certificate_name"): lambda u: attributed(inbound(tls_sender_certificate_name=u)),
    (InboundConnector, "require_tls"): lambda u: offered(partner(require_tls=u)),
    (InboundConnector, "restrict_domains_to_certificate"): lambda u: offered(lock(restrict_domains_to_certificate=u)),
    (InboundConnector, "restrict_domains_to_ip_addresses"): lambda u: offered(
        partner(restrict_domains_to_ip_addresses=u)
    ),
    (InboundConnector, "associated_accepted_domains"): lambda u: offered(lock(associated_accepted_domains=u)),
    (OutboundConnector, "enabled"): lambda u: to_kate(outbound(enabled=u)),
    (OutboundConnector, "connector_type"): lambda u: to_kate(outbound(connector_type=u)),
    (OutboundConnector, "recipient_domains"): lambda u: to_kate(outbound(recipient_domains=u)),
    (OutboundConnector, "smart_hosts"): lambda u: to_kate(outbound(smart_hosts=u)),
    (OutboundConnector, "use_mx_record"): lambda u: to_kate(outbound(use_mx_record=u)),
    (OutboundConnector, "tls_settings"): lambda u: to_kate(outbound(tls_settings=u)),
    (OutboundConnector, "tls_domain"): lambda u: to_kate(
        outbound(tls_settings=TlsSettings.DOMAIN_VALIDATION, tls_domain=u)
    ),
    (OutboundConnector, "is_transport_rule_scoped"): lambda u: to_kate(outbound(is_transport_rule_scoped=u)),
    (OutboundConnector, "route_all_messages_via_on_premises"): lambda u: routed(
        m365(outbound_connectors=(centralized(route_all_messages_via_on_premises=u),)), CHRIS
    ),
    (OutboundConnector, "all_accepted_domains"): lambda u: to_kate(
        outbound(recipient_domains=(), all_accepted_domains=u)
    ),
    (OutboundConnector, "sender_rewriting_enabled"): lambda u: routed(
        m365(outbound_connectors=(outbound(sender_rewriting_enabled=u),)), KATE, FAY, forwarded=True, resolved=True
    ),
    (TransportRule, "enabled"): lambda u: routed(m365(transport_rules=(rule(enabled=u),)), CHRIS),
    (TransportRule, "route_message_outbound_connector"): lambda u: routed(
        m365(transport_rules=(rule(connector=u),)), CHRIS
    ),
    **{
        (TransportRule, name): lambda u, name=name: routed(m365(transport_rules=(rule(**{name: u}),)), CHRIS)
        for name in ("from_scope", "sent_to_scope", "conditions", "exceptions", "mode", "actions")
    },
    (RemoteDomain, "auto_forward_enabled"): lambda u: forwarding(remote_domains=(remote_domain("*", u),)),
    (OrganizationConfig, "reject_direct_send"): lambda u: at_rcpt(
        m365(organization_config=OrganizationConfig(u, ORIGIN)), client(), KATE, CHRIS
    ),
    (HostedOutboundSpamFilterPolicy, "is_default"): lambda u: forwarding(
        outbound_spam_filter_policies=(spam_policy(default=u),)
    ),
    (HostedOutboundSpamFilterPolicy, "auto_forwarding_mode"): lambda u: forwarding(
        outbound_spam_filter_policies=(spam_policy(u),)
    ),
    (Mailbox, "email_addresses"): lambda u: routed(m365(mailboxes=(mailbox(email_addresses=u),)), CHRIS_ROUTING),
    (Mailbox, "forwarding_smtp_address"): forwarding,
    (Mailbox, "deliver_to_mailbox_and_forward"): lambda u: forwarding(JOHN, u),
    (MailUser, "email_addresses"): lambda u: routed(m365(mail_users=(mail_user(email_addresses=u),)), NOBODY),
    (MailUser, "external_email_address"): lambda u: routed(
        m365(mail_users=(mail_user(external_email_address=u),)), KATE
    ),
    (Cloud, "ranges"): relayed_by_other_server,
    (ExchangeServer, "accepted_domains"): lambda u: at_rcpt(ex01(accepted_domains=u), client(), JOHN, KATE),
    (ExchangeServer, "send_connectors"): lambda u: routed(ex01(send_connectors=u), JOHN),
    (ExchangeServer, "receive_connectors"): lambda u: at_connection(ex01(receive_connectors=u), client()),
    (ExchangeServer, "certificates"): lambda u: routed(ex01(certificates=u), CHRIS_ROUTING, resolved=True),
    (ExchangeServer, "mailboxes"): lambda u: routed(ex01(mailboxes=u), NOBODY),
    (ExchangeServer, "remote_mailboxes"): lambda u: routed(ex01(remote_mailboxes=u), NOBODY),
    (SendConnector, "enabled"): lambda u: to_cloud(enabled=u),
    (SendConnector, "address_spaces"): lambda u: to_cloud(address_spaces=u),
    (SendConnector, "dns_routing_enabled"): lambda u: to_cloud(dns_routing_enabled=u),
    (SendConnector, "smart_hosts"): lambda u: to_cloud(dns_routing_enabled=False, smart_hosts=u),
    (SendConnector, "fqdn"): lambda u: to_cloud(fqdn=u),
    (SendConnector, "require_tls"): lambda u: to_cloud(require_tls=u),
    (SendConnector, "tls_auth_level"): lambda u: to_cloud(tls_auth_level=u),
    (SendConnector, "tls_domain"): lambda u: to_cloud(tls_auth_level=TlsAuthLevel.DOMAIN_VALIDATION, tls_domain=u),
    (SendConnector, "tls_certificate_name"): lambda u: to_cloud(tls_certificate_name=u),
    (SendConnector, "source_transport_servers"): lambda u: to_cloud(source_transport_servers=u),
    (SendConnector, "port"): lambda u: to_cloud(port=u),
    (SendConnector, "smart_host_auth_mechanism"): lambda u: to_cloud(
        dns_routing_enabled=False, smart_hosts=("contoso-com.mail.protection.outlook.com",), smart_host_auth_mechanism=u
    ),
    (ReceiveConnector, "server"): lambda u: met(server=u),
    (ReceiveConnector, "enabled"): lambda u: met(enabled=u),
    (ReceiveConnector, "remote_ip_ranges"): lambda u: met(remote_ip_ranges=u),
    (ReceiveConnector, "permission_groups"): lambda u: strangers(permission_groups=u),
    (ReceiveConnector, "anonymous_may_relay"): lambda u: strangers(anonymous_may_relay=u),
    (ReceiveConnector, "auth_mechanism"): lambda u: strangers(auth_mechanism=u),
    (ReceiveConnector, "require_tls"): lambda u: strangers(require_tls=u),
    (ReceiveConnector, "tls_domain_capabilities"): lambda u: met(tls_domain_capabilities=u),
    (ReceiveConnector, "bindings_ports"): lambda u: met(bindings_ports=u),
    (ExchangeCertificate, "subject"): lambda u: stored(subject=u),
    (ExchangeCertificate, "issuer"): lambda u: stored(issuer=u),
    (ExchangeCertificate, "not_after"): lambda u: stored(not_after=u),
    (ExchangeCertificate, "server"): lambda u: stored(server=u),
    (RemoteMailbox, "email_addresses"): lambda u: routed(
        ex01(remote_mailboxes=(remote_mailbox(email_addresses=u),)), NOBODY
    ),
    (RemoteMailbox, "remote_routing_address"): lambda u: routed(
        ex01(remote_mailboxes=(remote_mailbox(remote_routing_address=u),)), CHRIS
    ),
}

# Nouns that both sides have: the same property, read on the own servers.
ON_PREMISES: dict[tuple[type, str], Probe] = {
    (AcceptedDomain, "domain_type"): lambda u: routed(ex01(accepted_domains=(accepted("contoso.com", u),)), NOBODY),
    (AcceptedDomain, "match_sub_domains"): lambda u: at_rcpt(
        ex01(accepted_domains=(accepted("contoso.com", subdomains=u),)), client(), JOHN, SUBDOMAIN
    ),
    (Mailbox, "email_addresses"): lambda u: routed(ex01(mailboxes=(mailbox(KATE, email_addresses=u),)), NOBODY),
    (Mailbox, "forwarding_smtp_address"): lambda u: routed(
        ex01(mailboxes=(mailbox(KATE, forwarding_smtp_address=u),)), KATE
    ),
    (Mailbox, "deliver_to_mailbox_and_forward"): lambda u: routed(
        ex01(mailboxes=(mailbox(KATE, forwarding_smtp_address=JOHN, deliver_to_mailbox_and_forward=u),)), KATE
    ),
}

# What routing does not read, and who does.
NOT_READ = {
    (InboundConnector, "ef_skip_last_ip"): "filtering, not ways: HYB-EF-1",
    (InboundConnector, "ef_skip_ips"): "filtering, not ways: HYB-EF-1",
    (InboundConnector, "ef_users"): "filtering, not ways: HYB-EF-1",
    **{
        (AcceptedDomain, name): "what is answered is not documented: HYB-DOMAIN-3 and -4"
        for name in ("sending_from_domain_disabled", "sending_to_domain_disabled")
    },
    **{
        (TransportRule, name): "filtering, not ways: HYB-FILTER-1 and -2"
        for name in ("set_scl", "sender_ip_ranges", "recipient_domain_is")
    },
    (ExchangeOnline, "transport_config"): "signing in is not simulated: DEV-AUTH-1",
    (ExchangeOnline, "cas_mailboxes"): "signing in is not simulated: DEV-AUTH-1",
    (ExchangeOnline, "dkim_signing_configs"): "signatures, not ways: AUTH-DKIM-1 and -2",
    **{
        (DkimSigningConfig, name): "signatures, not ways: AUTH-DKIM-1 and -2"
        for name in (
            "enabled",
            "selector_1_cname",
            "selector_2_cname",
            "rotate_on_date",
            "selector_before_rotate_on_date",
            "selector_after_rotate_on_date",
        )
    },
    (ReceiveConnector, "tls_certificate_name"): "no way: where unknown, the certificate of the environment is shown",
    (Cloud, "relay_pool"): "from where, not whether: HYB-SPF-6",
}

# What decides only header fields: Reception.promotes, Relay.cloud_services_mail. Where it is unknown, HYB-TRUST-1 says
# so, and no way rests on it.
HEADERS_ONLY = {(noun, "cloud_services_mail_enabled") for noun in (InboundConnector, OutboundConnector, SendConnector)}

CLASSES = sorted({known for known, _ in (*READ, *NOT_READ, *HEADERS_ONLY)}, key=lambda c: c.__name__)


def known_properties() -> Iterator[tuple[type, str]]:
    for noun in CLASSES:
        hints = get_type_hints(noun)
        for field in fields(noun):
            if Unknown in get_args(hints[field.name]):
                yield noun, field.name


def test_every_property_that_may_be_unknown_is_accounted_for() -> None:
    assert set(READ) | set(NOT_READ) | HEADERS_ONLY == set(known_properties())
    assert len(READ) + len(NOT_READ) + len(HEADERS_ONLY) == len(set(known_properties()))
    assert set(ON_PREMISES) <= set(READ)


def named(key: Any) -> str:
    return f"{key[0].__name__}.{key[1]}" if isinstance(key, tuple) else ""


@pytest.mark.parametrize("key", READ, ids=named)
def test_a_decision_that_rests_on_an_unknown_property_says_so(key: tuple[type, str]) -> None:
    assert WHY.why in READ[key](WHY).assumed


@pytest.mark.parametrize("key", ON_PREMISES, ids=named)
def test_and_so_it_does_on_the_own_servers(key: tuple[type, str]) -> None:
    assert WHY.why in ON_PREMISES[key](WHY).assumed


def every_decision(tenant: dict[str, Any], own: dict[str, Any]) -> list[Decided]:
    """Ask both routers about every kind of message."""
    routers: tuple[Router, ...] = (m365(**tenant), ex01(**own))
    people = (CHRIS, CHRIS_ROUTING, KATE, NOBODY, JOHN, FAY, SUBDOMAIN)
    clients = (own_server(), the_tenant(), client(), client(tls=False))
    offers = [
        at_rcpt(router, by, sender, to)
        for router in routers
        for by in clients
        for sender in (KATE, JOHN, None)
        for to in people
    ]
    ways = [
        routed(router, to, JOHN, how, forwarded=forwarded, resolved=resolved)
        for router in routers
        for how in (incoming(TENANT_ID), FROM_EX01, SUBMITTED)
        for to in people
        for forwarded in (False, True)
        for resolved in (False, True)
    ]
    return offers + ways


def test_what_routing_does_not_read_changes_no_decision() -> None:
    gone = {noun: {name: WHY for other, name in NOT_READ if other is noun} for noun in CLASSES}
    spam, rich = (spam_policy(),), mailbox(forwarding_smtp_address=JOHN)
    connectors = (inbound(), by_address(), partner(), lock(sender_ip_addresses=addresses("192.0.2.1")))
    tenant: dict[str, Any] = {"outbound_spam_filter_policies": spam, "mailboxes": (rich,)}
    before = every_decision(
        tenant | {"inbound_connectors": connectors, "remote_domains": (remote_domain(),)},
        {"receive_connectors": (receive(),), "certificates": (certificate(),)},
    )
    after = every_decision(
        tenant
        | {
            "inbound_connectors": tuple(replace(c, **gone[InboundConnector]) for c in connectors),
            "remote_domains": (replace(remote_domain(), **gone[RemoteDomain]),),
        },
        {
            "receive_connectors": (receive(**gone[ReceiveConnector]),),
            "certificates": (certificate(**gone[ExchangeCertificate]),),
            **gone[ExchangeServer],
        },
    )
    assert after == before
    assert not any(WHY.why in decided.assumed for decided in after)


def test_whether_header_fields_are_taken_over_changes_no_way() -> None:
    known, unknown = attributed(inbound()), attributed(inbound(cloud_services_mail_enabled=WHY))
    assert (known.what.promotes, unknown.what.promotes) == (True, False)
    assert Decided(replace(known.what, promotes=False)) == unknown


def test_an_unknown_property_of_a_connector_that_does_not_matter_is_not_told() -> None:
    # Who reads "not verified" must not be sent after a property on which nothing rests.
    elsewhere = to_internet("Elsewhere", tls_domain=WHY, fqdn=WHY)
    assert routed(ex01(send_connectors=(send(), elsewhere)), CHRIS_ROUTING, resolved=True).assumed == ()
    off = receive("Off", enabled=False, remote_ip_ranges=WHY, permission_groups=WHY)
    assert at_rcpt(ex01(receive_connectors=(receive(), off)), client(), JOHN, KATE).assumed == ()
    assert attributed(inbound(), by_address(sender_ip_addresses=WHY)).assumed == ()
    assert attributed(inbound(), inbound("Off", enabled=False, tls_sender_certificate_name=WHY)).assumed == ()
    assert met(to=JOHN, permission_groups=WHY, auth_mechanism=WHY, anonymous_may_relay=WHY).assumed == ()

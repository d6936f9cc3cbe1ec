"""What one own Exchange server does with a message, from the exported settings."""

from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.environment.environment import Server
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import DomainType
from mailflow.exchange.replies import (
    CERTIFICATE_NOT_FOUND,
    HOPS_EXCEEDED_ON_PREMISES,
    RECIPIENT_NOT_FOUND_ON_PREMISES,
    STARTTLS_FIRST,
    UNABLE_TO_RELAY,
)
from mailflow.exchange.server import ReceiveConnector, SendConnector, SmartHostAuth, TlsAuthLevel, TlsCertificateName
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import (
    OPPORTUNISTIC,
    Client,
    Deliver,
    Direction,
    Hold,
    Reception,
    Redirect,
    Refuse,
    Relay,
    Return,
    Rule,
    TlsDemand,
    Verification,
)
from mailflow.routing.exchange_server import ExchangeServerRouter
from tests.routing.conftest import (
    CHRIS,
    CHRIS_ROUTING,
    FAY,
    FROM_CLOUD,
    JOHN,
    KATE,
    NOBODY,
    OWN_SERVER,
    STRANGER,
    Decided,
    accepted,
    at_connection,
    at_rcpt,
    certificate,
    client,
    exchange,
    ip_range,
    mailbox,
    organization,
    originating,
    other,
    receive,
    remote_mailbox,
    routed,
    send,
    server,
    space,
    the_tenant,
    to_internet,
)

TO_CLOUD = TlsDemand(True, Verification.NAME, "mail.protection.outlook.com")
SUBMITTED = originating()


def ex01(
    *, by: Server | None = None, servers: tuple[Server, ...] = (), expired: frozenset[str] = frozenset(), **own: Any
) -> ExchangeServerRouter:
    """Build the rules of EX01 with these exports."""
    mine = by or server()
    return ExchangeServerRouter(organization(own=exchange(**own), servers=(mine, *servers)), mine, expired)


def receiving(*connectors: ReceiveConnector, **own: Any) -> ExchangeServerRouter:
    return ex01(receive_connectors=connectors, **own)


def sending(*connectors: SendConnector, **own: Any) -> ExchangeServerRouter:
    return ex01(send_connectors=connectors, **own)


# Receive connectors


def met(router: ExchangeServerRouter, by: Client) -> str | None:
    """Name the receive connector that a client meets."""
    assume = Assumptions()
    connector = router.receive_connector(by, assume)
    assert assume.made == ()
    return connector.name if connector else None


def test_the_most_specific_range_of_a_receive_connector_wins() -> None:
    relay = receive("Relay", remote_ip_ranges=(ip_range("10.0.0.0/8"),))
    printer = receive("Printer", remote_ip_ranges=(ip_range("192.0.2.0/24"), ip_range("10.0.0.99/32")))
    for order in ((receive("All"), relay, printer), (printer, relay, receive("All"))):
        router = receiving(*order)
        assert met(router, client("10.0.0.99")) == "Printer"
        assert met(router, client("10.0.0.98")) == "Relay"
        assert met(router, client("10.255.255.255")) == "Relay"
        assert met(router, client("11.0.0.0")) == "All"
        assert met(router, client("2001:db8::1")) == "All"


def test_a_range_of_one_family_holds_no_address_of_the_other() -> None:
    # ::a00:63 and 10.0.0.99 are the same number.
    four = receive(remote_ip_ranges=(ip_range("10.0.0.0/8"),))
    assert met(receiving(four), client("::a00:63")) is None


@pytest.mark.parametrize(
    "elsewhere",
    [{"enabled": False}, {"server": "EX02"}, {"bindings_ports": (2525,)}, {"remote_ip_ranges": ()}],
    ids=lambda change: next(iter(change)),
)
def test_a_receive_connector_that_is_off_or_elsewhere_is_not_met(elsewhere: dict[str, Any]) -> None:
    assert met(receiving(receive(**elsewhere)), client()) is None


def test_names_of_servers_are_compared_without_case() -> None:
    assert met(receiving(receive(server="ex01")), client()) == "Default Frontend EX01"


def test_the_only_exchange_server_needs_no_name() -> None:
    router = ex01(by=server(exchange_name=""), receive_connectors=(receive(server=Unknown("no Server")),))
    assert met(router, client()) == "Default Frontend EX01"


def test_without_a_receive_connector_the_server_does_not_talk() -> None:
    router = receiving(receive(remote_ip_ranges=(ip_range(FROM_CLOUD),)))
    why = Rule(f"no receive connector has {STRANGER} in RemoteIPRanges", "Set-ReceiveConnector")
    nobody = Refuse(Reply(421, "4.3.2", "Service not available"), why)
    assert at_connection(router, client()) == Decided(nobody)
    assert at_connection(router, the_tenant()) == Decided(None)
    assert at_rcpt(router, client(), JOHN, KATE) == Decided(nobody)


def taken(
    why: str, source: str = "Set-ReceiveConnector", direction: Direction = Direction.INCOMING, **more: bool
) -> Decided:
    return Decided(Reception(direction, Rule(why, source), "Default Frontend EX01", **more))


ACCEPTED = taken("contoso.com is accepted; receive connector 'Default Frontend EX01'", "Accepted domains")
ACCEPTED_OF_TENANT = taken(
    "contoso.com is accepted; receive connector 'Default Frontend EX01'", "Accepted domains", promotes=True
)
OF_THE_TENANT = taken(
    "receive connector 'Default Frontend EX01' takes mail of the tenant for the organization's own "
    "(TlsDomainCapabilities)",
    "Internal mail",
    Direction.ORIGINATING,
    promotes=True,
)
CANNOT_RELAY = Decided(
    Refuse(
        UNABLE_TO_RELAY,
        Rule("tailspintoys.com is not accepted, and the client is nobody's who may relay", "Set-ReceiveConnector"),
    )
)


def test_anybody_may_send_to_accepted_domains() -> None:
    assert at_rcpt(ex01(), client(), JOHN, KATE) == ACCEPTED
    assert at_rcpt(ex01(), client(tls=False), None, NOBODY) == ACCEPTED


def test_nobody_else_may_relay() -> None:
    assert at_rcpt(ex01(), client(), KATE, JOHN) == CANNOT_RELAY


def test_without_anonymous_users_only_who_is_trusted_may_send() -> None:
    closed = receiving(receive(permission_groups=frozenset({"ExchangeServers"})))
    why = Rule("receive connector 'Default Frontend EX01' admits no anonymous senders", "Set-ReceiveConnector")
    refused = Decided(Refuse(Reply(530, "5.7.57", "Client not authenticated to send mail"), why))
    assert at_rcpt(closed, client(), JOHN, KATE) == refused
    assert at_rcpt(closed, the_tenant(), JOHN, KATE) == ACCEPTED_OF_TENANT


def test_the_tenant_relays_by_tls_domain_capabilities() -> None:
    assert at_rcpt(ex01(), the_tenant(), CHRIS, JOHN) == OF_THE_TENANT
    assert at_rcpt(ex01(), the_tenant(), CHRIS, KATE) == ACCEPTED_OF_TENANT


@pytest.mark.parametrize(
    "by",
    [
        the_tenant(trusted=False),
        the_tenant(tls=False),
        client(FROM_CLOUD, "mail.example"),
        client(FROM_CLOUD, "outlook.com"),
    ],
    ids=["untrusted", "without TLS", "another name", "a parent"],
)
def test_who_only_comes_from_the_tenants_address_does_not_relay(by: Client) -> None:
    assert at_rcpt(ex01(), by, CHRIS, JOHN) == CANNOT_RELAY


@pytest.mark.parametrize(
    ("capabilities", "relays"),
    [
        ((("mail.protection.outlook.com", "AcceptCloudServicesMail"),), True),
        ((("mail.protection.outlook.com", "AcceptOorgProtocol"),), True),  # Edge, Exchange 2010
        ((("mail.protection.outlook.com", "acceptcloudservicesmail"),), True),
        ((("x.example", "AcceptCloudServicesMail"), ("*.protection.outlook.com", "AcceptOorgProtocol")), True),
        ((("mail.protection.outlook.com", "AcceptOorgHeader"),), False),
        ((("mail.messaging.microsoft.com", "AcceptCloudServicesMail"),), False),  # KB3156771: a name of the past
        ((), False),
    ],
)
def test_tls_domain_capabilities(capabilities: tuple[tuple[str, str], ...], relays: bool) -> None:
    router = receiving(receive(tls_domain_capabilities=capabilities))
    assert at_rcpt(router, the_tenant(), CHRIS, JOHN) == (OF_THE_TENANT if relays else CANNOT_RELAY)


def test_anonymous_relay() -> None:
    router = receiving(receive(anonymous_may_relay=True))
    lets = taken("receive connector 'Default Frontend EX01' lets anybody relay")
    assert at_rcpt(router, client(), None, JOHN) == lets


@pytest.mark.parametrize("groups", [{"AnonymousUsers", "ExchangeServers"}, {"exchangeservers"}])
def test_an_externally_secured_connector_trusts_whoever_reaches_it(groups: set[str]) -> None:
    # It goes with ExchangeServers and needs no AnonymousUsers; what Get-ADPermission says does not matter.
    router = receiving(
        receive(
            auth_mechanism=frozenset({"Tls", "ExternalAuthoritative"}),
            permission_groups=frozenset(groups),
            anonymous_may_relay=Unknown("no Get-ADPermission.json"),
        )
    )
    secured = taken("receive connector 'Default Frontend EX01' is externally secured", direction=Direction.ORIGINATING)
    assert at_rcpt(router, client(), JOHN, JOHN) == secured
    assert at_rcpt(router, client(), JOHN, KATE) == ACCEPTED


def test_a_receive_connector_may_demand_tls() -> None:
    router = receiving(receive(require_tls=True))
    why = Rule("receive connector 'Default Frontend EX01' takes mail over TLS only", "Set-ReceiveConnector")
    assert at_rcpt(router, client(tls=False), JOHN, KATE) == Decided(Refuse(STARTTLS_FIRST, why))
    assert at_rcpt(router, client(), JOHN, KATE) == ACCEPTED


def test_a_loop_ends_at_max_hop_count() -> None:
    loop = Rule("too many Received fields: a loop (MaxHopCount)", "Set-ReceiveConnector")
    assert ex01().hop_limit() == (60, Refuse(HOPS_EXCEEDED_ON_PREMISES, loop))


def test_its_mailboxes_submit() -> None:
    rule = Rule("submitted on-premises", "Routing")
    assert ex01().submission(KATE) == Reception(Direction.ORIGINATING, rule, submitted=True, internal=True)


# Accepted domains


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("contoso.com", True),
        ("eu.contoso.com", False),
        ("sub.fabrikam.example", True),
        ("fabrikam.example", True),
        ("a.tailspin.example", True),
        ("notfabrikam.example", False),
        ("tailspintoys.com", False),
    ],
)
def test_accepted_domains(name: str, takes: bool) -> None:
    domains = (accepted("contoso.com"), accepted("*.fabrikam.example"), accepted("tailspin.example", subdomains=True))
    taken = at_rcpt(ex01(accepted_domains=domains), client(), None, Address("kate", name)).what
    assert isinstance(taken, Reception if takes else Refuse)


def test_the_most_specific_accepted_domain_decides() -> None:
    star, exact = accepted("*", DomainType.INTERNAL_RELAY), accepted("contoso.com")
    for domains in ((star, exact), (exact, star)):
        (action,) = routed(ex01(accepted_domains=domains), NOBODY).what
        assert isinstance(action, Return)
        assert isinstance(at_rcpt(ex01(accepted_domains=domains), client(), None, JOHN).what, Reception)


# The directory

ON_PREMISES = Rule("the mailbox is on-premises", "Routing")
KNOWS_NOT = Return(
    RECIPIENT_NOT_FOUND_ON_PREMISES,
    Rule("nobody@contoso.com is unknown, and its domain is Authoritative", "Accepted domains"),
)


def test_a_mailbox_of_the_server_gets_its_mail() -> None:
    alias = Address("kathleen", "contoso.com")
    router = ex01(mailboxes=(mailbox(KATE, email_addresses=(KATE, alias)),))
    assert routed(router, KATE) == routed(router, alias) == Decided((Deliver(KATE, ON_PREMISES),))


def test_a_remote_mailbox_leads_to_its_routing_address() -> None:
    why = Rule(f"{CHRIS} is a remote mailbox; its routing address", "Routing")
    assert routed(ex01(), CHRIS) == Decided((Redirect(CHRIS_ROUTING, why),))


def test_a_remote_mailbox_without_a_routing_address_is_not_found() -> None:
    lost = Return(RECIPIENT_NOT_FOUND_ON_PREMISES, Rule(f"remote mailbox {CHRIS} has no routing address", "KB2685437"))
    router = ex01(remote_mailboxes=(remote_mailbox(remote_routing_address=None),))
    assert routed(router, CHRIS) == Decided((lost,))


def test_whom_an_authoritative_domain_does_not_know_comes_back() -> None:
    assert routed(ex01(), NOBODY) == Decided((KNOWS_NOT,))


@pytest.mark.parametrize("domain_type", [DomainType.INTERNAL_RELAY, DomainType.EXTERNAL_RELAY])
def test_whom_a_relay_domain_does_not_know_is_sent_on(domain_type: DomainType) -> None:
    router = ex01(accepted_domains=(accepted("contoso.com", domain_type),))
    (action,) = routed(router, NOBODY).what
    assert action.connector == "Internet"


def test_a_forward_keeps_the_original_senders_reverse_path() -> None:
    # Multiple locations, scenario 4: john@fabrikam.com to kate@contoso.com, who forwards outside.
    forward = Redirect(JOHN, Rule(f"{KATE} forwards", "Multiple locations"), forward=True)
    kept = Deliver(KATE, ON_PREMISES)
    forwarding = mailbox(KATE, forwarding_smtp_address=JOHN)
    keeping = mailbox(KATE, forwarding_smtp_address=JOHN, deliver_to_mailbox_and_forward=True)
    assert routed(ex01(mailboxes=(forwarding,)), KATE, FAY) == Decided((forward,))
    assert routed(ex01(mailboxes=(keeping,)), KATE, FAY) == Decided((kept, forward))
    contoso = organization(forwards={KATE: JOHN}, own=exchange(mailboxes=(keeping,)))
    assert routed(ExchangeServerRouter(contoso, server()), KATE, FAY) == Decided((forward,))
    (action,) = routed(ex01(), JOHN, FAY, forwarded=True).what
    assert action.mail_from == FAY


# Send connectors


def relay(connector: SendConnector, *, sender: Address | None = KATE, tls: TlsDemand = OPPORTUNISTIC) -> Decided:
    why = Rule(f"send connector '{connector.name}'", "Set-SendConnector")
    hosts = () if connector.dns_routing_enabled else connector.smart_hosts
    cloud = connector.cloud_services_mail_enabled
    return Decided((Relay(hosts, sender, why, connector.name, tls, "mail.contoso.com", True, cloud),))


def test_a_routing_address_goes_to_the_tenant_and_is_not_looked_up_again() -> None:
    assert routed(ex01(), CHRIS_ROUTING, KATE, resolved=True) == relay(send(), tls=TO_CLOUD)
    assert routed(ex01(), KATE, KATE, resolved=True) == relay(to_internet())


def test_everything_else_goes_by_the_connector_for_everything() -> None:
    assert routed(ex01(), JOHN, None) == relay(to_internet(), sender=None)
    assume = Assumptions()
    assert (ex01().to_internet(assume),) == relay(to_internet(), sender=None).what


@pytest.mark.parametrize(
    ("name", "connector"),
    [
        ("fabrikam.example", "exact"),
        ("f.example", "exact"),
        ("eu.fabrikam.example", "below"),
        ("a.eu.fabrikam.example", "further below"),
        ("tailspintoys.com", "*"),
        ("notfabrikam.example", "*"),
    ],
)
def test_the_most_specific_address_space_wins(name: str, connector: str) -> None:
    connectors = (
        to_internet("*"),
        to_internet("below", address_spaces=(space("*.fabrikam.example", 1),)),
        to_internet("further below", address_spaces=(space("*.a.eu.fabrikam.example", 1),)),
        to_internet("exact", address_spaces=(space("fabrikam.example", 100), space("f.example", 100))),
    )
    for order in (connectors, connectors[::-1]):
        found = sending(*order).send_connector(name, Assumptions())
        assert found
        assert found.name == connector


def test_an_address_space_with_subdomains_holds_the_domain_itself() -> None:
    below = to_internet("below", address_spaces=(space("*.fabrikam.example"),))
    assert sending(to_internet("*"), below).send_connector("fabrikam.example", Assumptions()) == below


def test_of_equal_address_spaces_the_lower_cost_wins() -> None:
    dear, cheap = to_internet("dear", address_spaces=(space("*", 20),)), to_internet("cheap")
    assert sending(dear, cheap).send_connector("tailspintoys.com", Assumptions()) == cheap
    assert sending(cheap, dear).send_connector("tailspintoys.com", Assumptions()) == cheap


@pytest.mark.parametrize(
    ("sources", "chosen"),
    [
        ((("EX01",), ("EX01",)), "One"),  # the name that comes first
        ((("EX02",), ("EX02",)), "One"),
        ((("EX02",), ("ex01",)), "two"),  # the one that starts here
        ((("EX02",), ("EX02", "EX01")), "two"),
    ],
)
def test_of_equal_spaces_and_costs_the_nearest_wins_then_the_first_name(sources: Any, chosen: str) -> None:
    one, two = (
        to_internet(name, source_transport_servers=of) for name, of in zip(("One", "two"), sources, strict=True)
    )
    assume = Assumptions()
    for order in ((one, two), (two, one)):
        found = sending(*order, to_internet("Dear", address_spaces=(space("*", 2),))).send_connector(
            "a.example", assume
        )
        assert found
        assert (found.name, assume.made) == (chosen, ())


def test_of_connectors_that_start_elsewhere_nobody_knows_which_is_nearest() -> None:
    assume = Assumptions()
    one = to_internet("One", source_transport_servers=("EX02",))
    two = to_internet("two", source_transport_servers=("EX03",))
    assert sending(two, one).send_connector("tailspintoys.com", assume) == one
    (told,) = assume.made
    assert told == (
        "which of the send connectors two, One takes mail for tailspintoys.com at mail.contoso.com: space and cost are "
        "equal, and none starts there"
    )


def test_without_a_send_connector_mail_waits() -> None:
    why = Rule("no send connector covers tailspintoys.com", "Set-SendConnector")
    waits = Decided((Hold(Reply(451, "4.4.0", "Unreachable: no send connector"), why),))
    assert routed(sending(send()), JOHN) == waits
    assert routed(sending(send(), to_internet(enabled=False)), JOHN) == waits


@pytest.mark.parametrize(
    ("smart_host", "noted"), [("[40.92.0.36]", True), ("40.92.0.36", True), ("192.0.2.9", False), ("a.example", False)]
)
def test_microsoft_365_by_an_address_may_be_another_region(smart_host: str, noted: bool) -> None:
    told = (
        "whether Microsoft 365 takes mail at 40.92.0.36 rests on the region behind that address; its host name leads "
        "to the right one (Non-delivery reports, 451 4.4.62 ATTR35)"
    )
    through = to_internet(dns_routing_enabled=False, smart_hosts=(smart_host,))
    decided = routed(ex01(send_connectors=(through,)), JOHN, originating())
    assert (decided.what[0].hosts, decided.assumed) == ((smart_host,), (told,) if noted else ())


def test_smart_hosts() -> None:
    through = to_internet(dns_routing_enabled=False, smart_hosts=("contoso-com.mail.protection.outlook.com",))
    assert routed(sending(through), JOHN, KATE) == relay(through)
    nowhere = Rule("send connector 'Internet' names no smart host", "Set-SendConnector")
    assert routed(sending(to_internet(dns_routing_enabled=False)), JOHN) == Decided(
        (Hold(Reply(451, "4.4.0", "no next hop"), nowhere),)
    )


def test_a_port_at_which_nobody_listens() -> None:
    told = "send connector 'Internet' goes to port 587, where nobody listens"
    waits = Decided((Hold(Reply(451, "4.4.1", "no connection to port 587"), Rule(told, "Set-SendConnector")),))
    host = "contoso-com.mail.protection.outlook.com"
    assert routed(sending(to_internet(port=587)), JOHN) == waits
    assert routed(sending(to_internet(port=587, dns_routing_enabled=False, smart_hosts=(host,))), JOHN) == waits


def test_who_listens_at_the_port_of_another_smart_host_is_not_known() -> None:
    through = to_internet(port=587, dns_routing_enabled=False, smart_hosts=("relay.provider.example",))
    assert routed(sending(through), JOHN).assumed == (
        "send connector 'Internet' goes to port 587, and who listens there is not known",
    )


@pytest.mark.parametrize(
    ("auth", "host", "waits"),
    [
        (SmartHostAuth.BASIC_AUTH, "contoso-com.mail.protection.outlook.com", True),
        (SmartHostAuth.EXCHANGE_SERVER, "contoso-com.mail.protection.outlook.com", True),
        (SmartHostAuth.EXTERNAL_AUTHORITATIVE, "contoso-com.mail.protection.outlook.com", False),
        (SmartHostAuth.BASIC_AUTH, "relay.provider.example", False),
        (SmartHostAuth.BASIC_AUTH, "", False),  # by DNS it does not count
    ],
)
def test_signing_in_at_microsoft_365(auth: SmartHostAuth, host: str, waits: bool) -> None:
    hosts: dict[str, Any] = {"dns_routing_enabled": False, "smart_hosts": (host,)} if host else {}
    decided = routed(sending(to_internet(smart_host_auth_mechanism=auth, **hosts)), JOHN)
    why = Rule(f"send connector 'Internet' signs in ({auth}) where nobody can", "Set-SendConnector")
    held = Decided((Hold(Reply(451, "4.7.0", "AUTH is not offered"), why),))
    assert (decided == held) is waits


@pytest.mark.parametrize(
    ("changes", "demand"),
    [
        ({}, TO_CLOUD),
        ({"require_tls": False}, OPPORTUNISTIC),
        ({"tls_auth_level": None}, TlsDemand(required=True)),
        ({"tls_auth_level": TlsAuthLevel.ENCRYPTION_ONLY}, TlsDemand(required=True)),
        ({"tls_auth_level": TlsAuthLevel.CERTIFICATE_VALIDATION}, TlsDemand(True, Verification.TRUST)),
        # By DNS and without TlsDomain the recipient's domain is compared; with smart hosts TlsDomain must be there.
        ({"tls_domain": None}, TlsDemand(True, Verification.NAME, "contoso.mail.onmicrosoft.com")),
        (
            {"tls_domain": None, "dns_routing_enabled": False, "smart_hosts": ("x.example",)},
            TlsDemand(True, Verification.NAME, ""),
        ),
    ],
    ids=str,
)
def test_what_tls_a_send_connector_demands(changes: dict[str, Any], demand: TlsDemand) -> None:
    (action,) = routed(sending(send(**changes)), CHRIS_ROUTING, resolved=True).what
    assert action.tls == demand


def test_it_greets_by_the_connectors_name_or_its_own_and_shows_the_certificate_it_has() -> None:
    bare = ex01(
        by=server(certificate=None, greets_as="ex01.contoso.com"),
        send_connectors=(to_internet(fqdn=None, cloud_services_mail_enabled=True),),
    )
    (action,) = routed(bare, JOHN).what
    assert (action.helo, action.shows_certificate, action.cloud_services_mail) == ("ex01.contoso.com", False, True)


def test_a_connector_of_another_server_starts_there() -> None:
    ex02 = server(name="ex02.contoso.com", exchange_name="EX02")
    edge = server(name="edge.contoso.com", exchange_name="EDGE", other=other())
    away = to_internet(source_transport_servers=("edge", "ex02"))
    why = Rule("send connector 'Internet' starts at ex02.contoso.com", "Set-SendConnector")
    # It is found in Active Directory, and what internal mail is stays known.
    there = Relay((OWN_SERVER,), KATE, why, helo="mail.contoso.com", cloud_services_mail=True)
    assert routed(ex01(servers=(edge, ex02), send_connectors=(away,)), JOHN, KATE) == Decided((there,))
    inner = server(name="ex02.contoso.com", exchange_name="EX02", listens=())
    by_name = Relay((inner.name,), KATE, why, helo="mail.contoso.com", cloud_services_mail=True)
    assert routed(ex01(servers=(inner,), send_connectors=(away,)), JOHN, KATE) == Decided((by_name,))
    both = to_internet(source_transport_servers=("EX02", "ex01"))
    assert routed(ex01(servers=(ex02,), send_connectors=(both,)), JOHN, KATE) == relay(both)


def test_exchange_servers_of_one_organization_take_each_others_mail() -> None:
    address = ip_address("131.107.21.232")
    ex02 = server(name="ex02.contoso.com", exchange_name="EX02", listens=(), sends_from=(address,))
    why = Rule("another Exchange server of the organization hands it over (ExchangeServer)", "Set-ReceiveConnector")
    taken = Reception(Direction.ORIGINATING, why, promotes=True)
    shut = ex01(servers=(ex02,), receive_connectors=())
    assert at_connection(shut, client(str(address))).what is None
    assert at_rcpt(shut, client(str(address)), KATE, JOHN) == Decided(taken)
    # Whoever shares the address with a gateway, or is none of them, is a stranger; so is the server itself.
    gateway = server(name="gateway.contoso.com", exchange_name="", other=other(), sends_from=(address,))
    for servers, who in (((ex02, gateway), address), ((ex02,), STRANGER), ((ex02,), OWN_SERVER)):
        router = ex01(servers=servers, receive_connectors=(receive(),))
        assert at_rcpt(router, client(str(who)), KATE, JOHN).what.reply == UNABLE_TO_RELAY


# The certificate that a send connector names

MISSING = Decided(
    (
        Hold(
            CERTIFICATE_NOT_FOUND,
            Rule(
                "the certificate that send connector 'Outbound to Office 365' names is not on the server, or out of "
                "date (export.json:1)",
                "TLS certificates",
            ),
        ),
    )
)


def with_store(*store: Any, expired: frozenset[str] = frozenset()) -> Decided:
    return routed(ex01(certificates=store, expired=expired), CHRIS_ROUTING, KATE, resolved=True)


def test_the_certificate_is_found_by_issuer_and_subject() -> None:
    assert with_store(certificate()) == relay(send(), tls=TO_CLOUD)
    assert with_store(certificate(issuer="cn=PUBLIC ca", subject="cn=MAIL.contoso.com")) == relay(send(), tls=TO_CLOUD)


@pytest.mark.parametrize(
    "store",
    [
        (),
        (certificate(issuer="CN=Another CA"),),
        (certificate(subject="CN=old.contoso.com"),),
        (certificate(server="EX02"),),
    ],
    ids=["gone", "another issuer", "another subject", "on another server"],
)
def test_without_the_certificate_mail_waits(store: tuple[Any, ...]) -> None:
    assert with_store(*store) == MISSING


NAMED = TlsCertificateName("CN=Public CA", "CN=mail.contoso.com")
OLD = TlsCertificateName("CN=Old CA", "CN=mail.contoso.com")


@pytest.mark.parametrize(
    ("connectors", "store", "offered"),
    [
        ((receive(tls_certificate_name=NAMED),), (certificate(),), True),
        ((receive(tls_certificate_name=OLD),), (certificate(),), False),
        ((receive(tls_certificate_name=NAMED),), (certificate(server="EX02"),), False),
        ((receive(tls_certificate_name=None),), (), True),
        # What is not known takes nothing away: the environment file says what the server shows.
        ((receive(tls_certificate_name=Unknown("no column")),), (), True),
        ((receive(tls_certificate_name=OLD),), Unknown("no export"), True),
        ((receive(tls_certificate_name=OLD),), (certificate(subject=Unknown("no Subject")),), True),
        # That of the connector that the client meets counts.
        ((receive(), receive("Relay", remote_ip_ranges=(ip_range("10.0.0.0/8"),), tls_certificate_name=OLD)), (), True),
        ((), (), True),
    ],
)
def test_without_the_certificate_that_its_connector_names_a_server_offers_no_starttls(
    connectors: tuple[ReceiveConnector, ...], store: Any, offered: bool
) -> None:
    assert receiving(*connectors, certificates=store).offers_starttls(client(FROM_CLOUD)) is offered


def test_a_certificate_out_of_date_counts_as_gone_unless_there_is_another() -> None:
    assert with_store(certificate(), expired=frozenset({"F12AC71E"})) == MISSING
    renewed = certificate(thumbprint="NEW")
    assert with_store(certificate(), renewed, expired=frozenset({"F12AC71E"})) == relay(send(), tls=TO_CLOUD)


def test_a_server_whose_own_certificate_is_out_of_date_has_none_to_show() -> None:
    mine = server()
    router = ExchangeServerRouter(organization(), mine, shown_expired=True)
    assert routed(router, CHRIS_ROUTING, KATE, resolved=True) == MISSING
    assert routed(router, JOHN, KATE) == relay(to_internet())
    assume = Assumptions()
    assert isinstance(router.to_internet(assume), Relay)


def test_a_certificate_that_the_environment_does_not_name_is_not_shown() -> None:
    bare = server(certificate=None)
    router = ExchangeServerRouter(organization(servers=(bare,)), bare)
    demands, plain = routed(router, CHRIS_ROUTING, resolved=True), routed(router, JOHN)
    assert demands.assumed == ("the environment names no certificate for mail.contoso.com",)
    assert plain.assumed == ()
    assert [action.shows_certificate for action in (*demands.what, *plain.what)] == [False, False]


def test_a_certificate_without_a_known_end_is_assumed_to_be_in_date() -> None:
    unknown = certificate(not_after=Unknown("no NotAfter"))
    assert with_store(unknown).assumed == ("no NotAfter",)
    assert with_store(unknown, certificate(thumbprint="NEW")).assumed == ()


def test_a_connector_that_names_no_certificate_needs_none() -> None:
    router = sending(send(tls_certificate_name=None), certificates=Unknown("no Get-ExchangeCertificate.json"))
    assert routed(router, CHRIS_ROUTING, KATE, resolved=True) == relay(send(), tls=TO_CLOUD)

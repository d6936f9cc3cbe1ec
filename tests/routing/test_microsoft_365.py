"""What Exchange Online does with a message that it has taken, from the settings of the tenant."""

from typing import Any

import pytest

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ConnectorType, DomainType, OutboundConnector, TlsSettings
from mailflow.exchange.replies import (
    HOPS_EXCEEDED_ONLINE,
    RECIPIENT_NOT_FOUND_ONLINE,
    RECIPIENT_REJECTED,
)
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import (
    OPPORTUNISTIC,
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
from mailflow.routing.microsoft_365 import Microsoft365Router
from tests.routing.conftest import (
    CHRIS,
    CHRIS_ROUTING,
    EGRESS,
    FABRIKAM_ID,
    FAY,
    JOHN,
    KATE,
    NOBODY,
    TENANT_ID,
    Decided,
    accepted,
    at_connection,
    at_rcpt,
    centralized,
    client,
    inbound,
    incoming,
    mail_user,
    mailbox,
    online,
    organization,
    originating,
    outbound,
    own_server,
    routed,
    rule,
)

TO_EX01 = TlsDemand(True, Verification.NAME, "mail.contoso.com")
BY_MX = Rule("no outbound connector covers it: by the MX records of the recipient's domain", "Routing")
IN_TENANT = Rule("the mailbox is in the tenant", "Routing")
CMT_IN = Rule("centralized mail transport: Internet mail goes to the own servers first", "Routing")
SUBMITTED = originating(TENANT_ID)
FROM_EX01 = originating(TENANT_ID, from_on_premises=True)
RELAY_DOMAIN = (accepted("contoso.com", DomainType.INTERNAL_RELAY, default=True),)


def m365(*connectors: OutboundConnector, **tenant: Any) -> Microsoft365Router:
    """Build the rules of a tenant with these outbound connectors."""
    changes = {"outbound_connectors": connectors or (outbound(),)} | tenant
    return Microsoft365Router(organization(online(**changes)))


def without_connectors(**tenant: Any) -> Microsoft365Router:
    return Microsoft365Router(organization(online(outbound_connectors=(), **tenant)))


def covers(connector: str, domain: str, *, central: bool = False) -> Rule:
    if central:
        why = f"centralized mail transport: outbound connector '{connector}' covers {domain}"
        return Rule(why, "Routing; Centralized transport exceptions")
    return Rule(f"outbound connector '{connector}' covers {domain}", "Connectors")


def relay(
    connector: str, why: Rule, *, hosts: tuple[str, ...] = ("mail.contoso.com",), sender: Address | None = JOHN
) -> tuple[Relay]:
    """Give what the connector of the Hybrid Configuration wizard makes of a message."""
    return (Relay(hosts, sender, why, connector, TO_EX01, EGRESS, shows_certificate=True, cloud_services_mail=True),)


def by_mx(sender: Address | None = JOHN) -> tuple[Relay]:
    return (Relay((), sender, BY_MX, helo=EGRESS),)


# At the front door


def test_the_front_door_talks_to_everybody() -> None:
    assert at_connection(m365(), client()) == Decided(None)


def rejected(recipient: Address) -> Refuse:
    why = Rule(f"{recipient} is unknown, and {recipient.domain} is Authoritative", "Edge blocking")
    return Refuse(RECIPIENT_REJECTED, why)


def test_edge_blocking_refuses_whom_an_authoritative_domain_does_not_know() -> None:
    assert at_rcpt(m365(), client(), JOHN, NOBODY) == Decided(rejected(NOBODY))
    assert at_rcpt(m365(), own_server(), KATE, NOBODY) == Decided(rejected(NOBODY))


@pytest.mark.parametrize("recipient", [CHRIS, CHRIS_ROUTING, KATE], ids=["mailbox", "proxy address", "mail user"])
def test_edge_blocking_lets_in_whom_the_tenant_knows_by_any_address(recipient: Address) -> None:
    taken = at_rcpt(m365(), client(), JOHN, recipient).what
    assert taken == Reception(
        Direction.INCOMING,
        Rule(f"incoming: {recipient.domain} belongs to the tenant", "Attribution"),
        tenant_id=TENANT_ID,
    )


def test_edge_blocking_leaves_other_domain_types_alone() -> None:
    taken = at_rcpt(m365(accepted_domains=RELAY_DOMAIN), client(), JOHN, NOBODY).what
    assert isinstance(taken, Reception)
    assert taken.direction is Direction.INCOMING


def test_edge_blocking_does_not_ask_about_the_internet() -> None:
    taken = at_rcpt(m365(), own_server(), KATE, JOHN).what
    assert isinstance(taken, Reception)
    assert taken.connector == "Inbound from EX01"


def test_another_tenant_refuses_whom_it_does_not_know() -> None:
    assert isinstance(at_rcpt(m365(), client(), JOHN, FAY).what, Reception)
    stranger = Address("nobody", "fabrikam.com")
    assert at_rcpt(m365(), client(), JOHN, stranger) == Decided(rejected(stranger))


def test_a_loop_ends_after_60_hops() -> None:
    loop = Rule("too many Received fields: a loop", "NDR 5.4.6")
    assert m365().hop_limit() == (60, Refuse(HOPS_EXCEEDED_ONLINE, loop))


@pytest.mark.parametrize(
    ("mail_from", "tenant_id"), [(CHRIS, TENANT_ID), (None, TENANT_ID), (JOHN, TENANT_ID), (FAY, FABRIKAM_ID)]
)
def test_who_submits_belongs_to_his_tenant(mail_from: Address | None, tenant_id: str) -> None:
    assert m365().submission(mail_from) == Reception(
        Direction.ORIGINATING,
        Rule("submitted in the tenant", "Routing"),
        tenant_id=tenant_id,
        submitted=True,
        internal=True,
    )


@pytest.mark.parametrize(
    ("cloud_name", "name"),
    [
        ("worldwide", "eur05-obe.outbound.protection.outlook.com"),
        ("gcc-high", "eur05-obe.outbound.protection.office365.us"),
        ("china", "eur05-obe.outbound.protection.partner.outlook.cn"),
    ],
)
def test_it_greets_by_a_name_of_its_cloud(cloud_name: str, name: str) -> None:
    assert Microsoft365Router(organization(cloud_name=cloud_name)).egress_name == name


# Another tenant


def test_another_tenant_delivers_to_its_own_and_sends_by_mx() -> None:
    theirs = incoming(FABRIKAM_ID)
    mine = Rule("a mailbox of another tenant", "Attribution")
    assert routed(m365(), FAY, how=theirs) == Decided((Deliver(FAY, mine),))
    sends = Rule("another tenant sends by the MX records of the recipient's domain", "Routing")
    assert routed(m365(centralized()), CHRIS, FAY, theirs) == Decided((Relay((), FAY, sends, helo=EGRESS),))


# The directory


@pytest.mark.parametrize("address", [CHRIS, CHRIS_ROUTING], ids=["primary", "proxy address"])
@pytest.mark.parametrize("how", [incoming(TENANT_ID), FROM_EX01, SUBMITTED], ids=["incoming", "own server", "cloud"])
def test_a_mailbox_of_the_tenant_gets_its_mail(how: Reception, address: Address) -> None:
    assert routed(m365(), address, how=how) == Decided((Deliver(CHRIS, IN_TENANT),))


def test_a_mail_user_is_elsewhere_and_his_address_there_is_not_looked_up_again() -> None:
    why = Rule(f"{KATE} is a mail user: its mailbox is elsewhere", "Routing")
    assert routed(m365(), KATE) == Decided((Redirect(KATE, why),))
    target = Address("kate", "onprem.contoso.com")
    users = (mail_user(external_email_address=target),)
    assert routed(m365(mail_users=users), KATE) == Decided((Redirect(target, why),))
    assert routed(m365(mail_users=(mail_user(external_email_address=None),)), KATE) == Decided((Redirect(KATE, why),))
    assert routed(m365(), KATE, resolved=True) == Decided(
        relay("Outbound to EX01", covers("Outbound to EX01", "contoso.com"))
    )


def test_whom_an_authoritative_domain_does_not_know_is_returned() -> None:
    why = Rule(f"{NOBODY} is unknown, and its domain is Authoritative", "Accepted domains")
    assert routed(m365(), NOBODY, CHRIS, SUBMITTED) == Decided((Return(RECIPIENT_NOT_FOUND_ONLINE, why),))


def test_whom_a_relay_domain_does_not_know_goes_to_the_own_servers() -> None:
    assert routed(m365(accepted_domains=RELAY_DOMAIN), NOBODY) == Decided(
        relay("Outbound to EX01", covers("Outbound to EX01", "contoso.com"))
    )
    # Accepted domains: without a connector it goes by MX, and where MX is Microsoft 365, in a circle.
    assert routed(without_connectors(accepted_domains=RELAY_DOMAIN), NOBODY) == Decided(by_mx())


def test_what_the_exports_do_not_say_of_recipients_is_assumed() -> None:
    unknown = m365(mailboxes=Unknown("no Get-Mailbox.json"), mail_users=Unknown("no Get-MailUser.json"))
    decided = routed(unknown, CHRIS)
    assert isinstance(decided.what[0], Return)
    assert decided.assumed == ("no Get-MailUser.json", "no Get-Mailbox.json")
    proxies = m365(mailboxes=(mailbox(email_addresses=Unknown("no EmailAddresses")),))
    assert routed(proxies, CHRIS) == Decided((Deliver(CHRIS, IN_TENANT),))
    assert routed(proxies, CHRIS_ROUTING).assumed == ("no EmailAddresses",)


# Outbound connectors


def test_without_a_connector_mail_goes_by_mx() -> None:
    assert routed(m365(), JOHN, CHRIS, SUBMITTED) == Decided(by_mx(CHRIS))


def test_by_mx_or_to_a_smart_host() -> None:
    why = covers("Outbound to EX01", "contoso.com")
    two = ("mail.contoso.com", "131.107.21.232")
    assert routed(m365(outbound(smart_hosts=two)), KATE, resolved=True).what == relay(
        "Outbound to EX01", why, hosts=two
    )
    assert routed(m365(outbound(use_mx_record=True)), KATE, resolved=True).what == relay(
        "Outbound to EX01", why, hosts=()
    )
    nowhere = Rule("outbound connector 'Outbound to EX01' names no smart host", "Set-OutboundConnector")
    assert routed(m365(outbound(smart_hosts=())), KATE, resolved=True) == Decided(
        (Hold(Reply(450, "4.4.4", "no next hop"), nowhere),)
    )


@pytest.mark.parametrize(
    ("settings", "demand"),
    [
        (None, OPPORTUNISTIC),
        (TlsSettings.ENCRYPTION_ONLY, TlsDemand(required=True)),
        (TlsSettings.CERTIFICATE_VALIDATION, TlsDemand(True, Verification.TRUST)),
        (TlsSettings.DOMAIN_VALIDATION, TO_EX01),
    ],
)
def test_tls_settings_say_what_tls_is_demanded(settings: TlsSettings | None, demand: TlsDemand) -> None:
    (action,) = routed(m365(outbound(tls_settings=settings)), KATE, resolved=True).what
    assert action.tls == demand


def test_domain_validation_without_a_name_is_not_documented() -> None:
    connector = outbound(tls_domain=None)
    found = routed(m365(connector), KATE, resolved=True)
    (action,) = found.what
    assert action.tls == TlsDemand(True, Verification.NAME, "")
    where = connector.origin.of("TlsDomain")
    assert found.assumed == (f"what DomainValidation compares without TlsDomain is not documented ({where})",)


def test_cloud_services_mail_is_told_on() -> None:
    (action,) = routed(m365(outbound(cloud_services_mail_enabled=False)), KATE, resolved=True).what
    assert action.cloud_services_mail is False


# Centralized mail transport


@pytest.mark.parametrize("recipient", [CHRIS, KATE, NOBODY], ids=["cloud", "on-premises", "unknown"])
def test_under_centralized_transport_internet_mail_goes_to_the_own_servers_first(recipient: Address) -> None:
    assert routed(m365(centralized(), accepted_domains=RELAY_DOMAIN), recipient) == Decided(
        relay("Centralized", CMT_IN)
    )


def test_under_centralized_transport_what_comes_back_is_delivered() -> None:
    assert routed(m365(centralized()), CHRIS, how=FROM_EX01) == Decided((Deliver(CHRIS, IN_TENANT),))


def test_under_centralized_transport_cloud_to_cloud_stays() -> None:
    assert routed(m365(centralized()), CHRIS, CHRIS, SUBMITTED) == Decided((Deliver(CHRIS, IN_TENANT),))


def test_under_centralized_transport_cloud_mail_leaves_by_the_own_servers() -> None:
    assert routed(m365(centralized()), JOHN, CHRIS, SUBMITTED) == Decided(
        relay("Centralized", covers("Centralized", "tailspintoys.com", central=True), sender=CHRIS)
    )


def test_under_centralized_transport_what_came_from_the_own_servers_leaves_directly() -> None:
    # Centralized transport exceptions (KB3194415): an external member, or a forward outside.
    assert routed(m365(centralized()), JOHN, KATE, FROM_EX01) == Decided(by_mx(KATE))
    assert routed(m365(centralized()), JOHN, KATE, FROM_EX01, forwarded=True, resolved=False) == Decided(by_mx(KATE))


def test_under_centralized_transport_a_routing_address_on_the_own_servers_is_reached() -> None:
    assert routed(m365(centralized()), KATE, KATE, FROM_EX01, resolved=True) == Decided(
        relay("Centralized", covers("Centralized", "contoso.com", central=True), sender=KATE)
    )


@pytest.mark.parametrize(
    "off",
    [
        {"enabled": False},
        {"route_all_messages_via_on_premises": False},
        {"is_transport_rule_scoped": True},
        {"connector_type": ConnectorType.PARTNER},
    ],
    ids=lambda off: next(iter(off)),
)
def test_centralized_transport_is_an_enabled_on_premises_connector_for_everything(off: dict[str, Any]) -> None:
    assert routed(m365(centralized(**off)), CHRIS) == Decided((Deliver(CHRIS, IN_TENANT),))


def test_centralized_transport_without_the_star_is_not_documented() -> None:
    scoped = centralized(recipient_domains=("contoso.com",))
    told = "what RouteAllMessagesViaOnPremises does without recipient domain * is not documented (export.json:1)"
    assert routed(m365(scoped), CHRIS) == Decided((Deliver(CHRIS, IN_TENANT),), (told,))


def test_a_connector_for_everything_that_is_not_centralized_transport() -> None:
    plain = outbound("All", recipient_domains=("*",))
    assert routed(m365(plain), JOHN, CHRIS, SUBMITTED).what == relay(
        "All", covers("All", "tailspintoys.com"), sender=CHRIS
    )
    told = (
        "whether outbound connector 'All' for * sends mail of the own servers back to them is documented for "
        "centralized mail transport only (KB3194415)"
    )
    assert routed(m365(plain), JOHN, KATE, FROM_EX01) == Decided(by_mx(KATE), (told,))
    elsewhere = outbound("Gateway", recipient_domains=("*",), connector_type=ConnectorType.PARTNER)
    assert routed(m365(elsewhere), JOHN, KATE, FROM_EX01) == Decided(
        relay("Gateway", covers("Gateway", "tailspintoys.com"), sender=KATE)
    )


# Transport rules


def by_rule(recipient: Address = CHRIS, connectors: Any = None, **changes: Any) -> Decided:
    """What becomes of a message that a cloud mailbox submits, with a rule that names the connector Archive."""
    archive = (outbound("Archive", is_transport_rule_scoped=True),) if connectors is None else connectors
    router = m365(transport_rules=(rule(**changes),), outbound_connectors=archive)
    return routed(router, recipient, CHRIS, router.submission(CHRIS))


def sent_by_rule(decided: Decided) -> bool:
    (action,) = decided.what
    told = Rule("transport rule 'To the archive' sends it by outbound connector 'Archive'", "Conditional routing")
    return isinstance(action, Relay) and (action.rule, action.connector) == (told, "Archive")


def test_a_rule_chooses_the_connector_before_anything_else_does() -> None:
    assert sent_by_rule(by_rule())
    assert by_rule().assumed == ()
    assert by_rule(enabled=False) == Decided((Deliver(CHRIS, IN_TENANT),))
    assert by_rule(connector=None) == Decided((Deliver(CHRIS, IN_TENANT),))


@pytest.mark.parametrize(
    ("scopes", "recipient", "applies"),
    [
        ({"from_scope": "InOrganization"}, CHRIS, True),
        ({"from_scope": "NotInOrganization"}, CHRIS, False),
        ({"sent_to_scope": "InOrganization"}, CHRIS, True),
        ({"sent_to_scope": "InOrganization"}, JOHN, False),
        ({"sent_to_scope": "NotInOrganization"}, JOHN, True),
        ({"from_scope": "InOrganization", "sent_to_scope": "NotInOrganization"}, CHRIS, False),
    ],
)
def test_a_rule_looks_at_who_sends_and_who_gets_a_message(
    scopes: dict[str, str], recipient: Address, applies: bool
) -> None:
    predicates = tuple(f"{name}Predicate" for name in ("FromScope", "SentToScope"))
    assert sent_by_rule(by_rule(recipient, conditions=predicates, **scopes)) is applies


@pytest.mark.parametrize("more", [{"conditions": ("SubjectContainsPredicate",)}, {"exceptions": ("FromPredicate",)}])
def test_a_rule_that_looks_at_more_is_not_followed_and_said_so(more: dict[str, Any]) -> None:
    told = "transport rule 'To the archive' looks at more than who sends and who gets a message"
    assert by_rule(**more) == Decided((Deliver(CHRIS, IN_TENANT),), (told,))


@pytest.mark.parametrize("connectors", [(), "disabled"])
def test_a_rule_without_its_connector_is_said(connectors: Any) -> None:
    there = (outbound("Archive", enabled=False),) if connectors else ()
    told = "transport rule 'To the archive' names outbound connector 'Archive', which is not there or disabled"
    assert by_rule(connectors=there) == Decided((Deliver(CHRIS, IN_TENANT),), (told,))


def test_what_a_rule_does_to_mail_of_the_own_servers_is_not_documented() -> None:
    router = m365(transport_rules=(rule(),), outbound_connectors=(outbound("Archive", is_transport_rule_scoped=True),))
    told = "whether transport rule 'To the archive' sends mail of the own servers out again is not documented"
    own = originating(TENANT_ID, from_on_premises=True)
    assert routed(router, CHRIS, KATE, own) == Decided((Deliver(CHRIS, IN_TENANT),), (told,))


def test_a_rule_that_only_writes_down_what_it_would_do_is_not_followed() -> None:
    assert by_rule(mode="Audit") == by_rule(mode="AuditAndNotify") == Decided((Deliver(CHRIS, IN_TENANT),))
    assert sent_by_rule(by_rule(mode="enforce"))


@pytest.mark.parametrize("connector", [None, "Archive"])
def test_a_rule_that_does_more_is_said(connector: str | None) -> None:
    deletes = ("Microsoft.Exchange.MessagingPolicies.Rules.Tasks.DeleteMessageAction", "SetHeaderAction")
    told = "what transport rule 'To the archive' does with a message is not simulated: DeleteMessage"
    decided = by_rule(connector=connector, actions=deletes)
    assert (decided.assumed, sent_by_rule(decided)) == ((told,), connector is not None)
    assert by_rule(connector=None, actions=("SetHeaderAction",)) == Decided((Deliver(CHRIS, IN_TENANT),))


def test_a_rule_that_looks_at_more_concerns_only_who_is_in_its_scope() -> None:
    outside = {"from_scope": "NotInOrganization", "conditions": ("FromScopePredicate", "SubjectContainsPredicate")}
    assert by_rule(**outside) == Decided((Deliver(CHRIS, IN_TENANT),))


@pytest.mark.parametrize(
    ("mail_from", "recipient", "how", "forwarded", "pooled"),
    [
        (FAY, JOHN, {"from_on_premises": True}, False, True),  # a forward of the own servers
        (KATE, JOHN, {"from_on_premises": True}, False, False),  # the sender's domain is accepted
        (None, JOHN, {"from_on_premises": True}, False, False),  # a report
        (FAY, JOHN, {}, True, False),  # a forward of the tenant: its new reverse-path is the organization's
        (FAY, JOHN, {}, False, False),  # sent here, not sent on
        (FAY, Address("a", "sub.contoso.com"), {"from_on_premises": True}, False, True),
        (FAY, KATE, {"from_on_premises": True}, False, False),  # for the own domain, though by MX
    ],
)
def test_what_is_sent_on_for_others_leaves_from_the_relay_pool(
    mail_from: Address | None, recipient: Address, how: dict[str, bool], forwarded: bool, pooled: bool
) -> None:
    router = m365(outbound_connectors=())
    held = {"forwarded": forwarded, "resolved": True}
    (relay,) = routed(router, recipient, mail_from, originating(TENANT_ID, **how), **held).what
    by_pool = Rule("by MX, from the relay pool: sent on for a sender whose domain is not accepted", "Outbound pools")
    assert (relay.relay_pool, relay.rule == by_pool) == (pooled, pooled)


# From both ends


def test_mail_of_the_own_servers_is_attributed_and_then_leaves() -> None:
    contoso: Environment = organization(online(inbound_connectors=(inbound(),)))
    router = Microsoft365Router(contoso)
    reception = at_rcpt(router, own_server(), None, JOHN).what
    assert isinstance(reception, Reception)
    assert routed(router, JOHN, None, reception) == Decided(by_mx(None))

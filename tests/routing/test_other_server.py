"""An own server that is not Exchange: every fact of environment.yaml."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.environment import Route
from mailflow.exchange.known import Assumptions, Unknown
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
)
from mailflow.routing.other_server import OtherServerRouter
from tests.routing.conftest import (
    CERTIFICATE,
    CHRIS,
    CHRIS_ROUTING,
    FROM_CLOUD,
    JOHN,
    KATE,
    NOBODY,
    STRANGER,
    Decided,
    addresses,
    at_connection,
    at_rcpt,
    client,
    organization,
    other,
    route,
    routed,
    server,
    the_tenant,
)


def postfix(*, certificate: Any = CERTIFICATE, **facts: Any) -> OtherServerRouter:
    mine = server(exchange_name="", certificate=certificate, other=other(**facts))
    return OtherServerRouter(organization(servers=(mine,)), mine, other(**facts))


def stated(why: str) -> Rule:
    return Rule(why, "environment.yaml")


# accepts_from


def test_whoever_connects_may_talk_unless_a_firewall_is_stated() -> None:
    assert at_connection(postfix(), client()) == Decided(None)
    walled = postfix(accepts_from=addresses("40.92.0.0/15", "40.107.0.0/16"))
    assert at_connection(walled, client(FROM_CLOUD)) == Decided(None)
    why = stated(f"{STRANGER} is not in accepts_from (environment.yaml:12)")
    assert at_connection(walled, client()) == Decided(Refuse(Reply(421, "4.3.2", "Service not available"), why))
    assert at_connection(postfix(accepts_from=()), client()).what is not None
    assert at_connection(walled, client("2001:db8::1")).what is not None


# accepts_for, relays_for

ACCEPTED = Decided(Reception(Direction.INCOMING, stated("accepts_for has contoso.com (environment.yaml:12)")))
RELAYED = Decided(Reception(Direction.ORIGINATING, stated("relays_for has the client (environment.yaml:12)")))
DENIED = Decided(
    Refuse(
        Reply(554, "5.7.1", "Relay access denied"),
        stated("tailspintoys.com is not in accepts_for, the client not in relays_for"),
    )
)


def test_anybody_may_send_to_the_domains_it_accepts_for() -> None:
    assert at_rcpt(postfix(), client(), None, NOBODY) == ACCEPTED
    assert at_rcpt(postfix(), client("10.0.0.5"), JOHN, KATE) == ACCEPTED


@pytest.mark.parametrize(
    ("name", "takes"),
    [("contoso.com", True), ("eu.contoso.com", True), ("fabrikam.example", True), ("a.fabrikam.example", False)],
)
def test_a_star_takes_the_domain_and_all_below(name: str, takes: bool) -> None:
    router = postfix(accepts_for=("*.contoso.com", "fabrikam.example"))
    assert isinstance(at_rcpt(router, client(), None, Address("x", name)).what, Reception if takes else Refuse)


def test_it_relays_for_whom_the_environment_names() -> None:
    assert at_rcpt(postfix(), client("10.0.0.5"), KATE, JOHN) == RELAYED
    assert at_rcpt(postfix(), client(), KATE, JOHN) == DENIED
    assert at_rcpt(postfix(relays_for=()), client("10.0.0.5"), KATE, JOHN) == DENIED


@pytest.mark.parametrize(
    ("by", "relays"),
    [
        (the_tenant(), True),
        (the_tenant(tls=False), True),  # from its published addresses
        (client(STRANGER, "mail.protection.outlook.com"), True),  # by its certificate
        (client(STRANGER, "mail.protection.outlook.com", trusted=False), False),
        (client(STRANGER, "mail.example"), False),
        (client(), False),
    ],
)
def test_it_relays_for_the_tenant_where_that_is_stated(by: Client, relays: bool) -> None:
    assert at_rcpt(postfix(), by, CHRIS, JOHN) == (RELAYED if relays else DENIED)
    assert at_rcpt(postfix(relays_for_microsoft_365=False), by, CHRIS, JOHN) == DENIED


def test_where_the_tenants_addresses_are_not_known_that_is_told() -> None:
    router = postfix()
    tenant = router.environment.microsoft_365
    nowhere = replace(tenant, cloud=replace(tenant.cloud, ranges=Unknown("no published ranges")))
    unknown = replace(router, environment=replace(router.environment, microsoft_365=nowhere))
    assert at_rcpt(unknown, client(FROM_CLOUD), CHRIS, JOHN) == Decided(DENIED.what, ("no published ranges",))
    assert at_rcpt(unknown, the_tenant(), CHRIS, JOHN) == RELAYED


def test_it_counts_at_least_as_many_hops_as_the_standard_asks() -> None:
    loop = Rule("too many Received fields: a loop", "RFC 5321 section 6.3")
    assert postfix().hop_limit() == (100, Refuse(Reply(554, "5.4.6", "Too many hops"), loop))


def test_its_mailboxes_submit() -> None:
    rule = Rule("submitted on-premises", "Routing")
    assert postfix().submission(KATE) == Reception(Direction.ORIGINATING, rule, submitted=True)


def test_a_filtering_service_has_no_mailboxes_and_sends_reports_alone() -> None:
    rule = Rule("a report of its own", "RFC 5321 section 6.1")
    filtering = replace(postfix(), has_mailboxes=False)
    assert filtering.submission(None) == Reception(Direction.ORIGINATING, rule, submitted=True)


# Mailboxes, forwards, routing addresses


def test_a_listed_mailbox_gets_its_mail_or_forwards_it() -> None:
    assert routed(postfix(), KATE) == Decided((Deliver(KATE, stated("the mailbox is on-premises")),))
    router = postfix()
    forwarding = replace(router, environment=organization(forwards={KATE: JOHN}, servers=(router.server,)))
    assert routed(forwarding, KATE) == Decided((Redirect(JOHN, stated(f"{KATE} forwards"), forward=True),))


def test_a_mailbox_of_the_tenant_is_reached_by_its_routing_address() -> None:
    why = stated("routing_addresses names its place in the tenant")
    assert routed(postfix(), CHRIS) == Decided((Redirect(CHRIS_ROUTING, why),))


def test_whom_it_does_not_know_comes_back_unless_a_route_names_the_domain() -> None:
    unknown = Rule(f"{NOBODY} is unknown here", "RFC 5321 section 3.6.2")
    returned = Decided((Return(Reply(550, "5.1.1", "User unknown"), unknown),))
    assert routed(postfix(), NOBODY) == returned
    assert routed(postfix(routes=()), NOBODY) == returned
    inside = postfix(routes=(route("contoso.com", "ex01.contoso.com"), route("*")))
    (action,) = routed(inside, NOBODY).what
    assert action.hosts == ("ex01.contoso.com",)


# Routes


def relay(
    to: Route, hosts: tuple[str, ...] = (), *, tls: TlsDemand = OPPORTUNISTIC, shows: bool = False
) -> tuple[Relay]:
    why = stated(f"route for {to.domain} (environment.yaml:12)")
    return (Relay(hosts, KATE, why, "", tls, "mail.contoso.com", shows),)


def test_a_route_leads_to_a_smart_host_or_by_mx() -> None:
    assert routed(postfix(), JOHN, KATE) == Decided(relay(route("*")))
    through = route("*", "contoso-com.mail.protection.outlook.com")
    assert routed(postfix(routes=(through,)), JOHN, KATE).what == relay(through, (through.smart_host or "",))


def test_a_routing_address_follows_its_route_and_is_not_looked_up_again() -> None:
    to_cloud = other().routes[0]
    smart_host = "contoso-com.mail.protection.outlook.com"
    assert routed(postfix(), CHRIS_ROUTING, KATE, resolved=True).what == relay(
        to_cloud, (smart_host,), tls=TlsDemand(required=True)
    )
    assert routed(postfix(), KATE, KATE, resolved=True).what == relay(route("*"))


def test_a_route_may_demand_tls_and_show_the_certificate() -> None:
    strict = route("*", require_tls=True, presents_certificate=True)
    demand = TlsDemand(required=True)
    assert routed(postfix(routes=(strict,)), JOHN, KATE).what == relay(strict, tls=demand, shows=True)
    assert routed(postfix(routes=(strict,), certificate=None), JOHN, KATE) == Decided(
        relay(strict, tls=demand), ("the environment names no certificate for mail.contoso.com",)
    )


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("fabrikam.example", "fabrikam.example"),
        ("e.fabrikam.example", "e.fabrikam.example"),
        ("a.fabrikam.example", "*.fabrikam.example"),
        ("tailspintoys.com", "*"),
        ("notfabrikam.example", "*"),
    ],
)
def test_the_most_specific_route_wins(name: str, domain: str) -> None:
    routes = tuple(map(route, ("*", "*.fabrikam.example", "fabrikam.example", "e.fabrikam.example")))
    for order in (routes, routes[::-1]):
        (action,) = routed(postfix(routes=order), Address("x", name), KATE).what
        assert action.rule == stated(f"route for {domain} (environment.yaml:12)")


def test_without_a_route_mail_waits() -> None:
    why = stated("no route covers tailspintoys.com (environment.yaml:12)")
    assert routed(postfix(routes=()), JOHN) == Decided((Hold(Reply(451, "4.4.4", "no route"), why),))


def test_mail_for_a_domain_that_no_route_names() -> None:
    (action,) = relay(route("*"))
    assert postfix().to_internet(Assumptions()) == replace(action, mail_from=None)

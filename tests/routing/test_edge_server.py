"""An Edge Transport server: mail for the organization goes inside, other mail by the connectors that start there."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.environment.environment import Server
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import DomainType
from mailflow.exchange.server import SendConnector
from mailflow.mail.reply import Reply
from mailflow.routing.decision import Direction, Hold, Relay, Rule
from mailflow.routing.edge_server import EdgeServerRouter
from mailflow.routing.router import own_router
from tests.routing.conftest import (
    CHRIS,
    CHRIS_ROUTING,
    JOHN,
    KATE,
    Decided,
    accepted,
    certificate,
    exchange,
    organization,
    routed,
    send,
    server,
    space,
    to_internet,
)

INSIDE = Rule("send connector 'EdgeSync - Inbound to Site': to the Mailbox servers", "Edge Subscriptions")


def edge() -> Server:
    return server(name="mail.contoso.com", exchange_name="EDGE01", is_edge=True)


def mailbox_server(number: int) -> Server:
    address = ip_address(f"10.1.1.{number}")
    return server(name=f"ex0{number}.corp", exchange_name=f"EX0{number}", listens=(address,), sends_from=(address,))


def inbound(**changes: Any) -> SendConnector:
    """Build the connector that New-EdgeSubscription makes."""
    there = to_internet("EdgeSync - Inbound to Site", dns_routing_enabled=False, smart_hosts=("--",))
    return replace(there, **({"address_spaces": (space("--"),), "source_transport_servers": ("EDGE01",)} | changes))


def subscribed(*connectors: SendConnector, inside: tuple[Server, ...] = (), **own: Any) -> EdgeServerRouter:
    mine = edge()
    own = {"certificates": (replace(certificate(), server="EDGE01"),)} | own
    world = organization(own=exchange(send_connectors=connectors, **own), servers=(mine, *inside))
    router = own_router(world, mine)
    assert isinstance(router, EdgeServerRouter)
    return router


def goes_inside(*hosts: str) -> Decided:
    to = Relay(hosts, JOHN, INSIDE, "EdgeSync - Inbound to Site", helo="mail.contoso.com", cloud_services_mail=True)
    return Decided((to,))


def from_edge(connector: SendConnector) -> SendConnector:
    return replace(connector, source_transport_servers=("edge01",))


def test_what_is_for_the_organization_goes_to_the_mailbox_servers() -> None:
    """It asks no directory: a mailbox in the tenant, and nobody's, are for these to find."""
    router = subscribed(inbound(), from_edge(to_internet()), inside=(mailbox_server(1), mailbox_server(2)))
    for recipient in (KATE, CHRIS, replace(KATE, local="nobody")):
        assert routed(router, recipient) == goes_inside("10.1.1.1", "10.1.1.2")


def test_other_mail_goes_by_the_connectors_that_start_there() -> None:
    to_tenant, out = from_edge(send()), from_edge(to_internet())
    closer = to_internet("Of EX01", address_spaces=(space(JOHN.domain),))  # it starts at another server
    router = subscribed(inbound(), to_tenant, out, closer, inside=(mailbox_server(1),))
    # The domain of routing addresses is accepted on the own side as well, and named by a connector.
    (action,) = routed(router, CHRIS_ROUTING).what
    assert (action.connector, action.cloud_services_mail, action.tls.name) == (
        "Outbound to Office 365",
        True,
        "mail.protection.outlook.com",
    )
    (action,) = routed(router, JOHN).what
    assert (action.connector, action.hosts) == ("Internet", ())


@pytest.mark.parametrize(
    ("kind", "connector"),
    [
        (DomainType.AUTHORITATIVE, "EdgeSync - Inbound to Site"),
        (DomainType.INTERNAL_RELAY, "EdgeSync - Inbound to Site"),
        (DomainType.EXTERNAL_RELAY, "Internet"),
    ],
)
def test_an_external_relay_domain_is_not_inside(kind: DomainType, connector: str) -> None:
    domains = (accepted("contoso.com", kind),)
    router = subscribed(inbound(), from_edge(to_internet()), inside=(mailbox_server(1),), accepted_domains=domains)
    (action,) = routed(router, KATE).what
    assert action.connector == connector


def test_a_connector_made_by_hand_leads_inside_too() -> None:
    by_hand = from_edge(to_internet("Inside", address_spaces=(space("contoso.com"),), dns_routing_enabled=False))
    router = subscribed(replace(by_hand, smart_hosts=("10.1.1.9",)), inbound(), inside=(mailbox_server(1),))
    (action,) = routed(router, KATE).what
    assert (action.connector, action.hosts) == ("Inside", ("10.1.1.9",))


def test_mail_that_finds_no_way_inside_waits() -> None:
    assert routed(subscribed(inbound()), KATE) == Decided((Hold(Reply(451, "4.4.0", "no next hop"), INSIDE),))
    (action,) = routed(subscribed(inbound(enabled=False)), KATE).what
    assert isinstance(action, Hold)
    assert action.rule.why == "no send connector covers contoso.com"


def test_what_nobody_knows_of_it() -> None:
    unknown = Unknown("the export lacks it")
    router = subscribed(inbound(source_transport_servers=unknown), inside=(mailbox_server(1),))
    assert routed(router, KATE).assumed == ("the export lacks it",)
    kind = subscribed(inbound(), inside=(mailbox_server(1),), accepted_domains=(accepted("contoso.com", unknown),))
    assert routed(kind, KATE).assumed == ("the export lacks it",)


def test_it_holds_no_mailbox() -> None:
    taken = subscribed(inbound()).submission(None)
    assert (taken.direction, taken.submitted, taken.internal) == (Direction.ORIGINATING, True, False)
    own = organization(servers=(edge(), mailbox_server(1))).on_premises
    assert [one.name for one in own.mailbox_servers] == ["ex01.corp"]


def test_a_mailbox_server_does_not_take_the_sign_for_a_domain() -> None:
    world = organization(own=exchange(send_connectors=(inbound(),), mailboxes=()), servers=(edge(), mailbox_server(1)))
    (action,) = routed(own_router(world, world.on_premises.servers[1]), JOHN).what
    assert isinstance(action, Hold)

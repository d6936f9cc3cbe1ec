"""Where a simulated MTA goes with a message: RFC 5321 section 5.1, RFC 7505, smart hosts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.environment import Environment
from mailflow.mail.address import Address
from mailflow.routing import journal
from mailflow.routing.decision import Relay
from mailflow.simulate.zones import zones

World = Any  # tests/simulate/conftest.py

FROM = {"from.example": "@ A 192.0.2.10"}


def sent_to(world: World) -> list[tuple[str, str, str]]:
    """Host, address and reply of each handover of the message itself."""
    return [
        (entry.to_host, entry.to_address, str(entry.reply).replace(entry.next_id or "-", "ID", 1))
        for entry in world.journal
        if isinstance(entry, journal.Sent) and entry.recipient == Address("b", "to.example")
    ]


def ended(world: World) -> list[str]:
    return [str(entry.reply) for entry in world.journal if isinstance(entry, journal.Failed)]


def going(world: Callable[..., World], zone: str, *hosts: tuple[str, str], smart_hosts: tuple[str, ...] = ()) -> World:
    """Send one message from a host with addresses of both families to to.example."""
    made = world({**FROM, "to.example": zone})
    relay = Relay(smart_hosts, Address("a", "from.example"), made.rule)
    made.host("mail.from.example", "192.0.2.10 2001:db8::10", made.rules({"b@to.example": (relay,)}))
    for name, address in hosts:
        made.host(name, address, made.rules())
    made.post("mail.from.example", "a@from.example", "b@to.example")
    return made


QUEUED = "250 2.6.0 ID Queued mail for delivery"


def test_the_lowest_preference_comes_first(world: Callable[..., World]) -> None:
    zone = "@ MX 20 second\n@ MX 10 first\nfirst A 192.0.2.21\nsecond A 192.0.2.22"
    made = going(world, zone, ("first.to.example", "192.0.2.21"), ("second.to.example", "192.0.2.22"))
    assert sent_to(made) == [("first.to.example", "192.0.2.21", QUEUED)]


def test_the_next_exchanger_is_tried_where_the_first_does_not_answer(world: Callable[..., World]) -> None:
    zone = "@ MX 10 first\n@ MX 20 second\nfirst A 192.0.2.21\nsecond A 192.0.2.22"
    made = going(world, zone, ("second.to.example", "192.0.2.22"))
    assert sent_to(made) == [("second.to.example", "192.0.2.22", QUEUED)]


def test_a_host_that_refuses_the_recipient_has_answered(world: Callable[..., World]) -> None:
    from mailflow.mail.reply import Reply
    from mailflow.routing.decision import Refuse

    made = world({**FROM, "to.example": "@ MX 10 first\n@ MX 20 second\nfirst A 192.0.2.21\nsecond A 192.0.2.22"})
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))
    refuses = {"b@to.example": Refuse(Reply(550, "5.7.1", "not here"), made.rule)}
    made.host("first.to.example", "192.0.2.21", made.rules(refuses=refuses))
    made.host("second.to.example", "192.0.2.22", made.rules())
    made.post("mail.from.example", "a@from.example", "b@to.example")
    assert sent_to(made) == [("first.to.example", "192.0.2.21", "550 5.7.1 not here")]


def test_nobody_answers(world: Callable[..., World]) -> None:
    made = going(world, "@ MX 10 first\nfirst A 192.0.2.21")
    refused = "450 4.4.316 Connection refused [Message=Socket error code 10061]"
    assert sent_to(made) == [("first.to.example", "192.0.2.21", refused)]
    assert ended(made) == [refused]


@pytest.mark.parametrize(
    ("zone", "reply"),
    [
        ("@ MX 0 .", "556 5.1.10 to.example does not accept mail (null MX)"),
        ("@ TXT nothing", "550 5.1.2 DNS: to.example has no MX and no address"),
        ("@ MX 10 mail", "451 4.4.4 DNS: no address for mail.to.example, the MX of to.example"),
        # An MX that none can be reached by is an error; the domain's own address is no way round it.
        ("@ MX 10 mail\n@ A 192.0.2.20", "451 4.4.4 DNS: no address for mail.to.example, the MX of to.example"),
        # RFC 5321 section 5.1: the data of an MX record is a domain name. One that looks like an address is none.
        ("@ MX 10 192.0.2.20.", "451 4.4.4 DNS: no address for 192.0.2.20, the MX of to.example"),
        ("@ MX 10 a\na CNAME b\nb CNAME a", "451 4.4.3 DNS: no answer for a.to.example AAAA (NoNameservers)"),
    ],
)
def test_there_is_nowhere_to_go(world: Callable[..., World], zone: str, reply: str) -> None:
    made = going(world, zone, ("mail.to.example", "192.0.2.20"))
    assert sent_to(made) == []
    assert ended(made) == [reply]


def test_a_domain_of_which_nothing_is_known_is_no_domain_that_does_not_exist(world: Callable[..., World]) -> None:
    made = world(FROM)
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))
    made.post("mail.from.example", "a@from.example", "b@to.example")
    assert ended(made) == ["451 4.4.3 DNS: no answer for to.example MX (NoNameservers)"]


def test_without_mx_the_domains_own_address_counts_as_one(world: Callable[..., World]) -> None:
    made = going(world, "@ A 192.0.2.20", ("to.example", "192.0.2.20"))
    assert sent_to(made) == [("to.example", "192.0.2.20", QUEUED)]


def test_an_exchanger_may_be_an_alias(world: Callable[..., World]) -> None:
    made = going(world, "@ MX 10 alias\nalias CNAME mail\nmail A 192.0.2.20", ("mail.to.example", "192.0.2.20"))
    assert sent_to(made) == [("alias.to.example", "192.0.2.20", QUEUED)]


def test_a_destination_with_ipv6_only(world: Callable[..., World]) -> None:
    made = going(world, "@ MX 10 mail\nmail AAAA 2001:db8::20", ("mail.to.example", "2001:db8::20"))
    assert sent_to(made) == [("mail.to.example", "2001:db8::20", QUEUED)]
    received = next(e for e in made.journal if isinstance(e, journal.Received) and e.client)
    assert str(received.client.address) == "2001:db8::10"
    (message,) = made.simulation.mailboxes.values()
    assert message.startswith(b"Received: from mail.from.example ([IPv6:2001:db8::10]) by mail.to.example with ESMTP")


def test_a_sender_with_ipv4_only_cannot_reach_it(world: Callable[..., World]) -> None:
    made = world({**FROM, "to.example": "@ MX 10 mail\nmail AAAA 2001:db8::20"})
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))
    made.host("mail.to.example", "2001:db8::20", made.rules())
    made.post("mail.from.example", "a@from.example", "b@to.example")
    assert ended(made) == ["450 4.4.316 the sender has no IPv6 address"]


@pytest.mark.parametrize("smart_host", ["192.0.2.20", "[192.0.2.20]"])
def test_a_smart_host_may_be_an_address(world: Callable[..., World], smart_host: str) -> None:
    made = going(world, "@ MX 0 .", ("mail.to.example", "192.0.2.20"), smart_hosts=(smart_host,))
    assert sent_to(made) == [(smart_host, "192.0.2.20", QUEUED)]


def test_a_smart_host_by_name_is_looked_up_by_address_not_by_mx(world: Callable[..., World]) -> None:
    zone = "@ MX 10 mx\nmx A 192.0.2.21\nsmart A 192.0.2.20\nsmart MX 10 mx"
    hosts = (("smart.to.example", "192.0.2.20"), ("mx.to.example", "192.0.2.21"))
    made = going(world, zone, *hosts, smart_hosts=("smart.to.example",))
    assert sent_to(made) == [("smart.to.example", "192.0.2.20", QUEUED)]


def test_smart_hosts_are_tried_in_the_order_in_which_they_are_named(world: Callable[..., World]) -> None:
    zone = "one A 192.0.2.21\ntwo A 192.0.2.22"
    made = going(world, zone, ("two.to.example", "192.0.2.22"), smart_hosts=("one.to.example", "two.to.example"))
    assert sent_to(made) == [("two.to.example", "192.0.2.22", QUEUED)]


def test_a_smart_host_without_address(world: Callable[..., World]) -> None:
    made = going(world, "@ MX 0 .", smart_hosts=("gone.to.example",))
    assert ended(made) == ["451 4.4.4 DNS: no address for smart host gone.to.example"]


def test_somebody_goes_straight_to_a_host_whatever_the_mx_says(world: Callable[..., World]) -> None:
    made = world({**FROM, "to.example": "@ MX 10 mx\nmx A 192.0.2.21\nback A 192.0.2.22"})
    made.host("mail.from.example", "192.0.2.10", made.rules())
    made.host("mx.to.example", "192.0.2.21", made.rules())
    made.host("back.to.example", "192.0.2.22", made.rules())
    made.post("mail.from.example", "a@from.example", "b@to.example", direct_to="back.to.example")
    assert sent_to(made) == [("back.to.example", "192.0.2.22", QUEUED)]


def test_who_goes_straight_to_an_own_server_needs_no_dns(world: Callable[..., World]) -> None:
    """A stranger scans addresses: a name that leads elsewhere is no protection."""
    made = world({**FROM, "contoso.com": "mail A 192.0.2.99"})
    made.host("mail.from.example", "192.0.2.10", made.rules())
    made.post("mail.from.example", "a@from.example", "b@to.example", direct_to="mail.contoso.com")
    assert [address for _, address, _ in sent_to(made)] == ["131.107.21.231"]


def test_where_a_host_of_the_tenant_cannot_be_derived_no_name_beside_the_known_ones_is_denied(
    scenario: Callable[[str], Environment],
) -> None:
    """A smart host below mail.protection.outlook.com may be that of the domain with the hyphen: nobody knows."""
    environment = scenario("scenario-4")
    suffix = environment.microsoft_365.cloud.mx_suffix
    assert {name for name in zones(environment) if name.endswith(suffix) and "spf" not in name} == {suffix}
    online = environment.microsoft_365.online
    assert isinstance(online.accepted_domains, tuple)
    coffee = replace(online.accepted_domains[0], domain_name="fourth-coffee.com")
    more = replace(online, accepted_domains=(*online.accepted_domains, coffee))
    tenant = replace(environment.microsoft_365, online=more)
    built = zones(replace(environment, microsoft_365=tenant))
    assert suffix not in built
    assert f"contoso-com.{suffix}" in built
    assert f"fourth-coffee-com.{suffix}" not in built

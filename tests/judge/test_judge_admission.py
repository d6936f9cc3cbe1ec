"""From where the own servers take mail: all of Microsoft 365, and whom else."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.exchange.address_range import spanned
from mailflow.exchange.cloud import cloud
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import OutboundConnector
from mailflow.judge import admission, outbound
from mailflow.policy.finding import Finding, Verdict

RANGES = cloud("worldwide").ranges
RECEIVING = "exchange-server/Get-ReceiveConnector.json"
PUBLISHED = "40.92.0.0/15, 40.107.0.0/16, 52.100.0.0/14, 104.47.0.0/17, 2a01:111:f400::/48, 2a01:111:f403::/48"


def nets(*written: str) -> tuple[Any, ...]:
    return tuple(map(ip_network, written))


def connector(world: Any) -> OutboundConnector | None:
    return outbound.for_domain(world.environment, world.domain)[1]


def of_microsoft_365(world: Any) -> Finding:
    return admission.of_microsoft_365(world.environment, connector(world))


def of_nobody_else(world: Any) -> Finding:
    return admission.of_nobody_else(world.environment, world.domain)


def talking_to(world: Any, *written: str, **fields: Any) -> Any:
    return world.own_item("receive_connectors", remote_ip_ranges=spanned(nets(*written)), **fields)


# of_microsoft_365


def test_a_server_that_talks_to_all_of_microsoft_365(s1: Any, s4: Any) -> None:
    found = of_microsoft_365(s1)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "mail.contoso.com does")
    (line,) = found.evidence
    assert (line.asked, line.answer) == (
        "RemoteIPRanges of receive connector 'Default Frontend EX01'",
        (PUBLISHED,),
    )
    assert line.of == s1.place(RECEIVING, '"RemoteIPRanges"')
    assert of_microsoft_365(s4).verdict is Verdict.COMPLIANT  # it takes mail from everywhere


def test_a_receive_connector_with_half_of_the_ranges(s1: Any) -> None:
    found = of_microsoft_365(talking_to(s1, "40.92.0.0/16", "40.107.0.0/16", "52.100.0.0/14"))
    assert found.verdict is Verdict.NON_COMPLIANT
    # It listens on IPv4 alone, so no range of IPv6 is missed.
    assert found.seen == "mail.contoso.com does not talk to 40.93.0.0/16, 104.47.0.0/17"
    assert found.remedy.splitlines()[-1] == (
        'Set-ReceiveConnector "EX01\\Default Frontend EX01" -RemoteIPRanges @{Add="40.93.0.0/16","104.47.0.0/17"}'
    )


def test_on_ipv6_where_the_server_listens_there(s1: Any) -> None:
    both = s1.with_server(listens=(*s1.server.listens, ip_address("2001:db8::25")))
    assert of_microsoft_365(both).verdict is Verdict.COMPLIANT
    found = of_microsoft_365(talking_to(both, *map(str, RANGES[:5])))
    assert found.seen == "mail.contoso.com does not talk to 2a01:111:f403::/48"
    only = s1.with_server(listens=(ip_address("2001:db8::25"),))
    assert of_microsoft_365(talking_to(only, *map(str, RANGES[4:]))).verdict is Verdict.COMPLIANT


def test_several_connectors_of_the_server_add_up(s1: Any) -> None:
    first = talking_to(s1, *map(str, RANGES[:3])).environment.on_premises.exchange.receive_connectors[0]
    second = replace(first, name="From the rest", remote_ip_ranges=spanned(RANGES[3:]))
    assert of_microsoft_365(s1.exchange(receive_connectors=(first, second))).verdict is Verdict.COMPLIANT
    for fields in ({"enabled": False}, {"bindings_ports": (587,)}, {"server": "EX02"}):
        deaf = s1.exchange(receive_connectors=(first, replace(second, **fields)))
        found = of_microsoft_365(deaf)
        assert found.seen == "mail.contoso.com does not talk to 104.47.0.0/17"
        assert "EX01\\Default Frontend EX01" in found.remedy


def test_a_gateway_whose_firewall_knows_half_of_the_ranges(s1: Any) -> None:
    found = of_microsoft_365(s1.not_exchange(accepts_from=nets("40.92.0.0/15", "104.47.0.0/17", "10.1.1.0/24")))
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "mail.contoso.com does not talk to 40.107.0.0/16, 52.100.0.0/14",
    )
    (line,) = found.evidence
    assert (line.asked, line.answer) == (
        "accepts_from of mail.contoso.com",
        ("40.92.0.0/15, 104.47.0.0/17, 10.1.1.0/24",),
    )
    assert found.remedy == (
        "Let the firewall and mail.contoso.com take mail (TCP port 25) from 40.107.0.0/16, 52.100.0.0/14; "
        "accepts_from in environment.yaml says so"
    )


@pytest.mark.parametrize("allowed", [None, RANGES, nets("0.0.0.0/0")])
def test_a_gateway_that_lets_them_all_in(s1: Any, allowed: Any) -> None:
    found = of_microsoft_365(s1.not_exchange(accepts_from=allowed))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "mail.contoso.com does")


def test_a_cloud_whose_ranges_nobody_has_written_down(s1: Any) -> None:
    own = s1.tenant(cloud=cloud("gcc-high"))
    found = of_microsoft_365(own)
    why = "the published ranges of the cloud gcc-high are not in microsoft_365.toml"
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, why)
    # Who talks to everybody talks to it.
    assert of_microsoft_365(own.not_exchange(accepts_from=None)).verdict is Verdict.COMPLIANT


def test_what_the_exports_lack(s1: Any, unknown: Unknown) -> None:
    for field in ("remote_ip_ranges", "enabled", "bindings_ports"):
        found = of_microsoft_365(s1.own_item("receive_connectors", **{field: unknown}))
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it"), field
    assert of_microsoft_365(s1.exchange(receive_connectors=unknown)).verdict is Verdict.NOT_VERIFIED


def test_no_server_to_ask(s1: Any) -> None:
    assert admission.of_microsoft_365(s1.environment, None).verdict is Verdict.NOT_APPLICABLE
    strange = s1.item("outbound_connectors", smart_hosts=("elsewhere.example",))
    found = of_microsoft_365(strange)
    seen = "no smart host of it is a server of the environment that listens"
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, seen)


# of_nobody_else


def test_a_lock_that_lets_in_microsoft_365_and_known_addresses(s1: Any) -> None:
    found = of_nobody_else(s1)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "from nobody else")
    newsletter, own = "203.0.113.60/32", "131.107.21.231/32"
    known = talking_to(s1, *map(str, RANGES), newsletter, own, "10.0.0.0/8", "fe80::/10", "40.95.0.0/16")
    assert of_nobody_else(known).verdict is Verdict.COMPLIANT
    gateway = s1.not_exchange(accepts_from=(*RANGES, *nets(newsletter, "192.168.0.0/16")))
    assert of_nobody_else(gateway).verdict is Verdict.COMPLIANT


def test_addresses_of_nobody_who_is_named(s1: Any) -> None:
    for world in (
        s1.not_exchange(accepts_from=(*RANGES, *nets("198.51.100.0/26"))),
        talking_to(s1, *map(str, RANGES), "198.51.100.0/26"),
    ):
        found = of_nobody_else(world)
        seen = "whom that is for is not known: mail.contoso.com takes it from 198.51.100.0/26"
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, seen)
        assert "environment.yaml" in found.remedy


@pytest.mark.parametrize("wide", ["64.0.0.0/6", "3000::/4"])
def test_half_of_the_world(s1: Any, wide: str) -> None:
    found = of_nobody_else(s1.not_exchange(accepts_from=(*RANGES, *nets(wide))))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"mail.contoso.com takes it from {wide}")
    assert of_nobody_else(talking_to(s1, wide)).verdict is Verdict.NON_COMPLIANT
    assert of_nobody_else(s1.not_exchange(accepts_from=None)).verdict is Verdict.NON_COMPLIANT


def test_who_has_to_sign_in_is_no_stranger(s1: Any) -> None:
    first = talking_to(s1, *map(str, RANGES)).environment.on_premises.exchange.receive_connectors[0]
    branch = replace(first, name="Branches", remote_ip_ranges=spanned(nets("0.0.0.0/0")), auth_mechanism=frozenset())
    signed = replace(branch, permission_groups=frozenset({"ExchangeUsers"}))
    assert of_nobody_else(s1.exchange(receive_connectors=(first, signed))).verdict is Verdict.COMPLIANT
    for fields in (
        {"permission_groups": frozenset({"AnonymousUsers"})},
        {"auth_mechanism": frozenset({"ExternalAuthoritative"})},
    ):
        opened = s1.exchange(receive_connectors=(first, replace(signed, **fields)))
        assert of_nobody_else(opened).verdict is Verdict.NON_COMPLIANT


def test_what_nobody_knows_of_the_lock(s1: Any, unknown: Unknown) -> None:
    for field in ("remote_ip_ranges", "enabled", "permission_groups"):
        found = of_nobody_else(s1.own_item("receive_connectors", **{field: unknown}))
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it"), field
    found = of_nobody_else(s1.tenant(cloud=cloud("gcc-high")))
    assert found.verdict is Verdict.NOT_VERIFIED
    assert "the published ranges of the cloud gcc-high are not in microsoft_365.toml" in found.seen
    inside = s1.with_server(listens=(ip_address("10.1.1.5"),))
    assert of_nobody_else(inside).verdict is Verdict.NOT_VERIFIED

"""Connectors for a part of the Internet: whose host is gone, and where nobody is there to be tried."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.exchange.server import AddressSpace
from mailflow.judge import part
from mailflow.policy.finding import Verdict


def sending(world: Any, *domains: str, **fields: Any) -> Any:
    """Put a send connector for some domains beside those that there are."""
    there = world.environment.on_premises.exchange.send_connectors
    spaces = tuple(AddressSpace(domain, 1) for domain in domains)
    made = replace(
        there[1], **({"name": "Germany", "smart_hosts": ("gw.fabrikam.com",)} | fields), address_spaces=spaces
    )
    return world.exchange(send_connectors=(*there, made)).environment


def test_what_is_for_everybody_or_the_organizations_own_is_no_part(s1: Any, s2: Any) -> None:
    for world in (s1, s2):
        assert part.tried(world.environment).verdict is Verdict.NOT_APPLICABLE
        own = sending(world, "eu.contoso.com", "*.contoso.com", "*", "contoso.mail.onmicrosoft.com")
        assert part.tried(own).verdict is Verdict.NOT_APPLICABLE


def test_an_edge_subscription_names_the_organization_itself(s1: Any) -> None:
    assert part.tried(sending(s1, "--", smart_hosts=("--",))).verdict is Verdict.NOT_APPLICABLE


def test_somebody_is_there(s1: Any) -> None:
    found = part.tried(sending(s1, "fabrikam.com", "*.tailspintoys.com", smart_hosts=()))
    seen = "send connector 'Germany' carries mail for fabrikam.com, *.tailspintoys.com to where the MX record points"
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, seen)
    assert [item.answer for item in found.evidence] == [("fabrikam.com, *.tailspintoys.com",), ("(empty)",)]


@pytest.mark.parametrize("domain", ["*.de", "woodgrove.example", "sub.fabrikam.com"])
def test_nobody_is_there(s1: Any, domain: str) -> None:
    found = part.tried(sending(s1, domain))
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NOT_VERIFIED,
        f"send connector 'Germany' carries mail for {domain} to gw.fabrikam.com, and nobody under outside is there",
        (
            f"List somebody in {domain} in environment.yaml: outside. Or, where it is left over:\n"
            'Remove-SendConnector "Germany"'
        ),
    )


def test_the_host_is_gone(s1: Any) -> None:
    """Of a name in the plan it is known; of another the plan says nothing."""
    found = part.tried(
        sending(s1, "fabrikam.com", smart_hosts=("gw.contoso.com", "mail.contoso.com", "gw.fabrikam.com"))
    )
    assert (found.verdict, found.remedy) == (Verdict.NON_COMPLIANT, 'Remove-SendConnector "Germany"')
    assert found.seen.endswith("gw.contoso.com, mail.contoso.com, gw.fabrikam.com: gw.contoso.com has no address")


def test_one_of_the_tenant(s1: Any) -> None:
    (there,) = s1.environment.microsoft_365.online.outbound_connectors

    def judged(**fields: Any) -> Any:
        made = replace(
            there, name="Swiss", **({"recipient_domains": ("*.ch",), "smart_hosts": ("gw.example",)} | fields)
        )
        return part.tried(s1.online(outbound_connectors=(there, made)).environment)

    found = judged()
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "outbound connector 'Swiss' carries mail for *.ch to gw.example, and nobody under outside is there",
    )
    assert found.remedy.endswith('Remove-OutboundConnector "Swiss"')
    assert judged(enabled=False).verdict is Verdict.NOT_APPLICABLE
    assert judged(is_transport_rule_scoped=True).verdict is Verdict.NOT_APPLICABLE
    unknown = judged(enabled=Unknown("nobody says whether it is on"))
    assert (unknown.verdict, unknown.seen) == (Verdict.NOT_VERIFIED, "nobody says whether it is on")
    unread = judged(recipient_domains=Unknown("nobody says for whom"))
    assert (unread.verdict, unread.seen) == (Verdict.NOT_VERIFIED, "nobody says for whom")


def test_a_disabled_send_connector_carries_nothing(s1: Any) -> None:
    assert part.tried(sending(s1, "*.de", enabled=False)).verdict is Verdict.NOT_APPLICABLE


def test_without_exports_nothing_is_known(s1: Any, unknown: Unknown) -> None:
    for environment in (
        s1.online(outbound_connectors=unknown).environment,
        s1.exchange(send_connectors=unknown).environment,
    ):
        assert part.tried(environment).verdict is Verdict.NOT_VERIFIED


def test_a_host_of_which_nobody_says_anything_is_not_there_for_that(s1: Any) -> None:
    hosts = ("gw.fabrikam.com", "[192.0.2.7]", "contoso-com.mail.protection.outlook.com", "mail.contoso.com")
    found = part.tried(sending(s1, "fabrikam.com", smart_hosts=hosts, dns_routing_enabled=False))
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "the plan does not say whether there is an address of gw.fabrikam.com",
    )
    assert "what the DNS says of gw.fabrikam.com; " in found.remedy
    known = part.tried(sending(s1, "fabrikam.com", smart_hosts=hosts[1:], dns_routing_enabled=False))
    assert known.verdict is Verdict.COMPLIANT


@pytest.mark.parametrize("field", ["dns_routing_enabled", "smart_hosts"])
def test_which_way_it_goes_is_known_or_it_is_not_verified(s1: Any, unknown: Unknown, field: str) -> None:
    way = {"smart_hosts": ("mail.contoso.com",), "dns_routing_enabled": False, field: unknown}
    assert part.tried(sending(s1, "fabrikam.com", **way)).verdict is Verdict.NOT_VERIFIED
    (there,) = s1.environment.microsoft_365.online.outbound_connectors
    name = {"dns_routing_enabled": "use_mx_record"}.get(field, field)
    way = {"smart_hosts": ("mail.contoso.com",), "use_mx_record": False, name: unknown}
    made = replace(there, name="Partner", recipient_domains=("fabrikam.com",), **way)
    found = part.tried(s1.online(outbound_connectors=(there, made)).environment)
    assert found.verdict is Verdict.NOT_VERIFIED

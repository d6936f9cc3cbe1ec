"""Inbound connectors: recognising the own servers, and no stranger."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.environment.environment import Route
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType
from mailflow.judge import inbound
from mailflow.policy.finding import Evidence, Verdict, compliant, not_applicable, not_verified

FILE = "exchange-online/Get-InboundConnector.json"
OWN = (ip_network("131.107.21.231/32"),)
NOT_BY_CERTIFICATE = {"tls_sender_certificate_name": None}
BY_ADDRESS = {"tls_sender_certificate_name": None, "sender_ip_addresses": OWN}
LOCKED = 1  # the second connector of scenarios 3 and 4

NOBODY_SENDS = "the environment names no public address from which an on-premises server sends"


def name(world: Any, number: int = 0) -> str:
    return str(world.environment.microsoft_365.online.inbound_connectors[number].name)


def both(world: Any) -> list[Any]:
    return [inbound.recognised(world.environment, world.domain), inbound.recognised_by_certificate(world.environment)]


def test_recognised(s4: Any) -> None:
    any_form, by_certificate = both(s4)
    for found in (any_form, by_certificate):
        assert (found.verdict, found.seen) == (Verdict.COMPLIANT, f"mail.contoso.com by '{name(s4)}'")
        owner = f"inbound connector '{name(s4)}'"
        assert found.evidence == (
            Evidence("config", f"Enabled of {owner}", s4.place(FILE, '"Enabled"'), ("True",)),
            Evidence(
                "config",
                f"TlsSenderCertificateName of {owner}",
                s4.place(FILE, '"TlsSenderCertificateName"'),
                ("contoso.com",),
            ),
            Evidence("config", f"SenderIPAddresses of {owner}", s4.place(FILE, '"SenderIPAddresses"'), ("(empty)",)),
        )
    assert any_form.asked == "an enabled inbound connector of type OnPremises recognises every on-premises server"
    assert by_certificate.asked == (
        "Microsoft 365 recognises every on-premises server by a certificate whose domain is accepted"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"enabled": False},
        {"connector_type": ConnectorType.PARTNER},
        {"tls_sender_certificate_name": "mail.fabrikam.com"},
        NOT_BY_CERTIFICATE,
    ],
    ids=["disabled", "partner", "another name", "nothing"],
)
def test_not_recognised(s4: Any, fields: Any) -> None:
    for found in both(s4.item("inbound_connectors", **fields)):
        assert found.verdict is Verdict.NON_COMPLIANT
        assert found.seen.startswith(
            "mail.contoso.com [131.107.21.231], certificate names mail.contoso.com, contoso.com: 550 5.7.64 "
        )


@pytest.mark.parametrize(
    ("fields", "switch"),
    [
        ({"enabled": False}, "-Enabled $true"),
        ({"connector_type": ConnectorType.PARTNER}, "-ConnectorType OnPremises"),
        ({"tls_sender_certificate_name": "mail.contoso.com"}, "-TlsSenderCertificateName contoso.com"),
        (BY_ADDRESS, "-TlsSenderCertificateName contoso.com"),
    ],
)
def test_the_one_change_that_mends_it_is_named(s4: Any, fields: Any, switch: str) -> None:
    found = inbound.recognised_by_certificate(s4.item("inbound_connectors", **fields).environment)
    assert found.remedy == f'Set-InboundConnector "{name(s4)}" {switch}'


def test_no_one_change_mends_it(s4: Any) -> None:
    """Two are wrong, or there is none; what keeps strangers out (Partner, restricting) stays what it is."""
    two = {"enabled": False, "tls_sender_certificate_name": "mail.fabrikam.com"}
    lock = s4.environment.microsoft_365.online.inbound_connectors[LOCKED]
    for world in (s4.item("inbound_connectors", **two), s4.online(inbound_connectors=(lock,))):
        assert [found.remedy for found in both(world)] == ["", ""]


def test_certificate_whose_domain_is_not_accepted(s4: Any) -> None:
    """Mail of an own sender is relayed all the same, a report is not (Relay 2023)."""
    any_form, by_certificate = both(s4.item("inbound_connectors", tls_sender_certificate_name="mail.contoso.com"))
    assert any_form.verdict is Verdict.COMPLIANT
    assert by_certificate.verdict is Verdict.NON_COMPLIANT
    assert "550 5.7.64 Relay Access Denied ATTR36" in by_certificate.seen


def test_no_connector(s4: Any) -> None:
    for found in both(s4.online(inbound_connectors=())):
        assert (found.verdict, found.evidence) == (Verdict.NON_COMPLIANT, ())


def test_by_address(s4: Any) -> None:
    any_form, by_certificate = both(s4.item("inbound_connectors", **BY_ADDRESS))
    assert (any_form.verdict, any_form.seen) == (Verdict.COMPLIANT, f"mail.contoso.com by '{name(s4)}'")
    assert by_certificate.verdict is Verdict.NON_COMPLIANT
    assert "550 5.7.64 Relay Access Denied ATTR36" in by_certificate.seen
    assert by_certificate.evidence[2].answer == ("131.107.21.231/32",)


def test_sender_over_ipv6_is_recognised_by_certificate_only(s4: Any) -> None:
    six = s4.with_server(sends_from=(*s4.server.sends_from, ip_address("2001:db8::25")))
    assert [found.verdict for found in both(six)] == [Verdict.COMPLIANT] * 2
    found, _ = both(six.item("inbound_connectors", **BY_ADDRESS))
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen.startswith(
        "mail.contoso.com [2001:db8::25], certificate names mail.contoso.com, contoso.com: 550"
    )
    assert found.seen.endswith("; SenderIPAddresses takes no IPv6 address")


def test_every_server_that_is_not_recognised_is_named(s4: Any) -> None:
    strange = [
        replace(s4.server, name=f"{n}.contoso.com", sends_from=(ip_address(f"192.0.2.{i}"),), certificate=None)
        for i, n in enumerate(("a", "b"), 1)
    ]
    found, _ = both(s4.item("inbound_connectors", **BY_ADDRESS).servers(s4.server, *strange))
    assert found.verdict is Verdict.NON_COMPLIANT
    assert [said.split(":")[0] for said in found.seen.split("; ") if said[1:9] == ".contoso"] == [
        "a.contoso.com [192.0.2.1], shows no certificate",
        "b.contoso.com [192.0.2.2], shows no certificate",
    ]


def test_certificate_that_the_environment_does_not_name(s4: Any) -> None:
    """It might carry the name that the connector wants."""
    for found in both(s4.with_server(certificate=None)):
        assert (found.verdict, found.seen) == (
            Verdict.NOT_VERIFIED,
            "the environment names no certificate for mail.contoso.com",
        )
        assert found.remedy == "Add the PEM file of mail.contoso.com to environment.yaml as certificate:"


def test_untrusted_certificate(s4: Any) -> None:
    untrusted = s4.with_server(certificate=replace(s4.server.certificate, trusted=False))
    assert [found.verdict for found in both(untrusted)] == [Verdict.NON_COMPLIANT] * 2


@pytest.mark.parametrize(
    "routes",
    [
        (Route("*", "contoso-com.mail.protection.outlook.com", True, False),),
        (Route("*", None, False, True), Route("contoso.mail.onmicrosoft.com", None, True, False)),
        (Route("*", None, False, False),),
    ],
    ids=["to the Internet", "to the tenant", "both by MX"],
)
def test_certificate_that_a_server_does_not_show(s4: Any, routes: Any) -> None:
    for found in both(s4.not_exchange(routes=routes)):
        assert found.verdict is Verdict.NON_COMPLIANT
        assert found.seen.startswith("mail.contoso.com [131.107.21.231], shows no certificate: 550 5.7.64 ")


def test_certificate_that_a_server_shows_to_the_tenant_alone(s4: Any) -> None:
    routes = (Route("*", None, False, False), Route("contoso.mail.onmicrosoft.com", None, True, True))
    assert [found.verdict for found in both(s4.not_exchange(routes=routes))] == [Verdict.COMPLIANT] * 2


def test_no_server_is_not_recognised(s4: Any) -> None:
    for found in both(s4.servers()):
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, NOBODY_SENDS)


HOLDS = compliant("c", "yes", Evidence("environment", "c", "environment.yaml:9", ("yes",)))
DOES_NOT = not_applicable("a", "no", Evidence("environment", "a", "environment.yaml:8", ("no",)))
OPEN = not_verified("b", "nobody has answered", remedy="Answer it")


def test_by_certificate_if_a_condition_holds(s4: Any) -> None:
    """One that holds settles it, whatever is open; so does none at all."""
    by_address = s4.item("inbound_connectors", **BY_ADDRESS).environment
    for environment in (s4.environment, by_address):
        demanded = inbound.recognised_by_certificate(environment)
        found = inbound.recognised_by_certificate_if(environment, [OPEN, DOES_NOT, HOLDS])
        assert found == replace(demanded, evidence=(*DOES_NOT.evidence, *HOLDS.evidence, *demanded.evidence))
    asked = "Microsoft 365 recognises the on-premises servers by certificate if a condition of the documentation holds"
    found = inbound.recognised_by_certificate_if(by_address, [DOES_NOT, OPEN])
    assert found == not_verified(asked, "nobody has answered", *DOES_NOT.evidence, remedy="Answer it")
    found = inbound.recognised_by_certificate_if(by_address, [DOES_NOT])
    assert found == not_applicable(asked, "none of the three conditions holds; any form does", *DOES_NOT.evidence)
    assert inbound.recognised_by_certificate_if(by_address, []).verdict is Verdict.NOT_APPLICABLE


def test_connectors_of_own_servers(s4: Any, unknown: Unknown) -> None:
    scanners = replace(
        s4.environment.microsoft_365.online.inbound_connectors[0],
        name="Scanners",
        tls_sender_certificate_name=None,
        sender_ip_addresses=(ip_network("192.0.2.0/24"),),
    )
    connectors = s4.environment.microsoft_365.online.inbound_connectors
    world = s4.online(inbound_connectors=(scanners, *connectors))
    assume = Assumptions()
    assert inbound.connectors_of_own_servers(world.environment, assume) == (connectors[0],)
    assert assume.made == ()
    nothing = inbound.connectors_of_own_servers(s4.online(inbound_connectors=unknown).environment, assume)
    assert (nothing, assume.made) == ((), ("the export lacks it",))


def test_no_stranger_passes(s4: Any) -> None:
    found = inbound.lets_no_stranger_pass(s4.environment)
    assert (found.verdict, found.asked, found.seen) == (
        Verdict.COMPLIANT,
        "no inbound connector of type OnPremises matches anybody but the organization's servers",
        "none matches mail.fabrikam.com, mail.tailspintoys.com, mta.newsletter.example",
    )
    assert {item.of.split(":")[0] for item in found.evidence} == {FILE}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"tls_sender_certificate_name": "*.newsletter.example"},
            "with certificate name *.newsletter.example also matches mta.newsletter.example",
        ),
        (
            {"tls_sender_certificate_name": "mail.fabrikam.com"},
            "with certificate name mail.fabrikam.com also matches mail.fabrikam.com",
        ),
        (
            {"sender_ip_addresses": (ip_network("203.0.113.0/24"),)},
            "with its addresses also matches mta.newsletter.example [203.0.113.60]",
        ),
        (
            {"sender_ip_addresses": (ip_network("2001:db8::/32"),)},
            "with its addresses also matches mail.fabrikam.com [2001:db8:2::25]",
        ),
    ],
)
def test_stranger_passes(s4: Any, fields: Any, told: str) -> None:
    found = inbound.lets_no_stranger_pass(s4.item("inbound_connectors", **fields).environment)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"'{name(s4)}' {told}")
    assert found.remedy == (
        "Name the exact certificate in TlsSenderCertificateName, or only own addresses in SenderIPAddresses"
    )


def test_everybody_passes(s4: Any) -> None:
    world = s4.item("inbound_connectors", sender_ip_addresses=(ip_network("0.0.0.0/0"),))
    found = inbound.lets_no_stranger_pass(world.environment)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen.endswith(f"'{name(s4)}' matches every address")


@pytest.mark.parametrize("fields", [{"enabled": False}, {"connector_type": ConnectorType.PARTNER}])
def test_connector_that_takes_nobody_for_own(s4: Any, fields: Any) -> None:
    wide = s4.item("inbound_connectors", sender_ip_addresses=(ip_network("0.0.0.0/0"),), **fields)
    found = inbound.lets_no_stranger_pass(wide.environment)
    assert (found.verdict, found.seen) == (
        Verdict.COMPLIANT,
        "there is no enabled one, so that all mail counts as Internet mail",
    )


def test_nobody_else_to_match(s4: Any) -> None:
    found = inbound.lets_no_stranger_pass(s4.change(outside=(), third_parties=()).environment)
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NOT_VERIFIED,
        "the environment names nobody else who could be matched",
        "Name the gateways and other parties under outside or third_parties",
    )


def test_of_servers_whose_address_nobody_outside_sees_nothing_is_known(s4: Any) -> None:
    inside = s4.with_server(sends_from=(ip_address("10.1.1.5"),))
    for found in both(inside):
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, NOBODY_SENDS)
    assume = Assumptions()
    assert inbound.connectors_of_own_servers(inside.environment, assume) == ()
    assert assume.made == (NOBODY_SENDS,)

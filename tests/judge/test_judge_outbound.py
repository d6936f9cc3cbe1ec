"""Outbound connectors: which one covers what, where it hands over, and over which TLS."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.environment.master_file import read_zone
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ConnectorType, TlsSettings
from mailflow.judge import outbound
from mailflow.policy.finding import Evidence, Verdict

FILE = "exchange-online/Get-OutboundConnector.json"


def first(world: Any) -> Any:
    return world.environment.microsoft_365.online.outbound_connectors[0]


def test_centralized(s2: Any) -> None:
    found, connector = outbound.centralized(s2.environment)
    assert connector is first(s2)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, f"'{connector.name}' has it")
    assert len(found.notes) == 1
    assert "(KB3194415)" in found.notes[0]
    owner = f"outbound connector '{connector.name}'"
    assert found.evidence == (
        Evidence("config", f"Enabled of {owner}", s2.place(FILE, '"Enabled"'), ("True",)),
        Evidence("config", f"ConnectorType of {owner}", s2.place(FILE, '"ConnectorType"'), ("OnPremises",)),
        Evidence(
            "config",
            f"RouteAllMessagesViaOnPremises of {owner}",
            s2.place(FILE, '"RouteAllMessagesViaOnPremises"'),
            ("True",),
        ),
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"route_all_messages_via_on_premises": False}, ""),
        ({"enabled": False}, "; 'X' has it, and is disabled"),
        ({"connector_type": ConnectorType.PARTNER}, "; 'X' has it, and is of type Partner"),
    ],
)
def test_not_centralized(s2: Any, fields: Any, told: str) -> None:
    found, connector = outbound.centralized(s2.item("outbound_connectors", name="X", **fields).environment)
    assert connector is None
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"none has: centralized mail transport is off{told}",
    )


def test_no_connector(s2: Any) -> None:
    world = s2.online(outbound_connectors=())
    for found, connector in (
        outbound.centralized(world.environment),
        outbound.for_domain(world.environment, s2.domain),
    ):
        assert (found.verdict, connector) == (Verdict.NON_COMPLIANT, None)


def test_second_connector_is_centralized(s2: Any, unknown: Unknown) -> None:
    """What is unknown of another connector does not matter."""
    connectors = (replace(first(s2), enabled=unknown), first(s2))
    found, connector = outbound.centralized(s2.online(outbound_connectors=connectors).environment)
    assert (found.verdict, connector) == (Verdict.COMPLIANT, first(s2))


def test_for_domain(s4: Any) -> None:
    found, connector = outbound.for_domain(s4.environment, s4.domain)
    assert connector is first(s4)
    assert (found.verdict, found.asked, found.seen) == (
        Verdict.COMPLIANT,
        "an enabled outbound connector of type OnPremises covers contoso.com",
        f"'{connector.name}' does",
    )
    assert [item.answer[0] for item in found.evidence] == ["True", "OnPremises", "contoso.com", "False", "False"]


@pytest.mark.parametrize(
    ("fields", "switches"),
    [
        ({"enabled": False}, "-Enabled $true"),
        ({"recipient_domains": ("fabrikam.com",)}, '-RecipientDomains @{Add="contoso.com"}'),
        ({"recipient_domains": ("*.contoso.com",)}, '-RecipientDomains @{Add="contoso.com"}'),
        ({"is_transport_rule_scoped": True}, "-IsTransportRuleScoped $false"),
        ({"enabled": False, "recipient_domains": ()}, '-Enabled $true -RecipientDomains @{Add="contoso.com"}'),
        ({"enabled": False, "recipient_domains": (), "all_accepted_domains": True}, "-Enabled $true"),
        ({"enabled": False, "recipient_domains": ("*",)}, "-Enabled $true"),
        ({"enabled": False, "connector_type": ConnectorType.PARTNER}, ""),
    ],
)
def test_nothing_covers_the_domain(s4: Any, fields: Any, switches: str) -> None:
    found, connector = outbound.for_domain(s4.item("outbound_connectors", **fields).environment, s4.domain)
    assert connector is None
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "none does; such mail goes where the MX record points",
    )
    assert found.remedy == (f'Set-OutboundConnector "{first(s4).name}" {switches}' if switches else "")


def test_partner_connector_covers_the_domain(s4: Any) -> None:
    world = s4.item("outbound_connectors", name="X", connector_type=ConnectorType.PARTNER)
    found, connector = outbound.for_domain(world.environment, s4.domain)
    assert connector is first(world)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "'X' does, and is of type Partner")
    assert found.remedy == 'Set-OutboundConnector "X" -ConnectorType OnPremises'


def test_covers_everything(s2: Any) -> None:
    found = outbound.covers_everything(first(s2))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "RecipientDomains is *")
    assert [item.answer for item in found.evidence] == [("*",), ("False",), ("False",)]
    assert found.evidence[0].of == s2.place(FILE, '"RecipientDomains"')


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"recipient_domains": ()}, "RecipientDomains is empty"),
        ({"recipient_domains": ("a.example", "b.example")}, "RecipientDomains is a.example, b.example"),
        ({"all_accepted_domains": True}, "AllAcceptedDomains is True"),
        (
            {"recipient_domains": ("contoso.com",), "all_accepted_domains": True, "is_transport_rule_scoped": True},
            "RecipientDomains is contoso.com; AllAcceptedDomains is True; IsTransportRuleScoped is True",
        ),
    ],
)
def test_does_not_cover_everything(s2: Any, fields: Any, seen: str) -> None:
    found = outbound.covers_everything(replace(first(s2), **fields))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, seen)


def test_hands_to_own_server(s4: Any) -> None:
    found = outbound.hands_to_own_server(s4.environment, first(s4))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "SmartHosts is mail.contoso.com")
    assert [(item.of, item.answer) for item in found.evidence] == [
        (s4.place(FILE, '"UseMXRecord"'), ("False",)),
        (s4.place(FILE, '"SmartHosts"'), ("mail.contoso.com",)),
    ]
    by_address = replace(first(s4), smart_hosts=("[131.107.21.231]",))
    assert outbound.hands_to_own_server(s4.environment, by_address).verdict is Verdict.COMPLIANT


def test_hands_to_own_servers_behind_one_name(s4: Any) -> None:
    """A name with the address of each of several servers; with another's address beside them it is nobody's."""
    text = "$TTL 60\nmailin A 131.107.21.231\nmailin A 131.107.21.239\nothers A 131.107.21.231\nothers A 192.0.2.7\n"
    zones = {"contoso.com": read_zone(text, "zones/contoso.com.zone")}
    second = replace(s4.server, name="mx2.contoso.com", listens=(ip_address("131.107.21.239"),))
    environment = s4.change(zones=zones).servers(s4.server, second).environment
    behind = replace(first(s4), smart_hosts=("mailin.contoso.com",))
    assert outbound.hands_to_own_server(environment, behind).seen == "SmartHosts is mailin.contoso.com"
    assert [server.name for server in outbound.next_servers(environment, behind)] == [
        "mail.contoso.com",
        "mx2.contoso.com",
    ]
    strange = replace(first(s4), smart_hosts=("others.contoso.com",))
    found = outbound.hands_to_own_server(environment, strange)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "others.contoso.com is no server of the environment",
    )
    assert outbound.next_servers(environment, strange) == ()


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"use_mx_record": True}, "UseMXRecord is True: it goes where the MX record points"),
        ({"smart_hosts": ()}, "it names no smart host"),
        (
            {"smart_hosts": ("mail.contoso.com", "gw.example", "192.0.2.1")},
            "gw.example is no server of the environment; 192.0.2.1 is no server of the environment",
        ),
    ],
)
def test_hands_elsewhere(s4: Any, fields: Any, seen: str) -> None:
    found = outbound.hands_to_own_server(s4.environment, replace(first(s4), **fields))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, seen)


@pytest.mark.parametrize("settings", list(TlsSettings))
def test_requires_tls(s4: Any, settings: TlsSettings) -> None:
    found = outbound.requires_tls(replace(first(s4), tls_settings=settings))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, f"TlsSettings is {settings}")
    assert found.evidence[0].of == s4.place(FILE, '"TlsSettings"')


def test_does_not_require_tls(s4: Any, unknown: Unknown) -> None:
    found = outbound.requires_tls(replace(first(s4), tls_settings=None))
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "TlsSettings is not set: where TLS fails, mail goes in the clear",
    )
    found = outbound.requires_tls(replace(first(s4), tls_settings=unknown))
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it")


def test_certificate_fits(s4: Any) -> None:
    found = outbound.certificate_fits(s4.environment, first(s4))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "TlsDomain mail.contoso.com is on it")
    assert found.evidence[1] == Evidence(
        "config",
        "names on the certificate of mail.contoso.com",
        "certificates/mail.contoso.com.pem",
        ("mail.contoso.com, contoso.com",),
    )


def test_certificate_does_not_fit(s4: Any) -> None:
    second = replace(s4.server, name="mx2.contoso.com")
    world = s4.servers(s4.server, second)
    wanted = replace(first(s4), tls_domain="*.fabrikam.com", smart_hosts=("mail.contoso.com", "mx2.contoso.com"))
    found = outbound.certificate_fits(world.environment, wanted)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        (
            "TlsDomain is *.fabrikam.com; mail.contoso.com shows mail.contoso.com, contoso.com; mx2.contoso.com shows "
            "mail.contoso.com, contoso.com"
        ),
    )
    # A certificate that nobody has shown hides no other that is wrong.
    bare = s4.servers(replace(s4.server, certificate=None), second)
    found = outbound.certificate_fits(bare.environment, wanted)
    assert found.seen == "TlsDomain is *.fabrikam.com; mx2.contoso.com shows mail.contoso.com, contoso.com"


@pytest.mark.parametrize("settings", [None, TlsSettings.ENCRYPTION_ONLY, TlsSettings.CERTIFICATE_VALIDATION])
def test_no_name_is_demanded(s4: Any, settings: Any) -> None:
    found = outbound.certificate_fits(s4.environment, replace(first(s4), tls_settings=settings))
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NON_COMPLIANT,
        f"TlsSettings is {settings or 'not set'}: it demands no name, and whoever answers gets the mail",
        f'Set-OutboundConnector "{first(s4).name}" -TlsSettings DomainValidation -TlsDomain mail.contoso.com',
    )


def test_name_is_demanded_and_not_given(s4: Any) -> None:
    nowhere = replace(first(s4), tls_domain=None, smart_hosts=("gw.example",))
    found = outbound.certificate_fits(s4.environment, nowhere)
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NON_COMPLIANT,
        "TlsSettings is DomainValidation, and TlsDomain is not set",
        f'Set-OutboundConnector "{nowhere.name}" -TlsSettings DomainValidation -TlsDomain <name on the certificate>',
    )


def test_certificate_that_nobody_has_shown(s4: Any) -> None:
    found = outbound.certificate_fits(s4.with_server(certificate=None).environment, first(s4))
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NOT_VERIFIED,
        "the environment names no certificate for mail.contoso.com",
        "Add the PEM file of mail.contoso.com to environment.yaml as certificate:",
    )
    elsewhere = replace(first(s4), smart_hosts=("gw.example",))
    found = outbound.certificate_fits(s4.environment, elsewhere)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "no smart host of it is a server of the environment",
    )


def test_without_a_connector_nothing_is_said_of_it(s4: Any) -> None:
    for found in (
        outbound.covers_everything(None),
        outbound.hands_to_own_server(s4.environment, None),
        outbound.requires_tls(None),
        outbound.certificate_fits(s4.environment, None),
    ):
        assert (found.verdict, found.seen) == (Verdict.NOT_APPLICABLE, "there is no such connector")


@pytest.mark.parametrize(
    ("judge", "fields"),
    [
        ("covers_everything", ("recipient_domains", "all_accepted_domains", "is_transport_rule_scoped")),
        ("hands_to_own_server", ("use_mx_record", "smart_hosts")),
        ("requires_tls", ("tls_settings",)),
        ("certificate_fits", ("tls_settings", "tls_domain", "smart_hosts")),
    ],
)
def test_every_property_that_is_read_may_be_unknown(s2: Any, unknown: Unknown, judge: str, fields: Any) -> None:
    before = () if judge in ("covers_everything", "requires_tls") else (s2.environment,)
    for field in fields:
        found = getattr(outbound, judge)(*before, replace(first(s2), **{field: unknown}))
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it"), field

"""The send connectors that lead to Microsoft 365: TLS or nothing, to a certificate that they check."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.exchange.known import Unknown
from mailflow.exchange.server import AddressSpace, SmartHostAuth, TlsAuthLevel
from mailflow.judge import send
from mailflow.policy.finding import Verdict

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOUR, THREE = load(FIXTURES / "scenario-4"), load(FIXTURES / "scenario-3")
TENANT, INTERNET = "Outbound to Office 365 - 5b0d7d1e-6f0c-4f6b-9c1a-2e9d1c7b8a40", "Internet by Microsoft 365"


def with_connector(environment: Environment, name: str, **fields: Any) -> Environment:
    exchange = environment.on_premises.exchange
    assert not isinstance(exchange.send_connectors, Unknown)
    connectors = tuple(replace(one, **fields) if one.name == name else one for one in exchange.send_connectors)
    assert connectors != exchange.send_connectors
    exchange = replace(exchange, send_connectors=connectors)
    return replace(environment, on_premises=replace(environment.on_premises, exchange=exchange))


def test_both_demand_it() -> None:
    finding = send.demand_tls(FOUR)
    assert (finding.verdict, finding.seen) == (Verdict.COMPLIANT, f"so do '{TENANT}' and '{INTERNET}'")
    assert finding.notes == (f"'{INTERNET}' checks who issued the certificate and not its name, as documented",)
    assert [one.asked for one in finding.evidence] == [
        f"{prop} of send connector '{name}'"
        for name in (TENANT, INTERNET)
        for prop in ("RequireTLS", "TlsAuthLevel", "TlsDomain")
    ]


@pytest.mark.parametrize(
    ("name", "change", "seen"),
    [
        (TENANT, {"require_tls": False}, "RequireTLS is False: where TLS fails, mail goes in the clear"),
        (INTERNET, {"tls_auth_level": None}, "TlsAuthLevel is not set: whoever answers gets the mail"),
        (
            INTERNET,
            {"tls_auth_level": TlsAuthLevel.ENCRYPTION_ONLY},
            "TlsAuthLevel is EncryptionOnly: whoever answers gets the mail",
        ),
    ],
)
def test_one_does_not(name: str, change: dict[str, Any], seen: str) -> None:
    finding = send.demand_tls(with_connector(FOUR, name, **change))
    assert (finding.verdict, finding.seen) == (Verdict.NON_COMPLIANT, f"'{name}': {seen}")
    assert finding.remedy == (
        f'Set-SendConnector "{name}" -RequireTLS $true -TlsAuthLevel DomainValidation '
        "-TlsDomain mail.protection.outlook.com"
    )


def test_one_that_also_finds_others_by_dns_is_not_told_to_demand_microsofts_name_of_them() -> None:
    finding = send.demand_tls(with_connector(THREE, TENANT, enabled=False))
    assert finding.seen == "'Internet': RequireTLS is False: where TLS fails, mail goes in the clear"
    assert finding.remedy.startswith('New-SendConnector -Name "To the tenant" -AddressSpaces contoso.mail.onmicrosoft.')


def test_where_its_address_spaces_are_unknown_the_connector_itself_is_to_demand_it() -> None:
    hidden = Unknown("not exported")
    unknown: dict[str, Any] = {"address_spaces": hidden, "dns_routing_enabled": hidden}
    finding = send.demand_tls(with_connector(FOUR, INTERNET, require_tls=False, **unknown))
    assert (finding.verdict, finding.seen) == (
        Verdict.NON_COMPLIANT,
        f"'{INTERNET}': RequireTLS is False: where TLS fails, mail goes in the clear",
    )
    assert finding.remedy.startswith(f'Set-SendConnector "{INTERNET}" -RequireTLS $true')


@pytest.mark.parametrize(
    "change", [{"require_tls": Unknown("not exported")}, {"tls_auth_level": Unknown("not exported")}]
)
def test_what_is_not_exported_is_unknown_and_hides_no_mistake(change: dict[str, Any]) -> None:
    unknown = with_connector(FOUR, TENANT, **change)
    finding = send.demand_tls(unknown)
    assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, "not exported")
    assert send.demand_tls(with_connector(unknown, INTERNET, require_tls=False)).verdict is Verdict.NON_COMPLIANT


def test_the_others_do_not_matter() -> None:
    partner = with_connector(THREE, "Internet", address_spaces=(AddressSpace("fabrikam.com", 1),))
    assert send.demand_tls(partner).verdict is Verdict.COMPLIANT


def test_without_any_nothing_is_true() -> None:
    without = with_connector(with_connector(THREE, TENANT, enabled=False), "Internet", enabled=False)
    finding = send.demand_tls(without)
    assert (finding.verdict, finding.seen) == (Verdict.NOT_APPLICABLE, "no send connector leads there")


@pytest.mark.parametrize("change", [{"enabled": False}, {"dns_routing_enabled": True}])
def test_one_that_is_off_or_goes_by_dns_needs_no_tls(change: dict[str, Any]) -> None:
    """What else the connector says does not count then: SmartHosts are not used beside DNSRoutingEnabled."""
    finding = send.demand_tls(with_connector(FOUR, INTERNET, require_tls=False, **change))
    assert (finding.verdict, finding.seen) == (Verdict.COMPLIANT, f"so does '{TENANT}'")


def test_both_reach_the_tenant(unknown: Unknown) -> None:
    finding = send.reach_the_tenant(FOUR)
    assert (finding.verdict, finding.seen) == (Verdict.COMPLIANT, f"so do '{TENANT}' and '{INTERNET}'")
    assert [(one.asked, one.answer) for one in finding.evidence] == [
        (f"{prop} of send connector '{name}'", (value,))
        for name in (TENANT, INTERNET)
        for prop, value in (("Port", "25"), ("SmartHostAuthMechanism", "None"))
    ]
    hidden = send.reach_the_tenant(with_connector(FOUR, TENANT, port=unknown))
    assert (hidden.verdict, hidden.seen) == (Verdict.NOT_VERIFIED, unknown.why)


@pytest.mark.parametrize(
    ("name", "change", "seen"),
    [
        (TENANT, {"port": 587}, "Port is 587, where Microsoft 365 takes no mail"),
        (
            INTERNET,
            {"port": 587, "smart_host_auth_mechanism": SmartHostAuth.BASIC_AUTH},
            (
                "Port is 587, where Microsoft 365 takes no mail; SmartHostAuthMechanism is BasicAuth, and Microsoft "
                "365 offers no sign-in there"
            ),
        ),
        (INTERNET, {"smart_host_auth_mechanism": SmartHostAuth.EXTERNAL_AUTHORITATIVE}, ""),
        (TENANT, {"smart_host_auth_mechanism": SmartHostAuth.BASIC_AUTH}, ""),  # by DNS it does not count
    ],
)
def test_one_does_not_reach_it(name: str, change: dict[str, Any], seen: str) -> None:
    finding = send.reach_the_tenant(with_connector(FOUR, name, **change))
    assert finding.verdict is (Verdict.NON_COMPLIANT if seen else Verdict.COMPLIANT)
    if seen:
        assert finding.seen == f"'{name}': {seen}"
        assert finding.remedy == f'Set-SendConnector "{name}" -Port 25 -SmartHostAuthMechanism None'

"""Enhanced Filtering by scenario: on where mail passes the own servers first, off where it passes them between."""

from ipaddress import ip_network
from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.judge import enhanced_filtering
from mailflow.policy.finding import Evidence, Verdict

INBOUND = "exchange-online/Get-InboundConnector.json"


def test_enhanced_filtering_is_nothing_for_scenario_1(s1: Any) -> None:
    found = enhanced_filtering.fits_the_scenario(s1.environment, s1.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_APPLICABLE,
        "in scenario 1 Microsoft 365 sees the sender itself",
    )


OWN = (ip_network("131.107.21.0/24"),)


@pytest.mark.parametrize("fields", [{}, {"ef_skip_last_ip": False, "ef_skip_ips": OWN}], ids=["last", "by address"])
def test_skips(s3: Any, s4: Any, fields: Any) -> None:
    for world in (s3, s4):
        found = enhanced_filtering.fits_the_scenario(
            world.item("inbound_connectors", **fields).environment, world.domain
        )
        assert (found.verdict, found.asked, found.seen) == (
            Verdict.COMPLIANT,
            "Enhanced Filtering skips the on-premises servers",
            "it does",
        )
        assert [item.of for item in found.evidence] == [
            world.place(INBOUND, f'"{prop}"') for prop in ("EFSkipLastIP", "EFSkipIPs", "EFUsers")
        ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ef_skip_last_ip": False}, "does not skip 131.107.21.231"),
        (
            {"ef_skip_last_ip": False, "ef_skip_ips": (ip_network("192.0.2.0/24"),)},
            "does not skip 131.107.21.231",
        ),
        ({"ef_users": ("chris@contoso.com",)}, "skips them for some recipients only: EFUsers is set"),
    ],
)
def test_does_not_skip(s4: Any, fields: Any, told: str) -> None:
    world = s4.item("inbound_connectors", name="X", **fields)
    found = enhanced_filtering.fits_the_scenario(world.environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"'X' {told}")
    assert found.remedy == 'Set-InboundConnector "X" -EFSkipLastIP $true -EFUsers $null'


def test_is_off_in_scenario_2(s2: Any) -> None:
    found = enhanced_filtering.fits_the_scenario(s2.environment, s2.domain)
    assert (found.verdict, found.asked, found.seen) == (Verdict.COMPLIANT, "Enhanced Filtering is off", "it is")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ef_skip_last_ip": True}, "EFSkipLastIP is True"),
        ({"ef_skip_ips": OWN}, "EFSkipIPs is 131.107.21.0/24"),
        # For some users is on, and so is skipping others than the own servers.
        ({"ef_skip_last_ip": True, "ef_users": ("chris@contoso.com",)}, "EFSkipLastIP is True"),
        ({"ef_skip_ips": (ip_network("192.0.2.0/24"),)}, "EFSkipIPs is 192.0.2.0/24"),
    ],
)
def test_is_on_in_scenario_2(s2: Any, fields: Any, told: str) -> None:
    world = s2.item("inbound_connectors", name="X", **fields)
    found = enhanced_filtering.fits_the_scenario(world.environment, s2.domain)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"'X' {told}")
    assert found.remedy == 'Set-InboundConnector "X" -EFSkipLastIP $false -EFSkipIPs $null'


def test_no_connector_to_look_at(s2: Any, s4: Any) -> None:
    for world in (s2, s4):
        disabled = world.item("inbound_connectors", enabled=False)
        found = enhanced_filtering.fits_the_scenario(disabled.environment, world.domain)
        assert (found.verdict, found.seen) == (
            Verdict.NOT_VERIFIED,
            "no inbound connector recognises the on-premises servers",
        )


@pytest.mark.parametrize("field", ["ef_skip_last_ip", "ef_skip_ips", "ef_users", "enabled", "connector_type"])
def test_unknown_property(s2: Any, s4: Any, unknown: Unknown, field: str) -> None:
    found = enhanced_filtering.fits_the_scenario(
        s4.item("inbound_connectors", **{field: unknown}).environment, s4.domain
    )
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it")
    if field != "ef_users":  # where it is to be off, for whom it is on does not matter
        found = enhanced_filtering.fits_the_scenario(
            s2.item("inbound_connectors", **{field: unknown}).environment, s2.domain
        )
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it")
    assert isinstance(found.evidence, tuple)
    assert all(isinstance(item, Evidence) for item in found.evidence)

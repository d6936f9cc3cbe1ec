"""What the plan says of the change: the planned MX record, how long resolvers keep it, and when it is due."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import dns.zone
import pytest

from mailflow.policy.readiness import PlannedMx, Readiness, readiness

HEAD = "@ 3600 IN SOA ns. hostmaster. 1 7200 3600 1209600 3600\n@ 3600 IN NS ns.example.\n"


def world(zones: dict[str, str], *domains: str, at: datetime | None = None) -> Any:
    return SimpleNamespace(
        domains=[SimpleNamespace(name=name) for name in domains],
        zones={name: dns.zone.from_text(HEAD + text, name + ".", relativize=False) for name, text in zones.items()},
        cutover=SimpleNamespace(at=at) if at else None,
    )


def test_the_planned_record_with_its_time_to_live() -> None:
    due = datetime(2026, 12, 5, 21, tzinfo=UTC)
    text = "@ 600 IN MX 20 b.contoso.com.\n@ 600 IN MX 10 a.contoso.com.\n"
    assert readiness(world({"contoso.com": text}, "contoso.com", at=due)) == Readiness(
        due, (PlannedMx("contoso.com", ("10 a.contoso.com.", "20 b.contoso.com."), 600),)
    )


@pytest.mark.parametrize(
    ("zones", "planned"),
    [
        ({"contoso.com": "mail 300 IN MX 10 mx.\n"}, PlannedMx("mail.contoso.com", ("10 mx.",), 300)),
        ({"contoso.com": "@ 300 IN MX 10 mx.contoso.com.\n"}, PlannedMx("mail.contoso.com", (), None)),
        ({"com": "mail.contoso 300 IN MX 10 mx.\n"}, PlannedMx("mail.contoso.com", ("10 mx.",), 300)),
        ({}, PlannedMx("mail.contoso.com", (), None)),
    ],
)  # fmt: skip
def test_the_zone_may_be_that_of_a_domain_above(zones: dict[str, str], planned: PlannedMx) -> None:
    assert readiness(world(zones, "mail.contoso.com")).planned == (planned,)


def test_a_plan_that_says_nothing() -> None:
    assert readiness(world({}, "contoso.com")) == Readiness(None, (PlannedMx("contoso.com", (), None),))

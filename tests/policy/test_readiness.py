"""What the plan says of the change: the planned MX record, how long resolvers keep it, and when it is due."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import dns.zone
import pytest

from mailflow.policy.readiness import NoWindow, PlannedMx, Readiness, Window, end_of_change, readiness
from mailflow.records.mx_change import Lowered, MxChange

DUE = datetime(2026, 12, 5, 21, tzinfo=UTC)
NOT_RECORDED = "the MX record before the change is not recorded (cutover.before in environment.yaml)"
HEAD = "@ 3600 IN SOA ns. hostmaster. 1 7200 3600 1209600 3600\n@ 3600 IN NS ns.example.\n"


def world(zones: dict[str, str], *domains: str, at: datetime | None = None) -> Any:
    return SimpleNamespace(
        domains=[SimpleNamespace(name=name) for name in domains],
        zones={name: dns.zone.from_text(HEAD + text, name + ".", relativize=False) for name, text in zones.items()},
        cutover=SimpleNamespace(at=at, lowered=None) if at else None,
        before=None,
    )


def test_the_planned_record_with_its_time_to_live() -> None:
    due = datetime(2026, 12, 5, 21, tzinfo=UTC)
    text = "@ 600 IN MX 20 b.contoso.com.\n@ 600 IN MX 10 a.contoso.com.\n"
    assert readiness(world({"contoso.com": text}, "contoso.com", at=due)) == Readiness(
        due,
        (PlannedMx("contoso.com", ("10 a.contoso.com.", "20 b.contoso.com."), 600),),
        without=(NoWindow("contoso.com", NOT_RECORDED),),
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


def changing(before: str, planned: str, lowered: Lowered | None = None) -> Readiness:
    made = world({"contoso.com": planned}, "contoso.com", at=DUE)
    made.cutover.lowered = lowered
    made.before = SimpleNamespace(folder="before", zones=world({"contoso.com": before}).zones)
    return readiness(made)


def test_the_time_around_the_change() -> None:
    found = changing(
        "@ 86400 IN MX 10 mail.contoso.com.\n",
        "@ 600 IN MX 0 contoso-com.mail.protection.outlook.com.\n",
        Lowered(300, datetime(2026, 12, 3, 20, tzinfo=UTC)),
    )
    lowered = Lowered(300, datetime(2026, 12, 3, 20, tzinfo=UTC))
    change = MxChange(at=DUE, old_ttl=86_400, new_ttl=600, refresh=7200, lowered=lowered)
    assert found.windows == (Window("contoso.com", ("10 mail.contoso.com.",), change, none_for=3600),)
    assert found.without == ()


def test_a_ttl_of_which_nobody_says_that_it_is_lowered() -> None:
    (window,) = changing("@ 86400 IN MX 10 a.\n", "@ 600 IN MX 10 b.\n").windows
    assert window.change.lowered_everywhere is None
    assert window.change.old_until == datetime(2026, 12, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "planned", "why"),
    [
        ("", "@ 600 IN MX 10 b.\n", "before/zones has no zone with an MX record of it"),
        ("@ 86400 IN MX 10 b.\n", "", "the plan has no zone with an MX record of it"),
        ("@ 86400 IN MX 10 b.\n", "@ 600 IN MX 10 b.\n", "the plan leaves its MX record as it is"),
    ],
)
def test_a_domain_without_a_window_says_why(before: str, planned: str, why: str) -> None:
    found = changing(before, planned)
    assert (found.windows, found.without) == ((), (NoWindow("contoso.com", why),))


def test_no_window_where_the_zone_before_has_no_soa_record() -> None:
    made = world({"contoso.com": "@ 600 IN MX 10 b.\n"}, "contoso.com", at=DUE)
    text = "@ 86400 IN MX 10 a.\n"
    old = dns.zone.from_text(text, "contoso.com.", relativize=False, check_origin=False)
    made.before = SimpleNamespace(folder="before", zones={"contoso.com": old})
    why = "before/zones has no zone with an MX record of it"
    assert readiness(made).without == (NoWindow("contoso.com", why),)


def test_no_window_where_nobody_recorded_what_was_before() -> None:
    found = readiness(world({"contoso.com": "@ 600 IN MX 10 b.\n"}, "contoso.com", at=DUE))
    assert (found.windows, found.without) == ((), (NoWindow("contoso.com", NOT_RECORDED),))


def test_when_the_change_is_over() -> None:
    """Of several domains the last one counts; where no times are known, what records need to spread."""
    assert end_of_change(world({}, "contoso.com")) is None
    assert end_of_change(world({}, "contoso.com", at=DUE)) == DUE + timedelta(hours=72)
    changing = world({"a.com": "@ 600 IN MX 10 new.\n", "b.com": "@ 600 IN MX 10 new.\n"}, "a.com", "b.com", at=DUE)
    before = world({"a.com": "@ 300 IN MX 10 old.\n", "b.com": "@ 86400 IN MX 10 old.\n"})
    changing.before = SimpleNamespace(folder="before", zones=before.zones)
    old_until = DUE + timedelta(seconds=7200 + 86400)  # the refresh time of its name servers, and the old TTL
    assert end_of_change(changing) == old_until + timedelta(hours=72)

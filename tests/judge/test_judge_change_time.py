"""Whether the lowered TTL of the old MX record is everywhere when the new one is published."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mailflow.judge.cutover import changes_when_lowered
from mailflow.policy.finding import Verdict
from mailflow.policy.readiness import AS_IT_IS, NoWindow, Window
from mailflow.records.mx_change import Lowered, MxChange

DUE = datetime(2026, 12, 5, 22, tzinfo=timezone(timedelta(hours=1)))
CHANGE = MxChange(DUE, old_ttl=86_400, new_ttl=3600, refresh=7200)
ASKED = "at the change no resolver keeps the old MX record of contoso.com for longer than 3600 s"


def lowered(ttl: int, before: timedelta) -> MxChange:
    return replace(CHANGE, lowered=Lowered(ttl, DUE - before))


@pytest.mark.parametrize(
    ("change", "verdict", "seen"),
    [
        (lowered(3600, timedelta(hours=26)), Verdict.COMPLIANT, "3600 s, everywhere from 2026-12-05T22:00:00+01:00"),
        (lowered(3600, timedelta(hours=26, seconds=-1)), Verdict.NON_COMPLIANT,
         f"until 2026-12-05T22:00:01+01:00 some may keep it for 86400 s; the change is planned for {DUE.isoformat()}"),
        (lowered(3601, timedelta(days=9)), Verdict.NON_COMPLIANT, "it is lowered to 3601 s"),
        (CHANGE, Verdict.NOT_VERIFIED,
         "it is 86400 s, and environment.yaml does not say when it is lowered (cutover.lowered)"),
        (replace(CHANGE, old_ttl=3601), Verdict.NOT_VERIFIED,
         "it is 3601 s, and environment.yaml does not say when it is lowered (cutover.lowered)"),
        (replace(CHANGE, old_ttl=3600), Verdict.COMPLIANT, "3600 s as it is"),
    ],
)  # fmt: skip
def test_the_time_between_the_lowering_and_the_change(s4: Any, change: MxChange, verdict: Verdict, seen: str) -> None:
    around = Window("contoso.com", ("10 mail.contoso.com.",), change, 600)
    found = changes_when_lowered(s4.environment, s4.domain, around)
    assert (found.asked, found.verdict, found.seen) == (ASKED, verdict, seen)
    assert [one.answer for one in found.evidence] == [
        ("2026-12-05T22:00:00+01:00",),
        (f"{change.lowered.ttl} s at {change.lowered.at.isoformat()}",) if change.lowered else ("(not set)",),
        (f"{change.old_ttl} s",),
        ("7200 s",),
    ]


def test_the_remedy_says_when(s4: Any) -> None:
    around = Window("contoso.com", (), lowered(300, timedelta(hours=1)), 600)
    assert changes_when_lowered(s4.environment, s4.domain, around).remedy == (
        "Make the change at 2026-12-06T23:00:00+01:00 or later, or lower the TTL by 2026-12-04T20:00:00+01:00 "
        "(environment.yaml: cutover)"
    )
    never = changes_when_lowered(s4.environment, s4.domain, replace(around, change=CHANGE))
    assert never.remedy == (
        "Lower it by 2026-12-04T20:00:00+01:00 and write it into environment.yaml: "
        "cutover: {…, lowered: {ttl: 3600, at: <day and time>}}"
    )


@pytest.mark.parametrize(
    ("around", "verdict", "seen"),
    [
        (None, Verdict.NOT_APPLICABLE, "environment.yaml names no change of the MX record (cutover)"),
        (NoWindow("contoso.com", AS_IT_IS), Verdict.NOT_APPLICABLE, "the plan leaves its MX record as it is"),
        (NoWindow("contoso.com", "not recorded"), Verdict.NOT_VERIFIED, "not recorded"),
    ],
)
def test_where_there_is_no_time_to_reckon(s4: Any, around: NoWindow | None, verdict: Verdict, seen: str) -> None:
    found = changes_when_lowered(s4.environment, s4.domain, around)
    assert (found.verdict, found.seen) == (verdict, seen)

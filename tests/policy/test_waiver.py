from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from mailflow.environment.environment import Waiver
from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Level, Requirement, Result
from mailflow.policy.waiver import mistakes, untimely, waive

REQUIREMENT = Requirement("TOY-1", Level.MUST, "T", "F", (), "", "", "features/t.feature", 1)
RESULT = Result(REQUIREMENT, "contoso.com", Verdict.NON_COMPLIANT, "old", "Publish.", (), (), ())
WAIVER = Waiver("TOY-1", "contoso.com", "Known.", "", "Jo", "", "2026-01-10", "2026-01-20", "waivers.yaml:2")
TODAY = date(2026, 1, 15)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 1, 9), "begins only on 2026-01-10"),
        (date(2026, 1, 10), ""),
        (date(2026, 1, 20), ""),
        (date(2026, 1, 21), "expired with 2026-01-20"),
    ],
)
def test_first_and_last_day_are_included(day: date, why: str) -> None:
    assert untimely(WAIVER, day) == why
    assert (waive(RESULT, [WAIVER], day).verdict is Verdict.WAIVED) == (not why)


@pytest.mark.parametrize("verdict", [Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED])
def test_waived(verdict: Verdict) -> None:
    result = replace(RESULT, verdict=verdict)
    assert waive(result, [WAIVER], TODAY) == replace(
        result,
        verdict=Verdict.WAIVED,
        beneath=verdict,
        waiver="Jo accepted this until 2026-01-20: Known. (waivers.yaml:2)",
        accepted=WAIVER,
    )


@pytest.mark.parametrize("verdict", [Verdict.COMPLIANT, Verdict.NOT_APPLICABLE])
def test_nothing_to_waive(verdict: Verdict) -> None:
    result = replace(RESULT, verdict=verdict)
    assert waive(result, [WAIVER], TODAY) == result


@pytest.mark.parametrize("changes", [{"id": "TOY-2"}, {"domain": None}, {"domain": "fabrikam.com"}])
def test_waiver_of_another_row(changes: dict[str, Any]) -> None:
    assert waive(RESULT, [replace(WAIVER, **changes)], TODAY) == RESULT


def told(waiver: Waiver, *results: Result, planned: Any = (("TOY-1", "contoso.com"),)) -> tuple[str, ...]:
    return mistakes([waiver], results, planned, TODAY)


def test_mistakes() -> None:
    used = waive(RESULT, [WAIVER], TODAY)
    fine = replace(RESULT, verdict=Verdict.COMPLIANT)
    start = "waivers.yaml:2: the waiver of TOY-1 for contoso.com"
    assert told(WAIVER, used) == ()
    assert told(WAIVER) == ()  # the row was not judged
    assert told(WAIVER, fine) == (f"{start} is not needed: the row is compliant",)
    assert told(replace(WAIVER, until="2026-01-11"), fine) == (f"{start} expired with 2026-01-11",)
    assert told(WAIVER, planned=[("TOY-2", "contoso.com")]) == (f"{start} names no row of this environment",)
    assert told(WAIVER, planned=[("TOY-1", None), ("TOY-1", "b.com")]) == (
        f"{start} names no row of this environment; TOY-1 is asked for (no domain), b.com",
    )
    assert told(WAIVER, planned=None) == ()  # a feature file could not be read: nobody knows

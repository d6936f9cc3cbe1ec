from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from mailflow.policy.comparison import Kind, compare
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Level, Requirement, Result
from mailflow.policy.run import Completeness, Run

N_A, GOOD, WAIVED, UNSEEN, BAD = Verdict
TIME = datetime(2026, 11, 23, tzinfo=UTC)


def row(
    verdict: Verdict,
    name: str = "A-1",
    *answer: str,
    level: Level = Level.MUST,
    reason: str = "reason",
    of: str = "192.0.2.1",
    beneath: Verdict | None = None,
    domain: str | None = "contoso.com",
    waiver: str = "",
) -> Result:
    requirement = Requirement(name, level, "title", "feature", (), "", "", "features/a.feature", 1)
    evidence = (Evidence("dns", "MX contoso.com", of, answer),)
    return Result(requirement, domain, verdict, reason, "", (), (), evidence, beneath, waiver)


def run(*results: Result, mode: str = "simulated", missing: int = 0, mistakes: tuple[str, ...] = ()) -> Run:
    done = Completeness(len(results) + missing, len(results), ("a: A-9 for contoso.com",) * missing)
    domains: Mapping[str, int] = {"contoso.com": 4}
    return Run(
        "0.1.0", mode, "plan", TIME, TIME, "toy", "Contoso", "", "", domains, results, done, waiver_mistakes=mistakes
    )


@pytest.mark.parametrize(
    ("before", "after", "kind", "worse"),
    [
        (GOOD, BAD, Kind.NEW, True),
        (GOOD, UNSEEN, Kind.NEW, True),
        (N_A, BAD, Kind.NEW, True),
        (UNSEEN, BAD, Kind.WORSE, True),
        (WAIVED, BAD, Kind.WORSE, True),
        (WAIVED, UNSEEN, Kind.WORSE, True),
        (GOOD, WAIVED, Kind.WORSE, True),
        (BAD, UNSEEN, Kind.BETTER, False),
        (BAD, WAIVED, Kind.BETTER, False),
        (UNSEEN, WAIVED, Kind.BETTER, False),
        (BAD, GOOD, Kind.MENDED, False),
        (UNSEEN, N_A, Kind.MENDED, False),
        (WAIVED, GOOD, Kind.MENDED, False),
        (GOOD, N_A, Kind.OTHERWISE, False),
        (N_A, GOOD, Kind.OTHERWISE, False),
    ],
)
def test_a_change_of_verdict(before, after, kind, worse) -> None:
    found = compare(run(row(before)), run(row(after)))
    assert [(change.kind, change.differs) for change in found.changes] == [(kind, ("verdict",))]
    assert (found.changes[0].before, found.changes[0].after) == (row(before), row(after))
    assert (found.same, found.worse) == (0, worse)


@pytest.mark.parametrize("verdict", Verdict)
def test_nothing_changed(verdict) -> None:
    found = compare(run(row(verdict)), run(row(verdict)))
    assert (found.changes, found.same, found.worse) == ((), 1, False)


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (row(BAD, "A-1", "10 old."), row(BAD, "A-1", "10 older."), ("evidence",)),
        (row(BAD, reason="one"), row(BAD, reason="two"), ("reason",)),
        (row(BAD, level=Level.SHOULD), row(BAD), ("level",)),
        (row(WAIVED, waiver="until 2026"), row(WAIVED, waiver="until 2027"), ("waiver",)),
        (row(WAIVED, beneath=BAD), row(WAIVED, beneath=UNSEEN), ("verdict",)),
        (row(GOOD, "A-1", "x", reason="1"), row(GOOD, "A-1", "y", reason="2"), ("reason", "evidence")),
    ],
)
def test_the_same_verdict_and_something_else_differs(before, after, differs) -> None:
    found = compare(run(before), run(after))
    assert [(change.kind, change.differs) for change in found.changes] == [(Kind.OTHERWISE, differs)]
    assert found.same == 0


RECEIVED = (
    "Received: from a by b ([203.0.113.5]) with ESMTPS id {id}; Wed, {day} Nov 2026 19:05:5{day} +0000",
    "250 2.6.0 queued by 127.0.0.1:{id}",
)


def test_times_ports_and_message_identifiers_are_no_other_evidence() -> None:
    one = row(GOOD, "A-1", *(line.format(id="1234", day=1) for line in RECEIVED), of="127.0.0.1:4711")
    other = row(GOOD, "A-1", *(line.format(id="5678", day=2) for line in RECEIVED), of="127.0.0.1:4712")
    assert compare(run(one), run(other)).changes == ()
    elsewhere = row(GOOD, "A-1", *(line.format(id="1234", day=1) for line in RECEIVED), of="127.0.0.2:4711")
    assert [change.differs for change in compare(run(one), run(elsewhere)).changes] == [("evidence",)]
    by_another = [line.replace("203.0.113.5", "203.0.113.6").format(id="1234", day=1) for line in RECEIVED]
    assert len(compare(run(one), run(row(GOOD, "A-1", *by_another, of="127.0.0.1:4711"))).changes) == 1


def test_between_a_simulation_and_a_live_run_evidence_always_differs_and_is_not_told() -> None:
    planned, live = run(row(GOOD, "A-1", "x")), run(row(GOOD, "A-1", "y"), mode="live")
    assert compare(planned, live).changes == ()
    assert [c.kind for c in compare(planned, run(row(UNSEEN, "A-1", "y"), mode="live")).changes] == [Kind.NEW]


def test_rows_that_came_and_went_in_the_order_of_a_reader() -> None:
    before = run(row(BAD, "A-1"), row(GOOD, "A-2"), row(GOOD, "A-3"), row(GOOD, "A-4", domain=None))
    after = run(row(GOOD, "A-1"), row(BAD, "A-2"), row(GOOD, "A-5"), row(GOOD, "A-4", domain=None))
    found = compare(before, after)
    told = [(change.kind, change.requirement.id, change.result.domain) for change in found.changes]
    assert told == [
        (Kind.NEW, "A-2", "contoso.com"),
        (Kind.REMOVED, "A-3", "contoso.com"),
        (Kind.ADDED, "A-5", "contoso.com"),
        (Kind.MENDED, "A-1", "contoso.com"),
    ]
    assert found.same == 1
    assert {kind: count for kind, count in found.counts().items() if count} == {
        Kind.NEW: 1, Kind.REMOVED: 1, Kind.ADDED: 1, Kind.MENDED: 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("after", "worse"),
    [
        (run(row(GOOD), row(BAD, "A-2")), True),
        (run(row(GOOD), row(GOOD, "A-2")), False),
        (run(row(GOOD), row(UNSEEN, "A-2", level=Level.SHOULD)), True),
        (run(row(GOOD), missing=1), True),
        (run(row(GOOD), mistakes=("expired",)), True),
    ],
)
def test_worse_without_a_row_that_became_worse(after, worse) -> None:
    assert compare(run(row(GOOD)), after).worse is worse


def test_a_row_that_is_not_judged_any_more_is_worse_where_the_run_is_incomplete() -> None:
    before = run(row(BAD), row(GOOD, "A-2"))
    gone, unseen = run(row(BAD)), run(row(BAD), missing=1)
    assert before.decision == gone.decision == unseen.decision
    assert not compare(before, gone).worse
    assert compare(before, unseen).worse


def test_how_many_rows_were_judged_in_both() -> None:
    before = run(row(GOOD, "A-1"), row(GOOD, "A-2"), row(GOOD, "A-3"))
    assert compare(before, run(row(GOOD, "A-1"), row(BAD, "A-2"), row(GOOD, "A-4"))).common == 2
    assert compare(before, run(row(GOOD, "A-1", domain="fabrikam.com"))).common == 0

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.observe.recording import Recording
from mailflow.policy.finding import Verdict
from mailflow.policy.merge import merge
from mailflow.policy.requirement import Level, Requirement, Result
from mailflow.policy.run import Completeness, Decision, Run

TIME = datetime(2026, 11, 23, 16, 20, tzinfo=UTC)
DOMAINS = {"contoso.com": 4, "fabrikam.com": 1}
GOOD, BAD = Verdict.COMPLIANT, Verdict.NON_COMPLIANT


def row(name: str, verdict: Verdict = GOOD, domain: str | None = "contoso.com", line: int = 1) -> Result:
    requirement = Requirement(name, Level.MUST, "title", "feature", (), "", "", "features/a.feature", line)
    return Result(requirement, domain, verdict, "reason", "", (), (), ())


def name(number: int, domain: str = "contoso.com") -> str:
    return f"a.feature: A-{number} for {domain}"


def shard(*results: Result, planned: int = 4, minute: int = 0, ran_on: str = "", **fields: object) -> Run:
    """A run over a part; every other row is deselected, unless it is told otherwise."""
    missing = {key: fields.pop(key) for key in ("deselected", "undefined", "errors", "unused") if key in fields}
    done = Completeness(
        planned,
        len(results),
        missing.get("deselected", ()),
        missing.get("undefined", ()),
        missing.get("errors", ()),
        missing.get("unused", ()),
    )
    start = TIME + timedelta(minutes=minute)
    run = Run(
        "0.1.0", "simulated", "plan", start, start + timedelta(seconds=5), "toy", "Contoso", "d1", "", DOMAINS,
        results, done, kit_digest="k1", ran_by="kim", ran_on=ran_on,
    )  # fmt: skip
    return replace(run, **fields)  # type: ignore[arg-type]  # a test names the fields it wants otherwise


def test_four_shards_are_the_whole() -> None:
    every = [name(1), name(2), name(2, "fabrikam.com"), name(3, "the tenant")]
    rows = [
        row("A-1"),
        row("A-2", BAD, line=2),
        row("A-2", domain="fabrikam.com", line=2),
        row("A-3", domain=None, line=3),
    ]
    shards = [
        shard(one, minute=minute, ran_on=f"agent-{minute % 2}", deselected=tuple(told for told in every if told != own))
        for minute, (one, own) in reversed(list(enumerate(zip(rows, every, strict=True))))
    ]
    whole = merge(shards)
    assert whole.results == tuple(rows)
    assert whole.completeness == Completeness(4, 4)
    assert (whole.started, whole.finished) == (TIME, TIME + timedelta(minutes=3, seconds=5))
    assert (whole.ran_by, whole.ran_on) == ("kim", "agent-1, agent-0")
    assert whole.decision is Decision.NOT_READY


@pytest.mark.parametrize("missing", range(3))
def test_a_shard_that_is_not_there_makes_the_whole_incomplete(missing) -> None:
    every = [name(number) for number in range(3)]
    shards = [
        shard(row(f"A-{number}"), planned=3, deselected=tuple(told for told in every if told != every[number]))
        for number in range(3)
    ]
    assert merge(shards).decision is Decision.READY
    del shards[missing]
    whole = merge(shards)
    assert whole.completeness == Completeness(3, 2, (every[missing],))
    assert whole.decision is Decision.INCOMPLETE


def test_a_row_that_broke_off_anywhere_is_not_judged() -> None:
    one = shard(row("A-1"), row("A-2"), planned=2)
    other = shard(row("A-1"), planned=2, errors=(f"{name(2)}: KeyError: 'x'",))
    third = shard(planned=2, errors=(f"{name(2)}: OSError: no port",), deselected=(name(1),))
    whole = merge([one, other, third])
    assert [result.requirement.id for result in whole.results] == ["A-1"]
    assert whole.completeness == Completeness(2, 1, (), (), (f"{name(2)}: KeyError: 'x'",))


def test_what_means_nothing_is_named_once() -> None:
    told = f"{name(2)}: features/a.feature:9: found 'x'; expected a defined When sentence."
    whole = merge(
        [shard(row("A-1"), planned=2, undefined=(told,)), shard(planned=2, deselected=(name(1),), undefined=(told,))]
    )
    assert whole.completeness == Completeness(2, 1, (), (told,))


def test_names_that_begin_alike_are_told_apart() -> None:
    one = shard(row("A-1"), planned=2, errors=(f"{name(1, 'contoso.com.au')}: OSError: x",))
    assert merge([one]).completeness == Completeness(2, 1, errors=(f"{name(1, 'contoso.com.au')}: OSError: x",))


def test_waivers_that_do_not_hold_are_told_once_and_features_are_unused_where_all_say_so() -> None:
    one = shard(row("A-1"), planned=1, waiver_mistakes=("a", "b"), unused=("x", "y"))
    other = shard(row("A-1"), planned=1, waiver_mistakes=("b", "c"), unused=("y",))
    whole = merge([one, other])
    assert (whole.waiver_mistakes, whole.completeness.unused_features) == (("a", "b", "c"), ("y",))


def test_what_was_observed_is_put_together() -> None:
    def seen(host: str) -> Recording:
        return Recording(mode="simulated", stage="plan", at=TIME, environment="toy", digest="d1", tls={host: ()})

    whole = merge([shard(recording=seen("a")), shard(), shard(recording=seen("b"))])
    assert whole.recording is not None
    assert set(whole.recording.tls) == {"a", "b"}
    assert merge([shard()]).recording is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"digest": "d2"}, "two shards differ in digest"),
        ({"kit_digest": "k2"}, "two shards differ in kit digest"),
        ({"kit_version": "0.2.0"}, "two shards differ in kit version"),
        ({"environment": "other"}, "two shards differ in environment"),
        ({"mode": "live"}, "two shards differ in mode"),
        ({"stage": "after"}, "two shards differ in stage"),
        ({"strict": True}, "two shards differ in strict"),
        ({"domains": {"contoso.com": 4}}, "two shards differ in domains"),
        ({"planned": 5}, "two shards differ in how many rows are planned"),
    ],
)
def test_parts_of_different_runs_are_refused(fields, told) -> None:
    with pytest.raises(ValueError, match=told):
        merge([shard(), shard(**fields)])


def test_a_row_that_two_shards_judge_differently_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a.feature: A-1 for contoso.com is compliant in one shard and non-compliant"):
        merge([shard(row("A-1")), shard(row("A-1", BAD))])
    assert len(merge([shard(row("A-1")), shard(row("A-1"))]).results) == 1


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.sets(st.integers(0, 3), min_size=1))
def test_the_sum_adds_up_whatever_is_missing(owners, there) -> None:
    """Each row belongs to one of four shards, some of which are there."""
    every = [name(number) for number in range(len(owners))]
    shards = [
        shard(
            *(row(f"A-{number}") for number, owner in enumerate(owners) if owner == one),
            planned=len(owners),
            deselected=tuple(told for told, owner in zip(every, owners, strict=True) if owner != one),
        )
        for one in there
    ]
    whole = merge(shards)
    done = whole.completeness
    assert done.judged == len(whole.results) == sum(owner in there for owner in owners)
    assert done.planned == done.judged + len(done.deselected)
    assert set(done.deselected) == {told for told, owner in zip(every, owners, strict=True) if owner not in there}
    assert done.whole == (set(owners) <= there)

"""Two runs held against each other: what became worse, what was mended, what is seen otherwise. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Requirement, Result
from mailflow.policy.run import Decision, Run

OPEN = (Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED)
_GOOD = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
_GRAVITY = list(Verdict)
_DECISIONS = [Decision.READY, Decision.READY_WITH_ACCEPTED_RISKS, Decision.INCOMPLETE, Decision.NOT_READY]

# What differs between any two runs and says nothing: RFC 5322 section 3.3, the time of a Received field; RFC 5321
# section 4.4, the identifier that a server gave a message; the port on which a simulated server happened to listen.
_PASSING = (
    (re.compile(r"\b[A-Z][a-z]{2}, +\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}"), ""),
    (re.compile(r"^(Received: .*?\bid )[^\s;]+"), r"\1"),
    (re.compile(r"(127\.0\.0\.1:|\[::1\]:)\d+"), r"\1"),
)


class Kind(StrEnum):
    """What became of a row. The order is the one in which a reader wants them."""

    NEW = "new"  # was good, is open: non-compliant or not verified
    WORSE = "worse"  # a graver verdict in any other way, an accepted risk included
    REMOVED = "removed"  # was judged, is not any more
    ADDED = "added"  # is judged for the first time
    BETTER = "better"  # a milder verdict, and not good yet
    MENDED = "mended"  # was open or accepted, is good
    OTHERWISE = "otherwise"  # neither better nor worse, but seen or demanded otherwise


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is not the same in both runs."""

    kind: Kind
    before: Result | None
    after: Result | None
    differs: tuple[str, ...] = ()  # of a row in both: verdict, level, reason, waiver, evidence

    @property
    def result(self) -> Result:
        """The row as it is now, or as it last was."""
        found = self.after or self.before
        assert found  # noqa: S101  # for mypy; a change has one of the two
        return found

    @property
    def requirement(self) -> Requirement:
        """What is demanded."""
        return self.result.requirement


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to another."""

    before: Run
    after: Run
    changes: tuple[Change, ...]
    same: int  # rows in both runs that are alike

    @property
    def worse(self) -> bool:
        """Whether the later run is worse in anything: a row, a new row that is open, or the decision."""
        return self.decided_worse or any(
            change.kind in (Kind.NEW, Kind.WORSE)
            or (change.kind is Kind.ADDED and change.result.verdict in OPEN)
            or (change.kind is Kind.REMOVED and not self.after.completeness.whole)  # it may be among what is missing
            for change in self.changes
        )

    @property
    def common(self) -> int:
        """How many rows were judged in both runs. Where there are none, nothing can be said of them."""
        return self.same + sum(change.before is not None and change.after is not None for change in self.changes)

    @property
    def decided_worse(self) -> bool:
        """Whether the decision went down, from ready towards not ready."""
        return _DECISIONS.index(self.after.decision) > _DECISIONS.index(self.before.decision)

    def counts(self) -> dict[Kind, int]:
        """How many rows changed in each way; every way is named, zero or not."""
        return {kind: sum(change.kind is kind for change in self.changes) for kind in Kind}


def compare(before: Run, after: Run) -> Comparison:
    """Hold a run against an earlier one, of the same environment or of another reading of it.

    Rows are the same where identifier and domain are. Times, ports and message identifiers do not count as
    evidence; between a simulation and a live run only verdicts and reasons are compared, because all evidence
    comes from elsewhere.

    """
    old, new = _rows(before), _rows(after)
    alike = before.mode == after.mode
    keys = (*new, *(key for key in old if key not in new))
    found = [_change(old.get(key), new.get(key), evidence=alike) for key in keys]
    order = list(Kind)
    changes = sorted((change for change in found if change), key=lambda change: order.index(change.kind))
    both = len(old.keys() & new.keys())
    altered = sum(change.before is not None and change.after is not None for change in changes)
    return Comparison(before, after, tuple(changes), both - altered)


def _rows(run: Run) -> Mapping[tuple[str, str | None], Result]:
    return {(result.requirement.id, result.domain): result for result in run.results}


def _change(before: Result | None, after: Result | None, *, evidence: bool) -> Change | None:
    if before is None or after is None:
        return Change(Kind.ADDED if before is None else Kind.REMOVED, before, after)
    pairs = {
        "verdict": ((before.verdict, before.beneath), (after.verdict, after.beneath)),
        "level": (before.requirement.level, after.requirement.level),
        "reason": (before.reason, after.reason),
        "waiver": (before.waiver, after.waiver),
    }
    differs = tuple(name for name, (one, other) in pairs.items() if one != other)
    if evidence and not _alike(before, after):
        differs = (*differs, "evidence")
    return Change(_kind(before.verdict, after.verdict), before, after, differs) if differs else None


def _kind(before: Verdict, after: Verdict) -> Kind:
    if before in _GOOD and after in _GOOD:
        return Kind.OTHERWISE
    if after in _GOOD:
        return Kind.MENDED
    if before in _GOOD and after in OPEN:
        return Kind.NEW
    if before is after:
        return Kind.OTHERWISE
    return Kind.WORSE if _GRAVITY.index(after) > _GRAVITY.index(before) else Kind.BETTER


def _alike(before: Result, after: Result) -> bool:
    """Whether two rows rest on the same evidence, what passes left aside."""
    return len(before.evidence) == len(after.evidence) and all(
        one == other or _lasting(one) == _lasting(other)
        for one, other in zip(before.evidence, after.evidence, strict=True)
    )


def _lasting(seen: Evidence) -> tuple[str, ...]:
    return tuple(_without(text) for text in (seen.kind, seen.asked, seen.of, *seen.answer))


def _without(text: str) -> str:
    for passing, kept in _PASSING:
        text = passing.sub(kept, text)
    return text

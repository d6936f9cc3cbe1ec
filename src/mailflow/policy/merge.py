"""Several runs over parts of the same rows, joined into the run over all of them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce

from mailflow.observe.recording import Recording
from mailflow.policy.feature import row_name
from mailflow.policy.requirement import Result
from mailflow.policy.run import Completeness, Run

# What the parts of one run have in common. Else they are of two environments, or judged by two kits.
_COMMON = (
    "environment",
    "organization",
    "digest",
    "kit_version",
    "kit_digest",
    "mode",
    "stage",
    "domains",
    "strict",
)


def merge(shards: Sequence[Run]) -> Run:
    """Join the shards of a run.

    A row counts as judged where one of them judged it, unless it broke off in another. What none of them judged
    stays missing, by name: so a shard that is not there makes the whole incomplete.

    Raises:
        ValueError: there is none; or two of them differ in what they judged or by what, or contradict each other.

    """
    first, *others = shards
    for other in others:
        for name in _COMMON:
            if getattr(first, name) != getattr(other, name):
                raise ValueError(f"two shards differ in {name.replace('_', ' ')}")
        if first.completeness.planned != other.completeness.planned:
            raise ValueError("two shards differ in how many rows are planned")
    results, completeness = _rows(shards)
    return replace(
        first,
        started=min(run.started for run in shards),
        finished=max(run.finished for run in shards),
        results=_in_order(first, results),
        completeness=completeness,
        waiver_mistakes=_once(told for run in shards for told in run.waiver_mistakes),
        ran_by=", ".join(_once(run.ran_by for run in shards if run.ran_by)),
        ran_on=", ".join(_once(run.ran_on for run in shards if run.ran_on)),
        recording=_recording(shards),
        evidence_digest="",
        compared=None,
    )


def _rows(shards: Sequence[Run]) -> tuple[list[Result], Completeness]:
    judged: dict[str, Result] = {}
    for run in shards:
        for result in run.results:
            name = row_name(result.requirement, result.domain)
            before = judged.setdefault(name, result)
            if before.verdict is not result.verdict:
                raise ValueError(f"{name} is {before.verdict} in one shard and {result.verdict} in another")
    done = [run.completeness for run in shards]
    undefined = _once(told for one in done for told in one.undefined)
    errors = _by_row(told for one in done for told in one.errors)
    broken = {_row(told) for told in (*undefined, *errors)}
    results = [result for name, result in judged.items() if name not in broken]
    missing = _once(told for one in done for told in one.deselected)
    return results, Completeness(
        done[0].planned,
        len(results),
        tuple(name for name in missing if name not in judged and name not in broken),
        undefined,
        errors,
        tuple(path for path in done[0].unused_features if all(path in one.unused_features for one in done)),
    )


def _row(told: str) -> str:
    """Give the name of the row in front of its cause: "a.feature: A-1 for contoso.com: KeyError: …"."""
    return ": ".join(told.split(": ", 2)[:2])


def _by_row(told: Iterable[str]) -> tuple[str, ...]:
    """Keep one cause a row; a row that broke off in two shards is still one row."""
    kept: dict[str, str] = {}
    for one in told:
        kept.setdefault(_row(one), one)
    return tuple(kept.values())


def _in_order(run: Run, results: Iterable[Result]) -> tuple[Result, ...]:
    """Put rows in the order in which one run has them: feature file, scenario, domain of the environment."""
    place = {name: number for number, name in enumerate(run.domains)}
    return tuple(
        sorted(
            results,
            key=lambda row: (row.requirement.path, row.requirement.line, place.get(row.domain or "", -1)),
        )
    )


def _recording(shards: Sequence[Run]) -> Recording | None:
    seen = [run.recording for run in shards if run.recording]
    return reduce(Recording.joined, seen) if seen else None


def _once(told: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(told))

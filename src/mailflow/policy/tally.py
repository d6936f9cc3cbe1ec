"""The sum of a run over one environment: what was planned, and what became of each row. Pure.

Nothing planned is lost: a row is judged, or it is named with the cause.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from mailflow.environment.environment import Environment
from mailflow.input_error import InputError
from mailflow.policy.catalogue import Catalogue
from mailflow.policy.feature import Key, Row
from mailflow.policy.finding import Verdict
from mailflow.policy.judgement import add_up
from mailflow.policy.requirement import Result
from mailflow.policy.run import Completeness
from mailflow.policy.waiver import mistakes, waive

Outcomes = Mapping[tuple[Key, int], "Result | str"]  # of a row's examples: its result, or what went wrong


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run over one environment amounts to."""

    results: tuple[Result, ...]
    completeness: Completeness
    waiver_mistakes: tuple[str, ...]


def tally(
    environment: Environment,
    catalogue: Catalogue,
    *,
    planned: Mapping[Key, Row],
    undefined: Mapping[str, InputError],
    selected: Collection[tuple[Key, int]],
    outcomes: Outcomes,
    today: date,
) -> Tally:
    """Add up what became of every planned row.

    Args:
        environment: which was asked.
        catalogue: all feature files of the project, whether they were selected or not.
        planned: the rows that they demand of the environment.
        undefined: feature files with sentences that mean nothing or two things, by path; each mistake names
            the requirement.
        selected: the examples of rows that this run set out to judge.
        outcomes: what is known of them.
        today: in UTC, for waivers.

    """
    results: list[Result] = []
    deselected: list[str] = []
    unheard: list[str] = []
    errors: list[str] = [_first(error) for error in catalogue.mistakes.values()]
    for key, row in planned.items():
        known = {number: outcomes[key, number] for number in row.examples if (key, number) in outcomes}
        told = [outcome for outcome in known.values() if isinstance(outcome, Result)]
        failures = [outcome for outcome in known.values() if isinstance(outcome, str)]
        if error := undefined.get(row.scenario.requirement.path):
            own = [mistake for mistake in error.mistakes if mistake.requirement == key.id]
            if own:
                unheard.append(f"{row}: {own[0]}")
            else:
                errors.append(f"{row}: not collected, its file has sentences that mean nothing: {_first(error)}")
        elif failures:
            errors.append(f"{row}: {failures[0]}")
        elif len(told) == len(row.examples) or any(r.verdict is Verdict.NON_COMPLIANT for r in told):
            results.append(add_up(told))  # no example that is missing could make it better
        elif all((key, number) in selected for number in row.examples):
            errors.append(f"{row}: was not run")
        else:
            deselected.append(str(row))
    waived = tuple(waive(result, environment.waivers, today) for result in results)
    rows = None if catalogue.mistakes else {(key.id, key.domain) for key in planned}
    used = {row.scenario.requirement.path for row in planned.values()}
    return Tally(
        waived,
        Completeness(
            len(planned) + len(catalogue.mistakes),
            len(waived),
            tuple(deselected),
            tuple(unheard),
            tuple(errors),
            tuple(feature.path for feature in catalogue.features if feature.path not in used),
        ),
        mistakes(environment.waivers, waived, rows, today),
    )


def _first(error: InputError) -> str:
    more = f" (and {len(error.mistakes) - 1} more)" if len(error.mistakes) > 1 else ""
    return f"{error.mistakes[0]}{more}"

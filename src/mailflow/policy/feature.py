"""A feature file as values: scenarios that are requirements, for which rows they are meant, and their examples."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mailflow.environment.environment import Environment, Stage
from mailflow.environment.scenario import ScenarioName
from mailflow.policy.requirement import Requirement
from mailflow.policy.selection import Selection


class Key(NamedTuple):
    """What a result is known by."""

    environment: str
    domain: str | None  # None: the tenant
    id: str


@dataclass(frozen=True, slots=True)
class Example:
    """One row of an outline, or the scenario itself, which has one row without values."""

    values: Mapping[str, str]
    selection: Selection  # with everything that stands further out
    name: str  # in node ids: the title, for an outline with the row's values in it


@dataclass(frozen=True, slots=True)
class Scenario:
    """A requirement and the rows for which it is meant."""

    requirement: Requirement
    examples: tuple[Example, ...]
    tags: frozenset[str]  # with those of the feature and the rule, without "@"
    selection: Selection  # without that of its examples


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature file without mistakes."""

    path: str  # relative to the project, forward slashes
    name: str
    scenarios: tuple[Scenario, ...]
    file: Path  # where it lies: in the project, or with the kit
    introduces: frozenset[ScenarioName] = frozenset()  # the scenarios that stand as tags at its head
    scenario_tags: Mapping[str, int] = field(default_factory=dict)  # every "scenario:…" and "except:…": its first line


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement for one domain of one environment: what is planned, judged and reported."""

    key: Key
    scenario: Scenario
    examples: tuple[int, ...]  # which of the scenario's examples are meant for it

    def __str__(self) -> str:
        return row_name(self.scenario.requirement, self.key.domain)


def row_name(requirement: Requirement, domain: str | None) -> str:
    """Name a row as the completeness of a run does."""
    return f"{requirement.path.removeprefix('features/')}: {requirement.id} for {domain or 'the tenant'}"


def plan(features: Iterable[Feature], environment: Environment, stage: Stage) -> dict[Key, Row]:
    """Give every row that the features demand of an environment at a stage, in their order."""
    planned: dict[Key, Row] = {}
    for feature in features:
        for scenario in feature.scenarios:
            meant: dict[str | None, list[int]] = {}
            for number, example in enumerate(scenario.examples):
                for domain in example.selection.rows(environment) if example.selection.at(stage) else ():
                    meant.setdefault(domain, []).append(number)
            for domain, numbers in meant.items():
                key = Key(environment.name, domain, scenario.requirement.id)
                planned[key] = Row(key, scenario, tuple(numbers))
    return planned


def slug(title: str) -> str:
    """Write a title as node ids and anchors have it: `The MX set` is `the-mx-set`."""
    return re.sub(r"[\W_]+", "-", title.lower()).strip("-")

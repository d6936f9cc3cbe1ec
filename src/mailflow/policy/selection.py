"""Tags: for which environments and domains a scenario is meant, and how it is named and weighed.

    @S4-MX-1                    its identifier; on the scenario itself, exactly one
    @must | @should             its level; exactly one, on the scenario or above it
    @scenario:4                 domains that declare this scenario; or a word, which the file of a layout introduces
    @except:parked              all domains but those that declare this scenario
    @domain:contoso.com         this domain
    @environment:scenario-4     this environment
    @stage:plan | before | after  in which runs it is planned: simulated ones, live ones before the change, after it
    @tenant                     once for the tenant, not once for each domain
    @x-…                        the reader's own, to select by with -m; it means nothing to Mailflow

Two tags of one kind widen (`@scenario:1 @scenario:2`: either); what stands further in narrows what stands
further out (feature, rule, scenario, examples). Of `@except:` each narrows.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from mailflow.environment.environment import Environment, Stage
from mailflow.environment.scenario import PATTERN, ScenarioName, scenario_name
from mailflow.policy.requirement import IDENTIFIER, Level

T = TypeVar("T")

_OF_SCENARIOS = ("scenario", "except")
_KINDS = (*_OF_SCENARIOS, "domain", "environment", "stage")
_WORDS = (*(level.value for level in Level), "tenant", *(f"{kind}:" for kind in _KINDS), "x-")


@dataclass(frozen=True, slots=True)
class Selection:
    """For which rows a scenario is meant. None: whichever."""

    scenarios: frozenset[ScenarioName] | None = None
    domains: frozenset[str] | None = None
    environments: frozenset[str] | None = None
    stages: frozenset[Stage] | None = None
    tenant: bool = False
    excepted: frozenset[ScenarioName] = frozenset()

    def within(self, outer: "Selection") -> "Selection":
        """Narrow what stands further out."""
        return Selection(
            _both(self.scenarios, outer.scenarios),
            _both(self.domains, outer.domains),
            _both(self.environments, outer.environments),
            _both(self.stages, outer.stages),
            self.tenant or outer.tenant,
            self.excepted | outer.excepted,
        )

    def at(self, stage: Stage) -> bool:
        """Whether it is planned at a stage."""
        return self.stages is None or stage in self.stages

    def rows(self, environment: Environment) -> tuple[str | None, ...]:
        """Give the domains of an environment for which it is meant, at whatever stage; None is the tenant."""
        if self.environments is not None and environment.name not in self.environments:
            return ()
        chosen = tuple(
            domain.name
            for domain in environment.domains
            if (self.scenarios is None or domain.scenario in self.scenarios)
            and domain.scenario not in self.excepted
            and (self.domains is None or domain.name in self.domains)
        )
        if self.tenant:
            return (None,) if chosen else ()
        return chosen


def _both(one: frozenset[T] | None, other: frozenset[T] | None) -> frozenset[T] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


@dataclass(slots=True)
class Tags:
    """The tags of one level of a feature file, sorted by what they mean."""

    identifiers: list[str] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    selection: Selection = Selection()
    of_scenarios: list[str] = field(default_factory=list)  # "scenario:4", "except:parked"
    unknown: list[tuple[str, str]] = field(default_factory=list)  # the tag, how to mend it


def sort(tags: Iterable[str]) -> Tags:
    """Sort tags, written without `@`, by what they mean."""
    found = Tags()
    chosen: dict[str, set[str]] = {}
    tenant = False
    for tag in tags:
        kind, colon, value = tag.partition(":")
        if IDENTIFIER.fullmatch(tag):
            found.identifiers.append(tag)
        elif tag in list(Level):
            found.levels.append(Level(tag))
        elif tag == "tenant":
            tenant = True
        elif colon and kind in _KINDS and _is_value(kind, value):
            chosen.setdefault(kind, set()).add(value.lower() if kind == "domain" else value)
            if kind in _OF_SCENARIOS:
                found.of_scenarios.append(tag)
        elif not tag.startswith("x-"):
            found.unknown.append((tag, _mend(tag)))
    found.selection = Selection(
        frozenset(map(scenario_name, chosen["scenario"])) if "scenario" in chosen else None,
        frozenset(chosen["domain"]) if "domain" in chosen else None,
        frozenset(chosen["environment"]) if "environment" in chosen else None,
        frozenset(map(Stage, chosen["stage"])) if "stage" in chosen else None,
        tenant,
        frozenset(map(scenario_name, chosen.get("except", ()))),
    )
    return found


def _is_value(kind: str, value: str) -> bool:
    if kind in _OF_SCENARIOS:
        return bool(PATTERN.fullmatch(value))
    return value in list(Stage) if kind == "stage" else bool(value)


def _mend(tag: str) -> str:
    kind, colon, value = tag.partition(":")
    if kind == "stage":
        return "Stages are @stage:plan, @stage:before and @stage:after."
    if kind in _OF_SCENARIOS:
        return f"Scenarios are @{kind}:1 to @{kind}:4 and words such as @{kind}:all-in-cloud."
    if IDENTIFIER.fullmatch(tag.upper()):
        return f"Identifiers are written in capitals: @{tag.upper()}."
    near = difflib.get_close_matches(kind + colon, _WORDS, n=1)
    if near:
        return f"Did you mean @{near[0]}{value if near[0].endswith(':') else ''}?"
    return f"For a tag of your own, write @x-{tag}."

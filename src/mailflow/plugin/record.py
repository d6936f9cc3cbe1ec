"""What is noted while one scenario runs: its steps, what they concluded, and how it travels with the report."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from mailflow.policy.feature import Key
from mailflow.policy.finding import Evidence, Finding, Verdict
from mailflow.policy.judgement import CONDITIONS, decisive, judge, unmet
from mailflow.policy.requirement import Requirement, Result, Step
from mailflow.policy.way import Demand, Hop, Way

DONE, NOT_REACHED, ERROR = "done", "not reached", "error"


class Record:
    """The notes of one run of one scenario."""

    def __init__(
        self,
        requirement: Requirement,
        domain: str | None,
        steps: Iterable[tuple[str, str, str]],
        conditions: Iterable[Finding] = (),
    ) -> None:
        """`conditions`: what is said of every scenario before its first step."""
        self.requirement = requirement
        self.domain = domain
        self._steps = list(steps)  # kind (given, when, then), keyword, text
        self._told: list[Step] = []
        self._conditions = list(conditions)
        self._findings: list[Finding] = []
        self._here: list[Finding] | None = None  # what the running step has said; None between steps
        self._result: Result | None = None  # as far as it has been asked for

    def begin(self) -> None:
        """The next step begins."""
        self._here, self._result = [], None

    def conclude(self, found: Finding | Iterable[Finding]) -> None:
        """Take what a Then step found. Nothing is raised, and later steps go on.

        Raises:
            ValueError: there is no finding in it. Nothing is true of an empty set.
            RuntimeError: the running step is no Then.

        """
        __tracebackhide__ = True
        findings = self._take(found, "then", "conclude")
        self._findings += findings

    def condition(self, found: Finding | Iterable[Finding]) -> None:
        """Take what a Given step says of a condition of the documentation.

        Raises:
            ValueError: there is no finding in it, or it says non-compliant or waived: a condition holds (compliant),
                does not hold (not applicable), or nobody knows (not verified).
            RuntimeError: the running step is no Given.

        """
        __tracebackhide__ = True
        findings = self._take(found, "given", "condition")
        if wrong := [finding.verdict for finding in findings if finding.verdict not in CONDITIONS]:
            raise ValueError(f"a condition is never {wrong[0]}")
        self._conditions += findings

    def _take(self, found: Finding | Iterable[Finding], kind: str, what: str) -> list[Finding]:
        __tracebackhide__ = True
        if self._here is None or self._steps[len(self._told)][0] != kind:
            raise RuntimeError(f"{what}() is for {kind.title()} steps")
        findings = [found] if isinstance(found, Finding) else list(found)
        if not findings:
            raise ValueError("a judge that found nothing: nothing is true of an empty set")
        self._here += findings
        return findings

    def end(self) -> None:
        """The running step has ended.

        Raises:
            ValueError: it is a Then and concluded nothing.

        """
        __tracebackhide__ = True
        kind, keyword, text = self._steps[len(self._told)]
        here = self._here or []
        if kind == "then" and not here:
            raise ValueError("this Then concluded nothing")
        self._here = None
        decides = decisive(here) if here else None
        noted = kind == "then" and unmet(self._conditions)
        status = str(decides.verdict) if decides and not noted else DONE
        asked, seen = (decides.asked, decides.seen) if decides else ("", "")
        demands = tuple(finding.demand for finding in here if finding.demand)
        self._told.append(Step(keyword, text, status, asked, seen, demands))

    def result(self) -> Result:
        """Judge the scenario, after its last step."""
        if self._result is None:
            self._result = judge(self.requirement, self.domain, self._conditions, self._findings, self._told)
        return self._result

    def steps(self) -> tuple[Step, ...]:
        """Give the steps of a scenario that broke off: the running one is the error."""
        left = self._steps[len(self._told) :]
        broken = [Step(keyword, text, NOT_REACHED) for _, keyword, text in left]
        if left and self._here is not None:
            broken[0] = Step(left[0][1], left[0][2], ERROR)
        return (*self._told, *broken)

    def where(self) -> str:
        """Name the step at which a scenario broke off; empty between steps."""
        if self._here is None:
            return ""
        _, keyword, text = self._steps[len(self._told)]
        return f"in '{keyword} {text}'"


def packed(key: Key, example: int, outcome: Result | str) -> str:
    """Write an outcome as JSON text, which passes between processes whatever carries it."""
    plain: dict[str, Any] = {"key": key, "example": example}
    if isinstance(outcome, Result):
        plain["result"] = asdict(outcome) | {"requirement": None}
    else:
        plain["error"] = outcome
    return json.dumps(plain)


def unpacked(text: str, requirements: dict[str, Requirement]) -> tuple[Key, int, Result | str]:
    """Read what `packed` wrote."""
    plain = json.loads(text)
    key = Key(*plain["key"])
    if "error" in plain:
        return key, plain["example"], plain["error"]
    told = plain["result"]
    result = Result(
        requirements[key.id],
        told["domain"],
        Verdict(told["verdict"]),
        told["reason"],
        told["remedy"],
        tuple(told["notes"]),
        tuple(map(_step, told["steps"])),
        tuple(map(_evidence, told["evidence"])),
    )
    return key, plain["example"], result


def _step(plain: dict[str, Any]) -> Step:
    return Step(**plain | {"demands": tuple(Demand(**_tuples(demand)) for demand in plain["demands"])})


def _evidence(plain: dict[str, Any]) -> Evidence:
    way = plain["way"]
    taken = Way(**way | {"hops": tuple(Hop(**hop) for hop in way["hops"])}) if way else None
    return Evidence(**_tuples(plain) | {"way": taken})


def _tuples(plain: dict[str, Any]) -> dict[str, Any]:
    """Give lists back as the tuples they were."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}

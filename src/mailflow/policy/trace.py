"""The trace from the documentation to the requirements: every statement, and what became of it.

The data stand in trace.toml beside this file. The report shows the advice; docs/trace.md shows all of it.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mailflow.environment.scenario import ScenarioName


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the documentation (the document `Training`), in our own words.

    Exactly one of the last three is not empty.
    """

    id: str  # D-1, D-2, …: in the order of the text, without a gap
    scenario: int | None  # 1 to 4; None: it stands before the scenarios
    where: str  # title, situation, recommendation, step
    says: str
    requirements: tuple[str, ...] = ()  # the rows that ask for it
    advice: str = ""  # a recommendation, told to the reader of the report and never judged
    untestable: str = ""  # why no row can ask for it


@cache
def statements() -> tuple[Statement, ...]:
    """Give every statement in the order of the text."""
    text = files("mailflow.policy").joinpath("trace.toml").read_text(encoding="utf-8")
    return tuple(
        Statement(
            entry["id"],
            entry.get("scenario"),
            entry["where"],
            entry["says"],
            tuple(entry.get("requirements", ())),
            entry.get("advice", ""),
            entry.get("untestable", ""),
        )
        for entry in tomllib.loads(text)["statement"]
    )


def advice(scenario: ScenarioName) -> tuple[str, ...]:
    """Say what the documentation recommends to those who choose between this scenario and another."""
    return tuple(said.advice for said in statements() if said.scenario == scenario and said.advice)

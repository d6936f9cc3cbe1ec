"""A requirement, as a scenario of a feature file states it, and its result for one domain."""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailflow.environment.environment import Waiver
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.way import Demand

# The rule for identifiers, in one place: S4-MX-1, HYB-SPF-1, CUT-TTL-1, CONTOSO-MX-1.
IDENTIFIER = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*-[0-9]+")


class Level(StrEnum):
    """`must`: else mail is lost, takes a forbidden path, bypasses the filter or cannot be sent."""

    MUST = "must"
    SHOULD = "should"


class Standing(StrEnum):
    """Whether the document says it, or it follows from what several documents say."""

    STATED = "stated"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a requirement comes from: a document of policy/documents.toml, a place in it, and how it stands there."""

    document: str
    section: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Requirement:
    """One scenario of a feature file. One scenario has one identifier."""

    id: str
    level: Level
    title: str  # the scenario's name
    scenario: str  # the feature's name
    sources: tuple[Source, ...]
    remedy: str  # what mends it, in the reader's tools
    why: str  # what happens to mail without it
    path: str  # the feature file, relative to the project
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the scenario and how it ended: a verdict, "done", "not reached", "error"."""

    keyword: str
    text: str
    status: str
    asked: str = ""
    seen: str = ""
    demands: tuple[Demand, ...] = ()  # what was asked of the way of messages


@dataclass(frozen=True, slots=True)
class Result:
    """What was found of one requirement for one domain (None where the tenant is meant)."""

    requirement: Requirement
    domain: str | None
    verdict: Verdict
    reason: str
    remedy: str
    notes: tuple[str, ...]
    steps: tuple[Step, ...]
    evidence: tuple[Evidence, ...]
    beneath: Verdict | None = None  # for a waived result: what it would be without the waiver
    waiver: str = ""  # for a waived result: who accepted what, why and until when
    accepted: Waiver | None = None  # the same as values

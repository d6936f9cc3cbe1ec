"""Verdicts and the findings they rest on."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mailflow.policy.way import Demand, Way


class Verdict(StrEnum):
    """What is said of a requirement. The order is from best to worst where several are added up."""

    NOT_APPLICABLE = "not-applicable"
    COMPLIANT = "compliant"
    WAIVED = "waived"
    NOT_VERIFIED = "not-verified"
    NON_COMPLIANT = "non-compliant"


_GRAVITY = {verdict: gravity for gravity, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Add verdicts up to the worst of them.

    Raises:
        ValueError: there is none; nothing is true of an empty set.

    """
    return max(verdicts, key=_GRAVITY.__getitem__)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was asked, of whom, and what came back.

    Everything in it may come from a wire or a stranger's export: it is text, never markup.
    """

    kind: str  # dns, smtp, https, config, path, environment
    asked: str  # "MX contoso.com", "RequireTls of inbound connector 'Inbound from …'"
    of: str  # the server, or file and line
    answer: tuple[str, ...]  # verbatim, a line each; of a path each hop and then the trace fields
    way: Way | None = None  # for a path, the same as values


@dataclass(frozen=True, slots=True)
class Finding:
    """What one sentence of a scenario found."""

    verdict: Verdict
    asked: str  # what is demanded, with the names and addresses of this environment
    seen: str  # what was found instead, or as well
    remedy: str = ""  # the record to publish, the cmdlet to run; empty where the requirement's own remedy says it
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()  # worth saying, no verdict
    demand: Demand | None = None  # where `asked` is about the way of messages, the same as values


def compliant(asked: str, seen: str, *evidence: Evidence, notes: tuple[str, ...] = ()) -> Finding:
    """What is demanded was seen."""
    return Finding(Verdict.COMPLIANT, asked, seen, "", evidence, notes)


def non_compliant(asked: str, seen: str, *evidence: Evidence, remedy: str = "", notes: tuple[str, ...] = ()) -> Finding:
    """Something else than what is demanded was seen."""
    return Finding(Verdict.NON_COMPLIANT, asked, seen, remedy, evidence, notes)


def not_verified(asked: str, why: str, *evidence: Evidence, remedy: str = "") -> Finding:
    """Nothing could be seen; `why` says what is missing, `remedy` what would make it visible."""
    return Finding(Verdict.NOT_VERIFIED, asked, why, remedy, evidence)


def not_applicable(asked: str, condition: str, *evidence: Evidence) -> Finding:
    """The documentation demands it under a condition that does not hold here."""
    return Finding(Verdict.NOT_APPLICABLE, asked, condition, "", evidence)

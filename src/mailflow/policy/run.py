"""One run over one environment: all results, what is missing, and the decision that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from mailflow.environment.scenario import ScenarioName
from mailflow.observe.recording import Recording
from mailflow.policy.finding import Verdict
from mailflow.policy.misfit import Misfit
from mailflow.policy.readiness import Readiness
from mailflow.policy.requirement import Level, Result

if TYPE_CHECKING:
    from mailflow.policy.comparison import Comparison


class Decision(StrEnum):
    """What the change board reads first."""

    READY = "ready"
    READY_WITH_ACCEPTED_RISKS = "ready-with-accepted-risks"
    NOT_READY = "not-ready"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Completeness:
    """Planned rows and what became of them: planned = judged + deselected + undefined + errors.

    Each of the three tuples names its rows: "scenario_4.feature: S4-MX-1 for contoso.com", with the cause.
    """

    planned: int
    judged: int
    deselected: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()  # a sentence of the scenario has no definition
    errors: tuple[str, ...] = ()  # an internal error, or a run that ended before its end
    unused_features: tuple[str, ...] = ()  # feature files that no domain of this environment uses; normal

    @property
    def whole(self) -> bool:
        """Everything that was planned was judged."""
        return self.judged == self.planned and not (self.deselected or self.undefined or self.errors)


@dataclass(frozen=True, slots=True)
class Observed:
    """How it was looked; of a recorded run, by the run that made the recording."""

    mode: str  # simulated, live
    at: datetime  # aware, UTC
    vantage: str = ""  # the public address from which a live run looked, as far as it is known


@dataclass(frozen=True, slots=True)
class Run:
    """Everything the report tells of one environment."""

    kit_version: str
    mode: str  # simulated, live, recorded
    stage: str  # plan for a simulation; before or after for a live run; that of the recording for a recorded one
    started: datetime  # aware, UTC
    finished: datetime
    environment: str
    organization: str
    digest: str
    microsoft_365_data: str  # "worldwide, read 2026-08-14 from …"
    domains: Mapping[str, ScenarioName]  # name → declared scenario
    results: Sequence[Result]
    completeness: Completeness
    strict: bool = False
    waiver_mistakes: tuple[str, ...] = ()  # expired, unused or unknown waivers, a sentence each
    advice: Mapping[ScenarioName, tuple[str, ...]] = field(
        default_factory=dict
    )  # by scenario: what the documentation recommends
    compared: "Comparison | None" = None  # with an earlier run; its `after` is this run without a comparison
    ran_by: str = ""  # the login name of who started it; empty: not known
    ran_on: str = ""  # the name of the machine
    again: str = ""  # the options that ask for the same once more: "--environment scenario-4"
    readiness: Readiness | None = None  # what the plan says of the change and the way back
    misfits: Sequence[Misfit] = ()  # domains whose plan contradicts the scenario that they declare; a note
    files: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of each file of the environment, by name
    kit_digest: str = ""  # SHA-256 over the kit, the features and the meaning of their sentences, hexadecimal
    observed: Observed | None = None  # None: nothing was looked at
    recording: Recording | None = None  # everything that was seen; evidence.json keeps it to be judged again
    evidence_digest: str = ""  # SHA-256 of evidence.json, hexadecimal; known once that is written

    def blocking(self) -> tuple[Result, ...]:
        """The rows that keep the change from going ahead, worst first."""
        levels = (Level.MUST, Level.SHOULD) if self.strict else (Level.MUST,)
        blocks = (Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED)
        found = [r for r in self.results if r.requirement.level in levels and r.verdict in blocks]
        return tuple(sorted(found, key=lambda r: r.verdict is not Verdict.NON_COMPLIANT))

    @property
    def decision(self) -> Decision:
        """What follows from the results; nothing else decides.

        A row that fails makes the plan not ready, whatever else is missing. Incomplete: nothing failed, but
        something planned was not judged or could not be verified, or nothing was planned at all.
        """
        blocking = self.blocking()
        if any(r.verdict is Verdict.NON_COMPLIANT for r in blocking) or self.waiver_mistakes:
            return Decision.NOT_READY
        if blocking or not self.completeness.whole or not self.completeness.judged:
            return Decision.INCOMPLETE
        if any(r.verdict is Verdict.WAIVED for r in self.results):
            return Decision.READY_WITH_ACCEPTED_RISKS
        return Decision.READY

    def counts(self) -> dict[Verdict, int]:
        """How many rows have each verdict; every verdict is named, zero or not."""
        return {verdict: sum(r.verdict is verdict for r in self.results) for verdict in Verdict}

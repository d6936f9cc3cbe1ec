"""The last lines of a run: a decision for each environment, what blocks, what is missing, where the report is."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailflow.plugin.outcome import words
from mailflow.policy.finding import Verdict
from mailflow.policy.run import Completeness, Decision, Run
from mailflow.report.printable import printable

MOST = 10  # blocking rows that are named; the report names all
_DECISIONS = {
    Decision.READY: ("✔", "ready", "green"),
    Decision.READY_WITH_ACCEPTED_RISKS: ("✔", "ready, with accepted risks", "yellow"),
    Decision.NOT_READY: ("✘", "not ready", "red"),
    Decision.INCOMPLETE: ("?", "incomplete: not everything that was planned is judged", "red"),
}
_ORDER = (  # in which a reader asks for them
    Verdict.COMPLIANT,
    Verdict.NON_COMPLIANT,
    Verdict.NOT_VERIFIED,
    Verdict.WAIVED,
    Verdict.NOT_APPLICABLE,
)
_ASCII = str.maketrans("✔✘", "+x")  # for terminals whose encoding has no such signs


def tell(reporter: pytest.TerminalReporter, runs: Sequence[Run], reports: Path, unwritten: str) -> None:
    """Write the decisions of all environments."""
    if not runs:
        return
    reporter.section("Mailflow", sep="=")
    for run in runs:
        _tell(reporter, run)
    if unwritten:
        reporter.write_line(f"The reports could not be written: {unwritten}", red=True)
    else:
        reporter.write_line(f"Report: {reports / 'index.html'}")


def _tell(reporter: pytest.TerminalReporter, run: Run) -> None:
    symbol, decision, colour = _DECISIONS[run.decision]
    line = f"{symbol} {run.environment} ({run.organization}), {run.mode}: {decision}"
    try:
        line.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        line = line.translate(_ASCII)
    reporter.write_line(line, bold=True, **{colour: True})
    numbers = run.counts()
    counts = [f"{numbers[verdict]} {words(verdict)}" for verdict in _ORDER if numbers[verdict]]
    reporter.write_line(f"  {', '.join(counts) or 'nothing judged'}")
    blocking = run.blocking()
    for result in blocking[:MOST]:
        place = result.domain or "the tenant"
        reporter.write_line(f"  {result.requirement.id}, {place}, {words(result.verdict)}: {_line(result.reason)}")
    if len(blocking) > MOST:
        reporter.write_line(f"  and {len(blocking) - MOST} more")
    for mistake in run.waiver_mistakes:
        reporter.write_line(f"  {mistake}", red=True)
    _missing(reporter, run.completeness)


def _missing(reporter: pytest.TerminalReporter, completeness: Completeness) -> None:
    """Name what was planned and not judged; where it is much, count it."""
    if completeness.whole:
        return
    reporter.write_line(f"  {completeness.judged} of {completeness.planned} planned rows judged", yellow=True)
    for title, names in (
        ("deselected", completeness.deselected),
        ("undefined", completeness.undefined),
        ("error", completeness.errors),
    ):
        if 0 < len(names) <= MOST // 2:
            for name in names:
                reporter.write_line(f"  {title}: {_line(name)}", yellow=True)
        elif names:
            reporter.write_line(f"  {title}: {len(names)}", yellow=True)


def _line(text: str) -> str:
    """Fit a reason, which may come from a wire, into one printable line."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= 160 else f"{line[:157]}…"

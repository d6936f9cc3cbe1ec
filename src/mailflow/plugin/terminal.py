"""The last lines of a run, in the words of its page: the decision for each environment, why, and what to mend."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mailflow.input_error import InputError
from mailflow.policy.finding import Verdict
from mailflow.policy.run import Completeness, Decision, Run
from mailflow.report.as_text import decision, fitted
from mailflow.report.printable import for_console
from mailflow.report.words import changed, misfit, sentence, spoken

MOST = 10  # blocking rows that are named; the report names all
_COLOURS = {
    Decision.READY: "green",
    Decision.READY_WITH_ACCEPTED_RISKS: "yellow",
    Decision.NOT_READY: "red",
    Decision.INCOMPLETE: "red",
}
_ASCII = str.maketrans("✓△✕→…⟨⟩", "+!x>~<>")  # for terminals whose encoding has no such signs


def tell(
    reporter: pytest.TerminalReporter,
    runs: Sequence[Run],
    reports: Path,
    unwritten: str,
    unreadable: Mapping[str, InputError],
) -> None:
    """Write the decisions of all environments, and what is wrong with those that could not be judged."""
    if not (runs or unreadable):
        return
    reporter.section("Mailflow", sep="=")
    for run in runs:
        _tell(reporter, run)
    for name, error in unreadable.items():
        _line(reporter, f"✕ {name}: not judged, its files have mistakes", bold=True, red=True)
        for mistake in error.mistakes:
            _line(reporter, f"  {mistake}", red=True)
    if not runs:
        return
    if unwritten:
        _line(reporter, f"The reports could not be written: {unwritten}", red=True)
    else:
        _line(reporter, f"Report: {reports / 'index.html'}")


def _tell(reporter: pytest.TerminalReporter, run: Run) -> None:
    _line(reporter, decision(run), bold=True, **{_COLOURS[run.decision]: True})
    _line(reporter, f"  {sentence(run)}")
    for found in run.misfits:
        _line(reporter, f"  Note: {misfit(found)}", yellow=True)
    numbers = run.counts()
    counts = [f"{numbers[verdict]} {spoken(verdict)}" for verdict in reversed(Verdict) if numbers[verdict]]
    _line(reporter, f"  {', '.join(counts) or 'nothing judged'}")
    blocking = run.blocking()
    for result in blocking[:MOST]:
        place = result.domain or "the tenant"
        reason = fitted(" ".join(result.reason.split()))
        _line(reporter, f"  {result.requirement.id}, {place}, {spoken(result.verdict)}: {reason}")
    if len(blocking) > MOST:
        _line(reporter, f"  and {len(blocking) - MOST} more")
    for mistake in run.waiver_mistakes:
        _line(reporter, f"  {mistake}", red=True)
    _missing(reporter, run.completeness)
    if run.compared:
        since = f"{run.compared.before.started:%Y-%m-%d %H:%M:%S} UTC"
        _line(reporter, f"  Since {since}: {changed(run.compared)}", bold=run.compared.worse)


def _missing(reporter: pytest.TerminalReporter, completeness: Completeness) -> None:
    """Name what was planned and not judged; where it is much, count it."""
    if completeness.whole:
        return
    _line(reporter, f"  {completeness.judged} of {completeness.planned} planned rows judged", yellow=True)
    for title, names in (
        ("deselected", completeness.deselected),
        ("undefined", completeness.undefined),
        ("error", completeness.errors),
    ):
        if 0 < len(names) <= MOST // 2:
            for name in names:
                _line(reporter, f"  {title}: {fitted(name)}", yellow=True)
        elif names:
            _line(reporter, f"  {title}: {len(names)}", yellow=True)


def _line(reporter: pytest.TerminalReporter, text: str, **markup: bool) -> None:
    """Write one line that the terminal can show; pytest colours terminals only."""
    line = for_console(text, keep="")
    try:
        line.encode(sys.stdout.encoding or "utf-8")  # a stream in memory has none
    except UnicodeEncodeError:
        line = line.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
    reporter.write_line(line, **markup)

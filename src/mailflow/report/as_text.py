"""A comparison as lines for a terminal."""

from collections.abc import Iterator
from datetime import UTC

from mailflow.policy.comparison import OPEN, Change, Comparison
from mailflow.policy.requirement import Result
from mailflow.policy.run import Run
from mailflow.report.printable import for_console
from mailflow.report.words import CHANGES, DECISIONS, changed, spoken

WIDTH = 160  # characters of a line; what a wire said may be longer


def comparison(found: Comparison) -> str:
    """Write both runs, the rows that differ as a table, and the sum. Every line is printable."""
    return "".join(f"{fitted(line)}\n" for line in _lines(found))


def decision(run: Run) -> str:
    """Write the decision over an environment as the last lines of a run begin with it."""
    symbol, words = DECISIONS[run.decision]
    return f"{symbol} {run.environment} ({run.organization}), {run.mode}: {words}"


def fitted(text: str) -> str:
    """Fit a text, which may come from a wire, into one printable line."""
    line = for_console(" ".join(text.split()) if "\n" in text or "\r" in text else text, keep="")
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _lines(found: Comparison) -> Iterator[str]:
    yield f"before  {_side(found.before)}"
    yield f"after   {_side(found.after)}"
    yield ""
    if found.changes:
        rows = [_row(change) for change in found.changes]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for change, row in zip(found.changes, rows, strict=True):
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            yield from (f"    {line}" for line in _told(change))
        yield ""
    yield changed(found)


def _side(run: Run) -> str:
    started = run.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{run.environment} ({run.organization}), {run.mode}, {started}: {DECISIONS[run.decision][1]}"


def _row(change: Change) -> tuple[str, ...]:
    told = [spoken(side.verdict) for side in (change.before, change.after) if side]
    verdicts = " → ".join(dict.fromkeys(told))
    domain = change.result.domain or "the tenant"
    cells = (CHANGES[change.kind][0], change.requirement.id, domain, verdicts, change.requirement.title)
    return tuple(fitted(cell) for cell in cells)


def _told(change: Change) -> Iterator[str]:
    """Say what was seen then and now, where that differs; of a row in one run only, where it is open."""
    if change.before and change.after:
        if change.before.reason != change.after.reason:
            yield f"was: {_reason(change.before)}"
            yield f"is:  {_reason(change.after)}"
        elif others := [name for name in change.differs if name != "verdict"]:
            yield f"differs in: {', '.join(others)}"
    elif change.result.verdict in OPEN:
        yield _reason(change.result)


def _reason(result: Result) -> str:
    return " ".join(result.reason.split()) or "nothing is said"

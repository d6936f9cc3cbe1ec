"""The run for a ticket or the page of a job: `summary.md`, in GitHub's Markdown.

What comes from wires and files stands in code spans and code blocks, each fenced by more backticks than it holds:
there nothing becomes a link, a mention, an image or markup (GitHub Flavored Markdown Spec, sections 4.5 and 6.3).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC

from mailflow.policy.finding import Verdict
from mailflow.policy.run import Run
from mailflow.report.open_items import OpenItem, check_again, open_items
from mailflow.report.printable import printable
from mailflow.report.words import DECISIONS, changed, misfit, number, sentence, spoken

LARGEST = 60_000  # bytes; a comment on GitHub has at most 65,536 characters
LARGEST_JOB = 900_000  # bytes; GitHub drops the summary of a step above 1 MiB
_SPAN = 300  # characters of a text in a line
_NOTE = 1_000  # of what stands beside the decision
_BLOCK = 1_500  # characters of a remedy


def report(run: Run) -> bytes:
    """Write `summary.md`: the decision, what blocks, what was accepted, what changed. Under 65 kB."""
    return _within(LARGEST, _head(run), [*_items(run), *_accepted(run)], _foot(run))


def job(runs: Sequence[Run], unreadable: Collection[str] = ()) -> bytes:
    """Write the summary of a job: all decisions, then the summary of each run as far as there is room.

    `unreadable`: the environments that were not judged because their files have mistakes.
    """
    told = [f"✕ **Not judged**, the files have mistakes: {span(name)}" for name in unreadable]
    told += map(_decision, runs if unreadable or len(runs) > 1 else ())
    head = "".join(f"- {one}\n" for one in told) + "\n" if told else ""
    return _within(LARGEST_JOB, head, [report(run).decode() + "\n" for run in runs], "")


def _within(size: int, head: str, parts: Sequence[str], foot: str) -> bytes:
    room = size - len(head.encode()) - len(foot.encode())
    shown = []
    for left, part in zip(range(len(parts), 0, -1), parts, strict=True):
        room -= len(part.encode())
        if room < 0:
            shown.append(f"\nThere is more than fits here ({left:,} left out); the report has all of it.\n")
            break
        shown.append(part)
    return f"{head}{''.join(shown)}{foot}".encode()


def _decision(run: Run) -> str:
    symbol, words = DECISIONS[run.decision]
    return f"{symbol} **{words}**: {span(run.environment)}, {span(run.organization)}, {span(run.mode)}"


def _head(run: Run) -> str:
    numbers = run.counts()
    counts = [f"{numbers[verdict]:,} {spoken(verdict)}" for verdict in reversed(Verdict) if numbers[verdict]]
    done = run.completeness
    lines = [
        f"## {_decision(run)}",
        "",
        sentence(run),
        "",
        f"{number(done.planned, 'row')} planned, {done.judged:,} judged: {', '.join(counts) or 'nothing'}.",
    ]
    lines += [line for found in run.misfits for line in ("", f"Note: {span(misfit(found), _NOTE)}")]
    if run.compared:
        since = f"{run.compared.before.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        lines += ["", f"Since {since}: {changed(run.compared)}"]
    return "\n".join(lines) + "\n"


def _items(run: Run) -> Iterator[str]:
    title = ""
    for item in open_items(run):
        above = "What blocks" if item.blocks else "Open, and does not block"
        yield (f"\n### {above}\n\n" if above != title else "") + _item(item)
        title = above


def _item(item: OpenItem) -> str:
    named = " ".join(span(text) for text in (item.id, item.domain) if text)
    words = ", ".join(text for text in (item.level, item.verdict) if text)
    line = f"- {named}{' ' if named else ''}{words}: {span(item.title)}"
    if not item.id:  # not judged, or a waiver: the line says it all
        return f"{line}\n"
    if item.seen:
        line += f"\n  - seen: {span(item.seen)}"
    line += f"\n  - who mends it: {item.who or 'nobody is named'}\n"
    return line + (f"  - remedy:\n{_block(item.remedy)}" if item.remedy else "")


def _accepted(run: Run) -> Iterator[str]:
    waived = [result for result in run.results if result.verdict is Verdict.WAIVED]
    for first, result in enumerate(waived):
        beneath = f" ({spoken(result.beneath)})" if result.beneath else ""
        place = f"{span(result.requirement.id)} {span(result.domain or 'the tenant')}"
        yield ("" if first else "\n### Accepted risks\n\n") + f"- {place}{beneath}: {span(result.waiver)}\n"


def _foot(run: Run) -> str:
    started = f"{run.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    rests = f"Mailflow {span(run.kit_version)}, {started}, environment {span(run.digest)}"
    return f"\nCheck again: {span(check_again(run))}\n\n{rests}\n"


def span(text: str, longest: int = _SPAN) -> str:
    """Write a text as a code span, in one line."""
    shown = " ".join(printable(text[: 4 * longest], keep="\n").split())
    shown = f"{shown[: longest - 1]}…" if len(shown) > longest else shown or "nothing"
    fence = "`" * (_longest(shown) + 1)
    return f"{fence} {shown} {fence}" if shown[0] == "`" or shown[-1] == "`" else f"{fence}{shown}{fence}"


def _block(text: str) -> str:
    """Write a text as a code block within an item of a list in a list."""
    shown = printable(text[:_BLOCK])
    fence = "`" * max(3, _longest(shown) + 1)
    lines = [fence, *shown.split("\n"), *(["[cut]"] if len(text) > _BLOCK else []), fence]
    return "".join(f"    {line}\n" for line in lines)


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)

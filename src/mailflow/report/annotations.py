"""What is open, in the form that makes a build server show it beside the feature file.

GitHub Actions: workflow commands. Azure Pipelines: logging commands. Each percent-escapes what would end a property
or the line, so that no text can begin a command of its own.
"""

from collections.abc import Callable, Iterator

from mailflow.policy.run import Run
from mailflow.report.open_items import OpenItem, open_items
from mailflow.report.printable import for_console

MOST = 10  # of a kind; GitHub shows no more of one step

Write = Callable[[str, OpenItem], str]


def github(run: Run) -> Iterator[str]:
    """Give `::error file=…,line=…,title=…::message` for what blocks, `::warning …` for the rest."""
    yield from _annotations(run, _github)


def azure(run: Run) -> Iterator[str]:
    """Give `##vso[task.logissue type=error;sourcepath=…;linenumber=…;code=…]message`, or `type=warning`."""
    yield from _annotations(run, _azure)


def _annotations(run: Run, write: Write) -> Iterator[str]:
    items = open_items(run)
    for kind, some in (
        ("error", [item for item in items if item.blocks]),
        ("warning", [item for item in items if not item.blocks]),
    ):
        shown = some if len(some) <= MOST else some[: MOST - 1]
        for item in shown:
            yield write(kind, item)
        if left := len(some) - len(shown):
            told = f"{left} more in {run.environment}; the report has all of them"
            yield write(kind, OpenItem("", "", "", "and", False, told, "", "", "", "", False, "", 0))


def _title(item: OpenItem) -> str:
    return " ".join(text for text in (item.id, item.domain, item.verdict) if text)


def _message(item: OpenItem) -> str:
    told = f"{item.title}. Seen: {item.seen}" if item.seen else item.title
    return " ".join(for_console(told).split())


def _github(kind: str, item: OpenItem) -> str:
    """Escape as @actions/core does: % and line ends, and in properties colon and comma as well."""
    properties = {"file": item.file, "line": str(item.line or ""), "title": _title(item)}
    escaped = (f"{name}={_percent(for_console(value, keep=''), '%:,')}" for name, value in properties.items() if value)
    return f"::{kind} {','.join(escaped)}::{_percent(_message(item), '%')}"


def _azure(kind: str, item: OpenItem) -> str:
    """Escape as the agent reads it: % as %AZP25, in properties semicolon and closing bracket as well."""
    properties = {"type": kind, "sourcepath": item.file, "linenumber": str(item.line or ""), "code": item.id}
    escaped = (
        f"{name}={_percent(for_console(value, keep=''), ';]', azure=True)};"
        for name, value in properties.items()
        if value
    )
    return f"##vso[task.logissue {''.join(escaped)}]{_percent(_message(item), '', azure=True)}"


def _percent(text: str, signs: str, *, azure: bool = False) -> str:
    if azure:
        text = text.replace("%", "%AZP25")
    escaped = (f"%{ord(c):02X}" if c in signs or c in "\r\n" else c for c in text)
    return "".join(escaped)

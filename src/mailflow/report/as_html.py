"""The run as HTML: one file that needs no script, no network and no second file.

What is shown comes from wires, exports and files of strangers. Three things keep it text: Jinja2
escapes every value, `finalize` makes every value printable first, and a content security policy
in the page forbids whatever might slip through to run or to fetch.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import groupby

import jinja2
from markupsafe import Markup

from mailflow.policy import documents
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Level
from mailflow.policy.run import Run
from mailflow.report import words
from mailflow.report.matrix import Row, matrix, rows
from mailflow.report.printable import printable

# Of one answer; a hostile server must not make the report unreadable. All of it is in evidence.json.
CHARACTERS = 30_000


def report(run: Run) -> bytes:
    """Write `report.html`."""
    found = rows(run.results)
    anchors = {id(row.result): row for row in found}
    return _render(
        "report.html.j2",
        run=run,
        sentence=words.sentence(run),
        blocking=[anchors[id(result)] for result in run.blocking()],
        tables=matrix(run, found),
        chapters=_chapters(found),
        running=_running_head(run),
    )


def index(reports: Sequence[tuple[Run, str]]) -> bytes:
    """Write `index.html`: the runs, each with the relative address of its report."""
    return _render("index.html.j2", reports=[(run, link, words.sentence(run)) for run, link in reports])


def _chapters(found: Iterable[Row]) -> list[tuple[Verdict, list[Row]]]:
    """Worst verdict first, in each `must` before `should`, else in the order of the features."""
    gravity = list(reversed(Verdict))
    ordered = sorted(
        found,
        key=lambda row: (gravity.index(row.result.verdict), row.result.requirement.level is not Level.MUST),
    )
    return [(verdict, list(group)) for verdict, group in groupby(ordered, lambda row: row.result.verdict)]


def _running_head(run: Run) -> Markup:
    """What stands in the margin of every printed page, as a CSS string.

    CSS Syntax Level 3, section 4.3.7: a backslash, the code point in hexadecimal, a blank. Written so,
    no character of a name can end the string or the style sheet.
    """
    names = " · ".join(printable(name, keep="")[:60] for name in (run.organization, run.environment))
    text = f"{_stamp(run.mode)} · {names} · {_utc(run.started)}"
    escaped = (c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{"".join(escaped)}"')  # noqa: S704  # nothing but letters, digits, backslashes, blanks


def _stamp(mode: str) -> str:
    return printable(mode, keep="").upper()


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _lines(evidence: Evidence) -> list[str]:
    """The answer, a line each. A line break inside a line would pass for a line of its own: it is written out."""
    shown: list[str] = []
    room = CHARACTERS
    for line in evidence.answer:
        if room > 0:
            shown.append(printable(line[:room], keep="\t"))
        if len(line) > room or room <= 0:
            return [*shown, f"[cut after {CHARACTERS:,} characters; the whole answer is in evidence.json]"]
        room -= len(line) + 1  # with its line break, so that empty lines have an end too
    return shown


def _document(key: str) -> documents.Document | None:
    """The document that a source names; None for a reader's own, which stands in no library."""
    try:
        return documents.document(key)
    except KeyError:
        return None


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("mailflow.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"utc": _utc, "lines": _lines, "stamp": _stamp}
    templates.globals |= {
        "symbols": words.SYMBOLS,
        "meanings": words.MEANINGS,
        "decisions": words.DECISIONS,
        "modes": words.MODES,
        "number": words.number,
        "document": cache(_document),
        "verdicts": tuple(reversed(Verdict)),
        "Level": Level,
    }
    return templates


def _render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(values).encode("utf-8")

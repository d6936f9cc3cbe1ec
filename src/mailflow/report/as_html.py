"""The run as HTML: one file that needs no script, no network and no second file.

What is shown comes from wires, exports and files of strangers. Three things keep it text: Jinja2
escapes every value, `finalize` makes every value printable first, and a content security policy
in the page forbids whatever might slip through to run or to fetch; it lets one script run, by its digest.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import jinja2
from markupsafe import Markup

from mailflow.input_error import InputError
from mailflow.policy import documents
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.readiness import PlannedMx, Readiness, Window
from mailflow.policy.run import Decision, Run
from mailflow.policy.way import rounds
from mailflow.report import words
from mailflow.report.matrix import Row, anchor, matrix
from mailflow.report.page import Page, seen
from mailflow.report.printable import printable
from mailflow.report.window import lasting, shown, timelines

# Of one answer; a hostile server must not make the report unreadable. All of it is in evidence.json.
CHARACTERS = 8_000
LINES = 36
_LAST = 12  # lines of them, as a dialogue tells at its end what came of it
_AROUND = re.compile(r"CUT-[A-Z]+-\d+")  # rows about the change itself
_LOCK = re.compile(r"S[34]-LOCK-\d+")  # rows by which Microsoft 365 takes mail from the own servers alone
_NUMBER = re.compile(r"\d+\. ")
_MOST = 8  # requirements that the first page lists as blocking

_CONTENTS = (
    ("completeness", "Completeness"), ("design", "Design on a page"),
    ("matrix", "Requirements and domains"), ("findings", "Findings"), ("risks", "Accepted risks"),
    ("notes", "Notes and advice"), ("unverified", "Not verified"), ("change", "Change"),
    ("readiness", "Readiness and the way back"), ("signature", "Sign-off"), ("documents", "Documents"),
    ("texts", "Feature texts"),
)  # fmt: skip


def report(run: Run) -> bytes:
    """Write `report.html`."""
    page = Page(run)
    waived = page.of(Verdict.WAIVED)
    ends = sorted(row.result.accepted.until for row in waived if row.result.accepted)
    due = run.readiness.at if run.readiness else None
    absent = {
        "design": not page.designs,
        "matrix": not page.rows,
        "notes": not (page.notes or run.advice),
        "readiness": not run.readiness,
        "documents": not page.sources,
    }
    return _render(
        "report.html.j2",
        run=run,
        page=page,
        contents=[(name, title) for name, title in _CONTENTS if not absent.get(name)],
        sentence=words.sentence(run),
        most=_MOST,
        waived=waived,
        ends=ends[0] if ends else "",
        approvers=list(dict.fromkeys(row.result.accepted.approver for row in waived if row.result.accepted)),
        ends_early=bool(ends and due and ends[0] < due.astimezone(UTC).date().isoformat()),
        tables=matrix(run, page.rows),
        running=_running_head(run),
        around=[row for row in page.rows if _AROUND.fullmatch(row.result.requirement.id)],
        locks=[row for row in page.of(Verdict.COMPLIANT) if _LOCK.fullmatch(row.result.requirement.id)],
        **_readiness(run.readiness or Readiness(None, ())),
    )


def index(reports: Sequence[tuple[Run, str]], unreadable: Mapping[str, InputError] = MappingProxyType({})) -> bytes:
    """Write `index.html`: the runs, each with the relative address of its report, and what kept others from a run.

    Those come first that need somebody.
    """
    told = [(run, link, words.sentence(run)) for run, link in reports]
    order = (Decision.NOT_READY, Decision.INCOMPLETE, Decision.READY_WITH_ACCEPTED_RISKS, Decision.READY)
    groups = [(decision, [one for one in told if one[0].decision is decision]) for decision in order]
    filled = [(decision, group) for decision, group in groups if group]
    return _render("index.html.j2", count=len(told), groups=filled, unreadable=unreadable)


def _readiness(change: Readiness) -> dict[str, object]:
    """Take domains together whose MX records are and were alike, and find how long the new ones are kept at the most.

    A resolver keeps what a secondary name server gave it, and that may be behind; where the zone before is not recorded
    its refresh time is not known.
    """
    windows = {window.domain: window for window in change.windows}
    groups: dict[object, tuple[PlannedMx, Window | None, list[str]]] = {}
    for planned in change.planned:
        window = windows.get(planned.domain)
        alike = (planned.records, planned.ttl, window and (window.before, window.change))
        groups.setdefault(alike, (planned, window, []))[2].append(planned.domain)
    kept = [timedelta(seconds=planned.ttl) for planned in change.planned if planned.ttl is not None]
    longest = max([*kept, *(window.change.way_back for window in change.windows)], default=timedelta())
    return {
        "records": list(groups.values()),
        "timelines": timelines(change.windows),
        "ttl_latest": round(longest.total_seconds()),
    }


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


def _duration(seconds: int) -> str:
    """`3600 s (1 h)`, `90 s`."""
    hours, rest = divmod(seconds, 3600)
    return f"{seconds} s" + (f" ({hours} h)" if hours and not rest else f" ({timedelta(seconds=seconds)})")


def _lines(evidence: Evidence) -> list[str]:
    """The answer, a line each. A line break inside a line would pass for a line of its own: it is written out."""
    shown: list[str] = []
    room = CHARACTERS
    answer = _unlooped(evidence.answer)
    if (left_out := len(answer) - LINES) > 0:
        told = f"[{words.number(left_out, 'line')} left out here; the whole answer is in evidence.json]"
        answer = [*answer[: LINES - _LAST], told, *answer[-_LAST:]]
    for line in answer:
        if room > 0:
            shown.append(printable(line[:room], keep="\t"))
        if len(line) > room or room <= 0:
            return [*shown, f"[cut after {CHARACTERS:,} characters; the whole answer is in evidence.json]"]
        room -= len(line) + 1  # with its line break, so that empty lines have an end too
    return shown


def _unlooped(answer: Sequence[str]) -> Sequence[str]:
    """Tell the rounds of a loop once; the lines of a way are numbered."""
    found: list[str] = []
    place = 0
    for lines, times in rounds([_NUMBER.sub("", line) for line in answer]):
        found += answer[place : place + len(lines)]
        found += [f"[the same {times - 1} times more]"] if times > 1 else []
        place += len(lines) * times
    return found


def _verdicts_of(cells: Iterable[Row | None]) -> str:
    return " ".join(dict.fromkeys(str(cell.result.verdict) for cell in cells if cell))


def _status_class(status: str) -> str:
    """Give the class of a step's ending; a status that nobody knows has none."""
    known = ("done", "not reached", "error", *Verdict)
    return status.replace(" ", "-") if status in known else ""


def _document(key: str) -> documents.Document | None:
    """The document that a source names; None for a reader's own, which stands in no library."""
    try:
        return documents.document(key)
    except KeyError:
        return None


def _shown(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _script() -> str:
    """The script of the page, and nothing around it: its digest is in the policy."""
    return files("mailflow.report").joinpath("templates", "filter.js").read_text(encoding="utf-8")


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
    templates.filters |= {
        "anchor": anchor,
        "changed": words.changed,
        "duration": _duration,
        "lasting": lasting,
        "later": lambda time, seconds: time + timedelta(seconds=seconds),
        "lines": _lines,
        "shown": shown,
        "misfit": words.misfit,
        "spoken": words.spoken,
        "stamp": _stamp,
        "status_class": _status_class,
        "utc": _utc,
        "verdicts_of": _verdicts_of,
    }
    digest = base64.b64encode(hashlib.sha256(_script().encode("utf-8")).digest()).decode("ascii")
    templates.globals |= {
        "allowed": f"'sha256-{digest}'",
        "script": Markup(_script()),  # noqa: S704  # our own file
        "symbols": words.SYMBOLS,
        "meanings": words.MEANINGS,
        "decisions": words.DECISIONS,
        "changes": words.CHANGES,
        "modes": words.MODES,
        "number": words.number,
        "document": cache(_document),
        "seen": seen,
        "verdicts": tuple(reversed(Verdict)),
        "V": Verdict,
    }
    return templates


def _render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(values).encode("utf-8")

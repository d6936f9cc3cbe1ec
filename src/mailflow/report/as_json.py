"""The run as data: `report.json`, whose shape other programs rely on, and `evidence.json`.

Both are plain ASCII with escapes: Windows PowerShell 5.1 reads a file without a byte order mark in
the code page of the machine, and a terminal obeys control characters that JSON would let through
(RFC 8259 section 7 demands escapes only below U+0020).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from mailflow.observe.pieces import as_text
from mailflow.observe.recording import digest, written
from mailflow.policy.comparison import Comparison
from mailflow.policy.finding import Evidence
from mailflow.policy.readiness import Readiness, Window
from mailflow.policy.requirement import Result
from mailflow.policy.run import Run
from mailflow.policy.way import Demand, Hop, Way

SCHEMA = 1


def report(run: Run) -> Iterator[bytes]:
    """Write `report.json`, piece by piece: that of a thousand domains has 200 MB."""
    done = run.completeness
    return _write(
        {
            "schema": SCHEMA,
            "kit": {"name": "mailflow", "version": run.kit_version, "digest": run.kit_digest},
            "run": {
                "mode": run.mode,
                "stage": run.stage,
                "started": _utc(run.started),
                "finished": _utc(run.finished),
                "strict": run.strict,
                "observed": _observed(run),
                "ran_by": run.ran_by,
                "ran_on": run.ran_on,
                "again": run.again,
            },
            "environment": {
                "name": run.environment,
                "organization": run.organization,
                "digest": run.digest,
                "files": run.files,
                "microsoft_365_data": run.microsoft_365_data,
                "domains": [{"name": name, "scenario": number} for name, number in run.domains.items()],
            },
            "evidence": {"file": "evidence.json", "digest": run.evidence_digest},
            "decision": run.decision.value,
            "counts": {verdict.value: count for verdict, count in run.counts().items()},
            "completeness": {
                "planned": done.planned,
                "judged": done.judged,
                "deselected": done.deselected,
                "undefined": done.undefined,
                "errors": done.errors,
                "unused_features": done.unused_features,
            },
            "waiver_mistakes": run.waiver_mistakes,
            "readiness": _readiness(run.readiness) if run.readiness else None,
            "misfits": map(asdict, run.misfits),
            "advice": {str(scenario): told for scenario, told in run.advice.items()},
            "requirements": map(_result, run.results),
            "compared": _comparison(run.compared) if run.compared else None,
        }
    )


def comparison(found: Comparison) -> bytes:
    """Write what `mailflow compare --json` prints; in a report.json it stands as `compared`."""
    return b"".join(_write({"schema": SCHEMA, **_comparison(found)}))


def evidence(run: Run) -> Iterator[bytes]:
    """Write `evidence.json`, piece by piece: each piece of evidence once and in full, with the rows that rest on it.

    Below `observations` stands what was observed, for `--mode recorded` to judge it again; beside it its digest, by
    which that run notices what was cut out of it.
    """
    observations = written(run.recording) if run.recording else None
    rests: dict[Evidence, list[Result]] = {}
    for result in run.results:
        for seen in dict.fromkeys(result.evidence):
            rests.setdefault(seen, []).append(result)
    return _write(
        {
            "schema": SCHEMA,
            "environment": {"name": run.environment, "digest": run.digest},
            "run": {"mode": run.mode, "started": _utc(run.started), "finished": _utc(run.finished)},
            "evidence": ({**_evidence(seen), "supports": list(map(_row, rows))} for seen, rows in rests.items()),
            "observations": observations,
            "observations_digest": digest(observations) if observations else None,
        }
    )


def _row(result: Result) -> dict[str, str | None]:
    return {"id": result.requirement.id, "domain": result.domain}


def _observed(run: Run) -> dict[str, Any] | None:
    if run.observed is None:
        return None
    return {"mode": run.observed.mode, "at": _utc(run.observed.at), "vantage": run.observed.vantage}


def _result(result: Result) -> dict[str, Any]:
    demanded = result.requirement
    return {
        "id": demanded.id,
        "domain": result.domain,
        "scenario": demanded.scenario,
        "level": demanded.level.value,
        "title": demanded.title,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "remedy": result.remedy or demanded.remedy,
        "why": demanded.why,
        "beneath": result.beneath.value if result.beneath else None,
        "waiver": result.waiver,
        "accepted": asdict(result.accepted) if result.accepted else None,
        "notes": result.notes,
        "sources": [
            {"document": source.document, "section": source.section, "standing": source.standing.value}
            for source in demanded.sources
        ],
        "feature": {"path": demanded.path, "line": demanded.line},
        "steps": [
            {
                "keyword": step.keyword,
                "text": step.text,
                "status": step.status,
                "asked": step.asked,
                "seen": step.seen,
                "demands": list(map(_members, step.demands)),
            }
            for step in result.steps
        ],
        "evidence": [{**_evidence(seen), "way": _way(seen.way) if seen.way else None} for seen in result.evidence],
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "before": _side(found.before),
        "after": _side(found.after),
        "worse": found.worse,
        "counts": {"same": found.same, **{kind.value: count for kind, count in found.counts().items()}},
        "changes": [
            {
                "change": change.kind.value,
                "id": change.requirement.id,
                "domain": change.result.domain,
                "title": change.requirement.title,
                "level": change.requirement.level.value,
                "before": _said(change.before),
                "after": _said(change.after),
                "differs": change.differs,
            }
            for change in found.changes
        ],
    }


def _said(result: Result | None) -> dict[str, str] | None:
    return {"verdict": result.verdict.value, "reason": result.reason} if result else None


def _side(run: Run) -> dict[str, Any]:
    return {
        "environment": run.environment,
        "digest": run.digest,
        "mode": run.mode,
        "stage": run.stage,
        "started": _utc(run.started),
        "kit_version": run.kit_version,
        "decision": run.decision.value,
    }


def _readiness(change: Readiness) -> dict[str, Any]:
    return {
        "at": _utc(change.at) if change.at else None,
        "offset": change.at.isoformat(timespec="seconds")[19:] if change.at else None,
        "planned": [asdict(record) for record in change.planned],
        "windows": list(map(window, change.windows)),
        "without_window": [asdict(one) for one in change.without],
    }


def window(told: Window) -> dict[str, Any]:
    """Write the time around the change: what it follows from, and the moments that follow."""
    change = told.change
    return {
        "domain": told.domain,
        "before": told.before,
        "old_ttl": change.old_ttl,
        "new_ttl": change.new_ttl,
        "refresh": change.refresh,
        "lowered": {"ttl": change.lowered.ttl, "at": _utc(change.lowered.at)} if change.lowered else None,
        "lower_by": _utc(change.lower_by),
        "lowered_everywhere": _utc(change.lowered_everywhere) if change.lowered_everywhere else None,
        "at": _utc(change.at),
        "old_until": _utc(change.old_until),
        "keep_old_until": _utc(change.keep_old_until),
        "latest_way_back": _utc(change.latest_way_back) if change.latest_way_back else None,
        "way_back": round(change.way_back.total_seconds()),
        "none_for": told.none_for,
    }


def _evidence(seen: Evidence) -> dict[str, Any]:
    return {"kind": seen.kind, "asked": seen.asked, "of": seen.of, "answer": seen.answer}


def _way(way: Way) -> dict[str, Any]:
    return {**_members(way), "hops": list(map(_members, way.hops))}


def _members(value: Demand | Hop | Way) -> dict[str, Any]:
    """Give the members as they are; `asdict` would copy each of the texts, too."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(value: Mapping[str, Any]) -> Iterator[bytes]:
    """Write members and their items a line each: rows can be compared by line, and json's quick encoder does the rest.

    With indentation throughout json encodes in Python; a report of 4,200 rows took more than twice as long. An iterator
    is written item by item: the rows of a thousand domains are large as values.
    """
    for number, (name, part) in enumerate(value.items()):
        yield f"{',' if number else '{'}\n{json.dumps(name)}: ".encode("ascii")
        for piece in _lines(part):
            yield piece.encode("ascii")
    yield b"\n}\n"


def _lines(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping) and part:
        for number, (name, one) in enumerate(part.items()):
            yield f"{',' if number else '{'}\n {json.dumps(name)}: "
            yield from as_text(one)
        yield "\n}"
    elif isinstance(part, list | tuple | Iterator):
        number = -1
        for number, one in enumerate(part):
            yield f"{'[' if number == 0 else ','}\n {json.dumps(one)}"
        yield "[]" if number == -1 else "\n]"
    else:
        yield json.dumps(part)

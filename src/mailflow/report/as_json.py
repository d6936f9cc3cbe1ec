"""The run as data: `report.json`, whose shape other programs rely on, and `evidence.json`.

Both are plain ASCII with escapes: Windows PowerShell 5.1 reads a file without a byte order mark in
the code page of the machine, and a terminal obeys control characters that JSON would let through
(RFC 8259 section 7 demands escapes only below U+0020).
"""

import json
from datetime import UTC, datetime
from typing import Any

from mailflow.policy.finding import Evidence
from mailflow.policy.requirement import Result
from mailflow.policy.run import Run

SCHEMA = 1


def report(run: Run) -> bytes:
    """Write `report.json`."""
    done = run.completeness
    return _write(
        {
            "schema": SCHEMA,
            "kit": {"name": "mailflow", "version": run.kit_version},
            "run": {
                "mode": run.mode,
                "stage": run.stage,
                "started": _utc(run.started),
                "finished": _utc(run.finished),
                "strict": run.strict,
            },
            "environment": {
                "name": run.environment,
                "organization": run.organization,
                "digest": run.digest,
                "microsoft_365_data": run.microsoft_365_data,
                "domains": [{"name": name, "scenario": number} for name, number in run.domains.items()],
            },
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
            "advice": {str(scenario): told for scenario, told in run.advice.items()},
            "requirements": [_result(result) for result in run.results],
        }
    )


def evidence(run: Run) -> bytes:
    """Write `evidence.json`: each observation once and in full, with the rows that rest on it."""
    rests: dict[Evidence, list[dict[str, Any]]] = {}
    for result in run.results:
        for seen in dict.fromkeys(result.evidence):
            rests.setdefault(seen, []).append({"id": result.requirement.id, "domain": result.domain})
    return _write(
        {
            "schema": SCHEMA,
            "environment": {"name": run.environment, "digest": run.digest},
            "run": {"mode": run.mode, "started": _utc(run.started), "finished": _utc(run.finished)},
            "evidence": [{**_evidence(seen), "supports": rows} for seen, rows in rests.items()],
        }
    )


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
            }
            for step in result.steps
        ],
        "evidence": [_evidence(seen) for seen in result.evidence],
    }


def _evidence(seen: Evidence) -> dict[str, Any]:
    return {"kind": seen.kind, "asked": seen.asked, "of": seen.of, "answer": seen.answer}


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode("ascii")

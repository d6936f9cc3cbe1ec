"""Floor 6: findings as HTML, JSON, JUnit XML, CSV and Markdown."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mailflow.policy.run import Run
from mailflow.report import as_csv, as_json, as_junit, as_markdown
from mailflow.report.folder import keep, place, put


def write(runs: Sequence[Run], folder: Path) -> tuple[Path, ...]:
    """Write the reports of all runs and `index.html`, which lists them.

    For each run `<environment>/<mode>/` receives the newest `report.html`, `report.json`, `junit.xml`, `evidence.json`,
    `actions.csv` and `summary.md`; the same files are kept in a folder beside them, named after the run's start in
    UTC and never written again, because somebody may have signed them.

    Returns:
        The newest report.html of each run, in their order, and index.html at the end.

    Raises:
        OSError: the folder cannot be written.

    """
    taken: set[str] = set()
    places = [place(run.environment, run.mode, taken) for run in runs]
    for run, where in zip(runs, places, strict=True):
        made = files(run)
        keep(folder / where, run.started, made)
        for name, content in made.items():
            put(folder / where / name, content)
    links = [f"{where}/report.html" for where in places]
    from mailflow.report import as_html  # noqa: PLC0415  # brings Jinja2, which only writing needs

    folder.mkdir(parents=True, exist_ok=True)
    put(folder / "index.html", as_html.index(list(zip(runs, links, strict=True))))
    return (*(folder / link for link in links), folder / "index.html")


def files(run: Run) -> dict[str, bytes]:
    """Give the files of a run's report, by name."""
    from mailflow.report import as_html  # noqa: PLC0415  # brings Jinja2, which only writing needs

    evidence = as_json.evidence(run)
    signed = replace(run, evidence_digest=hashlib.sha256(evidence).hexdigest())
    return {
        "report.html": as_html.report(signed),
        "report.json": as_json.report(signed),
        "junit.xml": as_junit.report(signed),
        "evidence.json": evidence,
        "actions.csv": as_csv.report(signed),
        "summary.md": as_markdown.report(signed),
    }

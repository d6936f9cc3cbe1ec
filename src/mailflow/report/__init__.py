"""Floor 6: findings as HTML, JSON, JUnit XML, CSV and Markdown."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mailflow.policy.run import Run
from mailflow.report import as_csv, as_json, as_junit, as_markdown
from mailflow.report.folder import new_folder, place, put


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
        kept = new_folder(folder / where, run.started)
        for name, content in files(run):
            put(kept / name, content)
        for file in kept.iterdir():
            put(folder / where / file.name, file.read_bytes())
    links = [f"{where}/report.html" for where in places]
    from mailflow.report import as_html  # noqa: PLC0415  # brings Jinja2, which only writing needs

    folder.mkdir(parents=True, exist_ok=True)
    put(folder / "index.html", as_html.index(list(zip(runs, links, strict=True))))
    return (*(folder / link for link in links), folder / "index.html")


def files(run: Run) -> Iterator[tuple[str, bytes]]:
    """Give the names and files of a run's report, one after the other: those of a large run are large together."""
    from mailflow.report import as_html  # noqa: PLC0415  # brings Jinja2, which only writing needs

    evidence = as_json.evidence(run)
    signed = replace(run, evidence_digest=hashlib.sha256(evidence).hexdigest())
    yield "evidence.json", evidence
    del evidence
    yield "report.html", as_html.report(signed)
    yield "report.json", as_json.report(signed)
    yield "junit.xml", as_junit.report(signed)
    yield "actions.csv", as_csv.report(signed)
    yield "summary.md", as_markdown.report(signed)

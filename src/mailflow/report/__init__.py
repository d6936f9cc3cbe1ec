"""Floor 6: findings as HTML, JSON, JUnit XML, CSV and Markdown."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from mailflow.input_error import InputError
from mailflow.policy.run import Run
from mailflow.report import as_csv, as_json, as_junit, as_markdown
from mailflow.report.folder import new_folder, place, put

_BLOCK = 1 << 20  # octets


def write(
    runs: Sequence[Run], folder: Path, unreadable: Mapping[str, InputError] = MappingProxyType({})
) -> tuple[Path, ...]:
    """Write the reports of all runs and `index.html`, which lists them and says which environments were not judged.

    Returns:
        The newest report.html of each run, in their order, and index.html at the end.

    Raises:
        OSError: the folder cannot be written.

    """
    taken: set[str] = set()
    places = [place(run.environment, run.mode, taken) for run in runs]
    reports = [write_run(run, folder / where) for run, where in zip(runs, places, strict=True)]
    return (*reports, write_index(list(zip(runs, places, strict=True)), folder, unreadable))


def write_run(run: Run, folder: Path) -> Path:
    """Write the report of a run into its own folder, `<environment>/<mode>/`.

    It receives the newest `report.html`, `report.json`, `junit.xml`, `evidence.json`, `actions.csv` and `summary.md`;
    the same files are kept in a folder beside them, named after the run's start in UTC and never written again,
    because somebody may have signed them.

    Returns:
        The newest report.html.

    Raises:
        OSError: the folder cannot be written.

    """
    kept = new_folder(folder, run.started)
    for name, pieces in files(run):
        put(kept / name, pieces)
    for file in kept.iterdir():
        put(folder / file.name, _blocks(file))
    return folder / "report.html"


def write_index(
    runs: Sequence[tuple[Run, str]], folder: Path, unreadable: Mapping[str, InputError] = MappingProxyType({})
) -> Path:
    """Write `index.html` beside the folders of runs, each named below it; of a run, what `brief` leaves is enough.

    Raises:
        OSError: the folder cannot be written.

    """
    from mailflow.report import as_html  # noqa: PLC0415  # brings Jinja2, which only writing needs

    folder.mkdir(parents=True, exist_ok=True)
    put(folder / "index.html", [as_html.index([(run, f"{where}/report.html") for run, where in runs], unreadable)])
    return folder / "index.html"


def files(run: Run) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Give the names and files of a run's report, one after the other and piece by piece: large ones have 200 MB.

    Each is to be written before the next is asked for: report.json names the digest of evidence.json.
    """
    from mailflow.report import as_html  # noqa: PLC0415  # brings Jinja2, which only writing needs

    digest = hashlib.sha256()
    yield "evidence.json", _digested(as_json.evidence(run), digest)
    signed = replace(run, evidence_digest=digest.hexdigest())
    yield "report.html", [as_html.report(signed)]
    yield "report.json", as_json.report(signed)
    yield "junit.xml", [as_junit.report(signed)]
    yield "actions.csv", [as_csv.report(signed)]
    yield "summary.md", [as_markdown.report(signed)]


def _digested(pieces: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block

# noqa: INP001  a script, run by its path and imported by nobody
"""Make reports/sample/: a report with some red in it, of scenario 4 with three faults and an accepted risk.

python docs/make_sample.py           judge what was recorded once more, and write
python docs/make_sample.py --look    look again first: after a change of the environment or of what is asked
python docs/make_sample.py --check   exit with 1 where a file is not what would be written
"""

import contextlib
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from mailflow.environment.fault import changed, named
from mailflow.plugin.reports import Reports
from mailflow.policy.run import Observed, Run
from mailflow.report import files

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "reports" / "sample"
FAULTS = ("send-internet-by-dns", "spf-neutral-end", "environment-forwarding-not-asked")
CLOCK = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
CUTOVER = """
cutover:
  stage: before
  at: 2026-12-05T22:00+01:00
  lowered: {ttl: 3600, at: 2026-12-03T20:00+01:00}
  before: before/
"""
WAIVERS = """\
- id: HYB-SPF-5
  domain: contoso.com
  reason: A marketing system that nobody has listed yet still sends for the domain.
  risk: Strangers can send as the domain until then; DMARC of the domain stays at quarantine.
  approver: R. Laurent, Head of IT
  ticket: CHG-1042
  from: 2026-12-01
  until: 2027-01-31
"""


class Clock:
    """Sets the clock of a run, so that dates of waivers are judged as on that day."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Change the time at which the run began."""
        ours = session.config.pluginmanager.get_plugin("mailflow-session")
        ours.project = replace(ours.project, started=CLOCK)
        ours.reports = Reports(ours.project, {}, {})


@contextlib.contextmanager
def environment() -> Iterator[Path]:
    """Give the folder of the environment: that of scenario 4, changed."""
    with contextlib.ExitStack() as stack:
        folder = ROOT / "fixtures" / "scenario-4"
        for fault in named(ROOT, FAULTS):
            folder = stack.enter_context(changed(folder, fault))
        place = stack.enter_context(tempfile.TemporaryDirectory())
        copy = Path(place) / "contoso"
        shutil.copytree(folder, copy)
        with (copy / "environment.yaml").open("a", encoding="utf-8", newline="\n") as file:
            file.write(CUTOVER)
        shutil.copytree(ROOT / "fixtures" / "scenario-3" / "before", copy / "before")  # Microsoft 365 took the mail
        (copy / "waivers.yaml").write_text(WAIVERS, encoding="utf-8", newline="\n")
        yield copy


def judged(*options: str) -> Run:
    """Judge the environment."""
    found: list[Run] = []

    def keep(run: Run, folder: Path) -> Path:
        """Stand for the writer of reports, which gets all of what was found."""
        found.append(run)
        return folder / "report.html"

    quiet = contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    kept = patch("mailflow.report.write_run", keep)
    with environment() as folder, tempfile.TemporaryDirectory() as place, kept, quiet as told:
        arguments = ["features", "-q", "-p", "no:cacheprovider", "-W", "ignore", "--rootdir", str(ROOT)]
        pytest.main([*arguments, "--reports", place, "--environment", str(folder), *options], plugins=[Clock()])
    if len(found) != 1:
        told.seek(0)
        raise SystemExit(told.read())
    return found[0]


def sample(run: Run) -> dict[str, bytes]:
    """Write a run as if it had been made on that day, on that machine, with a kit that never changes."""
    told = replace(
        run,
        mode="simulated",
        stage="plan",
        started=CLOCK,
        finished=CLOCK + timedelta(seconds=2),
        observed=Observed("simulated", CLOCK + timedelta(seconds=1)),
        ran_by="k.winter",
        ran_on="jump-host-2",
        again="--environment contoso",
        kit_version="0.1.0",
        kit_digest="0" * 64,
    )
    return {name: b"".join(pieces) for name, pieces in files(told)}


def main() -> int:
    """Write or check the sample."""
    recorded = FOLDER / "evidence.json"
    if sys.argv[1:] == ["--look"]:
        FOLDER.mkdir(parents=True, exist_ok=True)
        recorded.write_bytes(sample(judged())["evidence.json"])
    made = sample(judged("--mode", "recorded", "--evidence", str(recorded)))
    if sys.argv[1:] == ["--check"]:
        wrong = [name for name, made_ in made.items() if (FOLDER / name).read_bytes() != made_]
        if wrong:
            sys.stderr.write(f"reports/sample/ is out of date ({', '.join(wrong)}): run python docs/make_sample.py\n")
        return bool(wrong)
    for name, content in made.items():
        (FOLDER / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The report that the repository shows is the one that the kit writes."""

import subprocess
import sys
from pathlib import Path

from mailflow.policy.run import Decision
from mailflow.report.read import read

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "reports" / "sample"


def test_the_sample_is_what_its_evidence_is_judged_as_today() -> None:
    script = PROJECT / "docs" / "make_sample.py"
    command = [sys.executable, str(script), "--check"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_sample_has_some_of_everything() -> None:
    run = read(SAMPLE / "report.json")
    assert run.decision is Decision.NOT_READY
    assert all(run.counts().values())

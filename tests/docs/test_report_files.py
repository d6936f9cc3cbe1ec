"""docs/report-files.md says what a run leaves behind; here it is held to it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailflow.command.line import BAD_INPUT, DONE, NOT_SO
from mailflow.policy.comparison import Kind
from mailflow.report.words import CHANGES
from tests.in_a_process import ROOT, judge

PAGE = (ROOT / "docs" / "report-files.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of one run with a red row in it."""
    reports = tmp_path_factory.mktemp("reports")
    chosen = ["--environment", "scenario-4", "--fault", "spf-ipv4-typo", "--reports", reports]
    run = judge(*chosen)
    assert run.returncode == NOT_SO, run.stdout + run.stderr
    [report] = reports.glob("*/simulated/report.json")
    return report.parent


def test_the_files_are_those_of_the_table(folder: Path) -> None:
    told = re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(path.name for path in folder.iterdir() if path.is_file())


def test_the_program_on_the_page_runs(folder: Path) -> None:
    program = re.search(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert program
    run = subprocess.run(
        [sys.executable, "-c", program[1]], cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    open_rows = [row for row in report["requirements"] if row["verdict"] in ("non-compliant", "not-verified")]
    assert len(run.stdout.splitlines()) == len(open_rows) > 0
    assert "must HYB-SPF-1 contoso.com non-compliant" in run.stdout.splitlines()


def test_the_words_of_a_comparison_are_those_of_the_page() -> None:
    section = PAGE.partition("| word |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([a-z][a-z ]+) \|", section, re.MULTILINE) == [CHANGES[kind][0] for kind in Kind]


def test_the_exit_statuses_are_those_of_the_page() -> None:
    section = PAGE.partition("## Exit status")[2].partition("\n\nElse")[0]
    assert [int(one) for one in re.findall(r"^\| (\d) \|", section, re.MULTILINE)] == [DONE, NOT_SO, BAD_INPUT]

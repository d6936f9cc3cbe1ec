"""`mailflow verify` says whether evidence, environment and kit are still what was signed."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mailflow.__main__ import main
from mailflow.policy.signature import changes
from tests.in_a_process import ROOT, judge


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one environment, judged and signed."""
    project = tmp_path_factory.mktemp("signed")
    shutil.copytree(ROOT / "fixtures" / "scenario-4", project / "fixtures" / "ours")
    for room in ("features", "steps"):
        shutil.copytree(ROOT / room, project / room, ignore=shutil.ignore_patterns("__pycache__", "domains"))
    shutil.copy(ROOT / "pyproject.toml", project)
    run = judge(project=project)
    assert run.returncode == 0, run.stdout + run.stderr
    return project


@pytest.fixture
def copy(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(signed, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def verify(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    status = main(["verify", "reports/ours/simulated", *options])
    told = capsys.readouterr()
    return status, told.out, told.err


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_nothing_has_changed(copy: Path, capsys: Any) -> None:
    status, out, err = verify(capsys)
    assert (status, err) == (0, "")
    assert [line.partition(" (")[0] for line in out.splitlines()] == [
        "evidence.json: as signed",
        "environment ours: as signed",
        "kit, features and steps: as signed",
    ]


@pytest.mark.parametrize(
    ("file", "part", "change"),
    [
        ("reports/ours/simulated/evidence.json", "evidence.json", None),
        ("fixtures/ours/zones/contoso.com.zone", "environment ours", "zones/contoso.com.zone: changed"),
        (
            "fixtures/ours/exchange-online/Get-InboundConnector.json",
            "environment ours",
            "exchange-online/Get-InboundConnector.json: changed",
        ),
        ("features/every_scenario.feature", "kit, features and steps", None),
        ("steps/words.py", "kit, features and steps", None),
    ],
)
def test_any_change_voids_it(copy: Path, capsys: Any, file: str, part: str, change: str | None) -> None:
    append(copy / file, "\n")
    status, out, _ = verify(capsys)
    assert status == 1
    told = out.splitlines()
    (wrong,) = (number for number, line in enumerate(told) if "NOT what was signed" in line)
    assert told[wrong].startswith(f"{part}: NOT what was signed (")
    assert (f"  {change}" in told) is bool(change)


def test_evidence_that_is_gone(copy: Path, capsys: Any) -> None:
    (copy / "reports" / "ours" / "simulated" / "evidence.json").unlink()
    status, out, _ = verify(capsys, "--json")
    evidence, *others = json.loads(out)
    assert (status, evidence["name"], evidence["now"], evidence["same"]) == (1, "evidence.json", "", False)
    assert all(part["same"] for part in others)


def test_what_is_no_report(copy: Path, capsys: Any) -> None:
    (copy / "reports" / "ours" / "simulated" / "report.json").write_text("[]", encoding="utf-8")
    status, out, err = verify(capsys)
    assert (status, out) == (4, "")
    assert "report.json: found a list at the top; expected an object." in err


def test_an_environment_that_is_not_here(copy: Path, capsys: Any) -> None:
    shutil.rmtree(copy / "fixtures" / "ours")
    status, _, err = verify(capsys)
    assert status == 4
    assert "found 'ours'; expected the name of a folder in fixtures/" in err


def test_what_changed() -> None:
    assert changes({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x", "d": "4"}) == (
        "b: changed",
        "c: taken away",
        "d: added",
    )

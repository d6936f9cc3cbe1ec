"""`mailflow init`: a project of somebody's own, and the kit's requirements and sentences in it."""

import json
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from mailflow import __version__
from mailflow.__main__ import main
from mailflow.policy.kit import shipped_root

FILLED = ["--address", "131.107.21.231", "--tenant-id", "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90"]
OWN = """\
Feature: Ours
  @OURS-1 @should
  Scenario: There is a second server
    Source: own; Handbook, section 2; stated
    Remedy: Buy one.

    When the settings of Microsoft 365 and of the on-premises servers are read
    Then the organization has a second mail server
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_exports_are_in_or_out_by_choice(folder: Path) -> None:
    for choice in ("in", "out"):
        (folder / choice).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for choice in ("in", "out"):
            patch.chdir(folder / choice)
            assert main(["init", "--exports", choice]) == 0
    told = {choice: (folder / choice / ".gitignore").read_text(encoding="utf-8") for choice in ("in", "out")}
    assert "/fixtures/*/exchange-online/\n" in told["out"]
    assert "/fixtures/" not in told["in"]
    names = [{p.relative_to(folder / c) for p in (folder / c).rglob("*") if p.is_file()} for c in ("in", "out")]
    assert names[0] == names[1]


def test_a_project_judges_with_the_words_of_the_kit(folder: Path) -> None:
    assert main(["init", "--exports", "in"]) == 0
    kit, project = ConfigParser(interpolation=None), ConfigParser(interpolation=None)
    kit.read(Path(__file__).parents[2] / "tox.ini", encoding="utf-8")
    project.read(folder / "tox.ini", encoding="utf-8")
    commands = {name: project[f"testenv:{name}"]["commands"] for name in ("policy", "live")}
    assert commands == {name: kit[f"testenv:{name}"]["commands"] for name in ("policy", "live")}
    assert project["testenv"]["set_env"] == kit["testenv"]["set_env"]


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tox.ini").write_text("mine", encoding="utf-8")
    assert main(["init", "--exports", "in"]) == 4
    assert capsys.readouterr().err == (
        "mailflow init: found tox.ini already there; expected a folder without it. Nothing is ever overwritten.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["tox.ini"]


def test_before_the_first_environment_the_way_on_is_said(folder: Path) -> None:
    assert main(["init", "--exports", "in"]) == 0
    made = run(folder, "features")
    assert made.returncode == 4
    assert "mailflow new contoso.com --scenario 4" in made.stdout + made.stderr


def test_shipped_requirements_and_own_ones_are_asked_together(folder: Path) -> None:
    assert main(["init", "--exports", "in"]) == 0
    assert main(["new", "contoso.com", "--scenario", "3", *FILLED]) == 0
    (folder / "features/ours.feature").write_text(OWN, encoding="utf-8")
    own = folder / "steps/own.py"
    example = own.read_text(encoding="utf-8").split("\n\n", 1)[1].replace('"""\n', "")
    own.write_text(example, encoding="utf-8")

    made = run(folder, "features", "-v")
    file = folder / "reports/contoso.com/simulated/report.json"
    assert file.is_file(), made.stdout + made.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["kit"]["version"] == __version__
    rows = {row["id"]: row for row in report["requirements"]}
    assert {"HYB-SPF-1", "S3-MX-1", "OURS-1", "CONTOSO-COM-PATH-1"} <= rows.keys()
    assert "CONTOSO-MX-1" not in rows  # an example of the kit's repository, meant for nobody else
    assert (rows["OURS-1"]["verdict"], rows["OURS-1"]["reason"]) == ("non-compliant", "mail.contoso.com")
    assert report["completeness"]["deselected"] == []
    told = made.stdout
    assert "features/every_scenario.feature::contoso.com::contoso.com::the-domain-has-one-valid-spf-record" in told
    assert "features/ours.feature::contoso.com::contoso.com::there-is-a-second-server" in told
    assert str(shipped_root() / "features") not in told


def test_a_shipped_row_is_run_alone_by_the_name_that_the_terminal_shows(folder: Path) -> None:
    assert main(["init", "--exports", "in"]) == 0
    assert main(["new", "contoso.com", "--scenario", "3", *FILLED]) == 0
    row = "features/every_scenario.feature::contoso.com::contoso.com::the-domain-has-one-valid-spf-record"
    made = run(folder, row, "features/domains/contoso.com.feature", "--collect-only", "-q")
    assert made.stdout.splitlines()[:2] == [
        row,
        "features/domains/contoso.com.feature::contoso.com::contoso.com::mail-between-colleagues-never-touches-the-internet",
    ]
    assert "2/" in made.stdout
    assert run(folder, "features/no_such.feature").returncode == 4


def test_names_that_the_kit_has_are_mistakes(folder: Path) -> None:
    assert main(["init", "--exports", "in"]) == 0
    assert main(["new", "contoso.com", "--scenario", "3", *FILLED]) == 0
    (folder / "features/every_scenario.feature").write_text(OWN, encoding="utf-8")
    made = run(folder, "features")
    assert made.returncode == 4
    assert "features/every_scenario.feature: found a file that Mailflow brings; expected another name." in made.stdout
    (folder / "features/every_scenario.feature").unlink()

    (folder / "steps/records.py").write_text("", encoding="utf-8")
    made = run(folder, "features")
    assert made.returncode == 4
    assert "steps/records.py: found a module name that Mailflow has; expected another name." in made.stderr

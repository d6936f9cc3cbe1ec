"""`mailflow compare`: two reports, a report and a changed environment; what it says and how it ends."""

import json
import shutil
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jsonschema import Draft202012Validator

from mailflow.__main__ import main
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Level, Requirement, Result
from mailflow.policy.run import Completeness, Run
from mailflow.report import as_json

ROOT = Path(__file__).parents[2]


def row(name: str, verdict: Verdict, reason: str = "seen", answer: str = "10 mail.", domain: str = "x.de") -> Result:
    requirement = Requirement(name, Level.MUST, f"title of {name}", "feature", (), "", "", "features/a.feature", 1)
    evidence = (Evidence("dns", "MX", "192.0.2.1", (answer,)),)
    return Result(requirement, domain, verdict, reason, "", (), (), evidence)


def run(*results: Result) -> Run:
    time = datetime(2026, 11, 23, 16, 20, 5, tzinfo=UTC)
    done = Completeness(len(results), len(results))
    return Run("0.1.0", "simulated", "plan", time, time, "toy", "Contoso", "", "", {"x.de": 4}, results, done)


def put(place: Path, told: Run) -> str:
    place.mkdir()
    (place / "report.json").write_bytes(b"".join(as_json.report(told)))
    return str(place)


BEFORE = run(
    row("A-1", Verdict.COMPLIANT),
    row("A-2", Verdict.NON_COMPLIANT, "no TLS"),
    row("A-3", Verdict.COMPLIANT),
    row("A-4", Verdict.COMPLIANT),
    row("A-5", Verdict.NOT_VERIFIED, "no export"),
)
AFTER = run(
    row("A-1", Verdict.NON_COMPLIANT, "220 \x1b[2J ##vso[task.x]\nsecond line"),
    row("A-2", Verdict.COMPLIANT),
    row("A-3", Verdict.COMPLIANT, answer="20 mail."),
    row("A-4", Verdict.COMPLIANT),
    row("A-6", Verdict.NOT_VERIFIED, "timeout"),
)


def test_the_table_and_the_exit_status(tmp_path, capsys) -> None:
    assert main(["compare", put(tmp_path / "old", BEFORE), put(tmp_path / "new", AFTER)]) == 1
    assert capsys.readouterr().out == (
        "before  toy (Contoso), simulated, 2026-11-23 16:20:05 UTC: Not ready\n"
        "after   toy (Contoso), simulated, 2026-11-23 16:20:05 UTC: Not ready\n"
        "\n"
        "new             A-1  x.de  compliant → non-compliant  title of A-1\n"
        "    was: seen\n"
        "    is:  220 ⟨U+001B⟩[2J ⟨U+0023⟩#vso[task.x] second line\n"
        "removed         A-5  x.de  not verified               title of A-5\n"
        "    no export\n"
        "added           A-6  x.de  not verified               title of A-6\n"
        "    timeout\n"
        "mended          A-2  x.de  non-compliant → compliant  title of A-2\n"
        "    was: no TLS\n"
        "    is:  seen\n"
        "seen otherwise  A-3  x.de  compliant                  title of A-3\n"
        "    differs in: evidence\n"
        "\n"
        "Of the rows 1 new, 1 removed, 1 added, 1 mended and 1 seen otherwise; 1 the same.\n"
        "\n"
    )


def test_nothing_worse_is_no_failure(tmp_path, capsys) -> None:
    better = run(*(row(f"A-{n}", Verdict.COMPLIANT) for n in (1, 2, 3, 4, 5)))
    assert main(["compare", put(tmp_path / "old", BEFORE), put(tmp_path / "new", better)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-2] == "Of the rows 2 mended; 3 the same. The decision was 'Not ready' and is 'Ready'."
    same = str(tmp_path / "new" / "report.json")
    assert main(["compare", same, same]) == 0
    assert capsys.readouterr().out.splitlines()[-2] == "All 5 rows are the same."


def test_json_is_as_the_schema_says(tmp_path, capsys) -> None:
    assert main(["compare", put(tmp_path / "old", BEFORE), put(tmp_path / "new", AFTER), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    schema = json.loads(files("mailflow.report").joinpath("report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator({"$ref": "#/$defs/comparison", "$defs": schema["$defs"]}).validate(told)
    assert told["worse"] is True
    assert [(one["change"], one["id"]) for one in told["changes"]] == [
        ("new", "A-1"), ("removed", "A-5"), ("added", "A-6"), ("mended", "A-2"), ("otherwise", "A-3"),
    ]  # fmt: skip
    assert told["changes"][0]["after"] == {
        "verdict": "non-compliant",
        "reason": "220 \x1b[2J ##vso[task.x]\nsecond line",
    }


def mistake(capsys, *sides: str) -> str:
    assert main(["compare", *sides]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_what_is_neither_report_nor_environment(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    good = put(tmp_path / "good", BEFORE)
    told = "mailflow compare: found 'nothing'; expected a report.json, the folder of one, or an environment."
    assert mistake(capsys, "nothing", good).startswith(told)
    assert mistake(capsys, good, "no\x00thing").startswith("mailflow compare: found 'no")
    assert "missing.json: found no file that can be read (" in mistake(capsys, good, "missing.json")
    (tmp_path / "bad.json").write_text('{"schema": 1', encoding="utf-8")
    assert "bad.json:1: found no JSON (" in mistake(capsys, good, "bad.json")


def test_runs_with_nothing_in_common(tmp_path, capsys) -> None:
    other = put(tmp_path / "other", run(row("A-1", Verdict.COMPLIANT, domain="y.de")))
    good = put(tmp_path / "good", BEFORE)
    assert mistake(capsys, good, other) == (
        f"{other}: found no row that was judged in both; expected a run beside {good}.\n"
    )


def test_an_environment_is_judged_only_in_a_project(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    good = put(tmp_path / "good", BEFORE)
    told = mistake(capsys, good, str(ROOT / "fixtures" / "scenario-4"))
    assert f"found no features/ in {tmp_path.as_posix()}; expected the folder of a project" in told


def test_an_environment_with_mistakes_says_them(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "fixtures" / "scenario-4", tmp_path / "copy")
    file = tmp_path / "copy" / "environment.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("organization:", "organisation:", 1), encoding="utf-8")
    told = mistake(capsys, put(tmp_path / "good", BEFORE), str(tmp_path / "copy"))
    assert "environment.yaml:" in told
    assert "found the key 'organisation'" in told


def test_a_run_that_does_not_end_is_ended(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("mailflow.command.compare._DEADLINE_S", 0.01)
    told = mistake(capsys, put(tmp_path / "good", BEFORE), "scenario-4")
    folder = (ROOT / "fixtures" / "scenario-4").as_posix()
    assert told == f"{folder}: found a run that had not ended after 0.01 s; expected one that judges.\n"


def test_what_would_change_if_the_environment_were_otherwise(tmp_path, capsys, monkeypatch) -> None:
    """The MX record of the copy names a server of somebody else; nothing is left behind in reports/."""
    project = tmp_path / "project"
    for name in ("features", "steps"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "fixtures" / "scenario-4", project / "fixtures" / "scenario-4")
    settings = '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n'
    (project / "pyproject.toml").write_text(settings, encoding="utf-8")
    copy = tmp_path / "what-if" / "scenario-4"
    shutil.copytree(ROOT / "fixtures" / "scenario-4", copy)
    zone = copy / "zones" / "contoso.com.zone"
    text = zone.read_text(encoding="utf-8")
    assert text.count("mail.contoso.com.") > 0
    lines = [
        line.replace("mail.contoso.com.", "mail.fabrikam.com.") if " MX " in line else line
        for line in text.splitlines()
    ]
    zone.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.chdir(project)
    assert main(["compare", "scenario-4", str(copy), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["before"]["decision"], told["after"]["decision"]) == ("ready", "not-ready")
    assert told["before"]["digest"] != told["after"]["digest"]
    new = {one["id"] for one in told["changes"] if one["change"] == "new"}
    assert {"S4-MX-1", "S4-MX-2"} <= new
    assert told["counts"]["mended"] == told["counts"]["added"] == told["counts"]["removed"] == 0
    assert not (project / "reports").exists()

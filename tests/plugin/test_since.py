from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailflow.policy.comparison import Kind
from mailflow.policy.finding import Verdict
from mailflow.report import as_json


@pytest.fixture
def earlier(toys: Any) -> Path:
    """The report of a run in which the row was compliant, where `--reports reports` would have left it."""
    toys.feature(toys.scenario("Then it is wrong"))
    now = toys.run().run
    run = replace(now, results=[replace(now.results[0], verdict=Verdict.COMPLIANT, reason="mail.contoso.com")])
    file: Path = toys.pytester.path / "reports" / "toy" / "simulated" / "report.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(as_json.report(run)))
    return file


@pytest.mark.parametrize("path", ["reports", "reports/toy/simulated", "reports/toy/simulated/report.json"])
def test_a_run_says_what_changed(toys: Any, earlier: Path, path: str) -> None:
    outcome = toys.run("--since", path)
    found = outcome.run.compared
    assert [(change.kind, change.requirement.id) for change in found.changes] == [(Kind.NEW, "TOY-MX-1")]
    assert found.before.results[0].reason == "mail.contoso.com"
    assert found.after.results == outcome.run.results
    assert found.after.compared is None
    assert toys.listed == outcome.runs  # whole: both runs stand in the comparison
    since = f"  Since {found.before.started:%Y-%m-%d %H:%M:%S} UTC: "
    decided = "The decision was 'Ready' and is 'Not ready'."
    assert f"{since}Of the rows 1 new; 0 the same. {decided}" in outcome.text


def test_without_it_nothing_is_compared(toys: Any, earlier: Path) -> None:
    outcome = toys.run()
    assert outcome.run.compared is None
    assert "Since" not in outcome.text


def test_a_report_under_another_name_is_for_the_one_environment(toys: Any, earlier: Path) -> None:
    toys.environments.clear()
    toys.environment("copy")
    outcome = toys.run("--since", str(earlier))
    assert outcome.run.compared.before.environment == "toy"


def test_each_environment_has_its_own_and_a_new_one_has_none(toys: Any, earlier: Path) -> None:
    toys.environment("other")
    outcome = toys.run("--since", "reports")
    assert [(run.environment, bool(run.compared)) for run in outcome.runs] == [("toy", True), ("other", False)]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nowhere.json", "nowhere.json: found no file that can be read (No such file or directory); expected a JSON"),
        ("features", "features: found no report of toy, simulated; expected a report.json, its folder, or the folder"),
        ("features/toy.feature", "features/toy.feature:2: found no JSON (Expecting value)"),
    ],
)
def test_what_cannot_be_read_is_said_before_anything_is_judged(toys: Any, earlier: Path, path: str, told: str) -> None:
    outcome = toys.run("--since", path)
    assert outcome.exit_status == 4
    assert told in outcome.text
    assert (outcome.runs, outcome.doors) == ([], [])
    assert "Traceback" not in outcome.text


def test_a_report_with_no_row_of_the_environment(toys: Any, earlier: Path) -> None:
    earlier.write_text(earlier.read_text(encoding="utf-8").replace("TOY-MX-1", "TOY-MX-7"), encoding="utf-8")
    outcome = toys.run("--since", "reports")
    assert outcome.exit_status == 4
    assert "report.json: found no row of this environment; expected a report of toy." in outcome.text


def test_a_report_of_none_of_several(toys: Any, earlier: Path) -> None:
    toys.environments.clear()
    toys.environment("one")
    toys.environment("two")
    outcome = toys.run("--since", str(earlier))
    assert outcome.exit_status == 4
    assert "found a report of 'toy'; expected one of one, two." in outcome.text

"""The trace loses no statement of the documentation and names no requirement that does not exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailflow.policy import trace
from mailflow.policy.catalogue import read_folder
from mailflow.policy.requirement import Requirement, Standing
from mailflow.policy.trace import Statement

PROJECT = Path(__file__).parents[2]
STATEMENTS = trace.statements()


@pytest.fixture(scope="module")
def requirements() -> dict[str, Requirement]:
    catalogue = read_folder(PROJECT / "features", PROJECT)
    assert not catalogue.mistakes
    return {row.requirement.id: row.requirement for feature in catalogue.features for row in feature.scenarios}


def test_statements_are_numbered_without_a_gap_in_the_order_of_the_text() -> None:
    assert [said.id for said in STATEMENTS] == [f"D-{number}" for number in range(1, len(STATEMENTS) + 1)]
    scenarios = [said.scenario or 0 for said in STATEMENTS]
    assert scenarios == sorted(scenarios)
    assert set(scenarios) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("said", STATEMENTS, ids=lambda said: said.id)
def test_each_statement_became_exactly_one_thing(said: Statement) -> None:
    assert sum(map(bool, (said.requirements, said.advice, said.untestable))) == 1
    assert len(set(said.requirements)) == len(said.requirements)
    assert said.says.endswith(".")


@pytest.mark.parametrize("said", STATEMENTS, ids=lambda said: said.id)
def test_each_statement_leads_to_rows_that_exist_and_are_asked_in_its_scenario(
    said: Statement, requirements: dict[str, Requirement]
) -> None:
    assert set(said.requirements) <= set(requirements)
    assert {row.partition("-")[0] for row in said.requirements} <= {f"S{said.scenario}", "HYB"}


def test_every_row_that_the_documentation_states_is_traced_back(requirements: dict[str, Requirement]) -> None:
    # "Scenario 4, Recommendation, step 1" → the statements of scenario 4 must name the row
    untraced = []
    for requirement in requirements.values():
        if not re.match(r"(S[1-4]|HYB)-", requirement.id):
            continue
        for source in requirement.sources:
            if source.document != "Training" or source.standing is not Standing.STATED:
                continue
            place = re.match(r"Scenario ([1-4]), ", source.section)
            assert place, f"{requirement.id}: {source.section}"
            scenario = int(place[1])
            if not any(requirement.id in said.requirements for said in STATEMENTS if said.scenario == scenario):
                untraced.append((requirement.id, source.section))
    assert untraced == []


def test_every_row_of_the_four_scenarios_answers_a_statement(requirements: dict[str, Requirement]) -> None:
    traced = {row for said in STATEMENTS for row in said.requirements}
    assert {row for row in requirements if re.match(r"S[1-4]-", row)} - traced == set()


def test_advice_is_told_by_scenario() -> None:
    assert [len(trace.advice(scenario)) for scenario in (1, 2, 3, 4)] == [1, 1, 2, 0]
    assert trace.advice(3)[1] == "The documentation says that filtering typically works better in scenario 2."


@pytest.mark.parametrize(
    "maker",
    [
        "make_trace.py",
        "make_vocabulary.py",
        "make_faults.py",
        "make_contradictions.py",
        "make_requirements.py",
        "make_drawings.py",
    ],
)
def test_the_page_is_what_would_be_made(maker: str) -> None:
    made = subprocess.run(
        [sys.executable, PROJECT / "docs" / maker, "--check"], capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, "")


def test_a_page_that_is_out_of_date_is_noticed(tmp_path: Path) -> None:
    maker = tmp_path / "make_trace.py"
    for script in (maker, tmp_path / "generated_page.py"):
        script.write_text((PROJECT / "docs" / script.name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "trace.md").write_text("yesterday's page", encoding="utf-8")
    made = subprocess.run([sys.executable, maker, "--check"], capture_output=True, text=True, check=False)
    assert made.returncode == 1
    assert "out of date" in made.stderr

"""Every requirement is known to be able to fail: each fault fells exactly the rows it names, and no other.

The faults run through the command line, with the same features and steps as a user's run. All of them take some
minutes and run by `tox -e faults` (MAILFLOW_FAULTS=all); otherwise as few as fell every requirement once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.fault import Fault, read_all
from mailflow.environment.find import find
from tests import in_a_process
from tests.in_a_process import ROOT

FAULTS = read_all(ROOT)
Case = tuple[Fault, str]


def few(cases: list[Case]) -> list[Case]:
    """Choose cases that together fell every row that any case fells: the one that fells most goes first."""
    chosen: list[Case] = []
    fells = [fault.falls(environment, "breaks") for fault, environment in cases]
    missing = set().union(*fells)
    while missing:
        best = max(range(len(cases)), key=lambda number: len(fells[number] & missing))
        chosen.append(cases[best])
        missing -= fells[best]
    return chosen


EVERY = [(fault, environment) for fault in FAULTS.values() for environment in fault.file.environments]
CASES = EVERY if os.environ.get("MAILFLOW_FAULTS") == "all" else few(EVERY)
LANES = min(2, os.cpu_count() or 1)
LOT = 100  # faults that one process judges: few enough to fill the lanes evenly, many enough to pay for the start

Row = dict[str, Any]


def judge(reports: Path, environments: list[str], faults: list[str]) -> int:
    """Judge environments with each of these faults; without any, all as they are shipped."""
    options = [option for name in environments for option in ("--environment", name)]
    options += [option for fault in faults for option in ("--fault", fault)]
    run = in_a_process.judge("--no-summary", "--reports", reports, *options, timeout_s=1200)
    assert run.returncode in (0, 1), run.stdout[-3000:] + run.stderr[-3000:]
    return run.returncode


WORSE = ("not-applicable", "compliant", "not-verified", "non-compliant")


def rows(reports: Path, environment: str) -> dict[str, Row]:
    """Give each requirement with the worst that was found of it: a fault is in the records of one domain."""
    told = in_a_process.report_of(reports, environment)
    # What an environment demands of its own is asked of that environment alone, not of its copies.
    found = [row for row in told["requirements"] if not row["id"].startswith("CONTOSO-")]
    return {row["id"]: row for row in sorted(found, key=lambda row: WORSE.index(row["verdict"]))}


@pytest.fixture(scope="module")
def sound(shipped: Path) -> Mapping[str, Mapping[str, Row]]:
    return {folder.name: rows(shipped, folder.name) for folder in find(ROOT, [])}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, sound: Mapping[str, Mapping[str, Row]]) -> Path:
    reports = tmp_path_factory.mktemp("faulty")
    lots = []
    for name in sorted({environment for _, environment in CASES}):
        meant = [fault for fault, environment in CASES if environment == name]
        lots += [(name, meant[start : start + LOT]) for start in range(0, len(meant), LOT)]

    def status(lot: tuple[str, list[Fault]]) -> int:
        name, faults = lot
        return judge(reports / name, [name], [fault.name for fault in faults])

    def expected(lot: tuple[str, list[Fault]]) -> int:
        """1 where a `must` falls; a `should` alone lets the change go ahead."""
        name, faults = lot
        fallen = {row for fault in faults for kind in ("breaks", "hides") for row in fault.falls(name, kind)}
        return int(any(sound[name][row]["level"] == "must" for row in fallen))

    with ThreadPoolExecutor(LANES) as pool:
        assert list(pool.map(status, lots)) == list(map(expected, lots))
    return reports


def fallen(found: Mapping[str, Row], verdict: str) -> set[str]:
    return {row for row, told in found.items() if told["verdict"] == verdict}


Outcome = tuple[set[str], set[str]]  # rows non-compliant, rows not verified


@pytest.fixture(scope="module")
def measured(faulty: Path) -> Mapping[tuple[str, str], Outcome]:
    found = {}
    for fault, environment in CASES:
        after = rows(faulty / environment, f"{environment}--{fault.name}")
        found[fault.name, environment] = fallen(after, "non-compliant"), fallen(after, "not-verified")
    return found


def told(row: Row) -> str:
    """Everything that a row says of what was found."""
    lines = [row["reason"], *(step["seen"] for step in row["steps"]), *(step["asked"] for step in row["steps"])]
    lines += [line for item in row["evidence"] for line in (item["asked"], item["of"], *item["answer"])]
    return "\n".join(lines)


@pytest.mark.parametrize(("fault", "environment"), CASES, ids=lambda part: getattr(part, "name", part))
def test_a_fault_fells_what_it_names_and_nothing_else(
    fault: Fault, environment: str, sound: Mapping[str, Mapping[str, Row]], faulty: Path
) -> None:
    before, after = sound[environment], rows(faulty / environment, f"{environment}--{fault.name}")
    breaks, hides = fault.falls(environment, "breaks"), fault.falls(environment, "hides")
    tolerated = set(fault.file.may_break)

    assert fallen(after, "non-compliant") - tolerated == breaks
    assert fallen(after, "not-verified") - tolerated == hides
    others = before.keys() - breaks - hides - tolerated
    assert {row: after[row]["verdict"] for row in others} == {row: before[row]["verdict"] for row in others}
    fell = [after[row] for row in breaks | hides]
    assert any(fault.file.shows in told(row) for row in fell)
    assert any(fault.file.mends in row["remedy"] for row in fell)


@pytest.mark.skipif(EVERY != CASES, reason="a few faults only: tox -e faults measures all")
def test_the_page_tells_what_was_measured(measured: Mapping[tuple[str, str], Outcome], tmp_path: Path) -> None:
    """docs/faults.md, made anew from this run: share caught and wrong alarms of each requirement."""
    run = tmp_path / "run.json"
    run.write_text(json.dumps([[*case, *map(sorted, fell)] for case, fell in measured.items()]), encoding="utf-8")
    command = [sys.executable, ROOT / "docs" / "make_faults.py", "--check", run]
    made = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (made.returncode, made.stderr) == (0, "")


def test_every_requirement_can_fall(sound: Mapping[str, Mapping[str, Row]]) -> None:
    """Also the other way round: what a fault names exists."""
    broken = {row for fault, environment in EVERY for row in fault.falls(environment, "breaks")}
    known = {row for found in sound.values() for row in found}
    assert known - broken == set()
    assert broken - known == set()


def test_few_faults_tolerate_anything() -> None:
    tolerant = [fault for fault in FAULTS.values() if fault.file.may_break]
    assert len(tolerant) <= len(FAULTS) // 20, "a wide net proves nothing"

"""docs/cutover-failures.md: every failure has its faults, or says why it has none."""

import re
from pathlib import Path

import pytest

from mailflow.environment.fault import read_all

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "cutover-failures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.M)
FAULTS = read_all(PROJECT)


def test_the_failures_are_numbered_without_a_gap() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 63))


@pytest.mark.parametrize(("number", "what", "shown"), ROWS, ids=lambda cell: cell if cell.isdigit() else "")
def test_each_names_faults_that_exist_or_says_why_there_are_none(number: str, what: str, shown: str) -> None:
    named = re.findall(r"`([a-z0-9.-]+)`", shown.partition("[")[0].partition(", where")[0])
    assert set(named) <= set(FAULTS), f"{number}: {what}"
    assert named or re.match(r"none( yet)?: .{20}", shown), f"{number}: {what}"
    assert not (named and shown.startswith("none")), f"{number}: {what}"

"""For the same configuration a simulation and real servers lead to the same verdicts."""

import os
from collections.abc import Callable

import pytest

from tests.real.cases import CASES, Case
from tests.real.keys import Keys
from tests.real.parity import Compared, compare
from tests.real.parity_page import PAGE, page

pytestmark = pytest.mark.real

of_each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def compared(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    return compare(keys, tmp_path_factory.mktemp("parity"))


@pytest.fixture(scope="module")
def of(compared: list[Compared]) -> Callable[[Case], Compared]:
    return {one.case: one for one in compared}.__getitem__


@of_each_case
def test_no_row_is_decided_one_way_here_and_the_other_way_there(case: Case, of: Callable[[Case], Compared]) -> None:
    asked_of_one = of(case).simulated.keys() ^ of(case).live.keys()
    assert {row for row in asked_of_one if not row.startswith("CUT-")} == set()  # of the plan, or of the day itself
    assert tuple(of(case).apart) == case.apart


@of_each_case
def test_what_is_wrong_is_seen_both_ways(case: Case, of: Callable[[Case], Compared]) -> None:
    assert set(case.falls) - set(of(case).both("non-compliant")) == set()


@pytest.mark.parametrize("case", [case for case in CASES if not case.broken], ids=lambda case: case.name)
def test_a_correct_configuration_is_compliant_both_ways(case: Case, of: Callable[[Case], Compared]) -> None:
    assert of(case).both("non-compliant") == list(case.falls)
    assert tuple(of(case).open) == case.open
    assert len(of(case).both("compliant")) > 35


def test_the_page_says_what_was_measured(compared: list[Compared]) -> None:
    measured = page(compared)
    if os.environ.get("MAILFLOW_PARITY") == "write":
        PAGE.write_text(measured, encoding="utf-8", newline="\n")
    # A row that is newer than the page may be missing in it; what stands there is so.
    assert set(PAGE.read_text(encoding="utf-8").splitlines()) - set(measured.splitlines()) == set()

"""The name of a scenario, as environment.yaml and tags write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.environment.scenario import WORD, ScenarioName, in_order, scenario_name


@pytest.mark.parametrize(("text", "name"), [("1", 1), ("4", 4), ("parked", "parked"), ("a2-b-3", "a2-b-3")])
def test_names(text: str, name: ScenarioName) -> None:
    assert scenario_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "0", "5", "12", "1a", "All", "a_b", "a b", "-a", "a-", "a--b", "ä", "a\n", "\u0664"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\A"):
        scenario_name(text)


@given(st.one_of(st.integers(1, 4), st.from_regex(WORD, fullmatch=True)))
def test_a_name_is_read_back_as_it_is_written(name: ScenarioName) -> None:
    assert scenario_name(str(name)) == name


def test_numbers_come_first() -> None:
    assert in_order({"parked", 4, "all-in-cloud", 1}) == [1, 4, "all-in-cloud", "parked"]

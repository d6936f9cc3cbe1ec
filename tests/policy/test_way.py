"""Ways of messages in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.way import rounds


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("", []),
        ("abc", [("a", 1), ("b", 1), ("c", 1)]),
        ("aab", [("a", 1), ("a", 1), ("b", 1)]),
        ("aaaa", [("a", 4)]),
        ("xababababy", [("x", 1), ("ab", 4), ("y", 1)]),
        ("abcabcabcab", [("abc", 3), ("a", 1), ("b", 1)]),
    ],
)
def test_the_rounds_of_a_loop_are_taken_together(names: str, told: list[tuple[str, int]]) -> None:
    assert list(rounds(names)) == told


@given(st.lists(st.sampled_from("ab"), max_size=30))
def test_no_host_is_lost(names: list[str]) -> None:
    assert [name for hosts, times in rounds(names) for name in [*hosts] * times] == names

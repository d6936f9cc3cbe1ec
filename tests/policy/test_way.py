"""Ways of messages in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.way import rounds


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("aab", ["a", "a", "b"]),
        ("aaaa", ["4 x (a)"]),
        ("xababababy", ["x", "4 x (a → b)", "y"]),
        ("abcabcabcab", ["3 x (a → b → c)", "a", "b"]),
    ],
)  # fmt: skip
def test_the_rounds_of_a_loop_are_told_once(names: str, told: list[str]) -> None:
    assert [one.replace("\N{MULTIPLICATION SIGN}", "x") for one in rounds(names)] == told


@given(st.lists(st.sampled_from("ab"), max_size=30))
def test_no_host_is_lost(names: list[str]) -> None:
    hosts: list[str] = []
    for one in rounds(names):
        times, _, inner = one.partition(" \N{MULTIPLICATION SIGN} ")
        hosts += inner.strip("()").split(" → ") * int(times) if inner else [one]
    assert hosts == names

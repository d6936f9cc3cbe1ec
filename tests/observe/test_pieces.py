"""What is written piece by piece is what json would have written at once."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailflow.observe.pieces import Pieces, as_text, whole

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NESTED = st.dictionaries(st.text(), PLAIN | st.dictionaries(st.text(), PLAIN), max_size=4)


def in_pieces(value: Any) -> Any:
    return Pieces(value, in_pieces) if isinstance(value, dict) else value


@given(NESTED)
def test_the_text_is_that_of_json(value: dict[str, Any]) -> None:
    cut = in_pieces(value)
    assert "".join(as_text(cut)) == json.dumps(value)
    assert "".join(as_text(cut, sort_keys=True)) == json.dumps(value, sort_keys=True)
    assert whole(cut) == value


def test_a_value_is_made_when_it_is_asked_for() -> None:
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number + 1

    cut = Pieces({"a": 1, "b": 2}, make)
    told = as_text(cut)
    assert (next(told), next(told), made) == ("{", '"a": ', [])
    assert (next(told), made) == ("2", [1])
    assert len(cut) == 2

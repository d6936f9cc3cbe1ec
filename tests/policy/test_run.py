"""When a run is whole."""

import pytest

from mailflow.policy.run import Completeness


@pytest.mark.parametrize(
    ("done", "whole"),
    [
        (Completeness(2, 2), True),
        (Completeness(2, 1), False),
        (Completeness(2, 2, deselected=("a",)), False),
        (Completeness(2, 2, undefined=("a",)), False),
        (Completeness(2, 2, errors=("a",)), False),
        (Completeness(2, 2, unused_features=("a",)), True),
        (Completeness(0, 0), True),
    ],
)
def test_a_run_is_whole_where_everything_planned_was_judged_and_nothing_erred(done: Completeness, whole: bool) -> None:
    assert done.whole is whole

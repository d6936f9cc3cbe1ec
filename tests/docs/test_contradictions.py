"""Where documents disagree: every entry names documents and rows that exist, and the page is made from it."""

from pathlib import Path

import pytest

from mailflow.policy.catalogue import read_folder
from mailflow.policy.disagreement import Disagreement, concerning, disagreements
from mailflow.policy.documents import documents

PROJECT = Path(__file__).parents[2]
ROWS = {row.requirement.id for file in read_folder(PROJECT / "features", PROJECT).features for row in file.scenarios}


@pytest.mark.parametrize("one", disagreements(), ids=lambda one: one.title)
def test_an_entry_names_what_exists(one: Disagreement) -> None:
    assert one.readings
    assert one.chosen
    assert one.requirements
    assert set(one.requirements) <= ROWS
    assert {key for reading in one.readings for key in reading.documents} <= documents().keys()
    assert bool(one.prints) == bool(one.meant)


def test_an_entry_is_found_by_its_rows() -> None:
    assert [one.title for one in concerning("S4-MX-1")] == ["The MX host of scenario 4"]
    assert [one.title for one in concerning("S4-PATH-5")] == [
        "Forwarding from own servers and the outbound spam policy"
    ]
    assert concerning("HYB-TLS-1") == ()

"""What a run says of itself: how to ask the same again, and by what it was judged."""

from types import SimpleNamespace
from typing import Any

import pytest

from mailflow.plugin import runs


@pytest.mark.parametrize(
    ("asked", "faulty", "mode", "name", "options"),
    [
        ((), False, "simulated", "scenario-4", "--environment scenario-4"),
        (("fixtures/scenario-4",), False, "simulated", "scenario-4", "--environment fixtures/scenario-4"),
        (("a b",), False, "simulated", "a b", "--environment 'a b'"),
        (("scenario-4",), True, "simulated", "scenario-4--mx-null", "--environment scenario-4 --fault mx-null"),
        ((), True, "simulated", "a--b--mx-null", "--environment a--b --fault mx-null"),
        ((), False, "simulated", "a--b", "--environment a--b"),
        ((), False, "recorded", "a", "--environment a --mode recorded --evidence evidence.json"),
        ((), False, "live", "scenario-4", "--environment scenario-4 --mode live --stage before"),
    ],
)
def test_the_options_that_ask_for_the_same(asked: Any, faulty: bool, mode: str, name: str, options: str) -> None:
    project: Any = SimpleNamespace(asked=asked, faulty=faulty, mode=mode, looks={name: SimpleNamespace(stage="before")})
    assert runs._again(project, name) == options


def test_nobody_by_name_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", unknown)
    assert runs._login() == ""

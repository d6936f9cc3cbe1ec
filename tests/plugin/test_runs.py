"""What a run says of itself: how to ask the same again, and by what it was judged."""

from pathlib import Path
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
        ((), False, "live", "scenario-4", "--environment scenario-4 --mode live --stage before"),
    ],
)
def test_the_options_that_ask_for_the_same(asked: Any, faulty: bool, mode: str, name: str, options: str) -> None:
    project: Any = SimpleNamespace(asked=asked, faulty=faulty, mode=mode, stages={name: "before"})
    assert runs._again(project, name) == options


def test_the_digest_of_the_kit_is_that_of_features_and_steps_whatever_the_line_ends(tmp_path: Path) -> None:
    def digest(text: bytes, name: str = "a.feature") -> str:
        project = tmp_path / f"{name}-{text.hex()}"
        (project / "features").mkdir(parents=True)
        (project / "steps").mkdir()
        (project / "features" / name).write_bytes(text)
        (project / "features" / "notes.txt").write_bytes(text)
        return runs._kit_digest(project)

    assert digest(b"one\ntwo\n") == digest(b"one\r\ntwo\r\n")
    assert len({digest(b"one\n"), digest(b"two\n"), digest(b"one\n", "b.feature")}) == 3


def test_nobody_by_name_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", unknown)
    assert runs._login() == ""

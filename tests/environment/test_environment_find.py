"""Which environments a user means."""

from pathlib import Path

import pytest

from mailflow.environment.load import find
from mailflow.input_error import InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("b", "a", "customers/c", "faults/d"):
        folder = tmp_path / "fixtures" / name
        folder.mkdir(parents=True)
        (folder / "environment.yaml").write_text("", encoding="utf-8")
    (tmp_path / "fixtures" / "no-environment").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "environment.yaml").write_text("", encoding="utf-8")
    return tmp_path


def test_without_names_all_are_meant_but_faults(root: Path) -> None:
    fixtures = root / "fixtures"
    assert find(root, []) == [fixtures / "a", fixtures / "b", fixtures / "customers" / "c"]


def test_the_shipped_ones() -> None:
    names = [
        "all-in-cloud",
        "scenario-1",
        "scenario-1-devices",
        "scenario-2",
        "scenario-2-direct-exit",
        "scenario-3",
        "scenario-4",
        "third-party-filter",
        "third-party-filter-hybrid",
    ]
    assert [folder.name for folder in find(ROOT, [])] == names


def test_by_name_by_path_and_each_once(root: Path) -> None:
    elsewhere = root / "elsewhere"
    names = ["b", str(elsewhere), "elsewhere", "customers/c", str(elsewhere / "environment.yaml"), "b"]
    assert find(root, names) == [root / "fixtures" / "b", elsewhere, root / "fixtures" / "customers" / "c"]


def test_a_project_without_environments(tmp_path: Path) -> None:
    assert find(tmp_path, []) == []
    with pytest.raises(InputError) as caught:
        find(tmp_path, ["a"])
    assert str(caught.value).endswith("There is no environment in fixtures/.")


def test_every_unknown_name_with_the_nearest_right_one() -> None:
    with pytest.raises(InputError) as caught:
        find(ROOT, ["scenario-5", "scenario-1", "x\0y"])
    expected = "expected the name of a folder in fixtures/ or the path of a folder with an environment.yaml"
    known = (
        "all-in-cloud, scenario-1, scenario-1-devices, scenario-2, scenario-2-direct-exit, scenario-3, scenario-4, "
        "third-party-filter, third-party-filter-hybrid"
    )
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        f"--environment: found 'scenario-5'; {expected}. Did you mean 'scenario-4'?",
        f"--environment: found 'x\0y'; {expected}. There are: {known}.",
    ]

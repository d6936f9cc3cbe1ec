"""A copy of a shipped environment that a test may spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures"


class Copy:
    """A copy of fixtures/scenario-4."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one place of a file; a test whose change changes nothing is broken."""
        text = (self.path / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (self.path / file).write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")

    def write(self, file: str, content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        (self.path / file).write_bytes(data)


@pytest.fixture
def scenario_4(tmp_path: Path) -> Copy:
    shutil.copytree(FIXTURES / "scenario-4", tmp_path / "scenario-4")
    return Copy(tmp_path / "scenario-4")


@pytest.fixture
def filtered(tmp_path: Path) -> Copy:
    """A copy of fixtures/third-party-filter."""
    shutil.copytree(FIXTURES / "third-party-filter", tmp_path / "third-party-filter")
    return Copy(tmp_path / "third-party-filter")


@pytest.fixture
def mistakes_of() -> Callable[[Copy], list[str]]:
    """Load and give the mistakes as the user reads them, the folder's own path left out."""
    from mailflow.environment.load import load
    from mailflow.input_error import InputError

    def read(copy: Copy) -> list[str]:
        with pytest.raises(InputError) as caught:
            load(copy.path)
        return [str(mistake).removeprefix(f"{copy.path.as_posix()}/") for mistake in caught.value.mistakes]

    return read

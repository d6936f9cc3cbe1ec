"""Which environments a user means."""

from collections.abc import Sequence
from pathlib import Path

from mailflow.environment.file_types import nearest
from mailflow.environment.folder import FILE
from mailflow.input_error import InputError, Mistake

PLACE = "fixtures"
PATCHES = "faults"  # fixtures/faults holds changes to environments, none of its own


def find(root: Path, names: Sequence[str]) -> list[Path]:
    """Find the folders of environments, each once: by name below `fixtures/` of `root`, or by path.

    Without names: all below `fixtures/`, sorted.

    Raises:
        InputError: every name that is none of an environment.

    """
    shipped = _all(root / PLACE)
    if not names:
        return list(shipped.values())
    found: dict[Path, None] = {}
    mistakes = []
    for name in names:
        folder = shipped.get(name) or _by_path(root, name)
        if folder is None:
            expected = f"the name of a folder in {PLACE}/ or the path of a folder with an {FILE}"
            mistakes.append(Mistake("--environment", None, f"'{name}'", expected, _offer(name, list(shipped))))
        else:
            found.setdefault(folder)
    if mistakes:
        raise InputError(*mistakes)
    return list(found)


def _all(place: Path) -> dict[str, Path]:
    folders = (file.parent for file in place.glob(f"**/{FILE}"))
    named = {folder.relative_to(place).as_posix(): folder for folder in folders}
    return {name: named[name] for name in sorted(named) if name.partition("/")[0] != PATCHES}


def _by_path(root: Path, name: str) -> Path | None:
    for path in (Path(name), root / name):
        folder = path.parent if path.name == FILE else path
        try:
            if (folder / FILE).is_file():
                return folder
        except (OSError, ValueError):  # what is no path at all: a NUL, a name too long
            return None
    return None


def _offer(name: str, known: list[str]) -> str:
    if near := nearest(name, known):
        return near
    return f"There are: {', '.join(known)}." if known else f"There is no environment in {PLACE}/."

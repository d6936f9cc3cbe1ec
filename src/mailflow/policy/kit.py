"""What judges: the kit itself, the features, and the meaning of their sentences. A change in it voids a signature."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import mailflow

RULES = ("features", "steps")  # of a project
_KINDS = (".py", ".toml", ".json", ".feature", ".j2", ".css", ".js")


def kit_digest(project: Path) -> str:
    """Give SHA-256 over name and content of every file that decides a verdict or tells it, hexadecimal.

    Line endings do not count: git writes them as the machine has them.
    """
    whole = hashlib.sha256()
    places = [Path(mailflow.__file__).parent, *(project / name for name in RULES)]
    for place in places:
        for path in sorted(_files(place), key=lambda path: path.relative_to(place).as_posix()):
            content = path.read_bytes().replace(b"\r\n", b"\n")
            name = f"{place.name}/{path.relative_to(place).as_posix()}"
            whole.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


def _files(place: Path) -> Iterable[Path]:
    return (path for path in place.rglob("*") if path.suffix in _KINDS and path.is_file())

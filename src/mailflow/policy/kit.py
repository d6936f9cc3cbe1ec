"""What judges: the kit itself, the features, and the meaning of their sentences. A change in it voids a signature."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import mailflow

RULES = ("features", "steps")  # of the kit and of a project
_KINDS = (".py", ".toml", ".json", ".feature", ".j2", ".css", ".js")
_SHIPPED = "shipped"


def shipped_root() -> Path:
    """Give the folder in which the kit's own features/ and steps/ lie: in the package, or in a checkout around it."""
    package = Path(mailflow.__file__).parent
    inside = package / _SHIPPED
    return inside if inside.is_dir() else package.parents[1]


def kit_digest(project: Path) -> str:
    """Give SHA-256 over name and content of every file that decides a verdict or tells it, hexadecimal.

    Where the kit lies does not count: a checkout and the wheel of the same commit have the same digest. Nor do line
    endings: git writes them as the machine has them.
    """
    package = Path(mailflow.__file__).parent
    own = {one for one in _files(package, package.name) if not one[0].startswith(f"{package.name}/{_SHIPPED}/")}
    rules = {one for root in (shipped_root(), project) for room in RULES for one in _files(root / room, room)}
    whole = hashlib.sha256()
    for name, digest in sorted(own | rules):
        whole.update(f"{digest}  {name}\n".encode())
    return whole.hexdigest()


def _files(place: Path, called: str) -> Iterator[tuple[str, str]]:
    """Give the name of each file below a place, and the digest of its content."""
    for path in place.rglob("*"):
        if path.suffix in _KINDS and path.is_file():
            content = path.read_bytes().replace(b"\r\n", b"\n")
            yield f"{called}/{path.relative_to(place).as_posix()}", hashlib.sha256(content).hexdigest()

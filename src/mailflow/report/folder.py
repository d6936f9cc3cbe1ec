"""Where reports lie: a folder for each environment and mode, the newest in it, every run kept beside it."""

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

# Device names that Windows reserves in every folder, with any extension (Naming Files, Paths, and
# Namespaces), and the file that lies beside the environments.
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?|index\.html", re.IGNORECASE)


def place(environment: str, mode: str, taken: set[str]) -> str:
    """Name the folder of an environment and mode, `scenario-4/simulated`: one that is not in `taken`, which it joins.

    Two environments of different folders may have the same name, and names that no file system allows.
    """
    for again in count(1):
        candidate = f"{_part(environment)}{f'-{again}' if again > 1 else ''}/{_part(mode)}"
        if candidate.casefold() not in taken:  # the file systems of Windows and macOS do not tell case apart
            taken.add(candidate.casefold())
            return candidate
    raise AssertionError  # count() does not end


def _part(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80].strip(".") or "_"
    return f"_{safe}" if _RESERVED.fullmatch(safe) else safe


def new_folder(folder: Path, time: datetime) -> Path:
    """Make a new folder named after the time in UTC, 2026-11-23T16-20-05Z; never give an old one.

    Raises:
        OSError: the folder cannot be written.

    """
    name = time.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")  # no colon: Windows allows none
    folder.mkdir(parents=True, exist_ok=True)
    for again in count(1):
        kept = folder / (name if again == 1 else f"{name}-{again}")
        try:
            kept.mkdir()  # fails where another run of the same second was quicker, in this process or another
        except FileExistsError:
            continue
        return kept
    raise AssertionError  # count() does not end


def put(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file whole or not at all: a reader sees the old one or the new one.

    Raises:
        OSError: the file cannot be written.

    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            file.writelines(pieces)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)

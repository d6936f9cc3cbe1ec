"""The folder of an environment while it is read: bounded reading, the mistakes so far, and the digest."""

import hashlib
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from mailflow.input_error import InputError, Mistake

T = TypeVar("T")

FILE = "environment.yaml"  # what makes a folder an environment
MEBIBYTE = 1 << 20
MISTAKES = 100  # as many as a person reads; a file of another kind may hold a hundred thousand
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks


class Folder:
    """One environment's folder.

    Whatever is wrong is noted and reading goes on, so that the user sees all of it at once.
    Paths are relative to the folder and written with forward slashes, as in reports.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mistakes: list[Mistake] = []
        self._read: dict[str, Path] = {}

    def note(self, file: str, line: int | None, found: str, expected: str, mend: str = "") -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(file, line, found, expected, mend))

    def attempt(self, read: Callable[[], T]) -> T | None:
        """Give what `read` gives, or None where it found mistakes; these are noted."""
        try:
            return read()
        except InputError as error:
            self.mistakes.extend(error.mistakes)
            return None

    def inside(self, name: str) -> Path | None:
        """Resolve a path that the user wrote; None where it leads out of the folder (links followed).

        An environment is handed on as one folder, and a stranger's must not make us read other files.
        """
        try:
            path = (self.path / name).resolve()
        except (OSError, ValueError, RuntimeError):  # a NUL, a loop of links
            return None
        return path if path.is_relative_to(self.path.resolve()) else None

    def is_folder(self, name: str) -> bool:
        """Say whether a folder of this name lies inside."""
        return stat.S_ISDIR(self._mode(name))

    def is_file(self, name: str) -> bool:
        """Say whether a file of this name lies inside; a pipe or a device is none."""
        return stat.S_ISREG(self._mode(name))

    def _mode(self, name: str) -> int:
        """Give the file mode of what a path leads to; 0 where it leads to nothing inside."""
        path = self.inside(name)
        try:
            return path.stat().st_mode if path else 0
        except OSError:  # nothing there, a name too long, a folder that nobody may enter
            return 0

    def files(self, folder: str, pattern: str) -> list[str]:
        """List what lies in a folder of it, sorted; nothing where the folder is absent."""
        path = self.inside(folder)
        if path is None or not self.is_folder(folder):
            return []
        return sorted(_relative(PurePosixPath(folder) / file.name) for file in path.glob(pattern))

    def read(self, file: str, limit: int) -> bytes | None:
        """Read a file of at most `limit` bytes; None where that fails, which is noted."""
        path = self.inside(file)
        if path is None:
            self.note(file, None, "a path out of the environment's folder", "a file inside it")
            return None
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe could keep the reader for ever
                self.note(file, None, "something that is no file", "a file")
                return None
            with path.open("rb") as stream:
                content = stream.read(limit + 1)
        except FileNotFoundError:
            self.note(file, None, "no such file", "a file")
            return None
        except OSError as wrong:
            self.note(file, None, f"a file that cannot be read ({wrong.strerror})", "one that can")
            return None
        if len(content) > limit:
            self.note(file, None, f"more than {limit:,} bytes", f"at most {limit:,} bytes")
            return None
        self._read[file] = path
        return content

    def text(self, file: str, limit: int) -> str | None:
        """Read a file as UTF-8, a byte order mark left aside; None where that fails, which is noted."""
        content = self.read(file, limit)
        if content is None:
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            found = f"a byte that is no UTF-8 (0x{content[wrong.start]:02x})"
            if content.startswith(_UTF_16):
                found = "text in UTF-16"
            line = content.count(b"\n", 0, wrong.start) + 1
            self.note(file, line, found, "text in UTF-8", "Save the file in the encoding UTF-8.")
            return None

    def digests(self, *also: str) -> dict[str, str]:
        """Give SHA-256 of every file that was read, and of `also`, hexadecimal, by name and sorted by it."""
        files = self._read | {file: self.path / file for file in also}
        found = {}
        for file, path in sorted(files.items()):
            with path.open("rb") as stream:
                found[file] = hashlib.file_digest(stream, "sha256").hexdigest()
        return found

    def error(self) -> InputError:
        """Make the error of all mistakes; their files carry the folder, so that a terminal can open them."""
        told = self.mistakes[:MISTAKES]
        if len(self.mistakes) > MISTAKES:
            told.append(Mistake("", None, f"more mistakes than these {MISTAKES}", "these mended first"))
        return InputError(*(replace(m, file=(self.path / m.file).as_posix()) for m in told))


def digest(digests: Mapping[str, str]) -> str:
    """Give SHA-256 over names and digests of files, as `sha256sum` writes them, hexadecimal."""
    return hashlib.sha256("".join(f"{one}  {file}\n" for file, one in digests.items()).encode()).hexdigest()


def _relative(path: PurePosixPath) -> str:
    return path.as_posix().removeprefix("./")

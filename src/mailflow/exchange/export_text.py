"""What the readers of exports have in common: an object as the file holds it, and why a file cannot be read."""

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass


class ExportTextError(ValueError):
    """The text is no export, or one that cannot be told apart from a mistake; `line` says where.

    `expected` and `mend` are empty where the form of the file says it all.
    """

    def __init__(self, line: int | None, found: str, expected: str = "", mend: str = "") -> None:
        self.line = line
        self.found = found
        self.expected = expected
        self.mend = mend
        super().__init__(found)


@dataclass(frozen=True, slots=True)
class Property:
    """One property as the file holds it."""

    name: str  # as spelled there
    value: object
    line: int


@dataclass(frozen=True, slots=True)
class Written:
    """One element as the file holds it. `properties` by name in lower case; None: the element is no object."""

    line: int
    properties: Mapping[str, Property] | None


def decode(data: bytes) -> str:
    """Decode what PowerShell wrote: UTF-8 with or without byte order mark, UTF-16 with one (Windows PowerShell).

    Raises:
        ExportTextError: the octets are no such text.

    """
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].decode(encoding, "replace").count("\n") + 1
        raise ExportTextError(line, f"octets that are no {wrong.encoding.upper()}") from wrong
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ExportTextError(line, "a NUL character (UTF-16 without a byte order mark?)")
    return text


def shown(value: object) -> str:
    """Show a value in a sentence for the user: short, on one line, without control characters."""
    if isinstance(value, str):
        short = value if len(value) <= 60 else value[:57] + "…"
        return f"'{short}'" if short.isprintable() else repr(short)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"the number {value!r:.40}"
    return "a list" if isinstance(value, list) else "an object"

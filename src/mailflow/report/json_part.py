"""A JSON file of a stranger, value by value: each says where it stands when it is not what is expected."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from mailflow.environment.scenario import DOCUMENTED, EXPECTED, PATTERN, WORD, ScenarioName, scenario_name
from mailflow.input_error import InputError, Mistake
from mailflow.report.printable import printable

LARGEST = 1 << 29  # bytes; of a report, a domain has some 200,000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

_WHOLE = "a JSON file as Mailflow wrote it"

Word = TypeVar("Word", bound=StrEnum)


def open_json(path: Path) -> "Part":
    """Read a file of one JSON value.

    Raises:
        InputError: no such file, too large, or no JSON; the mistake names the line where it can.

    """
    name = path.as_posix()
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        raise InputError(Mistake(name, None, f"no file that can be read ({why})", _WHOLE)) from error
    if len(content) > LARGEST:
        raise InputError(Mistake(name, None, f"more than {LARGEST:,} bytes", _WHOLE))
    return Part(name, "", _parsed(name, content))


def _parsed(name: str, content: bytes) -> object:
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_each_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise InputError(
            Mistake(name, content.count(b"\n", 0, error.start) + 1, "no UTF-8", "JSON in UTF-8")
        ) from error
    except json.JSONDecodeError as error:
        raise InputError(Mistake(name, error.lineno, f"no JSON ({error.msg})", _WHOLE)) from error
    except RecursionError as error:
        raise InputError(Mistake(name, None, "lists or objects nested without end", _WHOLE)) from error
    except ValueError as error:  # from the hooks, and from int() for thousands of digits
        raise InputError(Mistake(name, None, f"no JSON ({printable(str(error)[:80])})", _WHOLE)) from error


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):  # RFC 8259 section 4: which of two counts is anybody's guess
        raise ValueError("a name twice in one object")
    return members


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")  # RFC 8259 section 6


class Part:
    """A value of the file, and where it stands."""

    def __init__(self, file: str, pointer: str, value: object) -> None:
        self._file = file
        self._pointer = pointer
        self._value = value

    def fail(self, expected: str, mend: str = "") -> NoReturn:
        """Say that this is not what is expected.

        Raises:
            InputError: always.

        """
        shapes: dict[type, str] = {dict: "an object", list: "a list"}
        shown = shapes.get(type(self._value)) or json.dumps(self._value)[:60]
        raise InputError(Mistake(self._file, None, f"{shown} at {self._shown()}", expected, mend))

    def _shown(self) -> str:
        return self._pointer or "the top"

    def __getitem__(self, name: str) -> "Part":
        """Give a member of an object."""
        members = self._members()
        if name not in members:
            raise InputError(
                Mistake(self._file, None, f"no member '{name}' at {self._shown()}", "what report.schema.json describes")
            )
        return Part(self._file, f"{self._pointer}/{name}", members[name])

    def _members(self) -> dict[str, Any]:
        if not isinstance(self._value, dict):
            self.fail("an object")
        return self._value

    def named(self) -> Iterator[tuple[str, "Part"]]:
        """Give each member of an object, whatever its name."""
        for name, value in self._members().items():
            yield name, Part(self._file, f"{self._pointer}/{name}", value)

    def by_scenario(self) -> Iterator[tuple[ScenarioName, "Part"]]:
        """Give each member of an object whose names are scenarios."""
        for name, value in self._members().items():
            if not PATTERN.fullmatch(name):
                self.fail("an object whose names are scenarios")
            yield scenario_name(name), Part(self._file, f"{self._pointer}/{name}", value)

    def items(self) -> Iterator["Part"]:
        """Give the items of a list."""
        if not isinstance(self._value, list):
            self.fail("a list")
        for number, value in enumerate(self._value):
            yield Part(self._file, f"{self._pointer}/{number}", value)

    def as_it_is(self) -> object:
        """Give the value for a reader that checks it itself."""
        return self._value

    def is_null(self) -> bool:
        """Whether there is nothing."""
        return self._value is None

    def text(self) -> str:
        """Give a text."""
        if not isinstance(self._value, str):
            self.fail("a text")
        return self._value

    def text_or_none(self) -> str | None:
        """Give a text, None for null."""
        return None if self.is_null() else self.text()

    def texts(self) -> tuple[str, ...]:
        """Give a list of texts."""
        return tuple(item.text() for item in self.items())

    def number(self) -> int:
        """Give a whole number that is not below 0."""
        if not isinstance(self._value, int) or isinstance(self._value, bool) or self._value < 0:
            self.fail("a whole number, not below 0")
        return self._value

    def scenario(self) -> ScenarioName:
        """Give a scenario: 1 to 4, or a word."""
        told = self._value
        word = isinstance(told, str) and re.fullmatch(WORD, told)
        if not word and (isinstance(told, bool) or told not in DOCUMENTED):
            self.fail(EXPECTED)
        return scenario_name(str(told))

    def seconds(self) -> int:
        """Give a time to live or the like."""
        told = self.number()
        if told >= 1 << 31:  # RFC 2181 section 8
            self.fail(f"a number of seconds below {1 << 31}")
        return told

    def flag(self) -> bool:
        """Give true or false."""
        if not isinstance(self._value, bool):
            self.fail("true or false")
        return self._value

    def flag_or_none(self) -> bool | None:
        """Give true or false, None for null."""
        return None if self.is_null() else self.flag()

    def word(self, words: type[Word]) -> Word:
        """Give one of some words."""
        told = self.text()
        if told not in list(words):
            self.fail(f"one of {', '.join(words)}")
        return words(told)

    def word_or_none(self, words: type[Word]) -> Word | None:
        """Give one of some words, None for null."""
        return None if self.is_null() else self.word(words)

    def time(self) -> datetime:
        """Give a time in UTC."""
        told = self.text()
        try:
            return datetime.fromisoformat(told if _TIME.fullmatch(told) else "")
        except ValueError:
            self.fail("a time in UTC as 2026-11-23T16:20:05Z")

    def due(self) -> datetime:
        """Give a time in UTC from which moments are worked out, as an environment may give it."""
        told = self.time()
        if not 2000 <= told.year < 2200:  # what is worked out from it has to stay a date
            self.fail("a time between the years 2000 and 2199")
        return told

    def offset(self) -> tzinfo:
        """Give an offset from UTC."""
        try:
            zone = datetime.fromisoformat(f"2000-01-01T00:00:00{self.text()}").tzinfo
        except ValueError:
            zone = None
        return zone or self.fail("an offset from UTC as +01:00")

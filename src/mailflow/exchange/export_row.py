"""One object of an export, asked for its properties one by one.

What is missing becomes `Unknown` with its place, what is wrong becomes a `Mistake`; the reading goes on,
so that a user sees every mistake of a file at once.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from mailflow.exchange.export_text import Property, shown
from mailflow.exchange.known import Known, Origin, Unknown
from mailflow.exchange.property_value import Unclear, Unfit
from mailflow.input_error import Mistake

T = TypeVar("T")
Read = Callable[[object], T]


class Row:
    """The properties of one object. `mistakes` is the list to which it adds what it finds."""

    def __init__(self, file: str, line: int, properties: Mapping[str, Property], mistakes: list[Mistake]) -> None:
        self._properties = properties
        self._mistakes = mistakes
        self._lines: dict[str, int] = {}
        self._noun = self._what = "object"
        self.origin = Origin(file, line, self._lines)

    def called(self, noun: str, *names: str) -> None:
        """Say what the object is, for sentences: `inbound connector 'X'`, by the first property it has."""
        self._noun = self._what = noun
        for name in names:
            found = self._properties.get(name.lower())
            if found and isinstance(found.value, str) and found.value:
                self._what = f"{noun} {shown(found.value)}"
                return

    def required(self, name: str, read: Read[T], otherwise: T, mend: str = "") -> T:
        """Read a property without which the object is nothing; `otherwise` stands in until the error is raised."""
        found = self._find(name)
        if found is None or found.value in (None, "", []):
            missing = f"no {name}" if found is None else f"{shown(found.value)} as {name}"
            self._mistake(found.line if found else self.origin.line, missing, f"a {name} for each {self._noun}", mend)
            return otherwise
        value = self._read(found, read, found.value)
        return otherwise if isinstance(value, Unknown) else value

    def known(self, name: str, read: Read[T]) -> Known[T]:
        """Read a property that always has a value; absent, null and unclear are unknown."""
        found = self._find(name)
        if found is None:
            return self._absent(name)
        if found.value is None or found.value == "":
            return Unknown(f"{name} has no value in {self._place(found)}")
        return self._read(found, read, found.value)

    def optional(self, name: str, read: Read[T]) -> Known[T | None]:
        """Read a property that may be unset, which Exchange writes as null, "" or []."""
        found = self._find(name)
        if found is None:
            return self._absent(name)
        if found.value in (None, "", []):
            return None
        return self._read(found, read, found.value)

    def many(self, name: str, read: Read[T], *, split: bool = True) -> Known[tuple[T, ...]]:
        """Read a multi-valued property; null, "" and [] are none. A single string may hold several, with commas."""
        found = self._find(name)
        if found is None:
            return self._absent(name)
        values: list[T] = []
        unknown: Unknown | None = None
        for each in _elements(found.value, split=split):
            value = self._read(found, read, each)
            if isinstance(value, Unknown):
                unknown = unknown or value
            else:
                values.append(value)
        return unknown or tuple(values)

    def _find(self, name: str) -> Property | None:
        found = self._properties.get(name.lower())
        if found:
            # By Exchange's own spelling, which is what asks for it later, whatever the case in the file.
            self._lines[name] = found.line
        return found

    def _read(self, found: Property, read: Read[T], value: object) -> T | Unknown:
        try:
            return read(value)
        except Unclear as why:
            return Unknown(f"{found.name} {why}, in {self._place(found)}")
        except Unfit as wrong:
            shown_as = f"{wrong.found} as {found.name} of {self._what}"
            self._mistake(found.line, shown_as, wrong.expected, wrong.mend)
            return Unknown(shown_as)

    def _absent(self, name: str) -> Unknown:
        return Unknown(f"{name} is not in {self.origin.file}:{self.origin.line} ({self._what})")

    def _place(self, found: Property) -> str:
        return f"{self.origin.file}:{found.line} ({self._what})"

    def _mistake(self, line: int, found: str, expected: str, mend: str = "") -> None:
        self._mistakes.append(Mistake(self.origin.file, line, found, expected, mend))


def _elements(value: object, *, split: bool) -> list[object]:
    """Give the elements of a multi-valued property."""
    if isinstance(value, Mapping) and {str(key).lower() for key in value} == {"value", "count"}:
        # Windows PowerShell 5.1 writes an array with properties of its own as {"value": […], "Count": n}.
        value = next(each for key, each in value.items() if str(key).lower() == "value")
    if isinstance(value, list):
        return [each for each in value if each is not None and each != ""]
    if isinstance(value, str) and split:
        return [each.strip() for each in value.split(",") if each.strip()]
    return [] if value is None or value == "" else [value]

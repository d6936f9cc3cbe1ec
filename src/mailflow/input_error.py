"""A user's mistake in a file, said so that it can be mended. Never a traceback, never a verdict."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where, what was found, what was expected, and how to mend it."""

    file: str
    line: int | None
    found: str
    expected: str
    mend: str = ""  # "Did you mean 'on_premises'?"
    requirement: str = ""  # the row of the catalogue that would fall, where there is one

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        told = f"{place}: found {self.found}; expected {self.expected}."
        if self.mend:
            told += f" {self.mend}"
        if self.requirement:
            told += f" [{self.requirement}]"
        return told


class InputError(Exception):
    """One or more mistakes in what the user wrote; all that could be found at once."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(map(str, mistakes)))

    @classmethod
    def gather(cls, errors: Iterable["InputError"]) -> "InputError":
        """Join several into one."""
        return cls(*(mistake for error in errors for mistake in error.mistakes))

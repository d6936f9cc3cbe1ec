"""A missing property is unknown, never false; and every property knows the file and line it came from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that no export says. `why` is a sentence for the report."""

    why: str


Known: TypeAlias = T | Unknown


# As export.py and export_row.py say it, with the file in which it would stand.
_LACKING = re.compile(r"(Get-[A-Za-z]+)\.\w+ was not supplied|\b(?:is not|has no value) in \S*?(Get-[A-Za-z]+)\.")


# As environment.export_age and exported.py say it.
_TOO_OLD = re.compile(r"\bexported\.json\b")


def export_again(why: str) -> str:
    """Say how to supply what the exports lack, cmdlet by cmdlet; empty where `why` speaks of something else."""
    if _TOO_OLD.search(why):
        return "Export again with gather.ps1, which writes exported.json beside the exports (mailflow gather)"
    cmdlets = dict.fromkeys(one or other for one, other in _LACKING.findall(why))
    return "\n".join(f"Supply every property: @({each}) | ConvertTo-Json -Depth 5, as {each}.json" for each in cmdlets)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object of an export stands: which file, which line, and the line of each of its properties."""

    file: str  # relative to the environment's folder: exchange-online/Get-InboundConnector.json
    line: int
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, hash=False)
    exported: str = ""  # ISO day of the export, where it matters: in a live run

    def of(self, prop: str) -> str:
        """Name the place of a property (Exchange's spelling), or of the object where the property is not written."""
        day = f", exported {self.exported}" if self.exported else ""
        return f"{self.file}:{self.lines.get(prop, self.line)}{day}"


class Assumptions:
    """Collects what one decision had to take for granted.

    Whoever decides from configuration reads an unknown property through this; what was assumed
    travels with the decision, and the requirement that rests on it is not verified.
    """

    def __init__(self) -> None:
        self._made: dict[str, None] = {}

    def __call__(self, value: T | Unknown, otherwise: T) -> T:
        """Give the value, or `otherwise` where it is unknown, and remember that."""
        if isinstance(value, Unknown):
            self.note(value.why)
            return otherwise
        return value

    def listed(self, value: tuple[T, ...] | Unknown) -> tuple[T, ...]:
        """Give the values of a list, none where the list is unknown, and remember that."""
        return self(value, ())

    def note(self, why: str) -> None:
        """Remember a thing that could not be known."""
        self._made.setdefault(why)

    @property
    def made(self) -> tuple[str, ...]:
        """What was assumed, in the order of reading, each once."""
        return tuple(self._made)

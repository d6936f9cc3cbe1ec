"""Where documents are mistaken or disagree: what each says, and how Mailflow reads them.

The data stand in disagreements.toml beside this file. The report shows an entry beside the rows that it concerns;
docs/contradictions.md shows all of them.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Reading:
    """What one document says, or several."""

    documents: tuple[str, ...]  # keys of the library
    says: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A question that the documents answer differently, wrongly or not at all."""

    title: str
    readings: tuple[Reading, ...]
    chosen: str  # how Mailflow reads them
    requirements: tuple[str, ...]  # the rows that follow from it
    prints: str = ""  # a value that a document prints and that must not be published
    meant: str = ""  # the value that was meant


@cache
def disagreements() -> tuple[Disagreement, ...]:
    """Give every entry, in the order of the file."""
    text = files("mailflow.policy").joinpath("disagreements.toml").read_text(encoding="utf-8")
    return tuple(
        Disagreement(
            entry["title"],
            tuple(Reading(tuple(one["documents"]), one["says"]) for one in entry["readings"]),
            entry["chosen"],
            tuple(entry["requirements"]),
            entry.get("prints", ""),
            entry.get("meant", ""),
        )
        for entry in tomllib.loads(text)["disagreement"]
    )


def concerning(requirement: str) -> tuple[Disagreement, ...]:
    """Give the entries from which a requirement follows, by its identifier."""
    return tuple(one for one in disagreements() if requirement in one.requirements)

"""The text below a scenario's title: why it matters, where it is written, what mends it.

    Mail for the domain would go past the filter.
    Source: Training; Scenario 4, step 2; stated
    Remedy: Publish this record:
      contoso.com. MX 10 mail.contoso.com.

Free text is why. Each `Source:` line names a document, a place in it and its standing there; a document of the
reader's own is named `own`. `Remedy:` goes on until the next such word. An indented line continues a source.
"""

import difflib
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from mailflow.policy.documents import OWN, Document
from mailflow.policy.requirement import Source, Standing

_WORD = re.compile(r"([A-Za-z]+):(?:\s+(.*)|)$")
_WORDS = ("Source", "Remedy")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a line of the description."""

    found: str
    expected: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """The parts of a description, and what is wrong with it."""

    why: str
    sources: tuple[Source, ...]
    remedy: str
    flaws: tuple[Flaw, ...]


def read(text: str, library: Mapping[str, Document]) -> Description:
    """Take a description apart. Never raises: what is wrong stands in `flaws`."""
    why: list[str] = []
    sources: list[list[str]] = []
    remedy: list[str] = []
    flaws = []
    current: list[str] = why
    for line in textwrap.dedent(text).splitlines():
        word = _WORD.match(line)
        if word and word[1] in _WORDS:
            current = [word[2] or ""]
            if word[1] == "Source":
                sources.append(current)
            elif remedy:
                flaws.append(Flaw(f"a second '{line}'", "one Remedy", "Continue it on the lines below."))
            else:
                remedy = current
            continue
        if word and current is not remedy and (near := difflib.get_close_matches(word[1].title(), _WORDS, 1)):
            flaws.append(Flaw(f"'{word[1]}:'", "Source: or Remedy:", f"Did you mean '{near[0]}:'?"))
        if current is not why and current is not remedy and not line.startswith((" ", "\t")):
            current = why
        current.append(line)
    told = [_source(" ".join(part.strip() for part in lines).strip(), library) for lines in sources]
    if not sources:
        flaws.append(Flaw("no Source", "at least one line 'Source: document; section; stated'", "Your own is 'own'."))
    flaws += [flaw for flaw in told if isinstance(flaw, Flaw)]
    return Description(
        " ".join(" ".join(why).split()),
        tuple(source for source in told if isinstance(source, Source)),
        _block(remedy),
        tuple(flaws),
    )


def _source(text: str, library: Mapping[str, Document]) -> Source | Flaw:
    document, _, rest = text.partition(";")
    section, _, standing = rest.rpartition(";")
    document, section, standing = document.strip(), section.strip(), standing.strip()
    if not (document and section and standing in list(Standing)):
        return Flaw(
            f"'Source: {text}'",
            "document; section; stated or derived",
            "For example: 'Source: Training; Scenario 4, step 2; stated'",
        )
    if document != OWN and document not in library:
        near = difflib.get_close_matches(document, [*library, OWN], n=1)
        mend = f"Did you mean '{near[0]}'?" if near else f"A document of your own is '{OWN}'."
        return Flaw(f"the unknown document '{document}'", "a key of policy/documents.toml", mend)
    return Source(document, section, Standing(standing))


def _block(lines: list[str]) -> str:
    """Keep the lines of a remedy, which may be commands, without the indentation that they share."""
    return "\n".join(lines[:1] + textwrap.dedent("\n".join(lines[1:])).splitlines()).strip()

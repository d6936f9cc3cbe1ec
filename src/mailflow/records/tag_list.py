"""Tag=value lists (RFC 6376 section 3.2), the form of DKIM, DMARC, TLS-RPT and MTA-STS records."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII | re.IGNORECASE)
_VALUE = re.compile(r"[\t !-:<-~]*")  # visible ASCII without the semicolon, and blanks


@dataclass(frozen=True, slots=True)
class TagList:
    """A record, tag by tag, and what is wrong with its form."""

    text: str
    tags: tuple[tuple[str, str], ...]  # name, value without the blanks around it; in their order
    flaws: tuple[str, ...]

    def get(self, name: str) -> str | None:
        """Give the value of a tag; None where it is absent."""
        return next((value for tag, value in self.tags if tag == name), None)


def read(text: str, *, exact: bool = False) -> TagList:
    """Take a record apart. Never raises: what is wrong stands in `flaws`.

    `exact`: names keep their case, as RFC 6376 section 3.2 has it; else they are put in lower case.
    """
    tags: list[tuple[str, str]] = []
    flaws = []
    for part in text.split(";"):
        if not part.strip():
            continue  # a semicolon may stand at the end
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not _NAME.fullmatch(name):
            flaws.append(f"'{_short(part)}' is no tag=value")
        elif any((name if exact else name.lower()) == tag for tag, _ in tags):
            flaws.append(f"the tag {name} stands twice")  # section 3.2: the whole list is invalid
        elif not _VALUE.fullmatch(value):
            flaws.append(f"the value of {name} has characters that none may have: '{_short(value)}'")
        else:
            tags.append((name if exact else name.lower(), value))
    return TagList(text, tuple(tags), tuple(flaws))


def versions(texts: Iterable[object], version: str) -> tuple[str, ...]:
    """Select the TXT records that begin with v=<version>; in this case (RFC 9989 section 4.7, RFC 8460 section 3)."""
    begins = re.compile(rf"v[ \t]*=[ \t]*{re.escape(version)}[ \t]*(?:;|\Z)")
    return tuple(text for text in texts if isinstance(text, str) and begins.match(text))


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:59]}…"

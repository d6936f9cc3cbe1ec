"""The library: the documents from which requirements come, by the short key that Source lines use.

The data stand in documents.toml beside this file, one table a document:

    ["RFC 7208"]
    title = "Sender Policy Framework (SPF) …"
    address = "https://www.rfc-editor.org/rfc/rfc7208"
    read = 2026-11-20
    remark = "…"    # optional: obsoleted by, contradicted by
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

OWN = "own"  # the key for a reader's own documents; it needs no entry in the library
_REQUIRED = {"title", "address", "read"}


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it stood on the day it was read."""

    key: str
    title: str
    address: str  # where the public finds it
    read_on: date
    remark: str = ""


@cache
def documents() -> Mapping[str, Document]:
    """Give every document of the library by its key.

    Raises:
        ValueError: the library that this package ships is malformed.

    """
    text = files("mailflow.policy").joinpath("documents.toml").read_text(encoding="utf-8")
    return MappingProxyType(parse(text))


def parse(text: str) -> dict[str, Document]:
    """Read a library.

    Raises:
        ValueError: not TOML, a key without a table, or a table with missing or unknown entries.

    """
    found = {}
    for key, entry in tomllib.loads(text).items():
        told = entry if isinstance(entry, dict) else {}
        if not _REQUIRED <= told.keys() <= _REQUIRED | {"remark"} or not isinstance(told["read"], date):
            raise ValueError(
                f"documents.toml: [{key}] has title, address, read (a date without quotes) and perhaps remark"
            )
        found[key] = Document(key, entry["title"], entry["address"], entry["read"], entry.get("remark", ""))
    return found


def document(key: str) -> Document:
    """Give the document of a Source line.

    Raises:
        KeyError: the library does not hold it; `own` documents are the reader's and stand in no library.

    """
    return documents()[key]

"""The words that sentences share: places, parties, routes."""

from collections.abc import Callable
from typing import Any

from pytest_bdd import parsers

from mailflow.environment.message import Kind
from mailflow.observe.path import Place

_PLACES = "|".join(Place)
_PARTIES = "the Internet|a device|a cloud mailbox|an on-premises mailbox|an unknown recipient"


def _typed(pattern: str) -> Callable[[Callable[[str], Any]], Callable[[str], Any]]:
    """Give a type of `parse` its pattern, so that it takes these words and no others."""

    def set_pattern(read: Callable[[str], Any]) -> Callable[[str], Any]:
        read.pattern = pattern  # type: ignore[attr-defined]  # the name by which `parse` looks for it
        return read

    return set_pattern


@_typed(_PLACES)
def place(text: str) -> Place:
    """`Microsoft 365`."""
    return Place(text)


@_typed(rf"(?:{_PLACES})(?:, then (?:{_PLACES}))*")
def route(text: str) -> tuple[Place, ...]:
    """`Microsoft 365, then the on-premises servers`."""
    return tuple(map(Place, text.split(", then ")))


@_typed(rf"from (?:{_PARTIES}) to (?:{_PARTIES})")
def kind(text: str) -> Kind:
    """`from the Internet to a cloud mailbox`; a pair of which no message is made is no sentence."""
    return Kind(text)


def sentence(text: str) -> parsers.parse:
    """Write a sentence with {…:Place}, {…:Route} or {…:Kind} in it."""
    return parsers.parse(text, extra_types={"Place": place, "Route": route, "Kind": kind})

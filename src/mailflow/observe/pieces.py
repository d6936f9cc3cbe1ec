"""JSON that is large as values and as text: made and written piece by piece."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

V = TypeVar("V")


class Pieces(Mapping[str, Any]):
    """A mapping of which each value becomes what JSON has when it is asked for, and no sooner."""

    def __init__(self, values: Mapping[Any, V], dump: Callable[[V], Any]) -> None:
        self._values: Mapping[Any, Any] = values
        self._dump = dump

    def __getitem__(self, key: str) -> Any:
        return self._dump(self._values[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def whole(value: Any) -> Any:
    """Give at once what JSON has."""
    return {key: whole(part) for key, part in value.items()} if isinstance(value, Pieces) else value


def as_text(value: Any, *, sort_keys: bool = False) -> Iterator[str]:
    """Give the text that `json.dumps` would give of the whole."""
    if not isinstance(value, Pieces):
        yield json.dumps(value, sort_keys=sort_keys)
        return
    yield "{"
    for number, key in enumerate(sorted(value) if sort_keys else value):
        yield f"{', ' if number else ''}{json.dumps(key)}: "
        yield from as_text(value[key], sort_keys=sort_keys)
    yield "}"

"""From what pydantic finds wrong to what the user is told. None of pydantic's own words get through."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailflow.environment.file_types import SPOKEN, nearest
from mailflow.environment.folder import MISTAKES
from mailflow.environment.yaml_text import YamlText
from mailflow.input_error import InputError, Mistake

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]

_SHAPES = {
    "model_type": "keys with values",
    "dict_type": "keys with values",
    "tuple_type": "a list",
    "too_short": "at least one entry",
}


def read_model(model: type[Model], document: YamlText, file: str) -> Model:
    """Read a document into its model.

    Raises:
        InputError: every key and value that the model does not know, with its line.

    """
    try:
        return model.model_validate(document.data)
    except ValidationError as wrong:
        schema = model.model_json_schema()
        # One more than is told, so that the reader learns that there are more.
        errors = _without_echoes(wrong.errors(include_url=False)[: MISTAKES + 1])
        raise InputError(*(_mistake(error, document, schema, file) for error in errors)) from wrong


def line_of(lines: Mapping[str, int], path: Iterable[str | int]) -> int:
    """Give the line of a key, or of the nearest key above it that is written."""
    steps = [str(step) for step in path]
    while steps and ".".join(steps) not in lines:
        steps.pop()
    return lines.get(".".join(steps), 1)


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out a missing key where a misspelled one stands in its place: one slip, one mistake."""
    extra = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]

    def echoes(error: ErrorDetails) -> bool:
        *above, key = error["loc"]
        beside = [str(path[-1]) for path in extra if list(path[:-1]) == above]
        return error["type"] == "missing" and bool(nearest(str(key), beside))

    return [error for error in errors if not error["loc"] or not echoes(error)]


def _mistake(error: ErrorDetails, document: YamlText, schema: dict[str, Any], file: str) -> Mistake:
    kind = error["type"]
    # pydantic names the key of a mapping by a further step "[key]".
    path = tuple(step for step in error["loc"] if step != "[key]")
    line = line_of(document.lines, path)
    where = f"'{path[-1]}'" if path and isinstance(path[-1], str) else "an entry"
    if kind == "missing":
        key = _section(schema, path[:-1])[str(path[-1])]
        # Where field and section have one description, it stands with the section only.
        meaning = key.get("description") or _resolve(key, schema).get("description", "")
        return Mistake(file, line, f"no key {where}{_under(path[:-1])}", f"{where}: {meaning.removesuffix('.')}")
    if kind == "extra_forbidden":
        known = _section(schema, path[:-1])
        expected = f"one of the keys {', '.join(known)}"
        return Mistake(file, line, f"the key {where}", expected, nearest(str(path[-1]), known))
    found = where if error["loc"] != path else f"{_shown(error['input'])} {_place(path)}".strip()
    if kind == SPOKEN:
        told = error["ctx"]
        return Mistake(file, line, found, told["expected"], told["mend"])
    mend = f"Write [{error['input']}]." if kind == "tuple_type" and isinstance(error["input"], str) else ""
    return Mistake(file, line, found, _SHAPES.get(kind, "what environment.schema.json describes"), mend)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f"'{value[:60]}…'" if len(value) > 60 else f"'{value}'"
    if isinstance(value, dict):
        return "keys with values" if value else "no keys"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "nothing"


def _under(path: Path) -> str:
    if not path:
        return ""
    return f" under '{path[-1]}'" if isinstance(path[-1], str) else f" in entry {path[-1] + 1}"


def _place(path: Path) -> str:
    keys = [str(step) for step in path if isinstance(step, str)]
    return f"for '{keys[-1]}'" if keys else ""


def _section(schema: dict[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """Give the keys of the section at `path` with their schemas."""
    part = _resolve(schema, schema)
    for step in path:
        below = part.get("properties", {}).get(step) or part.get("additionalProperties") or part.get("items")
        if not isinstance(below, dict):
            return {}
        part = _resolve(below, schema)
    keys = part.get("properties", {})
    return keys if isinstance(keys, dict) else {}


def _resolve(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    # An optional section is {"anyOf": [{"$ref": …}, {"type": "null"}]}.
    for choice in part.get("anyOf", [part]):
        if "$ref" in choice:
            name = choice["$ref"].rpartition("/")[2]
            found = schema["$defs"][name]
            assert isinstance(found, dict)  # noqa: S101 - mypy; JSON Schema says so
            return found
    return part

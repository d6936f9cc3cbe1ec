"""The committed JSON Schema, as editors use it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mailflow.environment import schema

FIXTURES = Path(__file__).parents[2] / "fixtures"
SHIPPED = sorted(FIXTURES.glob("*/environment.yaml"))


def check(data: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema.schema())
    return sorted(error.json_path for error in validator.iter_errors(data))


def test_the_committed_schema_is_that_of_the_model() -> None:
    committed = schema.FILE.read_text(encoding="utf-8")
    assert committed == schema.text(), "run: python -m mailflow.environment.schema"
    jsonschema.Draft202012Validator.check_schema(json.loads(committed))


def test_every_key_has_a_description() -> None:
    def undescribed(part: Any, path: str) -> Iterator[str]:
        for key, value in part.get("properties", {}).items():
            if not (value.get("description") or "$ref" in value):
                yield f"{path}.{key}"
        for name, value in part.get("$defs", {}).items():
            if not value.get("description"):
                yield name
            yield from undescribed(value, name)

    assert list(undescribed(schema.schema(), "")) == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_a_shipped_environment_names_the_schema_and_fits_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    word, _, path = text.partition("\n")[0].partition("$schema=")
    assert word == "# yaml-language-server: "
    assert (file.parent / path).resolve() == schema.FILE.resolve()
    assert check(yaml.safe_load(text)) == []


def test_an_editor_sees_the_same_mistakes() -> None:
    data = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8"))
    data["mailbox"] = data.pop("mailboxes")
    data["domains"]["contoso.com"]["scenario"] = 5
    data["microsoft_365"]["cloud"] = "moon"
    assert check(data) == ["$", "$", "$.domains['contoso.com'].scenario", "$.microsoft_365.cloud"]


@pytest.mark.parametrize(
    ("scenario", "right"),
    [(1, True), (4, True), ("all-in-cloud", True), ("4", False), (0, False), ("All", False), ("all-", False)],
)
def test_a_scenario_is_one_of_four_numbers_or_a_word(scenario: object, right: bool) -> None:
    data = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8"))
    data["domains"]["contoso.com"]["scenario"] = scenario
    assert check(data) == ([] if right else ["$.domains['contoso.com'].scenario"])

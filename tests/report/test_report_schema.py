"""The published schemas, the files that are written and the reader of report.json say the same."""

import copy
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailflow.input_error import InputError
from mailflow.observe.path import Place
from mailflow.policy.comparison import compare
from mailflow.report import as_json
from mailflow.report.read import read


def schema(name: str) -> dict[str, Any]:
    told = json.loads(files("mailflow.report").joinpath(name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(told)
    assert isinstance(told, dict)
    return told


def closed(part: Any) -> Any:
    """The schema without room for members that it does not name."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    told = {name: closed(one) for name, one in part.items()}
    if "properties" in told and isinstance(told.get("required"), list):
        told["additionalProperties"] = False
    return told


@pytest.fixture(scope="module")
def whole(build) -> bytes:
    """A report.json with every verdict, and a comparison with every member."""
    before = build(results=build().results[3:])
    run = build()
    return b"".join(as_json.report(replace(run, compared=compare(before, run))))


def test_what_is_written_is_what_the_schema_describes_and_nothing_else(build, whole, hostile) -> None:
    check = Draft202012Validator(closed(schema("report.schema.json")))
    assert list(check.iter_errors(json.loads(whole))) == []
    assert list(check.iter_errors(json.loads(b"".join(as_json.report(build(hostile)))))) == []


def test_evidence_as_well(build, hostile) -> None:
    check = Draft202012Validator(schema("evidence.schema.json"))
    for run in (build(), build(hostile)):
        assert list(check.iter_errors(json.loads(b"".join(as_json.evidence(run))))) == []


def test_a_comparison_is_printed_as_it_stands_in_the_report(build) -> None:
    run = build()
    found = compare(build(results=run.results[3:]), run)
    stands = json.loads(b"".join(as_json.report(replace(run, compared=found))))["compared"]
    assert json.loads(as_json.comparison(found)) == {"schema": 1, **stands}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def test_the_places_are_those_of_paths() -> None:
    told = schema("report.schema.json")["$defs"]
    assert (told["place"]["enum"], told["place_or_empty"]["enum"]) == (list(Place), ["", *Place])


READABLE = Draft202012Validator(schema("report.schema.json"))
ODD = st.sampled_from([None, True, -1, 7, "", "no such word", [], [None], {}, {"x": 1}, "2026-99-23T16:20:05Z"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("changed")


@given(data=st.data())
def test_reader_and_schema_refuse_the_same(whole, folder, data: st.DataObject) -> None:
    """One value of a report is another, or gone."""
    told = json.loads(whole)
    told["requirements"] = told["requirements"][:1]
    told["compared"] = None
    *above, last = data.draw(st.sampled_from([place for place in places(told) if place]))
    changed = copy.deepcopy(told)
    part = changed
    for key in above:
        part = part[key]
    if data.draw(st.booleans()):
        part[last] = data.draw(ODD)
    else:
        del part[last]
    file = folder / "report.json"
    file.write_text(json.dumps(changed), encoding="utf-8")
    valid = READABLE.is_valid(changed)
    try:
        read(file)
    except InputError as error:
        [mistake] = error.mistakes
        assert mistake.file == file.as_posix()
        # What no schema can say: what follows from the rows or from the plan, and that there is no month 99.
        follows = (" at /decision", " at /counts", " at /completeness/judged", " at /readiness/windows/0/")
        own = mistake.found.startswith('"2026-99-') or any(place in mistake.found for place in follows)
        assert own or not valid
    else:
        assert valid

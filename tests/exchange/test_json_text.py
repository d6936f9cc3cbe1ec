"""The walk through JSON text agrees with the json module, and knows the lines."""

import json
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.exchange.export_text import ExportTextError, Property, Written, decode, shown
from mailflow.exchange.json_text import elements

NAMES = st.text(max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))
OBJECTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=4).filter(
    lambda rows: all(len({name.lower() for name in row}) == len(row) for row in rows)
)
LAYOUT = st.sampled_from([None, 0, 2, 4, "\t"])


def values(text: str) -> list[dict[str, object] | None]:
    return [
        None if each.properties is None else {own.name: own.value for own in each.properties.values()}
        for each in elements(text)
    ]


@given(OBJECTS, LAYOUT, st.booleans())
def test_every_object_comes_back_in_every_layout(
    rows: list[dict[str, object]], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    assert values(text) == rows
    assert values(f'\r\n{{"value":  {text},\r\n"Count":  {len(rows)}\r\n}}\r\n') == rows


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=4), VALUES, min_size=1), st.integers(0, 3))
def test_every_property_stands_on_the_line_that_json_gave_it(row: dict[str, object], blank: int) -> None:
    # A line of its own for each property, nested values on the same line: line n+1 after the brace holds property n.
    members = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in row.items())
    [written] = elements("\n" * blank + "{\n" + members + "\n}")
    assert written.line == blank + 1
    assert written.properties is not None
    assert [own.line for own in written.properties.values()] == list(range(blank + 2, blank + 2 + len(row)))


def test_names_of_nested_objects_do_not_shadow_those_of_the_object() -> None:
    text = '[{\n"A": {"Name": 1,\n"B": [{"Name": 2}]},\n"N\\u0061me": "X"\n}, {"Name":\n\n3}\n]'
    assert list(elements(text)) == [
        Written(
            1,
            {
                "a": Property("A", {"Name": 1, "B": [{"Name": 2}]}, 2),
                "name": Property("Name", "X", 4),
            },
        ),
        Written(5, {"name": Property("Name", 3, 5)}),
    ]


def refusal(attempt: Callable[[], object]) -> ExportTextError | None:
    try:
        attempt()
    except ExportTextError as wrong:
        return wrong
    return None


@given(st.text(st.sampled_from('{}[]",:\\ \n\x00truefalsn0123456789-+.eENaIity/u')) | st.text())
def test_no_text_breaks_the_walk(text: str) -> None:
    wrong = refusal(lambda: values(text))
    if wrong is None:
        json.loads(text)  # what the walk accepts is JSON
    else:
        assert wrong.line in range(1, text.count("\n") + 2)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-16")))
def test_no_octets_break_the_decoder(data: bytes) -> None:
    wrong = refusal(lambda: decode(data))
    assert wrong is None or wrong.line in range(1, data.count(b"\n") + 2)


@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"])))
def test_what_powershell_writes_is_decoded(text: str) -> None:
    for octets in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        assert decode(octets) == text
    assert decode(b"\xfe\xff" + text.encode("utf-16-be")) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" + ",".join('{"A":1}' for _ in range(50_000)) + "]", id="many objects"),
        pytest.param("{" + ",\n".join(f'"a{n}":[{{}}]' for n in range(50_000)) + "}", id="many properties"),
        pytest.param('{"' + "\\\\" * 200_000, id="a name without end"),
        pytest.param("[" + "\n" * 400_000, id="blank lines without end"),
        pytest.param('{"value":' * 50_000, id="wrappers in wrappers"),
    ],
)
def test_the_walk_takes_time_linear_to_the_text(text: str) -> None:
    began = process_time()
    refusal(lambda: values(text))
    assert process_time() - began < 2  # quadratic, each of these takes minutes


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("X", "'X'"),
        ("EX01\\Relay", "'EX01\\Relay'"),
        ("\x1b[2J", "'\\x1b[2J'"),
        ("a" * 100, f"'{'a' * 57}…'"),
        (10**4000, f"the number {str(10**4000)[:40]}"),
        (None, "null"),
        (True, "true"),
        ([1], "a list"),
        ({}, "an object"),
    ],
)
def test_values_are_shown_short_and_harmless(value: object, said: str) -> None:
    assert shown(value) == said

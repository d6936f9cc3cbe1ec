"""Whatever stands in a file: a value, or an InputError whose sentences have no library's words; never anything else."""

import tempfile
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailflow.environment.load import load
from mailflow.environment.master_file import read_zone
from mailflow.environment.yaml_text import read_yaml
from mailflow.input_error import InputError, Mistake

FIXTURES = Path(__file__).parents[2] / "fixtures"
SHIPPED = (FIXTURES / "scenario-4" / "environment.yaml").read_text(encoding="utf-8")
ZONE = (FIXTURES / "scenario-4" / "zones" / "contoso.com.zone").read_text(encoding="utf-8")
BOMB = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefghi", "bcdefghij", strict=True))

words = st.sampled_from([w for line in SHIPPED.splitlines() for w in line.split("#")[0].replace(":", " ").split()])
scalars = st.one_of(words, st.none(), st.booleans(), st.integers(), st.text(max_size=8))
trees = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(words | st.text(max_size=4), below),
    max_leaves=12,
)


@st.composite
def spoiled(draw: st.DrawFn, text: str) -> str:
    """A real file with a piece cut out, repeated or written over."""
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 60)))
    middle = draw(st.sampled_from(["", text[start:end] * 2, ": ", "\n", "'", "{", "[]", "~"]) | st.text(max_size=6))
    return text[:start] + middle + text[end:]


def refusal(text: str) -> str:
    """Load an environment.yaml that stands alone in a folder; its mistakes, empty where it loads."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "environment.yaml"
        file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="\n")
        try:
            load(Path(place))
        except InputError as error:
            return str(error)
    return ""


def has_no_pydantic_in_it(told: str) -> bool:
    return not any(word in told.lower() for word in ("pydantic", "input should", "validation error", "traceback"))


@given(st.text() | trees.map(lambda tree: yaml.safe_dump(tree, allow_unicode=True)))
@example(BOMB)
@example("? ? ? a")
@example("a: !!python/object/apply:os.system [true]")
@example("!!binary x: !!set {a}")
@example("organization: \ud800")
@example("a: " + "{a: " * 5000)
@example("- " * 5000)
@settings(max_examples=150, deadline=None)
def test_arbitrary_yaml(text: str) -> None:
    told = refusal(text)
    assert told
    assert has_no_pydantic_in_it(told)


@given(spoiled(SHIPPED))
@settings(max_examples=150, deadline=None)
def test_a_spoiled_environment_file(text: str) -> None:
    assert has_no_pydantic_in_it(refusal(text))


@given(st.text() | spoiled(ZONE))
@example("@ 3600 IN TXT \\999")
@example("@ 3600 IN A 192.0.2.1 (\n")
@example("a" * 70 + " 3600 IN A 192.0.2.1")
@example("@ 99999999999999999999 IN A 192.0.2.1")
@example("@ 3600 IN TYPE65280 \\# 99999999999 00")
@example("\\. 3600 IN A 192.0.2.1\n\udcff 1 A x")
@settings(max_examples=300, deadline=None)
def test_arbitrary_zones(text: str) -> None:
    mistakes: tuple[Mistake, ...] = ()
    try:
        zone = read_zone(text, "zones/contoso.com.zone")
    except InputError as error:
        mistakes = error.mistakes
    if mistakes:
        assert {mistake.file for mistake in mistakes} == {"zones/contoso.com.zone"}
        assert len(mistakes) <= 20
    else:
        assert all(name.is_subdomain(zone.origin) for name in zone.nodes)


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    begin = time.process_time()
    with pytest.raises(InputError) as caught:
        read_yaml(BOMB, "x.yaml")
    assert time.process_time() - begin < 1
    assert str(caught.value) == (
        "x.yaml:1: found 'a: &a [x, x]'; expected values written out. Write a leading * or & in quotes: \"*\"."
    )


def test_lines_and_texts_of_yaml() -> None:
    read = read_yaml("a: 012\nb:\n  c.d: [no, 2026-12-05]\n  E: ~\n", "x.yaml")
    assert read.data == {"a": "012", "b": {"c.d": ["no", "2026-12-05"], "E": None}}
    assert read.lines == {"a": 1, "b": 2, "b.c.d": 3, "b.c.d.0": 3, "b.c.d.1": 3, "b.E": 4, "b.e": 4}

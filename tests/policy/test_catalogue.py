"""Reading whole feature files. What is wrong with them is shown through the plugin, tests/plugin."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_bdd.parser import FeatureParser

from mailflow.environment.environment import Domain, Stage
from mailflow.input_error import InputError
from mailflow.policy.catalogue import read_folder
from mailflow.policy.feature import Example, Feature, Key, Row, Scenario, plan, slug
from mailflow.policy.gherkin_file import ENCODING
from mailflow.policy.read_feature import read
from mailflow.policy.requirement import Level, Requirement, Source, Standing
from mailflow.policy.selection import Selection

TEXT = """
@scenario:4 @should
Feature: Toys
  Background:
    Given the world

  Rule: Outgoing mail
    @TOY-1 @x-night
    Scenario Outline: From <place>
      Why it matters.
      Source: own; 1; derived
      Remedy: Do it.

      When mail leaves <place>
      Then it arrives

      Examples:
        | place |
        | home  |
      @domain:contoso.com
      Examples:
        | place |
        | work  |
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "features" / "domains").mkdir(parents=True)
    return tmp_path / "features"


def test_read(folder: Path) -> None:
    (folder / "toy.feature").write_text(TEXT, encoding="utf-8")
    four = Selection(scenarios=frozenset({4}))
    contoso = Selection(scenarios=frozenset({4}), domains=frozenset({"contoso.com"}))
    requirement = Requirement(
        "TOY-1",
        Level.SHOULD,
        "From <place>",
        "Toys",
        (Source("own", "1", Standing.DERIVED),),
        "Do it.",
        "Why it matters.",
        "features/toy.feature",
        9,
    )
    scenario = Scenario(
        requirement,
        (
            Example({"place": "home"}, four, "from-home-row-1"),
            Example({"place": "work"}, contoso, "from-work-row-2"),
        ),
        frozenset({"scenario:4", "should", "TOY-1", "x-night"}),
        four,
    )
    feature = read(folder / "toy.feature", folder.parent, {})
    assert feature == Feature(
        "features/toy.feature", "Toys", (scenario,), feature.file, frozenset({4}), {"scenario:4": 2}
    )

    world = SimpleNamespace(name="w", domains=(Domain("contoso.com", 4, ()), Domain("fabrikam.com", 4, ())))
    rows = plan([feature], world, Stage.PLAN)
    assert rows == {
        Key("w", "contoso.com", "TOY-1"): Row(Key("w", "contoso.com", "TOY-1"), scenario, (0, 1)),
        Key("w", "fabrikam.com", "TOY-1"): Row(Key("w", "fabrikam.com", "TOY-1"), scenario, (0,)),
    }
    assert str(rows[Key("w", "fabrikam.com", "TOY-1")]) == "toy.feature: TOY-1 for fabrikam.com"


def test_german_is_gherkin_too(folder: Path) -> None:
    text = (
        "# language: de\nFunktionalität: F\n  @TOY-1 @must\n  Szenariogrundriss: S\n    Source: own; 1; stated\n\n"
        "    Wenn a\n    Dann b\n"
    )
    (folder / "toy.feature").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="found no Examples in 'S'"):
        read(folder / "toy.feature", folder.parent, {})


def test_file_that_is_too_large(folder: Path) -> None:
    (folder / "toy.feature").write_text("#" * (1 << 20) + "\n", encoding="utf-8")
    catalogue = read_folder(folder, folder.parent)
    assert str(catalogue.mistakes["features/toy.feature"]) == (
        "features/toy.feature: found more than 1,048,576 bytes; expected a feature file."
    )


def test_slug() -> None:
    assert slug("The MX set (RFC 5321) … größer_als 1!") == "the-mx-set-rfc-5321-größer-als-1"


LINES = st.sampled_from(
    [
        *TEXT.splitlines(),
        "| a |",
        "Scenario: ",
        '"""',
        "# language: xx",
        "@",
        "* x",
        "Examples:",
        "Scenario: From <place>",
    ]
)


@given(st.lists(LINES | st.text(max_size=10)))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    root = tmp_path_factory.getbasetemp()
    path = root / "any.feature"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    try:
        feature = read(path, root, {})
    except InputError:
        return
    templates = FeatureParser(str(root), path.name, ENCODING).parse().scenarios  # what runs is what was read
    assert list(templates) == [scenario.requirement.title for scenario in feature.scenarios]
    for scenario in feature.scenarios:
        template = templates[scenario.requirement.title]
        contexts = [row for table in template.examples for row in table.as_contexts()] or [{}]
        assert contexts == [example.values for example in scenario.examples]

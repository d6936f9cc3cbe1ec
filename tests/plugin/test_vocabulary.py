"""Loading definitions, and naming those that nobody uses."""

import sys
from pathlib import Path
from typing import Any

import pytest

from mailflow.input_error import InputError
from mailflow.plugin.vocabulary import load, unused_sentences


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "steps").mkdir()
    (tmp_path / "features").mkdir()
    (tmp_path / "steps" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", list(sys.path))
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "steps"}
    for name in kept:
        del sys.modules[name]
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "steps"]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_unused_sentences(root: Path) -> None:
    (root / "steps" / "a.py").write_text(
        "from pytest_bdd import parsers, then, when\n"
        "@when('used')\ndef used(): pass\n"
        "@then('unused')\ndef unused(): pass\n"
        "@then(parsers.parse('{n:d} are used'))\ndef some(n): pass\n"
        "@then(parsers.parse('{n:d} are unused'))\ndef others(n): pass\n",
        encoding="utf-8",
    )
    (root / "features" / "a.feature").write_text(
        "Feature: F\n  @A-1 @must\n  Scenario: S\n    Source: own; 1; stated\n\n    When used\n    Then 3 are used\n",
        encoding="utf-8",
    )
    assert unused_sentences(root) == ("unused", "{n:d} are unused")


def test_unused_sentences_of_features_with_mistakes(root: Path) -> None:
    (root / "features" / "a.feature").touch()
    with pytest.raises(InputError, match="an empty file"):
        unused_sentences(root)


def test_sentence_is_looked_up_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "steps" / "a.py").write_text(
        "from pytest_bdd import step\n@step('one')\ndef one(): pass\n", encoding="utf-8"
    )
    words, _ = load(root)
    asked = []
    [definition] = words.definitions
    monkeypatch.setattr(definition.parser, "is_matching", lambda name: asked.append(name) or name == "one")
    for _ in range(3):
        assert words.definition("then", "one") is definition
    with pytest.raises(LookupError, match="0 definitions of 'two'"):
        words.definition("then", "two")
    assert asked == ["one", "two"]


def test_another_package_of_that_name_is_not_taken_for_ours(root: Path, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "steps").mkdir()
    (other / "steps" / "__init__.py").touch()
    (other / "steps" / "a.py").touch()
    (root / "steps" / "a.py").touch()
    load(other)
    with pytest.raises(InputError, match="found another package named steps"):
        load(root)

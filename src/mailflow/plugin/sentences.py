"""The sentences that one can write, by topic, each with the lines of feature files that use it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailflow.plugin.shipped import FEATURES
from mailflow.plugin.vocabulary import PACKAGE, load, steps_of
from mailflow.policy.catalogue import read_files
from mailflow.policy.kit import shipped_root


@dataclass(frozen=True, slots=True)
class Example:
    """A line as it stands in a feature file."""

    text: str
    requirement: str  # whose scenario it stands in


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where its one meaning is written."""

    keyword: str  # Given, When, Then
    pattern: str  # `it passes {route}`: in braces stands what varies
    meaning: str  # steps/messages.py passes
    examples: tuple[Example, ...]  # each text once, in the order of the features; none where nothing uses it


@dataclass(frozen=True, slots=True)
class Topic:
    """The sentences of one module of steps/."""

    name: str
    about: str  # the first sentence of its docstring
    sentences: tuple[Sentence, ...]


def topics(roots: Sequence[Path]) -> tuple[Topic, ...]:
    """Give every topic, in the order of its modules, and its sentences, in the order in which they are defined.

    Raises:
        InputError: steps/ or a feature file has mistakes.

    """
    vocabulary, modules = load(*roots)
    catalogue = read_files(_feature_files(roots))
    catalogue.demand_none_wrong()
    used: dict[int, dict[str, Example]] = {id(definition): {} for definition in vocabulary.definitions}
    for feature in catalogue.features:
        for requirement, step in steps_of(feature):
            for definition in vocabulary.find(step.type, step.name):
                used[id(definition)].setdefault(step.name, Example(step.name, requirement))
    told = []
    for module in modules:
        sentences = tuple(
            Sentence(
                (definition.type or "any").capitalize(),
                re.sub(r"\{(\w+):\w+\}", r"{\1}", definition.parser.name),
                f"{module.__name__.replace('.', '/')}.py {definition.step_func.__name__}",
                tuple(used[id(definition)].values()),
            )
            for definition in vocabulary.definitions
            if definition.step_func.__module__ == module.__name__
        )
        if sentences:
            about = (module.__doc__ or "").strip().partition("\n")[0]
            told.append(Topic(module.__name__.removeprefix(f"{PACKAGE}."), about, sentences))
    return tuple(told)


def places(folder: Path) -> tuple[Path, ...]:
    """Give the roots whose sentences count in a folder: the kit's, and its own where it has any."""
    shipped = shipped_root()
    own = folder.resolve()
    return (shipped, own) if (own / PACKAGE).is_dir() and own != shipped.resolve() else (shipped,)


def _feature_files(roots: Sequence[Path]) -> Iterable[tuple[Path, Path]]:
    shipped, *own = roots
    yield from ((path, shipped) for path in sorted((shipped / FEATURES).glob("*.feature")))
    for root in own:
        yield from ((path, root) for path in sorted((root / FEATURES).rglob("*.feature")))

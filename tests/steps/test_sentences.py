"""Sentences: each has one meaning, each is used, and a step function says what to ask and whom, no more."""

import ast
from pathlib import Path

import pytest

from mailflow.plugin.vocabulary import load, unused_sentences
from mailflow.policy.catalogue import read_folder

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "steps").glob("*.py"))
LINES = 3
KINDS = ("given", "when", "then")
# What a step may import. Whatever opens a connection is behind the door that the environment hands out.
OUTSIDE = {"collections", "typing", "pytest_bdd"}
ROOMS = {"environment", "exchange", "judge", "observe", "plugin", "records"}


def step_functions() -> list[tuple[str, str, ast.FunctionDef]]:
    """Give every step function with its module and kind."""
    found = []
    for module in MODULES:
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                kinds = [
                    d.func.id for d in node.decorator_list if isinstance(d, ast.Call) and isinstance(d.func, ast.Name)
                ]
                found += [(module.name, kind, node) for kind in kinds if kind in KINDS]
    return found


FUNCTIONS = step_functions()
NAMES = [f"{module}:{node.name}" for module, _, node in FUNCTIONS]


def test_every_module_is_looked_at() -> None:
    defined = len(load(ROOT)[0].definitions)
    assert len(FUNCTIONS) == defined > 50


def test_every_sentence_of_every_feature_has_one_meaning() -> None:
    vocabulary, _ = load(ROOT)
    catalogue = read_folder(ROOT / "features", ROOT)
    assert catalogue.features
    assert not catalogue.mistakes
    assert [mistake for feature in catalogue.features for mistake in vocabulary.mistakes_in(feature)] == []
    assert vocabulary.mistakes() == []


def test_every_sentence_is_used() -> None:
    assert unused_sentences(ROOT) == ()


@pytest.mark.parametrize(("module", "kind", "function"), FUNCTIONS, ids=NAMES)
def test_step_function(module: str, kind: str, function: ast.FunctionDef) -> None:
    """Short, without mail logic; a Given says its condition, a Then its finding, a When neither."""
    lines = (function.end_lineno or 0) - function.body[0].lineno + 1
    assert lines <= LINES, f"{lines} lines"
    nodes = list(ast.walk(function))
    logic = (ast.If, ast.IfExp, ast.Compare, ast.BoolOp, ast.While, ast.Try, ast.Assert, ast.Raise)
    assert not [node for node in nodes if isinstance(node, logic)]
    says = {"given": "condition", "then": "conclude"}.get(kind)
    called = [n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert [name for name in called if name in ("condition", "conclude")] == ([says] if says else [])


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_steps_open_nothing(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "mailflow"
        for alias in node.names
    ]
    for name in imported:
        first, *rest = name.split(".")
        assert first in OUTSIDE | {"steps", "mailflow"}, name
        if first == "mailflow":
            assert rest, name
            assert rest[0] in ROOMS, name
    builtins = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not builtins & {"open", "eval", "exec", "__import__", "print", "input"}

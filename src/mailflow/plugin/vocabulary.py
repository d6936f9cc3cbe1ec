"""The sentences that steps/ defines: loading them, and finding the one definition of each sentence.

pytest-bdd looks a definition up anew for every step, takes one of several that match, and lets an `async def`
or a generator pass without running it. Here a sentence is looked up once, and all three are mistakes.
"""

import difflib
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest
from pytest_bdd.feature import get_feature
from pytest_bdd.parser import Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from mailflow.input_error import InputError, Mistake
from mailflow.policy.catalogue import read_folder
from mailflow.policy.feature import Feature
from mailflow.policy.gherkin_file import ENCODING

PACKAGE = "steps"


class Vocabulary:
    """The definitions of some modules."""

    def __init__(self, roots: Sequence[Path], modules: Iterable[ModuleType]) -> None:
        self.roots = roots
        namespaces = {id(vars(module)) for module in modules}
        self.definitions = sorted(
            (
                definition
                for definition in step_function_context_registry.values()
                if id(_function(definition).__globals__) in namespaces
            ),
            key=self._place,
        )
        self._found: dict[tuple[str, str], list[StepFunctionContext]] = {}

    def find(self, kind: str, sentence: str) -> list[StepFunctionContext]:
        """Give every definition of a sentence; kind is given, when or then. The answer is remembered."""
        if (kind, sentence) not in self._found:
            self._found[kind, sentence] = [
                definition
                for definition in self.definitions
                if definition.type in (None, kind) and definition.parser.is_matching(sentence)
            ]
        return self._found[kind, sentence]

    def definition(self, kind: str, sentence: str) -> StepFunctionContext:
        """Give the one definition of a sentence.

        Raises:
            LookupError: it has none, or several; `mistakes_in` says it before a run.

        """
        found = self.find(kind, sentence)
        if len(found) != 1:
            raise LookupError(f"{len(found)} definitions of '{sentence}'")
        return found[0]

    def mistakes(self) -> list[Mistake]:
        """Say which definitions are none: two of one sentence, and functions that would not run when called."""
        told = []
        first: dict[tuple[str | None, str], StepFunctionContext] = {}
        for definition in self.definitions:
            file, line = self._place(definition)
            function = _function(definition)
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                told.append(Mistake(file, line, f"async def {function.__name__}", "def", "It would never run."))
            elif inspect.isgeneratorfunction(function):
                told.append(Mistake(file, line, f"yield in {function.__name__}", "a function that returns"))
            kinds = (definition.type, None) if definition.type else ("given", "when", "then", None)
            shape = re.sub(r"\{[^}]*\}", "{}", definition.parser.name)
            if before := next((first[kind, shape] for kind in kinds if (kind, shape) in first), None):
                place = ":".join(map(str, self._place(before)))
                found = f"a second definition of '{definition.parser.name}'"
                told.append(Mistake(file, line, found, "one", f"{place} defines '{before.parser.name}'."))
            first.setdefault((definition.type, shape), definition)
        return told

    def mistakes_in(self, feature: Feature) -> list[Mistake]:
        """Say which sentences of a feature mean nothing, or two things; each names its requirement."""
        told = {}
        for requirement, step in steps_of(feature):
            if flaw := self._flaw(step):
                told[step.line_number, step.name] = Mistake(feature.path, step.line_number, *flaw, requirement)
        return list(told.values())

    def _flaw(self, step: Step) -> tuple[str, str, str] | None:
        """Say what was found, what is expected and how to mend it, where a step has not one meaning."""
        found = self.find(step.type, step.name)
        if not found:
            told = {definition.parser.name for definition in self.definitions if definition.type in (None, step.type)}
            near = difflib.get_close_matches(step.name, sorted(told), n=3, cutoff=0.5)
            mend = f"Nearest: {', '.join(map(repr, near))}." if near else ""
            return f"'{step.name}'", f"a defined {step.type.title()} sentence", mend
        if len(found) > 1:
            places = (":".join(map(str, self._place(definition))) for definition in found)
            told_twice = f"'{step.name}', which {len(found)} definitions match"
            return told_twice, "one meaning", f"See {' and '.join(places)}."
        taken = inspect.signature(_function(found[0])).parameters
        for what, below in (("datatable", step.datatable), ("docstring", step.docstring)):
            if below is not None and what not in taken:  # pytest-bdd would drop it without a word
                return f"a {what} below '{step.name}'", "none; the sentence takes none", ""
        return None

    def _place(self, definition: StepFunctionContext) -> tuple[str, int]:
        code = _function(definition).__code__
        path = Path(code.co_filename)
        root = next((root for root in self.roots if path.is_relative_to(root)), None)
        return path.relative_to(root).as_posix() if root else path.name, code.co_firstlineno


def load(*roots: Path) -> tuple[Vocabulary, list[ModuleType]]:
    """Import every module of steps/ below each root, with pytest's assertion rewriting.

    They form one package: that of the first root, to which the modules of the others are added.

    Raises:
        InputError: there is no such package, a module cannot be imported or has the name of another, or a definition
            is none.

    """
    folders: dict[str, Path] = {}
    for folder in (root / PACKAGE for root in roots):
        for name in _names(folder):
            if folders.setdefault(name, folder) != folder:
                raise InputError(Mistake(_file(name), None, "a module name that Mailflow has", "another name"))
    if str(roots[0]) not in sys.path:
        sys.path.insert(0, str(roots[0]))
    if PACKAGE not in sys.modules:
        pytest.register_assert_rewrite(PACKAGE)
    for root in roots[1:]:
        places = importlib.import_module(PACKAGE).__path__
        if str(root / PACKAGE) not in places:
            places.append(str(root / PACKAGE))
    modules = [_import(name, folder) for name, folder in folders.items()]
    vocabulary = Vocabulary(roots, modules)
    if told := vocabulary.mistakes():
        raise InputError(*told)
    return vocabulary, modules


def unused_sentences(root: Path) -> tuple[str, ...]:
    """Name the sentences that no feature of a project uses: nobody would notice if they meant nothing.

    Raises:
        InputError: steps/ or a feature file has mistakes.

    """
    vocabulary, _ = load(root)
    catalogue = read_folder(root / "features", root)
    catalogue.demand_none_wrong()
    used = {
        id(definition)
        for feature in catalogue.features
        for _, step in steps_of(feature)
        for definition in vocabulary.find(step.type, step.name)
    }
    return tuple(d.parser.name for d in vocabulary.definitions if id(d) not in used)


def _names(folder: Path) -> list[str]:
    return sorted(
        ".".join(path.relative_to(folder.parent).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    )


def _file(name: str) -> str:
    return f"{name.replace('.', '/')}.py"


def _import(name: str, folder: Path) -> ModuleType:
    file = _file(name)
    try:
        module = importlib.import_module(name)
    except Exception as error:  # a module of the user's may raise anything
        line = error.lineno if isinstance(error, SyntaxError) else _line(error, folder)
        raise InputError(
            Mistake(file, line, f"{type(error).__name__}: {error}", "a module that can be imported")
        ) from error
    if not Path(module.__file__ or "").is_relative_to(folder):
        raise InputError(
            Mistake(file, None, f"another package named {PACKAGE} ({module.__file__})", "this one on sys.path")
        )
    return module


def _line(error: Exception, folder: Path) -> int | None:
    trace, line = error.__traceback__, None
    while trace:
        if Path(trace.tb_frame.f_code.co_filename).is_relative_to(folder):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _function(definition: StepFunctionContext) -> Callable[..., object]:
    function: Callable[..., object] = inspect.unwrap(definition.step_func)
    return function


def steps_of(feature: Feature) -> Iterator[tuple[str, Step]]:
    """Give every step with its requirement's identifier, for every row of an outline."""
    path = feature.file
    templates = get_feature(str(path.parent), path.name, ENCODING).scenarios
    for scenario in feature.scenarios:
        template = templates[scenario.requirement.title]
        for example in scenario.examples:
            for step in template.render(example.values).steps:
                yield scenario.requirement.id, step

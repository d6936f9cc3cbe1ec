"""Everything that one run rests on: environments, features, the meaning of sentences, and the plan that follows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailflow.door.look import Look
from mailflow.environment.environment import Environment
from mailflow.input_error import InputError, Mistake
from mailflow.plugin import vocabulary
from mailflow.plugin.looks import looks, recordings
from mailflow.plugin.shipped import feature_files, roots
from mailflow.plugin.vocabulary import Vocabulary
from mailflow.policy.catalogue import Catalogue, read_files
from mailflow.policy.feature import Feature, Key, Row, plan
from mailflow.policy.reach import unreached
from mailflow.policy.scenarios import unknown_in_environments, unknown_in_tags
from mailflow.report.printable import for_console

_FIRST = "For a first one: mailflow new contoso.com --scenario 4"


@dataclass(frozen=True, slots=True)
class Project:
    """What is asked, of whom, and in which words. The same in every process of a run."""

    root: Path
    mode: str
    looks: Mapping[str, Look]  # how each environment is looked at, by its name
    strict: bool
    reports: Path
    started: datetime
    environments: Mapping[str, Environment]
    unreadable: Mapping[str, InputError]  # by the folder's name: asked for, but with mistakes, and so not judged
    catalogue: Catalogue  # every feature file, whether it is selected or not
    undefined: Mapping[str, InputError]  # feature files whose sentences mean nothing, or two things, by path
    planned: Mapping[str, Mapping[Key, Row]]  # by environment
    vocabulary: Vocabulary
    steps: tuple[object, ...]  # the modules of steps/, for pytest to find their fixtures
    asked: tuple[str, ...]  # for which environments, as typed
    faulty: bool  # the environments hold faults, and are named after both

    def mistakes(self, path: str) -> InputError | None:
        """Give what is wrong with a feature file; None where nothing is."""
        return self.catalogue.mistakes.get(path) or self.undefined.get(path)

    def feature(self, path: str) -> Feature | None:
        """Give a feature file by its path in the project."""
        return next((feature for feature in self.catalogue.features if feature.path == path), None)

    @property
    def shipped(self) -> tuple[str, ...]:
        """The kit's own feature files in a project of somebody's own, by their paths; none in the kit's repository."""
        told = (*((feature.path, feature.file) for feature in self.catalogue.features),)
        return tuple(path for path, file in told if file != self.root / path)

    def rows(self, environment: str, path: str) -> Iterator[Row]:
        """Give the planned rows of an environment that one feature file demands."""
        for row in self.planned[environment].values():
            if row.scenario.requirement.path == path:
                yield row


def load(config: pytest.Config) -> Project:
    """Load the project of a pytest run.

    Raises:
        pytest.UsageError: with the text of every mistake in environments and steps, and then in feature files too.
            Where only these have mistakes, they are kept for the collection of each file; where some environments of
            several have, for the end of the run, which judges the others.

    """
    root = config.rootpath
    names = config.getoption("environment")
    try:
        faults = config.getoption("fault")
        recorded = recordings(config)
        names = names or list(recorded)
        environments, unreadable = (_faulty(root, names, faults), {}) if faults else _environments(root, names)
        seen = looks(config, environments, recorded)
        words, modules = vocabulary.load(*roots(config))
    except InputError as error:
        beside = read_files(feature_files(config)).mistakes.values()
        raise pytest.UsageError(for_console(str(InputError.gather([error, *beside])))) from error
    catalogue = read_files(feature_files(config))
    if told := unknown_in_environments(catalogue.features, environments.values()):
        wrong = InputError.gather([InputError(*told), *catalogue.mistakes.values()])
        raise pytest.UsageError(for_console(str(wrong)))
    if not catalogue.mistakes:  # a scenario may be introduced by a file that could not be read
        catalogue = catalogue.without(unknown_in_tags(catalogue.features))
    catalogue = catalogue.without(
        unreached(
            catalogue.features, tuple(environments.values()), _known(root), whole=not (names or faults or unreadable)
        )
    )
    undefined = {
        feature.path: InputError(*told) for feature in catalogue.features if (told := words.mistakes_in(feature))
    }
    return Project(
        root,
        config.getoption("mode"),
        seen,
        bool(config.getini("strict")),
        root / config.getoption("reports"),
        datetime.now(UTC),
        environments,
        unreadable,
        catalogue,
        undefined,
        {name: plan(catalogue.features, environment, seen[name].stage) for name, environment in environments.items()},
        words,
        tuple(modules),
        tuple(names),
        bool(faults),
    )


def _environments(root: Path, names: list[str]) -> tuple[dict[str, Environment], dict[str, InputError]]:
    """Load every environment that was asked for, and say of the others what is wrong with them.

    Raises:
        InputError: no environment is without mistakes, or two have one name.

    """
    from mailflow.environment.find import find  # noqa: PLC0415  # with load, brings pydantic and YAML
    from mailflow.environment.load import load as load_environment  # noqa: PLC0415

    found: dict[str, Environment] = {}
    unreadable: dict[str, InputError] = {}
    errors = []
    for folder in find(root, names):
        try:
            environment = load_environment(folder)
        except InputError as error:
            before = unreadable.get(folder.name)
            unreadable[folder.name] = InputError.gather([before, error]) if before else error
            continue
        if found.setdefault(environment.name, environment) is not environment:
            named = Mistake(str(folder), None, f"a second environment '{environment.name}'", "names that differ")
            errors.append(InputError(named))
    if errors or not found:
        errors += unreadable.values()
    if errors:
        raise InputError.gather(errors)
    if not found:
        raise InputError(Mistake("fixtures", None, "no environment", "a folder with an environment.yaml", _FIRST))
    return found, unreadable


def _faulty(root: Path, names: list[str], patterns: list[str]) -> dict[str, Environment]:
    """Load every environment that was asked for, with each fault in it that is meant for it."""
    from mailflow.environment.fault import applies, load_faulty, named  # noqa: PLC0415
    from mailflow.environment.find import find  # noqa: PLC0415

    faults = named(root, patterns)
    folders = find(root, names)
    errors = [
        InputError(Mistake(fault.path, None, f"{', '.join(names)}", f"one of {', '.join(fault.file.environments)}"))
        for fault in faults
        if fault.name in patterns and not any(applies(fault, folder) for folder in folders)
    ]
    found: dict[str, Environment] = {}
    for fault in faults:
        for folder in folders:
            if applies(fault, folder):
                try:
                    environment = load_faulty(folder, fault)
                except InputError as error:
                    errors.append(error)
                else:
                    found[environment.name] = environment
    if errors:
        raise InputError.gather(errors)
    if not found:
        told = f"no fault {', '.join(patterns)} for {', '.join(folder.name for folder in folders)}"
        raise InputError(Mistake("--fault", None, told, "a fault that is meant for one of these environments"))
    return found


def _known(root: Path) -> frozenset[str]:
    """Name every environment that lies in fixtures/, loaded or not."""
    from mailflow.environment.find import find  # noqa: PLC0415

    return frozenset(folder.name for folder in find(root, []))

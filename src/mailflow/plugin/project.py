"""Everything that one run rests on: environments, features, the meaning of sentences, and the plan that follows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailflow.environment.environment import Environment, Stage
from mailflow.input_error import InputError, Mistake
from mailflow.plugin import vocabulary
from mailflow.plugin.shipped import feature_files, roots
from mailflow.plugin.vocabulary import Vocabulary
from mailflow.policy.catalogue import Catalogue, read_files
from mailflow.policy.feature import Feature, Key, Row, plan
from mailflow.policy.reach import unreached

if TYPE_CHECKING:
    from mailflow.observe.recording import Recording

_FIRST = "For a first one: mailflow new contoso.com --scenario 4"


@dataclass(frozen=True, slots=True)
class Project:
    """What is asked, of whom, and in which words. The same in every process of a run."""

    root: Path
    mode: str
    stages: Mapping[str, Stage]  # at which each environment is looked at, by its name
    recordings: Mapping[str, "Recording"]  # to judge again, by environment; only in the recorded mode
    strict: bool
    reports: Path
    started: datetime
    environments: Mapping[str, Environment]
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
        pytest.UsageError: with the text of every mistake in environments and steps. Those in feature files
            are kept for the collection of each file.

    """
    root = config.rootpath
    mode = config.getoption("mode")
    if mode == "live":
        raise pytest.UsageError(f"--mode {mode} does not exist yet; simulated is what there is")
    names = config.getoption("environment")
    try:
        faults = config.getoption("fault")
        recordings = _recordings(config, mode, faults)
        names = names or list(recordings)
        environments = _faulty(root, names, faults) if faults else _environments(root, names)
        _same(environments, recordings)
        words, modules = vocabulary.load(*roots(config))
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    catalogue = read_files(feature_files(config))
    catalogue = catalogue.without(
        unreached(catalogue.features, tuple(environments.values()), _known(root), whole=not (names or faults))
    )
    undefined = {
        feature.path: InputError(*told) for feature in catalogue.features if (told := words.mistakes_in(feature))
    }
    stages = {name: stage(environment, mode, config.getoption("stage")) for name, environment in environments.items()}
    stages |= {name: Stage(recording.stage) for name, recording in recordings.items()}
    return Project(
        root,
        mode,
        stages,
        recordings,
        bool(config.getini("strict")),
        root / config.getoption("reports"),
        datetime.now(UTC),
        environments,
        catalogue,
        undefined,
        {name: plan(catalogue.features, environment, stages[name]) for name, environment in environments.items()},
        words,
        tuple(modules),
        tuple(names),
        bool(faults),
    )


def stage(environment: Environment, mode: str, asked: str | None) -> Stage:
    """Say at which stage an environment is looked at.

    Raises:
        pytest.UsageError: a stage was asked for a simulation, which is always of the plan.

    """
    if asked and mode != "live":
        raise pytest.UsageError(f"--stage {asked} is for --mode live; {mode} has the stage of what it looks at")
    if mode == "simulated":
        return Stage.PLAN
    if asked:
        return Stage(asked)
    return environment.cutover.stage if environment.cutover else Stage.AFTER


def _recordings(config: pytest.Config, mode: str, faults: list[str]) -> dict[str, "Recording"]:
    """Read what is to be judged again, by the name of its environment."""
    files = config.getoption("evidence")
    if mode != "recorded":
        if files:
            raise pytest.UsageError("--evidence is for --mode recorded")
        return {}
    if faults:
        raise pytest.UsageError("--fault is for simulations; a recording is what it is")
    if not files:
        raise pytest.UsageError("--mode recorded needs --evidence FILE, the evidence.json of an earlier run")
    from mailflow.report.read import read_recording  # noqa: PLC0415

    found: dict[str, Recording] = {}
    for file in files:
        recording = read_recording(config.invocation_params.dir / file)
        if recording.environment in found:
            mistake = Mistake(file, None, f"a second recording of {recording.environment}", "one an environment")
            raise InputError(mistake)
        found[recording.environment] = recording
    return found


def _same(environments: Mapping[str, Environment], recordings: Mapping[str, "Recording"]) -> None:
    """Hold recordings to the folders of which they were made: another plan would be judged by them else."""
    for name, recording in recordings.items():
        environment = environments.get(name)
        if environment is None:
            told = f"a recording of '{name}'", f"one of {', '.join(environments)}"
        elif environment.digest != recording.digest:
            told = (
                f"a recording of {name} with the digest {recording.digest[:12]}…",
                f"one of the folder as it is ({environment.digest[:12]}…)",
            )
        else:
            continue
        raise InputError(Mistake("--evidence", None, *told, "Judge it beside the folder of which it was made."))
    if recordings and (missing := sorted(environments.keys() - recordings.keys())):
        raise InputError(Mistake("--evidence", None, f"no recording of {', '.join(missing)}", "one an environment"))


def _environments(root: Path, names: list[str]) -> dict[str, Environment]:
    from mailflow.environment.find import find  # noqa: PLC0415  # with load, brings pydantic and YAML
    from mailflow.environment.load import load as load_environment  # noqa: PLC0415

    found: dict[str, Environment] = {}
    errors = []
    for folder in find(root, names):
        try:
            environment = load_environment(folder)
        except InputError as error:
            errors.append(error)
            continue
        before = found.setdefault(environment.name, environment)
        if before is not environment:
            named = Mistake(str(folder), None, f"a second environment '{environment.name}'", "names that differ")
            errors.append(InputError(named))
    if errors:
        raise InputError.gather(errors)
    if not found:
        raise InputError(Mistake("fixtures", None, "no environment", "a folder with an environment.yaml", _FIRST))
    return found


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

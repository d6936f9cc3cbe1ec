"""From the outcomes of a pytest run to one `Run` an environment."""

import getpass
import hashlib
import platform
import shlex
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import mailflow
from mailflow import __version__
from mailflow.plugin.project import FEATURES, Project
from mailflow.policy.feature import Key
from mailflow.policy.readiness import readiness
from mailflow.policy.run import Run
from mailflow.policy.tally import Outcomes, tally
from mailflow.policy.trace import advice

_ENGINE = Path(mailflow.__file__).parent
_CONTENT = (".py", ".toml", ".feature", ".j2", ".css", ".js", ".json")


def runs(project: Project, selected: Collection[tuple[Key, int]], outcomes: Outcomes) -> tuple[Run, ...]:
    """Add everything up, for each environment that was asked for.

    Args:
        project: what was planned.
        selected: the examples of rows that pytest set out to run.
        outcomes: what came of them.

    """
    finished = datetime.now(UTC)
    digest = _kit_digest(project.root)
    told = []
    for name, environment in project.environments.items():
        total = tally(
            environment,
            project.catalogue,
            planned=project.planned[name],
            undefined=project.undefined,
            selected=selected,
            outcomes=outcomes,
            today=project.started.date(),
        )
        cloud = environment.microsoft_365.cloud
        told.append(
            Run(
                __version__,
                project.mode,
                project.stages[name],
                project.started,
                finished,
                name,
                environment.organization,
                environment.digest,
                f"{cloud.name}, read {cloud.read_on} from {cloud.source}",
                {domain.name: domain.scenario for domain in environment.domains},
                total.results,
                total.completeness,
                project.strict,
                total.waiver_mistakes,
                {n: advice(n) for n in sorted({domain.scenario for domain in environment.domains}) if advice(n)},
                ran_by=_login(),
                ran_on=platform.node(),
                again=_again(project, name),
                kit_digest=digest,
                readiness=readiness(environment),
            )
        )
    return tuple(told)


def _login() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may run under a number that has no name
        return ""


def _again(project: Project, name: str) -> str:
    """Say with which options the same is judged once more."""
    base, _, fault = name.rpartition("--") if project.faulty else (name, "", "")
    typed = next((asked for asked in project.asked if Path(asked).name == base), base)
    options = ["--environment", typed]
    if fault:
        options += ["--fault", fault]
    if project.mode != "simulated":
        options += ["--mode", project.mode, "--stage", str(project.stages[name])]
    return shlex.join(options)


def _kit_digest(root: Path) -> str:
    """Give SHA-256 over the features and steps of a project and over the engine, by name and content.

    Line ends count as one character, whatever a checkout on Windows made of them.
    """
    whole = hashlib.sha256()
    for base, folder in ((root, root / FEATURES), (root, root / "steps"), (_ENGINE.parent, _ENGINE)):
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix in _CONTENT)
        for name, path in sorted((path.relative_to(base).as_posix(), path) for path in files):
            content = hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
            whole.update(f"{content}  {name}\n".encode())
    return whole.hexdigest()

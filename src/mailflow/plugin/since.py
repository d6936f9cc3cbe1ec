"""`--since`: the report of an earlier run, against which this one is held."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mailflow.input_error import InputError, Mistake
from mailflow.plugin.project import Project
from mailflow.policy.comparison import compare
from mailflow.policy.run import Run
from mailflow.report.folder import place
from mailflow.report.read import FILE, read


def earlier(project: Project, path: Path) -> dict[str, Run]:
    """Read the earlier run of each environment: of one report, or of a folder of reports as `--reports` names it.

    One report may be of another name than the environment where only one is judged: a copy, or the live side.

    Raises:
        InputError: there is no such report, it cannot be read, or it is of no environment that is judged.

    """
    single = path / FILE if (path / FILE).is_file() else path
    if not single.is_dir():
        run = read(single)
        names = [run.environment] if run.environment in project.environments else list(project.environments)
        if len(names) != 1:
            wanted = f"one of {', '.join(names)}"
            raise InputError(Mistake(single.as_posix(), None, f"a report of '{run.environment}'", wanted))
        return {names[0]: _of(project, names[0], single, run)}
    files = {name: path / place(name, project.mode, set()) / FILE for name in project.environments}
    found = {name: _of(project, name, file, read(file)) for name, file in files.items() if file.is_file()}
    if not found:
        told = f"no report of {', '.join(project.environments)}, {project.mode}"
        raise InputError(Mistake(path.as_posix(), None, told, f"a {FILE}, its folder, or the folder of all reports"))
    return found


def with_comparison(run: Run, before: Mapping[str, Run]) -> Run:
    """Give a run with what changed since the earlier one, where there is one."""
    old = before.get(run.environment)
    return replace(run, compared=compare(old, run)) if old else run


def _of(project: Project, name: str, file: Path, run: Run) -> Run:
    """Hold a report to the environment: with no row in common, nothing could be said."""
    planned = {(key.id, key.domain) for key in project.planned[name]}
    if planned.isdisjoint((result.requirement.id, result.domain) for result in run.results):
        raise InputError(Mistake(file.as_posix(), None, "no row of this environment", f"a report of {name}"))
    return run

"""From the outcomes of a pytest run to the `Run` of an environment."""

import getpass
import platform
import shlex
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from mailflow import __version__
from mailflow.environment.scenario import in_order
from mailflow.observe.recording import Recording
from mailflow.plugin.project import Project
from mailflow.policy.feature import Key
from mailflow.policy.misfit import misfits
from mailflow.policy.readiness import readiness
from mailflow.policy.run import Observed, Run
from mailflow.policy.tally import Outcomes, tally
from mailflow.policy.trace import advice


def run_of(
    project: Project,
    name: str,
    kit: str,
    *,
    selected: Collection[tuple[Key, int]],
    outcomes: Outcomes,
    seen: Recording | None,
) -> Run:
    """Add up what was judged of one environment.

    Args:
        project: what was planned.
        name: of the environment.
        kit: the digest of what judges.
        selected: the examples of rows that pytest set out to run.
        outcomes: what came of them.
        seen: what was observed.

    """
    environment = project.environments[name]
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
    return Run(
        __version__,
        project.mode,
        project.looks[name].stage,
        project.started,
        datetime.now(UTC),
        name,
        environment.organization,
        environment.digest,
        f"{cloud.name}, read {cloud.read_on} from {cloud.source}",
        {domain.name: domain.scenario for domain in environment.domains},
        total.results,
        total.completeness,
        project.strict,
        total.waiver_mistakes,
        {n: advice(n) for n in in_order({domain.scenario for domain in environment.domains}) if advice(n)},
        ran_by=_login(),
        ran_on=platform.node(),
        again=_again(project, name),
        readiness=readiness(environment),
        misfits=misfits(environment),
        files=environment.files,
        kit_digest=kit,
        observed=Observed(seen.mode, seen.at, seen.vantage) if seen else None,
        recording=seen,
    )


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
    if project.mode == "live":
        options += ["--mode", "live", "--stage", str(project.looks[name].stage)]
    elif project.mode == "recorded":
        options += ["--mode", "recorded", "--evidence", "evidence.json"]  # the one beside the report
    return shlex.join(options)

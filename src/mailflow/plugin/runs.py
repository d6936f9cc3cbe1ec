"""From the outcomes of a pytest run to one `Run` an environment."""

from collections.abc import Collection
from datetime import UTC, datetime

from mailflow import __version__
from mailflow.plugin.project import Project
from mailflow.policy.feature import Key
from mailflow.policy.run import Run
from mailflow.policy.tally import Outcomes, tally
from mailflow.policy.trace import advice


def runs(project: Project, selected: Collection[tuple[Key, int]], outcomes: Outcomes) -> tuple[Run, ...]:
    """Add everything up, for each environment that was asked for.

    Args:
        project: what was planned.
        selected: the examples of rows that pytest set out to run.
        outcomes: what came of them.

    """
    finished = datetime.now(UTC)
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
            )
        )
    return tuple(told)

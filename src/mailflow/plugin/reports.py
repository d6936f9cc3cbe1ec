"""The reports of a run: that of an environment as soon as it is judged, and at the end what tells of all."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from mailflow.observe.recording import Recording
from mailflow.plugin.build_server import add_summary
from mailflow.plugin.project import Project
from mailflow.plugin.runs import run_of
from mailflow.plugin.since import with_comparison
from mailflow.policy.feature import Key
from mailflow.policy.kit import kit_digest
from mailflow.policy.run import Run
from mailflow.policy.tally import Outcomes
from mailflow.report.folder import place


class Reports:
    """Writes them, and keeps of each run what is still asked of it."""

    def __init__(self, project: Project, before: Mapping[str, Run], environ: Mapping[str, str]) -> None:
        """`before`: the earlier run of each environment, where one is named; `environ`: of the build server."""
        self._project = project
        self._before = before
        self._environ = environ
        taken: set[str] = set()
        self._places = {name: place(name, project.mode, taken) for name in project.environments}
        self.runs: dict[str, Run] = {}  # by environment; without evidence
        self.pages: list[Path] = []  # report.html of each run that could be written
        self.unwritten = ""  # why reports could not be written

    @cached_property
    def _kit(self) -> str:
        return kit_digest(self._project.root)

    def tell(
        self, name: str, selected: Collection[tuple[Key, int]], outcomes: Outcomes, seen: Recording | None
    ) -> None:
        """Add up what was judged of an environment, and write its report."""
        from mailflow.report import write_run  # noqa: PLC0415  # only where there is something to write

        run = run_of(self._project, name, self._kit, selected=selected, outcomes=outcomes, seen=seen)
        run = with_comparison(run, self._before)
        try:
            self.pages.append(write_run(run, self._project.reports / self._places[name]))
        except OSError as error:
            self._could_not(error)
        self.runs[name] = brief(run)

    def summarize(self) -> None:
        """Write what tells of all environments."""
        from mailflow.report import write_index  # noqa: PLC0415  # only where there is something to write

        runs = self.in_order()
        try:
            folders = [(run, self._places[run.environment]) for run in runs]
            write_index(folders, self._project.reports, self._project.unreadable)
            add_summary(runs, self._environ, self._project.unreadable)
        except OSError as error:
            self._could_not(error)

    def in_order(self) -> tuple[Run, ...]:
        """Give the runs in the order of the environments."""
        return tuple(self.runs[name] for name in self._project.environments if name in self.runs)

    def _could_not(self, error: OSError) -> None:
        self.unwritten = self.unwritten or f"{error.filename or self._project.reports}: {error.strerror or error}"


def brief(run: Run) -> Run:
    """Give what is asked of a run once its report is written: decision, counts, what is open; no evidence.

    One that is compared with an earlier run stays whole: the comparison holds both.
    """
    if run.compared:
        return run
    results = tuple(replace(result, steps=(), evidence=()) for result in run.results)
    return replace(run, results=results, recording=None)

"""One pytest run over feature files: collecting them, gathering outcomes, and the decision at the end."""

import gc
import json
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.reporting import test_report_context_registry

from mailflow.input_error import InputError
from mailflow.observe.pieces import as_text
from mailflow.observe.recording import Recording, read, written
from mailflow.plugin import fixtures, outcome, terminal
from mailflow.plugin.build_server import commands
from mailflow.plugin.collect import FeatureFile, FeaturesFolder, ScenarioItem
from mailflow.plugin.doors import DOORS, Doors
from mailflow.plugin.progress import Progress
from mailflow.plugin.project import Project
from mailflow.plugin.record import packed, unpacked
from mailflow.plugin.reports import Reports
from mailflow.plugin.shard import Shard
from mailflow.plugin.shipped import FEATURES, Arguments
from mailflow.plugin.since import earlier
from mailflow.policy.feature import Key
from mailflow.policy.requirement import Result
from mailflow.policy.run import Decision, Run
from mailflow.report.printable import for_console

_MARKERS = (
    "must: without it mail is lost, takes a forbidden path, bypasses the filter or cannot be sent",
    "should: every other requirement",
    "tenant: asked once for the tenant",
    "scenario(number), scenario(word): asked of domains that declare this scenario",
    "domain(name): asked of this domain",
    "environment(name): asked of this environment",
    "stage(name): planned in runs that look at the plan, at what is there before the change, or after it",
)
_RECORDINGS = "mailflow_recordings"
_READY = (Decision.READY, Decision.READY_WITH_ACCEPTED_RISKS)


def register(config: pytest.Config, project: Project) -> None:
    """Make a run of pytest a run over the features of a project.

    Raises:
        pytest.UsageError: the report of an earlier run cannot be read.

    """
    own = (tag for feature in project.catalogue.features for scenario in feature.scenarios for tag in scenario.tags)
    for marker in (*_MARKERS, *sorted({f"{tag}: of feature files" for tag in own if ":" not in tag})):
        config.addinivalue_line("markers", marker)
    config.stash[DOORS] = Doors(project, lambda line: _say(config, line))
    config.pluginmanager.register(fixtures, "mailflow-fixtures")
    for module in project.steps:
        config.pluginmanager.register(module)
    config.pluginmanager.register(Session(config, project), "mailflow-session")
    config.add_cleanup(gc.unfreeze)  # what the session freezes is let go with it


class Session:
    """The hooks of one run, and what it has heard so far."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        self.config = config
        self.project = project
        self.arguments = Arguments(config, project.shipped)
        # Of the environments whose reports are still to be written:
        self.selected: set[tuple[Key, int]] = set()  # what this run set out to judge, in this process
        self.left: Counter[str] = Counter()  # how much of it is not judged yet, by environment
        self.outcomes: dict[tuple[Key, int], Result | str] = {}
        self.recordings: dict[str, Recording] = {}  # what was observed, by environment
        self.bad_input = bool(project.unreadable)  # or a selected feature file has mistakes
        self.shard = Shard(config, project)
        self.progress = Progress(tuple(project.environments))
        self._environ = {} if self.shard.is_part else os.environ  # `mailflow merge` tells the build server
        self.reports = Reports(project, _before(config, project), self._environ)
        self._requirements = {
            scenario.requirement.id: scenario.requirement
            for feature in project.catalogue.features
            for scenario in feature.scenarios
        }

    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> FeaturesFolder | None:
        """Add the kit's feature files to those of somebody's own project."""
        if not self.project.shipped or path != self.project.root / FEATURES:
            return None
        folder = FeaturesFolder.from_parent(parent, path=path)
        folder.project = self.project
        return folder

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> FeatureFile | None:
        """Collect the feature files of the project."""
        if file_path.suffix == ".feature" and file_path.is_relative_to(self.project.root / FEATURES):
            return FeatureFile.from_parent(parent, path=file_path, project=self.project)
        return None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember that a feature file could not be collected for what is written in it."""
        self.bad_input |= report.failed and self.project.mistakes(report.nodeid) is not None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Judge one environment after the other, so that only one is open at a time; else the order stays."""
        self.arguments.leave_out(config, items)
        self.shard.leave_out(config, items)
        place = {name: number for number, name in enumerate(self.project.environments)}
        items.sort(key=lambda item: place[item.environment.name] if isinstance(item, ScenarioItem) else -1)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know what is to be judged; the controller of pytest-xdist collects nothing and is not asked."""
        chosen = [item for item in session.items if isinstance(item, ScenarioItem)]
        self.selected = {(item.row.key, item.example) for item in chosen}
        self.left = Counter(item.environment.name for item in chosen)
        gc.freeze()  # what was loaded stays to the end: nobody has to look through it again and again (`register`)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """In a long run, say now and then how far it is."""
        if line := self.progress.line(nodeid):
            _say(self.config, line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """In a dry run say whom a run would contact, and stop there."""
        if not self.config.option.dry_run or session.testsfailed or self.config.option.collectonly:
            return None
        self.config.stash[DOORS].announce()
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a scenario. Behind the last of an environment its report is written, and what it kept is let go."""
        if not isinstance(item, ScenarioItem):
            return (yield)
        with item.at_work():
            done = yield
        self.left[item.environment.name] -= 1
        if not self.left[item.environment.name] and any(self.left.values()) and not self._is_worker:
            self._tell(item.environment.name)
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the outcome of a scenario on its report."""
        report = yield
        if isinstance(item, ScenarioItem) and (call.when == "call" or not report.passed):
            error = call.excinfo.value if call.excinfo else None
            told: Result | str
            if call.when == "call" and (error is None or isinstance(error, outcome.Blocked)):
                verdict = str(item.final().verdict)
                told = item.record.result()
            else:
                verdict = outcome.ERROR
                where = item.record.where() or f"at {call.when}"
                cause = f"{type(error).__name__}: {error}".partition("\n")[0] if error else "not run"
                told = f"{cause} {where}"
                steps = (f"{step.keyword} {step.text}: {step.status}" for step in item.record.steps())
                report.sections.append(("Sentences", "\n".join(steps)))
            vars(report).update(mailflow=(item.row.key, item.example, told), mailflow_verdict=verdict)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self, report: object) -> Generator[None, dict[str, Any], dict[str, Any]]:
        """Write an outcome as text where its report leaves for another process."""
        plain = yield
        if told := getattr(report, "mailflow", None):
            plain["mailflow"] = packed(*told)
        return plain

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self) -> Generator[None, object, object]:
        """Read the outcome on a report that comes from another process."""
        report = yield
        if text := getattr(report, "mailflow", None):
            vars(report)["mailflow"] = unpacked(text, self._requirements)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a scenario from its report; an error outweighs what was said before it."""
        self._forget(report)
        if said := vars(report).pop("mailflow", None):
            key, example, told = said
            self.outcomes[key, example] = told

    def _forget(self, report: pytest.TestReport) -> None:
        """Let go of what is kept of every scenario and never asked for again: half of the memory of a large run.

        pytest-bdd keeps a copy of the scenario with each report, from which others have written by now; pytest keeps
        the reports of setup and teardown for what was printed in them (-rP).
        """
        test_report_context_registry.pop(report, None)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        kept = reporter.stats.get("", []) if reporter else []
        if kept and kept[-1] is report and not report.sections:
            kept.pop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a process of pytest-xdist observed. Each asks for itself; what they saw is put together."""
        for name, text in getattr(node, "workeroutput", {}).get(_RECORDINGS, {}).items():
            recording = read(json.loads(text), name)
            before = self.recordings.get(name)
            self.recordings[name] = before.joined(recording) if before else recording

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> outcome.Status | None:
        """Show verdicts by their own words."""
        verdict = getattr(report, "mailflow_verdict", None)
        return outcome.status(verdict, failed=report.failed) if verdict else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Close the doors, write the reports that are not written yet, decide."""
        self._close()
        gc.freeze()  # what was found stays while it is written
        nothing = exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self._is_worker:  # its controller decides
            told = {name: "".join(as_text(written(recording))) for name, recording in self.recordings.items()}
            vars(self.config)["workeroutput"][_RECORDINGS] = told
        if nothing or self._is_worker:
            return
        if self.bad_input:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self.config.option.collectonly or self.config.option.dry_run:
            return
        if self.config.pluginmanager.hasplugin("dsession"):
            self.selected = self._planned()
        for name in self.project.environments:
            if name not in self.reports.runs:
                self._tell(name)
        self.reports.summarize()
        if self.reports.unwritten:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif exitstatus == pytest.ExitCode.OK and any(run.decision not in _READY for run in self.reports.runs.values()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say the decisions."""
        runs, unwritten = self.reports.in_order(), self.reports.unwritten
        terminal.tell(terminalreporter, runs, self.project.reports, unwritten, self.project.unreadable)
        for line in commands(runs, [page.parent for page in self.reports.pages], self._environ):
            terminalreporter.write_line(line)

    @property
    def _is_worker(self) -> bool:
        """Whether this is one of the processes of pytest-xdist."""
        return hasattr(self.config, "workerinput")

    def _planned(self) -> set[tuple[Key, int]]:
        """Give what all processes together set out to judge: the controller of pytest-xdist does not know it."""
        rows = (row for planned in self.project.planned.values() for row in planned.values())
        return {(row.key, number) for row in rows if self.shard.holds(row.key) for number in row.examples}

    def _close(self) -> None:
        doors = self.config.stash[DOORS]
        doors.close()
        self.recordings |= doors.recordings
        doors.recordings.clear()

    def _tell(self, name: str) -> None:
        """Let the report of an environment be written; what was kept for it goes."""
        self._close()
        self.reports.tell(name, self.selected, self.outcomes, self.recordings.pop(name, None))
        self.outcomes = {key: told for key, told in self.outcomes.items() if key[0].environment != name}


def _say(config: pytest.Config, line: str) -> None:
    """Write a line to the terminal while scenarios run; pytest keeps what they print themselves."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(for_console(line))


def _before(config: pytest.Config, project: Project) -> dict[str, Run]:
    """Give the earlier run of each environment; a process of pytest-xdist needs none."""
    path = config.getoption("since")
    if path is None or hasattr(config, "workerinput"):
        return {}
    if not path:  # a variable of a build server that is not set
        raise pytest.UsageError("--since needs the report of an earlier run")
    try:
        return earlier(project, config.invocation_params.dir / path)
    except InputError as error:
        raise pytest.UsageError(for_console(str(error))) from error

"""Feature files as pytest nodes: file, environment, domain, scenario. No Python of the user's is needed.

    features/scenario_4.feature::scenario-4::contoso.com::the-mx-records-name-the-planned-servers

The domain is a node and not a parameter in brackets, so that -k, node ids, --lf and editors work alike.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.feature import get_feature
from pytest_bdd.parser import Scenario
from pytest_bdd.reporting import scenario_reports_registry

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.scenario import scenario_name
from mailflow.judge.condition import is_filled_in
from mailflow.plugin.carry_out import carry_out
from mailflow.plugin.doors import DOORS
from mailflow.plugin.outcome import Blocked, told
from mailflow.plugin.project import Project
from mailflow.plugin.record import Record
from mailflow.policy.feature import Row
from mailflow.policy.gherkin_file import ENCODING
from mailflow.policy.requirement import Level, Result
from mailflow.policy.waiver import WAIVABLE, waive
from mailflow.report.printable import for_console

TENANT = "tenant"  # the node of scenarios that are about the tenant and no domain


class FeatureFile(pytest.File):
    """A feature file. A mistake in it is a collection error without a traceback."""

    def __init__(self, *, project: Project, **node: Any) -> None:
        super().__init__(**node)
        self.project = project

    def collect(self) -> Iterator["EnvironmentNode"]:
        """Give a node for each environment that the file asks something of."""
        path = self.path.relative_to(self.project.root).as_posix()
        if error := self.project.mistakes(path):
            raise self.CollectError(for_console(str(error)))
        for name, environment in self.project.environments.items():
            if rows := list(self.project.rows(name, path)):
                yield EnvironmentNode.from_parent(
                    self, name=name, project=self.project, environment=environment, rows=rows
                )


class FeaturesFolder(pytest.Directory):
    """The folder features/ of somebody's own project: what lies in it, and the kit's files as if they did."""

    project: Project

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Give a node for each file, the kit's first."""
        for path in self.project.shipped:
            yield FeatureFile.from_parent(self, path=self.project.root / path, project=self.project)
        yield from pytest.Dir.from_parent(self, path=self.path).collect()


class EnvironmentNode(pytest.Collector):
    """One environment in a feature file."""

    def __init__(self, *, project: Project, environment: Environment, rows: list[Row], **node: Any) -> None:
        super().__init__(**node)
        self.project = project
        self.environment = environment
        self.rows = rows

    def collect(self) -> Iterator["DomainNode"]:
        """Give a node for each domain, and one for the tenant."""
        rows: dict[str | None, list[Row]] = {}
        for row in self.rows:
            rows.setdefault(row.key.domain, []).append(row)
        domains = {domain.name: domain for domain in self.environment.domains}
        for name, its_own in rows.items():
            domain = domains[name] if name else None
            yield DomainNode.from_parent(self, name=name or TENANT, domain=domain, rows=its_own)


class DomainNode(pytest.Collector):
    """One domain of an environment, or its tenant, in a feature file."""

    def __init__(self, *, domain: Domain | None, rows: list[Row], **node: Any) -> None:
        super().__init__(**node)
        self.domain = domain
        self.rows = rows

    def collect(self) -> Iterator["ScenarioItem"]:
        """Give every scenario, and every row of an outline."""
        of_all = None  # what pytest knows of the one function behind them: it would find it out for each anew
        for row in self.rows:
            for number in row.examples:
                name = row.scenario.examples[number].name
                item = ScenarioItem.from_parent(self, name=name, row=row, example=number, fixtureinfo=of_all)
                of_all = item._fixtureinfo  # noqa: SLF001  the parameter is public, its value is not
                yield item


class ScenarioItem(pytest.Function):
    """One scenario, or one row of an outline, for one domain."""

    parent: DomainNode
    scenario: Scenario  # this and its record: only while it runs
    record: Record

    def __init__(self, *, row: Row, example: int, parent: DomainNode, **node: Any) -> None:
        super().__init__(parent=parent, callobj=_run, **node)
        within = parent.parent
        if not isinstance(within, EnvironmentNode):
            raise TypeError(within)
        self.project = within.project
        self.environment = within.environment
        self.row = row
        self.example = example
        for tag in sorted(row.scenario.tags):
            if not tag.startswith("except:"):  # it selects nothing
                self.add_marker(_mark(tag))
            self.extra_keyword_matches.add(tag)  # for -k too: "scenario:4"

    def fresh_record(self) -> Record:
        """Give an empty record; a scenario that is run again begins anew."""
        steps = [(step.type, step.keyword, step.name) for step in self.scenario.steps]
        draft = is_filled_in(self.environment)
        return Record(self.row.scenario.requirement, self.row.key.domain, steps, [draft] if draft else [])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have sentences and notes while the scenario runs, and not before and after: a run may have 40,000 of them."""
        requirement = self.row.scenario.requirement
        feature = self.project.feature(requirement.path)
        path = feature.file if feature else self.path
        template = get_feature(str(path.parent), path.name, ENCODING).scenarios[requirement.title]
        self.scenario = template.render(self.row.scenario.examples[self.example].values)
        self.record = self.fresh_record()
        yield
        del self.scenario, self.record
        scenario_reports_registry.pop(self, None)  # pytest-bdd keeps its sentences as long as this node lives

    @property
    def domain(self) -> Domain:
        """The domain that is asked.

        Raises:
            LookupError: the scenario is about the tenant.

        """
        if self.parent.domain is None:
            raise LookupError("a scenario tagged @tenant is about the tenant; it has no domain")
        return self.parent.domain

    @property
    def known(self) -> Mapping[str, Callable[[], object]]:
        """What a sentence may ask for by name, the fixtures of the same names."""
        doors = self.config.stash[DOORS]
        return {
            "environment": lambda: doors.observed(self.environment),
            "domain": lambda: self.domain,
            "door": lambda: doors.door(self.environment),
            "conclude": lambda: self.record.conclude,
            "condition": lambda: self.record.condition,
        }

    def setup(self) -> None:
        """Begin anew."""
        self.record = self.fresh_record()
        super().setup()

    def final(self) -> Result:
        """Give the result of this run of the scenario, waived where a waiver covers it."""
        return waive(self.record.result(), self.environment.waivers, self.project.started.date())

    def conclude(self) -> None:
        """Fail for pytest where the result keeps the change from going ahead.

        Raises:
            Blocked: with the result.

        """
        result = self.final()
        counts = self.project.strict or result.requirement.level is Level.MUST
        if counts and result.verdict in WAIVABLE:
            raise Blocked(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]  # as pytest.Function does
        """Tell a result in its own words; an error in a step keeps its traceback."""
        if isinstance(excinfo.value, Blocked):
            return told(excinfo.value.result)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the feature file, the line and the row, for headings, JUnit and editors."""
        requirement = self.row.scenario.requirement
        row = f"{requirement.id} for {self.row.key.domain or 'the tenant'} in {self.environment.name}"
        return self.project.root / requirement.path, requirement.line - 1, row


def _run(request: pytest.FixtureRequest) -> None:
    """Is what pytest calls for every scenario."""
    __tracebackhide__ = True
    item = request.node
    carry_out(request, item.scenario, item.project.vocabulary, item.record, item.known)
    item.conclude()


@cache  # each tag once, not for each of 40,000 items
def _mark(tag: str) -> pytest.MarkDecorator:
    """Make a tag a mark for -m: @scenario:4 is scenario(number=4)."""
    kind, _, value = tag.partition(":")
    if kind == "scenario":
        name = scenario_name(value)
        return pytest.mark.scenario(**{"number" if isinstance(name, int) else "word": name})
    mark: pytest.MarkDecorator = getattr(pytest.mark, kind)
    return mark(name=value) if kind in ("domain", "environment", "stage") else mark

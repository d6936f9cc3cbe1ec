"""A toy project: two worlds, a few sentences, and everything below the plugin replaced by what can be seen through."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

# pytester forgets after each test what was first imported in it; these are imported before, once.
import mailflow.environment.find
import mailflow.environment.load
import mailflow.plugin.project
import mailflow.plugin.runs
import mailflow.plugin.session
import mailflow.report  # noqa: F401  # for the same reason
from mailflow.environment import environment as nouns
from mailflow.input_error import InputError, Mistake
from mailflow.observe.recording import Recording
from mailflow.policy.misfit import Misfit
from mailflow.policy.run import Run

STEPS = """
from pytest_bdd import given, parsers, then, when
from mailflow.policy.finding import Evidence, compliant, non_compliant, not_applicable, not_verified

EVIDENCE = Evidence("dns", "MX contoso.com", "192.0.2.53", ("10 mail.contoso.com.",))

@given("the condition holds")
def the_condition_holds(condition):
    condition(compliant("it holds", "yes"))

@given("the condition does not hold")
def the_condition_does_not_hold(condition):
    condition(not_applicable("users forward mail outside", "nobody does"))

@given("nobody has answered")
def nobody_has_answered(condition):
    condition(not_verified("users forward mail outside", "nobody has answered", remedy="Answer it."))

@given("a condition that is violated")
def a_condition_that_is_violated(condition):
    condition(non_compliant("x", "y"))

@when("it is looked up", target_fixture="answer")
def it_is_looked_up(door, domain):
    return door.look_up(domain)

@when("the tenant is looked up", target_fixture="answer")
def the_tenant_is_looked_up(door):
    return door.look_up(None)

@then("it is right")
def it_is_right(answer, conclude):
    conclude(compliant(f"the MX of {answer}", "mail.contoso.com", EVIDENCE, notes=("30 days left",)))

@then("it is wrong")
def it_is_wrong(conclude):
    conclude(non_compliant("the MX is mail", "the MX is old", EVIDENCE))

@then("it is wrong in its own way")
def it_is_wrong_in_its_own_way(conclude):
    conclude([compliant("a", "b"), non_compliant("TLS 1.2", "TLS 1.0", remedy="Set-It -Tls 1.2")])

@then("nothing answers")
def nothing_answers(conclude):
    conclude(not_verified("the MX is mail", "timeout after 5 s"))

@then("it does not apply")
def it_does_not_apply(conclude):
    conclude(not_applicable("Exchange servers keep trust", "no server is Exchange"))

@then("it concludes nothing")
def it_concludes_nothing():
    pass

@then("there is nothing to judge")
def there_is_nothing_to_judge(conclude):
    conclude([])

@then("the judge breaks")
def the_judge_breaks():
    raise KeyError("connector")

@then("the judge skips")
def the_judge_skips():
    import pytest
    pytest.skip("no time")

@then(parsers.parse('it is "{word}"'))
def it_is(word, conclude):
    conclude(compliant("right", word) if word == "right" else non_compliant("right", word))
"""

HEAD = "Source: own; Toy policy, section 1; stated\n    Remedy: Publish it."


@dataclass
class Outcome:
    """What a run left behind."""

    exit_status: int
    runs: list[Run]
    output: Any  # pytester's line matcher
    text: str
    doors: list[str]

    @property
    def run(self) -> Run:
        """The one run."""
        [run] = self.runs
        return run


@dataclass
class Toys:
    """The toy project, and how it is run."""

    pytester: pytest.Pytester
    environments: list[Any] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)  # in every environment
    mistakes_in: dict[str, list[Mistake]] = field(default_factory=dict)  # by environment
    unreadable: dict[str, InputError] = field(default_factory=dict)  # that the report was told of
    runs: list[Run] = field(default_factory=list)
    listed: list[Run] = field(default_factory=list)  # in index.html
    doors: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)  # in which doors were opened and reports written
    folder: Path | None = None  # where reports were asked for
    broken_door: str = ""  # why it does not open
    unwritable: bool = False  # the reports
    cache: bool = False
    misfits: tuple[Misfit, ...] = ()  # of every environment

    def environment(self, name: str = "toy", domains: dict[str, int] | None = None, waivers: Any = ()) -> None:
        """Add an environment."""
        self.environments.append(
            nouns.Environment(
                name,
                self.pytester.path / "fixtures" / name,
                "Contoso",
                tuple(nouns.Domain(d, s, ()) for d, s in (domains or {"contoso.com": 4}).items()),
                SimpleNamespace(cloud=SimpleNamespace(name="worldwide", read_on="2026-01-01", source="here")),
                *(None,) * 6,
                zones={},
                authorities=(),
                waivers=tuple(waivers),
                digest="0" * 64,
                lines={},
            )
        )

    @staticmethod
    def scenario(*steps: str, tags: str = "@TOY-MX-1 @must", title: str = "The MX is right", head: str = HEAD) -> str:
        """Write a scenario."""
        lines = "\n    ".join(steps)
        return f"\n  {tags}\n  Scenario: {title}\n    {head}\n\n    {lines}\n"

    def feature(self, *scenarios: str, tags: str = "", path: str = "toy.feature") -> None:
        """Write a feature file of some scenarios."""
        self.file(f"{tags}\nFeature: Toys\n{''.join(scenarios)}", path)

    def file(self, text: str, path: str = "toy.feature") -> None:
        """Write a feature file."""
        file = self.pytester.path / "features" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def steps(self, text: str, name: str = "more") -> None:
        """Write a module of definitions."""
        (self.pytester.path / "steps" / f"{name}.py").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Outcome:
        """Run pytest in the project."""
        if not self.environments:
            self.environment()
        self.runs, self.doors, self.order = [], [], []
        for name in [name for name in sys.modules if name.partition(".")[0] == "steps"]:
            del sys.modules[name]
        cache = [] if self.cache else ["-p", "no:cacheprovider"]
        plain = ["-p", "no:hypothesispytest"]  # it would cost most of the time
        result = self.pytester.runpytest_inprocess(*plain, *cache, *arguments, no_reraise_ctrlc=True)
        text = "\n".join([*result.outlines, *result.errlines])
        return Outcome(int(result.ret), self.runs, result.stdout, text, self.doors)


@pytest.fixture
def toys(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Toys:
    project = Toys(pytester)
    (pytester.path / "features").mkdir()
    (pytester.path / "steps").mkdir()
    project.steps("", "__init__")
    project.steps(STEPS, "toy")
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\naddopts = ["--strict-markers"]\ntestpaths = ["features"]\n')

    def find(root: Path, names: list[str]) -> list[Path]:
        folders = {e.name: e.folder for e in project.environments}
        return [folders[name] for name in names] if names else [e.folder for e in project.environments]

    def load(folder: Path) -> Any:
        if project.mistakes:
            raise InputError(*project.mistakes)
        if folder.name in project.mistakes_in:
            raise InputError(*project.mistakes_in[folder.name])
        return next(e for e in project.environments if e.folder == folder)

    @contextmanager
    def open_door(environment: Any, look: Any) -> Any:
        project.doors.append(f"open {environment.name} {look.mode}")
        project.order.append(f"open {environment.name}")
        if project.broken_door:
            raise OSError(project.broken_door)
        yield SimpleNamespace(
            look_up=lambda domain: domain.name if domain else "the tenant",
            recording=lambda: Recording(
                mode=look.mode, stage=look.stage, at=datetime.now(UTC), environment=environment.name, digest="0" * 64
            ),
        )
        project.doors.append(f"close {environment.name}")

    def write_run(run: Run, folder: Path) -> Path:
        if project.unwritable:
            raise PermissionError(13, "Permission denied")
        project.order.append(f"write {run.environment}")
        project.runs.append(run)
        return folder / "report.html"

    def write_index(runs: list[tuple[Run, str]], folder: Path, unreadable: Any) -> Path:
        if project.unwritable:
            raise PermissionError(13, "Permission denied")
        project.listed = [run for run, _ in runs]
        project.unreadable = dict(unreadable)
        project.folder = folder
        return folder / "index.html"

    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TF_BUILD"):  # of the server that runs these tests
        monkeypatch.delenv(name, raising=False)
    door = ModuleType("mailflow.door")
    door.open_door = open_door
    monkeypatch.setitem(sys.modules, "mailflow.door", door)
    monkeypatch.setattr("mailflow.environment.find.find", find)
    monkeypatch.setattr("mailflow.environment.load.load", load)
    monkeypatch.setattr("mailflow.report.write_run", write_run)
    monkeypatch.setattr("mailflow.report.write_index", write_index)
    monkeypatch.setattr("mailflow.plugin.runs.misfits", lambda environment: project.misfits)
    return project

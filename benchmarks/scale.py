# noqa: INP001  a script, run by its path and imported by nobody
"""Time and memory of a simulated run over 10, 100 and 1,000 domains, beside a bare pytest of as many items.

python benchmarks/scale.py [DOMAINS …]        the table, what a scenario costs beside its work, and the start
python benchmarks/scale.py parts [DOMAINS]    one process, pytest -n 2, and four shards that `mailflow merge` joins
python benchmarks/scale.py organizations [NUMBER …]    as many organizations of two domains in one run

Seconds are the wall clock and, in brackets, CPU time of all processes: on a busy machine only the second means much.
Peak memory is that of the largest process, as the system counts it (Linux and macOS).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from organizations import write

ROOT = Path(__file__).parents[1]
EMPTY = 40  # scenarios without work
SHARDS = 4

FEATURE = """\
@scenario:4 @scenario:parked
Feature: Nothing
"""
SCENARIO = """
    @NIL-{number} @must
    Scenario: Nothing is true the {number}. time
      Why it matters: it does not.

      Source: RFC 7208; section 3.1; stated
      Remedy: None.

      Given nothing is given
      When nothing happens
      Then nothing is found
"""
STEPS = '''\
"""Sentences that do nothing."""

from pytest_bdd import given, then, when

from mailflow.policy.finding import compliant

NOTHING = compliant("nothing", "nothing")


@given("nothing is given")
def given_nothing(condition):
    condition(NOTHING)


@when("nothing happens", target_fixture="nothing")
def nothing_happens(domain):
    return domain


@then("nothing is found")
def found(conclude, nothing):
    conclude(NOTHING)
'''
BARE = "import pytest\n\n\n@pytest.mark.parametrize('n', range({items}))\ndef test_nothing(n):\n    pass\n"


@dataclass(frozen=True)
class Took:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    items: int

    def __str__(self) -> str:
        return f"{self.wall_s:7.1f} s ({self.cpu_s:6.1f} s), {self.peak_mb:5.0f} MB"


def run(*command: str, folder: Path = ROOT) -> Took:
    """Run a Python module in a process of its own, as users do: with compiled files, without other plugins."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=folder, stdout=told, stderr=told, env=environ)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        said = told.read()
    if process.returncode not in (0, 1):
        raise SystemExit(said)
    unit = 1e6 if sys.platform == "darwin" else 1e3
    counted = re.findall(r"(\d+) (?:passed|failed|non-compliant|not applicable|not verified)", said.splitlines()[-1])
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / unit, sum(map(int, counted)))


def pytest(*arguments: str, folder: Path = ROOT) -> Took:
    """Run pytest; the plugin of hypothesis costs every start up to a second and is not among what users have."""
    return run("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments, folder=folder)


def judged(environment: Path, reports: Path, *options: str) -> Took:
    """Judge an environment in a simulation; the options may name more."""
    return pytest("features", "--environment", str(environment), "--reports", str(reports), *options)


def bare(place: Path, items: int) -> Took:
    """Run as many empty tests."""
    folder = place / f"bare-{items}"
    folder.mkdir(exist_ok=True)
    (folder / "test_bare.py").write_text(BARE.format(items=items), "utf-8")
    return pytest(folder=folder)


def nothing(place: Path) -> Path:
    """Write a project with all sentences of ours, whose scenarios do nothing."""
    project = place / "nothing"
    shutil.copytree(ROOT / "steps", project / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "steps" / "nothing.py").write_text(STEPS, "utf-8")
    (project / "features").mkdir()
    feature = FEATURE + "".join(SCENARIO.format(number=number) for number in range(1, EMPTY + 1))
    (project / "features" / "nothing.feature").write_text(feature, "utf-8")
    (project / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n', "utf-8"
    )
    return project


def table(place: Path, numbers: list[int]) -> None:
    """Print what so many domains take."""
    say(" domains  scenarios   judged                            bare pytest                     ratio   report.html")
    before: tuple[int, Took] | None = None
    for number in numbers:
        environment = place / f"{number}-domains"
        write(environment, number)
        took = judged(environment, place / "reports")
        alone = bare(place, took.items)
        page = place / "reports" / environment.name / "simulated" / "report.html"
        size = page.stat().st_size / 1e6
        say(f"{number:8,} {took.items:10,} {took}  {alone} {took.cpu_s / alone.cpu_s:8.1f} {size:10.2f} MB")
        if before:
            more = number - before[0]
            each = f"{1000 * (took.cpu_s - before[1].cpu_s) / more:.0f} ms CPU"
            say(f"   a domain more: {each}, {(took.peak_mb - before[1].peak_mb) / more:.2f} MB")
        before = number, took


def organizations(place: Path, numbers: list[int]) -> None:
    """Print what so many organizations of two domains take, one after the other in one run."""
    folders = [place / "fixtures" / f"organization-{number}" for number in range(1, max(numbers) + 1)]
    for folder in folders:
        write(folder, 2)
    before: tuple[int, Took] | None = None
    for number in numbers:
        first, *others = folders[:number]
        took = judged(first, place / "reports", *(f"--environment={folder}" for folder in others))
        size = (place / "reports" / "index.html").stat().st_size / 1e6
        say(f"{number:8,} organizations: {took}, {took.items:,} scenarios, index.html {size:.2f} MB")
        if before:
            more = number - before[0]
            each = f"{1000 * (took.cpu_s - before[1].cpu_s) / more:.0f} ms CPU"
            say(f"   one more: {each}, {(took.peak_mb - before[1].peak_mb) / more:.2f} MB")
        before = number, took


def overhead(place: Path, domains: int = 100) -> None:
    """Print what a scenario costs whose sentences do nothing, and what a run costs without any."""
    environment = place / f"nothing-{domains}"
    write(environment, domains)
    project = nothing(place)
    asked = ("features", "--environment", str(environment), "--reports", str(place / "nothing-reports"))
    loaded = pytest(*asked, "-k", "NIL-1", folder=project)
    whole = pytest(*asked, folder=project)
    alone, one = bare(place, whole.items), bare(place, 1)
    more = whole.items - loaded.items
    cost = 1000 * (whole.cpu_s - loaded.cpu_s) / more
    least = 1000 * (alone.cpu_s - one.cpu_s) / (alone.items - 1)
    say(f"a scenario without work, {more:,} of them: {cost:.2f} ms CPU; an empty test of pytest: {least:.2f} ms")
    start = judged(ROOT / "fixtures" / "scenario-4", place / "reports", "--collect-only")
    say(f"start, one environment collected: {start}; pytest with one empty test: {one}")


def parts(place: Path, number: int) -> None:
    """Print what two processes, and four shards, make of it."""
    environment = place / f"{number}-domains"
    write(environment, number)
    say(f"one process:     {judged(environment, place / 'whole')}")
    say(f"pytest -n 2:     {judged(environment, place / 'two', '-n', '2')} (largest process)")
    places = [place / f"shard-{shard}" for shard in range(1, SHARDS + 1)]
    for shard, folder in enumerate(places, 1):
        say(f"--shard {shard}/{SHARDS}:     {judged(environment, folder, '--shard', f'{shard}/{SHARDS}')}")
    say(f"mailflow merge:  {run('mailflow', 'merge', *map(str, places), '--reports', str(place / 'merged'))}")


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if sys.argv[1:2] == ["parts"]:
            parts(place, int(sys.argv[2]) if len(sys.argv) > 2 else 100)
        elif sys.argv[1:2] == ["organizations"]:
            organizations(place, [int(number) for number in sys.argv[2:]] or [1, 10, 50, 200])
        else:
            overhead(place)
            table(place, [int(number) for number in sys.argv[1:]] or [1, 10, 100, 1000])


if __name__ == "__main__":
    main()

"""The patch that docs/upstream-pytest-bdd.md would offer: it applies, changes nothing that is seen, and parses less."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.definitions import patched

FEATURE = "Feature: All\n  Scenario: One\n    Given 3 messages\n    Then they are counted\n"
STEP = (
    "from pytest_bdd import given, parsers\n\n@given(parsers.parse('{n:d} messages'), target_fixture='n')\ndef _(n):\n"
)
THEN = "from pytest_bdd import scenarios, then\n\n@then('they are counted')\ndef _(n):\n    print('counted', n)\n\n"
OTHERS = "".join(f"\n@given('other {number}')\ndef _():\n    pass\n" for number in range(20))
COUNTS = """
from pytest_bdd.parsers import parse, string

asked = []

def noted(is_matching):
    return lambda self, name: asked.append(name) or is_matching(self, name)

for parser in (parse, string):
    parser.is_matching = noted(parser.is_matching)

def pytest_terminal_summary():
    print("asked", asked.count("3 messages"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Steps of a plugin, of a conftest and of a module; each overrides the one before, where it is seen."""
    for name, text in {
        "plugin.py": f"{STEP}    return n\n{OTHERS}{COUNTS}",
        "a/test_a.py": THEN + "scenarios('../all.feature')\n",
        "b/conftest.py": f"{STEP}    return n * 10\n",
        "b/test_b.py": THEN + "scenarios('../all.feature', '../again.feature')\n",
        "b/test_c.py": f"{STEP}    return n * 100\n\n{THEN}scenarios('../all.feature')\n",
        "all.feature": FEATURE,
        "again.feature": FEATURE.replace("All", "Again").replace("One", "Two"),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, path: str) -> tuple[list[str], int]:
    """Give what the scenarios print, and how often a definition was asked whether it fits."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "plugin", "-p", "no:cacheprovider", "."]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join((str(project), path))}
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.lstrip(".") for line in done.stdout.splitlines()]
    (asked,) = (int(line.split()[1]) for line in lines if line.startswith("asked "))
    return [line for line in lines if line.startswith("counted ")], asked


def test_the_same_definitions_are_chosen_and_fewer_are_asked(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told, asked = run(project, "")
    assert told == ["counted 3", "counted 30", "counted 30", "counted 300"]
    told_now, asked_now = run(project, str(patched(tmp_path_factory.mktemp("patched"))))
    assert told_now == told
    # The others are our 20 and "trace" of pytest-bdd. As it is, each scenario asks them, and those steps of that text
    # which it sees: 1, 2, 2 and 3. With the patch all 24 are asked once, and what a scenario sees once more.
    assert (asked, asked_now) == (4 * 21 + 8, 24 + 8)

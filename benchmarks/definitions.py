# noqa: INP001  a script, run by its path; tests import what makes the patched pytest-bdd
"""What searching the definitions of steps costs pytest-bdd, as it is and with docs/upstream-pytest-bdd.diff.

python benchmarks/definitions.py [ROUNDS]
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest_bdd

PATCH = Path(__file__).parents[1] / "docs" / "upstream-pytest-bdd.diff"
SCENARIOS, STEPS = 400, 4


def patched(folder: Path) -> Path:
    """Copy the installed pytest-bdd into a folder, to be put on PYTHONPATH, and apply the patch.

    Raises:
        subprocess.CalledProcessError: it does not apply.

    """
    copy = folder / "src" / "pytest_bdd"
    shutil.copytree(Path(pytest_bdd.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    command = ["git", "apply", "--unidiff-zero", "--ignore-whitespace", str(PATCH)]
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}  # no repository around it is meant
    subprocess.run(command, cwd=folder, check=True, env=environ)
    return copy.parent


def project(folder: Path, definitions: int) -> None:
    """Write so many definitions, and scenarios that use them in turn."""
    folder.mkdir()
    given = (
        f"@given(parsers.parse('there are {{number:d}} messages of kind {kind}'))\ndef _(number):\n    pass\n"
        for kind in range(definitions)
    )
    (folder / "conftest.py").write_text("from pytest_bdd import given, parsers\n\n" + "".join(given), "utf-8")
    scenarios = (
        f"  Scenario: {number}\n"
        + "".join(
            f"    Given there are {step} messages of kind {(number + step) % definitions}\n" for step in range(STEPS)
        )
        for number in range(SCENARIOS)
    )
    (folder / "all.feature").write_text("Feature: All\n" + "".join(scenarios), "utf-8")
    (folder / "test_all.py").write_text("from pytest_bdd import scenarios\n\nscenarios('all.feature')\n", "utf-8")


def processor_s(folder: Path, path: str, *options: str) -> float:
    """Run pytest there, with what stands on PYTHONPATH; gives seconds of processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=folder, capture_output=True, check=True, env=environ | {"PYTHONPATH": path})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as place:
        ours = str(patched(Path(place) / "patched"))
        for definitions in (4, 40, 160):
            folder = Path(place) / str(definitions)
            project(folder, definitions)
            took: dict[str, list[float]] = {"": [], ours: []}
            for _ in range(rounds):
                for path, seen in took.items():
                    start = processor_s(folder, path, "--collect-only")
                    seen.append(1000 * (processor_s(folder, path) - start) / SCENARIOS)
            before, after = (statistics.median(seen) for seen in took.values())
            sys.stdout.write(f"| {definitions} | {before:.1f} | {after:.1f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

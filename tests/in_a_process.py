"""The kit as its users run it: pytest in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def judge(*options: str | Path, project: Path = ROOT, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Ask the features of a project with these options; give exit status and output."""
    # Hypothesis is not in the environment of a user; its plugin takes a second of every run.
    command = [sys.executable, "-m", "pytest", "features", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    return subprocess.run(
        [*command, *options],
        cwd=project,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )


def report_of(reports: Path, environment: str, mode: str = "simulated") -> dict[str, Any]:
    """Read the newest report.json of an environment."""
    told: dict[str, Any] = json.loads((reports / environment / mode / "report.json").read_text(encoding="utf-8"))
    return told

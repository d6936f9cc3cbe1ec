"""With pytest-xdist several processes judge one environment: the report is the same as that of one process."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def judged(reports: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "pytest", "features", "-q", "-p", "no:cacheprovider", "--reports", str(reports)]
    asked = ("--environment", "scenario-4", "--fault", "spf-ipv4-typo", *options)
    done = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1, done.stdout
    (file,) = reports.glob("*/simulated/report.json")
    # Ports are the system's, and trace fields say when.
    text = re.sub(r"127\.0\.0\.1:\d+|\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000", "…", file.read_text("ascii"))
    told: dict[str, Any] = json.loads(text)
    return told


def test_two_processes_tell_what_one_tells(tmp_path: Path) -> None:
    one, two = judged(tmp_path / "one"), judged(tmp_path / "two", "-n", "2")
    assert two["requirements"] == one["requirements"]
    assert (two["counts"], two["completeness"]) == (one["counts"], one["completeness"])
    assert one["counts"]["non-compliant"] > 0

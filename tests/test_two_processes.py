"""With pytest-xdist several processes judge one environment: the report is the same as that of one process."""

import json
import re
from pathlib import Path
from typing import Any

from tests.in_a_process import judge


def judged(reports: Path, *options: str) -> dict[str, Any]:
    asked = ("--environment", "scenario-4", "--fault", "spf-ipv4-typo", *options)
    done = judge(*asked, "--reports", reports, timeout_s=240)
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

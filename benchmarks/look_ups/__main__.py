"""MX and SPF of many domains: Mailflow against checkdmarc and against bare look-ups of dnspython.

pip install -r requirements/benchmarks.txt; python benchmarks/look_ups [DOMAINS] [ROUNDS] [MILLISECONDS]

The contenders take turns on the same zones and the same NSD, each time in a process of its own; MILLISECONDS is how
long the way to the server and back takes. Printed are medians with the least and the most, as a table of Markdown.
Compare ratios within a table, never numbers of two tables. docs/benchmarks.md has what was measured.
"""

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from contenders import CONTENDERS
from served import names, served

HERE = Path(__file__).parent
TITLES = {
    "checkdmarc-whole": "checkdmarc, `check_mx` and `check_spf`",
    "checkdmarc": "checkdmarc, its functions for the same records only",
    "bare": "dnspython's asynchronous look-ups, nothing judged",
    "eye": "Mailflow's look-ups, nothing judged",
    "mailflow": "Mailflow, looked up and judged",
}


def measured(who: str, domains: int, port: int) -> tuple[float, float]:
    """Run one contender; gives domains a second, and milliseconds of processor a domain."""
    command = [sys.executable, str(HERE / "contenders.py"), who, str(domains), str(port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, processor = map(float, done.stdout.split())
    return domains / seconds, 1000 * processor / domains


@contextlib.contextmanager
def delayed(port: int, milliseconds: int) -> Iterator[int]:
    """Put a long way before a server; gives the port at its beginning."""
    if not milliseconds:
        yield port
        return
    command = [sys.executable, str(HERE / "delay.py"), str(port), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as way:
        assert way.stdout  # noqa: S101  for mypy
        try:
            yield int(way.stdout.readline())
        finally:
            way.terminate()


def main() -> None:
    """Measure and print."""
    domains, rounds, milliseconds = (*map(int, sys.argv[1:]), *(1000, 5, 0)[len(sys.argv) - 1 :])
    chosen = [who for who in CONTENDERS if not (milliseconds and who == "checkdmarc-whole")]  # it would take an hour
    seen: dict[str, list[tuple[float, float]]] = {who: [] for who in chosen}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), names(domains)) as port:
        for number in range(rounds):
            with delayed(port, milliseconds) as way:
                for who in chosen:
                    seen[who].append(measured(who, domains, way))
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("dnspython", "checkdmarc"))
    sys.stdout.write(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}, {libraries}; {domains} domains, {milliseconds} ms, {rounds} rounds\n\n"
        "| | domains/s | least to most | ratio | ms of processor a domain | ratio |\n|---|---|---|---|---|---|\n"
    )
    speeds = {who: statistics.median(speed for speed, _ in seen[who]) for who in chosen}
    costs = {who: statistics.median(cost for _, cost in seen[who]) for who in chosen}
    for who in chosen:
        all_speeds = [speed for speed, _ in seen[who]]
        sys.stdout.write(
            f"| {TITLES[who]} | {speeds[who]:.0f} | {min(all_speeds):.0f} to {max(all_speeds):.0f} | "
            f"{speeds[who] / speeds['checkdmarc']:.1f} | {costs[who]:.1f} | {costs[who] / costs['checkdmarc']:.2f} |\n"
        )


if __name__ == "__main__":
    main()

# noqa: INP001  a script, run by its path and imported by nobody
"""Where the time of a run over one environment goes: start-up, collection, simulation, messages, the rest.

python benchmarks/run.py [ENVIRONMENT] [RUNS]

Medians of several runs, and each share of the whole. Compare shares and ratios, not seconds of two machines.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds(work: Callable[[], object], runs: int) -> float:
    """Give the median time of some work."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def pytest(*arguments: str, folder: Path = ROOT) -> Callable[[], object]:
    """Give a run of pytest in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return lambda: subprocess.run(command, cwd=folder, capture_output=True, check=False)


def simulated(environment: str, runs: int) -> tuple[float, float]:
    """Give the time to start a simulation and to send every message through it."""
    from mailflow.door import open_door  # noqa: PLC0415  # not part of the start-up that is measured
    from mailflow.environment.load import load  # noqa: PLC0415
    from mailflow.environment.message import Kind  # noqa: PLC0415

    loaded = load(ROOT / "fixtures" / environment)
    starts, sends = [], []
    for _ in range(runs):
        start = time.perf_counter()
        with open_door(loaded) as door:
            up = time.perf_counter()
            for domain in loaded.domains:
                door.paths(domain, Kind.INTERNET_TO_CLOUD)  # sends those of every kind
            sends.append(time.perf_counter() - up)
            starts.append(up - start)
    return statistics.median(starts), statistics.median(sends)


def main() -> None:
    """Measure and print."""
    environment = sys.argv[1] if len(sys.argv) > 1 else "scenario-4"
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as place:
        empty = Path(place)
        (empty / "test_nothing.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
        bare = seconds(pytest(folder=empty), runs)
        asked = ("features", "--environment", environment, "--reports", place)
        collected = seconds(pytest(*asked, "--collect-only"), runs)
        whole = seconds(pytest(*asked), runs)
    start, send = simulated(environment, runs)
    rest = whole - collected - start - send
    parts = {
        "pytest itself": bare,
        "loading and collection": collected - bare,
        "simulation": start,
        "messages": send,
        "judging and reports": rest,
    }
    for name, taken in parts.items():
        sys.stdout.write(f"{name:24} {taken:6.2f} s  {100 * taken / whole:4.0f} %\n")
    sys.stdout.write(f"{environment:24} {whole:6.2f} s  {whole / bare:.1f} times a pytest run of one empty test\n")


if __name__ == "__main__":
    main()

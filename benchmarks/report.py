# noqa: INP001  a script, run by its path and imported by nobody
"""The size of a report, the time to write it, and how a browser takes it, for 1, 20 and 500 domains.

python benchmarks/report.py [DOMAINS …]

Rows are those of scenario 4 under as many names, every twentieth domain with a fault in it that fells three rows and
leaves the others as they are. Compare ratios, not seconds of two machines.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from mailflow.report import as_html  # noqa: E402  # after the path is set
from mailflow.report.read import read  # noqa: E402
from tests.report.chromium import Tab, browser  # noqa: E402

FAULT = "send-internet-by-dns"


def judged(place: Path, *options: str) -> dict[str, Any]:
    """Judge scenario 4 and give its report.json."""
    command = [sys.executable, "-m", "pytest", "features", "-q", "-p", "no:cacheprovider", "--reports", str(place)]
    subprocess.run([*command, "--environment", "scenario-4", *options], cwd=ROOT, capture_output=True, check=False)
    (file,) = place.glob("*/simulated/report.json")
    return dict(json.loads(file.read_text("ascii")))


def many(good: dict[str, Any], bad: dict[str, Any], domains: int) -> dict[str, Any]:
    """Write the rows of a domain under many names."""
    rows = [row for row in good["requirements"] if row["domain"] is None]
    names = [f"brand-{number}.example" for number in range(domains)]
    for number, name in enumerate(names):
        one = bad if number % 20 == 0 else good
        own = json.dumps([row for row in one["requirements"] if row["domain"]])
        rows += json.loads(own.replace("contoso.com", name))
    whole = bad if domains else good
    environment = {**whole["environment"], "domains": [{"name": name, "scenario": 4} for name in names]}
    planned = {**whole["completeness"], "planned": len(rows), "judged": len(rows)}
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in whole["counts"]}
    return {**whole, "requirements": rows, "environment": environment, "completeness": planned, "counts": counts}


def opened(tab: Tab, file: Path) -> tuple[float, float, float]:
    """Give seconds to open a page, the longest frame while it is scrolled through, and to filter it."""
    start = time.perf_counter()
    tab.open(file.as_uri())
    took = time.perf_counter() - start
    longest = tab.run(
        "new Promise(done => { let at = 0, last = performance.now(), worst = 0; const step = () => {"
        "const now = performance.now(); worst = Math.max(worst, now - last); last = now; at += 700; scrollTo(0, at);"
        "if (at < document.documentElement.scrollHeight && at < 350000) requestAnimationFrame(step);"
        "else done(worst); }; requestAnimationFrame(step); })"
    )
    start = time.perf_counter()
    tab.run(
        "new Promise(done => { document.querySelector('[value=compliant]').click();"
        "requestAnimationFrame(() => requestAnimationFrame(done)); })"
    )
    return took, longest / 1000, time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    numbers = [int(number) for number in sys.argv[1:]] or [1, 20, 500]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, browser(Path(place) / "profile") as tab:
        folder = Path(place)
        good, bad = judged(folder / "good"), judged(folder / "bad", "--fault", FAULT)
        sys.stdout.write("domains      rows    written   report.html      opened   longest frame    filtered\n")
        for number in numbers:
            file = folder / f"{number}.json"
            file.write_text(json.dumps(many(good, bad, number)), "ascii")
            run = read(file)
            start = time.perf_counter()
            page = as_html.report(run)
            written = time.perf_counter() - start
            shown = folder / f"{number}.html"
            shown.write_bytes(page)
            took, frame, filtered = opened(tab, shown)
            sys.stdout.write(
                f"{number:7} {len(run.results):9,} {written:8.2f} s {len(page) / 1e6:8.2f} MB {took:9.2f} s "
                f"{frame:13.2f} s {filtered:9.2f} s\n"
            )


if __name__ == "__main__":
    main()

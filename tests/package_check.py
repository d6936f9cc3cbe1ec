"""What tox -e package runs inside an environment that has the wheel and nothing of this folder on its path.

The wheel must hold its data files, its pytest plugin must leave a project that is none of ours alone, and an empty
folder must become a project of somebody's own, in which bare tox judges with the shipped requirements.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

DATA = {
    "mailflow": ["py.typed"],
    "mailflow.environment": ["environment.schema.json"],
    "mailflow.exchange": ["gather.ps1", "microsoft_365.toml"],
    "mailflow.policy": ["documents.toml", "trace.toml"],
    "mailflow.report": ["templates/report.html.j2", "templates/style.css"],
}
ROOT = Path(__file__).parents[1]
FILLED = ["--address", "131.107.21.231", "--tenant-id", "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90"]


def run(*command: str, cwd: str | Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; what it says is kept."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def contents() -> Iterator[str]:
    """Say what the installed package lacks."""
    import mailflow

    place = Path(mailflow.__file__)
    if "site-packages" not in place.parts:
        yield f"mailflow comes from {place}, not from the wheel"
    for package, names in DATA.items():
        yield from (f"{package} lacks {name}" for name in names if not files(package).joinpath(name).is_file())
    shipped = place.parent / "shipped"
    for pattern in ("features/*.feature", "steps/*.py"):
        here = {path.name: path.read_bytes() for path in ROOT.glob(pattern)}
        there = {path.name: path.read_bytes() for path in shipped.glob(pattern)}
        if here != there or not here:
            yield f"{pattern} in the wheel: {sorted(there)}, here: {sorted(here)}"


def same_kit() -> Iterator[str]:
    """Say where a report that was signed from this checkout would not hold with the wheel."""
    from mailflow.policy.kit import kit_digest

    ask = (
        "import pathlib, sys; from mailflow.policy.kit import kit_digest; print(kit_digest(pathlib.Path(sys.argv[1])))"
    )
    checkout = run(sys.executable, "-c", ask, str(ROOT), PYTHONPATH=str(ROOT / "src")).stdout.strip()
    with tempfile.TemporaryDirectory() as elsewhere:
        wheel = {kit_digest(ROOT), kit_digest(Path(elsewhere))}
    if wheel != {checkout}:
        yield f"the digest of the kit: {checkout} in the checkout, {wheel} with the wheel"


def foreign_project(folder: str) -> Iterator[str]:
    """Say where a project that is none of ours notices the plugin."""
    Path(folder, "test_foreign.py").write_text("def test_foreign():\n    assert True\n", encoding="utf-8")
    made = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder, cwd=folder)
    if made.returncode != 0 or "Mailflow" in made.stdout:
        yield f"a foreign project does not run as before:\n{made.stdout}{made.stderr}"


def commands() -> Iterator[str]:
    """Say which way to the command line does not answer, and which command has no examples."""
    for command in ([sys.executable, "-m", "mailflow"], ["mailflow"]):
        made = run(*command, "--help")
        if made.returncode != 0 or "simulate" not in made.stdout:
            yield f"{' '.join(command)} does not answer:\n{made.stdout}{made.stderr}"
    for name in re.findall(r"^    ([a-z]+) ", run("mailflow", "--help").stdout, re.MULTILINE):
        made = run("mailflow", name, "--help")
        if made.returncode != 0 or f"examples:\n  mailflow {name}" not in made.stdout:
            yield f"mailflow {name} --help shows no example:\n{made.stdout}{made.stderr}"


def own_project(folder: str) -> Iterator[str]:
    """Say where the way from an empty folder to a report breaks off."""
    for command in (["init", "--exports", "out"], ["new", "northwind.example", "--scenario", "4", *FILLED]):
        made = run("mailflow", *command, cwd=folder)
        if made.returncode != 0:
            yield f"mailflow {' '.join(command)}:\n{made.stdout}{made.stderr}"
            return
    wheel = Path(folder, "wheels", f"mailflow-{version('mailflow')}-py3-none-any.whl")
    if not wheel.is_file() or f"\n./wheels/{wheel.name}\n" not in Path(folder, "requirements.txt").read_text("utf-8"):
        yield f"the project does not hold {wheel.name}"
    made = run(sys.executable, "-m", "tox", cwd=folder)
    if made.returncode != 1:  # nothing is ready in it: exports and mailboxes are not there
        yield f"tox ends with {made.returncode}:\n{made.stdout}{made.stderr}"
    file = Path(folder, "reports/northwind.example/simulated/report.json")
    if not file.is_file() or not Path(folder, "reports/index.html").is_file():
        yield f"tox leaves no report:\n{made.stdout}{made.stderr}"
        return
    report = json.loads(file.read_text(encoding="utf-8"))
    if report["kit"]["version"] != version("mailflow"):
        yield f"the report names version {report['kit']}"
    verdicts = {row["id"]: row["verdict"] for row in report["requirements"]}
    expected = {"S4-MX-1": "compliant", "HYB-CONN-1": "not-verified", "NORTHWIND-EXAMPLE-PATH-1": "not-verified"}
    if {name: verdicts.get(name) for name in expected} != expected:
        yield f"other verdicts than {expected}: {verdicts}"
    if report["completeness"]["errors"] or report["completeness"]["undefined"]:
        yield f"incomplete: {report['completeness']}"


def same_twice(folder: str) -> Iterator[str]:
    """Say where two builds of one release differ: who checks a wheel builds it again."""
    for name in ("one", "two"):
        made = run(
            *(sys.executable, "-m", "hatchling", "build", "-d", str(Path(folder, name))),
            cwd=ROOT,
            SOURCE_DATE_EPOCH="1767225600",  # a day in 2026; a release takes the time of its commit
        )
        if made.returncode != 0:
            yield f"hatchling build:\n{made.stdout}{made.stderr}"
    built = [{path.name: path.read_bytes() for path in Path(folder, name).iterdir()} for name in ("one", "two")]
    if [len(one) for one in built] != [2, 2]:
        yield f"a wheel and an archive were to be built: {[sorted(one) for one in built]}"
    yield from (f"{name} differs between two builds" for name in built[0] if built[0][name] != built[1].get(name))


def main() -> int:
    """Give the number of failures."""
    failures = [*contents(), *same_kit(), *commands()]
    for check in (foreign_project, own_project, same_twice):
        with tempfile.TemporaryDirectory() as folder:
            failures += check(folder)
    sys.stdout.write("\n".join(failures) + "\n" if failures else "6 passed, 0 failed\n")
    return len(failures)


if __name__ == "__main__":
    sys.exit(main())

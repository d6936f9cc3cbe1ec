"""What tox -e package runs inside an environment that has the wheel and nothing of this folder on its path.

The wheel must hold its data files, and its pytest plugin must leave a project that is none of ours alone.
"""

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

DATA = {
    "mailflow": ["py.typed"],
    "mailflow.environment": ["environment.schema.json"],
    "mailflow.exchange": ["microsoft_365.toml"],
    "mailflow.policy": ["documents.toml", "trace.toml"],
    "mailflow.report": ["templates/report.html.j2", "templates/style.css"],
}


def main() -> int:
    """Give the number of failures."""
    import mailflow

    failures = []
    place = Path(mailflow.__file__)
    if "site-packages" not in place.parts:
        failures.append(f"mailflow comes from {place}, not from the wheel")
    failures += [
        f"{package} lacks {name}"
        for package, names in DATA.items()
        for name in names
        if not files(package).joinpath(name).is_file()
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_foreign.py").write_text("def test_foreign():\n    assert True\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        if run.returncode != 0 or "Mailflow" in run.stdout:
            failures.append(f"a foreign project does not run as before:\n{run.stdout}{run.stderr}")
    for command in ([sys.executable, "-m", "mailflow", "--help"], ["mailflow", "--help"]):
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if run.returncode != 0 or "simulate" not in run.stdout:
            failures.append(f"{' '.join(command)} does not answer:\n{run.stdout}{run.stderr}")
    sys.stdout.write("\n".join(failures) + "\n" if failures else "1 passed, 0 failed\n")
    return len(failures)


if __name__ == "__main__":
    sys.exit(main())

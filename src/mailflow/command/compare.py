"""`mailflow compare`: what changed between two runs, or what would change if an environment were otherwise."""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mailflow.command.line import DONE, NOT_SO, Commands, command, say
from mailflow.input_error import InputError, Mistake

if TYPE_CHECKING:
    from mailflow.policy.run import Run

_ABOUT = """\
Hold one run against another and say which verdicts changed: new, worse, removed, added, better, mended, or seen
otherwise. Each side is a report.json, the folder of one, or an environment, by name or folder: that is judged now, in
a simulation, and leaves no report. So a changed copy of an environment shows what would change; a simulated report
beside a live one shows where reality is not the plan.

The exit status is 0 where nothing is worse, 1 where something is, 4 where a side cannot be read.
"""

_EXAMPLES = """\
  mailflow compare reports/scenario-4/simulated/2026-11-23T16-20-05Z reports/scenario-4/simulated
  mailflow compare reports/scenario-4/simulated/report.json ../what-if/scenario-4
  mailflow compare scenario-4 ../what-if/scenario-4 --json
  mailflow compare reports/contoso/simulated reports/contoso/live
"""
_PYTEST = ("-m", "pytest", "features", "-q", "-p", "no:cacheprovider")
_BUILD_SERVER = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TF_BUILD")  # to be told of this run, not of that one
_DEADLINE_S = 3600  # a thousand domains take minutes
_JUDGED = (0, 1)  # exit statuses of a run that was judged, whatever it found


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(commands, "compare", help="say what changed between two runs", about=_ABOUT, examples=_EXAMPLES)
    parser.add_argument("old", metavar="OLD", help="a report.json, its folder, or an environment: how it was")
    parser.add_argument("new", metavar="NEW", help="the same: how it is, or would be")
    parser.add_argument("--json", action="store_true", help="as report.schema.json describes it (comparison)")
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> int:
    from mailflow.policy.comparison import compare  # noqa: PLC0415
    from mailflow.report import as_json, as_text  # noqa: PLC0415

    found = compare(_side(options.old), _side(options.new))
    if not found.common:
        raise InputError(Mistake(options.new, None, "no row that was judged in both", f"a run beside {options.old}"))
    # JSON may write a character by its number (RFC 8259 section 7): what a build server would obey stays the same data.
    told = as_json.comparison(found).decode("ascii").replace("##", "\\u0023#") if options.json else ""
    say(told or as_text.comparison(found))
    return NOT_SO if found.worse else DONE


def _side(name: str) -> "Run":
    from mailflow.environment.find import find  # noqa: PLC0415
    from mailflow.report.read import FILE, read  # noqa: PLC0415

    path = Path(name)
    try:
        if path.suffix == ".json":
            return read(path)
        if (path / FILE).is_file():
            return read(path / FILE)
    except ValueError:  # what is no path at all, a NUL in it; find says it
        pass
    try:
        (folder,) = find(Path.cwd(), [name])
    except InputError as wrong:
        expected = f"a {FILE}, the folder of one, or an environment"
        told = (replace(mistake, file="mailflow compare", expected=expected) for mistake in wrong.mistakes)
        raise InputError(*told) from wrong
    return _judged(folder)


def _judged(folder: Path) -> "Run":
    """Judge an environment in a simulation, as a user would.

    Raises:
        InputError: the environment has mistakes, this is no project, or its features could not be judged.

    """
    from mailflow.environment.load import load  # noqa: PLC0415
    from mailflow.report.read import FILE, read  # noqa: PLC0415

    load(folder)  # its mistakes are told as such
    if not Path("features").is_dir():
        told = f"no features/ in {Path.cwd().as_posix()}"
        raise InputError(Mistake("mailflow compare", None, told, "the folder of a project, to judge an environment"))
    with tempfile.TemporaryDirectory(prefix="mailflow-") as reports:
        try:
            run = subprocess.run(  # noqa: S603  # ourselves, on a folder that has just been read
                [sys.executable, *_PYTEST, "--environment", str(folder), "--reports", reports],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env={name: told for name, told in os.environ.items() if name not in _BUILD_SERVER}
                | {"PYTHONUTF8": "1"},
                timeout=_DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            told = f"a run that had not ended after {_DEADLINE_S} s"
            raise InputError(Mistake(folder.as_posix(), None, told, "one that judges")) from late
        found = list(Path(reports).glob(f"*/simulated/{FILE}"))
        if run.returncode not in _JUDGED or len(found) != 1:
            told = f"a run that ended with exit status {run.returncode}"
            raise InputError(Mistake(folder.as_posix(), None, told, "one that judges", f"It said:\n{run.stdout}"))
        return read(found[0])

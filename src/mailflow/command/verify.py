"""`mailflow verify`: whether the files at hand are those that were signed."""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mailflow.command.line import NOT_SO, Commands, command, say
from mailflow.input_error import InputError, Mistake

if TYPE_CHECKING:
    from mailflow.policy.run import Run
    from mailflow.policy.signature import Part

_ABOUT = """\
Say whether evidence, environment and kit are still what a report was signed for. Compares the digests in report.json,
which the signed page shows as well, with those of the evidence.json beside it, of the environment's folder and of the
kit, the features and the steps that are here. Exit status: 0 all as signed, 1 something is not, 4 bad input.
"""

_EXAMPLES = """\
  mailflow verify reports/scenario-4/simulated
  mailflow verify signed/report.json --environment ../plans/contoso
"""


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(
        commands, "verify", help="say whether files are those that were signed", about=_ABOUT, examples=_EXAMPLES
    )
    parser.add_argument("report", metavar="REPORT", type=Path, help="a report.json, or the folder in which it lies")
    parser.add_argument(
        "--environment",
        metavar="NAME-OR-PATH",
        help="the environment's folder (default: the one in fixtures/ with the name in the report)",
    )
    parser.add_argument("--json", action="store_true", help="say it as JSON")
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> int | None:
    from mailflow.report.read import read  # noqa: PLC0415

    file = options.report / "report.json" if options.report.is_dir() else options.report
    run = read(file)
    parts = (_evidence(run, file), _environment(run, options.environment), _kit(run))
    if options.json:
        say(json.dumps([{**asdict(part), "same": part.same} for part in parts], indent=2))
    else:
        for part in parts:
            say(str(part))
            for change in part.changes:
                say(f"  {change}")
    return None if all(part.same for part in parts) else NOT_SO


def _evidence(run: "Run", report: Path) -> "Part":
    from mailflow.policy.signature import Part  # noqa: PLC0415

    path = report.with_name("evidence.json")
    try:
        with path.open("rb") as stream:
            now = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        now = ""
    except OSError as wrong:
        raise InputError(Mistake(str(path), None, wrong.strerror or "no file that can be read", "a file")) from wrong
    return Part("evidence.json", run.evidence_digest, now)


def _environment(run: "Run", named: str | None) -> "Part":
    from mailflow.environment.find import find  # noqa: PLC0415
    from mailflow.environment.load import load  # noqa: PLC0415
    from mailflow.policy.signature import Part, changes  # noqa: PLC0415

    (folder,) = find(Path.cwd(), [named or run.environment])
    environment = load(folder)
    return Part(f"environment {run.environment}", run.digest, environment.digest, changes(run.files, environment.files))


def _kit(run: "Run") -> "Part":
    from mailflow import __version__  # noqa: PLC0415
    from mailflow.policy.kit import kit_digest  # noqa: PLC0415
    from mailflow.policy.signature import Part  # noqa: PLC0415

    then = (f"version {run.kit_version} then, {__version__} now",) if run.kit_version != __version__ else ()
    return Part("kit, features and steps", run.kit_digest, kit_digest(Path.cwd()), then)

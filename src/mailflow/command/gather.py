"""`mailflow gather`: the PowerShell script that gathers the exports, for whoever has the kit as a package only."""

import argparse
from importlib.resources import files
from pathlib import Path

from mailflow.command.line import Commands, command, say
from mailflow.input_error import InputError, Mistake

SCRIPT = "gather.ps1"

_ABOUT = """\
Write gather.ps1, which exports what the checks read of Exchange Online and of the own Exchange servers, and notes
when. Run it there, in the folder of the environment: docs/live-messages.md says how. Nothing is ever overwritten.
"""

_EXAMPLES = """\
  mailflow gather
  mailflow gather fixtures/contoso.com
"""


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(
        commands, "gather", help="write the script that exports from Exchange", about=_ABOUT, examples=_EXAMPLES
    )
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where to (default: here)")
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> None:
    target = Path(options.folder) / SCRIPT
    script = files("mailflow.exchange").joinpath(SCRIPT).read_bytes()
    try:
        with target.open("xb") as stream:
            stream.write(script)
    except FileExistsError as there:
        raise InputError(Mistake(target.as_posix(), None, "a file that is there", "none: it is kept")) from there
    except (OSError, ValueError) as wrong:
        why = wrong.strerror if isinstance(wrong, OSError) else "no name of a folder"
        raise InputError(Mistake(target.as_posix(), None, f"no place to write ({why})", "a folder")) from wrong
    say(target.as_posix())

"""The command line. Checks are run by pytest, reports written by it; the commands stand in `mailflow.command`."""

import argparse
import sys
from collections.abc import Sequence

from mailflow.command import compare, discover, gather, init, merge, new, simulate, steps, verify
from mailflow.command.line import BAD_INPUT, DONE
from mailflow.input_error import InputError, Mistake

COMMANDS = (init, new, gather, discover, steps, simulate, compare, merge, verify)  # in the order of the help


def command_line() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    parser = argparse.ArgumentParser(prog="mailflow", description="A policy test kit for hybrid mail.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for one in COMMANDS:
        one.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; gives the exit status: 4 for bad input, else what the command says."""
    try:
        options = _options(arguments)
        status: int | None = options.carry_out(options)
    except InputError as wrong:
        from mailflow.report.printable import for_console  # noqa: PLC0415  # its package brings the report

        sys.stderr.write(f"{for_console(str(wrong))}\n")
        return BAD_INPUT
    return DONE if status is None else status


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    try:
        return command_line().parse_args(arguments)
    except UnicodeDecodeError as wrong:  # argparse reads the @FILE of `mailflow new`
        found = f"a byte in the file behind @ that is no UTF-8 (0x{wrong.object[wrong.start]:02x})"
        mend = "Save the file in the encoding UTF-8."
        raise InputError(Mistake("mailflow", None, found, "text in UTF-8", mend)) from wrong


if __name__ == "__main__":
    sys.exit(main())

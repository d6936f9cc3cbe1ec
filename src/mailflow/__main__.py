"""The command line. Checks are run by pytest, reports written by it; the commands stand in `mailflow.command`."""

import argparse
import sys
from collections.abc import Sequence

from mailflow.command import compare, discover, gather, init, merge, new, simulate, steps, verify
from mailflow.command.line import BAD_INPUT, DONE
from mailflow.input_error import InputError

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
    options = command_line().parse_args(arguments)
    try:
        status: int | None = options.carry_out(options)
    except InputError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return BAD_INPUT
    return DONE if status is None else status


if __name__ == "__main__":
    sys.exit(main())

"""What the commands share on the command line."""

import argparse
import io
import sys
from collections.abc import Callable
from typing import TypeAlias

# Made by argparse for the module of each command.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # it has no public name
Carry = Callable[[argparse.Namespace], int | None]  # gives the exit status, None for 0

DONE = 0
NOT_SO = 1  # what was asked does not hold: worse than before, not what was signed
BAD_INPUT = 4  # as for pytest's usage errors


def command(commands: Commands, name: str, *, help: str, about: str, examples: str) -> argparse.ArgumentParser:  # noqa: A002  # argparse's own word
    """Add a command with its help: one line for the list, what it does, and examples as they are typed.

    Its module sets what carries it out: `parser.set_defaults(carry_out=…)`, a `Carry`.
    """
    return commands.add_parser(
        name,
        help=help,
        description=about,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def say(text: str) -> None:
    """Print text, at once, on consoles without its letters too.

    What could command a terminal, or the build server that reads the log, is shown and not obeyed.
    """
    from mailflow.report.printable import for_console  # noqa: PLC0415  # its package brings the report

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(f"{for_console(text)}\n")
    sys.stdout.flush()

"""The command line: `mailflow simulate`. Checks are run by pytest, reports written by it."""

import argparse
import asyncio
import io
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mailflow.input_error import InputError

_BAD_INPUT = 4

_SIMULATE = """\
Start the DNS and SMTP servers of an environment on loopback and keep them up, so that you can try by hand what
the checks try: with dig, swaks, or a mail server of your own. Prints where each planned address answers, commands
ready to copy, and then what each server does with each message.
"""

_EXAMPLE = """\
example:
  mailflow simulate scenario-4
  mailflow simulate ../our-plan/environment.yaml
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; gives the exit status: 4 for bad input."""
    parser = argparse.ArgumentParser(prog="mailflow", description="A policy test kit for hybrid mail.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    simulate = commands.add_parser(
        "simulate",
        help="start the servers of an environment and keep them up",
        description=_SIMULATE,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    simulate.add_argument(
        "environment",
        metavar="NAME-OR-PATH",
        help="a folder in fixtures/, or the path of a folder with environment.yaml",
    )
    simulate.set_defaults(run=_simulate)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except InputError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return _BAD_INPUT
    return 0


def _simulate(options: argparse.Namespace) -> None:
    # Later than the command line: these bring servers, clients and cryptography.
    from mailflow.environment.find import find  # noqa: PLC0415
    from mailflow.environment.load import load  # noqa: PLC0415

    try:
        (folder,) = find(Path.cwd(), [options.environment])
    except InputError as wrong:
        raise InputError(*(replace(mistake, file="mailflow simulate") for mistake in wrong.mistakes)) from wrong
    environment = load(folder)

    from mailflow.report.printable import printable  # noqa: PLC0415
    from mailflow.serve import serve  # noqa: PLC0415

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a console without arrows

    def say(line: str) -> None:
        sys.stdout.write(f"{printable(line, keep='')}\n")
        sys.stdout.flush()

    async def run() -> None:
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
        await serve(environment, say, stopped)

    asyncio.run(run())


if __name__ == "__main__":
    sys.exit(main())

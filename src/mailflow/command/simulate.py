"""`mailflow simulate`: the servers of an environment stay up, to be tried by hand."""

import argparse
import asyncio
import io
import signal
import sys
from dataclasses import replace
from pathlib import Path

from mailflow.command.line import Commands, command
from mailflow.input_error import InputError

_ABOUT = """\
Start the DNS and SMTP servers of an environment on loopback and keep them up, so that you can try by hand what
the checks try: with dig, swaks, or a mail server of your own. Prints where each planned address answers, commands
ready to copy, and then what each server does with each message.
"""

_EXAMPLES = """\
  mailflow simulate scenario-4
  mailflow simulate ../our-plan/environment.yaml
"""


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(
        commands,
        "simulate",
        help="start the servers of an environment and keep them up",
        about=_ABOUT,
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "environment",
        metavar="NAME-OR-PATH",
        help="a folder in fixtures/, or the path of a folder with environment.yaml",
    )
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> None:
    from mailflow.environment.find import find  # noqa: PLC0415
    from mailflow.environment.load import load  # noqa: PLC0415

    try:
        (folder,) = find(Path.cwd(), [options.environment])
    except InputError as wrong:
        raise InputError(*(replace(mistake, file="mailflow simulate") for mistake in wrong.mistakes)) from wrong
    environment = load(folder)

    from mailflow.command.serve import serve  # noqa: PLC0415
    from mailflow.report.printable import printable  # noqa: PLC0415

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

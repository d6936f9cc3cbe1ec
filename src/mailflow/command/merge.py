"""`mailflow merge`: the reports of the parts of one run become the report of the whole."""

import argparse
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mailflow.command.line import DONE, NOT_SO, Commands, command, say
from mailflow.input_error import InputError, Mistake

if TYPE_CHECKING:
    from mailflow.policy.run import Run

_ABOUT = """\
Join the reports of runs that each judged a part (pytest features --shard 1/4 … 4/4), perhaps on several machines, into
one report of the whole. Each SHARD is a folder of reports as --reports names it, or the folder of one report. A row
that no shard judged makes the whole incomplete, so a shard that is missing cannot pass for one without findings.
Shards of different environments, plans or versions of the kit are refused.

The exit status is that of the whole: 0 ready, 1 not ready or incomplete, 4 where a shard cannot be read.
"""

_EXAMPLES = """\
  mailflow merge shard-1 shard-2 shard-3 shard-4
  mailflow merge shard-*/reports --reports merged
"""


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(commands, "merge", help="join the reports of shards", about=_ABOUT, examples=_EXAMPLES)
    parser.add_argument("shards", nargs="+", metavar="SHARD", type=Path, help="a folder of reports, or of one report")
    parser.add_argument(
        "--reports", metavar="DIR", type=Path, default=Path("reports"), help="where the whole is written"
    )
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> int:
    from mailflow.plugin.build_server import add_summary, commands  # noqa: PLC0415
    from mailflow.policy.merge import merge  # noqa: PLC0415
    from mailflow.policy.run import Decision  # noqa: PLC0415
    from mailflow.report import write  # noqa: PLC0415
    from mailflow.report.as_text import decision  # noqa: PLC0415
    from mailflow.report.words import sentence  # noqa: PLC0415

    parts: dict[tuple[str, str], list[Run]] = {}
    for file in (file for shard in options.shards for file in _files(shard)):
        run = _read(file)
        parts.setdefault((run.environment, run.mode), []).append(run)
    runs = []
    for (environment, mode), shards in parts.items():
        try:
            runs.append(merge(shards))
        except ValueError as wrong:
            named = f"{environment}, {mode}: {wrong}"
            raise InputError(Mistake("mailflow merge", None, named, "shards of one run")) from wrong
    try:
        *reports, index = write(runs, options.reports)
        add_summary(runs, os.environ)
    except OSError as wrong:
        told = f"a folder that cannot be written ({wrong.strerror})"
        raise InputError(Mistake(options.reports.as_posix(), None, told, "one that can")) from wrong
    for run in runs:
        say(f"{decision(run)}\n  {sentence(run)}")
    say(f"Report: {index}")
    for line in commands(runs, [report.parent for report in reports], os.environ):
        print(line)  # noqa: T201  # made safe where it is made; `say` would write its own signs out
    ready = (Decision.READY, Decision.READY_WITH_ACCEPTED_RISKS)
    return DONE if all(run.decision in ready for run in runs) else NOT_SO


def _files(shard: Path) -> Iterator[Path]:
    """Give each newest report.json of a folder of reports; what is kept beside them is older."""
    from mailflow.report.read import FILE  # noqa: PLC0415

    found = [shard / FILE] if (shard / FILE).is_file() else sorted(shard.glob(f"*/*/{FILE}"))
    if not found:
        raise InputError(Mistake(shard.as_posix(), None, f"no {FILE} in it", "a folder of reports, or of one report"))
    yield from found


def _read(file: Path) -> "Run":
    """Read one report with what was observed, which stands in the file beside it."""
    from mailflow.report.read import read, read_observations  # noqa: PLC0415

    run = read(file)
    evidence = file.with_name("evidence.json")
    if not evidence.is_file():
        raise InputError(Mistake(evidence.as_posix(), None, "no such file", "the evidence of the report beside it"))
    with evidence.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != run.evidence_digest:
        told = f"a file of the digest {digest[:12]}…"
        raise InputError(Mistake(evidence.as_posix(), None, told, f"{run.evidence_digest[:12]}…, as {file.name} says"))
    return replace(run, recording=read_observations(evidence))

# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/faults.md from fixtures/faults/: which change fells which requirement, and whether it really does.

python docs/make_faults.py                   write the page as it must be: all that is named falls, nothing else
python docs/make_faults.py --check           exit with 1 if the page is not what would be written
python docs/make_faults.py --check RUN.json  the same, with what a run of the faults measured (tox -e faults)
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Literal

from mailflow.environment.fault import Fault, read_all

PAGE = Path(__file__).with_name("faults.md")
ROOT = PAGE.parents[1]

HEAD = """\
# What fells which requirement

<!-- Made by docs/make_faults.py from fixtures/faults/. Change those files, not this page. -->

Each fault is one change to a shipped environment, as it happens in life. A test applies every fault to every
environment it is meant for and demands that exactly these rows fall. See one yourself:

    pytest features --environment scenario-4 --fault spf-ipv4-typo

`pipx run tox -e faults` judges all of them, makes this page anew from what it measured, and fails where it differs.
"""

Kind = Literal["breaks", "hides"]
Case = tuple[str, str, Kind]  # fault, environment; which rows are non-compliant, which not verified


@dataclass
class Score:
    """How often a requirement had to fall, did, and did although no fault said so."""

    meant: Counter[str]
    caught: Counter[str]
    wrong: Counter[str]

    def cells(self, rows: Iterable[str]) -> str:
        """Write the cells of one table row: for one requirement, or for several together."""
        names = list(rows)
        meant, caught, wrong = (sum(count[name] for name in names) for count in (self.meant, self.caught, self.wrong))
        share = f"{100 * caught // meant} %" if meant else "none"  # rounded down: 100 % is all of them
        return f"{meant} | {share} | {wrong}"


def cases(faults: Mapping[str, Fault]) -> Iterator[Case]:
    """Give every changed environment, twice: for what falls, and for what is no longer verified."""
    for fault in faults.values():
        for environment in fault.file.environments:
            yield fault.name, environment, "breaks"
            yield fault.name, environment, "hides"


def score(faults: Mapping[str, Fault], measured: Mapping[Case, frozenset[str]], kind: Kind) -> Score:
    """Hold what was measured against what the faults name."""
    found = Score(Counter(), Counter(), Counter())
    for name, environment, one in cases(faults):
        if one == kind:
            meant = faults[name].falls(environment, kind)
            fell = measured.get((name, environment, kind), frozenset())
            found.meant.update(meant)
            found.caught.update(meant & fell)
            found.wrong.update(fell - meant - set(faults[name].file.may_break))
    return found


def page(faults: Mapping[str, Fault], measured: Mapping[Case, frozenset[str]]) -> str:
    """Write the page."""
    fells = {kind: score(faults, measured, kind) for kind in ("breaks", "hides")}
    rows = sorted(set().union(*(s.meant.keys() | s.wrong.keys() for s in fells.values())))
    names: dict[tuple[str, Kind], set[str]] = {}
    for fault, environment, kind in cases(faults):
        for row in faults[fault].falls(environment, kind):
            names.setdefault((row, kind), set()).add(fault)

    def line(head: str, of: Iterable[str]) -> str:
        those = list(of)
        return f"| {head} | {fells['breaks'].cells(those)} | {fells['hides'].cells(those)} |\n"

    told = [HEAD, f"\n{len(faults)} faults, {sum(len(f.file.environments) for f in faults.values())} "]
    told += ["changed environments.\n\n## Caught, and wrong alarms\n\n"]
    told += ["In how many changed environments a requirement must become non-compliant (*falls*) or not verified\n"]
    told += ["(*doubted*), the share in which it did, and in how many it did although nothing said so.\n\n"]
    told += ["| requirement | falls | caught | wrong alarms | doubted | caught | wrong doubts |\n"]
    told += ["|---|--:|--:|--:|--:|--:|--:|\n"]
    told += [line("**all**", rows), *(line(row, [row]) for row in rows)]
    told.append("\n## By requirement\n\n| requirement | falls by | not verified by |\n|---|---|---|\n")
    told += [
        f"| {row} | {_names(names.get((row, 'breaks'), set()))} | {_names(names.get((row, 'hides'), set()))} |\n"
        for row in rows
    ]
    told.append("\n## By fault\n\n| fault | what is wrong | in life | told in |\n|---|---|---|---|\n")
    told += [f"| `{f.name}` | {f.file.title} | {f.file.life} | {f.file.source} |\n" for f in faults.values()]
    return "".join(told)


def _names(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def read_run(path: Path) -> dict[Case, frozenset[str]]:
    """Read what a run measured: [fault, environment, rows non-compliant, rows not verified] for each change."""
    found: dict[Case, frozenset[str]] = {}
    for fault, environment, fell, doubted in json.loads(path.read_text(encoding="utf-8")):
        found[fault, environment, "breaks"] = frozenset(fell)
        found[fault, environment, "hides"] = frozenset(doubted)
    return found


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    faults = read_all(ROOT)
    as_named = {case: faults[case[0]].falls(case[1], case[2]) for case in cases(faults)}
    if arguments[:1] != ["--check"]:
        PAGE.write_text(page(faults, as_named), encoding="utf-8", newline="\n")
        return 0
    current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    wanted = page(faults, read_run(Path(arguments[1])) if arguments[1:] else as_named)
    if current == wanted:
        return 0
    differs = "\n".join(unified_diff(current.splitlines(), wanted.splitlines(), "docs/faults.md", "made", "", "", n=0))
    sys.stderr.write(f"docs/faults.md is not what it should be: run python docs/make_faults.py\n{differs[:4000]}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

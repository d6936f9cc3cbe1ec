# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/faults.md from fixtures/faults/: which change fells which requirement.

python docs/make_faults.py           write the page
python docs/make_faults.py --check   exit with 1 if the page is not what would be written
"""

import sys
from pathlib import Path

from mailflow.environment.fault import read_all

PAGE = Path(__file__).with_name("faults.md")
ROOT = PAGE.parents[1]

HEAD = """\
# What fells which requirement

<!-- Made by docs/make_faults.py from fixtures/faults/. Change those files, not this page. -->

Each fault is one change to a shipped environment, as it happens in life. A test applies every fault to every
environment it is meant for and demands that exactly these rows fall. See one yourself:

    pytest features --environment scenario-4 --fault spf-ipv4-typo
"""


def page() -> str:
    """Write the page."""
    faults = read_all(ROOT)
    breaking: dict[str, set[str]] = {}
    hiding: dict[str, set[str]] = {}
    for fault in faults.values():
        for environment in fault.file.environments:
            for row in fault.falls(environment, "breaks"):
                breaking.setdefault(row, set()).add(fault.name)
            for row in fault.falls(environment, "hides"):
                hiding.setdefault(row, set()).add(fault.name)
    count = f"\n{len(faults)} faults, {sum(len(f.file.environments) for f in faults.values())} changed environments.\n"
    told = [HEAD, count, "\n## By requirement\n\n| requirement | falls by | not verified by |\n|---|---|---|\n"]
    told += [
        f"| {row} | {_names(breaking.get(row, set()))} | {_names(hiding.get(row, set()))} |\n"
        for row in sorted(breaking.keys() | hiding.keys())
    ]
    told.append("\n## By fault\n\n| fault | what is wrong | in life | told in |\n|---|---|---|---|\n")
    told += [f"| `{f.name}` | {f.file.title} | {f.file.life} | {f.file.source} |\n" for f in faults.values()]
    return "".join(told)


def _names(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def main() -> int:
    """Write or check the page."""
    if sys.argv[1:] == ["--check"]:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != page():
            sys.stderr.write("docs/faults.md is out of date: run python docs/make_faults.py\n")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

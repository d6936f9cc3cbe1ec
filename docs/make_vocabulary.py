# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/vocabulary.md from the sentences in steps/, each with a line of a feature file that uses it.

python docs/make_vocabulary.py           write the page
python docs/make_vocabulary.py --check   exit with 1 if the page is not what would be written
"""

import sys
from pathlib import Path

from mailflow.plugin.vocabulary import load, steps_of
from mailflow.policy.catalogue import read_folder

PAGE = Path(__file__).with_name("vocabulary.md")
ROOT = PAGE.parents[1]

HEAD = """\
# The sentences that feature files are written in

<!-- Made by docs/make_vocabulary.py from steps/. Change the steps, not this page. -->

Every sentence has one meaning: the function named beside it. `{place:Place}` is *the Internet*, *Microsoft 365*
or *the on-premises servers*; `{route:Route}` is places joined by *, then*; `{kind:Kind}` is *from* a party *to* a
party, as in the example.
"""


def page() -> str:
    """Write the page."""
    sys.path.insert(0, str(ROOT))
    vocabulary, _ = load(ROOT)
    used: dict[str, str] = {}
    for feature in read_folder(ROOT / "features", ROOT).features:
        for _, step in steps_of(feature):
            for definition in vocabulary.find(step.type, step.name):
                used.setdefault(definition.step_func.__name__, step.name)
    told = [HEAD]
    for kind in ("given", "when", "then"):
        told.append(f"\n## {kind.capitalize()}\n\n| sentence | meaning | example |\n|---|---|---|\n")
        for definition in vocabulary.definitions:
            if definition.type == kind:
                function = definition.step_func
                module = function.__module__.replace(".", "/")
                example = used[function.__name__]
                shown = "" if example == definition.parser.name else f"*{example}*"
                told.append(f"| {definition.parser.name} | `{module}.py` {function.__name__} | {shown} |\n")
    return "".join(told)


def main() -> int:
    """Write or check the page."""
    if sys.argv[1:] == ["--check"]:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != page():
            sys.stderr.write("docs/vocabulary.md is out of date: run python docs/make_vocabulary.py\n")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

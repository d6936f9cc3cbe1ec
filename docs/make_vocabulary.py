# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/vocabulary.md from the sentences in steps/, each with a line of a feature file that uses it.

python docs/make_vocabulary.py           write the page
python docs/make_vocabulary.py --check   exit with 1 if the page is not what would be written
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from generated_page import write_or_check

from mailflow.plugin.sentences import topics

PAGE = Path(__file__).with_name("vocabulary.md")
ROOT = PAGE.parents[1]

HEAD = """\
# The sentences that feature files are written in

<!-- Made by docs/make_vocabulary.py from steps/. Change the steps, not this page. -->

`mailflow steps` prints the same, with the sentences of your own beside them; `mailflow steps spf` those about SPF. In
braces stands what varies: `{place}` is *the Internet*, *Microsoft 365*, *the on-premises servers* or *the third-party
filter*; `{route}` is places joined by *, then*; `{kind}` is *from* a party *to* a party. Every sentence has one
meaning: the function named beside it. Who looks for the line that decides a verdict starts at the judge named behind
that, in `src/mailflow/`. Every example is a line of the requirement named behind it.
"""


def judges(meaning: str) -> Iterator[str]:
    """Name the functions of mailflow.judge that the function of a sentence (`steps/messages.py passes`) calls."""
    file, _, name = meaning.partition(" ")
    module = parsed(file)
    files: dict[str, str] = {}  # what a name of this module is: judge/path.py, or judge/arrival.py find_arrivals
    for one in module.body:
        if isinstance(one, ast.ImportFrom) and one.module and one.module.startswith("mailflow.judge"):
            of = one.module.removeprefix("mailflow.").replace(".", "/")
            for each in one.names:
                files[each.asname or each.name] = f"{of}/{each.name}.py" if of == "judge" else f"{of}.py {each.name}"
    (function,) = (one for one in module.body if isinstance(one, ast.FunctionDef) and one.name == name)
    for call in ast.walk(function):
        match getattr(call, "func", None):
            case ast.Attribute(value=ast.Name(id=alias), attr=called) if alias in files:
                yield f"`{files[alias]} {called}`"
            case ast.Name(id=alias) if alias in files:
                yield f"`{files[alias]}`"


@cache
def parsed(file: str) -> ast.Module:
    """Parse a module of steps/."""
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def page() -> str:
    """Write the page."""
    sys.path.insert(0, str(ROOT))
    told = [HEAD]
    for topic in topics((ROOT,)):
        told.append(f"\n## {topic.name.capitalize()}\n\n{topic.about}\n\n")
        told.append("| | sentence | example | meaning | decided by |\n|---|---|---|---|---|\n")
        for sentence in topic.sentences:
            first = sentence.examples[0]
            example = "" if first.text == sentence.pattern else f"*{first.text}*, "
            told.append(
                f"| {sentence.keyword} | {sentence.pattern} | {example}{first.requirement} | `{sentence.meaning}` | "
                f"{', '.join(judges(sentence.meaning)) if sentence.keyword != 'When' else ''} |\n"
            )
    return "".join(told)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

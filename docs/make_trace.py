# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/trace.md from the trace that the package ships.

python docs/make_trace.py           write the page
python docs/make_trace.py --check   exit with 1 if the page is not what would be written
"""

import sys
from pathlib import Path

from generated_page import write_or_check

from mailflow.policy.trace import Statement, statements

PAGE = Path(__file__).with_name("trace.md")

HEAD = """\
# From the documentation to the requirements

<!-- Made by docs/make_trace.py from src/mailflow/policy/trace.toml. Change that file, not this page. -->

Every statement of the documentation (“Training” in [the library](../src/mailflow/policy/documents.toml)), in our
words, and what became of it: the rows that ask for it, advice that the report repeats, or the reason why no row can
ask for it. What a row demands and why stands in [the requirements](requirements.md), which judge decides each of its
sentences in [the sentences](vocabulary.md).

| | scenario | where | the documentation says | what became of it |
|---|---|---|---|---|
"""


def table_row(said: Statement) -> str:
    """Write one statement as a row of the table."""
    if said.requirements:
        became = ", ".join(f"`{row}`" for row in said.requirements)
    elif said.advice:
        became = f"Advice: “{said.advice}”"
    else:
        became = f"Not testable: {said.untestable}"
    cells = (said.id, str(said.scenario or ""), said.where, said.says, became)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def page() -> str:
    """Write the page."""
    return HEAD + "".join(map(table_row, statements()))


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

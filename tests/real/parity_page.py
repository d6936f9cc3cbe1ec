"""docs/parity.md: which rows a simulation and real servers decided alike, from what a run measured."""

from collections.abc import Iterable, Sequence

from tests.real.cases import PROJECT
from tests.real.parity import Compared

PAGE = PROJECT / "docs" / "parity.md"

_HEAD = """\
# The same verdicts from a simulation and from real servers

<!-- Made by tests/real/test_parity.py from what it measured: MAILFLOW_PARITY=write pipx run tox -e real -->

For each configuration the same folder is judged twice. Once in a simulation; once live: NSD and Unbound are the DNS,
Postfix is the own server (`other:` in environment.yaml, as Exchange Server cannot be had for a test), Exim is the
mail server of Fabrikam and of Tailspin Toys, all on their planned addresses. Every test message is sent through them,
and what arrives is saved in `messages/`; then `--mode live` looks from a stranger's address. Microsoft 365 is the
simulated one both times, reached by port 25 like the others: of it this page proves nothing.

What one of the two leaves open is not verified there: mostly a message is missing that never arrived, or RCPT was
accepted, which proves nothing. No row may be decided one way here and the other way there; what is, stands in the last
column, and its reason in `tests/real/cases.py`. All other rows are compliant, or do not apply, both times. The rows
about the cutover (CUT-…) are asked of the plan, or of the day itself, and not compared.

| configuration | what is wrong | non-compliant both times | left open by one | decided otherwise |
|---|---|---|---|---|
"""

_ROWS = """
## Row by row
In how many configurations a row was decided alike, compliant (or not applicable) and non-compliant, and in how many it
was left open by one of the two.

| requirement | compliant | non-compliant | open |
|---|---|---|---|
"""


def page(compared: Sequence[Compared]) -> str:
    """Write the page."""
    lines = [
        f"| `{one.case.name}` | {one.case.title} | {_listed(one.both('non-compliant'))} | {_listed(one.open)} | "
        f"{_listed(one.apart)} |\n"
        for one in compared
    ]
    rows = sorted({row for one in compared for row, *_ in one.pairs()})
    table = [
        f"| {row} | {holds} | {falls} | {sum(row in one.open for one in compared)} |\n"
        for row in rows
        for holds in [_count(compared, row, "compliant", "not-applicable")]
        for falls in [_count(compared, row, "non-compliant")]
    ]
    return _HEAD + "".join(lines) + _ROWS + "".join(table)


def _listed(rows: Iterable[str]) -> str:
    return ", ".join(rows) or "none"


def _count(compared: Iterable[Compared], row: str, *verdicts: str) -> int:
    return sum(row in one.both(*verdicts) for one in compared)

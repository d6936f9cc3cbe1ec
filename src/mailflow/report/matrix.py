"""The picture of a run on a page: requirements down, domains across, a verdict where they meet."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailflow.policy.requirement import Requirement, Result
from mailflow.policy.run import Run

# So many columns of a symbol's width stand beside the requirements on a sheet of A4 or Letter.
COLUMNS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A result and the name by which links find it: `S4-MX-1--contoso.com`, `HYB-TRUST-1` for the tenant."""

    anchor: str
    result: Result


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement over the domains of a table: for each what was found, None where it is not planned."""

    requirement: Requirement
    cells: tuple[Row | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A part of the matrix that fits on a sheet: some domains (None is the tenant), all their requirements."""

    number: int
    first: int  # of its domains among all, counted from 1
    domains: tuple[str | None, ...]
    features: tuple[tuple[str, tuple[Line, ...]], ...]


def rows(results: Sequence[Result]) -> tuple[Row, ...]:
    """Give each result its anchor. The same key gives the same anchor in every report."""
    taken: set[str] = set()
    named = []
    for result in results:
        name = result.requirement.id if result.domain is None else f"{result.requirement.id}--{result.domain}"
        # Unquoted in HTML, in a URL's fragment and in a file name: letters, digits and .-_ alone.
        name = "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else f"_{ord(c):x}_" for c in name)
        anchor, again = name, 1
        while anchor in taken:
            again += 1
            anchor = f"{name}--{again}"
        taken.add(anchor)
        named.append(Row(anchor, result))
    return tuple(named)


def matrix(run: Run, found: Sequence[Row], columns: int = COLUMNS) -> tuple[Table, ...]:
    """Lay the rows out, at most `columns` domains to a table; the tenant first, then the environment's order."""
    seen = dict.fromkeys(row.result.domain for row in found)
    tenant = [None] if None in seen else []
    domains: list[str | None] = [*tenant, *(d for d in dict.fromkeys([*run.domains, *seen]) if d is not None)]
    lines: dict[tuple[str, str], Requirement] = {}
    cells: dict[tuple[str, str, str | None], Row] = {}
    for row in found:
        key = (row.result.requirement.scenario, row.result.requirement.id)
        lines.setdefault(key, row.result.requirement)
        cells.setdefault((*key, row.result.domain), row)

    tables = []
    for number, start in enumerate(range(0, len(domains), columns), 1):
        across = tuple(domains[start : start + columns])
        features: dict[str, list[Line]] = {}
        for (feature, identifier), requirement in lines.items():
            met = tuple(cells.get((feature, identifier, domain)) for domain in across)
            if any(met):
                features.setdefault(feature, []).append(Line(requirement, met))
        tables.append(Table(number, start + 1, across, tuple((name, tuple(down)) for name, down in features.items())))
    return tuple(tables)

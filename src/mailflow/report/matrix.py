"""The picture of a run on a page: requirements and domains, a verdict where they meet. Pure.

A few domains stand side by side, with the title of each requirement beside them. Many stand one below the other, and
the requirements side by side by their identifiers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailflow.environment.scenario import ScenarioName
from mailflow.policy.requirement import Requirement, Result
from mailflow.policy.run import Run

FEW = 5  # columns of words that stand beside the titles on a sheet of A4 or Letter
COLUMNS = 24  # columns of a symbol's width that stand beside the name of a domain


@dataclass(frozen=True, slots=True)
class Row:
    """A result and the name by which links find it: `S4-MX-1--contoso.com`, `HYB-TRUST-1` for the tenant."""

    anchor: str
    result: Result


Cells = tuple[Row | None, ...]  # None: not planned there


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement over the domains of a table."""

    requirement: Requirement
    cells: Cells


@dataclass(frozen=True, slots=True)
class Wide:
    """Requirements down, a few domains across (None is the tenant)."""

    title: str
    domains: tuple[str | None, ...]
    features: tuple[tuple[str, tuple[Line, ...]], ...]
    tall: bool = False


@dataclass(frozen=True, slots=True)
class Tall:
    """Domains down, requirements across."""

    title: str
    requirements: tuple[Requirement, ...]
    lines: tuple[tuple[str, Cells], ...]
    tall: bool = True


def anchor(name: str) -> str:
    """Write a name with nothing but letters, digits and .-_: unquoted in HTML, a URL's fragment and a file name."""
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-_") else f"_{ord(c):x}_" for c in name)


def rows(results: Sequence[Result]) -> tuple[Row, ...]:
    """Give each result its anchor. The same key gives the same anchor in every report."""
    taken: set[str] = set()
    named = []
    for result in results:
        domain = "" if result.domain is None else f"--{result.domain}"
        name = anchor(f"{result.requirement.id}{domain}")
        found, again = name, 1
        while found in taken:
            again += 1
            found = f"{name}--{again}"
        taken.add(found)
        named.append(Row(found, result))
    return tuple(named)


def matrix(run: Run, found: Sequence[Row]) -> tuple[Wide | Tall, ...]:
    """Lay the rows out; the tenant first, then the environment's order."""
    seen = dict.fromkeys(row.result.domain for row in found)
    domains = [domain for domain in dict.fromkeys([*run.domains, *seen]) if domain is not None]
    tenant: tuple[None, ...] = (None,) if None in seen else ()
    cells: dict[tuple[str, str | None], Row] = {}
    for row in found:
        cells.setdefault((row.result.requirement.id, row.result.domain), row)
    demanded = {row.result.requirement.id: row.result.requirement for row in found}
    if not demanded:
        return ()
    if len(domains) + len(tenant) <= FEW:
        return (_wide("Verdict of each requirement", (*tenant, *domains), demanded, cells),)
    tables: list[Wide | Tall] = []
    if tenant:
        tables.append(_wide("Verdict of each requirement for the tenant", tenant, demanded, cells))
    by_scenario: dict[ScenarioName | None, list[str]] = {}
    for domain in domains:
        by_scenario.setdefault(run.domains.get(domain), []).append(domain)
    for scenario, group in by_scenario.items():
        name = f"Domains of scenario {scenario}" if scenario else "Domains without a scenario"
        tables += _tall(name, group, demanded.values(), cells)
    return tuple(tables)


def _wide(
    title: str,
    domains: tuple[str | None, ...],
    demanded: Mapping[str, Requirement],
    cells: Mapping[tuple[str, str | None], Row],
) -> Wide:
    features: dict[str, list[Line]] = {}
    for identifier, requirement in demanded.items():
        met = tuple(cells.get((identifier, domain)) for domain in domains)
        if any(met):
            features.setdefault(requirement.scenario, []).append(Line(requirement, met))
    return Wide(title, domains, tuple((name, tuple(lines)) for name, lines in features.items()))


def _tall(
    name: str,
    domains: Sequence[str],
    demanded: Iterable[Requirement],
    cells: Mapping[tuple[str, str | None], Row],
) -> Iterable[Tall]:
    asked = [one for one in demanded if any((one.id, domain) in cells for domain in domains)]
    parts = [asked[start : start + COLUMNS] for start in range(0, len(asked), COLUMNS)]
    for number, part in enumerate(parts, 1):
        title = f"{name}, part {number} of {len(parts)}" if len(parts) > 1 else name
        lines = tuple((domain, tuple(cells.get((one.id, domain)) for one in part)) for domain in domains)
        yield Tall(f"{title}: {part[0].id} to {part[-1].id}", tuple(part), lines)

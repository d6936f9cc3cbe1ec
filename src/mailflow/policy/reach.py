"""Scenarios that are meant for nobody: a misspelt domain or environment would make a demand vanish unnoticed. Pure."""

import difflib
from collections.abc import Collection, Iterable, Sequence

from mailflow.environment.environment import Environment
from mailflow.environment.scenario import in_order
from mailflow.input_error import Mistake
from mailflow.policy.feature import Feature, Scenario
from mailflow.policy.selection import Selection

OWN = "features/domains/"  # where the features of single domains lie


def unreached(
    features: Iterable[Feature],
    environments: Sequence[Environment],
    known: Collection[str],
    *,
    whole: bool,
) -> list[Mistake]:
    """Say which scenarios of single domains or environments select no row.

    That no domain follows a scenario is normal and no mistake; a feature under features/domains/, or
    one that names a domain or an environment, is written for somebody.

    Args:
        features: to look at.
        environments: that were asked for.
        known: the names of all there are.
        whole: all there are were asked for; then a domain is known too.

    """
    told = []
    for feature in features:
        for scenario in feature.scenarios:
            selections = [example.selection for example in scenario.examples]
            aimed = feature.path.startswith(OWN) or any(s.domains or s.environments for s in selections)
            if aimed and not any(s.rows(e) for s in selections for e in environments):
                told += _why(scenario, environments, known, whole=whole)
    return told


def _why(
    scenario: Scenario, environments: Sequence[Environment], known: Collection[str], *, whole: bool
) -> list[Mistake]:
    chosen = scenario.selection
    path, line = scenario.requirement.path, scenario.requirement.line
    names = {environment.name for environment in environments}
    asked = chosen.environments or frozenset()
    if strange := sorted(asked - set(known) - names):
        mend = _near(strange[0], {*known, *names})
        return [Mistake(path, line, f"@environment:{strange[0]}", "an environment that there is", mend)]
    if asked.isdisjoint(names) if asked else not whole:
        return []  # it is meant for an environment that was not asked for
    found = _written(chosen) or f"'{scenario.requirement.title}'"
    domains = {
        domain.name
        for environment in environments
        if not asked or environment.name in asked
        for domain in environment.domains
    }
    mend = _near(min(chosen.domains), domains) if chosen.domains else ""
    return [Mistake(path, line, f"{found}, which no domain is", "tags that select a domain", mend)]


def _written(chosen: Selection) -> str:
    told = [f"@scenario:{number}" for number in in_order(chosen.scenarios or frozenset())]
    told += [f"@domain:{name}" for name in sorted(chosen.domains or ())]
    return " ".join([*told, *(f"@environment:{name}" for name in sorted(chosen.environments or ()))])


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"There are: {', '.join(sorted(known))}." if known else ""

"""Which scenarios there are: the documented four, and whatever word stands as a tag at the head of a feature file.

So a layout of somebody's own is a feature file and a folder. A tag further in only chooses among these: a word that is
misspelt there would make a demand vanish unnoticed, and one in environment.yaml would leave a domain without demands.
"""

import difflib
from collections.abc import Iterable

from mailflow.environment.environment import Environment
from mailflow.environment.folder import FILE
from mailflow.environment.scenario import DOCUMENTED, ScenarioName, in_order, scenario_name
from mailflow.input_error import Mistake
from mailflow.policy.feature import Feature


def known_scenarios(features: Iterable[Feature]) -> dict[ScenarioName, str]:
    """Give each scenario with the title of the feature that introduces it; empty where only the documents do."""
    known: dict[ScenarioName, str] = dict.fromkeys(DOCUMENTED, "")
    for feature in sorted(features, key=lambda one: len(one.introduces)):  # a file of its own before a shared one
        for name in feature.introduces:
            known[name] = known.get(name) or feature.name
    return {name: known[name] for name in in_order(known.keys())}


def unknown_in_environments(features: Iterable[Feature], environments: Iterable[Environment]) -> list[Mistake]:
    """Say which domains follow a scenario that no feature file introduces."""
    known = known_scenarios(features)
    told = []
    for environment in environments:
        for domain in environment.domains:
            if domain.scenario not in known:
                line = environment.lines.get(f"domains.{domain.name}.scenario", 1)
                found = f"the scenario '{domain.scenario}' of {domain.name}, which no feature file has as its tag"
                told.append(
                    Mistake(
                        (environment.folder / FILE).as_posix(),
                        line,
                        found,
                        ", ".join(map(str, known)),
                        nearest_scenario(domain.scenario, known),
                    )
                )
    return told


def unknown_in_tags(features: Iterable[Feature]) -> list[Mistake]:
    """Say which tags within feature files name a scenario that none introduces."""
    looked_at = tuple(features)
    known = known_scenarios(looked_at)
    return [
        Mistake(
            feature.path,
            line,
            f"@{tag}, which no feature file has as its own tag",
            ", ".join(map(str, known)),
            nearest_scenario(name, known),
        )
        for feature in looked_at
        for tag, line in feature.scenario_tags.items()
        if (name := scenario_name(tag.partition(":")[2])) not in known
    ]


def nearest_scenario(name: ScenarioName, known: Iterable[ScenarioName]) -> str:
    """Ask for the nearest of the known ones; empty where none is near."""
    near = difflib.get_close_matches(str(name), [one for one in known if isinstance(one, str)], n=1)
    return f"Did you mean '{near[0]}'?" if near else ""

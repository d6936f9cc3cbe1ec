"""The documented scenarios as they look in configuration, and which of them some facts fit. Guesses, never verdicts.

What a layout looks like is data: layouts.toml beside this file. Who has facts (the DNS of a domain, the plan of a whole
environment) compares them here, and is told what speaks for and against each layout. Nothing that routes mail asks.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NOT_KNOWN = ""  # the value of a trait that no file and no answer tells
NULL_MX = "the MX record says that the domain takes no mail (null MX)"


@dataclass(frozen=True, slots=True)
class Layout:
    """A documented scenario by the traits that it demands."""

    scenario: str  # as environment.yaml writes it
    demands: Mapping[str, tuple[str, ...]]  # trait → the values that fit; a trait that is not here may be anything
    apart: str  # by what configuration it differs from those that look like it in the DNS


@dataclass(frozen=True, slots=True)
class Fact:
    """A trait as it was found."""

    trait: str
    value: str  # one of those in layouts.toml, or NOT_KNOWN
    words: str  # "centralized mail transport is on"; of what is not known, why


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How one layout and the facts go together."""

    scenario: str
    fits: tuple[str, ...]  # facts that it demands
    contradicts: tuple[str, ...]  # facts that it excludes


@dataclass(frozen=True, slots=True)
class Guess:
    """What the facts say of the documented scenarios."""

    resemblances: tuple[Resemblance, ...]
    not_known: tuple[str, ...] = ()  # why traits are not known
    unknown: str = ""  # why nothing can be said at all; empty where something can

    @property
    def fitting(self) -> tuple[str, ...]:
        """The scenarios for which some fact speaks and against which none does; none where nothing can be said."""
        alike = (one.scenario for one in self.resemblances if one.fits and not one.contradicts)
        return () if self.unknown else tuple(alike)

    @property
    def nearest(self) -> tuple[str, ...]:
        """The scenarios with the fewest facts against them, and of those the ones with the most for them.

        One that has nothing in common with the facts resembles them not at all.
        """
        ranks = {one.scenario: (len(one.contradicts), -len(one.fits)) for one in self.resemblances if one.fits}
        return tuple(scenario for scenario, rank in ranks.items() if rank == min(ranks.values()))

    def of(self, scenario: str) -> Resemblance:
        """Give what speaks for and against one scenario; for one that nobody describes nothing speaks."""
        return next((one for one in self.resemblances if one.scenario == scenario), Resemblance(scenario, (), ()))


@cache
def layouts() -> tuple[Layout, ...]:
    """Give the documented scenarios, in the order of the documentation."""
    text = files("mailflow.environment").joinpath("layouts.toml").read_text(encoding="utf-8")
    return tuple(
        Layout(
            table.pop("scenario"), apart=table.pop("apart"), demands={key: tuple(told) for key, told in table.items()}
        )
        for table in tomllib.loads(text)["layout"]
    )


def all_in_the_cloud(scenario: object) -> bool:
    """Whether the documentation has every mailbox of a scenario in the cloud."""
    return _demands(scenario, "mailboxes") == ("cloud",)


def has_own_servers(scenario: object) -> bool:
    """Whether the documentation has servers of the own in a scenario."""
    return _demands(scenario, "servers") == ("some",)


def has_filter_in_front(scenario: object) -> bool:
    """Whether the documentation has the MX record of a scenario point to a service of others."""
    return _demands(scenario, "mx") == ("others",)


def _demands(scenario: object, trait: str) -> tuple[str, ...]:
    found = (one.demands.get(trait, ()) for one in layouts() if one.scenario == str(scenario))
    return next(found, ())


def compare(facts: Sequence[Fact], unknown: str = "") -> Guess:
    """Compare facts with every documented scenario."""
    known = [fact for fact in facts if fact.value != NOT_KNOWN]
    return Guess(
        tuple(_resemblance(layout, known) for layout in layouts()),
        tuple(fact.words for fact in facts if fact.value == NOT_KNOWN),
        unknown,
    )


def _resemblance(layout: Layout, known: Iterable[Fact]) -> Resemblance:
    demanded = [(fact, layout.demands[fact.trait]) for fact in known if fact.trait in layout.demands]
    return Resemblance(
        layout.scenario,
        tuple(fact.words for fact, values in demanded if fact.value in values),
        tuple(fact.words for fact, values in demanded if fact.value not in values),
    )


def spoken(scenarios: Sequence[str]) -> str:
    """Write `scenario 1`, `scenarios 1 and 2`, `scenarios 1, 2 and 3`."""
    *first, last = scenarios
    return f"scenarios {', '.join(first)} and {last}" if first else f"scenario {last}"

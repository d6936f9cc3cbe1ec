"""Which of the four documented scenarios the DNS of a domain fits. Guesses, each with what speaks for and against it.

The scenarios differ in where the MX record points, in centralized mail transport and in where the own servers send
mail for the Internet. The DNS shows the first only: it tells 1 and 2 from 3 and 4, and no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailflow.environment.discovered import Seen

ONE_OR_TWO = (
    "The DNS cannot tell 1 from 2. In 2 an outbound connector sends everything through the own servers: "
    "Get-OutboundConnector shows RouteAllMessagesViaOnPremises True (centralized mail transport)."
)
THREE_OR_FOUR = (
    "The DNS cannot tell 3 from 4. In 4 the own Send connector for * names Microsoft 365 as its smart host; in 3 it "
    "does not, and an outbound connector of the tenant has RouteAllMessagesViaOnPremises True."
)


@dataclass(frozen=True, slots=True)
class Resemblance:
    """How one scenario and the facts go together."""

    scenario: int
    fits: tuple[str, ...]  # facts that the scenario demands
    contradicts: tuple[str, ...]  # facts that it excludes


@dataclass(frozen=True, slots=True)
class Guess:
    """What the facts say of the four scenarios."""

    resemblances: tuple[Resemblance, ...]  # of 1 to 4
    unknown: str  # why nothing can be said; empty where something can

    @property
    def fitting(self) -> tuple[int, ...]:
        """The scenarios that no fact contradicts; none where nothing can be said."""
        return () if self.unknown else tuple(one.scenario for one in self.resemblances if not one.contradicts)

    @property
    def nearest(self) -> int:
        """The scenario with the fewest contradictions, of several the first."""
        return min(self.resemblances, key=lambda one: (len(one.contradicts), one.scenario)).scenario

    @property
    def words(self) -> str:
        """What is to be said of it, and what would tell more."""
        if self.unknown:
            return f"Nothing can be said of the scenario: {self.unknown}."
        if not self.fitting:
            return f"None of the four documented scenarios. It most resembles scenario {self.nearest}."
        told = f"It fits scenarios {' and '.join(map(str, self.fitting))}."
        return f"{told} {ONE_OR_TWO if 1 in self.fitting else THREE_OR_FOUR}"


def guess(seen: Seen) -> Guess:
    """Compare the facts of a domain with the four scenarios."""
    unanswered = next((one for one in seen.unanswered if one.startswith(f"{seen.domain} ")), "")
    return Guess(tuple(_compare(seen, scenario) for scenario in (1, 2, 3, 4)), unanswered)


def _compare(seen: Seen, scenario: int) -> Resemblance:
    fits: list[str] = []
    contradicts: list[str] = []
    for holds, fact in (_mx(seen, scenario), _tenant(seen), _servers(seen)):
        (fits if holds else contradicts).append(fact)
    return Resemblance(scenario, tuple(fits), tuple(contradicts))


def _mx(seen: Seen, scenario: int) -> tuple[bool, str]:
    if not seen.mx:
        return False, "no MX record names a host"
    theirs = seen.microsoft_mx
    own = tuple(host for host in seen.mx if host in seen.own)
    others = tuple(host for host in seen.mx if host not in theirs and host not in own)
    wanted = theirs if scenario in (1, 2) else own
    if others:
        return False, f"the MX record names {_and(others)}, which is neither Microsoft 365 nor a server of the own"
    if theirs and own:
        return False, f"the MX record names both Microsoft 365 ({_and(theirs)}) and own servers ({_and(own)})"
    whose = "Microsoft 365" if theirs else "own servers"
    return wanted == seen.mx, f"the MX record names {whose}: {_and(seen.mx)}"


def _tenant(seen: Seen) -> tuple[bool, str]:
    if seen.cloud:
        return True, f"names of Microsoft 365 ({seen.cloud}) stand in its records"
    return False, "no name of Microsoft 365 stands in its MX, SPF or DKIM records"


def _servers(seen: Seen) -> tuple[bool, str]:
    if seen.own:
        return True, f"there are own servers: {_and(tuple(seen.own))}"
    if seen.networks:
        return (
            True,
            f"the SPF record lists addresses, of own servers or of third parties: {_and(_texts(seen.networks))}",
        )
    return False, "no own server is seen: no host of the domain has an address, and the SPF record lists none"


def _texts(things: Iterable[object]) -> list[str]:
    return [str(thing) for thing in things]


def _and(names: Sequence[str]) -> str:
    return ", ".join(names)

"""Which of the documented scenarios the DNS of a domain fits. Guesses, each with what speaks for and against it.

The scenarios differ in where the MX record points, in centralized mail transport, in where the own servers send mail
for the Internet, and in where the mailboxes are. The DNS shows the first only: it tells some from others, no more.
"""

from collections.abc import Iterable, Sequence

from mailflow.environment.discovered import Seen
from mailflow.environment.layout import NULL_MX, Fact, Guess, compare, layouts, spoken


def guess(seen: Seen) -> Guess:
    """Compare the facts of a domain with the documented scenarios."""
    unanswered = next((one for one in seen.unanswered if one.startswith(f"{seen.domain} ")), "")
    return compare((_mx(seen), _tenant(seen), _servers(seen)), unanswered)


def words(told: Guess) -> str:
    """Say what the DNS tells of the scenario, and what would tell more."""
    if told.unknown:
        return f"Nothing can be said of the scenario: {told.unknown}."
    if not told.fitting:
        near = f" It most resembles {spoken(told.nearest)}." if told.nearest else ""
        return f"None of the documented scenarios.{near}"
    said = f"It fits {spoken(told.fitting)}"
    if len(told.fitting) == 1:
        return f"{said}."
    apart = " ".join(layout.apart for layout in layouts() if layout.scenario in told.fitting)
    return f"{said}, which the DNS cannot tell apart. {apart}"


def _mx(seen: Seen) -> Fact:
    if seen.null_mx:
        return Fact("mx", "null", NULL_MX)
    if not seen.mx:
        return Fact("mx", "nowhere", "no MX record names a host")
    theirs = seen.microsoft_mx
    own = tuple(host for host in seen.mx if host in seen.own)
    others = tuple(host for host in seen.mx if host not in theirs and host not in own)
    if others:
        told = f"the MX record names {_and(others)}, which is neither Microsoft 365 nor a server of the own"
        return Fact("mx", "several" if theirs or own else "others", told)
    if theirs and own:
        told = f"the MX record names both Microsoft 365 ({_and(theirs)}) and own servers ({_and(own)})"
        return Fact("mx", "several", told)
    if theirs:
        return Fact("mx", "microsoft-365", f"the MX record names Microsoft 365: {_and(theirs)}")
    return Fact("mx", "own-servers", f"the MX record names own servers: {_and(own)}")


def _tenant(seen: Seen) -> Fact:
    if seen.cloud:
        return Fact("tenant", "some", f"names of Microsoft 365 ({seen.cloud}) stand in its records")
    return Fact("tenant", "none", "no name of Microsoft 365 stands in its MX, SPF or DKIM records")


def _servers(seen: Seen) -> Fact:
    if seen.own:
        return Fact("servers", "some", f"there are own servers: {_and(tuple(seen.own))}")
    if seen.networks:
        told = f"the SPF record lists addresses, of own servers or of third parties: {_and(_texts(seen.networks))}"
        return Fact("servers", "some", told)
    told = "no own server is seen: no host of the domain has an address, and the SPF record lists none"
    return Fact("servers", "none", told)


def _texts(things: Iterable[object]) -> list[str]:
    return [str(thing) for thing in things]


def _and(names: Sequence[str]) -> str:
    return ", ".join(names)

"""Judges whether messages took the path that the documentation demands.

Hops that must occur, their order, hops that must not; never one exact list, so that an Edge server or a
second internal hop breaks nothing. Delivery alone proves nothing.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from mailflow.environment.answers import Exit
from mailflow.environment.environment import Domain, Environment
from mailflow.judge import evidence
from mailflow.judge.another_tenant import asked_for, of_its_own_accord, told_of_tenants
from mailflow.judge.every_path import Paths, how_it_ended, judge_every, way_of
from mailflow.observe.path import Disposition, Hop, MailPath, Place
from mailflow.policy.finding import Finding, not_applicable, not_verified
from mailflow.policy.way import Demand


def passes(paths: Paths, route: Sequence[Place]) -> Finding:
    """Judge whether every message passed these places in this order; others may lie between."""

    def wrong(one: MailPath) -> str:
        seen = iter(one.places)
        missing = [place for place in route if place not in seen]
        return f"it took: {way_of(one)}" if missing else ""

    demand = Demand(passes=tuple(map(str, route)))
    return judge_every(f"it passes {', then '.join(route)}", paths, wrong, demand)


def never_passes(paths: Paths, place: Place) -> Finding:
    """Judge whether no message passed a place on its way; one that did not arrive has not shown its way."""

    def wrong(one: MailPath) -> str:
        hosts = [hop.host for hop in of_its_own_accord(one) if hop.place is place]
        if hosts:
            return f"it passed {', '.join(dict.fromkeys(hosts))}: {way_of(one)}"
        return "" if one.disposition is Disposition.DELIVERED else how_it_ended(one)

    def certain(one: MailPath) -> bool:
        # What is assumed later on the way does not undo that it was there.
        return not one.assumptions or any(hop.place is place and not hop.assumed for hop in one.hops)

    demand = Demand(never=(str(place),))
    found = judge_every(f"it never passes {place}", paths, wrong, demand, certain=certain, hidden=asked_for(place))
    return told_of_tenants(found, paths)


def enters_at(paths: Paths, place: Place) -> Finding:
    """Judge at which place messages from the Internet enter the organization."""

    def wrong(one: MailPath) -> str:
        entry = next((hop.place for hop in one.hops if hop.place is not Place.INTERNET), None)
        if entry is place:
            return ""
        return f"it entered at {entry}: {way_of(one)}" if entry else f"it never entered: {how_it_ended(one)}"

    return judge_every(f"it enters the organization at {place}", paths, wrong, Demand(enters=str(place)))


def leaves_from(paths: Paths, place: Place) -> Finding:
    """Judge from which place messages enter the Internet, each time they do."""

    def wrong(one: MailPath) -> str:
        hops = one.hops if place is Place.MICROSOFT_365 else of_its_own_accord(one)
        exits = [
            before
            for before, after in pairwise(hops)
            if before.place is not Place.INTERNET and after.place is Place.INTERNET
        ]
        if not exits:
            return f"it never left: {how_it_ended(one)}"
        strange = [hop.name for hop in exits if hop.place is not place]
        return f"it left from {', '.join(strange)}: {way_of(one)}" if strange else ""

    hidden = asked_for(Place.MICROSOFT_365) if place is not Place.MICROSOFT_365 else lambda _: ""
    demand = Demand(leaves=str(place))
    found = judge_every(f"it leaves for the Internet from {place}", paths, wrong, demand, hidden=hidden)
    return found if place is Place.MICROSOFT_365 else told_of_tenants(found, paths)


def leaves_as_expected(environment: Environment, domain: Domain, paths: Paths) -> Finding:
    """Judge the exit of scenario 2, about which two documents disagree: by what the environment expects.

    Multiple locations (step on outbound mail): back to Microsoft 365 and out from there. Routing: the own
    servers deliver to the Internet themselves.
    """
    expected = expected_exit(environment, domain)
    if expected is None:
        why, other = _UNDECIDED[domain.scenario == 2]
        return not_verified(
            "it leaves for the Internet from where the environment expects",
            f"environment.yaml does not say what is expected, and {why}",
            remedy=f"Add to environment.yaml: expects: {{outbound_exit: microsoft-365}} or {other}",
        )
    return leaves_from(paths, _EXITS[expected])


_UNDECIDED = {
    True: (
        "two documents disagree: Multiple locations names Microsoft 365, Routing the on-premises servers",
        "on-premises",
    ),
    False: ("the documentation leaves the choice", "third-party-filter"),
}
_EXITS = {
    Exit.MICROSOFT_365: Place.MICROSOFT_365,
    Exit.ON_PREMISES: Place.ON_PREMISES,
    Exit.THIRD_PARTY_FILTER: Place.FILTER,
}


def expected_exit(environment: Environment, domain: Domain) -> Exit | None:
    """Give the exit for mail of on-premises mailboxes in the declared scenario; None: it is not said.

    Scenarios 1 and 4: through Microsoft 365; 3: from the own servers (situation of each); 2: as expected.
    """
    if domain.scenario in (1, 4):
        return Exit.MICROSOFT_365
    return Exit.ON_PREMISES if domain.scenario == 3 else environment.expects.outbound_exit


def does_not_go_back(paths: Paths) -> Finding:
    """Judge whether mail that Microsoft 365 got from the own servers stayed away from them (KB3194415)."""
    asked = "Microsoft 365 does not send it back to the on-premises servers"
    arrived = all(one.disposition is Disposition.DELIVERED and not one.assumptions for one in paths)
    if paths and arrived and not any(_first_arrival(one) for one in paths):
        shown = (evidence.path(one) for one in paths)
        return not_applicable(asked, "it does not pass Microsoft 365 after the on-premises servers", *shown)

    def wrong(one: MailPath) -> str:
        came = _first_arrival(one)
        back = [hop.host for hop in one.hops[came:] if came and hop.place is Place.ON_PREMISES]
        if back:
            return f"it was sent back to {back[0]}: {way_of(one)}"
        return "" if one.disposition is Disposition.DELIVERED else how_it_ended(one)

    return judge_every(asked, paths, wrong, Demand((str(Disposition.DELIVERED),)))


def _first_arrival(one: MailPath) -> int:
    """Number the hop at which Microsoft 365 first got a message from the own servers; 0 where it never did."""
    handovers = enumerate(_handovers(one, Place.ON_PREMISES, Place.MICROSOFT_365))
    return next((number for number, pair in handovers if pair), 0)


def _handovers(one: MailPath, source: Place, target: Place) -> Iterable[tuple[Hop, Hop] | None]:
    """For each hop but the first: the handover that led to it, where it went from one place to the other."""
    yield None
    for before, after in zip(one.hops, one.hops[1:], strict=False):
        yield (before, after) if before.place is source and after.place is target else None


def attributed(paths: Paths) -> Finding:
    """Judge whether Microsoft 365 took mail of the own servers for the organization's: not for a stranger's.

    A message that matches no connector may reach a recipient without ever being the organization's.
    """

    def wrong(one: MailPath) -> str:
        pairs = [pair for pair in _handovers(one, Place.ON_PREMISES, Place.MICROSOFT_365) if pair]
        if not pairs:
            return f"it never went from the on-premises servers to the own tenant: {way_of(one)}"
        strange = [after for _, after in pairs if after.attributed is False]
        return f"Microsoft 365 took it as mail from the Internet: {strange[0].why}" if strange else ""

    def hidden(one: MailPath) -> str:
        pairs = _handovers(one, Place.ON_PREMISES, Place.MICROSOFT_365)
        shown = all(pair[1].attributed is not None for pair in pairs if pair)
        return "" if shown else f"{one.source} does not show to whom Microsoft 365 attributed the message"

    return judge_every(
        "Microsoft 365 attributes it to the organization", paths, wrong, Demand(attributed=True), hidden=hidden
    )


_TWO_SIDES = ((Place.ON_PREMISES, Place.MICROSOFT_365), (Place.MICROSOFT_365, Place.ON_PREMISES))


def over_tls(paths: Paths) -> Finding:
    """Judge whether every handover between the two sides was encrypted."""
    asked = "it travels between the two sides over TLS"
    return _over_tls(paths, asked, "from one side to the other", _TWO_SIDES)


def over_tls_from_filter(paths: Paths) -> Finding:
    """Judge whether a third-party filter handed over to Microsoft 365 encrypted."""
    way = (Place.FILTER, Place.MICROSOFT_365)
    asked = f"it travels from {way[0]} to {way[1]} over TLS"
    return _over_tls(paths, asked, f"from {way[0]} to {way[1]}", (way,))


def _over_tls(paths: Paths, asked: str, steps: str, ways: Sequence[tuple[Place, Place]]) -> Finding:
    def between(one: MailPath) -> list[tuple[Hop, Hop]]:
        return [pair for way in ways for pair in _handovers(one, *way) if pair]

    def wrong(one: MailPath) -> str:
        if not between(one):
            return f"it never went {steps}: {way_of(one)}"
        plain = [f"{before.host} to {after.host}" for before, after in between(one) if after.tls == ""]
        return f"without TLS from {', '.join(plain)}" if plain else ""

    def hidden(one: MailPath) -> str:
        dark = [f"{before.host} to {after.host}" for before, after in between(one) if after.tls is None]
        return f"{one.source} does not show whether it went over TLS from {', '.join(dark)}" if dark else ""

    return judge_every(asked, paths, wrong, Demand(tls=True), hidden=hidden)


def by_connector(paths: Paths) -> Finding:
    """Judge whether an outbound connector, not an MX record, brought mail from Microsoft 365 to the own servers."""

    def wrong(one: MailPath) -> str:
        pairs = [pair for pair in _handovers(one, Place.MICROSOFT_365, Place.ON_PREMISES) if pair]
        if not pairs:
            return f"it never went from Microsoft 365 to the on-premises servers: {way_of(one)}"
        return "it went by MX, like mail to a stranger" if any(after.sent_by == "" for _, after in pairs) else ""

    def hidden(one: MailPath) -> str:
        pairs = _handovers(one, Place.MICROSOFT_365, Place.ON_PREMISES)
        shown = all(pair[1].sent_by is not None for pair in pairs if pair)
        return "" if shown else f"{one.source} does not show whether a connector or an MX record led it there"

    demand = Demand(connector=True)
    return judge_every(
        "an outbound connector carries it to the on-premises servers", paths, wrong, demand, hidden=hidden
    )

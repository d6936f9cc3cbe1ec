"""Judges whether messages took the path that the documentation demands.

Hops that must occur, their order, hops that must not; never one exact list, so that an Edge server or a
second internal hop breaks nothing. Delivery alone proves nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from mailflow.environment.answers import Exit, Permission
from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.replies import CONNECTION_REFUSED, FORWARDING_BLOCKED
from mailflow.judge import evidence
from mailflow.judge.another_tenant import asked_for, of_its_own_accord, told_of_tenants
from mailflow.judge.mend import mends, to_be_seen
from mailflow.observe.path import Disposition, Hop, MailPath, Place, place_of
from mailflow.policy.finding import Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.policy.way import Demand, rounds

Paths = Sequence[MailPath]

_REFUSED = (Disposition.REFUSED, Disposition.RETURNED, Disposition.DROPPED)


_NOBODY = (
    "List in environment.yaml who sends and who gets it: mailboxes of the domain (two where both ends are on one side),"
    " forwards, servers, outside parties"
)


def _judge(
    asked: str,
    paths: Paths,
    wrong: Callable[[MailPath], str],
    demand: Demand,
    *,
    certain: Callable[[MailPath], bool] = lambda one: not one.assumptions,
    hidden: Callable[[MailPath], str] = lambda _: "",
) -> Finding:
    """Judge every path, and say with the finding what was demanded of them."""
    return replace(_judged(asked, paths, wrong, certain, hidden), demand=_of(paths, demand))


def _of(paths: Paths, demand: Demand) -> Demand:
    return replace(demand, kinds=tuple(dict.fromkeys(str(one.message.kind) for one in paths)))


def _judged(
    asked: str,
    paths: Paths,
    wrong: Callable[[MailPath], str],
    certain: Callable[[MailPath], bool],
    hidden: Callable[[MailPath], str],
) -> Finding:
    """Judge every path; `wrong` says what is wrong with one, or nothing.

    A path on which something had to be taken for granted says nothing, however it ended; `certain` tells which of
    its faults are facts all the same. `hidden` says what this question would need and the path does not show.
    """
    if not paths:
        why = "the environment lists nobody who could send or get such a message"
        return not_verified(asked, why, remedy=_NOBODY)
    open_ = [(one, whys) for one in paths if (whys := [*one.assumptions, *filter(None, [hidden(one)])])]
    failing = [(one, said) for one in paths if certain(one) and (said := wrong(one))]
    if failing:
        said = "; ".join(_once(failing))
        seen = f"{len(failing)} of {len(paths)}: {said}" if len(paths) > 1 else said
        shown = [evidence.path(one) for one, _ in failing]
        return non_compliant(asked, seen, *shown, remedy=mends(one for one, _ in failing))
    if open_:
        why = "; ".join(dict.fromkeys(assumption for _, whys in open_ for assumption in whys))
        return not_verified(asked, why, *(evidence.path(one) for one, _ in open_), remedy=to_be_seen(paths, why))
    told = f"so it was for all {len(paths)} messages" if len(paths) > 1 else "so it was for the one message sent"
    return compliant(asked, told, *(evidence.path(one) for one in paths))


def _once(failing: Iterable[tuple[MailPath, str]]) -> Iterable[str]:
    """Say once what was wrong with messages to several recipients."""
    alike: dict[str, dict[str, str]] = {}  # what was said but for the recipient: by recipient
    for one, said in failing:
        alike.setdefault(said.replace(str(one.recipient), "\0"), {}).setdefault(str(one.recipient), said)
    for told in alike.values():
        first, *others = told
        yield told[first] + (f" (the same to {', '.join(others)})" if others and first in told[first] else "")


def _ended(one: MailPath) -> str:
    """Tell how a message ended that was to take another way, or to arrive."""
    if one.disposition is Disposition.DELIVERED:
        return f"the message to {one.recipient} was delivered into {one.mailbox}"
    said = f"{one.ended_by} said {one.reply}" if one.reply else "the records end"
    why = f" ({one.why})" if one.why else ""
    return f"the message to {one.recipient} was {one.disposition}: {said}{why}"


def delivered(environment: Environment, paths: Paths) -> Finding:
    """Judge whether every message reached the mailbox that it was for, on the side where that mailbox is."""

    def wrong(one: MailPath) -> str:
        if one.disposition is not Disposition.DELIVERED:
            return _ended(one)
        meant = environment.mailboxes.end_of(one.recipient)
        if one.mailbox != meant:
            return f"the message to {one.recipient} was delivered into {one.mailbox}, not into {meant}"
        side = place_of(environment, one.mailbox)
        if one.hops[-1].place is not side:
            return f"the message to {one.recipient} was delivered at {one.hops[-1].place}, its mailbox is at {side}"
        return ""

    sides = {place_of(environment, environment.mailboxes.end_of(one.recipient)) for one in paths}
    demand = Demand((str(Disposition.DELIVERED),), str(sides.pop()) if len(sides) == 1 else "")
    return _judge("it is delivered into the mailbox it is for", paths, wrong, demand)


def refused(paths: Paths) -> Finding:
    """Judge whether every message was refused to the host that offered it."""

    def wrong(one: MailPath) -> str:
        # A host that does not even talk to the sender refuses too; the sender's own queue gives up later.
        shut_out = one.disposition is Disposition.WAITING and len(one.hops) == 1 and _dropped(one)
        if one.disposition is Disposition.REFUSED or shut_out:
            return ""
        if one.disposition is Disposition.WAITING and len(one.hops) == 1:
            return f"{one.message} was not refused; {_ended(one)}"
        return f"{one.message} was taken; {_ended(one)}"

    asked = "it is refused to whoever offers it"
    demand = Demand((str(Disposition.REFUSED),))
    silent = [one for one in paths if _unanswered(one)]
    if silent and not any(wrong(one) for one in paths if one not in silent):
        # Whether a host would refuse, one that does not answer anybody does not show.
        why = "; ".join(dict.fromkeys(_ended(one) for one in silent))
        unseen = not_verified(asked, why, *(evidence.path(one) for one in silent))
        return replace(unseen, demand=_of(paths, demand))
    return _judge(asked, paths, wrong, demand)


def _unanswered(one: MailPath) -> bool:
    nobody = (CONNECTION_REFUSED.enhanced, "4.4.4")  # RFC 3463: unable to route; its name has no address
    return len(one.hops) == 1 and one.reply is not None and one.reply.enhanced in nobody


def _dropped(one: MailPath) -> bool:
    return one.reply is not None and one.reply.enhanced == "4.4.2"  # RFC 3463: bad connection


def refused_or_returned(paths: Paths) -> Finding:
    """Judge whether every message was refused, or came back to its sender as a report: never lost, never looped."""

    def wrong(one: MailPath) -> str:
        return "" if one.disposition in (Disposition.REFUSED, Disposition.RETURNED) else _ended(one)

    told = [replace(one, assumptions=(*one.assumptions, *one.report_assumptions)) for one in paths]
    demand = Demand((str(Disposition.REFUSED), str(Disposition.RETURNED)))
    return _judge("it is refused, or returned to its sender", told, wrong, demand)


def passes(paths: Paths, route: Sequence[Place]) -> Finding:
    """Judge whether every message passed these places in this order; others may lie between."""

    def wrong(one: MailPath) -> str:
        seen = iter(one.places)
        missing = [place for place in route if place not in seen]
        return f"it took: {_way(one)}" if missing else ""

    demand = Demand(passes=tuple(map(str, route)))
    return _judge(f"it passes {', then '.join(route)}", paths, wrong, demand)


def never_passes(paths: Paths, place: Place) -> Finding:
    """Judge whether no message passed a place on its way; one that did not arrive has not shown its way."""

    def wrong(one: MailPath) -> str:
        hosts = [hop.host for hop in of_its_own_accord(one) if hop.place is place]
        if hosts:
            return f"it passed {', '.join(dict.fromkeys(hosts))}: {_way(one)}"
        return "" if one.disposition is Disposition.DELIVERED else _ended(one)

    def certain(one: MailPath) -> bool:
        # What is assumed later on the way does not undo that it was there.
        return not one.assumptions or any(hop.place is place and not hop.assumed for hop in one.hops)

    demand = Demand(never=(str(place),))
    found = _judge(f"it never passes {place}", paths, wrong, demand, certain=certain, hidden=asked_for(place))
    return told_of_tenants(found, paths)


def enters_at(paths: Paths, place: Place) -> Finding:
    """Judge at which place messages from the Internet enter the organization."""

    def wrong(one: MailPath) -> str:
        entry = next((hop.place for hop in one.hops if hop.place is not Place.INTERNET), None)
        if entry is place:
            return ""
        return f"it entered at {entry}: {_way(one)}" if entry else f"it never entered: {_ended(one)}"

    return _judge(f"it enters the organization at {place}", paths, wrong, Demand(enters=str(place)))


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
            return f"it never left: {_ended(one)}"
        strange = [hop.name for hop in exits if hop.place is not place]
        return f"it left from {', '.join(strange)}: {_way(one)}" if strange else ""

    hidden = asked_for(Place.MICROSOFT_365) if place is not Place.MICROSOFT_365 else lambda _: ""
    demand = Demand(leaves=str(place))
    found = _judge(f"it leaves for the Internet from {place}", paths, wrong, demand, hidden=hidden)
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
            return f"it was sent back to {back[0]}: {_way(one)}"
        return "" if one.disposition is Disposition.DELIVERED else _ended(one)

    return _judge(asked, paths, wrong, Demand((str(Disposition.DELIVERED),)))


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
            return f"it never went from the on-premises servers to the own tenant: {_way(one)}"
        strange = [after for _, after in pairs if after.attributed is False]
        return f"Microsoft 365 took it as mail from the Internet: {strange[0].why}" if strange else ""

    def hidden(one: MailPath) -> str:
        pairs = _handovers(one, Place.ON_PREMISES, Place.MICROSOFT_365)
        shown = all(pair[1].attributed is not None for pair in pairs if pair)
        return "" if shown else f"{one.source} does not show to whom Microsoft 365 attributed the message"

    return _judge(
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
            return f"it never went {steps}: {_way(one)}"
        plain = [f"{before.host} to {after.host}" for before, after in between(one) if after.tls == ""]
        return f"without TLS from {', '.join(plain)}" if plain else ""

    def hidden(one: MailPath) -> str:
        dark = [f"{before.host} to {after.host}" for before, after in between(one) if after.tls is None]
        return f"{one.source} does not show whether it went over TLS from {', '.join(dark)}" if dark else ""

    return _judge(asked, paths, wrong, Demand(tls=True), hidden=hidden)


def by_connector(paths: Paths) -> Finding:
    """Judge whether an outbound connector, not an MX record, brought mail from Microsoft 365 to the own servers."""

    def wrong(one: MailPath) -> str:
        pairs = [pair for pair in _handovers(one, Place.MICROSOFT_365, Place.ON_PREMISES) if pair]
        if not pairs:
            return f"it never went from Microsoft 365 to the on-premises servers: {_way(one)}"
        return "it went by MX, like mail to a stranger" if any(after.sent_by == "" for _, after in pairs) else ""

    def hidden(one: MailPath) -> str:
        pairs = _handovers(one, Place.MICROSOFT_365, Place.ON_PREMISES)
        shown = all(pair[1].sent_by is not None for pair in pairs if pair)
        return "" if shown else f"{one.source} does not show whether a connector or an MX record led it there"

    demand = Demand(connector=True)
    return _judge("an outbound connector carries it to the on-premises servers", paths, wrong, demand, hidden=hidden)


def as_expected(environment: Environment, paths: Paths) -> Finding:
    """Judge the forwards of cloud mailboxes: allowed or refused, as the environment expects."""
    expected = environment.expects.cloud_forwarding
    if expected is None:
        return not_verified(
            "a cloud mailbox that forwards outside is allowed to, or not, as the environment expects",
            "environment.yaml does not say which",
            remedy="Add to environment.yaml: expects: {cloud_forwarding: allowed} or refused",
        )

    def wrong(one: MailPath) -> str:
        if expected is Permission.ALLOWED:
            went = one.disposition is Disposition.DELIVERED and one.mailbox == environment.mailboxes.end_of(
                one.recipient
            )
            return "" if went else _ended(one)
        # Refused for any other reason, the forward has not been tried.
        forbidden = one.reply is not None and one.reply.enhanced == FORWARDING_BLOCKED.enhanced
        return "" if forbidden and one.disposition in _REFUSED else _ended(one)

    refusals = tuple(map(str, _REFUSED))
    demand = Demand((str(Disposition.DELIVERED),) if expected is Permission.ALLOWED else refusals)
    return _judge(f"forwarding to the Internet by a cloud mailbox is {expected}", paths, wrong, demand)


def _way(one: MailPath) -> str:
    told = [
        f"{times} \N{MULTIPLICATION SIGN} ({' → '.join(hosts)})" if times > 1 else " → ".join(hosts)
        for hosts, times in rounds([hop.name for hop in one.hops])
    ]
    way = " → ".join(told)
    return way if one.disposition is Disposition.DELIVERED else f"{way}, {one.disposition}"

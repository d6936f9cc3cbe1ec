"""Judges how messages end: delivered where their mailbox is, refused, returned, forwarded as the organization wants."""

from dataclasses import replace

from mailflow.environment.answers import Permission
from mailflow.environment.environment import Environment
from mailflow.exchange.replies import CONNECTION_REFUSED, FORWARDING_BLOCKED
from mailflow.judge import evidence
from mailflow.judge.every_path import Paths, demanded_of, how_it_ended, judge_every
from mailflow.observe.path import Disposition, MailPath, place_of
from mailflow.policy.finding import Finding, not_verified
from mailflow.policy.way import Demand

_REFUSED = (Disposition.REFUSED, Disposition.RETURNED, Disposition.DROPPED)


def delivered(environment: Environment, paths: Paths) -> Finding:
    """Judge whether every message reached the mailbox that it was for, on the side where that mailbox is."""

    def wrong(one: MailPath) -> str:
        if one.disposition is not Disposition.DELIVERED:
            return how_it_ended(one)
        meant = environment.mailboxes.end_of(one.recipient)
        if one.mailbox != meant:
            return f"the message to {one.recipient} was delivered into {one.mailbox}, not into {meant}"
        side = place_of(environment, one.mailbox)
        if one.hops[-1].place is not side:
            return f"the message to {one.recipient} was delivered at {one.hops[-1].place}, its mailbox is at {side}"
        return ""

    sides = {place_of(environment, environment.mailboxes.end_of(one.recipient)) for one in paths}
    demand = Demand((str(Disposition.DELIVERED),), str(sides.pop()) if len(sides) == 1 else "")
    return judge_every("it is delivered into the mailbox it is for", paths, wrong, demand)


def refused(paths: Paths) -> Finding:
    """Judge whether every message was refused to the host that offered it."""

    def wrong(one: MailPath) -> str:
        # A host that does not even talk to the sender refuses too; the sender's own queue gives up later.
        shut_out = one.disposition is Disposition.WAITING and len(one.hops) == 1 and _dropped(one)
        if one.disposition is Disposition.REFUSED or shut_out:
            return ""
        if one.disposition is Disposition.WAITING and len(one.hops) == 1:
            return f"{one.message} was not refused; {how_it_ended(one)}"
        return f"{one.message} was taken; {how_it_ended(one)}"

    asked = "it is refused to whoever offers it"
    demand = Demand((str(Disposition.REFUSED),))
    silent = [one for one in paths if _unanswered(one)]
    if silent and not any(wrong(one) for one in paths if one not in silent):
        # Whether a host would refuse, one that does not answer anybody does not show.
        why = "; ".join(dict.fromkeys(how_it_ended(one) for one in silent))
        unseen = not_verified(asked, why, *(evidence.path(one) for one in silent))
        return replace(unseen, demand=demanded_of(paths, demand))
    return judge_every(asked, paths, wrong, demand)


def _unanswered(one: MailPath) -> bool:
    nobody = (CONNECTION_REFUSED.enhanced, "4.4.4")  # RFC 3463: unable to route; its name has no address
    return len(one.hops) == 1 and one.reply is not None and one.reply.enhanced in nobody


def _dropped(one: MailPath) -> bool:
    return one.reply is not None and one.reply.enhanced == "4.4.2"  # RFC 3463: bad connection


def refused_or_returned(paths: Paths) -> Finding:
    """Judge whether every message was refused, or came back to its sender as a report: never lost, never looped."""

    def wrong(one: MailPath) -> str:
        return "" if one.disposition in (Disposition.REFUSED, Disposition.RETURNED) else how_it_ended(one)

    told = [replace(one, assumptions=(*one.assumptions, *one.report_assumptions)) for one in paths]
    demand = Demand((str(Disposition.REFUSED), str(Disposition.RETURNED)))
    return judge_every("it is refused, or returned to its sender", told, wrong, demand)


def forwards_as_expected(environment: Environment, paths: Paths) -> Finding:
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
            return "" if went else how_it_ended(one)
        # Refused for any other reason, the forward has not been tried.
        forbidden = one.reply is not None and one.reply.enhanced == FORWARDING_BLOCKED.enhanced
        return "" if forbidden and one.disposition in _REFUSED else how_it_ended(one)

    refusals = tuple(map(str, _REFUSED))
    demand = Demand((str(Disposition.DELIVERED),) if expected is Permission.ALLOWED else refusals)
    return judge_every(f"forwarding to the Internet by a cloud mailbox is {expected}", paths, wrong, demand)

"""How a demand is judged of every message that it is about: what is wrong, what is only assumed, what was not seen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mailflow.judge import evidence
from mailflow.judge.mend import mends, to_be_seen
from mailflow.observe.path import Disposition, MailPath
from mailflow.policy.finding import Finding, compliant, non_compliant, not_verified
from mailflow.policy.way import Demand, rounds

Paths = Sequence[MailPath]

_NOBODY = (
    "List in environment.yaml who sends and who gets it: mailboxes of the domain (two where both ends are on one side),"
    " forwards, servers, outside parties"
)


def judge_every(
    asked: str,
    paths: Paths,
    wrong: Callable[[MailPath], str],
    demand: Demand,
    *,
    certain: Callable[[MailPath], bool] = lambda one: not one.assumptions,
    hidden: Callable[[MailPath], str] = lambda _: "",
) -> Finding:
    """Judge every path, and say with the finding what was demanded of them."""
    return replace(_judged(asked, paths, wrong, certain, hidden), demand=demanded_of(paths, demand))


def demanded_of(paths: Paths, demand: Demand) -> Demand:
    """Say of which kinds of message something was demanded."""
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


def how_it_ended(one: MailPath) -> str:
    """Tell how a message ended that was to take another way, or to arrive."""
    if one.disposition is Disposition.DELIVERED:
        return f"the message to {one.recipient} was delivered into {one.mailbox}"
    said = f"{one.ended_by} said {one.reply}" if one.reply else "the records end"
    why = f" ({one.why})" if one.why else ""
    return f"the message to {one.recipient} was {one.disposition}: {said}{why}"


def way_of(one: MailPath) -> str:
    """Tell the hosts of a way, each round of a loop once, and how it ended where that was no delivery."""
    told = [
        f"{times} \N{MULTIPLICATION SIGN} ({' → '.join(hosts)})" if times > 1 else " → ".join(hosts)
        for hosts, times in rounds([hop.name for hop in one.hops])
    ]
    way = " → ".join(told)
    return way if one.disposition is Disposition.DELIVERED else f"{way}, {one.disposition}"

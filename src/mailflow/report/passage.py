"""What is asked of each kind of message, and which way those of this kind took. Pure.

The page says it twice: drawn (drawing.py) and in words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mailflow.environment.message import Kind
from mailflow.policy.finding import Verdict
from mailflow.policy.way import Demand, Way, merged
from mailflow.report.matrix import Row

INTERNET, CLOUD, OWN = "the Internet", "Microsoft 365", "the on-premises servers"  # the words of Place
FILTER = "the third-party filter"
DELIVERED, REFUSED, UNSEEN = "delivered", "refused", "not seen"  # of Disposition
_GOOD = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
_LONGEST = 60  # characters of a reply; all of it stands in the evidence


@dataclass(frozen=True, slots=True)
class Strip:
    """One way that was demanded, and over it the one that messages took."""

    demanded: tuple[str, ...]  # places; only the first where no way is demanded
    refusal: bool  # the last demanded place is to refuse
    taken: tuple[str, ...]
    ending: str
    offered: str  # the place that was offered the message after the last of `taken`, and did not take it
    reply: str
    marks: tuple[tuple[int, str], ...]  # on the step to this place of `taken`, or at its end: what is not as demanded
    assumed: bool
    sign: str = "✕"  # before what is not as demanded; ? where nobody knows whether it is demanded, or how it went

    @property
    def differs(self) -> bool:
        """Whether something on the way is not as demanded."""
        return bool(self.marks)


@dataclass(frozen=True, slots=True)
class Passage:
    """One requirement about the way of one kind of message."""

    kind: str
    row: Row
    asked: str  # in words
    strips: tuple[tuple[Strip, int], ...]  # with the number of messages that went so
    elsewhere: bool = False  # what is not as demanded lies with another kind of which the requirement speaks, not here

    @property
    def differs(self) -> bool:
        """Whether something on the way of this kind is not as demanded."""
        return any(strip.differs for strip, _ in self.strips)

    @property
    def seen(self) -> tuple[str, ...]:
        """What was seen, in words, a line for each way."""
        return tuple(_seen(strip, count, sum(number for _, number in self.strips)) for strip, count in self.strips)

    @property
    def shape(self) -> object:
        """What a drawing shows of it; equal for domains whose drawings are alike."""
        result = self.row.result
        return self.kind, result.requirement.id, result.verdict, self.asked, self.strips, self.elsewhere


def passages(rows: Iterable[Row]) -> tuple[Passage, ...]:
    """Give every kind of message that a requirement speaks of, in the order of the kinds."""
    found = [passage for row in rows for passage in _told_apart(tuple(_of(row)))]
    order = {str(kind): number for number, kind in enumerate(Kind)}
    return tuple(sorted(found, key=lambda passage: order.get(passage.kind, len(order))))


def _told_apart(of_one_row: Sequence[Passage]) -> Iterable[Passage]:
    """Where one kind shows what is wrong, say of those that go as demanded that it is not theirs."""
    wrong = any(passage.differs for passage in of_one_row)
    for passage in of_one_row:
        yield replace(passage, elsewhere=wrong and bool(passage.strips) and not passage.differs)


def _of(row: Row) -> Iterable[Passage]:
    demands = [demand for step in row.result.steps for demand in step.demands]
    ways = dict.fromkeys(evidence.way for evidence in row.result.evidence if evidence.way)
    for kind in dict.fromkeys(kind for demand in demands for kind in demand.kinds):
        asked = [demand for demand in demands if kind in demand.kinds]
        strips: dict[Strip, int] = {}
        for way in ways:
            if way and way.kind == kind:
                strip = _strip(asked, way, row.result.verdict)
                strips[strip] = strips.get(strip, 0) + 1
        told = _asked(asked)
        if row.result.verdict is Verdict.NOT_APPLICABLE:
            told = f"nothing here ({row.result.reason}); elsewhere: {told}"
        yield Passage(kind, row, told, tuple(strips.items()))


def _strip(demands: Sequence[Demand], way: Way, verdict: Verdict) -> Strip:
    good = verdict in _GOOD
    demands = () if verdict is Verdict.NOT_APPLICABLE else demands
    offered = way.ended_at if way.ending != DELIVERED and way.ended_at not in way.places[-1:] else ""
    endings = [ending for demand in demands for ending in demand.endings]
    refusal = endings == [REFUSED] * len(endings) and bool(endings)
    demanded = _demanded(demands, way)
    if good and not any(demand.enters or demand.passes or demand.leaves for demand in demands):
        # An end is demanded and no way: whichever way led there is as good as the direct one.
        demanded = demanded if demanded == way.places else way.places[:1]
    if good and len(demanded) > 1 and _lies_in(demanded, way.places):
        demanded = way.places  # others may lie between (judge.path)
    if refusal:
        target = (*way.places, offered)[1] if len(way.places) > 1 or offered else ""
        demanded = merged((way.places[0], *((target,) if target else ()))) if way.places else ()
    marks = list(_hop_marks(demands, way))
    if endings and way.ending not in endings:
        marks.append((len(way.places), way.ending))
    if (
        not good
        and len(demanded) > 1
        and not refusal
        and (place := _parts(demanded, (*way.places, *filter(None, [offered]))))
    ):
        marks.insert(0, (place, _parted(demanded[place]) if place < len(demanded) else "goes on"))
    return Strip(
        demanded,
        refusal,
        way.places,
        way.ending,
        offered,
        way.reply,
        () if good else tuple(dict.fromkeys(marks)),
        way.assumed,
        "?" if verdict is Verdict.NOT_VERIFIED else "✕",
    )


def _demanded(demands: Sequence[Demand], way: Way) -> tuple[str, ...]:
    """Put the way together that the sentences demand: from where the message starts to where it is to end."""
    places = list(way.places[:1])
    places += [demand.enters for demand in demands if demand.enters]
    places += [place for demand in demands for place in demand.passes]
    for demand in demands:
        if demand.leaves:
            places += [demand.leaves, INTERNET]
    places += [demand.ends_at for demand in demands if demand.ends_at]
    return merged(places)


def _lies_in(demanded: Sequence[str], taken: Sequence[str]) -> bool:
    """Whether a way passed all of these places in their order."""
    left = iter(taken)
    return all(place in left for place in demanded)


def _parts(demanded: Sequence[str], taken: Sequence[str]) -> int:
    """Number the place at which a message parts from the demanded way; 0: it does not, or stops on it."""
    for number, place in enumerate(taken):
        if number >= len(demanded) or place != demanded[number]:
            return number
    return 0


def _parted(place: str) -> str:
    return f"not to {place}" if place == INTERNET else f"not by way of {place}"


def _hop_marks(demands: Sequence[Demand], way: Way) -> Iterable[tuple[int, str]]:
    """Say what is wrong with single handovers between the two sides."""
    tls = any(demand.tls for demand in demands)
    attributed = any(demand.attributed for demand in demands)
    connector = any(demand.connector for demand in demands)
    place = 0
    for before, after in zip(way.hops, way.hops[1:], strict=False):
        place += before.place != after.place
        sides = (before.place, after.place)
        if tls and (set(sides) == {CLOUD, OWN} or sides == (FILTER, CLOUD)) and not after.tls:
            yield place, "without TLS" if after.tls == "" else "TLS not shown"
        if attributed and sides == (OWN, CLOUD) and not after.attributed:
            yield place, "taken for a stranger's" if after.attributed is False else "for whose, not shown"
        if connector and sides == (CLOUD, OWN) and not after.connector:
            yield place, "by MX, not by the connector" if after.connector == "" else "by which connector, not shown"


def _asked(demands: Sequence[Demand]) -> str:
    """Say in words what is demanded."""
    told = []
    for demand in demands:
        told += [f"enters at {demand.enters}"] if demand.enters else []
        told += [f"passes {', then '.join(demand.passes)}"] if demand.passes else []
        told += [f"never passes {place}" for place in demand.never]
        told += [f"leaves from {demand.leaves}"] if demand.leaves else []
        told += ["over TLS"] if demand.tls else []
        told += ["known as the organization's"] if demand.attributed else []
        told += ["by the connector"] if demand.connector else []
    for demand in demands:
        if demand.endings:
            told.append(" or ".join(demand.endings) + (f" at {demand.ends_at}" if demand.ends_at else ""))
    return "; ".join(dict.fromkeys(told))


def _seen(strip: Strip, count: int, total: int) -> str:
    way = " → ".join(strip.taken) or "nowhere"
    code = strip.reply.partition(";")[0]
    code = code if len(code) <= _LONGEST else f"{code[: _LONGEST - 1]}…"
    by = f" by {strip.offered}" if strip.offered else ""
    told = f"{way}, {strip.ending}{by}{f': {code}' if code else ''}"
    told += "".join(f"; {strip.sign} {mark}" for _, mark in strip.marks if mark != strip.ending)
    told += "; something had to be assumed" if strip.assumed else ""
    return f"{count} of {total}: {told}" if count < total else told

"""The time around the change, drawn: what resolvers may believe, who has to take mail, and until when one can go back.

The moments stand at equal distances, with the time that goes by between them in words: two hours, in which resolvers
give either record, would not be seen beside four days. A bar of the old record ends where no resolver gives it any
more, one of the new record begins where the first may; where both are, either is given. Pure. `change.html.j2` writes
it as SVG, and as a table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby, pairwise

from mailflow.policy.readiness import Window
from mailflow.records.mx_change import Believed, MxChange
from mailflow.report.drawing import WIDTH, Dot, Drawing, Label, Line

_FIRST, _APART, _LEFT, _RIGHT = 100, 84, 10, WIDTH - 10
_MOMENT, _BARS, _BAR = 36, 66, 12

_OLD, _NEW = frozenset({Believed.OLD}), frozenset({Believed.NEW})
_SAID = {_OLD: "old only", _NEW: "new only", _OLD | _NEW: "old or new"}
_HOSTS = {_OLD: "old hosts", _NEW: "new hosts", _OLD | _NEW: "old and new hosts"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the change, and how it is from then on."""

    at: datetime  # with the offset of the change
    what: str
    believed: str  # which MX record resolvers may give
    takes: str  # whose hosts have to take mail
    kind: str = "title"  # mark: it is not as it has to be; unseen: it is not known


@dataclass(frozen=True, slots=True)
class Timeline:
    """Domains whose change has the same moments."""

    domains: tuple[str, ...]
    change: MxChange
    none_for: int  # seconds, the longest of these domains
    moments: tuple[Moment, ...]
    back: tuple[Moment, ...]  # of a way back at the latest time; none: there is none in time
    drawing: Drawing

    @property
    def told(self) -> str:
        """Say the drawing in a sentence."""
        return "; ".join(f"{one.what}: {shown(one.at)}, then {one.believed}" for one in self.moments) + "."


def timelines(windows: Iterable[Window]) -> tuple[Timeline, ...]:
    """Draw the time around the change, domains together whose moments are the same."""
    alike: dict[MxChange, list[Window]] = {}
    for window in windows:
        alike.setdefault(window.change, []).append(window)
    return tuple(_timeline(change, group) for change, group in alike.items())


def shown(at: datetime) -> str:
    """Write a moment with its own offset and, if that is another one, in UTC; the day of the week first."""
    there = at.astimezone(UTC)
    if not at.utcoffset():
        return f"{_day(at)} {_clock(at)} UTC"
    utc = _clock(there) if there.date() == at.date() else f"{_day(there)} {_clock(there)}"
    return f"{_day(at)} {_clock(at)} {at.isoformat(timespec='seconds')[19:]} ({utc} UTC)"


def _day(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]} {at.date().isoformat()}"  # %a is in the language of the machine


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def lasting(time: timedelta) -> str:
    """`2 d 3 h`, `45 min`: the two greatest units, `> ` before them where that is not all."""
    rest = round(time.total_seconds())
    told: list[str] = []
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if rest >= seconds and len(told) < 2:
            told.append(f"{rest // seconds} {unit}")
            rest %= seconds
    return f"{'> ' if rest else ''}{' '.join(told) or '0 s'}"


def _timeline(change: MxChange, windows: Sequence[Window]) -> Timeline:
    named = sorted(_named(change), key=lambda one: one[0])
    moments = tuple(_moment(change, at, what, kind) for at, what, kind in named)
    back = change.latest_way_back
    after = (
        (
            _moment(change, back, "The old MX record is published again", back_at=back),
            _moment(change, back + change.way_back, "No resolver gives the new record any more", back_at=back),
        )
        if back
        else ()
    )
    none_for = max(window.none_for for window in windows)
    domains = tuple(window.domain for window in windows)
    return Timeline(domains, change, none_for, moments, after, _draw(change, moments))


def _named(change: MxChange) -> Iterator[tuple[datetime, str, str]]:
    """Give the moments that a change has, as far as they are known; in no order."""
    if change.lowered and change.lowered_everywhere:
        yield change.lowered.at, f"TTL lowered to {change.lowered.ttl} s", "title"
        yield change.lowered_everywhere, "Lowered everywhere: the earliest safe change", "title"
    else:
        yield change.lower_by, "? Lower the TTL by then; not known when that is done", "unseen"
    if change.too_early:
        yield change.at, f"✕ Change planned, {lasting(change.too_early)} too early", "mark"
    else:
        yield change.at, "The new MX record is published", "title"
    yield change.old_until, "No resolver gives the old record any more", "title"
    if change.latest_way_back:
        yield change.latest_way_back, "The latest time to go back", "title"
    yield change.keep_old_until, "The old hosts may stop taking mail", "title"


def _moment(change: MxChange, at: datetime, what: str, kind: str = "title", back_at: datetime | None = None) -> Moment:
    takes = _taking(change, at) if back_at is None else change.believed(at, back_at)
    return Moment(at.astimezone(change.at.tzinfo), what, _SAID[change.believed(at, back_at)], _HOSTS[takes], kind)


def _taking(change: MxChange, at: datetime) -> frozenset[Believed]:
    """Whose hosts have to take mail."""
    old = _OLD if at < change.keep_old_until else frozenset()
    return old | (_NEW if at >= change.at else frozenset())


def _draw(change: MxChange, moments: Sequence[Moment]) -> Drawing:
    columns = {at: _FIRST + _APART * number for number, at in enumerate(dict.fromkeys(one.at for one in moments))}
    drawing = Drawing((), height=0)
    for moment in moments:
        x, top = columns[moment.at], drawing.height
        drawing.dots.append(Dot("seen", x, top + 14))
        drawing.labels.append(Label(moment.kind, x + 11, top + 18, moment.what))
        drawing.labels.append(Label("note", x + 11, top + 33, shown(moment.at)))
        drawing.height += _MOMENT
    drawing.height += 18
    axis = drawing.height
    for (at, x), (later, to) in pairwise(columns.items()):
        drawing.labels.append(Label("note", (x + to) / 2, axis, lasting(later - at), "middle"))
    if change.too_early and change.lowered_everywhere:
        ends = ((columns[change.at], axis + 8), (columns[change.lowered_everywhere], axis + 8))
        drawing.lines.append(Line("parted", ends))
    drawing.height += 10
    back = change.latest_way_back
    rows: list[tuple[str, Callable[[datetime], frozenset[Believed]], Mapping[frozenset[Believed], str]]] = [
        ("Resolvers may give", change.believed, _SAID),
        ("Have to take mail", partial(_taking, change), _HOSTS),
    ]
    if back:
        rows.append(
            ("Resolvers may give, if one goes back at the latest time", partial(change.believed, back_at=back), _SAID)
        )
    for title, of, words in rows:
        _bars(drawing, title, columns, of, words)
    leaders = (
        Line("leader", ((columns[one.at], 14 + _MOMENT * number), (columns[one.at], drawing.height)))
        for number, one in enumerate(moments)
    )
    drawing.lines[:0] = leaders
    return drawing


def _bars(
    drawing: Drawing,
    title: str,
    columns: Mapping[datetime, int],
    of: Callable[[datetime], frozenset[Believed]],
    words: Mapping[frozenset[Believed], str],
) -> None:
    """Draw two bars, the old above the new, each where it counts, and below them what that means."""
    top = drawing.height + 14
    drawing.labels.append(Label("title", _LEFT, top, title))
    # Before the first moment it is as it was: the old record alone.
    stretches = [(_LEFT, _OLD), *((x, of(at)) for at, x in columns.items())]
    ends = [*columns.values(), _RIGHT]
    pieces = [(start, end, held) for (start, held), end in zip(stretches, ends, strict=True)]
    for held, group in groupby(pieces, key=lambda piece: piece[2]):
        parts = list(group)
        start, end = parts[0][0], parts[-1][1]
        for number, one in enumerate(Believed):
            if one in held:
                y = top + 14 + _BAR * number
                drawing.lines.append(Line(one.name.lower(), ((start, y), (end, y))))
        # The last stretch has no end: its words stand where it begins.
        middle = min((start + end) / 2, start + _APART / 2 + 20)
        drawing.labels.append(Label("note", middle, top + 42, words[held], "middle"))
    drawing.height += _BARS

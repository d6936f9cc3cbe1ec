"""Drawings of ways: three lanes, a broad band for the way that is demanded, a line over it for the one taken. Pure.

Where both agree the line runs in the band. Where a message parts from it, its line goes on below, and the step says
what is wrong in words; a band that nobody took is hollow. So nothing rests on colour. `design.html.j2` writes it as
SVG.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from mailflow.policy.finding import Verdict
from mailflow.report.passage import CLOUD, DELIVERED, FILTER, INTERNET, OWN, Passage, Strip

WIDTH = 900
_FIRST = 130  # the x of the first lane
_STEP, _NARROW = 260, 175  # between lanes, of up to three and of four
_TOP, _TITLE, _LINE, _GAP = 34, 22, 22, 16
_TIMES = "\N{MULTIPLICATION SIGN}"
_BASE = 4  # from the middle of words down to their base line
_SHORT = 0.82  # how much of a step is drawn that was refused

LANES = {INTERNET: "The Internet", FILTER: "Third-party filter", OWN: "Own servers", CLOUD: "Microsoft 365"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; `kind` is its class: band, hollow, taken, parted, bar."""

    kind: str
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """As the `points` of an SVG polyline."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Dot:
    """A place that took a message; `kind`: asked, seen."""

    kind: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """Words; `kind`: title, id, mark, note, ending; `anchor` as in SVG."""

    kind: str
    x: float
    y: float
    text: str
    anchor: str = "start"
    verdict: Verdict | None = None


@dataclass(slots=True)
class Drawing:
    """All of a group of domains, from top to bottom."""

    lanes: tuple[tuple[int, str], ...]
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    height: float = _TOP
    width: int = WIDTH


def draw(passages: Sequence[Passage], *, own_first: bool) -> Drawing:
    """Draw the ways of messages; `own_first`: the own servers stand next to the Internet, as the MX record has it."""
    met = {place for passage in passages for strip, _ in passage.strips for place in (*strip.demanded, *strip.taken)}
    met |= {strip.offered for passage in passages for strip, _ in passage.strips}
    lined_up = (INTERNET, FILTER, OWN, CLOUD) if own_first else (INTERNET, FILTER, CLOUD, OWN)
    order = tuple(place for place in lined_up if place in (INTERNET, CLOUD) or place in met)
    lanes = {place: _FIRST + number * (_STEP if len(order) < 4 else _NARROW) for number, place in enumerate(order)}
    drawing = Drawing(tuple((lanes[place], LANES[place]) for place in order))
    for passage in passages:
        row = passage.row.result
        drawing.height += _TITLE
        title = f"{passage.kind[:1].upper()}{passage.kind[1:]}"
        drawing.labels.append(Label("title", 8, drawing.height, title))
        demanded = f"by another kind: {row.requirement.id}" if passage.elsewhere else row.requirement.id
        drawing.labels.append(Label("id", WIDTH - 8, drawing.height, demanded, "end", row.verdict))
        for strip, count in passage.strips:
            _Pen(drawing, lanes).strip(strip, count)
        if not passage.strips:
            drawing.height += _LINE
            drawing.labels.append(Label("note", _FIRST, drawing.height, "no message of this kind was seen"))
        drawing.height += _GAP
    return drawing


@dataclass(slots=True)
class _Pen:
    drawing: Drawing
    lanes: dict[str, int]

    def strip(self, strip: Strip, count: int) -> None:
        """Draw one way and what was demanded of it, below what stands there already."""
        top, before, labelled = self.drawing.height + _LINE, len(self.drawing.lines), len(self.drawing.labels)
        if strip.refusal and len(strip.demanded) > 1:
            self._refusal(top, strip, count)
        else:
            asked = self._points(strip.demanded, top) if len(strip.demanded) > 1 else []
            shared = _shared(strip.demanded, strip.taken) if asked else 0
            bottom = max((y for _, y in asked), default=top - _LINE - 6)
            self._band(asked, shared, strip)
            # What both have runs in the band; the rest leaves it at the last place that both have, and goes on below.
            within = self._cut(asked, shared)
            beyond = [*strip.taken[max(shared - 1, 0) :], *([strip.offered] if strip.offered in self.lanes else [])]
            on_band = strip.offered and strip.demanded[shared : shared + 1] == (strip.offered,)
            start = within[-1][1] if within and on_band else bottom + _LINE + 6
            outside = self._points(beyond, start) if len(beyond) > 1 or not within else []
            self._line(within, outside, strip, count)
        drawn = [y for line in self.drawing.lines[before:] for _, y in line.points]
        said = [label.y - _BASE for label in self.drawing.labels[labelled:]]
        self.drawing.height = max([top, *drawn, *said])

    def _points(self, places: Sequence[str], top: float) -> list[tuple[float, float]]:
        """Place by place from left to right; where the way turns back it goes down a line first."""
        points: list[tuple[float, float]] = []
        y, before = top, 0
        for number, place in enumerate(places):
            x = self.lanes[place]
            if number:
                direction = 1 if x > points[-1][0] else -1
                if before and direction != before:
                    y += _LINE
                    points.append((points[-1][0], y))
                before = direction
            points.append((x, y))
        return points

    def _cut(self, points: Sequence[tuple[float, float]], places: int) -> list[tuple[float, float]]:
        """Give the points of the first places of a way; a turn belongs to the place where it is made."""
        found: list[tuple[float, float]] = []
        number = 0
        for x, y in points:
            if not found or x != found[-1][0]:
                number += 1
            if number > places:
                break
            found.append((x, y))
        return found

    def _band(self, asked: Sequence[tuple[float, float]], shared: int, strip: Strip) -> None:
        if len(asked) < 2:
            return
        whole = shared == len(strip.demanded)
        self.drawing.lines.append(Line("band" if whole else "hollow", tuple(asked)))
        self.drawing.dots += [Dot("asked", x, y) for x, y in _stops(asked)]
        if not whole:
            covered = self._cut(asked, shared)
            if len(covered) > 1:
                self.drawing.lines.append(Line("band", tuple(covered)))
            (x, y), (to, _) = asked[len(covered) - 1], asked[len(covered)]
            if x == to:  # a turn: the step begins a line below
                (x, y), (to, _) = asked[len(covered)], asked[len(covered) + 1]
            self.drawing.labels.append(Label("note", (x + to) / 2, y - 7, "demanded, not taken", "middle"))

    def _line(
        self, within: list[tuple[float, float]], outside: list[tuple[float, float]], strip: Strip, count: int
    ) -> None:
        """Draw what was taken: in the band, then outside it; a step to a place that refused ends at a bar."""
        stops = [*_stops(within), *_stops(outside)[1 if within else 0 :]]
        if strip.offered in self.lanes:
            (x, y), (to, _) = outside[-2], outside[-1]
            outside[-1] = (x + (to - x) * _SHORT, y)
            stops.pop()
            self._bar(*outside[-1])
        if len(within) > 1:
            self.drawing.lines.append(Line("taken", tuple(within)))
            self._arrows(within)
        if outside:
            joined = [*within[-1:], *outside]
            self.drawing.lines.append(Line("parted" if strip.differs else "taken", tuple(joined)))
            self._arrows(outside if strip.offered not in self.lanes else outside[:-1])
        self.drawing.dots += [Dot("seen", x, y) for x, y in stops]
        self._words([*within, *outside], strip, count)

    def _bar(self, x: float, y: float) -> None:
        self.drawing.lines.append(Line("bar", ((x, y - 8), (x, y + 8))))

    def _refusal(self, y: float, strip: Strip, count: int) -> None:
        """Draw a step that is to be refused: the band ends at a bar, and so does the line where it was.

        A message that was taken there goes on, wherever it ends: a refusal further on is none of this step.
        """
        x, to = (self.lanes[place] for place in strip.demanded[:2])
        stop = x + (to - x) * _SHORT
        self.drawing.lines.append(Line("band", ((x, y), (stop, y))))
        self._bar(stop, y)
        if strip.offered and len(strip.taken) == 1:
            way = ((x, y), (stop, y))
            self.drawing.lines.append(Line("parted" if strip.differs else "taken", way))
            self.drawing.dots.append(Dot("seen", x, y))
            self._words(way, strip, count)
        else:
            on = [strip.offered] if strip.offered in self.lanes else []
            self._line([], self._points([*strip.taken, *on], y), strip, count)

    def _arrows(self, points: Sequence[tuple[float, float]]) -> None:
        for (x, y), (to, _) in pairwise(points):
            if x != to:
                tip = to - (9 if to > x else -9)
                back = tip - (9 if to > x else -9)
                self.drawing.lines.append(Line("arrow", ((back, y - 5), (tip, y), (back, y + 5))))

    def _words(self, seen: Sequence[tuple[float, float]], strip: Strip, count: int) -> None:
        """Say on each step what is wrong with it, and at the end how it ended."""
        steps = [pair for pair in pairwise(seen) if pair[0][0] != pair[1][0]]
        for place, mark in strip.marks:
            if 0 < place <= len(steps) and mark != strip.ending:
                (x, y), (to, _) = steps[place - 1]
                self.drawing.labels.append(Label("mark", (x + to) / 2, y - 7, f"{strip.sign} {mark}", "middle"))
        wrong = any(mark == strip.ending for _, mark in strip.marks)
        code = strip.reply.split(" ")[:2]
        words = " ".join([strip.ending, *(code if strip.ending != DELIVERED else [])])
        words = f"{f'{strip.sign} ' if wrong else ''}{words}{f' {_TIMES} {count}' if count > 1 else ''}"
        # Of a message that nobody saw there is no place: its end stands where every way begins.
        x, y = seen[-1] if seen else (_FIRST, self.drawing.height + _LINE)
        leftward = bool(steps) and steps[-1][1][0] < steps[-1][0][0]
        y = self._free(x, y, leftward=leftward)
        label = Label("mark" if wrong else "ending", x - 12 if leftward else x + 12, y + _BASE, words)
        self.drawing.labels.append(replace(label, anchor="end") if leftward else label)

    def _free(self, x: float, y: float, *, leftward: bool) -> float:
        """Give where words beside a point lie on no way that was demanded and not taken: below all of it."""
        for line in self.drawing.lines:
            if line.kind == "hollow" and any(at == y and (to < x if leftward else to > x) for to, at in line.points):
                return max(at for _, at in line.points) + _LINE
        return y


def _stops(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Give the points without the second of each turn."""
    return [point for number, point in enumerate(points) if not number or points[number - 1][0] != point[0]]


def _shared(demanded: Sequence[str], taken: Sequence[str]) -> int:
    count = 0
    for one, other in zip(demanded, taken, strict=False):
        if one != other:
            break
        count += 1
    return count

# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/drawings/: the way of mail in each documented layout, as messages really took it in the simulation.

python docs/make_drawings.py           write the drawings
python docs/make_drawings.py --check   exit with 1 if one of them is not what would be written
"""

import itertools
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from mailflow.door import open_door
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.observe.path import Place

PLACE = Path(__file__).with_name("drawings")
FIXTURES = Path(__file__).parents[1] / "fixtures"
ENVIRONMENTS = (
    "all-in-cloud",
    "scenario-1",
    "scenario-2",
    "scenario-2-direct-exit",
    "scenario-3",
    "scenario-4",
    "third-party-filter",
    "third-party-filter-hybrid",
)
KINDS = (
    Kind.INTERNET_TO_CLOUD,
    Kind.INTERNET_TO_ON_PREMISES,
    Kind.CLOUD_TO_INTERNET,
    Kind.ON_PREMISES_TO_INTERNET,
)
_OF_THE_CLOUD = (Kind.INTERNET_TO_CLOUD, Kind.CLOUD_TO_INTERNET)
ORDER = (Place.INTERNET, Place.FILTER, Place.MICROSOFT_365, Place.ON_PREMISES)
WIDTH, TOP, LANE, STEP = 700, 52, 34, 22

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" \
role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="13" fill="#1b1f24">
<title id="t">{title}</title>
<desc id="d">{description}</desc>
<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="11" markerHeight="11" \
markerUnits="userSpaceOnUse" orient="auto">\
<path d="M0 0L8 4L0 8z" fill="#0b5cad"/></marker></defs>
<rect width="{width}" height="{height}" fill="#ffffff"/>
"""


def ways(environment: str) -> dict[Kind, tuple[Place, ...]]:
    """Send the messages and give where each kind of them passed.

    Raises:
        ValueError: messages of one kind took different ways, or none was sent; one line could not show it.

    """
    world = load(FIXTURES / environment)
    found: dict[Kind, tuple[Place, ...]] = {}
    with open_door(world) as door:
        for kind in KINDS if world.on_premises.servers else _OF_THE_CLOUD:
            taken = {path.places for path in door.paths(world.domains[0], kind)}
            if len(taken) != 1:
                raise ValueError(f"{environment}: {kind} took {len(taken)} ways")
            (found[kind],) = taken
    return found


def drawing(environment: str) -> str:
    """Write the drawing of one environment."""
    taken = ways(environment)
    told = ". ".join(f"{_first(kind)}: {', then '.join(places)}" for kind, places in taken.items())
    height = TOP + sum(LANE + STEP * (len(places) - 1) for places in taken.values()) + 10
    title = f"The way of mail in {environment.replace('-', ' ')}"
    met = [place for place in ORDER if any(place in places for places in taken.values())]
    width = WIDTH + 240 * max(len(met) - 3, 0)
    parts = [HEAD.format(width=width, height=height, title=escape(title), description=escape(f"{told}."))]
    columns = {place: 110 + 240 * number for number, place in enumerate(met)}
    for place, x in columns.items():
        parts.append(f'<rect x="{x - 95}" y="10" width="190" height="28" rx="6" fill="#e8eef5"/>\n')
        parts.append(f'<text x="{x}" y="29" text-anchor="middle" font-weight="600">{_first(place)}</text>\n')
        parts.append(f'<path d="M{x} 38V{height - 10}" stroke="#c3ccd6" stroke-dasharray="3 4"/>\n')
    y = TOP
    for kind, places in taken.items():
        parts.append(f'<text x="20" y="{y + 16}">{escape(_first(kind))}</text>\n')
        y += LANE
        parts += _arrows([columns[place] for place in places], y)
        y += STEP * (len(places) - 1)
    return "".join([*parts, "</svg>\n"])


def _first(text: str) -> str:
    return text[0].upper() + text[1:]


def _arrows(columns: list[int], y: int) -> Iterator[str]:
    yield f'<circle cx="{columns[0]}" cy="{y}" r="4" fill="#0b5cad"/>\n'
    for number, (x, to) in enumerate(itertools.pairwise(columns)):
        line = y + STEP * number
        yield f'<path d="M{x} {line}H{to}" stroke="#0b5cad" stroke-width="2" marker-end="url(#a)"/>\n'


def main() -> int:
    """Write or check the drawings."""
    stale = 0
    for environment in ENVIRONMENTS:
        file = PLACE / f"{environment}.svg"
        made = drawing(environment)
        if sys.argv[1:] != ["--check"]:
            file.write_text(made, encoding="utf-8", newline="\n")
        elif not file.exists() or file.read_text(encoding="utf-8") != made:
            sys.stderr.write(f"docs/drawings/{file.name} is out of date: run python docs/make_drawings.py\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())

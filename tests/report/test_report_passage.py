"""Which way is demanded of a kind of message, which one was taken, and what on it is not as demanded."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailflow.environment.message import Kind
from mailflow.observe.path import Disposition, Place
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Step
from mailflow.policy.way import Demand, Hop, Way
from mailflow.report.drawing import LANES, WIDTH, draw
from mailflow.report.matrix import rows
from mailflow.report.passage import CLOUD, DELIVERED, FILTER, INTERNET, OWN, REFUSED, UNSEEN, Passage, passages

KIND = str(Kind.INTERNET_TO_CLOUD)
HOSTS = {INTERNET: "a", OWN: "b", CLOUD: "c", FILTER: "d"}


def way(*places: str, ending: str = DELIVERED, at: str = "", reply: str = "", **last: Any) -> Way:
    hops = [Hop(HOSTS[place], place, "TLSv1.3", "connector", attributed=True) for place in places]
    if last:
        hops[-1] = replace(hops[-1], **last)
    return Way(KIND, "chris@contoso.com", tuple(hops), ending, at or (places[-1] if places else ""), reply)


def passage(row: Any, demands: list[Demand], *ways: Way, verdict: Verdict = Verdict.NON_COMPLIANT) -> Passage:
    steps = [Step("Then", "x", str(verdict), "asked", "seen", (replace(one, kinds=(KIND,)),)) for one in demands]
    # One message more each time, so that none is the same observation as another.
    seen = [Evidence("path", f"message {number}", "records", (), one) for number, one in enumerate(ways)]
    result = replace(row(verdict, "S4-PATH-1"), steps=tuple(steps), evidence=tuple(seen))
    (found,) = passages(rows([result]))
    return found


def test_the_words_are_those_of_the_observation() -> None:
    assert {INTERNET, FILTER, CLOUD, OWN} == set(map(str, Place)) == set(LANES)
    assert {DELIVERED, REFUSED, UNSEEN} <= set(map(str, Disposition))


@pytest.mark.parametrize(
    ("demands", "start", "demanded"),
    [
        ([Demand(enters=OWN), Demand(passes=(OWN, CLOUD)), Demand((DELIVERED,), CLOUD)], INTERNET,
         (INTERNET, OWN, CLOUD)),
        ([Demand(passes=(OWN, CLOUD)), Demand(leaves=CLOUD), Demand((DELIVERED,), INTERNET)], INTERNET,
         (INTERNET, OWN, CLOUD, INTERNET)),
        ([Demand(leaves=CLOUD), Demand(never=(OWN,))], CLOUD, (CLOUD, INTERNET)),
        ([Demand((DELIVERED,), CLOUD)], CLOUD, (CLOUD,)),
        ([Demand((DELIVERED,))], INTERNET, (INTERNET,)),
    ],
)  # fmt: skip
def test_the_demanded_way_is_what_the_sentences_demand_together(row, demands, start, demanded) -> None:
    ((strip, count),) = passage(row, demands, way(start), verdict=Verdict.COMPLIANT).strips
    assert (strip.demanded, strip.marks, count) == (demanded, (), 1)


@pytest.mark.parametrize(
    ("demands", "taken", "marks"),
    [
        ([Demand(passes=(OWN, CLOUD))], way(INTERNET, CLOUD), ((1, f"not by way of {OWN}"),)),
        ([Demand(passes=(OWN,))], way(INTERNET, OWN, CLOUD), ((2, "goes on"),)),
        ([Demand(leaves=OWN)], way(OWN, CLOUD, INTERNET), ((1, "not to the Internet"),)),
        ([Demand(passes=(OWN, CLOUD))], way(INTERNET, ending=REFUSED, at=CLOUD), ((1, f"not by way of {OWN}"),)),
        ([Demand(passes=(OWN,)), Demand((DELIVERED,))], way(INTERNET, ending=REFUSED, at=OWN), ((1, REFUSED),)),
        ([Demand((REFUSED,))], way(INTERNET, CLOUD), ((2, DELIVERED),)),
        ([Demand(tls=True)], way(OWN, CLOUD, tls=""), ((1, "without TLS"),)),
        ([Demand(tls=True)], way(INTERNET, OWN, tls=""), ()),
        ([Demand(attributed=True)], way(INTERNET, OWN, CLOUD, attributed=False), ((2, "taken for a stranger's"),)),
        ([Demand(attributed=True)], way(CLOUD, OWN, attributed=False), ()),
        ([Demand(connector=True)], way(CLOUD, OWN, connector=""), ((1, "by MX, not by the connector"),)),
        ([Demand(tls=True)], way(OWN, CLOUD, tls=None), ((1, "TLS not shown"),)),
        ([Demand(attributed=True)], way(OWN, CLOUD, attributed=None), ((1, "for whose, not shown"),)),
        ([Demand(connector=True)], way(CLOUD, OWN, connector=None), ((1, "by which connector, not shown"),)),
    ],
)  # fmt: skip
def test_a_difference_stands_on_its_step(row, demands, taken, marks) -> None:
    ((strip, _),) = passage(row, demands, taken).strips
    assert strip.marks == marks
    ((good, _),) = passage(row, demands, taken, verdict=Verdict.COMPLIANT).strips
    assert good.marks == (), "what was judged compliant differs in nothing that is demanded"


def test_where_a_refusal_is_demanded_the_way_ends_at_who_was_asked(row) -> None:
    for taken in (way(INTERNET, ending=REFUSED, at=CLOUD), way(INTERNET, CLOUD, OWN)):
        ((strip, _),) = passage(row, [Demand((REFUSED,))], taken).strips
        assert (strip.demanded, strip.refusal) == ((INTERNET, CLOUD), True)


def test_where_the_condition_does_not_hold_nothing_is_demanded(row) -> None:
    found = passage(row, [Demand(passes=(OWN, CLOUD))], way(OWN, INTERNET), verdict=Verdict.NOT_APPLICABLE)
    ((strip, _),) = found.strips
    assert (strip.demanded, strip.marks) == ((OWN,), ())
    assert found.asked == f"nothing here (reason of S4-PATH-1); elsewhere: passes {OWN}, then {CLOUD}"


def test_the_same_in_words(row) -> None:
    demands = [Demand(enters=OWN), Demand(never=(CLOUD,)), Demand(tls=True), Demand((DELIVERED,), OWN)]
    lost = way(INTERNET, ending=REFUSED, at=CLOUD, reply="550 5.7.51 Tenant; and a long story")
    found = passage(row, demands, way(INTERNET, OWN), replace(way(INTERNET, OWN), recipient="sara@contoso.com"), lost)
    assert found.asked == f"enters at {OWN}; never passes {CLOUD}; over TLS; delivered at {OWN}"
    assert found.seen == (
        f"2 of 3: {INTERNET} → {OWN}, delivered",
        f"1 of 3: {INTERNET}, refused by {CLOUD}: 550 5.7.51 Tenant; ✕ not by way of {OWN}",
    )


def test_kinds_of_message_stand_in_their_order_and_others_of_the_evidence_do_not(row) -> None:
    steps = [Step("Then", "x", "compliant", "", "", (Demand((DELIVERED,), kinds=("strange", KIND)),))]
    seen = [Evidence("path", one, "", (), replace(way(INTERNET), kind=one)) for one in ("strange", KIND, "unasked")]
    result = replace(row(Verdict.COMPLIANT, "A-1"), steps=tuple(steps), evidence=tuple(seen))
    assert [one.kind for one in passages(rows([result]))] == [KIND, "strange"]


def test_of_a_kind_that_goes_as_demanded_it_is_said_that_another_is_wrong(row) -> None:
    steps = [Step("Then", "x", "non-compliant", "", "", (Demand((DELIVERED,), kinds=(KIND, "strange", "unseen")),))]
    fine, lost = way(INTERNET), replace(way(INTERNET, ending=REFUSED, at=CLOUD), kind="strange")
    seen = [Evidence("path", one.kind, "", (), one) for one in (fine, lost)]
    result = replace(row(Verdict.NON_COMPLIANT, "A-1"), steps=tuple(steps), evidence=tuple(seen))
    found = passages(rows([result]))
    assert {one.kind: one.elsewhere for one in found} == {KIND: True, "strange": False, "unseen": False}
    drawn = [label.text for label in draw(found, own_first=False).labels if label.kind == "id"]
    assert drawn == ["by another kind: A-1", "A-1", "A-1"]
    without = passages(rows([replace(result, evidence=tuple(seen[:1]))]))
    assert [one.elsewhere for one in without] == [False] * 3, "what is wrong is not drawn: nobody knows whose it is"


def test_words_lie_on_no_way_that_nobody_took(row) -> None:
    demands = [Demand(passes=(OWN, CLOUD)), Demand(leaves=CLOUD), Demand((DELIVERED,), INTERNET)]
    drawing = draw([passage(row, demands, way(INTERNET, ending="waiting"))], own_first=True)
    (hollow,) = (line for line in drawing.lines if line.kind == "hollow")
    (mark,) = (label for label in drawing.labels if label.kind == "mark")
    assert max(y for _, y in hollow.points) + 10 < mark.y < drawing.height + 10
    leftward = [Demand(leaves=CLOUD), Demand((DELIVERED,), INTERNET)]
    ends = draw([passage(row, leftward, way(CLOUD, ending="waiting"))], own_first=True)
    (mark,) = (label for label in ends.labels if label.kind == "mark")
    assert mark.y - 4 == ends.lines[0].points[0][1], "where the way goes to the other side the words stay"


PLACES = st.lists(st.sampled_from([INTERNET, OWN, CLOUD]), min_size=1, max_size=6)


# Refused as demanded, but not where: three hosts had taken it before.
@example(
    taken=[INTERNET, OWN, CLOUD],
    demands=[Demand(("refused",), "", (INTERNET,), tls=True)],
    ending="refused",
    at=INTERNET,
    verdict=Verdict.WAIVED,
    own_first=False,
)
@given(
    taken=PLACES,
    demands=st.lists(
        st.builds(
            Demand,
            st.lists(st.sampled_from([str(one) for one in Disposition]), max_size=2).map(tuple),
            st.sampled_from(["", INTERNET, OWN, CLOUD]),
            PLACES.map(tuple),
            leaves=st.sampled_from(["", OWN, CLOUD]),
            tls=st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ),
    ending=st.sampled_from([str(one) for one in Disposition]),
    at=st.sampled_from(["", INTERNET, OWN, CLOUD]),
    verdict=st.sampled_from(Verdict),
    own_first=st.booleans(),
)
def test_whatever_was_demanded_and_taken_the_drawing_shows_it(  # noqa: PLR0917  # a property of seven
    row, taken, demands, ending, at, verdict, own_first
) -> None:
    one = Way(KIND, "x", tuple(Hop(HOSTS[place], place) for place in taken), ending, at, "550 5.7.1 x")
    found = passage(row, demands, one, verdict=verdict)
    drawing = draw([found, found], own_first=own_first)
    lanes = {x for x, _ in drawing.lanes}
    assert {dot.x for dot in drawing.dots} <= lanes
    assert all(0 < y <= drawing.height for line in drawing.lines for _, y in line.points)
    assert all(0 <= x <= WIDTH for line in drawing.lines for x, _ in line.points)
    ((strip, _),) = found.strips
    words = [label.text for label in drawing.labels]
    assert any(strip.ending in text for text in words)
    stops = [dot for dot in drawing.dots if dot.kind == "seen"]
    assert len(stops) >= 2 * min(len(strip.taken), 1)
    marks = [mark for place, mark in strip.marks if mark != strip.ending and place <= len(strip.taken) - 1]
    assert all(sum(mark in text for text in words) >= 2 for mark in marks), "every difference is told on its step"


@pytest.mark.parametrize(
    ("demands", "told"), [([Demand(passes=(OWN, CLOUD))], "not seen"), ([Demand((DELIVERED,), CLOUD)], "? not seen")]
)
def test_a_message_that_nobody_saw_has_an_end_and_no_place(row, demands, told) -> None:
    drawing = draw([passage(row, demands, way(ending="not seen"), verdict=Verdict.NOT_VERIFIED)], own_first=True)
    assert [label.text.strip() for label in drawing.labels if "not seen" in label.text] == [told]
    assert [dot for dot in drawing.dots if dot.kind == "seen"] == []
    assert all(0 < label.y <= drawing.height for label in drawing.labels)


def test_the_lanes_stand_as_the_mx_record_has_them(row) -> None:
    met = [passage(row, [Demand(passes=(OWN, CLOUD))], way(OWN, CLOUD), verdict=Verdict.COMPLIANT)]
    assert [name for _, name in draw(met, own_first=True).lanes] == ["The Internet", "Own servers", "Microsoft 365"]
    assert [name for _, name in draw(met, own_first=False).lanes] == ["The Internet", "Microsoft 365", "Own servers"]


def test_where_an_end_alone_is_demanded_no_way_to_it_counts_as_not_taken(row) -> None:
    ends = [Demand((DELIVERED,), CLOUD)]
    seen = way(INTERNET, FILTER, CLOUD)
    good = draw([passage(row, ends, seen, verdict=Verdict.COMPLIANT)], own_first=False)
    assert [line.kind for line in good.lines if line.kind in ("band", "hollow")] == []
    assert "demanded, not taken" not in [label.text for label in good.labels]
    direct = draw([passage(row, ends, way(INTERNET, CLOUD), verdict=Verdict.COMPLIANT)], own_first=False)
    assert [line.kind for line in direct.lines if line.kind in ("band", "hollow")] == ["band"]


def test_a_demand_that_is_met_is_never_drawn_as_not_taken(row) -> None:
    """Other places may lie between those that are demanded: the forward of an own mailbox came by Microsoft 365."""
    demands = [Demand((DELIVERED,)), Demand(passes=(OWN, CLOUD)), Demand(leaves=CLOUD)]
    seen = way(INTERNET, CLOUD, OWN, CLOUD, INTERNET)
    good = draw([passage(row, demands, seen, verdict=Verdict.COMPLIANT)], own_first=False)
    assert [line.kind for line in good.lines if line.kind in ("band", "hollow")] == ["band"]
    wrong = draw([passage(row, demands, way(INTERNET, CLOUD, OWN, INTERNET))], own_first=False)
    assert next(line.kind for line in wrong.lines if line.kind in ("band", "hollow")) == "hollow"


def test_four_lanes_stand_closer(row) -> None:
    met = [passage(row, [Demand(passes=(FILTER, CLOUD, OWN))], way(FILTER, CLOUD, OWN), verdict=Verdict.COMPLIANT)]
    lanes = draw(met, own_first=False).lanes
    assert lanes == ((130, "The Internet"), (305, "Third-party filter"), (480, "Microsoft 365"), (655, "Own servers"))


def test_without_own_servers_there_is_no_lane_for_them(row) -> None:
    met = [passage(row, [Demand(passes=(CLOUD,))], way(INTERNET, CLOUD), verdict=Verdict.COMPLIANT)]
    assert [name for _, name in draw(met, own_first=False).lanes] == ["The Internet", "Microsoft 365"]


def test_a_way_as_demanded_runs_in_its_band_and_another_leaves_it_where_it_parts(row) -> None:
    demands = [Demand(passes=(OWN, CLOUD)), Demand(leaves=CLOUD)]
    good = draw([passage(row, demands, way(OWN, CLOUD, INTERNET), verdict=Verdict.COMPLIANT)], own_first=True)
    shapes = {line.kind: line.points for line in good.lines if line.kind != "arrow"}
    assert shapes == {"band": shapes["band"], "taken": shapes["band"]}
    bad = draw([passage(row, demands, way(OWN, INTERNET))], own_first=True)
    kinds = [line.kind for line in bad.lines if line.kind != "arrow"]
    assert kinds == ["hollow", "parted"]
    hollow, parted = (line.points for line in bad.lines if line.kind != "arrow")
    assert parted[0] == hollow[0]
    assert parted[-1] == (hollow[-1][0], hollow[-1][1] + 28)
    assert [label.text for label in bad.labels if label.kind in ("mark", "note")] == [
        "demanded, not taken", "✕ not by way of Microsoft 365",
    ]  # fmt: skip

"""The time around the change: drawn, in words, and with what is not known said and not drawn."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.readiness import NoWindow, PlannedMx, Readiness, Window
from mailflow.records.mx_change import Believed, Lowered, MxChange
from mailflow.report.window import lasting, shown, timelines
from tests.report.html_page import blanks, page

BERLIN = timezone(timedelta(hours=1))
DUE = datetime(2026, 12, 5, 22, tzinfo=BERLIN)
LOWERED = Lowered(300, datetime(2026, 12, 3, 20, tzinfo=BERLIN))


def around(change: MxChange, domain: str = "contoso.com") -> Window:
    return Window(domain, ("10 mail.contoso.com.",), change, 600)


def test_every_moment_with_what_holds_from_then_on() -> None:
    (timeline,) = timelines([around(MxChange(DUE, 86_400, 3600, 7200, LOWERED))])
    assert [(shown(one.at), one.what, one.believed, one.takes, one.kind) for one in timeline.moments] == [
        ("Thu 2026-12-03 20:00 +01:00 (19:00 UTC)", "TTL lowered to 300 s", "old only", "old hosts", "title"),
        ("Fri 2026-12-04 22:00 +01:00 (21:00 UTC)", "Lowered everywhere: the earliest safe change",
         "old only", "old hosts", "title"),
        ("Sat 2026-12-05 22:00 +01:00 (21:00 UTC)", "The new MX record is published",
         "old or new", "old and new hosts", "title"),
        ("Sun 2026-12-06 00:05 +01:00 (Sat 2026-12-05 23:05 UTC)", "No resolver gives the old record any more",
         "new only", "old and new hosts", "title"),
        ("Wed 2026-12-09 19:00 +01:00 (18:00 UTC)", "The latest time to go back",
         "new only", "old and new hosts", "title"),
        ("Wed 2026-12-09 22:00 +01:00 (21:00 UTC)", "The old hosts may stop taking mail",
         "new only", "new hosts", "title"),
    ]  # fmt: skip
    assert [(shown(one.at), one.what, one.believed, one.takes) for one in timeline.back] == [
        ("Wed 2026-12-09 19:00 +01:00 (18:00 UTC)", "The old MX record is published again",
         "old or new", "old and new hosts"),
        ("Wed 2026-12-09 22:00 +01:00 (21:00 UTC)", "No resolver gives the new record any more",
         "old only", "old hosts"),
    ]  # fmt: skip
    assert [one.text for one in timeline.drawing.labels if one.anchor == "middle"] == [
        "1 d 2 h", "1 d", "2 h 5 min", "> 3 d 18 h", "3 h",
        "old only", "old or new", "new only",
        "old hosts", "old and new hosts", "new hosts",
        "old only", "old or new", "new only", "old or new", "old only",
    ]  # fmt: skip


def test_a_change_before_it_is_safe_is_marked() -> None:
    late = Lowered(300, DUE - timedelta(hours=1))
    (timeline,) = timelines([around(MxChange(DUE, 86_400, 3600, 0, late))])
    assert [(one.what, one.kind) for one in timeline.moments][:3] == [
        ("TTL lowered to 300 s", "title"),
        ("✕ Change planned, 23 h too early", "mark"),
        ("Lowered everywhere: the earliest safe change", "title"),
    ]
    assert [one.kind for one in timeline.drawing.lines].count("parted") == 1


def test_what_is_not_known_is_said_and_not_drawn() -> None:
    (timeline,) = timelines([around(MxChange(DUE, 86_400, 3600, 0))])
    assert next((one.at, one.what, one.kind) for one in timeline.moments) == (
        DUE - timedelta(days=1), "? Lower the TTL by then; not known when that is done", "unseen"
    )  # fmt: skip
    assert all("safe" not in one.text for one in timeline.drawing.labels)


def test_no_way_back_in_time_is_not_drawn() -> None:
    (timeline,) = timelines([around(MxChange(DUE, 300, 4 * 86_400, 0))])
    assert timeline.back == ()
    assert [one.text for one in timeline.drawing.labels if "back" in one.text] == []


def test_domains_with_the_same_moments_are_drawn_once() -> None:
    one, other = MxChange(DUE, 86_400, 3600, 0), MxChange(DUE, 3600, 3600, 0)
    found = timelines([around(one, "a.example"), around(other, "b.example"), around(one, "c.example")])
    assert [timeline.domains for timeline in found] == [("a.example", "c.example"), ("b.example",)]


seconds = st.integers(0, 200_000)


@given(
    st.builds(
        MxChange,
        st.just(DUE),
        seconds,
        seconds,
        seconds,
        st.none() | st.builds(Lowered, seconds, st.integers(1, 300_000).map(lambda ago: DUE - timedelta(seconds=ago))),
    )
)
def test_the_bars_are_where_it_is_believed(change: MxChange) -> None:
    (timeline,) = timelines([around(change)])
    drawing = timeline.drawing
    columns = {moment.at: dot.x for moment, dot in zip(timeline.moments, drawing.dots, strict=True)}
    assert list(columns.values()) == sorted(columns.values())
    bars = [line for line in drawing.lines if line.kind in ("old", "new")]
    rows = sorted({line.points[0][1] for line in bars if line.kind == "old"})
    back = change.latest_way_back
    assert len(rows) == (3 if back else 2)
    for at, x in columns.items():
        held = [
            {Believed[line.kind.upper()] for line in bars if abs(line.points[0][1] - y) < 20
             and line.points[0][0] <= x < line.points[1][0]}
            for y in rows
        ]  # fmt: skip
        assert held[0] == change.believed(at)
        assert held[1] >= held[0], "whoever may be asked has to take mail"
        if back:
            assert held[2] == change.believed(at, back)


def test_times_and_how_long_they_last() -> None:
    assert shown(datetime(2026, 12, 5, 21, 0, 30, tzinfo=UTC)) == "Sat 2026-12-05 21:00:30 UTC"
    told = [lasting(timedelta(seconds=one)) for one in (0, 59, 3600, 5400, 90_061, 86_400 + 60)]
    assert told == ["0 s", "59 s", "1 h", "1 h 30 min", "> 1 d 1 h", "1 d 1 min"]


def section(readiness: Readiness, build: Any) -> str:
    told = blanks(page(build(readiness=readiness)).all("main")[0].text)
    return told[told.rindex("Readiness and the way back") : told.rindex("Sign-off")]


def test_the_page_says_what_is_drawn(build) -> None:
    change = MxChange(DUE, 86_400, 3600, 7200, LOWERED)
    planned = PlannedMx("contoso.com", ("0 contoso-com.mail.protection.outlook.com.",), 3600)
    told = section(Readiness(DUE, (planned,), (around(change),)), build)
    assert "before it is safe" not in told
    assert "Not known" not in told
    assert (
        "for 10800 s (3 h) at most (the new one's time to live and what a secondary name server may be behind)" in told
    )
    assert "Taken back at once, that is until Sun 2026-12-06 01:00 +01:00 (00:00 UTC)." in told
    assert "Go back by Wed 2026-12-09 19:00 +01:00 (18:00 UTC) at the latest" in told
    assert "there is none for 600 s (0:10:00): replace it, do not delete it first." in told
    assert (
        "contoso.com10 mail.contoso.com.86400 s (24 h), lowered to 300 s (0:05:00)"
        "0 contoso-com.mail.protection.outlook.com.3600 s (1 h)"
    ) in told
    assert (
        "No resolver gives the old record any moreSun 2026-12-06 00:05 +01:00 (Sat 2026-12-05 23:05 UTC)"
        "new onlyold and new hosts"
    ) in told.replace(" new only", "new only")


def test_the_page_says_at_a_glance_that_a_change_is_too_early(build) -> None:
    change = MxChange(DUE, 86_400, 3600, 0, Lowered(300, DUE - timedelta(hours=1)))
    readiness = Readiness(DUE, (PlannedMx("contoso.com", ("10 a.",), 3600),), (around(change),))
    told = section(readiness, build)
    assert told.startswith(
        "Readiness and the way back ✕ The change is planned 23 h before it is safe (contoso.com): until "
        "Sun 2026-12-06 21:00 +01:00 (20:00 UTC) resolvers may keep the old MX record for its old time to live, "
        "86400 s (24 h). Change it then, or lower the TTL by Fri 2026-12-04 22:00 +01:00 (21:00 UTC)."
    )


def test_the_page_says_of_which_domains_nothing_is_known(build) -> None:
    planned = tuple(PlannedMx(name, ("10 a.",), 3600) for name in ("a.example", "b.example", "c.example"))
    readiness = Readiness(
        DUE, planned, without=(NoWindow("a.example", "x"), NoWindow("b.example", "y"), NoWindow("c.example", "x"))
    )
    told = section(readiness, build)
    assert "how long one can go back: a.example, c.example: x; b.example: y. A simulation sees the plan alone" in told
    assert page(build(readiness=readiness)).by_class("moments") == []

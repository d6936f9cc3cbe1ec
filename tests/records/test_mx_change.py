"""What resolvers may believe around a change, held against every cache there can be."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from mailflow.records import mx_change
from mailflow.records.mx_change import SPREAD, Believed, Lowered, MxChange

START = datetime(2026, 12, 1, tzinfo=UTC)
LONG_AGO, END = 50, 60  # seconds before and after; all that matters ends in between
Version = tuple[int, Believed, int]  # published at, what it says, TTL


def moment(second: int) -> datetime:
    return START + timedelta(seconds=second)


def served(versions: list[Version], at: int, refresh: int) -> set[Version]:
    """Every version that some server serves at a second: the primary, and secondaries of every phase."""
    polled = [at, *(at - ago for ago in range(refresh))]  # a secondary polled within its refresh time
    return {max(v for v in versions if v[0] <= second) for second in polled}


def caches(versions: list[Version], refresh: int) -> dict[int, set[Believed]]:
    """What some resolver holds, second by second: each asks some server at some second and keeps it for its TTL."""
    held: dict[int, set[Believed]] = {second: set() for second in range(-5, END)}
    for asked in range(-LONG_AGO // 2, END):
        for _, says, ttl in served(versions, asked, refresh):
            for second in range(max(asked, -5), min(asked + ttl, END)):
                held[second].add(says)
    return held


seconds = st.integers(1, 12)


@st.composite
def changes(draw: st.DrawFn) -> tuple[MxChange, int]:
    lowered = Lowered(draw(seconds), moment(0)) if draw(st.booleans()) else None
    at = draw(seconds)
    return MxChange(moment(at), draw(seconds), draw(seconds), draw(st.integers(0, 8)), lowered), at


@given(changes(), st.none() | st.integers(1, 20))
def test_no_cache_believes_more_and_some_cache_believes_it_as_long(
    made: tuple[MxChange, int], later: int | None
) -> None:
    change, at = made
    versions: list[Version] = [(-LONG_AGO, Believed.OLD, change.old_ttl)]
    if change.lowered:
        versions.append((0, Believed.OLD, change.lowered.ttl))
    versions.append((at, Believed.NEW, change.new_ttl))
    back = at + later if later is not None else None
    if back is not None:
        versions.append((back, Believed.OLD, change.old_ttl))
    held = caches(versions, change.refresh)
    told = {second: change.believed(moment(second), None if back is None else moment(back)) for second in held}

    assert [second for second in held if not held[second] <= told[second]] == []
    # A second is the grain: who asks a second before a version, of a server that polled a second before that.
    grain = 3 if change.refresh else 2
    if back is None:
        last = max(second for second in held if Believed.OLD in held[second])
        assert moment(last + grain) == change.old_until
    assert moment(min(second for second in held if Believed.NEW in held[second])) == change.at
    if back is not None:
        assert (
            moment(max(second for second in held if Believed.NEW in held[second]) + grain)
            == moment(back) + change.way_back
        )


@given(changes(), st.integers(1, 60))
def test_who_goes_back_in_time_is_back_in_time(made: tuple[MxChange, int], due: int) -> None:
    change, _ = made
    seen_by = change.at + change.way_back + timedelta(seconds=due)
    back = change.latest_rollback(seen_by)
    assert change.believed(seen_by, back) == {Believed.OLD}
    assert Believed.NEW in change.believed(seen_by, back + timedelta(seconds=1))


@given(changes(), st.integers(0, 8))
def test_the_latest_way_back_is_the_latest_that_caches_allow(made: tuple[MxChange, int], spread: int) -> None:
    change, at = made
    with patch.object(mx_change, "SPREAD", timedelta(seconds=spread)):  # three days, second by second, take too long
        closes, latest = change.keep_old_until, change.latest_way_back
    last = int((closes - change.way_back - START).total_seconds())
    grain = 3 if change.refresh else 2

    def gone(back: int) -> bool:
        """Whether no cache gives the new record any more when the old side may close, if one goes back then."""
        versions = [(-LONG_AGO, Believed.OLD, change.old_ttl), (at, Believed.NEW, change.new_ttl)]
        held = caches([*versions, (back, Believed.OLD, change.old_ttl)], change.refresh)
        return all(Believed.NEW not in held[second] for second in held if moment(second) >= closes)

    assert latest == (moment(last) if last >= at else None)
    for back in range(max(last, at + 1), last + grain + 1):  # published for a second at least
        assert gone(back) is (back < last + grain)


def test_the_moments_of_a_change_whose_ttl_was_lowered() -> None:
    at = datetime(2026, 12, 5, 21, tzinfo=UTC)
    change = MxChange(at, 86_400, 3600, 7200, Lowered(300, at - timedelta(days=2)))
    assert change.lowered_everywhere == datetime(2026, 12, 4, 23, tzinfo=UTC)
    assert change.lower_by == datetime(2026, 12, 4, 19, tzinfo=UTC)
    assert change.old_until == datetime(2026, 12, 5, 23, 5, tzinfo=UTC)
    assert change.keep_old_until == datetime(2026, 12, 9, 21, tzinfo=UTC) == at + timedelta(days=1) + SPREAD
    assert change.way_back == timedelta(hours=3)
    assert change.latest_way_back == datetime(2026, 12, 9, 18, tzinfo=UTC)
    assert change.too_early == timedelta(0)


def test_a_ttl_that_was_lowered_too_late_still_holds() -> None:
    at = datetime(2026, 12, 5, 21, tzinfo=UTC)
    change = MxChange(at, 86_400, 3600, 0, Lowered(300, at - timedelta(hours=1)))
    assert change.old_until == change.lowered_everywhere == at + timedelta(hours=23)
    assert change.too_early == timedelta(hours=23)


def test_nobody_goes_back_in_time_from_a_record_that_is_kept_for_longer_than_the_old_side() -> None:
    at = datetime(2026, 12, 5, 21, tzinfo=UTC)
    assert MxChange(at, 3600, 4 * 86_400, 0).latest_way_back is None
    assert MxChange(at, 86_400, 4 * 86_400, 0).latest_way_back == at
    assert MxChange(at, 3600, 300, 0).too_early == timedelta(0), "nobody knows when it is lowered"

from collections.abc import Iterator

from mailflow.plugin.progress import Progress


def clock(*times: float) -> Iterator[float]:
    return iter(times)


def test_a_long_run_says_now_and_then_where_it_is() -> None:
    times = clock(100.0, 101.0, 110.0, 119.9, 225.0)
    progress = Progress(("north", "south"), lambda: next(times))
    assert [progress.line(f"features/a.feature::{name}::contoso.com::x") for name in ("north",) * 3 + ("south",)] == [
        "",
        "environment 1 of 2, north; 0:10 min so far",
        "",
        "environment 2 of 2, south; 2:05 min so far",
    ]


def test_what_is_no_scenario_is_not_told() -> None:
    times = clock(0.0, 60.0, 120.0)
    progress = Progress(("north",), lambda: next(times))
    assert progress.line("tests/test_other.py::test_it") == ""
    assert progress.line("features/a.feature") == ""

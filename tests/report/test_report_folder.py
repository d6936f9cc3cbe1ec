import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.report import folder, write

FILES = ["actions.csv", "evidence.json", "junit.xml", "report.html", "report.json", "summary.md"]


def contents(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_the_newest_report_and_the_same_kept_under_its_time(build, tmp_path) -> None:
    written = write([build()], tmp_path / "reports")
    place = tmp_path / "reports" / "scenario-4" / "simulated"
    assert written == (place / "report.html", tmp_path / "reports" / "index.html")
    assert sorted(contents(tmp_path / "reports")) == sorted(
        ["index.html"]
        + [f"scenario-4/simulated/{file}" for file in FILES]
        + [f"scenario-4/simulated/2026-11-23T16-20-05Z/{file}" for file in FILES]
    )
    for file in FILES:
        assert (place / file).read_bytes() == (place / "2026-11-23T16-20-05Z" / file).read_bytes()
    assert b'href="scenario-4/simulated/report.html"' in written[-1].read_bytes()


def test_lines_end_alike_on_every_system(build, tmp_path) -> None:
    write([build()], tmp_path)
    written = contents(tmp_path)
    assert {name.rpartition("/")[2] for name, content in written.items() if b"\r" in content} == {"actions.csv"}
    assert not [name for name, content in written.items() if content.count(b"\r") != content.count(b"\r\n")]


def test_a_kept_report_is_never_written_again_and_the_newest_is(build, tmp_path) -> None:
    write([build()], tmp_path)
    place = tmp_path / "scenario-4" / "simulated"
    first = contents(place / "2026-11-23T16-20-05Z")
    write([build(organization="Fabrikam")], tmp_path)
    write([build(organization="Tailspin")], tmp_path)
    assert contents(place / "2026-11-23T16-20-05Z") == first
    kept = sorted(path.name for path in place.iterdir() if path.is_dir())
    assert kept == ["2026-11-23T16-20-05Z", "2026-11-23T16-20-05Z-2", "2026-11-23T16-20-05Z-3"]
    newest = json.loads((place / "report.json").read_bytes())
    assert newest["environment"]["organization"] == "Tailspin"


def test_the_time_of_the_folder_is_utc(tmp_path) -> None:
    time = datetime(2026, 11, 24, 1, 20, 5, tzinfo=timezone(timedelta(hours=9)))
    assert folder.new_folder(tmp_path, time).name == "2026-11-23T16-20-05Z"


def test_environments_and_modes_lie_side_by_side(build, tmp_path) -> None:
    runs = [build(), build(mode="live"), build(environment="Scenario-4"), build(environment="index.html")]
    written = write(runs, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "scenario-4/simulated/report.html",
        "scenario-4/live/report.html",
        "Scenario-4-2/simulated/report.html",
        "_index.html/simulated/report.html",
        "index.html",
    ]


def test_no_run_still_leaves_an_index(tmp_path) -> None:
    assert write([], tmp_path / "new") == (tmp_path / "new" / "index.html",)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("scenario-4", "scenario-4"),
        ("contoso.com", "contoso.com"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "_"),
        ("", "_"),
        ("C:\\Windows", "C_Windows"),
        ("nul", "_nul"),
        ("Com1.txt", "_Com1.txt"),
        ("ends with dot.", "ends_with_dot"),
        ("münchen", "m_nchen"),
        ("a" * 300, "a" * 80),
    ],
)
def test_names_become_parts_of_a_path(name, part) -> None:
    assert folder.place(name, "live", set()) == f"{part}/live"


@given(st.lists(st.tuples(st.text(), st.text()), max_size=6))
def test_no_name_leaves_the_folder_or_meets_another(names) -> None:
    taken: set[str] = set()
    places = [folder.place(environment, mode, taken) for environment, mode in names]
    assert len({place.casefold() for place in places}) == len(names)
    for place in places:
        environment, mode = PureWindowsPath(place).parts
        for one in (environment, mode):
            assert one.strip(". ") == one
            assert set(one) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path) -> None:
    folder.put(tmp_path / "report.html", [b"o", b"ld"])

    def full() -> Iterator[bytes]:
        yield b"n"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        folder.put(tmp_path / "report.html", full())
    assert contents(tmp_path) == {"report.html": b"old"}


def test_hostile_names_are_written_too(build, hostile, tmp_path) -> None:
    *reports, _ = write([build(hostile)], tmp_path)
    assert [path.parent.parent.parent for path in reports] == [tmp_path]


def test_equal_runs_give_equal_files(build, tmp_path) -> None:
    write([build()], tmp_path / "one")
    write([build()], tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_jinja2_is_loaded_only_where_something_is_written() -> None:
    seen = "import sys, mailflow.report; print('jinja2' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "False\n"

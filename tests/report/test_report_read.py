import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailflow.input_error import InputError
from mailflow.observe.path import Place
from mailflow.policy.comparison import compare
from mailflow.report import as_json
from mailflow.report.read import read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def mistake(file: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(file)
    return str(caught.value).replace(file.as_posix(), "report.json")


@pytest.mark.parametrize("words", ["plain", "hostile"])
def test_a_report_read_back_is_the_same_run(build, hostile, file, words) -> None:
    run = build(hostile) if words == "hostile" else build()
    file.write_bytes(b"".join(as_json.report(run)))
    again = read(file)
    assert b"".join(as_json.report(again)) == b"".join(as_json.report(run))
    assert b"".join(as_json.evidence(again)) == b"".join(as_json.evidence(run))
    told = [replace(r, remedy="", requirement=replace(r.requirement, remedy="")) for r in run.results]
    assert [replace(r, requirement=replace(r.requirement, remedy="")) for r in again.results] == told
    assert replace(again, results=()) == replace(run, results=())


def test_a_report_of_a_layout_of_somebody_s_own(build, file) -> None:
    run = build(domains={"contoso.com": 4, "contoso.de": "all-in-cloud"}, advice={})
    file.write_bytes(b"".join(as_json.report(run)))
    assert read(file).domains == {"contoso.com": 4, "contoso.de": "all-in-cloud"}


def test_the_comparison_in_it_is_left_aside(build, file) -> None:
    run = build()
    file.write_bytes(b"".join(as_json.report(replace(run, compared=compare(run, run)))))
    assert read(file).compared is None


def test_members_that_a_later_version_adds_do_no_harm(build, file) -> None:
    told = json.loads(b"".join(as_json.report(build())))
    told["more"] = told["run"]["more"] = told["requirements"][0]["more"] = {"a": 1}
    file.write_text(json.dumps(told), encoding="utf-8-sig")
    assert b"".join(as_json.report(read(file))) == b"".join(as_json.report(build()))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "report.json:1: found no JSON (Expecting value)"),
        (b'{\n "schema": 1,\n}', "report.json:2: found no JSON (Illegal trailing comma before end of object)"),
        (b'{"a": 1, "a": 2}', "report.json: found no JSON (a name twice in one object)"),
        (b'{"a": NaN}', "report.json: found no JSON (NaN is no number)"),
        (b"[" * 100_000, "report.json: found lists or objects nested without end"),
        (b"1" * 5_000, "report.json: found no JSON (Exceeds the limit"),
        (b'\n"\xff"', "report.json:2: found no UTF-8"),
        (b"[]", "report.json: found a list at the top; expected an object"),
        (b"{}", "report.json: found no member 'schema' at the top; expected what report.schema.json describes"),
        (b'{"schema": 2}', "report.json: found 2 at /schema; expected 1. Another version of Mailflow wrote it"),
    ],
)
def test_what_is_no_report(file, content, told) -> None:
    file.write_bytes(content)
    found = mistake(file)
    if "Illegal trailing comma" in told:  # Python 3.13 says so; earlier ones in other words
        assert found.startswith(("report.json:2: found no JSON (", "report.json:3: found no JSON ("))
    else:
        assert found.startswith(told)


def test_no_file_and_a_folder(file) -> None:
    assert mistake(file).startswith("report.json: found no file that can be read (No such file or directory)")
    file.mkdir()
    assert mistake(file).startswith("report.json: found no file that can be read (")
    assert "no name of a file" in mistake(Path("a\x00b"))


def test_larger_than_any_report(file, monkeypatch) -> None:
    monkeypatch.setattr("mailflow.report.json_part.LARGEST", 10)
    file.write_bytes(b'"' + b"x" * 10 + b'"')
    assert mistake(file).startswith("report.json: found more than 10 bytes")


def change(told: Any, path: str, value: object) -> None:
    *above, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in above:
        told = told[step]
    told[last] = value


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("requirements/0/verdict", "fine", '"fine" at /requirements/0/verdict; expected one of not-applicable, comp'),
        ("requirements/1/evidence/0/answer", "text", '"text" at /requirements/1/evidence/0/answer; expected a list'),
        ("completeness/planned", True, "true at /completeness/planned; expected a whole number, not below 0"),
        ("run/started", "2026-11-23", '"2026-11-23" at /run/started; expected a time in UTC as 2026-11-23T16:20:05Z'),
        ("advice", {"5": []}, "an object at /advice; expected an object whose names are scenarios"),
        ("environment/domains/0/scenario", 5, "5 at /environment/domains/0/scenario; expected 1, 2, 3, 4 or a word"),
        ("environment/domains/0/scenario", True, "true at /environment/domains/0/scenario; expected 1, 2, 3, 4 or"),
        ("environment/domains/0/scenario", "4", '"4" at /environment/domains/0/scenario; expected 1, 2, 3, 4 or a'),
        ("decision", "ready", "\"ready\" at /decision; expected 'not-ready', which follows from the rows. It was chan"),
        ("counts/waived", 0, "0 at /counts/waived; expected 2, as many as there are among the rows. It was changed"),
        ("kit/name", "\x1b[2J" * 40, '"' + "\\u001b[2J" * 6 + "\\u001 at /kit/name; expected mailflow"),
    ],
)
def test_what_is_not_as_the_schema_describes_it(build, file, path, value, told) -> None:
    written = json.loads(b"".join(as_json.report(build())))
    change(written, path, value)
    file.write_text(json.dumps(written), encoding="utf-8")
    assert mistake(file).startswith(f"report.json: found {told}")


PLACES = ", ".join(Place)


@pytest.mark.parametrize(
    "path",
    [
        "steps/0/demands/0/passes/0",
        "steps/0/demands/0/never/0",
        "steps/0/demands/0/ends_at",
        "steps/0/demands/0/enters",
        "steps/0/demands/0/leaves",
        "evidence/0/way/hops/0/place",
        "evidence/0/way/ended_at",
    ],
)
def test_a_place_that_no_drawing_has(build, file, path) -> None:
    written = json.loads(b"".join(as_json.report(build())))
    rows = enumerate(written["requirements"])
    number = next(n for n, row in rows if any(seen["way"] for seen in row["evidence"]))
    row = written["requirements"][number]
    row["evidence"] = [seen for seen in row["evidence"] if seen["way"]]
    row["steps"] = [step for step in row["steps"] if step["demands"]]
    row["steps"][0]["demands"][0] |= {"passes": ["Microsoft 365"], "never": ["the Internet"]}
    file.write_text(json.dumps(written), encoding="utf-8")
    read(file)
    change(row, path, "the moon")
    file.write_text(json.dumps(written), encoding="utf-8")
    at = f"/requirements/{number}/{path}"
    assert mistake(file) == f'report.json: found "the moon" at {at}; expected one of {PLACES}.'


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("windows/0/old_until", "2026-11-25T16:30:05Z", "2026-11-25T17:30:05Z, which follows from the rest."),
        ("windows/0/latest_way_back", None, "2026-11-29T15:15:05Z, which follows from the rest."),
        ("windows/0/at", "2026-11-25T16:20:06Z", "the time of the change, which is the same for all domains."),
        ("windows/0/new_ttl", 1 << 31, "a number of seconds below 2147483648"),
        ("windows/0/lowered/at", "9999-12-31T00:00:00Z", "a time between the years 2000 and 2199"),
        ("at", "1999-12-31T00:00:00Z", "a time between the years 2000 and 2199"),
        ("offset", "+1", "an offset from UTC as +01:00"),
    ],
)
def test_moments_of_the_change_that_do_not_follow(build, file, path, value, expected) -> None:
    written = json.loads(b"".join(as_json.report(build())))
    change(written, f"readiness/{path}", value)
    file.write_text(json.dumps(written), encoding="utf-8")
    assert mistake(file).startswith(f"report.json: found {json.dumps(value)} at /readiness/{path}; expected {expected}")


@pytest.mark.parametrize("which", ["less", "twice"])
def test_a_row_taken_out_or_put_in_twice_is_seen(build, file, which) -> None:
    """Whoever takes a row out mends the counts as well; that one more was judged still stands there."""
    written = json.loads(b"".join(as_json.report(build())))
    rows, done = written["requirements"], written["completeness"]
    number = done["judged"]
    *_, last = rows
    if which == "less":
        rows.pop()
        written["counts"][last["verdict"]] -= 1
        told = f"{number} at /completeness/judged; expected {number - 1}, as many as there are rows. It was changed"
    else:
        rows.append(last)
        written["counts"][last["verdict"]] += 1
        done["judged"] += 1
        told = "a list at /requirements; expected each row once. It was changed"
    file.write_text(json.dumps(written), encoding="utf-8")
    assert mistake(file).startswith(f"report.json: found {told}")

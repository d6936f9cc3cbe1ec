import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Level
from mailflow.policy.run import Completeness
from mailflow.report import as_csv
from mailflow.report.as_csv import COLUMNS, _cell


def rows(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), strict=True))


def test_a_row_for_each_open_item_what_blocks_first(build) -> None:
    written = as_csv.report(build())
    assert written.startswith(b'\xef\xbb\xbf"id","domain"')
    head, *told = rows(written)
    assert head == list(COLUMNS)
    source = "a document of our own, section (stated); RFC 7208, section (derived)"
    again = "pipx run tox -- --environment scenario-4"
    own = "Judge everything that is planned; that something was not judged cannot be waived."
    waived = "Renew the waiver or remove it from waivers.yaml."
    rest = "remedy of the requirement"
    title = ["", "title"]
    yes, no = [source, "yes", again, "", ""], ["", "no", again, "", ""]
    assert told == [
        ["S4-MX-9", "contoso.com", "must", "non-compliant", "yes", *title, "reason of S4-MX-9", "own remedy", *yes],
        ["S4-MX-7", "contoso.com", "must", "not verified", "yes", *title, "reason of S4-MX-7", rest, *yes],
        *(
            ["", "", "", "not judged", "yes", "", f"scenario_4.feature: S4-MX-{n} for contoso.com{more}", "", own, *no]
            for n, more in ((97, " (-k)"), (98, ""), (99, ""))
        ),
        ["", "", "", "waiver", "yes", "owner of the change", "W-3 expired on 2026-11-01", "", waived, *no],
        ["S4-MX-8", "the tenant", "should", "not verified", "no", *title, "reason of S4-MX-8", rest, *yes],
        ["S4-MX-10", "the tenant", "should", "non-compliant", "no", *title, "reason of S4-MX-10", "own remedy", *yes],
    ]


def test_nothing_open_leaves_the_heads(build, row) -> None:
    run = build(results=[row(Verdict.COMPLIANT, "A-1")], completeness=Completeness(1, 1), waiver_mistakes=())
    assert rows(as_csv.report(run)) == [list(COLUMNS)]


def test_nothing_planned_and_rows_that_nobody_names_are_open_too(build) -> None:
    nothing = build(results=[], completeness=Completeness(0, 0), waiver_mistakes=())
    lost = build(results=[], completeness=Completeness(5, 0, ("a", "b")), waiver_mistakes=())
    assert [told[6] for told in rows(as_csv.report(nothing))[1:]] == ["no row at all was planned"]
    assert [told[6] for told in rows(as_csv.report(lost))[1:]] == [
        "a", "b", "3 more planned rows, of which nothing is known",
    ]  # fmt: skip


def test_a_should_blocks_where_the_run_is_strict(build, row) -> None:
    run = build(results=[row(Verdict.NON_COMPLIANT, "A-1", level=Level.SHOULD)], strict=True)
    assert rows(as_csv.report(run))[1][:5] == ["A-1", "contoso.com", "should", "non-compliant", "yes"]


def test_who_mends_it_follows_from_the_remedy(build, row) -> None:
    asked = row(Verdict.NON_COMPLIANT, "A-1", lambda words: "Publish it." if words == "own remedy" else words)
    assert rows(as_csv.report(build(results=[asked])))[1][5] == "DNS"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+1", "'+1"),
        ("-all", "'-all"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\uff1d1", "'\uff1d1"),
        ("\t=1", "⟨U+0009⟩=1"),
        ("\r=1", "⟨U+000D⟩=1"),
        ("x;=1;-1", "x; =1; -1"),
        ("Set-It `\n-Tls 1\n@ IN MX 10 a.", "Set-It `\n -Tls 1\n @ IN MX 10 a."),
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("", ""),
        ("x" * 9_000, "x" * 8_000 + " [cut; report.json has all of it]"),
    ],
)
def test_no_cell_is_a_formula(text, cell) -> None:
    assert _cell(text) == cell


@given(st.text(alphabet=st.one_of(st.sampled_from('=+-@;\t\r\n",\uff0b\x00\u202e'), st.characters())))
def test_no_cell_is_a_formula_wherever_it_is_parted(text) -> None:
    for part in _cell(text).replace(";", "\n").split("\n"):
        assert not part.startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


def test_hostile_text_stays_in_its_cell(build, hostile) -> None:
    written = as_csv.report(build(hostile))
    told = rows(written)
    assert {len(one) for one in told} == {len(COLUMNS)}
    assert len(told) == 1 + 4 + 3 + 1
    assert written.decode("utf-8-sig").replace("\n", "").replace("\r", "").isprintable()

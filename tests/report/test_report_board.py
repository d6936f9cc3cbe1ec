"""What a board reads first: the decision, what blocks, who mends, the sums, the matrix."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailflow.policy.finding import Verdict
from mailflow.policy.readiness import Readiness
from mailflow.policy.run import Completeness
from mailflow.report.words import spoken
from tests.report.html_page import blanks, page


def test_the_decision_comes_first(build) -> None:
    shown = page(build())
    assert shown.texts("h1") == ["Contoso scenario-4"]
    assert shown.texts("h2")[0] == "✕ Not ready"
    assert shown.texts("title")[0] == "Not ready: scenario-4, Contoso (simulated)"
    assert [blanks(one.text) for one in shown.by_class("stamp")] == ["SIMULATED"]
    (decision,) = shown.by_class("decision")
    assert blanks(decision.text) == (
        "✕ Not ready 1 requirement fails, 1 waiver does not hold, 1 requirement could not be verified and 3 planned "
        "rows were not judged. 2 recommendations are open; by itself that does not block. What blocks "
        "✕ non-compliant S4-MX-9 title contoso.com own remedy ? not verified S4-MX-7 title contoso.com "
        "1 waiver that does not hold The run is not complete "
        "Who mendsnot known from the remedy: S4-MX-9, S4-MX-7 "
        "Notecontoso.com declares scenario 4: what is planned fits scenario 3. "
        "What speaks for and against these scenarios; no verdict rests on it "
        "3: for it: a fact for it. Against it: a fact against it "
        "Accepted risks2 risks; the first acceptance ends with end (UTC, that day included); by Kim "
        "SimulatedIt judges the plan: what will be true after the change, on servers simulated from the files of this "
        "environment. It says nothing of what is published or configured today."
    )


def test_a_cause_stands_before_what_falls_with_it_and_has_somebody_who_mends_it(build, row) -> None:
    cause = replace(row(Verdict.NON_COMPLIANT, "A-2"), remedy="Set-InboundConnector x")
    effect = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Mend that first (A-2)")
    (decision,) = page(build(results=[effect, cause], waiver_mistakes=())).by_class("decision")
    told = blanks(decision.text)
    assert "A-2 title contoso.com; mends: Microsoft 365 Set-InboundConnector x With it falls A-1 " in told
    assert "Who mendsMicrosoft 365: A-2 " in told
    assert "not known from the remedy" not in told


def test_of_two_that_send_on_to_each_other_both_stand_there(build, row) -> None:
    one = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Mend that first (A-2)")
    two = replace(row(Verdict.NON_COMPLIANT, "A-2"), remedy="Mend that first (A-1)")
    three = replace(row(Verdict.NON_COMPLIANT, "A-3"), remedy="Mend that first (A-2)")
    (decision,) = page(build(results=[one, two, three], waiver_mistakes=())).by_class("decision")
    told = blanks(decision.text)
    assert all(f"A-{n} title contoso.com" in told for n in (1, 2))
    assert told.count("A-3") >= 1


def test_what_to_do_first_is_the_beginning_of_the_remedy(build, row) -> None:
    long = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Tell it the name:\n  Set-X -Name `\n  " + "y " * 200)
    bare = replace(row(Verdict.NON_COMPLIANT, "A-2"), remedy="")
    shown = page(build(results=[long, bare], waiver_mistakes=()))
    assert [blanks(one.text) for one in shown.by_class("to-do")] == ["Tell it the name: Set-X -Name …"]


def test_of_words_that_fill_lines_the_first_sentence_is_what_to_do_first(build, row) -> None:
    first = "Identify the own servers by a certificate whose domain the tenant has accepted (A-9). Where the reply"
    told = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy=f"{first}\nis another, the policy forbids it:\n  Set-Y")
    colon = "Let the own servers hand every message for the Internet to Microsoft 365, as the documents have it,"
    more = replace(row(Verdict.NON_COMPLIANT, "A-2"), remedy=f"{colon}\nby this connector:\n  Set-X\n  Set-Z")
    shown = page(build(results=[told, more], waiver_mistakes=()))
    assert [blanks(one.text) for one in shown.by_class("to-do")] == [
        "Identify the own servers by a certificate whose domain the tenant has accepted (A-9).",
        f"{colon} by this connector: Set-X …",
    ]


def test_the_dot_after_a_name_in_a_record_ends_no_sentence(build, row) -> None:
    told = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Publish: mail.contoso.com. IN A 192.0.2.1. And wait.")
    shown = page(build(results=[told], waiver_mistakes=()))
    assert [one.text.strip() for one in shown.by_class("to-do")] == ["Publish: mail.contoso.com. IN A 192.0.2.1."]


def test_what_has_the_same_remedy_is_mended_once(build, row) -> None:
    one, two, other = (
        replace(row(Verdict.NON_COMPLIANT, f"A-{n}"), remedy="Set-InboundConnector x") for n in (1, 2, 3)
    )
    other = replace(other, domain="other.example")
    (decision,) = page(build(results=[one, two, other], waiver_mistakes=())).by_class("decision")
    told = blanks(decision.text)
    assert "A-1 title contoso.com; mends: Microsoft 365 Set-InboundConnector x With it falls A-2 " in told
    assert "A-3 title other.example; mends: Microsoft 365 Set-InboundConnector x " in told
    assert "Who mendsMicrosoft 365: A-1, A-3 " in told


def test_one_requirement_that_blocks_in_many_domains_is_one_line(build, row) -> None:
    results = [replace(row(Verdict.NON_COMPLIANT, "A-1"), domain=f"{n}.example") for n in range(20)]
    (decision,) = page(build(results=results)).by_class("decision")
    assert blanks(decision.text).count("A-1 title 0.example and 19 more") == 1


def test_an_acceptance_that_ends_before_the_change_is_told(build, row) -> None:
    waived = row(Verdict.WAIVED, "A-1")
    waived = replace(waived, accepted=replace(waived.accepted, until="2026-12-31"))
    for day, early in ((30, False), (31, False), (32, True)):
        due = Readiness(datetime(2026, 12, 1, 12, tzinfo=UTC) + timedelta(days=day - 1), ())
        (decision,) = page(build(results=[waived], readiness=due)).by_class("decision")
        assert ("before the change is due" in decision.text) == early


def test_a_long_list_of_what_blocks_is_cut_and_says_so(build, row) -> None:
    failed = [replace(row(Verdict.NON_COMPLIANT, f"A-{n}"), remedy=f"Mend {n}.") for n in range(1, 41)]
    (decision,) = page(build(results=failed)).by_class("decision")
    assert "A-8 " in decision.text
    assert "A-9 title" not in decision.text
    assert "32 more requirements" in decision.text


def test_the_sums_add_up(build) -> None:
    assert [blanks(one.text) for one in page(build()).by_class("sum")] == [
        "13 planned = 10 judged + 1 deselected + 1 undefined + 1 errors",
        "10 judged = 2 ✕ non-compliant + 2 ? not verified + 2 △ waived + 2 ✓ compliant + 2 – not applicable",  # noqa: RUF001  # the symbol
    ]


@pytest.mark.parametrize(("planned", "judged", "alarm"), [(10, 10, False), (11, 10, True), (9, 9, True), (10, 9, True)])
def test_sums_that_do_not_add_up_are_an_alarm(build, planned, judged, alarm) -> None:
    shown = page(build(completeness=Completeness(planned, judged)))
    assert ("These numbers do not add up" in shown.all("main")[0].text) == alarm


def test_what_does_not_hold_is_told_in_full_and_what_holds_in_short(build) -> None:
    shown = page(build())
    assert [blanks(one.text) for one in shown.all("h3") if "article" in one.within] == [
        "✕ non-compliant S4-MX-9 contoso.com must title",
        "✕ non-compliant S4-MX-10 tenant should title",
        "△ waived S4-MX-5 contoso.com must title",
        "△ waived S4-MX-6 tenant should title",
        "? not verified S4-MX-7 contoso.com must title",
        "? not verified S4-MX-8 tenant should title",
    ]
    assert [blanks(one.text) for one in shown.by_class("outcome")] == [
        "– not applicable contoso.com: reason of S4-MX-1",  # noqa: RUF001  # the symbol
        "– not applicable tenant: reason of S4-MX-2",  # noqa: RUF001  # the symbol
        "✓ compliant contoso.com: reason of S4-MX-3",
        "✓ compliant tenant: reason of S4-MX-4",
        "△ waived contoso.com: reason of S4-MX-5",
        "△ waived tenant: reason of S4-MX-6",
        "? not verified contoso.com: reason of S4-MX-7",
        "? not verified tenant: reason of S4-MX-8",
        "✕ non-compliant contoso.com: reason of S4-MX-9",
        "✕ non-compliant tenant: reason of S4-MX-10",
    ]


def test_each_cell_of_the_matrix_leads_to_what_was_found(build) -> None:
    run = build()
    shown = page(run)
    cells = [one for one in shown.by_class("cell") if "td" in one.within and "matrix" not in (one.attributes["class"])]
    matrix = [one for one in cells if re.match(r"\S (not )?\S+$", blanks(one.text))][-len(run.results) :]
    assert [(one.attributes["href"], blanks(one.text)[2:]) for one in matrix] == [
        (f"#{r.requirement.id}{'--contoso.com' if r.domain else ''}", spoken(r.verdict)) for r in run.results
    ]
    ids = {one.attributes.get("id"): one for one in shown.elements}
    kinds = {ids[one.attributes["href"][1:]].tag: blanks(one.text)[2:] for one in matrix}
    assert kinds == {"article": "non-compliant", "span": "compliant"}


def test_many_domains_stand_one_below_the_other(build, row) -> None:
    names = [f"{n}.example" for n in range(30)]
    results = [replace(row(Verdict.NON_COMPLIANT, f"A-{n}"), domain=name) for name in names for n in (1, 2)]
    shown = page(build(results=results, domains=dict.fromkeys(names, 4)))
    (table,) = shown.by_class("tall")
    assert blanks(table.text).startswith(
        "Domains of scenario 4: A-1 to A-2. Each cell leads to what was found. A-1A-2 0.example✕✕"
    )
    cells = [one.attributes for one in shown.all("a") if one.attributes.get("aria-label")]
    assert [(one["href"], one["aria-label"]) for one in cells][:3] == [
        ("#A-1--0.example", "non-compliant"), ("#A-2--0.example", "non-compliant"),
        ("#A-1--1.example", "non-compliant"),
    ]  # fmt: skip
    assert len(cells) == 60

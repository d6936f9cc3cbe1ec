"""What an engineer and an auditor read: findings, evidence, sources, change, the way back, who signs."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from mailflow.input_error import InputError, Mistake
from mailflow.policy.comparison import compare
from mailflow.policy.disagreement import concerning
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.readiness import PlannedMx, Readiness
from mailflow.policy.requirement import Step
from mailflow.policy.run import Completeness
from mailflow.policy.way import Way
from mailflow.report import as_html
from mailflow.report.page import seen
from tests.report.html_page import Page, blanks, page

CUT = "[cut after 8,000 characters; the whole answer is in evidence.json]"


def test_a_waived_finding_shows_who_accepted_what_until_when_and_the_result_beneath(build, row) -> None:
    (waiver,) = page(build(results=[row(Verdict.WAIVED, "A-1")])).by_class("waiver")
    waived = row(Verdict.WAIVED, "A-1").accepted
    assert blanks(waiver.text) == (
        f"Accepted risk; without it: ✕ non-compliant Accepted by{waived.approver} "
        f"From, until{waived.starts} to {waived.until}, both days included (UTC) Reason{waived.reason} "
        f"Risk{waived.risk}Ticket{waived.ticket}Written in{waived.origin}"
    )


def test_sentences_with_their_outcome_and_what_was_seen(build, row) -> None:
    for verdict, told in ((Verdict.COMPLIANT, "✓ compliantseen"), (Verdict.NON_COMPLIANT, "✕ non-compliant")):
        (steps,) = page(build(results=[row(verdict, "A-1")])).by_class("steps")
        assert blanks(steps.text) == (
            f"Given a condition done When it is looked up a status nobody knows Then it is so {told} "
            "And so is that not reached And that too error"
        )


def test_sentences_of_many_domains_are_told_once_with_how_often_they_ended_how(build, row) -> None:
    results = [replace(row(Verdict.COMPLIANT, "A-1"), domain=f"{n}.example") for n in range(3)]
    shown = page(build(results=[*results, row(Verdict.NON_COMPLIANT, "A-1")], domains={"contoso.com": 4}))
    (steps,) = shown.by_class("steps")
    assert blanks(steps.text) == (
        "Given a condition done (4) When it is looked up a status nobody knows (4) Then it is so ✓ compliant (3)"
        "✕ non-compliant (1) And so is that not reached (4) And that too error (4)"
    )
    assert [blanks(one.text) for one in shown.by_class("outcome")] == [
        "✓ compliant 0.example, 1.example, 2.example: reason of A-1",
        "✕ non-compliant contoso.com: reason of A-1",
    ]


def test_a_finding_says_what_it_means_who_mends_it_and_how_to_check_again(build, row) -> None:
    run = build(results=[row(Verdict.NON_COMPLIANT, "A-1")], domains={"contoso.com": 4, "fabrikam.com": 4})
    finding = blanks(page(run).by_class("finding")[0].text)
    assert finding.startswith(
        "✕ non-compliant A-1 contoso.com must title Askedasked Seenseen For mail it meanswhy Remedyown remedy "
        "Who mendsthe remedy names no tool of anybody's; the owner of the change decides "
        f"Check againpipx run tox -- {run.again} -m A-1 -k contoso.com Notes a note another note Evidence: "
    )


def test_what_could_not_be_seen_says_why_and_what_would_show_it(build, row) -> None:
    finding = blanks(page(build(results=[row(Verdict.NOT_VERIFIED, "A-1")])).by_class("finding")[0].text)
    assert "Askedasked Not seen, becauseseen" in finding
    assert "To make it verifiableremedy of the requirement" in finding


def test_what_was_seen_already_is_not_told_again(row) -> None:
    long = "mail.contoso.com said 550 " + "x" * 80
    steps = [Step("Then", "a", "non-compliant", "asked 1", long), Step("And", "b", "compliant", "asked 2", "fine"),
             Step("And", "c", "non-compliant", "asked 3", f"it never entered: {long}")]  # fmt: skip
    assert seen(replace(row(Verdict.NON_COMPLIANT, "A-1"), steps=tuple(steps))) == (
        ("asked 1", long, "non-compliant"), ("asked 3", "it never entered: as above", "non-compliant"),
    )  # fmt: skip
    assert seen(replace(row(Verdict.NON_COMPLIANT, "A-1"), steps=())) == (("", "reason of A-1", "non-compliant"),)


def test_where_documents_disagree_both_readings_and_the_chosen_one_stand_with_the_finding(build, row) -> None:
    (shown,) = page(build(results=[row(Verdict.NON_COMPLIANT, "HYB-SPF-5")])).by_class("disagreement")
    assert blanks(shown.text) == (
        "The documents disagree: -all or ~all Training, Multiple locations, SPF setup: End the record with -all. "
        "Direct Send: It and the pages on devices advise ~all. Chosen: -all, as a “should”."
    )


def test_evidence_stands_line_by_line(build, row) -> None:
    shown = page(build(results=[row(Verdict.NON_COMPLIANT, "A-1")]))
    assert [blanks(one.text) for one in shown.by_class("evidence")] == [
        "dns MX contoso.com 192.0.2.1 10 mail. 20 mx.",
        "smtp the session mail.contoso.com (no answer)",
        "path message 1 for kate session records 1. one 2. two delivered Received: x",
    ]
    assert [one.text for one in shown.all("pre")] == [
        "10 mail.\n20 mx.\n", "(no answer)\n", "1. one\n2. two\ndelivered\nReceived: x\n",
    ]  # fmt: skip


def test_a_line_break_in_an_answer_does_not_make_a_line(build, row) -> None:
    forged = Evidence("smtp", "banner", "192.0.2.1", ("220 ok\r\n250 2.0.0 queued", "\tsecond"))
    shown = page(build(results=[replace(row(Verdict.NON_COMPLIANT, "A-1"), evidence=(forged,))]))
    assert shown.all("pre")[0].text == "220 ok⟨U+000D⟩⟨U+000A⟩250 2.0.0 queued\n\tsecond\n"


@pytest.mark.parametrize(
    ("answer", "last", "characters"),
    [
        (("x" * 8_000,), "x" * 8_000, 8_001),
        (("x" * 8_001,), CUT, 8_068),
        (tuple("x" * (400 + n) for n in range(36)), CUT, 8_068),
    ],
)
def test_an_answer_without_end_is_cut_and_says_so(build, row, answer, last, characters) -> None:
    long = Evidence("smtp", "banner", "192.0.2.1", answer)
    shown = page(build(results=[replace(row(Verdict.NON_COMPLIANT, "A-1"), evidence=(long,))])).all("pre")[0].text
    assert shown.splitlines()[-1] == last
    assert len(shown) == characters


def test_of_an_answer_of_many_lines_the_first_and_the_last_are_shown(build, row) -> None:
    for count in (36, 37, 40_000):
        lines = tuple(f"line {number}" for number in range(count))
        long = Evidence("smtp", "session", "192.0.2.1", lines)
        shown = page(build(results=[replace(row(Verdict.NON_COMPLIANT, "A-1"), evidence=(long,))])).all("pre")[0].text
        left_out = count - 36
        told = f"[{left_out:,} line{'s' * (left_out > 1)} left out here; the whole answer is in evidence.json]"
        assert shown.splitlines() == [*lines[:24], *([told] if left_out else []), *lines[-12:]]


def test_the_rounds_of_a_loop_are_told_once(build, row) -> None:
    hops = tuple(f"{n}. {'the own server' if n % 2 else 'Microsoft 365'}: sent by MX" for n in range(1, 59))
    loop = Evidence("path", "message a", "session records", ("0. outside", *hops, "caught in a loop"))
    shown = page(build(results=[replace(row(Verdict.NON_COMPLIANT, "A-1"), evidence=(loop,))])).all("pre")[0].text
    assert shown.splitlines() == [
        "0. outside", "1. the own server: sent by MX", "2. Microsoft 365: sent by MX", "[the same 28 times more]",
        "caught in a loop",
    ]  # fmt: skip


def test_what_stands_at_a_finding_above_is_not_repeated(build, row) -> None:
    first = row(Verdict.NON_COMPLIANT, "HYB-SPF-1")
    own = Evidence("dns", "another question", "192.0.2.1", ("own answer",))
    second = replace(row(Verdict.NOT_VERIFIED, "HYB-SPF-1", tenant=True), evidence=(*first.evidence[:2], own))
    third = row(Verdict.NOT_VERIFIED, "A-3")
    shown = page(build(results=[first, second, third]))
    _, part, whole = (blanks(one.text) for one in shown.by_class("papers"))
    assert part.startswith("Evidence: 3 observations dns another question 192.0.2.1 own answer Also what stands at ")
    assert part.endswith(" HYB-SPF-1 contoso.com (2).")
    assert whole == "Evidence: 3 observations All of it stands at HYB-SPF-1 (3)."
    assert len(shown.by_class("evidence")) == 4
    disagreements = [blanks(one.text) for one in shown.by_class("disagreement")]
    titles = [one.title for one in concerning("HYB-SPF-1")]
    assert titles
    assert [told for told in disagreements if told.endswith(", as at HYB-SPF-1.")] == [
        f"The documents disagree: {title}, as at HYB-SPF-1." for title in titles
    ]


def test_a_message_that_was_not_seen_is_no_observation(build, row) -> None:
    way = Way("from a cloud mailbox to the Internet", "x@a.example", (), "not seen")
    nothing = Evidence("path", "message a", "messages/", ("not seen: no message shows it",), way)
    session = replace(nothing, answer=("not seen: 250 proves nothing", "RCPT TO:<x@a.example>"))
    unseen = row(Verdict.NOT_VERIFIED, "A-1")
    shown = page(build(results=[replace(unseen, evidence=(nothing, session))]))
    assert [blanks(one.text) for one in shown.by_class("papers")] == [
        "Evidence: 1 observation path message a messages/ not seen: 250 proves nothing RCPT TO:<x@a.example>"
    ]
    assert page(build(results=[replace(unseen, evidence=(nothing,))])).by_class("papers") == []


def test_a_finding_names_the_document_the_place_and_its_standing_and_leads_to_it(build, row) -> None:
    shown = page(build(results=[row(Verdict.NON_COMPLIANT, "A-1")]))
    (sources,) = shown.by_class("sources")
    assert blanks(sources.text) == (
        "a document of our own, section (stated) RFC 7208, section (derived) "
        "Feature file: features/scenario_4.feature, line 7"
    )
    (library,) = shown.by_class("library")
    assert re.fullmatch(r"RFC 7208Sender Policy Framework .*, read on \d{4}-\d\d-\d\d\..*", blanks(library.text))


def test_a_run_without_anything_is_still_a_page(build) -> None:
    run = build(
        results=[], domains={}, completeness=Completeness(0, 0), waiver_mistakes=(), advice={}, readiness=None, again=""
    )
    shown = page(run)
    assert shown.texts("h2") == [
        "? Incomplete", "This run", "Completeness", "Findings", "Accepted risks", "Not verified",
        "Change since an earlier run", "Sign-off", "Feature texts and their outcomes",
    ]  # fmt: skip
    assert "nothing was judged" in shown.all("main")[0].text
    assert Page(as_html.index([]).decode()).texts("p")[-1] == "This run judged no environment."


def test_change_since_an_earlier_run(build, row) -> None:
    earlier = build(results=[row(Verdict.COMPLIANT, "A-1"), row(Verdict.COMPLIANT, "A-2")])
    now = build(results=[row(Verdict.NON_COMPLIANT, "A-1"), row(Verdict.COMPLIANT, "A-2")])
    shown = blanks(page(replace(now, compared=compare(earlier, now))).all("main")[0].text)
    assert "Of the rows 1 new; 1 the same. New: It was good and is open now." in shown
    assert "newA-1 contoso.comtitle ✓ compliant reason of A-1 ✕ non-compliant reason of A-1" in shown


def test_readiness_says_what_is_known_and_what_is_not(build, row) -> None:
    planned = (PlannedMx("contoso.com", ("10 mail.contoso.com.",), 5400), PlannedMx("fabrikam.com", (), None))
    locked = [row(Verdict.COMPLIANT, "S4-LOCK-1"), row(Verdict.COMPLIANT, "S1-LOCK-1")]
    run = build(results=locked, readiness=Readiness(None, planned))
    told = blanks(page(run).all("main")[0].text)
    told = told[told.rindex("Readiness and the way back") : told.rindex("Sign-off")]
    assert "Duenot known: environment.yaml has no cutover Not knownHow long resolvers keep the old MX record." in told
    assert "A simulation sees the plan alone: look the record up and keep the answer with its TTL" in told
    assert "may give the old record or the new one, for 5400 s (1:30:00) at most (the new one's time to live);" in told
    assert "Microsoft 365 refuses what did not pass the own servers (S4-LOCK-1)" in told
    assert "contoso.comnot knownnot known10 mail.contoso.com.5400 s (1:30:00)" in told
    assert "fabrikam.comnot knownnot knownnot known: the plan has no zone with an MX record for itnot known" in told


def test_the_way_back_has_a_last_hour_where_the_change_has_a_date(build) -> None:
    due = datetime(2026, 12, 5, 22, tzinfo=timezone(timedelta(hours=1)))
    run = build(readiness=Readiness(due, (PlannedMx("contoso.com", ("10 mail.contoso.com.",), 3600),)))
    told = blanks(page(run).all("main")[0].text)
    assert "DueSat 2026-12-05 22:00 +01:00 (21:00 UTC)" in told
    assert "3600 s (1 h) at most" in told
    assert "Taken back at once, that is until Sat 2026-12-05 23:00 +01:00 (22:00 UTC)." in told


def test_readiness_names_what_was_judged_for_the_change(build, row) -> None:
    judged = [
        row(Verdict.NON_COMPLIANT, "CUT-TTL-1"),
        row(Verdict.COMPLIANT, "CUT-NS-1"),
        row(Verdict.COMPLIANT, "A-1"),
    ]
    (shown,) = page(build(results=judged)).by_class("around")
    assert blanks(shown.text) == "✕ non-compliant CUT-TTL-1 title✓ compliant CUT-NS-1 title"


def test_who_signs_signs_three_digests(build) -> None:
    (signature,) = page(build()).by_class("signature")
    told = blanks(signature.text)
    assert "Signed is the decision Not ready (simulated, 2026-11-23 16:20:05 UTC)" in told
    assert "Environmentsha256:9f86d081 Evidence2c26b46b Kitfcde2b2e" in told
    assert "Role Name Go or no-go Date Signature".replace(" ", "") in told.replace(" ", "")


def test_drawn_ways_are_told_in_words_as_well(build) -> None:
    shown = page(build())
    drawings = shown.by_class("design")
    assert {one.attributes["role"] for one in drawings} == {"img"}
    titles = {
        one.attributes["id"]: blanks(one.text)
        for one in shown.elements
        if one.tag in ("title", "desc") and "svg" in one.within
    }
    assert all(set(one.attributes["aria-labelledby"].split()) <= titles.keys() for one in drawings)
    (first, *_) = drawings
    title, said = (titles[name] for name in first.attributes["aria-labelledby"].split())
    assert title == "Ways of messages, contoso.com"
    assert said.startswith("5 kinds of message. Not as demanded: from the Internet to a cloud mailbox (")
    assert said.endswith("The table below says the same in words.")
    marks = [one.text for one in shown.all("text") if one.attributes["class"] == "mark"]
    assert marks[0] == "✕ not by way of the on-premises servers"


def test_the_index_lists_decision_counts_and_link(build) -> None:
    shown = Page(as_html.index([(build(), "scenario-4/simulated/report.html")]).decode())
    assert [one.attributes["href"] for one in shown.all("a")] == ["#not-ready", "scenario-4/simulated/report.html"]
    assert shown.texts("td")[1:6] == ["2"] * 5
    assert shown.texts("td")[0].startswith("✕ Not ready1 requirement fails,")
    assert shown.texts("td")[6] == "SIMULATED2026-11-23 16:20:05 UTC"


def test_the_index_lists_first_what_needs_somebody(build, row) -> None:
    good, unseen, waived, bad = (
        build(environment=name, results=[row(verdict, "A-1")], completeness=Completeness(1, 1), waiver_mistakes=())
        for name, verdict in (
            ("good", Verdict.COMPLIANT), ("unseen", Verdict.NOT_VERIFIED), ("waived", Verdict.WAIVED),
            ("bad", Verdict.NON_COMPLIANT),
        )
    )  # fmt: skip
    shown = Page(
        as_html.index([(one, f"{one.environment}.html") for one in (good, unseen, waived, bad, good)]).decode()
    )
    links = [one.attributes["href"] for one in shown.all("a") if "table" in one.within]
    assert links == ["bad.html", "unseen.html", "waived.html", "good.html", "good.html"]
    (total,) = shown.by_class("sum")
    assert blanks(total.text) == (
        "5 reports = 1 ✕ not ready + 1 ? incomplete + 1 △ ready, with accepted risks + 2 ✓ ready"
    )
    ids = {one.attributes["id"] for one in shown.all("tbody")}
    assert {one.attributes["href"] for one in shown.all("a") if "p" in one.within} == {f"#{name}" for name in ids}


def test_equal_runs_give_equal_bytes(build, hostile) -> None:
    assert as_html.report(build(hostile)) == as_html.report(build(hostile))


def test_the_index_says_which_environments_were_not_judged_and_why(build) -> None:
    error = InputError(Mistake("fixtures/b/environment.yaml", 3, "<b>a</b>", "b", "Mend."))
    shown = Page(as_html.index([(build(), "a/simulated/report.html")], {"b": error}).decode())
    assert shown.texts("h2") == ["Not judged: 1 environment with mistakes in the files"]
    assert shown.texts("strong")[0] == "b"
    assert "fixtures/b/environment.yaml:3: found <b>a</b>; expected b. Mend." in shown.texts("li")
    assert [one for one in shown.all("b") if "li" in one.within] == []

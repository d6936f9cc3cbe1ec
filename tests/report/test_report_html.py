import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mailflow.report
from mailflow.policy.comparison import compare
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.readiness import PlannedMx, Readiness
from mailflow.policy.requirement import Step
from mailflow.policy.run import Completeness
from mailflow.report import as_html
from mailflow.report.page import seen

VOID = {"meta", "br"}
STYLE = Path(mailflow.report.__file__).with_name("templates") / "style.css"
SCRIPT = STYLE.with_name("filter.js")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    within: tuple[str, ...] = ()


@dataclass
class Page(HTMLParser):
    """A parser that forgives nothing: what is opened must be closed, in order."""

    source: str
    elements: list[Element] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {tag} {attrs}"
        element = Element(tag, dict(attrs), within=tuple(one.tag for one in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_pi(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)

    def skeleton(self) -> list[tuple[str, tuple[str, ...], str | None]]:
        return [(one.tag, tuple(one.attributes), one.attributes.get("class")) for one in self.elements]

    def all(self, tag: str) -> list[Element]:
        return [one for one in self.elements if one.tag == tag]

    def texts(self, tag: str) -> list[str]:
        return [" ".join(one.text.split()) for one in self.all(tag)]

    def by_class(self, name: str) -> list[Element]:
        return [one for one in self.elements if name in (one.attributes.get("class") or "").split()]


def page(run) -> Page:
    return Page(as_html.report(run).decode("utf-8"))


def blanks(text: str) -> str:
    return " ".join(text.split())


# Text stays text


def test_no_element_and_no_attribute_comes_from_data(build, hostile) -> None:
    shown = page(build(hostile))
    assert shown.skeleton() == page(build()).skeleton()
    assert not shown.odd
    assert {"img", "iframe", "link", "object", "form", "foreignObject"}.isdisjoint(one.tag for one in shown.elements)
    assert [one.text for one in shown.all("script")] == [SCRIPT.read_text(encoding="utf-8")]
    assert not [name for one in shown.elements for name in one.attributes if name.startswith("on")]


def test_nor_in_the_index(build, hostile) -> None:
    written = as_html.index([(build(hostile), "a/simulated/report.html")]).decode()
    benign = as_html.index([(build(), "a/simulated/report.html")]).decode()
    assert Page(written).skeleton() == Page(benign).skeleton()


@settings(max_examples=40)
@given(st.text())
def test_whatever_the_text_is(build, text) -> None:
    shown = page(build(lambda words: f"x{text}{words}"))
    assert shown.skeleton() == page(build()).skeleton()


def test_a_mode_that_nobody_knows_is_text_too(build, hostile) -> None:
    shown = page(build(mode=hostile("mode")))
    assert shown.skeleton() == page(build(mode="mode")).skeleton()


def test_names_in_the_style_sheet_cannot_end_their_string(build, hostile) -> None:
    style = page(build(hostile)).all("style")[0].text
    (running,) = re.findall(r"@top-left \{ content: (.*) \} \}", style)
    assert re.fullmatch(r'"([A-Za-z0-9]|\\[0-9a-f]{1,6} )*"', running)
    assert style.count("{") == style.count("}") == page(build()).all("style")[0].text.count("{")


def test_every_text_is_shown_and_what_is_invisible_is_written_out(build) -> None:
    shown = blanks(page(build(lambda words: f"\u202e<{words}>")).all("body")[0].text)
    for words in (
        "Contoso", "scenario-4", "0.1.0", "plan", "sha256:9f86d081", "worldwide, read 2026-08-14", "contoso.com",
        "scenario_4.feature: S4-MX-97 for contoso.com (-k)", "scenario_4.feature: S4-MX-98 for contoso.com",
        "scenario_4.feature: S4-MX-99 for contoso.com", "scenario_1.feature", "W-3 expired on 2026-11-01", "title",
        "feature", "section", "a document of our own", "remedy of the requirement", "own remedy", "why", "a note",
        "features/scenario_4.feature", "reason of S4-MX-9", "another note", "Given", "a status nobody knows", "asked",
        "seen", "dns", "MX contoso.com", "192.0.2.1", "10 mail.", "20 mx.", "message 1 for kate", "one",
        "Kim", "W-7", "day", "end", "risk", "waivers.yaml:1", "Received: x", "kim", "jump-host", "2c26b46b", "fcde2b2e",
    ):  # fmt: skip
        assert f"⟨U+202E⟩<{words}>" in shown, words


# Nothing is fetched, nothing foreign runs


def test_the_page_fetches_nothing(build, hostile) -> None:
    for run in (build(), build(hostile)):
        shown = page(run)
        policy = {one.attributes.get("http-equiv"): one.attributes.get("content") for one in shown.all("meta")}
        digest = base64.b64encode(hashlib.sha256(shown.all("script")[0].text.encode()).digest()).decode()
        assert policy["Content-Security-Policy"] == (
            f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'"
        )
        fetching = {"src", "srcset", "srcdoc", "poster", "data", "background", "action", "formaction", "ping", "style"}
        assert not [one for one in shown.elements if fetching & set(one.attributes)]
        assert {one.tag for one in shown.elements if "href" in one.attributes} == {"a"}
        assert not re.search(r"url\(|@import|image-set|src:", shown.all("style")[0].text)


def test_links_lead_to_their_target_or_to_a_document_of_the_library(build) -> None:
    shown = page(build())
    ids = Counter(one.attributes["id"] for one in shown.elements if "id" in one.attributes)
    assert set(ids.values()) == {1}
    links = [one.attributes["href"] for one in shown.all("a")]
    inside = [link for link in links if link.startswith("#")]
    assert {link[1:] for link in inside} <= set(ids)
    assert set(links) - set(inside) == {"https://www.rfc-editor.org/rfc/rfc7208"}
    for one in shown.elements:
        for name in ("aria-labelledby", "aria-describedby", "for", "headers"):
            assert set((one.attributes.get(name) or "").split()) <= ids.keys()


# What it says


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
        "✕ non-compliant S4-MX-9 title contoso.com ? not-verified S4-MX-7 title contoso.com "
        "1 waiver that does not hold The run is not complete "
        "Who mendsnot known from the remedy: S4-MX-9, S4-MX-7 "
        "Accepted risks2 risks; the first acceptance ends with end (UTC, that day included) "
        "SimulatedIt judges the plan: what will be true after the change, on servers simulated from the files of this "
        "environment. It says nothing of what is published or configured today."
    )


def test_a_cause_stands_before_what_falls_with_it_and_has_somebody_who_mends_it(build, row) -> None:
    cause = replace(row(Verdict.NON_COMPLIANT, "A-2"), remedy="Set-InboundConnector x")
    effect = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Mend that first (A-2)")
    (decision,) = page(build(results=[effect, cause], waiver_mistakes=())).by_class("decision")
    told = blanks(decision.text)
    assert (
        "A-2 title contoso.com; mended by Microsoft 365 ✕ non-compliant A-1 title contoso.com; falls with A-2" in told
    )
    assert "Who mendsMicrosoft 365: A-2 " in told
    assert "not known from the remedy" not in told


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
    (decision,) = page(build(results=[row(Verdict.NON_COMPLIANT, f"A-{n}") for n in range(1, 41)])).by_class("decision")
    assert "A-8 " in decision.text
    assert "A-9 title" not in decision.text
    assert "32 more requirements" in decision.text


def test_the_sums_add_up(build) -> None:
    assert [blanks(one.text) for one in page(build()).by_class("sum")] == [
        "13 planned = 10 judged + 1 deselected + 1 undefined + 1 errors",
        "10 judged = 2 ✕ non-compliant + 2 ? not-verified + 2 △ waived + 2 ✓ compliant + 2 – not-applicable",  # noqa: RUF001  # the symbol
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
        "? not-verified S4-MX-7 contoso.com must title",
        "? not-verified S4-MX-8 tenant should title",
    ]
    assert [blanks(one.text) for one in shown.by_class("outcome")] == [
        "– not-applicable contoso.com: reason of S4-MX-1",  # noqa: RUF001  # the symbol
        "– not-applicable tenant: reason of S4-MX-2",  # noqa: RUF001  # the symbol
        "✓ compliant contoso.com: reason of S4-MX-3",
        "✓ compliant tenant: reason of S4-MX-4",
        "△ waived contoso.com: reason of S4-MX-5",
        "△ waived tenant: reason of S4-MX-6",
        "? not-verified contoso.com: reason of S4-MX-7",
        "? not-verified tenant: reason of S4-MX-8",
        "✕ non-compliant contoso.com: reason of S4-MX-9",
        "✕ non-compliant tenant: reason of S4-MX-10",
    ]


def test_each_cell_of_the_matrix_leads_to_what_was_found(build) -> None:
    run = build()
    shown = page(run)
    cells = [one for one in shown.by_class("cell") if "td" in one.within and "matrix" not in (one.attributes["class"])]
    matrix = [one for one in cells if re.match(r"\S+ \S+$", blanks(one.text))][-len(run.results) :]
    assert [(one.attributes["href"], blanks(one.text).split()[1]) for one in matrix] == [
        (f"#{r.requirement.id}{'--contoso.com' if r.domain else ''}", r.verdict) for r in run.results
    ]
    ids = {one.attributes.get("id"): one for one in shown.elements}
    kinds = {ids[one.attributes["href"][1:]].tag: blanks(one.text).split()[1] for one in matrix}
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


def test_a_waived_finding_shows_who_accepted_what_until_when_and_the_result_beneath(build, row) -> None:
    (waiver,) = page(build(results=[row(Verdict.WAIVED, "A-1")])).by_class("waiver")
    waived = row(Verdict.WAIVED, "A-1").accepted
    assert blanks(waiver.text) == (
        f"Accepted risk; without it: ✕ non-compliant Accepted by{waived.approver} "
        f"From, until{waived.starts} to {waived.until}, both days included (UTC) Reason{waived.reason} "
        f"Risk{waived.risk}Ticket{waived.ticket}Written in{waived.origin}"
    )


def test_sentences_with_their_outcome_and_what_was_seen(build, row) -> None:
    (steps,) = page(build(results=[row(Verdict.NON_COMPLIANT, "A-1")])).by_class("steps")
    assert blanks(steps.text) == (
        "Given a condition done When it is looked up a status nobody knows Then it is so ✕ non-compliantseen "
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
        (("x" * 30_000,), "x" * 30_000, 30_001),
        (("x" * 30_001,), "[cut after 30,000 characters; the whole answer is in evidence.json]", 30_069),
        (("a",) * 40_000, "[cut after 30,000 characters; the whole answer is in evidence.json]", 30_068),
    ],
)
def test_an_answer_without_end_is_cut_and_says_so(build, row, answer, last, characters) -> None:
    long = Evidence("smtp", "banner", "192.0.2.1", answer)
    shown = page(build(results=[replace(row(Verdict.NON_COMPLIANT, "A-1"), evidence=(long,))])).all("pre")[0].text
    assert shown.splitlines()[-1] == last
    assert len(shown) == characters


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
    run = build(results=[row(Verdict.COMPLIANT, "S4-LOCK-1")], readiness=Readiness(None, planned))
    told = blanks(page(run).all("main")[0].text)
    told = told[told.rindex("Readiness and the way back") : told.rindex("Sign-off")]
    assert "Duenot known: environment.yaml has no cutover" in told
    assert "MX record beforenot known to a simulation" in told
    assert "the last resolver goes on using the new one for 5400 s (1:30:00) at most" in told
    assert "Microsoft 365 refuses what did not pass the own servers (S4-LOCK-1)" in told
    assert "contoso.com10 mail.contoso.com.5400 s (1:30:00)" in told
    assert "fabrikam.comnot known: the plan has no zone with an MX record for itnot known" in told


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
    assert [one.attributes["href"] for one in shown.all("a")] == ["scenario-4/simulated/report.html"]
    assert shown.texts("td")[1:6] == ["2"] * 5
    assert shown.texts("td")[0].startswith("✕ Not ready1 requirement fails,")
    assert shown.texts("td")[6] == "SIMULATED2026-11-23 16:20:05 UTC"


def test_equal_runs_give_equal_bytes(build, hostile) -> None:
    assert as_html.report(build(hostile)) == as_html.report(build(hostile))


# For everyone (WCAG 2.2)


def test_headings_do_not_jump_and_there_is_one_h1(build) -> None:
    levels = [int(one.tag[1]) for one in page(build()).elements if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_language_landmarks_captions_and_scopes(build) -> None:
    for shown in (page(build()), Page(as_html.index([(build(), "a")]).decode())):
        assert shown.all("html")[0].attributes["lang"] == "en"
        assert len(shown.all("main")) == 1
        assert len(shown.all("caption")) == len(shown.all("table"))
        assert {one.attributes.get("scope") for one in shown.all("th")} <= {"col", "row", "rowgroup"}
        scrolling = [one.attributes for one in shown.by_class("scroll")]
        assert scrolling
        assert all(one["tabindex"] == "0" and one["role"] == "region" for one in scrolling)
        assert all(one.get("aria-labelledby") or one.get("aria-label") for one in scrolling)


def colours(style: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_of_all_text_is_at_least_4_5(dark: bool) -> None:
    light_part, dark_part = STYLE.read_text(encoding="utf-8").split("@media screen and (prefers-color-scheme: dark)")
    shades = colours(dark_part if dark else light_part)
    grounds = ["ground", "panel", *(name for name in shades if name.endswith("-ground"))]
    assert len(grounds) == 7
    for ground in grounds:
        for text in {"ink", "quiet", "link", ground.removesuffix("-ground")} & shades.keys() - {"ground", "panel"}:
            light, shade = sorted((luminance(shades[ground]), luminance(shades[text])), reverse=True)
            assert (light + 0.05) / (shade + 0.05) >= 4.5, (text, ground)


def test_nothing_moves() -> None:
    assert not re.search(r"animation|transition|scroll-behavior", STYLE.read_text(encoding="utf-8"))

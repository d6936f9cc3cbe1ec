import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mailflow.report
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.run import Completeness
from mailflow.report import as_html

VOID = {"meta", "br"}
STYLE = Path(mailflow.report.__file__).with_name("templates") / "style.css"


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
    assert {"script", "img", "iframe", "link", "object", "svg", "form"}.isdisjoint(one.tag for one in shown.elements)
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
        "W-7: accepted by Kim until 2026-12-31", "Received: x",
    ):  # fmt: skip
        assert f"⟨U+202E⟩<{words}>" in shown, words


# Nothing is fetched, nothing runs


def test_the_page_fetches_nothing(build, hostile) -> None:
    for run in (build(), build(hostile)):
        shown = page(run)
        policy = {one.attributes.get("http-equiv"): one.attributes.get("content") for one in shown.all("meta")}
        assert policy["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
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
            assert name not in one.attributes or one.attributes[name] in ids


# What it says


def test_the_decision_comes_first(build) -> None:
    shown = page(build())
    assert shown.texts("h1") == ["Contoso scenario-4"]
    assert shown.texts("h2")[0] == "✕ Not ready"
    assert shown.texts("title") == ["Not ready: scenario-4, Contoso (simulated)"]
    assert [blanks(one.text) for one in shown.by_class("stamp")] == ["SIMULATED"]
    (decision,) = shown.by_class("decision")
    assert blanks(decision.text) == (
        "✕ Not ready 1 requirement fails, 1 waiver does not hold, 1 requirement could not be verified and 3 planned "
        "rows were not judged. 2 recommendations are open; by itself that does not block. What blocks "
        "✕ non-compliant S4-MX-9 contoso.com reason of S4-MX-9 ? not-verified S4-MX-7 contoso.com reason of S4-MX-7 "
        "1 waiver that does not hold The run is not complete"
    )


def test_a_long_list_of_what_blocks_is_cut_and_says_so(build, row) -> None:
    (decision,) = page(build(results=[row(Verdict.NON_COMPLIANT, f"A-{n}") for n in range(1, 41)])).by_class("decision")
    assert "A-8 " in decision.text
    assert "A-9 " not in decision.text
    assert "32 more findings" in decision.text


def test_the_sums_add_up(build) -> None:
    assert [blanks(one.text) for one in page(build()).by_class("sum")] == [
        "13 planned = 10 judged + 1 deselected + 1 undefined + 1 errors",
        "10 judged = 2 ✕ non-compliant + 2 ? not-verified + 2 △ waived + 2 ✓ compliant + 2 – not-applicable",  # noqa: RUF001  # the symbol
    ]


@pytest.mark.parametrize(("planned", "judged", "alarm"), [(10, 10, False), (11, 10, True), (9, 9, True), (10, 9, True)])
def test_sums_that_do_not_add_up_are_an_alarm(build, planned, judged, alarm) -> None:
    shown = page(build(completeness=Completeness(planned, judged)))
    assert ("These numbers do not add up" in shown.all("main")[0].text) == alarm


def test_every_row_is_found_worst_first_with_its_verdict(build) -> None:
    run = build()
    shown = page(run)
    assert shown.texts("h4") == [
        "✕ non-compliant S4-MX-9 contoso.com must title",
        "✕ non-compliant S4-MX-10 tenant should title",
        "? not-verified S4-MX-7 contoso.com must title",
        "? not-verified S4-MX-8 tenant should title",
        "△ waived S4-MX-5 contoso.com must title",
        "△ waived S4-MX-6 tenant should title",
        "✓ compliant S4-MX-3 contoso.com must title",
        "✓ compliant S4-MX-4 tenant should title",
        "– not-applicable S4-MX-1 contoso.com must title",  # noqa: RUF001  # the symbol
        "– not-applicable S4-MX-2 tenant should title",  # noqa: RUF001  # the symbol
    ]
    closed = {blanks(one.text).split()[1] for one in shown.all("summary") if "title" in one.text}
    assert closed == {"compliant", "not-applicable"}


def test_each_cell_of_the_matrix_leads_to_its_finding(build) -> None:
    run = build()
    shown = page(run)
    cells = [one for one in shown.all("a") if "td" in one.within]
    assert [(one.attributes["href"], blanks(one.text).split()[1]) for one in cells] == [
        (f"#{r.requirement.id}{'--contoso.com' if r.domain else ''}", r.verdict) for r in run.results
    ]
    assert [blanks(one.text) for one in shown.all("td") if "a" not in one.tag][1:3] == [
        "not planned", "– not-applicable",  # noqa: RUF001  # the symbol
    ]  # fmt: skip


def test_a_waived_finding_shows_the_result_beneath(build, row) -> None:
    (waiver,) = page(build(results=[row(Verdict.WAIVED, "A-1")])).by_class("waiver")
    assert blanks(waiver.text) == (
        "Accepted risk W-7: accepted by Kim until 2026-12-31 Without the waiver: ✕ non-compliant"
    )


def test_steps_with_their_outcome_and_what_was_seen(build, row) -> None:
    (steps,) = page(build(results=[row(Verdict.NON_COMPLIANT, "A-1")])).by_class("steps")
    assert blanks(steps.text) == (
        "Given a condition done When it is looked up a status nobody knows Then it is so ✕ non-compliant Askedasked"
        "Seenseen And so is that not reached And that too error"
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
    shown = page(build(results=[replace(row(Verdict.COMPLIANT, "A-1"), evidence=(forged,))]))
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
    shown = page(build(results=[replace(row(Verdict.COMPLIANT, "A-1"), evidence=(long,))])).all("pre")[0].text
    assert shown.splitlines()[-1] == last
    assert len(shown) == characters


def test_sources_name_the_document_the_place_and_its_standing(build, row) -> None:
    shown = page(build(results=[row(Verdict.COMPLIANT, "A-1")]))
    own, library, feature = [blanks(one.text) for one in shown.all("li") if "details" in one.within][-3:]
    assert own == "a document of our own, section (stated)"
    assert re.fullmatch(r"Sender Policy Framework .*, section \(derived; read on \d{4}-\d\d-\d\d\).*", library)
    assert feature == "Feature file: features/scenario_4.feature, line 7"


def test_a_run_without_anything_is_still_a_page(build) -> None:
    run = build(results=[], domains={}, completeness=Completeness(0, 0), waiver_mistakes=(), advice={})
    shown = page(run)
    assert shown.texts("h2") == ["? Incomplete", "This run", "Completeness", "Findings"]
    assert "nothing was judged" in shown.all("main")[0].text
    assert Page(as_html.index([]).decode()).texts("p")[-1] == "This run judged no environment."


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
        assert all(one["tabindex"] == "0" and one["role"] == "region" and one["aria-labelledby"] for one in scrolling)


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

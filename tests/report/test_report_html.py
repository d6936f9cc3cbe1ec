"""Text stays text, and the page fetches nothing and runs nothing but its own script."""

import base64
import hashlib
import re
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailflow.report import as_html
from tests.report.html_page import SCRIPT, Page, blanks, page


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
@example("Let every firewall pass TCP port 25, and publish: mail.contoso.com. IN A 192.0.2.1")
def test_whatever_the_text_is(build, text) -> None:
    shown = page(build(lambda words: f"x{text}{words}"))
    # A remedy may name the tools of one party or of several: who mends is a list.
    written, benign = ([one for one in each.skeleton() if one[0] not in ("li", "b")] for each in (shown, page(build())))
    assert written == benign
    assert not shown.odd


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

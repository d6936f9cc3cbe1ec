"""What a real browser makes of the report. Without Chromium, poppler-utils and axe-core these tests fail."""

import html
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mailflow.policy.finding import Verdict
from mailflow.report import as_html
from tests.report.chromium import Tab, browser, program

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
A4, LETTER = (8.27, 11.69), (8.5, 11.0)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: Any) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(chromium: Tab) -> Iterator[Tab]:
    yield chromium
    chromium.scripts(allowed=True)
    chromium.media()


@pytest.fixture
def show(tab: Tab, tmp_path: Path) -> Any:
    """Write a page and open it."""

    def run(page: bytes, width: int = 1280, fragment: str = "") -> Tab:
        file = tmp_path / "page.html"
        file.write_bytes(page)
        tab.open(file.as_uri() + fragment, width)
        return tab

    return run


class Tags(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None, str | None]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs).get("id"), dict(attrs).get("class")))


def test_the_browser_sees_the_elements_that_were_written_and_no_other(build, hostile, show, tab) -> None:
    tab.scripts(allowed=False)
    for run in (build(), build(hostile)):
        written = as_html.report(run)
        show(written)
        root = tab.send("DOM.getDocument", depth=0)["root"]["nodeId"]
        seen = tab.send("DOM.getOuterHTML", nodeId=root)["outerHTML"]
        assert Tags(seen).found == Tags(written.decode()).found


def test_the_browser_asks_nobody_for_anything(build, show) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        hostile = (
            f"\"><img src={url}a><link rel=stylesheet href={url}b></style><style>@import '{url}c';</style>"
            f"<script>fetch('{url}d')</script>"
        )
        show(as_html.report(build(lambda words: hostile + words)))
        assert asked == []
        show(f"<img src={url}control>".encode())  # proves that a request would have been seen
        server.shutdown()
    assert "/control" in asked


def test_nothing_that_a_stranger_writes_runs(build, hostile, show) -> None:
    shout = "<script>document.title = 'mine'</script><img src=x onerror=\"document.title = 'mine'\">"
    shown = show(as_html.report(build(lambda words: shout + hostile(words))))
    assert "mine'" in shown.run("document.title")  # as text
    assert shown.run("document.title") != "mine"
    shown.run("document.body.insertAdjacentHTML('beforeend', '<b onclick=\"document.title = 7\" id=b>x</b>')")
    shown.run("document.getElementById('b').click()")
    assert shown.run("document.title") != "7", "the policy of the page lets nothing run, even where escaping failed"


# Reading


def test_what_is_read_first_stands_first(build, show) -> None:
    """The order of the document is the order on the page, and in it the questions of a board come first."""
    for width in (360, 1280):
        shown = show(as_html.report(build()), width)
        tops = shown.run("[...document.querySelectorAll('h1, h2')].map(h => h.getBoundingClientRect().top)")
        assert all(before < after for before, after in pairwise(tops))
        order = shown.run("[...document.querySelectorAll('h2')].map(h => h.textContent)")
        assert order == [
            "✕ Not ready", "This run", "Completeness", "Design on a page", "Requirements and domains", "Findings",
            "Accepted risks", "Notes and advice", "Not verified", "Change since an earlier run",
            "Readiness and the way back", "Sign-off", "Documents", "Feature texts and their outcomes",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (320, "dark"), (768, "light"), (1280, "light"), (1280, "dark")]
)
def test_axe_finds_nothing(build, row, show, width, scheme) -> None:
    assert AXE.exists(), "axe-core is not installed: npm ci --prefix tests/report"
    pages = {
        "everything": as_html.report(build()),
        "many domains": as_html.report(many_domains(build, row)),
        "index": as_html.index([(build(), "a"), (build(), "b")]),
    }
    for name, page in pages.items():
        shown = show(page, width)
        shown.media(prefers_color_scheme=scheme)
        shown.run("document.querySelectorAll('details').forEach(part => part.open = true)")
        # What is out of sight is not laid out, and axe would measure between places that are none.
        shown.run("document.querySelectorAll('.finding, .text').forEach(p => p.style.contentVisibility = 'visible')")
        # The policy of the page forbids a foreign script; what DevTools evaluates is not the page's.
        shown.run(AXE.read_text(encoding="utf-8") + "; 0")
        found = shown.run(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
            ".then(told => told.violations.map(one => [one.id, one.nodes.length, one.nodes[0].html, "
            "one.nodes[0].failureSummary]))"
        )
        assert found == [], name


def test_the_keyboard_reaches_everything(build, show) -> None:
    shown = show(as_html.report(build()))
    where = "document.activeElement"
    shown.press("Tab")
    assert shown.run(f"{where}.textContent") == "To the findings"
    shown.press("Enter")
    assert shown.run("location.hash") == "#findings"
    shown = show(as_html.report(build()))
    wanted = shown.run(
        "[...document.querySelectorAll('a, button, input, select, summary, [tabindex]')]"
        ".filter(one => one.checkVisibility({contentVisibilityAuto: false})).length"
    )
    reached = []
    for _ in range(wanted + 1):
        shown.press("Tab")
        reached.append(shown.run(f"{where}.tagName + ' ' + [...document.querySelectorAll('*')].indexOf({where})"))
        if reached[-1].startswith("BODY"):
            break
        assert shown.run(f"getComputedStyle({where}).outlineStyle") != "none", "the focus is not seen"
    found = [one for one in reached if not one.startswith("BODY")]
    assert len(set(found)) == len(found) == wanted
    order = [int(one.split()[1]) for one in found]
    assert order == sorted(order)


def many_domains(build, row):
    names = [f"domain-{number}.a-rather-long-name-of-a-subsidiary.example" for number in range(30)]
    results = [replace(row(Verdict.NON_COMPLIANT, f"S4-MX-{n}"), domain=name) for name in names for n in (1, 2)]
    return build(results=results, domains=dict.fromkeys(names, 4), digest="sha256:" + "9f86d081" * 8)


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_page_does_not_move_sideways(build, row, hostile, show, width) -> None:
    """WCAG 2.2, 1.4.10: at 320 CSS pixels only what needs two dimensions scrolls in both, in its own box."""
    pages = [
        as_html.report(build()),
        as_html.report(build(hostile)),
        as_html.report(many_domains(build, row)),
        as_html.index([(build(hostile), "a"), (many_domains(build, row), "b")]),
    ]
    for page in pages:
        shown = show(page, width)
        shown.run("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert shown.run("document.documentElement.scrollWidth") <= shown.run("innerWidth") == width


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_word_is_cut_off_by_its_cell(show, width) -> None:
    shown = show((Path(__file__).parents[2] / "reports" / "sample" / "report.html").read_bytes(), width)
    shown.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    cut = shown.run(
        "[...document.querySelectorAll('th, td, dd, pre, .cell, .badge')].filter(one => "
        "getComputedStyle(one).display != 'inline' && one.scrollWidth > one.clientWidth + 1)"
        ".map(one => one.textContent.slice(0, 60))"
    )
    assert cut == []


# Search and filter

SHOWN = "[...document.querySelectorAll('.finding')].filter(one => !one.hidden).map(one => one.id)"


def test_the_filter_stands_in_the_address_and_comes_back_from_it(build, row, show) -> None:
    mended = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Set-InboundConnector x", reason="an odd word: zebra")
    page = as_html.report(build(results=[mended, *build().results]))
    shown = show(page)
    assert len(shown.run(SHOWN)) == 7
    shown.run("document.querySelector('[value=\"not-verified\"]').click()")
    shown.run("document.querySelector('[value=waived]').click()")
    assert shown.run(SHOWN) == ["A-1--contoso.com", "S4-MX-9--contoso.com", "S4-MX-10"]
    assert shown.run("location.hash") == "#?show=non-compliant%2Ccompliant%2Cnot-applicable"
    shown.run("const who = document.querySelector('select'); who.value = 'Microsoft 365';"
              "who.dispatchEvent(new Event('change', {bubbles: true}))")  # fmt: skip
    assert shown.run(SHOWN) == ["A-1--contoso.com"]
    shown.run("document.querySelector('button').click()")
    address = shown.run("location.hash")
    assert address == "#?show=non-compliant%2Ccompliant%2Cnot-applicable&mends=Microsoft+365&open=all"
    again = show(page, fragment=address)
    assert again.run(SHOWN) == ["A-1--contoso.com"]
    assert again.run("[...document.querySelectorAll('details')].every(part => part.open)")
    assert again.run("document.querySelector('button').textContent") == "Close everything"
    assert again.run("document.querySelector('output').textContent") == "1 of 18 findings and outcomes are shown"


def test_search_finds_words_and_says_how_many(build, row, show) -> None:
    one = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Publish ZEBRA")
    shown = show(as_html.report(build(results=[one, *build().results])))
    shown.run("document.querySelector('[type=search]').focus()")
    shown.write("zebra publish")
    shown.press("Enter")
    assert shown.run(SHOWN) == ["A-1--contoso.com"]
    assert shown.run("location.hash") == "#?q=zebra+publish"
    assert shown.run("document.querySelector('output').textContent").startswith("1 of 18 ")


def test_a_link_to_what_the_filter_hides_shows_it(build, show) -> None:
    shown = show(as_html.report(build()), fragment="#?show=compliant")
    assert shown.run(SHOWN) == []
    shown.run("location.hash = '#S4-MX-9--contoso.com'; new Promise(done => addEventListener('hashchange', done))")
    assert shown.run(SHOWN) == ["S4-MX-9--contoso.com"]


def test_an_address_that_nobody_wrote_does_no_harm(build, show) -> None:
    for fragment in ("#?show=nonsense&mends=nobody", "#%E0%A4%A", "#?q=%3Cscript%3E", "#nothing-of-this-name"):
        shown = show(as_html.report(build()), fragment=fragment)
        assert shown.run("document.querySelectorAll('form.filter').length") == 1


def test_without_script_everything_is_there_to_read(build, show, tab) -> None:
    tab.scripts(allowed=False)
    show(as_html.report(build()))
    tab.scripts(allowed=True)  # for the question alone; the page has been read
    hidden = tab.run("[...document.querySelectorAll('main *')].filter(one => one.hidden).length")
    assert (hidden, tab.run("document.querySelectorAll('form').length")) == (0, 0)


# Paper


def printed(shown: Tab, size: tuple[float, float], folder: Path, *options: str) -> list[str]:
    pdf = folder / "report.pdf"
    pdf.write_bytes(shown.pdf(*size))
    told = subprocess.run([program("pdftotext"), *options, str(pdf), "-"], capture_output=True, check=True, timeout=60)
    return told.stdout.decode("utf-8").removesuffix("\f").split("\f")


@pytest.mark.parametrize("size", [A4, LETTER], ids=["A4", "Letter"])
def test_paper_shows_everything_and_every_sheet_is_stamped(build, show, tmp_path, size) -> None:
    run = build()
    sheets = printed(show(as_html.report(run)), size, tmp_path, "-raw")  # column by column
    assert len(sheets) > 2
    for number, sheet in enumerate(sheets, 1):
        assert "SIMULATED · Contoso · scenario-4 · 2026-11-23 16:20:05 UTC" in sheet
        assert re.search(rf"{number} / {len(sheets)}\b", sheet)
    everything = " ".join("".join(sheets).split())
    for result in run.results:
        assert result.reason in everything
    assert everything.count("Received: x") == 1, "evidence that is closed on a screen is open on paper, once"
    assert everything.count("All of it stands at S4-MX-9") == 3
    assert everything.count("Evidence: 3 observations (evidence.json has them)") == 2
    assert "<https://www.rfc-editor.org/rfc/rfc7208>" in "".join(everything.split())
    assert "scenario_1.feature" in everything
    assert "Open everything" not in everything


@pytest.mark.parametrize("size", [A4, LETTER], ids=["A4", "Letter"])
def test_nothing_is_cut_at_the_edge_of_the_paper(build, row, show, tmp_path, size) -> None:
    heights = set()
    for run in (build(), many_domains(build, row)):
        pdf = tmp_path / "report.pdf"
        pdf.write_bytes(show(as_html.report(run)).pdf(*size))
        told = subprocess.run([program("pdftotext"), "-bbox", str(pdf), "-"], capture_output=True, check=True)
        text = told.stdout.decode("utf-8")
        (width,) = {float(found) for found in re.findall(r'<page width="([0-9.]+)"', text)}
        rights = [(float(x), html.unescape(word)) for x, word in re.findall(r'xMax="([0-9.]+)"[^>]*>([^<]*)<', text)]
        assert rights
        assert [word for x, word in rights if x > width - 28 and len(word) > 1] == []  # letters of the watermark
        top, bottom = re.findall(r'yMin="([0-9.]+)" xMax="[0-9.]+" yMax="([0-9.]+)">Contoso<', text)[0]
        heights.add(round(float(bottom) - float(top), 1))
    assert len(heights) == 1, "a page with something too wide is printed smaller as a whole"


def test_the_first_sheet_answers_the_five_questions(build, row, show, tmp_path) -> None:
    cause = replace(row(Verdict.NON_COMPLIANT, "A-1"), remedy="Publish: x")
    sheet = " ".join(
        printed(show(as_html.report(build(results=[cause, *build().results]))), A4, tmp_path, "-layout")[0].split()
    )
    for words in (
        "Not ready",  # the decision
        "What blocks", "A-1 title", "S4-MX-9 title",  # what blocks
        "Who mends DNS: A-1",  # who mends
        "2 risks; the first acceptance ends with end",  # accepted until when
        "SIMULATED", "It judges the plan",  # live or simulated
        "sha256:9f86d081", "14 planned = 11 judged",
    ):  # fmt: skip
        assert words in sheet, words

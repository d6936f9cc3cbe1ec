"""What a real browser makes of the report. Without Chromium and poppler-utils these tests fail."""

import html
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mailflow.policy.finding import Verdict
from mailflow.report import as_html

pytestmark = pytest.mark.browser

Browse = Callable[..., str]


def program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"none of {', '.join(names)} is installed"
    return found


@pytest.fixture
def browse(tmp_path) -> Browse:
    """Open a page that the test writes, with the given switches; gives what the browser printed."""

    def run(page: bytes, *switches: str, fragment: str = "") -> str:
        file = tmp_path / "page.html"
        file.write_bytes(page)
        quiet = ["gpu", "quic", "background-networking", "component-update", "sync"]
        command = [
            program("chromium", "chromium-browser", "google-chrome"),
            "--headless",
            "--no-sandbox",
            "--no-first-run",
            *(f"--disable-{what}" for what in quiet),
            f"--user-data-dir={tmp_path / 'profile'}",
            *switches,
            file.as_uri() + fragment,
        ]
        ended = subprocess.run(command, capture_output=True, check=True, timeout=120)
        return ended.stdout.decode("utf-8")

    return run


class Tags(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None, str | None]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs).get("id"), dict(attrs).get("class")))


def test_the_browser_sees_the_elements_that_were_written_and_no_other(build, hostile, browse) -> None:
    for run in (build(), build(hostile)):
        written = as_html.report(run)
        assert Tags(browse(written, "--dump-dom")).found == Tags(written.decode()).found


def test_the_browser_asks_nobody_for_anything(build, browse) -> None:
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
        hostile = f"\"><img src={url}a><link rel=stylesheet href={url}b></style><style>@import '{url}c';</style>"
        browse(as_html.report(build(lambda words: hostile + words)), "--dump-dom")
        assert asked == []
        browse(f"<img src={url}control>".encode(), "--dump-dom")  # proves that a request would have been seen
        server.shutdown()
    assert "/control" in asked


def test_a_link_to_a_finding_that_is_closed_opens_it(build, browse) -> None:
    shown = browse(as_html.report(build()), "--dump-dom", fragment="#S4-MX-3--contoso.com")
    opened = re.findall(r'<details[^>]* open="">.*?<div class="body" id="([^"]+)"', shown, re.DOTALL)
    assert opened == ["S4-MX-3--contoso.com"]


def many_domains(build, row):
    names = [f"domain-{number}.a-rather-long-name-of-a-subsidiary.example" for number in range(30)]
    results = [replace(row(Verdict.NON_COMPLIANT, f"S4-MX-{n}"), domain=name) for name in names for n in (1, 2)]
    return build(results=results, domains=dict.fromkeys(names, 4), digest="sha256:" + "9f86d081" * 8)


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_page_does_not_move_sideways(build, row, hostile, browse, width) -> None:
    """WCAG 2.2, 1.4.10: at 320 CSS pixels only what needs two dimensions scrolls in both, in its own box."""
    pages = [
        as_html.report(build()),
        as_html.report(build(hostile)),
        as_html.report(many_domains(build, row)),
        as_html.index([(build(hostile), "a"), (many_domains(build, row), "b")]),
    ]
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(page.decode())}"></iframe>'
        for page in pages
    )
    measure = (
        "document.body.dataset.widths = Array.from(document.querySelectorAll('iframe'), frame => "
        "frame.contentDocument.documentElement.scrollWidth + '/' + frame.contentWindow.innerWidth).join(' ')"
    )
    page = f'<!doctype html><meta charset="utf-8"><body onload="{measure}">{frames}'.encode()
    (widths,) = re.findall(r'data-widths="([^"]*)"', browse(page, "--dump-dom"))
    found = [[int(number) for number in pair.split("/")] for pair in widths.split()]
    assert len(found) == len(pages)
    assert all(content <= window == width for content, window in found), widths


def test_paper_shows_everything_and_every_sheet_is_stamped(build, browse, tmp_path) -> None:
    run = build()
    pdf = tmp_path / "report.pdf"
    browse(as_html.report(run), "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    told = subprocess.run([program("pdftotext"), "-layout", str(pdf), "-"], capture_output=True, check=True, timeout=60)
    sheets = told.stdout.decode("utf-8").removesuffix("\f").split("\f")
    assert len(sheets) > 2
    for number, sheet in enumerate(sheets, 1):
        assert "SIMULATED · Contoso · scenario-4 · 2026-11-23 16:20:05 UTC" in sheet
        assert re.search(rf"{number} / {len(sheets)}\b", sheet)
    everything = "".join(sheets)
    for result in run.results:
        assert result.reason in everything, "a closed finding stays closed on paper"
    assert everything.count("What was asked, and what was seen") == len(run.results)
    assert "<https://www.rfc-editor.org/rfc/rfc7208>" in "".join(everything.split())
    assert "scenario_1.feature" in everything


def test_the_first_sheet_carries_the_decision_and_the_sum(build, browse, tmp_path) -> None:
    pdf: Path = tmp_path / "report.pdf"
    browse(as_html.report(build()), "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    told = subprocess.run(
        [program("pdftotext"), "-l", "1", "-layout", str(pdf), "-"], capture_output=True, check=True, timeout=60
    )
    sheet = " ".join(told.stdout.decode("utf-8").split())
    for words in ("Not ready", "What blocks", "S4-MX-9 contoso.com", "sha256:9f86d081", "13 planned = 10 judged"):
        assert words in sheet

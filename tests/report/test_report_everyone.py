"""For everyone (WCAG 2.2): what can be known without a browser."""

import re
from itertools import pairwise

import pytest

from mailflow.report import as_html
from tests.report.html_page import STYLE, Page, page


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

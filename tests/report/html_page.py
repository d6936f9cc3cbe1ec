"""A parser that forgives nothing, for the tests of the page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import mailflow.report
from mailflow.report import as_html

VOID = {"meta", "br"}
# HTML Living Standard, 4.4.1: any of these ends an open paragraph, whatever its end tag says.
BLOCKS = {"article", "details", "div", "dl", "figure", "h3", "h4", "ol", "p", "pre", "section", "table", "ul"}
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
        assert tag not in BLOCKS or "p" not in {one.tag for one in self._open}, f"{tag} in a paragraph"
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

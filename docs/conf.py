# noqa: INP001  read by Sphinx and imported by nobody
"""How Sphinx builds the pages of docs/: tox -e docs."""

import re

project = "Mailflow"
author = "The Mailflow authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3  # links to headings are checked too
html_theme = "alabaster"
html_theme_options = {
    "description": "Does hybrid mail take the path that the documentation demands?",
    "fixed_sidebar": True,
    "page_width": "1100px",
    "font_family": "system-ui, sans-serif",
    "head_font_family": "system-ui, sans-serif",
}
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
pygments_style = "default"
highlight_language = "none"  # indented blocks are transcripts


def setup(app: object) -> None:
    """Write out the path of links that leave docs/: they lead somewhere in the repository, and nowhere on a site."""
    app.connect("source-read", _stay_inside)  # type: ignore[attr-defined]  # Sphinx is not installed for mypy


def _stay_inside(_app: object, _page: str, source: list[str]) -> None:
    source[0] = re.sub(r"(?<!!)\[([^\]]*)\]\((?:\.\./)+([^)#]+)[^)]*\)", r"\1 (`\2`)", source[0])

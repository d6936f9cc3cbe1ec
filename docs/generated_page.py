# noqa: INP001  beside the scripts that are run by their path
"""Writes a page of docs/ that is made from data or, with --check, says that it is not what would be written."""

import sys
from pathlib import Path


def write_or_check(page: Path, made: str) -> int:
    """Write a page, or check it; gives the exit status: 1 if it is out of date."""
    if sys.argv[1:] == ["--check"]:
        if not page.exists() or page.read_text(encoding="utf-8") != made:
            sys.stderr.write(f"docs/{page.name} is out of date: run python docs/make_{page.stem}.py\n")
            return 1
        return 0
    page.write_text(made, encoding="utf-8", newline="\n")
    return 0

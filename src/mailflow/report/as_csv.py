"""What is left to do as a table for spreadsheets: `actions.csv`, RFC 4180, in UTF-8 with the mark that Excel needs.

The last two columns are empty: for the name of who does it and the day.
"""

import csv
import io
import re

from mailflow.policy.run import Run
from mailflow.report.open_items import OpenItem, check_again, open_items
from mailflow.report.printable import printable

COLUMNS = (
    "id",
    "domain",
    "level",
    "verdict",
    "blocks",
    "who mends it",
    "requirement",
    "seen",
    "remedy",
    "source",
    "waivable",
    "check again",
    "owner",
    "due",
)
LONGEST = 8_000  # characters; Excel takes 32,767 a cell

# A cell that begins with one of these is a formula to Excel, LibreOffice and Google Sheets, the wide forms included;
# it could fetch, or start programs (OWASP, CSV Injection). Where a comma does not part cells, as in German settings,
# what follows a semicolon or a line break begins a cell too.
_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_FIRST = re.compile(f"^(?=[{_FORMULA}])")
_LATER = re.compile(f"([;\n])(?=[{_FORMULA}])")


def report(run: Run) -> bytes:
    """Write `actions.csv`: a row for each open item, what blocks first."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    again = check_again(run)
    for item in open_items(run):
        writer.writerow([_cell(text) for text in (*_texts(item), again, "", "")])
    return table.getvalue().encode("utf-8-sig")


def _texts(item: OpenItem) -> tuple[str, ...]:
    return (
        item.id,
        item.domain,
        item.level,
        item.verdict,
        "yes" if item.blocks else "no",
        item.who,
        item.title,
        item.seen,
        item.remedy,
        item.source,
        "yes" if item.waivable else "no",
    )


def _cell(text: str) -> str:
    """Make a text that no spreadsheet takes for a formula: `'` before the first sign, a blank before a later one."""
    shown = printable(text[:LONGEST], keep="\n")
    if len(text) > LONGEST:
        shown += " [cut; report.json has all of it]"
    return _FIRST.sub("'", _LATER.sub(r"\1 ", shown))

# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/contradictions.md from the data that the package ships.

python docs/make_contradictions.py           write the page
python docs/make_contradictions.py --check   exit with 1 if the page is not what would be written
"""

import sys
import textwrap
from pathlib import Path

from generated_page import write_or_check

from mailflow.policy.disagreement import Disagreement, disagreements

PAGE = Path(__file__).with_name("contradictions.md")

HEAD = """\
# Where the documentation is mistaken or contradicts itself

<!-- Made by docs/make_contradictions.py from src/mailflow/policy/disagreements.toml: change that, not this. -->

Mailflow judges by the documentation, so its mistakes must not become the reader's. Each entry says what the documents
say, how Mailflow reads them, and which rows follow; a report shows it beside those rows. Short names are those of
[the library](../src/mailflow/policy/documents.toml).
"""

TAIL = """
## Slips that shape no row

- The example of the third case in scenario 4 forwards to tailspintoys.com and speaks of tailspin.com two lines
  on.
- Training gives steps for scenario 4 only, and leaves out its step 5. Mailflow takes the rest from Multiple
  locations.
- Third parties in examples have 10.10.10.1 or 192.168.0.10, private addresses that are of no use in SPF.
- The MX pattern `<domainKey>-com.mail.protection.outlook.com` fits domains in .com only; the label is the whole
  domain with dashes for dots.
"""


def section(one: Disagreement) -> str:
    """Write one entry."""
    told = [f"\n### {one.title}\n"]
    told += [_paragraph(f"{' and '.join(reading.documents)}: {reading.says}") for reading in one.readings]
    if one.prints:
        told.append(f"    {one.prints}        <- do not publish\n    {one.meant}        <- what was meant\n")
    told.append(_paragraph(f"*Reading:* {one.chosen}"))
    told.append(_paragraph(f"*Rows:* {', '.join(f'`{row}`' for row in one.requirements)}."))
    return "\n".join(told)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False) + "\n"


def page() -> str:
    """Write the page."""
    entries = disagreements()
    values = [section(one) for one in entries if one.prints]
    others = [section(one) for one in entries if not one.prints]
    return "".join([HEAD, "\n## Not to be published\n", *values, "\n## Contradictions\n", *others, TAIL])


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

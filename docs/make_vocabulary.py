# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/vocabulary.md from the sentences in steps/, each with a line of a feature file that uses it.

python docs/make_vocabulary.py           write the page
python docs/make_vocabulary.py --check   exit with 1 if the page is not what would be written
"""

import sys
from pathlib import Path

from generated_page import write_or_check

from mailflow.plugin.sentences import topics

PAGE = Path(__file__).with_name("vocabulary.md")
ROOT = PAGE.parents[1]

HEAD = """\
# The sentences that feature files are written in

<!-- Made by docs/make_vocabulary.py from steps/. Change the steps, not this page. -->

`mailflow steps` prints the same, with the sentences of your own beside them; `mailflow steps spf` those about SPF. In
braces stands what varies: `{place}` is *the Internet*, *Microsoft 365* or *the on-premises servers*; `{route}` is
places joined by *, then*; `{kind}` is *from* a party *to* a party. Every sentence has one meaning: the function named
beside it. Every example is a line of the requirement named behind it.
"""


def page() -> str:
    """Write the page."""
    sys.path.insert(0, str(ROOT))
    told = [HEAD]
    for topic in topics((ROOT,)):
        told.append(f"\n## {topic.name.capitalize()}\n\n{topic.about}\n\n")
        told.append("| | sentence | example | meaning |\n|---|---|---|---|\n")
        for sentence in topic.sentences:
            first = sentence.examples[0]
            example = "" if first.text == sentence.pattern else f"*{first.text}*, "
            told.append(
                f"| {sentence.keyword} | {sentence.pattern} | {example}{first.requirement} | `{sentence.meaning}` |\n"
            )
    return "".join(told)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

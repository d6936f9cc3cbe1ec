# noqa: INP001  a script, run by its path and imported by nobody
"""Make docs/requirements.md from the feature files.

python docs/make_requirements.py           write the page
python docs/make_requirements.py --check   exit with 1 if the page is not what would be written
"""

import sys
from pathlib import Path

from generated_page import write_or_check

from mailflow.policy.catalogue import read_folder
from mailflow.policy.feature import Feature
from mailflow.policy.requirement import Standing

PAGE = Path(__file__).with_name("requirements.md")
ROOT = PAGE.parents[1]

HEAD = """\
# The requirements

<!-- Made by docs/make_requirements.py from features/. Change the features, not this page. -->

Every requirement that comes with Mailflow, {count} in all. `must`: without it mail is lost, takes a forbidden path,
bypasses the filter or cannot be sent; `should`: the rest. *Stated*: a document says it; *derived*: it follows from what
the documents say. Which change fells which: [faults](faults.md). What an identifier promises: [versions](releases.md).
"""


def page() -> str:
    """Write the page."""
    catalogue = read_folder(ROOT / "features", ROOT)
    catalogue.demand_none_wrong()
    features = [feature for feature in catalogue.features if "/domains/" not in feature.path]
    told = [HEAD.format(count=sum(len(feature.scenarios) for feature in features))]
    for feature in features:
        told.append(f"\n## {feature.name}\n\n[{feature.path}](../{feature.path})\n\n")
        told.append("| | level | requirement | sources |\n|---|---|---|---|\n")
        told += _rows(feature)
    return "".join(told)


def _rows(feature: Feature) -> list[str]:
    rows = []
    for requirement in (scenario.requirement for scenario in feature.scenarios):
        standing = "stated" if any(s.standing is Standing.STATED for s in requirement.sources) else "derived"
        documents = ", ".join(dict.fromkeys(source.document for source in requirement.sources))
        rows.append(f"| `{requirement.id}` | {requirement.level} | {requirement.title} | {standing}: {documents} |\n")
    return rows


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))

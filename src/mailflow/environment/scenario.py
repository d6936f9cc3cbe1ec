"""The name of a scenario: a number as the documentation counts its four, or the word of another layout.

Which words there are follows from the feature files in use (`mailflow.policy.scenarios`); what a word demands stands
there too. Of all words one means something beside that: of a domain that is parked there is no mail to be tried.
"""

import re
from collections.abc import Set as AbstractSet

ScenarioName = int | str

DOCUMENTED = (1, 2, 3, 4)  # Manage mail flow with mailboxes in multiple locations
PARKED = "parked"
WORD = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
PATTERN = re.compile(f"[1-4]|{WORD}")
EXPECTED = "1, 2, 3, 4 or a word such as all-in-cloud"


def scenario_name(text: str) -> ScenarioName:
    """Read a name as it stands in environment.yaml and in tags.

    Raises:
        ValueError: it is none.

    """
    if not PATTERN.fullmatch(text):
        raise ValueError(text)
    return int(text) if text.isdecimal() else text


def in_order(names: AbstractSet[ScenarioName]) -> list[ScenarioName]:
    """Sort names: the numbers first, then the words."""
    return sorted(names, key=lambda name: (isinstance(name, str), str(name)))

"""`--shard I/N`: a run judges a part of the domains, so that several machines judge all of them.

A part is made of whole domains (the tenant counts as one), because most of what is observed is observed of a domain.
"""

import re

import pytest

from mailflow.plugin.collect import ScenarioItem
from mailflow.plugin.project import Project
from mailflow.policy.feature import Key


class Shard:
    """Which rows this run judges."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        """Read the option.

        Raises:
            pytest.UsageError: it is not I/N with I from 1 to N.

        """
        asked = config.getoption("shard") or "1/1"
        told = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", asked)
        self._own, self._of = (int(told[1]), int(told[2])) if told else (0, 0)
        if not 1 <= self._own <= self._of:
            raise pytest.UsageError(f"--shard {asked}: expected I/N with I from 1 to N, such as 1/4")
        keys = (key for planned in project.planned.values() for key in planned)
        self._number = {pair: number for number, pair in enumerate(dict.fromkeys(map(_pair, keys)))}

    @property
    def is_part(self) -> bool:
        """Whether other runs judge the rest."""
        return self._of > 1

    def holds(self, key: Key) -> bool:
        """Whether a planned row belongs to this part."""
        return self._number[_pair(key)] % self._of == self._own - 1

    def leave_out(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect the rows of the other parts."""
        if not self.is_part:
            return
        others = [item for item in items if isinstance(item, ScenarioItem) and not self.holds(item.row.key)]
        if others:
            config.hook.pytest_deselected(items=others)
            left = set(map(id, others))
            items[:] = [item for item in items if id(item) not in left]


def _pair(key: Key) -> tuple[str, str | None]:
    return key.environment, key.domain

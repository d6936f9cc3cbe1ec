"""`--shard I/N`: a run judges a part of the domains, so that several machines judge all of them.

A part is made of whole domains (the tenant counts as one), because most of what is observed is observed of a domain.
"""

import re
from collections import Counter
from collections.abc import Sequence

import pytest

from mailflow.plugin.collect import ScenarioItem
from mailflow.plugin.project import Project
from mailflow.policy.feature import Key

# What judging a tenant costs beside one of its domains: some messages of each of them are sent for it.
_TENANT = 1 / 7


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
        self._part = _parts(list(dict.fromkeys(map(_pair, keys))), self._of)

    @property
    def is_part(self) -> bool:
        """Whether other runs judge the rest."""
        return self._of > 1

    def holds(self, key: Key) -> bool:
        """Whether a planned row belongs to this part."""
        return self._part[_pair(key)] == self._own - 1

    def leave_out(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect the rows of the other parts."""
        if not self.is_part:
            return
        others = [item for item in items if isinstance(item, ScenarioItem) and not self.holds(item.row.key)]
        if others:
            config.hook.pytest_deselected(items=others)
            left = set(map(id, others))
            items[:] = [item for item in items if id(item) not in left]


_Pair = tuple[str, str | None]  # an environment, and a domain of it; None: its tenant


def _pair(key: Key) -> _Pair:
    return key.environment, key.domain


def _parts(pairs: Sequence[_Pair], parts: int) -> dict[_Pair, int]:
    """Give each pair to the part that has least to do so far: the tenants first, then the domains in their order."""
    domains = Counter(environment for environment, domain in pairs if domain)
    load, found = [0.0] * parts, {}
    for pair in sorted(pairs, key=lambda pair: pair[1] is not None):
        environment, domain = pair
        found[pair] = load.index(min(load))
        load[found[pair]] += 1 if domain else max(1, domains[environment] * _TENANT)
    return found

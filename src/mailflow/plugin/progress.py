"""How far a long run is: which environment of how many, and since when."""

import time
from collections.abc import Callable, Sequence

EVERY_S = 10.0  # a run of seconds says nothing; the dots are enough


class Progress:
    """What to say of a run while it lasts."""

    def __init__(self, environments: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._number = {name: number for number, name in enumerate(environments, 1)}
        self._clock = clock
        self._began = self._said = clock()

    def line(self, nodeid: str) -> str:
        """Say, at the beginning of a scenario, where the run is; empty where it is not time."""
        now = self._clock()
        _, _, within = nodeid.partition("::")
        name = within.partition("::")[0]
        if now - self._said < EVERY_S or name not in self._number:
            return ""
        self._said = now
        minutes, seconds = divmod(int(now - self._began), 60)
        return f"environment {self._number[name]} of {len(self._number)}, {name}; {minutes}:{seconds:02} min so far"

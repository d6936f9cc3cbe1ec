"""How often, and how much in all, a live run may knock at doors that are not its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mailflow.observe.dialogue import Clock


@dataclass
class Manners:
    """A limit on the rate of visits, for each address and in total, and a budget for the whole run.

    A visit is one session, or two where the first showed no certificate that is trusted.
    """

    visits: int = 150  # of the whole run
    per_second: float = 4.0  # visits begun
    apart_s: float = 2.0  # between the beginnings of two visits to the same address
    clock: Clock = time.monotonic
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep
    _next: float = 0.0
    _next_at: dict[str, float] = field(default_factory=dict)

    async def turn(self, address: str) -> bool:
        """Wait until it is polite to begin a visit; False: the budget of the run is used up."""
        if self.visits <= 0:
            return False
        self.visits -= 1
        now = self.clock()
        begin = max(now, self._next, self._next_at.get(address, 0.0))
        self._next = begin + 1 / self.per_second
        self._next_at[address] = begin + self.apart_s
        if begin > now:
            await self.rest(begin - now)
        return True

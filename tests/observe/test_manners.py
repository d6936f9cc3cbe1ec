"""A run knocks rarely, and not for ever."""

import asyncio
from dataclasses import dataclass, field

from mailflow.observe.manners import Manners


@dataclass
class Time:
    """A clock that only rests move."""

    now: float = 100.0
    rests: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def rest(self, seconds: float) -> None:
        self.rests.append(round(seconds, 3))


def turns(manners: Manners, *addresses: str) -> list[bool]:
    async def all_of() -> list[bool]:
        return [await manners.turn(address) for address in addresses]

    return asyncio.run(all_of())


def test_visits_to_anybody_are_apart_and_those_to_one_address_more_so() -> None:
    time = Time()
    manners = Manners(per_second=2.0, apart_s=3.0, clock=time, rest=time.rest)
    assert turns(manners, "a", "b", "c", "a", "b") == [True] * 5
    # begun at 0, 0.5, 1, 3, 3.5
    assert time.rests == [0.5, 1.0, 3.0, 3.5]


def test_who_comes_late_does_not_wait() -> None:
    time = Time()
    manners = Manners(per_second=2.0, apart_s=3.0, clock=time, rest=time.rest)
    turns(manners, "a")
    time.now += 3.0
    assert turns(manners, "a") == [True]
    assert time.rests == []


def test_the_budget() -> None:
    time = Time()
    assert turns(Manners(visits=2, clock=time, rest=time.rest), "a", "b", "c", "a") == [True, True, False, False]

"""Simulations of the worlds around the change: how it was before, and the time in which both MX records are used."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.worlds import World, in_world, messages_in
from mailflow.observe.door import Door
from mailflow.observe.follow import follow, records
from mailflow.observe.path import MailPath
from mailflow.simulate.simulation import Simulation

_STOP_S = 30.0


@contextmanager
def with_worlds(door: Door, environment: Environment) -> Iterator[None]:
    """Put them behind a door, as the files of the environment tell them; those that were started stop at the end.

    None where what was before is not recorded.
    """
    check = door.check
    posts = {world: SimulatedWorld(environment, world) for world in World} if environment.before else {}

    def check_all() -> None:  # one event loop has one handler of errors, that of the last world that was started
        check()
        for post in posts.values():
            post.check()

    door.worlds, door.check = posts, check_all
    try:
        yield
    finally:
        for post in posts.values():
            door.loop.call(post.stop(), _STOP_S)


class SimulatedWorld:
    """A world of its own servers, started when the first message goes."""

    def __init__(self, environment: Environment, world: World) -> None:
        self._planned = environment
        self._world = world
        self._simulation: Simulation | None = None

    async def paths(self, domain: Domain) -> tuple[MailPath, ...]:
        """Send everything for a domain and read the paths from what the servers wrote down."""
        if self._simulation is None:
            self._simulation = Simulation(in_world(self._planned, self._world))
            await self._simulation.start()
        there = self._simulation
        posted = await there.post(messages_in(self._planned, domain, self._world))
        seen = records(there.journal, dict(there.mailboxes))
        there.journal.clear()  # the next domain's messages have nothing to do with it
        there.mailboxes.clear()
        found = (path for one in posted for path in follow(there.environment, seen, one.message, one.queue_id))
        return tuple(replace(path, source=f"session records of a simulation: {self._world}") for path in found)

    def check(self) -> None:
        """Raise what went wrong with one of its servers."""
        if self._simulation is not None:
            self._simulation.check()

    async def stop(self) -> None:
        """Let its servers go, if there are any."""
        if self._simulation is not None:
            await self._simulation.stop()

"""The doors of a run: one for each environment, opened when somebody first asks, closed when the next one is."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from mailflow.environment.environment import Environment
from mailflow.plugin.project import Project

if TYPE_CHECKING:  # whoever only collects needs no servers and clients
    from mailflow.observe.door import Door
    from mailflow.observe.recording import Recording


class Doors:
    """Every door that was opened in this run, and what was observed through it."""

    def __init__(self, project: Project, say: Callable[[str], None]) -> None:
        """`say` hears, a line each, whom a live run is about to contact."""
        self._project = project
        self._say = say
        self._opened: dict[str, Door] = {}
        self._failed: dict[str, Exception] = {}
        self._stack = ExitStack()
        self.recordings: dict[str, Recording] = {}  # by environment, of the doors that are closed

    def door(self, environment: Environment) -> "Door":
        """Give the door of an environment.

        Raises:
            Exception: it could not be opened; asked again, it says the same and does not try again.

        """
        name = environment.name
        if name in self._failed:
            raise self._failed[name]
        if name not in self._opened:
            self.close()  # environments are judged one after the other
            from mailflow.door import open_door  # noqa: PLC0415  # brings servers and clients

            try:
                door = open_door(environment, self._project.looks[name].telling(self._say))
                self._opened[name] = self._stack.enter_context(door)
            except Exception as error:
                self._failed[name] = error
                raise
        return self._opened[name]

    def announce(self) -> None:
        """Say whom a live run would contact for each environment; contact nobody but the DNS."""
        from mailflow.door import announce  # noqa: PLC0415

        for name, environment in self._project.environments.items():
            announce(environment, self._project.looks[name].telling(self._say))

    def observed(self, environment: Environment) -> Environment:
        """Give an environment as it is judged: a simulation judges the plan, else what could be seen of it."""
        return environment if self._project.mode == "simulated" else self.door(environment).environment

    def close(self) -> None:
        """Close what is open; what closing raises is raised."""
        for name, door in self._opened.items():
            self.recordings[name] = door.recording()
        self._opened.clear()
        self._stack.close()


DOORS = pytest.StashKey[Doors]()

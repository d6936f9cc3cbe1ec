"""The doors of a run: one for each environment, opened when somebody first asks, closed when the next one is."""

from contextlib import ExitStack

import pytest

from mailflow.environment.environment import Environment


class Doors:
    """Every door that was opened in this run."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._opened: dict[str, object] = {}
        self._failed: dict[str, Exception] = {}
        self._stack = ExitStack()

    def door(self, environment: Environment) -> object:
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
                self._opened[name] = self._stack.enter_context(open_door(environment, self._mode))
            except Exception as error:
                self._failed[name] = error
                raise
        return self._opened[name]

    def close(self) -> None:
        """Close what is open; what closing raises is raised."""
        self._opened.clear()
        self._stack.close()


DOORS = pytest.StashKey[Doors]()

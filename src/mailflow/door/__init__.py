"""Opens the door of an environment: wires what looks to what is looked at, for each mode in a module of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailflow.door.look import LIVE, RECORDED, SIMULATED, Look
from mailflow.environment.environment import Environment
from mailflow.event_loop import EventLoopThread

if TYPE_CHECKING:
    from mailflow.observe.door import Door

__all__ = ["LIVE", "RECORDED", "SIMULATED", "Look", "announce", "open_door"]

_SIMULATED = Look()


@contextmanager
def open_door(environment: Environment, look: Look = _SIMULATED) -> Iterator["Door"]:
    """Open the door of one environment. What a mode needs is imported when it is chosen.

    Raises:
        ValueError: a mode that there is not, or the recorded mode without a recording.

    """
    with EventLoopThread() as loop:
        if look.mode == SIMULATED:
            from mailflow.door.simulated import simulated  # noqa: PLC0415

            with simulated(environment, loop) as door:
                yield door
        elif look.mode == LIVE:
            from mailflow.door.live import live  # noqa: PLC0415

            with live(environment, loop, look) as door:
                yield door
        elif look.mode == RECORDED and look.recording:
            from mailflow.door.recorded import recorded  # noqa: PLC0415

            yield recorded(environment, loop, look.recording)
        else:
            raise ValueError(f"no mode {look.mode!r} without what it needs")


def announce(environment: Environment, look: Look) -> None:
    """Say whom a live run would contact, and contact nobody but the DNS."""
    from mailflow.door.live import announce as announce_live  # noqa: PLC0415

    with EventLoopThread() as loop:
        announce_live(environment, loop, look)

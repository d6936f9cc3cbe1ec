"""Opens the door of an environment: wires what looks to what is looked at, for each mode in a module of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mailflow.environment.environment import Environment, Stage
from mailflow.event_loop import EventLoopThread
from mailflow.observe.door import Door
from mailflow.observe.recording import Recording

SIMULATED, LIVE, RECORDED = "simulated", "live", "recorded"


@dataclass(frozen=True, slots=True)
class Look:
    """How an environment is looked at."""

    mode: str = SIMULATED
    stage: Stage = Stage.PLAN
    recording: Recording | None = None  # for the recorded mode: what was observed
    say: Callable[[str], None] = lambda _: None  # hears, a line each, whom a live run is about to contact


@contextmanager
def open_door(environment: Environment, look: Look = Look()) -> Iterator[Door]:
    """Open the door of one environment.

    Raises:
        ValueError: a mode that there is not, or the recorded mode without a recording.

    """
    with EventLoopThread() as loop:
        if look.mode == SIMULATED:
            from mailflow.door.simulated import simulated  # noqa: PLC0415  # brings servers

            with simulated(environment, loop) as door:
                yield door
        elif look.mode == RECORDED and look.recording:
            from mailflow.door.recorded import recorded  # noqa: PLC0415

            yield recorded(environment, loop, look.recording)
        else:
            raise ValueError(f"no mode {look.mode!r} without what it needs")

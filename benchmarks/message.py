# ruff: noqa: INP001 - a script, part of no package
"""How long a message takes through three TLS hops of the simulation, and how long a simulation takes to start.

    python benchmarks/message.py [MESSAGES]

The message goes from a mailbox on the Internet by MX to the on-premises server, on to Microsoft 365 and from there
to the Internet: three SMTP sessions, each with PROXY header, STARTTLS, certificates and a DNS look-up of its own.
Messages go one after the other, then all at once.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind, TestMessage, messages
from mailflow.observe.follow import follow, records
from mailflow.simulate.simulation import Simulation

FIXTURE = Path(__file__).parents[1] / "fixtures" / "scenario-4"
STARTS = 7


async def start(environment: Environment) -> float:
    """Seconds for making and starting a simulation."""
    before = time.perf_counter()
    simulation = Simulation(environment)
    await simulation.start()
    taken = time.perf_counter() - before
    await simulation.stop()
    return taken


async def send(environment: Environment, message: TestMessage, count: int) -> tuple[list[float], float]:
    """Seconds for each message alone, and for all of them at once."""
    simulation = Simulation(environment)
    await simulation.start()
    (warm,) = await simulation.post([message])
    (path,) = follow(environment, records(simulation.journal, simulation.mailboxes), message, warm.queue_id)
    hops = [hop.tls for hop in path.hops[1:]]
    if hops != ["TLSv1.3"] * 3:
        raise SystemExit(f"not three TLS hops: {path}")
    alone = []
    for _ in range(count):
        before = time.perf_counter()
        await simulation.post([message])
        alone.append(time.perf_counter() - before)
    before = time.perf_counter()
    await simulation.post([message] * count)
    together = time.perf_counter() - before
    await simulation.stop()
    return alone, together


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    environment = load(FIXTURE)
    (message,) = messages(environment, environment.domains[0], Kind.ON_PREMISES_FORWARD)
    starts = [asyncio.run(start(environment)) for _ in range(STARTS)]
    alone, together = asyncio.run(send(environment, message, count))
    median, worst = statistics.median(alone), sorted(alone)[int(0.95 * (len(alone) - 1))]
    started = statistics.median(starts)
    lines = (
        f"start of a simulation, median of {STARTS}: {started * 1000:.0f} ms, {started / median:.1f} of a message",
        f"a message over three TLS hops, median of {count}: {median * 1000:.1f} ms (95 %: {worst * 1000:.1f} ms)",
        f"{count} messages at once: {together:.2f} s, {together / count * 1000:.1f} ms each",
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

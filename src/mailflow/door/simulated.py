"""The door to a simulation: every look goes to servers on loopback that are built from the plan."""

import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from mailflow.door.worlds import with_worlds
from mailflow.environment.environment import Domain, Environment, IPAddress, Stage
from mailflow.environment.message import STRANGER, Kind, messages
from mailflow.event_loop import EventLoopThread
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns import DnsEye
from mailflow.observe.door import Door
from mailflow.observe.eye import Eye
from mailflow.observe.follow import Records, follow, records, verified
from mailflow.observe.https import Fetched
from mailflow.observe.path import MailPath
from mailflow.observe.policy_fetch import find_hosting
from mailflow.observe.smtp import proxy_preamble
from mailflow.simulate.signature import key_text
from mailflow.simulate.simulation import Simulation
from mailflow.simulate.zones import microsoft_365_addresses

_START_S = 30.0


@contextmanager
def simulated(environment: Environment, loop: EventLoopThread) -> Iterator[Door]:
    """Start the simulation of an environment and point every look at it."""
    simulation = Simulation(environment)
    loop.call(simulation.start(), _START_S)
    try:
        door = _door(environment, loop, simulation)
        with with_worlds(door, environment):
            yield door
    finally:
        loop.call(simulation.stop(), _START_S)


def _door(environment: Environment, loop: EventLoopThread, simulation: Simulation) -> Door:
    roots = ssl.create_default_context(cadata=simulation.authorities.trusted_pem)
    roots.check_hostname = False  # names are judged, not enforced

    # The eye stands where Microsoft 365 does: a server that is locked down still talks to it.
    _, stands_at = microsoft_365_addresses(environment)

    def endpoint(address: IPAddress) -> Endpoint | None:
        port = simulation.book.get(address)
        onlooker = next((a for a in stands_at if a.version == address.version), None)
        if port is None or onlooker is None:
            return None
        return Endpoint("127.0.0.1", port, proxy_preamble(onlooker, address))

    def web(address: IPAddress) -> Endpoint | None:
        port = simulation.web.get(address)
        return Endpoint("127.0.0.1", port) if port else None

    named = ssl.create_default_context(cadata=simulation.authorities.trusted_pem)
    named.hostname_checks_common_name = False  # RFC 8461 section 3.3: the DNS-ID

    dns = ("127.0.0.1", simulation.dns.port)
    eye = DnsEye([dns], reach=lambda _: dns)  # the one simulated server stands for all

    async def fetch_policy(domain: Domain) -> Fetched:
        hosting = await find_hosting(eye, domain.name)
        if not hosting.unasked and domain.name not in environment.policy_hosts:
            return hosting.not_fetched(f"the environment names no MTA-STS policy of {domain.name} (mta_sts)")
        return await hosting.fetch(web, named)

    return Door(
        environment,
        "simulated",
        Stage.PLAN,
        loop,
        eye,
        SimulatedPost(simulation, eye),
        endpoint,
        roots,
        STRANGER,
        simulation.check,
        fetch_policy,
        assumed=lambda server: simulation.mtas[server.name].unsupplied,
    )


class SimulatedPost:
    """Sends every message of a domain through the simulated servers, together."""

    def __init__(self, simulation: Simulation, eye: Eye) -> None:
        """`eye` looks the keys of signatures up."""
        self._simulation = simulation
        self._eye = eye

    async def paths(
        self, environment: Environment, domain: Domain, kinds: Collection[Kind] = tuple(Kind)
    ) -> dict[Kind, tuple[MailPath, ...]]:
        """Send them all and read the paths from what the servers wrote down."""
        posted = await self._simulation.post(
            [message for kind in kinds for message in messages(environment, domain, kind)]
        )
        seen = await verified(environment, self._seen(), self._eye, key_text())
        found: dict[Kind, tuple[MailPath, ...]] = dict.fromkeys(kinds, ())
        for one in posted:
            found[one.message.kind] += follow(environment, seen, one.message, one.queue_id)
        return found

    def _seen(self) -> Records:
        """Take what the servers wrote down: the next domain's messages have nothing to do with it."""
        seen = records(self._simulation.journal, dict(self._simulation.mailboxes))
        self._simulation.journal.clear()
        self._simulation.mailboxes.clear()
        return seen

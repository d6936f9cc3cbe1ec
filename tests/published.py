"""What is published, as a live run sees it: simulated servers on loopback in the place of the Internet's."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from mailflow.door import LIVE, Look
from mailflow.environment.environment import Environment, IPAddress, Stage
from mailflow.event_loop import EventLoopThread
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns_server import DnsServer
from mailflow.observe.manners import Manners
from mailflow.simulate.simulation import Simulation
from mailflow.simulate.zones import STRANGER_ADDRESS

STRANGER = "stranger.example"


async def _at_once(_: float) -> None:
    """Wait for nobody: the servers are ours."""


@contextmanager
def published(environment: Environment, stage: Stage = Stage.AFTER) -> Iterator[Look]:
    """Let the servers of an environment stand for what is there; gives how a live run sees them, from outside."""
    with socket.socket() as nobody, EventLoopThread() as loop:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        simulation = Simulation(environment)
        loop.call(simulation.start(), 30)
        ports = {
            address: loop.call(simulation.open_port(mta, STRANGER_ADDRESS), 10)
            for mta in {id(mta): mta for mta in simulation.mtas.values() if mta.listens}.values()
            for address in mta.listens
        }
        dns = DnsServer("127.0.0.1", simulation.dns.port)

        def endpoint(address: IPAddress) -> Endpoint:
            return Endpoint("127.0.0.1", ports.get(address, nobody.getsockname()[1]))

        def web(address: IPAddress) -> Endpoint:
            return Endpoint("127.0.0.1", simulation.web.get(address, nobody.getsockname()[1]))

        try:
            yield Look(
                LIVE,
                stage,
                resolvers=(dns,),
                vantage=(STRANGER_ADDRESS, ip_address("2001:db8:99::1")),
                looks_as=STRANGER,
                manners=lambda: Manners(rest=_at_once),
                name_server=lambda _: dns,
                endpoint=endpoint,
                web=web,
            )
        finally:
            loop.call(simulation.stop(), 30)

"""An environment to try out by hand: its simulated servers stay up, and everything they do is told."""

import asyncio
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.environment.message import STRANGER, Kind, TestMessage, messages
from mailflow.mail.address import Address
from mailflow.mail.envelope import path
from mailflow.mail.reply import Reply
from mailflow.records.mta_sts import PATH
from mailflow.simulate.mta import Mta
from mailflow.simulate.simulation import Simulation
from mailflow.simulate.told import told
from mailflow.simulate.zones import STRANGER_ADDRESS

_LOOPBACK = "127.0.0.1"
_CHECK_S = 1.0  # how often to look whether the simulation itself has failed
# What a stranger may try by hand: by MX first, then straight to a host.
_BY_MX = (Kind.INTERNET_TO_CLOUD, Kind.INTERNET_TO_ON_PREMISES, Kind.INTERNET_TO_UNKNOWN)
_STRAIGHT = (
    Kind.STRANGER_TO_MICROSOFT_365,
    Kind.STRANGER_TO_ON_PREMISES,
    Kind.STRANGER_RELAY,
    Kind.STRANGER_RELAY_BY_FILTER,
)


async def serve(environment: Environment, say: Callable[[str], None], stopped: asyncio.Event) -> None:
    """Run the servers of an environment until `stopped` is set; `say` gets each line that is told.

    Raises:
        SimulationError: a simulated server failed; a mistake of the kit, never a fact of mail.

    """
    simulation = Simulation(environment, tell=lambda entry: say(told(entry)))
    await simulation.start()
    try:
        for line in await _announcement(simulation):
            say(line)
        while not stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _CHECK_S)
            simulation.check()
    finally:
        await simulation.stop()


@dataclass(frozen=True, slots=True)
class _Listener:
    """Where an address answers: to a client that sends a PROXY header, and to anybody, who is then the stranger."""

    mta: Mta
    proxied: int
    plain: int


async def _announcement(simulation: Simulation) -> list[str]:
    environment = simulation.environment
    listeners = await _listeners(simulation)
    lines = [
        f"{environment.organization} ({environment.name}) is up. Nothing leaves this machine; Ctrl-C ends it.",
        "",
        f"Planned address → where it answers, with a PROXY header; and as the stranger {STRANGER_ADDRESS}, without",
        f"  DNS → {_LOOPBACK}:{simulation.dns.port} (UDP and TCP)",
        *(
            f"  {one.mta.name} [{address}] → {_LOOPBACK}:{one.proxied}, stranger {_LOOPBACK}:{one.plain}"
            for address, one in listeners.items()
        ),
    ]
    for domain in environment.domains:
        lines += ["", f"{domain.name}: ask the DNS, hand over mail as a stranger"]
        lines += [f"  {line}" for line in (*await _digs(simulation, domain), *_curl(simulation, domain))]
        for message in _offers(environment, domain):
            offer = [f"  {line}" for line in await _offer(simulation, message, listeners)]
            lines += offer if offer[-1] not in lines else []  # by MX and straight may be the same
    return [*lines, "", "What the servers do:"]


async def _listeners(simulation: Simulation) -> dict[IPAddress, _Listener]:
    plain: dict[int, int] = {}  # an MTA with several addresses has one port of each kind
    found = {}
    for mta in simulation.mtas.values():
        for address in mta.listens:
            if id(mta) not in plain:
                plain[id(mta)] = await simulation.open_port(mta, STRANGER_ADDRESS)
            found[address] = _Listener(mta, simulation.book[address], plain[id(mta)])
    return found


async def _digs(simulation: Simulation, domain: Domain) -> list[str]:
    exchangers = await simulation.targets((), domain.name)
    asked = [(domain.name, "MX"), (domain.name, "TXT")]
    if not isinstance(exchangers, Reply):
        asked += [(one.name, "A" if one.address.version == 4 else "AAAA") for one in exchangers]
    server = ["dig", f"@{_LOOPBACK}", "-p", str(simulation.dns.port)]
    return [shlex.join([*server, name, rdtype, "+short"]) for name, rdtype in asked]


def _curl(simulation: Simulation, domain: Domain) -> list[str]:
    """Write the line that fetches the MTA-STS policy of a domain; its certificate comes from a made-up authority."""
    host = simulation.environment.policy_hosts.get(domain.name)
    if host is None:
        return []
    port = simulation.web[host.listens[0]]
    resolve = f"{host.name}:{port}:{_LOOPBACK}"
    return [shlex.join(["curl", "--insecure", "--resolve", resolve, f"https://{host.name}:{port}{PATH}"])]


def _offers(environment: Environment, domain: Domain) -> Iterator[TestMessage]:
    somebody = Address("somebody", STRANGER)
    for kind in _BY_MX:
        for message in messages(environment, domain, kind)[:1]:
            yield replace(message, envelope=replace(message.envelope, mail_from=somebody))
    for kind in _STRAIGHT:
        tried = set()
        for message in messages(environment, domain, kind):
            if message.direct_to not in tried:
                tried.add(message.direct_to)
                yield message


async def _offer(simulation: Simulation, message: TestMessage, listeners: Mapping[IPAddress, _Listener]) -> list[str]:
    """Write the swaks line for a message, below what it is."""
    (recipient,) = message.envelope.rcpt_to
    hosts = (message.direct_to,) if message.direct_to else ()
    targets = await simulation.targets(hosts, recipient.domain)
    what = f"# {message.kind}"
    if isinstance(targets, Reply):
        return [f"{what}: cannot be sent, {targets}"]
    target = targets[0]
    way = f"straight to {target.name}" if hosts else f"by MX: {target.name}"
    listener = listeners.get(target.address)
    if listener is None:
        return [f"{what}, {way}: nobody listens at {target.address}"]
    command = ["swaks", "--server", _LOOPBACK, "--port", str(listener.plain), "--helo", STRANGER]
    command += ["--from", str(message.envelope.mail_from or path(None)), "--to", str(recipient)]
    if listener.mta.server_context is not None:
        command.append("--tls")
    return [f"{what}, {way}", shlex.join(command)]

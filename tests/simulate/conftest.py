"""Small worlds made by hand: hosts with rules of their own, around the shipped scenario 4."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.zone
import pytest
from trustme import LeafCert

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind, TestMessage
from mailflow.exchange.known import Assumptions
from mailflow.exchange.replies import no_tls_channel
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.reply import Reply
from mailflow.routing import journal
from mailflow.routing.decision import (
    OPPORTUNISTIC,
    Action,
    Client,
    Content,
    Deliver,
    Direction,
    Held,
    Reception,
    Refuse,
    Relay,
    Rule,
    TlsDemand,
    Treatment,
)
from mailflow.simulate.mta import Mta
from mailflow.simulate.simulation import Simulation

FIXTURES = Path(__file__).parents[2] / "fixtures"
RULE = Rule("because the test says so", "tests/simulate")


@cache
def _loaded(name: str) -> Environment:
    return load(FIXTURES / name)


@pytest.fixture(scope="session")
def scenario() -> Callable[[str], Environment]:
    """Load a shipped environment, once."""
    return _loaded


@dataclass
class Rules:
    """A router whose every decision stands in the test. Without one it takes everything and delivers it."""

    acts: Mapping[str, tuple[Action, ...]] = field(default_factory=dict)  # by recipient
    refuses: Mapping[str, Refuse] = field(default_factory=dict)  # by recipient
    assumes: Mapping[str, str] = field(default_factory=dict)  # by recipient
    shuts_out: Refuse | None = None
    hops: int = 100
    treats: tuple[Treatment, ...] = ()
    asked: list[tuple[Client, Address | None, Address]] = field(default_factory=list)

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        return self.shuts_out

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        self.asked.append((client, mail_from, recipient))
        if str(recipient) in self.assumes:
            assume.note(self.assumes[str(recipient)])
        return self.refuses.get(str(recipient)) or Reception(Direction.INCOMING, RULE)

    def hop_limit(self) -> tuple[int, Refuse]:
        return self.hops, Refuse(Reply(554, "5.4.6", "Too many hops"), RULE)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        return self.acts.get(str(held.recipient), (Deliver(held.recipient, RULE),))

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        return self.treats

    def submission(self, mail_from: Address | None) -> Reception:
        return Reception(Direction.ORIGINATING, RULE, submitted=True)


def by_mx(mail_from: str | None = "a@from.example", tls: TlsDemand = OPPORTUNISTIC, **more: Any) -> Relay:
    """Relay by the MX records of the recipient's domain."""
    return Relay((), Address.parse(mail_from) if mail_from else None, RULE, tls=tls, **more)


class World:
    """Hosts and zones of one test; `post` runs them."""

    rule = RULE
    rules = Rules
    by_mx = staticmethod(by_mx)

    def __init__(self, environment: Environment) -> None:
        self.simulation = Simulation(environment)

    @property
    def journal(self) -> list[journal.Entry]:
        return self.simulation.journal

    def host(
        self, name: str, address: str, rules: Any, *, leaf: LeafCert | None = None, starttls: bool = True, **more: Any
    ) -> Mta:
        """Add a host that listens at `address` and sends from there; with `leaf` it has TLS."""
        addresses = tuple(ip_address(one) for one in address.split())
        context = self.simulation.authorities.server_context(leaf) if leaf and starttls else None
        settings = {"listens": addresses, "sends_from": addresses, "leaf": leaf, "server_context": context} | more
        mta = Mta(name, name, rules, world=self.simulation, tls_failure=no_tls_channel, **settings)
        self.simulation.mtas[name] = mta
        return mta

    def leaf(self, *names: str) -> LeafCert:
        return self.simulation.authorities.issue(*names)

    def run(self, work: Callable[[Simulation], Awaitable[Any]]) -> Any:
        """Start everything, do some work, stop everything."""

        async def scene() -> Any:
            await self.simulation.start()
            try:
                return await work(self.simulation)
            finally:
                await self.simulation.stop()

        return asyncio.run(scene())

    def post(self, at: str, mail_from: str | None, *to: str, direct_to: str = "") -> list[tuple[str, ...]]:
        """Submit one message and give what happened, in short."""
        sender = Address.parse(mail_from) if mail_from else None
        envelope = Envelope(sender, tuple(map(Address.parse, to)))
        message = TestMessage(Kind.INTERNET_TO_CLOUD, at, envelope, direct_to)
        self.run(lambda simulation: simulation.post([message]))
        return told(self.journal)


@pytest.fixture
def world(scenario: Callable[[str], Environment]) -> Callable[..., World]:
    """Make a world with zones: `world(**{"to.example": "@ MX 10 mail.to.example."})`."""

    def make(zones: Mapping[str, str] = {}) -> World:
        soa = "$TTL 60\n@ SOA ns.invalid. h.invalid. 1 2 3 4 5\n@ NS ns.invalid.\n"
        read = {
            origin: dns.zone.from_text(soa + text, origin + ".", relativize=False, check_origin=False)
            for origin, text in zones.items()
        }
        environment = scenario("scenario-4")
        return World(replace(environment, zones={**environment.zones, **read}))

    return make


def told(entries: list[journal.Entry]) -> list[tuple[str, ...]]:
    """What happened in short, one tuple an entry: kind, host, and what matters."""
    short: list[tuple[str, ...]] = []
    for entry in entries:
        match entry:
            case journal.Received():
                short.append(("received", entry.host, " ".join(map(str, entry.recipients))))
            case journal.Refused():
                short.append(("refused", entry.host, " ".join(map(str, entry.recipients)), str(entry.reply)))
            case journal.Redirected():
                short.append(("redirected", entry.host, str(entry.recipient), str(entry.became)))
            case journal.Treated():
                short.append(("treated", entry.host, str(entry.recipient), entry.signed_as))
            case journal.Sent():
                reply = str(entry.reply).replace(entry.next_id or "-", "ID", 1)
                short.append(("sent", entry.host, str(entry.recipient), entry.to_host, entry.tls, reply))
            case journal.Delivered():
                short.append(("delivered", entry.host, str(entry.mailbox)))
            case journal.Failed():
                end = "reported" if entry.report_id else "returned" if entry.returned else "waiting"
                short.append(("failed", entry.host, str(entry.recipient), str(entry.reply), end))
    return short

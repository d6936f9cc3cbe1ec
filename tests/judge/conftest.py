"""Shipped environments in which a test changes what it names, and builders for what is observed of them."""

import functools
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.environment import Domain, Environment, OtherServer, Route, Server
from mailflow.environment.load import load
from mailflow.environment.message import Kind, TestMessage
from mailflow.exchange.known import Unknown
from mailflow.judge import spf
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.reply import Reply
from mailflow.observe.path import Disposition, Hop, MailPath, Place
from mailflow.records.answer import Answer, MxRecord, Outcome, Question, drive

FIXTURES = Path(__file__).parents[2] / "fixtures"


@dataclass(frozen=True)
class World:
    """An environment; each method gives another one in which something is different."""

    environment: Environment

    @property
    def domain(self) -> Domain:
        return self.environment.domains[0]

    @property
    def server(self) -> Server:
        return self.environment.on_premises.servers[0]

    def change(self, **fields: Any) -> "World":
        return World(replace(self.environment, **fields))

    def declare(self, **fields: Any) -> "World":
        """Change the first domain."""
        return self.change(domains=(replace(self.domain, **fields), *self.environment.domains[1:]))

    def tenant(self, **fields: Any) -> "World":
        return self.change(microsoft_365=replace(self.environment.microsoft_365, **fields))

    def online(self, **exports: Any) -> "World":
        return self.tenant(online=replace(self.environment.microsoft_365.online, **exports))

    def exchange(self, **exports: Any) -> "World":
        own = self.environment.on_premises
        return self.change(on_premises=replace(own, exchange=replace(own.exchange, **exports)))

    def servers(self, *servers: Server) -> "World":
        return self.change(on_premises=replace(self.environment.on_premises, servers=servers))

    def with_server(self, **fields: Any) -> "World":
        return self.servers(replace(self.server, **fields))

    def not_exchange(self, **facts: Any) -> "World":
        """Let the first server be none of Exchange's, as its facts and these say."""
        usual: dict[str, Any] = {
            "accepts_for": ("contoso.com",),
            "relays_for": (),
            "relays_for_microsoft_365": False,
            "accepts_from": None,
            "routes": (Route("*", "contoso-com.mail.protection.outlook.com", True, True),),
            "routing_addresses": {},
            "starttls": True,
        }
        return self.with_server(exchange_name="", other=OtherServer(**(usual | facts)))

    def mailboxes(self, **fields: Any) -> "World":
        return self.change(mailboxes=replace(self.environment.mailboxes, **fields))

    def item(self, export: str, number: int = 0, **fields: Any) -> "World":
        """Change one object of an export of the tenant."""
        return self.online(**{export: _changed(getattr(self.environment.microsoft_365.online, export), number, fields)})

    def own_item(self, export: str, number: int = 0, **fields: Any) -> "World":
        """Change one object of an export of the own servers."""
        exports = self.environment.on_premises.exchange
        return self.exchange(**{export: _changed(getattr(exports, export), number, fields)})

    def place(self, file: str, text: str, occurrence: int = 1) -> str:
        """Say where a text stands in a file of the environment, by reading the file."""
        lines = (FIXTURES / self.environment.name / file).read_text(encoding="utf-8").splitlines()
        found = [number for number, line in enumerate(lines, 1) if text in line]
        return f"{file}:{found[occurrence - 1]}"


def _changed(objects: tuple[Any, ...], number: int, fields: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(replace(one, **fields) if i == number else one for i, one in enumerate(objects))


@functools.cache
def _loaded(name: str) -> Environment:
    return load(FIXTURES / name)


@pytest.fixture(scope="session")
def world() -> Callable[[str], World]:
    """Load a shipped environment, once a session."""
    return lambda name: World(_loaded(name))


@pytest.fixture
def s4() -> World:
    return World(_loaded("scenario-4"))


@pytest.fixture
def s3() -> World:
    return World(_loaded("scenario-3"))


@pytest.fixture
def s2() -> World:
    return World(_loaded("scenario-2"))


@pytest.fixture
def s1() -> World:
    return World(_loaded("scenario-1"))


@pytest.fixture
def unknown() -> Unknown:
    return Unknown("the export lacks it")


Say = Callable[..., Answer]


@pytest.fixture
def answer() -> Say:
    """`answer("contoso.com MX", (10, "mail.contoso.com"))`: values, none (NXDOMAIN), or an outcome."""

    def build(question: str, *values: Any, outcome: Outcome | None = None, **fields: Any) -> Answer:
        name, kind = question.split()
        read = {"MX": lambda v: MxRecord(*v), "A": ip_address, "AAAA": ip_address}.get(kind, str)
        ended = outcome or (Outcome.FOUND if values else Outcome.NXDOMAIN)
        return Answer(Question(name, kind), ended, tuple(map(read, values)), **fields)

    return build


@pytest.fixture
def look(answer: Say) -> Callable[..., spf.SpfSeen]:
    """Look at the SPF record of a world's domain in a DNS that holds these records.

    TXT as one text or several, A as an address, an outcome for a look-up that fails. What Microsoft publishes is
    there already; what is not named does not exist.
    """

    def seen(world: World, txt: Any, /, **others: Any) -> spf.SpfSeen:
        cloud = world.environment.microsoft_365.cloud
        published: dict[str, Any] = {world.domain.name: txt, **{n.replace("__", "."): t for n, t in others.items()}}
        if not isinstance(cloud.ranges, Unknown):
            terms = " ".join(f"ip{n.version}:{n}" for n in cloud.ranges)
            published[cloud.spf_include] = f"v=spf1 {terms} -all"

        def reply(question: Question) -> Answer:
            text = published.get(question.name, ())
            if isinstance(text, Outcome):
                return Answer(question, text)
            if isinstance(text, IPv4Address):
                return answer(str(question), text) if question.type == "A" else answer(str(question))
            values = (text,) if isinstance(text, str) else tuple(text)
            return answer(str(question), *values) if question.type == "TXT" and values else answer(str(question))

        def together(asking: Sequence[Generator[Question, Answer, Any]]) -> tuple[Any, ...]:
            return tuple(drive(one, reply) for one in asking)

        return spf.look(world.environment, world.domain, reply(Question(world.domain.name, "TXT")), together)

    return seen


CLOUD = Hop("Microsoft 365", Place.MICROSOFT_365, None)
OWN = Hop("mail.contoso.com", Place.ON_PREMISES, None)
OUTSIDE = Hop("mail.tailspintoys.com", Place.INTERNET, None)

FILTER = Hop("mx1.filter.example", Place.FILTER, None)

_HOPS = {"cloud": CLOUD, "own": OWN, "out": OUTSIDE, "filter": FILTER}


@pytest.fixture
def hop() -> Callable[..., Hop]:
    """`hop("own", tls="TLSv1.3")`: a host of the cloud, of the own side or outside."""
    return lambda place, **fields: replace(_HOPS[place], **fields)


Paths = Callable[..., MailPath]


@pytest.fixture
def path() -> Paths:
    """`path("out own cloud", to="chris@contoso.com")`: the way of a message, delivered unless said otherwise."""

    def build(
        way: str | Sequence[Hop] = "out own",
        *,
        to: str = "david@contoso.com",
        sender: str | None = "lee@tailspintoys.com",
        kind: Kind = Kind.INTERNET_TO_ON_PREMISES,
        ended: Disposition = Disposition.DELIVERED,
        **fields: Any,
    ) -> MailPath:
        recipient = Address.parse(to)
        mail_from = Address.parse(sender) if sender else None
        hops = tuple(_HOPS[word] for word in way.split()) if isinstance(way, str) else tuple(way)
        if ended is Disposition.DELIVERED:
            fields = {"mailbox": recipient} | fields
        message = TestMessage(kind, "tailspintoys.com", Envelope(mail_from, (recipient,)))
        return MailPath(message, recipient, ended, hops, **fields)

    return build


@pytest.fixture
def refusal() -> Mapping[str, Any]:
    """How a message ended that the tenant refused."""
    return {
        "ended": Disposition.REFUSED,
        "reply": Reply(550, "5.7.64", "TenantAttribution; Relay Access Denied SMTP"),
        "ended_by": "Microsoft 365",
        "why": "no inbound connector matches [Message Attribution]",
    }

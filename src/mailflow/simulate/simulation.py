"""The simulated world of one environment: DNS, Microsoft 365, the own servers, everybody outside.

All on 127.0.0.1, on ports that the system picks; nothing leaves loopback.
"""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakSet

from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.message import MICROSOFT_365, TestMessage
from mailflow.environment.named_server import servers_named
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Unknown
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing import journal
from mailflow.routing.decision import Held, Router
from mailflow.routing.outside import ChoosingRouter, StraightRouter
from mailflow.simulate.address_book import AddressBook, connect
from mailflow.simulate.certificates import Authorities
from mailflow.simulate.dns import DnsServer
from mailflow.simulate.hosts import hosts
from mailflow.simulate.locate import Locator
from mailflow.simulate.mta import Mta
from mailflow.simulate.policy_server import PolicyServer
from mailflow.simulate.smtp import SmtpServer
from mailflow.simulate.transfer import Attempt, Handover, Sessions, Target
from mailflow.simulate.zones import zones

REST_S = 60.0  # within which a set of messages comes to rest; a loop of 60 hops takes a second or two


class SimulationError(Exception):
    """The simulation itself failed. Never a fact of mail, never a verdict."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A test message that was submitted: where it starts in the journal."""

    message: TestMessage
    host: str
    queue_id: str


class Simulation:
    """All servers of one environment. Start, post and stop it in one event loop."""

    def __init__(self, environment: Environment, tell: Callable[[journal.Entry], None] = lambda _: None) -> None:
        """`tell` hears of every entry of the journal as it is written."""
        self.environment = environment
        self._tell = tell
        self.authorities = Authorities.make()
        self.dns = DnsServer(zones(environment), environment.signed_zones)
        self.mtas = hosts(environment, self.authorities, self)
        self._otherwise: dict[tuple[str, tuple[str, ...]], Mta] = {}  # (who, way): the same one, by another way
        self._at = {address: mta for mta in self.mtas.values() for address in mta.listens}
        self._turn = 0  # which of several smart hosts of a connector is tried first
        self.book: AddressBook = {}
        self.web: AddressBook = {}  # the same for port 443
        self._sessions = Sessions(self.connect)
        self.journal: list[journal.Entry] = []
        self.mailboxes: dict[tuple[Address, str], bytes] = {}  # (mailbox, queue identifier) → message
        self._locator: Locator | None = None
        self._servers: list[asyncio.Server] = []
        self._fronts: WeakSet[SmtpServer] = WeakSet()  # one for each connection to a simulated MTA
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []

    async def start(self) -> None:
        """Let every server listen."""
        asyncio.get_running_loop().set_exception_handler(self._note)
        await self.dns.start()
        self._locator = Locator(self.dns.port)
        for mta in {id(mta): mta for mta in self.mtas.values() if mta.listens}.values():
            port = await self.open_port(mta)
            self.book |= dict.fromkeys(mta.listens, port)
        await self._hand_out_policies()

    async def stop(self) -> None:
        """Let every server and every client go."""
        await self._let_go()
        await self.dns.stop()

    async def _let_go(self) -> None:
        """End what was begun, and leave no connection open to whoever does not close his end."""
        await self._sessions.end()
        for server in self._servers:
            server.close()
        for front in self._fronts:
            if isinstance(front.transport, asyncio.WriteTransport):
                front.transport.abort()

    async def open_port(self, mta: Mta, fixed_client: IPAddress | None = None) -> int:
        """Listen for an MTA; with `fixed_client` at a plain port, where everybody who connects is that client."""
        loop = asyncio.get_running_loop()

        def session() -> SmtpServer:
            options = {"loop": loop, "hostname": mta.greets_as, "tls_context": mta.server_context}
            return self._front(SmtpServer(mta, fixed_client, outdated=mta.outdated, **options))

        server = await loop.create_server(session, "127.0.0.1", 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def _front(self, server: SmtpServer) -> SmtpServer:
        """Know a connection, to let it go at the end."""
        self._fronts.add(server)
        return server

    async def _hand_out_policies(self) -> None:
        """Let the hosts of MTA-STS policies listen; several may share an address."""
        hosts = tuple(self.environment.policy_hosts.values())
        for address in dict.fromkeys(address for host in hosts for address in host.listens):
            here = [host for host in hosts if address in host.listens]
            server = await PolicyServer(here, self.authorities, self.environment.disturbed).start()
            self._servers.append(server)
            self.web[address] = int(server.sockets[0].getsockname()[1])

    async def post(self, messages: Sequence[TestMessage]) -> tuple[Posted, ...]:
        """Submit messages and wait until everything that follows from them has come to rest.

        Raises:
            SimulationError: it does not come to rest within the deadline, or a simulated server failed.

        """
        posted = await self._turn_of(await self._senders(messages))
        for turn in range(1, _turns(self.environment)):
            self._turn = turn
            several = [replace(one, first=f"smart host {turn + 1}") for one in self._one_of_each(messages)]
            posted += await self._turn_of([(one, self.mtas[one.submitted_at]) for one in several])
        self._turn = 0
        return tuple(posted)

    async def _turn_of(self, submitted: Sequence[tuple[TestMessage, Mta]]) -> list[Posted]:
        """Submit messages and wait for their end."""
        posted = [
            Posted(message, mta.name, mta.submit(message.envelope, content(self.environment, message)))
            for message, mta in submitted
        ]
        try:
            async with asyncio.timeout(REST_S):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError as late:
            raise SimulationError(f"messages did not come to rest within {REST_S:.0f} s") from late
        self.check()
        return posted

    def check(self) -> None:
        """Raise what went wrong inside: a mistake of a double must not look like a fact of mail."""
        if self._errors:
            raise SimulationError(f"a simulated server of {self.environment.name} failed") from self._errors[0]

    async def _senders(self, messages: Sequence[TestMessage]) -> list[tuple[TestMessage, Mta]]:
        """Find who submits each message.

        Where a domain has several best MX hosts, every kind goes to each of them, and to each other one that is
        planned: it gets mail whenever the best do not answer. What mailboxes of the own servers
        send, every own Exchange server sends once: on which of them a mailbox is, nobody says.
        """
        found: list[tuple[TestMessage, Mta]] = []
        inside = {MICROSOFT_365, *(server.name for server in self.environment.on_premises.servers)}
        examples = self._one_of_each(messages)
        for message in messages:
            mta = self.mtas[message.submitted_at]
            found.append((message, self._straight(mta, message.direct_to) if message.direct_to else mta))
            if message in examples and mta.name in inside:
                found += self._elsewhere(message, mta)
            elif message in examples:
                domain = message.envelope.rcpt_to[0].domain
                others = (await self._locate().choices(domain, self._planned(domain)))[1:]
                found += [(replace(message, first=order[0]), self._choosing(mta, domain, order)) for order in others]
        return found

    def _planned(self, name: str) -> tuple[str, ...]:
        """Give the planned MX hosts of a domain of the environment; none for another."""
        return next((self.environment.planned_mx(one) for one in self.environment.domains if one.name == name), ())

    def _one_of_each(self, messages: Sequence[TestMessage]) -> tuple[TestMessage, ...]:
        """Give one message of each kind to each side: it shows what a host does with all of them."""
        found: dict[tuple[object, ...], TestMessage] = {}
        for message in messages:
            recipient = message.envelope.rcpt_to[0]
            home = self.environment.mailboxes.home_of(recipient)
            if not message.direct_to:
                found.setdefault((message.kind, message.submitted_at, recipient.domain, home), message)
        return tuple(found.values())

    def _elsewhere(self, message: TestMessage, mta: Mta) -> list[tuple[TestMessage, Mta]]:
        """Give a message of an own mailbox as the other own Exchange servers would submit it."""
        names = [server.name for server in self.environment.on_premises.mailbox_servers]
        if mta.name not in names or message.envelope.mail_from is None:  # each server returns reports of its own
            return []
        return [(replace(message, submitted_at=name), self.mtas[name]) for name in names if name != mta.name]

    def _straight(self, mta: Mta, host: str) -> Mta:
        """Let somebody send straight to a host."""
        # Who goes past MX records scans addresses: what the DNS says of an own server's name is no protection.
        listens = (
            str(a) for server in self.environment.on_premises.servers if server.name == host for a in server.listens
        )
        return self._with(mta, (host,), StraightRouter(mta.router, next(listens, host), mta.greets_as))

    def _choosing(self, mta: Mta, domain: str, order: tuple[str, ...]) -> Mta:
        """Let somebody try the MX hosts of a domain in this order."""
        return self._with(mta, (domain, *order), ChoosingRouter(mta.router, domain, order, mta.greets_as))

    def _with(self, mta: Mta, way: tuple[str, ...], router: Router) -> Mta:
        """Give somebody with other rules for what he sends; the same for the same way."""
        sender = Mta(mta.name, mta.greets_as, router, (), mta.sends_from, self, mta.tls_failure)
        return self._otherwise.setdefault((mta.name, way), sender)

    # What an MTA asks of the world around it (simulate.mta.World).

    def write(self, entry: journal.Entry) -> None:
        """Put a line into the journal."""
        self.journal.append(entry)
        self._tell(entry)

    def keep(self, mailbox: Address, queue_id: str, message: bytes) -> None:
        """Put a message into a mailbox."""
        self.mailboxes[mailbox, queue_id] = message

    def later(self, mta: Mta, queue_id: str, held: Sequence[Held], message: bytes) -> None:
        """Go on with a message after the client has its reply."""
        self._begin(mta.work(queue_id, held, message))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._errors.append(error)

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, (ssl.SSLError, ConnectionError)):  # those are clients that went away
            self._errors.append(error or SimulationError(str(context.get("message"))))

    async def targets(self, smart_hosts: Sequence[str], domain: str) -> Sequence[Target] | Reply:
        """Find the hosts for a next hop, by the MX of the domain without smart hosts; the reply where there is none."""
        found = await self._locate().targets(smart_hosts, domain)
        if not smart_hosts or isinstance(found, Reply):
            return found
        # A name may lead to several servers, each of which may get any message.
        whose = [self._at[target.address].name if target.address in self._at else target.name for target in found]
        servers = list(dict.fromkeys(whose))
        turned = {name: (place - self._turn) % len(servers) for place, name in enumerate(servers)}
        return [target for _, target in sorted(zip(whose, found, strict=True), key=lambda pair: turned[pair[0]])]

    def _locate(self) -> Locator:
        if self._locator is None:
            raise SimulationError("the simulation has not been started")
        return self._locator

    def client_context(self, mta: Mta, *, verify: bool, shows_certificate: bool) -> ssl.SSLContext:
        """Give the TLS settings of a client."""
        return self.authorities.client_context(verify=verify, shown=mta.leaf if shows_certificate else None)

    def connect(self, client: IPAddress, server: IPAddress) -> socket.socket:
        """Connect from one planned address to another (`simulate.address_book.Connect`)."""
        return connect(self.book, client, server)

    async def hand_over(self, handover: Handover, targets: Sequence[Target]) -> Attempt:
        """Carry out a handover."""
        attempt = await self._sessions.hand_over(handover, targets)
        target = self._at.get(attempt.target.address)
        return replace(attempt, unsupplied=target.unsupplied) if target else attempt


def _turns(environment: Environment) -> int:
    """Say how often messages have to be sent for every smart host of a connector to be the first of them once.

    Any of them may get any message. Those of Microsoft 365 are one service.
    """
    online, own = environment.microsoft_365.online, environment.on_premises.exchange
    outbound = () if isinstance(online.outbound_connectors, Unknown) else online.outbound_connectors
    send = () if isinstance(own.send_connectors, Unknown) else own.send_connectors
    listed = [one.smart_hosts for one in outbound if one.enabled is True]
    listed += [one.smart_hosts for one in send if one.enabled is True]
    several = [hosts for hosts in listed if not isinstance(hosts, Unknown) and not all(map(is_microsoft_host, hosts))]
    # Where it names several own servers, a name counts as often.
    return max((sum(max(1, len(servers_named(environment, one))) for one in hosts) for hosts in several), default=1)


def content(environment: Environment, message: TestMessage) -> bytes:
    """Write a test message (RFC 5322), marked as one, with an identifier that is the same in every run."""
    seed = f"{environment.name} {message}".encode()
    lines = (
        f"Message-ID: <{hashlib.sha256(seed).hexdigest()[:20]}@mailflow.invalid>",
        f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}",
        f"From: {message.written_by or f'Postmaster <postmaster@{environment.with_mail[0].name}>'}",
        f"To: {', '.join(map(str, message.envelope.rcpt_to))}",
        f"Subject: Mailflow test message {message.kind}",
        f"X-Mailflow-Kind: {message.kind.name}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "A test message of Mailflow.",
        "",
    )
    return "\r\n".join(lines).encode("utf-8")

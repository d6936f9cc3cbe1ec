"""The post of a live run: paths from sessions that stop before DATA, and from messages that were received."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.environment.message import Kind, TestMessage
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.observe import offers
from mailflow.observe.contacts import OFFERED, Ask, Plan, contacts
from mailflow.observe.eye import Eye
from mailflow.observe.path import Disposition, MailPath
from mailflow.observe.reached import Reached
from mailflow.observe.saved_message import SUFFIX, octets
from mailflow.observe.saved_signature import with_signatures
from mailflow.observe.smtp import TlsSession
from mailflow.observe.visits import Visited, Visitor

_SEND = "only a message that is sent and saved in messages/ shows it"

ReadMessages = Callable[[Environment, Domain, datetime], Mapping[Kind, tuple[MailPath, ...]]]


@dataclass
class LivePost:
    """Visits every address of the plan once, when the first thing is asked, and tells what it saw.

    `read_messages` gives the paths of received messages, of every kind. For a kind that sessions show, what was
    received of a message counts where the session leaves it open; where nothing was, what to send is said. Use it
    in one event loop.
    """

    environment: Environment
    eye: Eye
    visitor: Visitor
    read_messages: ReadMessages
    now: datetime
    given: Sequence[IPAddress] = ()  # the public addresses of this run, where whoever started it named them
    _plan: asyncio.Task[Plan] | None = None
    _visited: asyncio.Task[Visited] | None = None

    async def plan(self) -> Plan:
        """Say whom the run will contact and how. Asks the DNS and nobody else."""
        if self._plan is None:
            asking = contacts(self.environment, self.eye, self.visitor.looks_as)
            self._plan = asyncio.get_running_loop().create_task(asking)
        return await asyncio.shield(self._plan)

    async def visited(self) -> Visited:
        """Visit every address of the plan, once."""
        plan = await self.plan()
        if self._visited is None:
            visiting = self.visitor.carry_out(self.environment, plan, self.given)
            self._visited = asyncio.get_running_loop().create_task(visiting)
        return await asyncio.shield(self._visited)

    async def reached(self) -> dict[str, tuple[Reached, ...]]:
        """Say how the planned MX hosts of each domain met a stranger who knocked."""
        plan, visited = await self.plan(), await self.visited()
        found: dict[str, tuple[Reached, ...]] = {domain.name: () for domain in self.environment.domains}
        for knock in plan.knocks:
            session = _where(visited.sessions[knock.address], knock.envelope)
            found[knock.domain] += (Reached(knock.host, knock.address, knock.envelope, session),)
        return found

    async def paths(
        self, environment: Environment, domain: Domain, kinds: Collection[Kind] = tuple(Kind)
    ) -> dict[Kind, tuple[MailPath, ...]]:
        """Give the path of every message of these kinds for one domain, at every address that could take it."""
        read = self.read_messages(environment, domain, self.now)
        found = dict.fromkeys(Kind, ()) | {
            kind: tuple([await self._with_signatures(environment, one) for one in several])
            for kind, several in read.items()
        }
        plan, visited = await self.plan(), await self.visited()
        for kind in OFFERED:
            asks = [ask for name, ask in plan.asks if name == domain.name and ask.planned.kind is kind]
            offered = (path for ask in asks for path in _offered(environment, ask, visited, found[kind]))
            received = (one for one in found[kind] if one.disposition is not Disposition.UNSEEN)
            found[kind] = (*offered, *received)
        return {kind: found[kind] for kind in kinds}

    async def _with_signatures(self, environment: Environment, one: MailPath) -> MailPath:
        """Look at the signatures of a message that was saved."""
        if one.disposition is not Disposition.DELIVERED or not one.source.lower().endswith(SUFFIX):
            return one
        try:
            content = octets(environment.folder / one.source, environment.folder)
        except OSError:  # it was there when its header was read
            return one
        return await with_signatures(one, content, self.eye)


def _offered(environment: Environment, ask: Ask, visited: Visited, read: Sequence[MailPath]) -> Iterator[MailPath]:
    """Give the paths of a message that was offered, together with what was read of messages that were sent.

    What a session leaves open is left out where the message itself was received; where it was not, what to send is
    said beside it.
    """
    same = [one for one in read if _is(environment, one.message, ask.planned)]
    settled = any(one.disposition is not Disposition.UNSEEN for one in same)
    whys = tuple(why for one in same for why in one.assumptions) or (_SEND,)
    to_send = "; ".join(one.to_send for one in same if one.to_send)
    told = _of_one_service(
        ask,
        [
            offers.path(environment, ask, host, session, visited.vantage.no_stranger(address.version))
            for host, address in ask.at
            for session in [_where(visited.sessions[address], ask.envelope)]
        ]
        + [offers.unasked(ask, why) for why in ask.unknown],
    )
    for one in told or [offers.kept(ask) if ask.null_mx else offers.unasked(ask, ask.nobody)]:
        if one.disposition is not Disposition.UNSEEN:
            yield one
        elif not settled:
            yield replace(one, assumptions=(*one.assumptions, *whys), to_send=to_send)


def _of_one_service(ask: Ask, told: list[MailPath]) -> list[MailPath]:
    """Let a refusal by the tenant's host stand for its other addresses, too: they are the same service.

    Where the run has no way out over IPv6, or does not know its address there, that keeps nothing open.
    """
    refused = [one for one in told if one.disposition is Disposition.REFUSED]
    return refused if refused and all(is_microsoft_host(host) for host, _ in ask.at) and not _taken(told) else told


def _taken(told: Sequence[MailPath]) -> bool:
    return any(one.reply is not None and one.reply.accepted for one in told)


def _is(environment: Environment, sent: TestMessage, planned: TestMessage) -> bool:
    """Say whether a message that was sent is the planned one; of those outside, anybody stands for anybody."""

    def outside(address: Address | None) -> bool:
        return address is not None and address.domain not in environment.domain_names

    if replace(sent, envelope=planned.envelope) != planned or len(_everybody(sent)) != len(_everybody(planned)):
        return False
    pairs = zip(_everybody(sent), _everybody(planned), strict=True)
    return all(one == other or (outside(one) and outside(other)) for one, other in pairs)


def _everybody(message: TestMessage) -> tuple[Address | None, ...]:
    return (message.envelope.mail_from, *message.envelope.rcpt_to)


def _where(sessions: Sequence[TlsSession], envelope: Envelope) -> TlsSession:
    """Find the session in which an envelope was offered; where in none, the last tells why."""
    return next((one for one in sessions if any(o.envelope == envelope for o in one.offered)), sessions[-1])

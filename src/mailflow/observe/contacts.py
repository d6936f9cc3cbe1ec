"""Whom a live run will contact, and what it will say there: known before the first SMTP packet leaves.

Only hosts that follow from the environment or from its DNS: the tenant's host, own servers and a filter's, MX hosts.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.environment.mailboxes import Home
from mailflow.environment.message import STRANGER, Kind, TestMessage, messages
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.mail.address import Address, domain_name, is_within
from mailflow.mail.envelope import Envelope
from mailflow.mail.envelope import path as angle
from mailflow.observe.eye import Eye
from mailflow.observe.policy_fetch import PolicyHosting, find_hosting, may_be_contacted
from mailflow.records.answer import Answer, MxRecord, Question
from mailflow.records.mx import by_preference, is_null_mx

# The kinds of which a session shows something that stops before DATA.
OFFERED = (
    Kind.STRANGER_TO_MICROSOFT_365,
    Kind.STRANGER_TO_ON_PREMISES,
    Kind.STRANGER_RELAY,
    Kind.STRANGER_RELAY_BY_FILTER,
    Kind.STRANGER_AS_DEVICE,
    Kind.INTERNET_TO_UNKNOWN,
)
PORT = 25


@dataclass(frozen=True, slots=True)
class Contact:
    """One address, and everything that is offered to it."""

    host: str
    address: IPAddress
    why: str  # from where it is known
    envelopes: tuple[Envelope, ...] = ()

    def lines(self, helo: str) -> tuple[str, ...]:
        """Tell whom and how, the envelopes a line each."""
        offers = (
            f"MAIL FROM:{angle(one.mail_from)} RCPT TO:{', '.join(f'<{to}>' for to in one.rcpt_to)} RSET"
            for one in self.envelopes
        )
        head = f"{self.host} [{self.address}] port {PORT} ({self.why}): EHLO {helo}, STARTTLS, QUIT; never DATA"
        return (head, *(f"  {offer}" for offer in offers))


@dataclass(frozen=True, slots=True)
class Ask:
    """One planned message: what is offered in its place, and where."""

    planned: TestMessage
    message: TestMessage  # the same, from a stranger who has the name under which the run looks
    envelope: Envelope  # with a known recipient beside an unknown one: whoever refuses both says nothing of one
    at: tuple[tuple[str, IPAddress], ...]  # host and address
    nobody: str = ""  # why there is nobody to ask
    null_mx: bool = False  # for the recipient's domain says that it takes no mail: its sender keeps it
    unknown: tuple[str, ...] = ()  # which addresses nobody could find out: whoever listens there was not asked


@dataclass(frozen=True, slots=True)
class Knock:
    """A planned MX host of a domain at one address, and recipients that it should know; they may be none."""

    domain: str
    host: str
    address: IPAddress
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a run contacts."""

    contacts: tuple[Contact, ...]
    asks: tuple[tuple[str, Ask], ...]  # with the domain for which it is asked
    knocks: tuple[Knock, ...]
    tenant: tuple[IPAddress, ...]  # of the tenant's host, which must answer: one of each family
    policies: tuple[PolicyHosting, ...] = ()  # of every domain, whether somebody is asked for it or not

    def lines(self, helo: str) -> tuple[str, ...]:
        """Tell it, for the eyes of whoever starts the run."""
        fetches = (one.line() for one in self.policies if not one.unasked)
        return (*(line for contact in self.contacts for line in contact.lines(helo)), *fetches)

    @property
    def nobody(self) -> tuple[str, ...]:
        """Why there is nobody to ask, each reason once: without it a short list would pass for the whole."""
        return tuple(dict.fromkeys(ask.nobody for _, ask in self.asks if ask.nobody))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why addresses could not be found out, each reason once: unsaid, those addresses would pass for absent."""
        return tuple(dict.fromkeys(why for _, ask in self.asks for why in ask.unknown))


async def contacts(environment: Environment, eye: Eye, looks_as: str = STRANGER) -> Plan:
    """Find out whom to contact. Asks the DNS and nobody else.

    `looks_as`: the name in EHLO, and the domain of the stranger who sends. Let it be one that the DNS knows and
    that is not the organization's: many servers refuse senders whose domain does not exist.
    """
    looks_as = domain_name(looks_as)
    finding = _Finding(environment, eye)
    asks = [
        (domain.name, await finding.ask(domain, planned, _as(planned, looks_as)))
        for domain in environment.domains
        for kind in OFFERED
        for planned in messages(environment, domain, kind)
    ]
    knocks = [knock for domain in environment.domains for knock in await finding.knocks(domain, looks_as)]
    tenant = await finding.host(environment.tenant_host(environment.with_mail[0].name))
    for server in environment.servers:
        if server.is_outer:
            await finding.host(server.name)
    offered: dict[IPAddress, dict[Envelope, None]] = {}
    for _, ask in asks:
        for _, address in ask.at:
            offered.setdefault(address, {})[ask.envelope] = None
    for knock in knocks:
        if knock.envelope.rcpt_to:
            offered.setdefault(knock.address, {})[knock.envelope] = None
    found = tuple(replace(one, envelopes=tuple(offered.get(one.address, ()))) for one in finding.contacts.values())
    policies = await asyncio.gather(*(find_hosting(eye, domain.name) for domain in environment.domains))
    return Plan(found, tuple(asks), tuple(knocks), tuple(address for _, address in tenant.at), tuple(policies))


def _as(planned: TestMessage, looks_as: str) -> TestMessage:
    """Let whoever sends a message from outside have the name under which the run looks, and nobody else's."""

    def renamed(address: Address) -> Address:
        if not is_within(address.domain, STRANGER):
            return address
        return Address(address.local, address.domain.removesuffix(STRANGER) + looks_as)

    sender = planned.envelope.mail_from
    if sender and planned.submitted_at != STRANGER:  # a party that exists, and has not asked for this
        sender = Address("somebody", looks_as)
    envelope = Envelope(renamed(sender) if sender else None, tuple(map(renamed, planned.envelope.rcpt_to)))
    return replace(planned, submitted_at=looks_as, envelope=envelope)


@dataclass(frozen=True, slots=True)
class _Found:
    """The addresses of a host, or why there are none."""

    at: tuple[tuple[str, IPAddress], ...]
    nobody: str = ""
    unknown: tuple[str, ...] = ()  # beside those that were found
    null_mx: bool = False


@dataclass
class _Finding:
    environment: Environment
    eye: Eye
    contacts: dict[IPAddress, Contact] = field(default_factory=dict)

    async def ask(self, domain: Domain, planned: TestMessage, message: TestMessage) -> Ask:
        envelope = message.envelope
        if message.direct_to:
            found = await self.host(message.direct_to)
        else:
            found = await self._by_mx(envelope.rcpt_to[0].domain)
            known = (
                *self.environment.mailboxes_in(domain, Home.ON_PREMISES),
                *self.environment.mailboxes_in(domain, Home.CLOUD),
            )
            envelope = replace(envelope, rcpt_to=(*known[:1], *envelope.rcpt_to))
        unknown = found.unknown if found.at else ()
        return Ask(planned, message, envelope, found.at, found.nobody, found.null_mx, unknown)

    async def knocks(self, domain: Domain, looks_as: str) -> list[Knock]:
        """Knock at every planned MX host of a domain, for a listed mailbox of each side."""
        known = (mailbox for home in Home for mailbox in self.environment.mailboxes_in(domain, home)[:1])
        envelope = Envelope(Address("somebody", looks_as), tuple(known))
        hosts = self.environment.planned_mx(domain)
        found = [await self.host(host, f"planned MX host of {domain.name}") for host in hosts]
        return [Knock(domain.name, host, address, envelope) for one in found for host, address in one.at]

    async def host(self, name: str, why: str = "") -> _Found:
        """Find the addresses of a host: those that the environment gives a server, and those in the DNS."""
        server = next((one for one in self.environment.servers if one.name == name), None)
        answers = await asyncio.gather(*(self.eye.lookup(Question(name, rdtype)) for rdtype in ("A", "AAAA")))
        listed = server.public_listens if server else ()
        published = [value for answer in answers for value in answer.values if not isinstance(value, (str, MxRecord))]
        addresses = tuple(dict.fromkeys((*listed, *(one for one in published if may_be_contacted(one)))))
        if is_microsoft_host(name):  # every address is the same service: one of each family is enough
            addresses = tuple(
                min(a for a in addresses if a.version == v) for v in sorted({a.version for a in addresses})
            )
        if server:
            why = server.origin
        elif not why:
            why = "the tenant's host"
        for address in addresses:
            self.contacts.setdefault(address, Contact(name, address, why))
        at = tuple((name, address) for address in addresses)
        unknown = tuple(_unknown(answer) for answer in answers if answer.failed)
        return _Found(at, "" if at else _no_address(name, answers), unknown)

    async def _by_mx(self, domain: str) -> _Found:
        answer = await self.eye.lookup(Question(domain, "MX"))
        hosts = [record.exchange for record in by_preference(answer) if record.exchange != "."]
        if not hosts:
            return _Found((), _no_mx(answer), null_mx=is_null_mx(by_preference(answer)))
        found = [await self.host(host, f"MX record of {domain}") for host in hosts]
        at = tuple(dict.fromkeys(pair for one in found for pair in one.at))
        unknown = tuple(dict.fromkeys(why for one in found for why in one.unknown))
        return _Found(at, "" if at else "; ".join(one.nobody for one in found), unknown)


def _no_address(name: str, answers: Sequence[Answer]) -> str:
    said = "; ".join(f"{answer.question.type}: {_what(answer)}" for answer in answers)
    return f"{name} has no address to contact ({said})"


def _unknown(answer: Answer) -> str:
    return f"nobody was asked at the {answer.question.type} addresses of {answer.question.name}: {_what(answer)}"


def _no_mx(answer: Answer) -> str:
    if answer.values:
        return f"{answer.question.name} takes no mail: null MX (RFC 7505)"
    return f"no MX record of {answer.question.name} could be found ({_what(answer)})"


def _what(answer: Answer) -> str:
    values: Iterable[str] = map(str, answer.values)
    return ", ".join(values) or "; ".join(answer.text) or str(answer.outcome)

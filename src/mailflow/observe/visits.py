"""Carrying out the plan of a live run: the tenant's host first, then everybody, each address in turn, all once."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.message import STRANGER
from mailflow.mail.address import domain_name
from mailflow.observe.contacts import PORT, Contact, Plan
from mailflow.observe.dialogue import PARTING_S, Clock, Ending, Endpoint
from mailflow.observe.manners import Manners
from mailflow.observe.smtp import TlsSession, visit
from mailflow.observe.vantage import Vantage, vantage

_AT_ONCE = 8  # addresses that are visited at the same time
# Refusals count as errors: Exchange closes after five (MaxProtocolErrors), Postfix slows down after ten.
_A_VISIT = 4  # envelopes


@dataclass(frozen=True, slots=True)
class Visited:
    """What the visits of a run saw."""

    vantage: Vantage
    sessions: Mapping[IPAddress, tuple[TlsSession, ...]]  # the first of each address shows its TLS


@dataclass
class Visitor:
    """How a run looks: as whom, how long, how often. Use it in one event loop."""

    roots: ssl.SSLContext  # verifies chains; its check_hostname is off
    clock: Clock = time.monotonic  # seconds, for the times in dialogues
    looks_as: str = STRANGER  # the name in EHLO and the domain of the stranger: one that the DNS knows
    manners: Manners = field(default_factory=Manners)
    endpoint: Callable[[IPAddress], Endpoint] = lambda address: Endpoint(str(address), PORT)
    reply_s: float = 10.0  # as for `visit`
    session_s: float = 40.0
    run_s: float = 240.0  # after so long no visit begins any more

    def __post_init__(self) -> None:
        """Take no name that is none: it goes into the dialogue as it stands.

        Raises:
            AddressError: `looks_as` is no domain name.

        """
        self.looks_as = domain_name(self.looks_as)

    @property
    def longest_s(self) -> float:
        """Seconds after which `carry_out` has ended, whatever the servers do."""
        waiting = self.manners.apart_s + self.manners.visits / self.manners.per_second
        return self.run_s + waiting + 2 * (self.session_s + PARTING_S)

    async def carry_out(self, environment: Environment, plan: Plan, given: Sequence[IPAddress] = ()) -> Visited:
        """Visit every contact of the plan. `given`: public addresses of this run, as far as somebody named them."""
        places = asyncio.Semaphore(_AT_ONCE)
        until = asyncio.get_running_loop().time() + self.run_s

        async def all_of(contacts: Iterable[Contact], stands: Vantage) -> dict[IPAddress, tuple[TlsSession, ...]]:
            async def one(contact: Contact) -> tuple[TlsSession, ...]:
                if shut := stands.shut.get(contact.address.version):
                    return (not_opened(contact.address, shut),)
                async with places:
                    return await self._visit(contact, until)

            contacts = tuple(contacts)
            found = await asyncio.gather(*map(one, contacts))
            return {contact.address: sessions for contact, sessions in zip(contacts, found, strict=True)}

        first = [contact for contact in plan.contacts if contact.address in plan.tenant]
        others = [contact for contact in plan.contacts if contact.address not in plan.tenant]
        tenant = await all_of(first, Vantage({}))
        stands = vantage(environment, [(one.host, tenant[one.address][0]) for one in first], given)
        sessions = tenant | await all_of(others, stands)
        if stands.altered:
            sessions = {
                address: tuple(replace(one, from_here=stands.altered) for one in several)
                for address, several in sessions.items()
            }
        return Visited(stands, sessions)

    async def _visit(self, contact: Contact, until: float) -> tuple[TlsSession, ...]:
        """Offer all that is planned for an address, a few envelopes a visit, as long as each visit gets an answer.

        `until`: when no visit begins any more, by the clock of the loop.
        """
        found: list[TlsSession] = []
        left = contact.envelopes
        while left or not found:
            if asyncio.get_running_loop().time() >= until:
                found.append(not_opened(contact.address, f"this run opens no session after {self.run_s:g} s"))
                break
            if not await self.manners.turn(str(contact.address)):
                found.append(not_opened(contact.address, "this run has knocked as often as it may"))
                break
            session = await visit(
                contact.address,
                self.endpoint(contact.address),
                self.roots,
                self.looks_as,
                left[:_A_VISIT],
                reply_s=self.reply_s,
                session_s=self.session_s,
                clock=self.clock,
            )
            found.append(session)
            answered = {one.envelope for one in session.offered}
            if not answered:
                break
            left = tuple(one for one in left if one not in answered)
        return tuple(found)


def not_opened(address: IPAddress, why: str) -> TlsSession:
    """Make a session that never was."""
    return TlsSession(address, reached=False, starttls=False, trouble=why, ending=Ending.NOT_OPENED, from_here=why)

"""Fetching the MTA-STS policy of a domain: only where a record announces one, from its host, by its DNS (RFC 8461)."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from mailflow.environment.environment import IPAddress
from mailflow.observe.dialogue import PARTING_S, Endpoint
from mailflow.observe.eye import Eye
from mailflow.observe.https import PORT, WHOLE_S, Fetched, Reach, fetch, not_fetched
from mailflow.observe.manners import Manners
from mailflow.records.answer import Answer, MxRecord, Question
from mailflow.records.mta_sts import PATH, VERSION, host_of
from mailflow.records.tag_list import versions

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class PolicyHosting:
    """From where the policy of a domain comes; or why nobody is asked for it."""

    domain: str
    addresses: tuple[IPAddress, ...] = ()  # in the order of trying
    unasked: Fetched | None = None

    @property
    def host(self) -> str:
        """The host of the policy."""
        return host_of(self.domain)

    async def fetch(self, reach: Reach, roots: ssl.SSLContext, whole_s: float = WHOLE_S) -> Fetched:
        """Fetch it, where somebody is to be asked; see `https.fetch`."""
        return self.unasked or await fetch(self.host, PATH, self.addresses, reach, roots, whole_s=whole_s)

    def not_fetched(self, why: str) -> Fetched:
        """Tell why a run did not fetch it."""
        return not_fetched(f"https://{self.host}{PATH}", why, from_here=True)

    def line(self) -> str:
        """Tell whom and how, for the eyes of whoever starts a run."""
        at = ", ".join(map(str, self.addresses))
        return f"{self.host} [{at}] port {PORT} (MTA-STS policy of {self.domain}): GET https://{self.host}{PATH}"


@dataclass
class PolicyVisitor:
    """How a live run fetches policies: all of them, a few at a time, and how long. Use it in one event loop."""

    roots: ssl.SSLContext  # verifies chain and name
    manners: Manners
    reach: Reach = lambda address: Endpoint(str(address), PORT)
    whole_s: float = WHOLE_S  # as for `https.fetch`
    run_s: float = 120.0  # after so long no fetch begins any more

    @property
    def longest_s(self) -> float:
        """Seconds after which `carry_out` has ended, whatever the hosts do."""
        waiting = self.manners.apart_s + self.manners.visits / self.manners.per_second
        return self.run_s + waiting + 2 * (self.whole_s + PARTING_S)

    async def carry_out(self, hostings: Sequence[PolicyHosting]) -> dict[str, Fetched]:
        """Fetch every policy, by domain."""
        places = asyncio.Semaphore(_AT_ONCE)
        clock = asyncio.get_running_loop().time
        until = clock() + self.run_s

        async def one(hosting: PolicyHosting) -> Fetched:
            if hosting.unasked:
                return hosting.unasked
            async with places:
                if clock() >= until:
                    return hosting.not_fetched(f"this run fetches nothing after {self.run_s:g} s")
                if not await self.manners.turn(str(hosting.addresses[0])):
                    return hosting.not_fetched("this run has knocked as often as it may")
                return await hosting.fetch(self.reach, self.roots, self.whole_s)

        found = await asyncio.gather(*map(one, hostings))
        return {hosting.domain: fetched for hosting, fetched in zip(hostings, found, strict=True)}


async def find_hosting(eye: Eye, domain: str) -> PolicyHosting:
    """Find out whom to ask for the policy of a domain. Asks the DNS and nobody else."""
    url = f"https://{host_of(domain)}{PATH}"
    txt = await eye.lookup(record_of(domain))
    if not versions(txt.values, VERSION):
        why = f"the look-up of {txt.question} failed" if txt.failed else "no record announces a policy"
        return PolicyHosting(domain, unasked=not_fetched(url, why, from_here=True))
    answers = await asyncio.gather(*(eye.lookup(Question(host_of(domain), kind)) for kind in ("A", "AAAA")))
    found = [value for answer in answers for value in answer.values if not isinstance(value, (str, MxRecord))]
    addresses = tuple(address for address in found if may_be_contacted(address))
    if addresses:
        return PolicyHosting(domain, addresses)
    if found:
        why = f"{host_of(domain)} has no address but {', '.join(map(str, found))}, where no host of others is"
        return PolicyHosting(domain, unasked=not_fetched(url, why, from_here=False))
    told = "; ".join(f"{answer.question.type}: {_what(answer)}" for answer in answers)
    failed = any(answer.failed for answer in answers)
    why = f"{host_of(domain)} has no address ({told})"
    return PolicyHosting(domain, unasked=not_fetched(url, why, from_here=failed))


def record_of(domain: str) -> Question:
    """Ask for the record that announces the policy of a domain (section 3.1)."""
    return Question(f"_mta-sts.{domain}", "TXT")


def may_be_contacted(address: IPAddress) -> bool:
    """Say whether an address from the DNS may be one of a host, and not of this machine or this network."""
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local)


def _what(answer: Answer) -> str:
    return "; ".join(answer.text) or str(answer.outcome)

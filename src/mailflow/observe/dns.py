"""Looking things up in the DNS, with dnspython. Five ways of getting no record stay five different things."""

import asyncio
from collections.abc import Generator, Sequence
from ipaddress import ip_address
from typing import TypeVar

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdata
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver

from mailflow.records.answer import Answer, MxRecord, Outcome, Question, Value

T = TypeVar("T")

_AT_ONCE = 32  # look-ups under way; dnspython is bound by the processor, more only brings timeouts
_TRY_S = 3.0
_LIFETIME_S = 9.0
_LINES = 200  # records of one answer that are kept as evidence


class DnsEye:
    """Asks each question once. Use it in one event loop."""

    def __init__(
        self, servers: Sequence[tuple[str, int]], try_s: float = _TRY_S, lifetime_s: float = _LIFETIME_S
    ) -> None:
        """Set up what to ask, and how long.

        `servers`: address and port of each resolver, in the order of trying; `try_s`: seconds that one of them has
        for its answer; `lifetime_s`: seconds for a question in all.
        """
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._resolver.timeout = try_s
        self._resolver.lifetime = lifetime_s
        self._asked: dict[Question, asyncio.Task[Answer]] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def lookup(self, question: Question) -> Answer:
        """Look one thing up. Never raises: what went wrong is the answer's outcome."""
        if question not in self._asked:
            self._asked[question] = asyncio.get_running_loop().create_task(self._ask(question))
        return await asyncio.shield(self._asked[question])

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every answer so far, in the order of asking."""
        done = (task for task in self._asked.values() if task.done() and not task.cancelled())
        return tuple(task.result() for task in done)

    async def drive(self, evaluation: Generator[Question, Answer, T]) -> T:
        """Answer the questions of an evaluation until it has its result."""
        try:
            question = next(evaluation)
            while True:
                question = evaluation.send(await self.lookup(question))
        except StopIteration as done:
            result: T = done.value
            return result

    async def _ask(self, question: Question) -> Answer:
        try:
            name = dns.name.from_text(question.name)
        except (dns.exception.DNSException, UnicodeError) as wrong:  # an empty label, a label that is too long
            return Answer(question, Outcome.NXDOMAIN, text=(f"no name that DNS can hold: {wrong}",))
        async with self._places:
            try:
                found = await self._resolver.resolve(name, question.type, search=False)
            except dns.resolver.NXDOMAIN as absent:
                aliases = _aliases(next(iter(absent.kwargs.get("responses", {}).values()), None))
                return Answer(question, Outcome.NXDOMAIN, aliases=aliases, text=("NXDOMAIN: the name does not exist",))
            except dns.resolver.NoAnswer as empty:
                aliases = _aliases(empty.kwargs.get("response"))
                return Answer(question, Outcome.NO_DATA, aliases=aliases, text=(f"no {question.type} record",))
            except dns.resolver.NoNameservers as failed:
                return _unanswered(question, failed)
            except dns.exception.Timeout:
                within = f"{self._resolver.lifetime:g} s"
                return Answer(question, Outcome.TIMEOUT, text=(f"no answer within {within}",))
            except dns.exception.DNSException as odd:  # YXDOMAIN, which no query should get
                return Answer(question, Outcome.SERVFAIL, text=(f"no usable answer: {odd}",))
        records = list(found)
        lines = tuple(f"{found.canonical_name} {question.type} {record.to_text()}" for record in records[:_LINES])
        return Answer(
            question,
            Outcome.FOUND,
            tuple(_value(record) for record in records),
            ttl=found.rrset.ttl if found.rrset is not None else None,
            aliases=_aliases(found.response),
            server=f"{found.nameserver}:{found.port}" if found.nameserver else "",
            text=lines,
        )


def _unanswered(question: Question, failed: dns.resolver.NoNameservers) -> Answer:
    """Tell SERVFAIL from REFUSED from a server that cannot be talked to."""
    outcome, words = Outcome.SERVFAIL, "no server gave an answer"
    aliases: tuple[str, ...] = ()
    for server, _, __, error, response in failed.kwargs.get("errors", ()):
        words = f"no usable answer from {server}: {error}"
        if response is not None and response.rcode() != dns.rcode.NOERROR:
            outcome = Outcome.REFUSED if response.rcode() == dns.rcode.REFUSED else Outcome.SERVFAIL
            words = f"{dns.rcode.to_text(response.rcode())} from {server}"
            aliases = _aliases(response)
    if outcome is Outcome.REFUSED:
        words += ": it knows nothing of this name"
    return Answer(question, outcome, aliases=aliases, text=(words,))


def _aliases(response: dns.message.Message | None) -> tuple[str, ...]:
    if not isinstance(response, dns.message.QueryMessage):
        return ()
    try:
        chain = response.resolve_chaining()
    except dns.exception.DNSException:
        return ()
    return tuple(_name(rrset[0].target) for rrset in chain.cnames)


def _value(record: dns.rdata.Rdata) -> Value:
    if isinstance(record, dns.rdtypes.ANY.MX.MX):
        return MxRecord(record.preference, _name(record.exchange) or ".")
    if isinstance(record, (dns.rdtypes.IN.A.A, dns.rdtypes.IN.AAAA.AAAA)):
        return ip_address(record.address)
    if isinstance(record, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(record.strings).decode("utf-8", "backslashreplace")
    if isinstance(record, (dns.rdtypes.ANY.CNAME.CNAME, dns.rdtypes.ANY.PTR.PTR, dns.rdtypes.ANY.NS.NS)):
        return _name(record.target)
    return record.to_text()


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")

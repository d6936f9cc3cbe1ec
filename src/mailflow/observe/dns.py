"""Looking things up in the DNS: each question once, from resolvers or straight from the servers of a zone.

dnspython writes queries and reads replies; what was not answered is asked once more, elsewhere.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from mailflow.observe.dns_ahead import look_ahead
from mailflow.observe.dns_exchange import Asking, to_ask
from mailflow.observe.dns_name_servers import NameServer, name_servers
from mailflow.observe.dns_port import SourcePorts
from mailflow.observe.dns_server import DnsServer
from mailflow.observe.eye import AuthoritativeAnswer, Eye
from mailflow.records.answer import Answer, Outcome, Question

T = TypeVar("T")

_AT_ONCE = 64  # questions under way; at 20 ms that is as much as dnspython can read
_TRY_S = 3.0
_SILENCES = 64  # questions in a row to which nobody said a word: that is no resolver
_CHAIN = 16  # aliases that are followed at the most

# Where two tries failed, the one that tells more stands: an answer of whatever kind, then silence, then no way there.
_TELLS_LEAST = (Outcome.UNREACHABLE, Outcome.TIMEOUT)


class DnsEye(Eye):
    """Asks each question once. Use it in one event loop."""

    def __init__(
        self,
        servers: Sequence[tuple[str, int]],
        try_s: float = _TRY_S,
        *,
        reach: Callable[[str], tuple[str, int]] = DnsServer,
    ) -> None:
        """Set up what to ask, and how long.

        `servers`: address and port of each resolver, in the order of trying; `try_s`: seconds that one of them has
        for its answer, by UDP and again by TCP; `reach`: where the DNS server with this address answers, for questions
        to the servers of a zone. In a simulation that is no place on the Internet.
        """
        self._servers = [DnsServer(*server) for server in servers]
        if not self._servers:
            raise ValueError("at least one resolver is needed")
        self._try_s = try_s
        self._reach = reach
        self._ports = SourcePorts()
        self._asked: dict[Question, asyncio.Task[Answer]] = {}
        self._servers_asked: dict[Question, asyncio.Task[tuple[AuthoritativeAnswer, ...]]] = {}
        self._ahead: asyncio.Task[None] | None = None
        self._silences = 0
        self._trying = False
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def lookup(self, question: Question) -> Answer:
        """Look one thing up. Never raises: what went wrong is the answer's outcome."""
        asked = self._asked.get(question)
        if asked is None:
            asked = self._asked[question] = asyncio.get_running_loop().create_task(self._ask(question))
        return asked.result() if asked.done() else await asyncio.shield(asked)

    async def look_ahead(self, domains: Iterable[str]) -> None:
        """Begin to ask what will be asked about these domains, and return at once; see `dns_ahead`."""
        self._ahead = asyncio.get_running_loop().create_task(look_ahead(self, tuple(domains)))

    def known(self, question: Question) -> Answer | None:
        """Give an answer that there is already; to be called from any thread."""
        asked = self._asked.get(question)
        return asked.result() if asked and asked.done() and not asked.cancelled() else None

    async def authoritative(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        """Ask every name server, see `Eye`. Each is asked once."""
        if question not in self._servers_asked:
            asking = asyncio.get_running_loop().create_task(self._ask_servers(question))
            self._servers_asked[question] = asking
        return await asyncio.shield(self._servers_asked[question])

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Every answer so far, in the order of asking."""
        return tuple(_results(self._asked.values()))

    @property
    def authoritative_answers(self) -> tuple[AuthoritativeAnswer, ...]:
        """What every name server said so far, in the order of asking."""
        return tuple(one for entries in _results(self._servers_asked.values()) for one in entries)

    async def _ask(self, question: Question) -> Answer:
        """Ask, and follow an alias whose end the resolver left out, before there counts as being no record."""
        answer = part = await self._of_resolvers(question)
        met = {question.name.lower().removesuffix(".")}
        while part.outcome is Outcome.NO_DATA and part.aliases:
            met.update(part.aliases[:-1])
            if part.aliases[-1] in met or len(answer.aliases) > _CHAIN:
                words = f"the aliases of {question.name} go round in a circle, or on without end"
                return replace(answer, outcome=Outcome.UNUSABLE, text=(words,))
            part = await self._of_resolvers(Question(part.aliases[-1], question.type))
            answer = replace(
                part, question=question, aliases=answer.aliases + part.aliases, tries=answer.tries + part.tries
            )
        return answer

    async def _of_resolvers(self, question: Question) -> Answer:
        asking = to_ask(question, recursive=True)
        if isinstance(asking, Answer):
            return asking
        first, *others = self._servers
        async with self._places:
            found = await self._or_give_up(asking, first, others[0] if others else first)
        if not found.failed and found.tries and self._servers[0] == first:
            self._servers = [*others, first]  # who failed where another did not is asked last from now on
        return found

    async def _or_give_up(self, asking: Asking, first: DnsServer, second: DnsServer) -> Answer:
        """Ask, unless nobody answers any more; then one question at a time still finds out whether that is over."""
        if self._silences >= _SILENCES:
            if self._trying:
                words = f"not asked: none of the last {self._silences} questions got any answer"
                return Answer(asking.question, Outcome.TIMEOUT, text=(words,))
            self._trying = True
        try:
            found = await self._twice(asking, first, second)
        finally:
            self._trying = False
        self._silences = self._silences + 1 if found.outcome in _TELLS_LEAST else 0
        return found

    async def _ask_servers(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        asking = to_ask(question, recursive=False)
        if isinstance(asking, Answer):
            return (AuthoritativeAnswer("", "", asking),)

        async def ask(one: NameServer) -> AuthoritativeAnswer:
            if one.unasked:
                return AuthoritativeAnswer(one.name, "", one.unasked)
            server = DnsServer(*self._reach(one.address))
            async with self._places:
                return AuthoritativeAnswer(one.name, one.address, await self._twice(asking, server, server))

        return tuple(await asyncio.gather(*map(ask, await name_servers(self.lookup, question))))

    async def _twice(self, asking: Asking, first: DnsServer, second: DnsServer) -> Answer:
        """Ask one server and, where that fails, another; the same one by TCP where there is no other."""
        one = await asking.put(self._ports, first, self._try_s)
        if not one.failed:
            return one
        two = await asking.put(self._ports, second, self._try_s, tcp=second == first)
        if two.failed and _tells(two) < _tells(one):
            one, two = two, one
        return replace(two, tries=one.text)


def _results(tasks: Iterable[asyncio.Task[T]]) -> Iterator[T]:
    return (task.result() for task in tasks if task.done() and not task.cancelled())


def _tells(answer: Answer) -> int:
    return _TELLS_LEAST.index(answer.outcome) if answer.outcome in _TELLS_LEAST else len(_TELLS_LEAST)

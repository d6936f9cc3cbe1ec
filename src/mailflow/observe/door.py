"""The only door to the outside: a check asks here, and cannot tell a simulation from the Internet.

Everything is asked once and remembered; every call has a deadline.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol, TypeVar

from mailflow.environment.environment import Domain, Environment, IPAddress, Server, Stage
from mailflow.environment.message import Kind
from mailflow.environment.worlds import World
from mailflow.event_loop import EventLoopThread
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.eye import EVALUATION_S, AuthoritativeAnswer, Eye, late
from mailflow.observe.https import WHOLE_S, Fetched
from mailflow.observe.path import MailPath
from mailflow.observe.reached import Reached
from mailflow.observe.recording import Recording
from mailflow.observe.smtp import TlsSession, visit
from mailflow.records.answer import Answer, Question

T = TypeVar("T")

_DNS_S = 60.0
_SMTP_S = 90.0
_POST_S = 120.0
_POLICY_S = 2 * WHOLE_S + 30.0  # a second connection shows what is wrong with a certificate


class Post(Protocol):
    """Sends test messages, or knows those that were sent, and tells their paths."""

    async def paths(
        self, environment: Environment, domain: Domain, kinds: Collection[Kind] = tuple(Kind)
    ) -> Mapping[Kind, tuple[MailPath, ...]]:
        """Give the path of every message of these kinds for one domain."""


class WorldPost(Protocol):
    """Sends test messages in another world than the planned one, or knows those that were sent there."""

    async def paths(self, domain: Domain) -> tuple[MailPath, ...]:
        """Give the path of every message that tells whether a domain's mail gets through there."""


@dataclass
class Door:
    """What can be observed of one environment."""

    environment: Environment
    mode: str  # simulated, live, recorded
    stage: Stage
    loop: EventLoopThread
    eye: Eye
    post: Post
    endpoint: Callable[[IPAddress], Endpoint | None]  # the address book: where an address answers; None: nobody does
    roots: ssl.SSLContext
    looks_as: str  # the name in EHLO
    check: Callable[[], None]  # raises what went wrong beyond the door and is no fact of mail
    fetch_policy: Callable[[Domain], Coroutine[Any, Any, Fetched]]  # of MTA-STS, where it was not fetched before
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    assumed: Callable[[Server], str] = lambda _: ""  # what a simulation takes for granted about a server's TLS
    sessions: dict[str, tuple[TlsSession, ...]] = field(default_factory=dict)  # by server, as far as looked at
    reached: dict[str, tuple[Reached, ...]] = field(default_factory=dict)  # by domain: its planned MX hosts
    policies: dict[str, Fetched] = field(default_factory=dict)  # by domain: its MTA-STS policy, as far as fetched
    source: Recording | None = None  # what a recorded run is answered from
    worlds: Mapping[World, WorldPost] = field(default_factory=dict)  # none: what was before is not recorded
    vantage: str = ""  # from which public address a live run looks, as far as it is known
    _paths: dict[str, dict[Kind, tuple[MailPath, ...]]] = field(default_factory=dict)
    _in_worlds: dict[World, dict[str, tuple[MailPath, ...]]] = field(default_factory=dict)

    def _call(self, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        result = self.loop.call(work, deadline_s)
        self.check()
        return result

    def recording(self) -> Recording:
        """Give everything that was observed so far, to be judged again elsewhere."""
        if self.source:
            return self.source
        return Recording(
            mode=self.mode,
            stage=self.stage,
            at=self.now,
            vantage=self.vantage,
            environment=self.environment.name,
            digest=self.environment.digest,
            answers=self.eye.answers,
            authoritative=self.eye.authoritative_answers,
            tls=self.sessions,
            reached=self.reached,
            policies=self.policies,
            paths=self._paths,
            worlds=self._in_worlds,
        )

    def lookup(self, name: str, rdtype: str) -> Answer:
        """Look one thing up in the DNS."""
        (answer,) = self.lookups([Question(name, rdtype)])
        return answer

    def lookups(self, questions: Sequence[Question]) -> tuple[Answer, ...]:
        """Look several things up at once."""
        known = tuple(filter(None, map(self.eye.known, questions)))
        if len(known) == len(questions):
            return known  # and nobody waits for the other thread

        async def together() -> tuple[Answer, ...]:
            return tuple(await asyncio.gather(*map(self.eye.lookup, questions)))

        return self._call(together(), _DNS_S)

    def authoritative(self, name: str, rdtype: str) -> tuple[AuthoritativeAnswer, ...]:
        """Ask every name server of the zone that a name lies in; never empty, see `Eye.authoritative`."""
        return self._call(self.eye.authoritative(Question(name, rdtype)), _DNS_S)

    def drive(self, evaluations: Sequence[Generator[Question, Answer, T]]) -> tuple[T, ...]:
        """Answer the questions of several evaluations, all at once, and give their results."""
        results: dict[int, T] = {}
        answers: dict[int, Answer | None] = dict.fromkeys(range(len(evaluations)))  # None starts a generator
        until = monotonic() + EVALUATION_S
        while answers:
            questions: dict[int, Question] = {}
            for number, answer in answers.items():
                try:
                    questions[number] = self._advance(evaluations[number], answer)
                except StopIteration as done:
                    results[number] = done.value
            asked = list(questions.values())
            found = self.lookups(asked) if monotonic() < until else tuple(map(late, asked))
            answers = dict(zip(questions, found, strict=True))
        return tuple(results[number] for number in range(len(evaluations)))

    def _advance(self, evaluation: Generator[Question, Answer, T], answer: Answer | None) -> Question:
        """Give answers to an evaluation until it asks something new."""
        question = next(evaluation) if answer is None else evaluation.send(answer)
        while known := self.eye.known(question):
            question = evaluation.send(known)
        return question

    def paths(self, domain: Domain, kind: Kind) -> tuple[MailPath, ...]:
        """Give the paths of every message of one kind; none where there is no such message.

        Those of all kinds are sent together: whoever judges a domain asks for most of them.
        """
        return self._sent(domain, tuple(Kind))[kind]

    def paths_of_all_domains(self, *kinds: Kind) -> tuple[MailPath, ...]:
        """Give the paths of these kinds for every domain, as rows of the tenant ask for them; no other is sent."""
        return tuple(
            path for domain in self.environment.domains for kind in kinds for path in self._sent(domain, kinds)[kind]
        )

    def _sent(self, domain: Domain, kinds: Sequence[Kind]) -> Mapping[Kind, tuple[MailPath, ...]]:
        known = self._paths.setdefault(domain.name, {})
        if missing := [kind for kind in kinds if kind not in known]:
            known |= self._call(self.post.paths(self.environment, domain, missing), _POST_S)
        return known

    def paths_in(self, world: World, domain: Domain) -> tuple[MailPath, ...]:
        """Give the paths of what is sent in another world, of which a simulation starts when somebody asks first.

        None where what was before is not recorded: then there is no such world.
        """
        found = self._in_worlds.setdefault(world, {})
        if domain.name not in found:
            post = self.worlds.get(world)
            if post is None:
                return ()
            found[domain.name] = self._call(post.paths(domain), _POST_S)
        return found[domain.name]

    def policy(self, domain: Domain) -> Fetched:
        """Fetch the MTA-STS policy of a domain, where a record announces one."""
        if domain.name not in self.policies:
            self.policies[domain.name] = self._call(self.fetch_policy(domain), _POLICY_S)
        return self.policies[domain.name]

    def tls(self, server: Server) -> tuple[TlsSession, ...]:
        """Look at the TLS of a server, at every public address where it listens."""
        if server.name not in self.sessions:

            async def together() -> tuple[TlsSession, ...]:
                looks = [
                    visit(address, endpoint, self.roots, self.looks_as)
                    if (endpoint := self.endpoint(address))
                    else _nobody(address)
                    for address in server.public_listens
                ]
                return tuple(await asyncio.gather(*looks))

            assumed = self.assumed(server)
            self.sessions[server.name] = tuple(
                replace(session, assumed=assumed) for session in self._call(together(), _SMTP_S)
            )
        return self.sessions[server.name]


async def _nobody(address: IPAddress) -> TlsSession:
    return TlsSession(address, reached=False, starttls=False, trouble="nobody listens there")

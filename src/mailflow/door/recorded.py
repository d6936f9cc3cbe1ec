"""The door to a recording: every look is answered from what an earlier run observed. Nothing is contacted."""

import ssl
from collections.abc import Collection

from mailflow.door.look import LIVE
from mailflow.environment.environment import Domain, Environment, Server, Stage
from mailflow.environment.export_age import without_stale_exports
from mailflow.environment.message import Kind
from mailflow.environment.worlds import World, messages_in
from mailflow.event_loop import EventLoopThread
from mailflow.observe.as_shown import as_shown
from mailflow.observe.door import Door
from mailflow.observe.eye import AuthoritativeAnswer, Eye
from mailflow.observe.https import Fetched
from mailflow.observe.path import Disposition, MailPath
from mailflow.observe.policy_fetch import PolicyHosting
from mailflow.observe.recording import Recording
from mailflow.observe.smtp import TlsSession
from mailflow.observe.unseen import unseen
from mailflow.records.answer import Answer, Outcome, Question

_NOT_THERE = "the recording does not hold it: the run that made it did not ask"


def recorded(environment: Environment, loop: EventLoopThread, recording: Recording) -> Door:
    """Open the door to a recording of an environment."""
    sessions = {server.name: _sessions(server, recording.tls.get(server.name, ())) for server in environment.servers}

    async def fetch_policy(domain: Domain) -> Fetched:
        return PolicyHosting(domain.name).not_fetched(_NOT_THERE)

    return Door(
        (
            as_shown(without_stale_exports(environment, recording.at), sessions)
            if recording.mode == LIVE
            else environment
        ),
        "recorded",
        Stage(recording.stage),
        loop,
        _Answers(recording),
        _Paths(recording),
        lambda _: None,
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        "",
        lambda: None,
        fetch_policy,
        now=recording.at,
        sessions=sessions,
        reached=dict(recording.reached),
        policies=dict(recording.policies),
        source=recording,
        worlds={world: _World(environment, recording, world) for world in World} if environment.before else {},
        vantage=recording.vantage,
    )


class _Answers(Eye):
    """Gives the answers of a recording. Whatever it lacks counts as unanswered, never as absent."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._recorded = {answer.question: answer for answer in recording.answers}

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Everything that was recorded."""
        return self._recording.answers

    @property
    def authoritative_answers(self) -> tuple[AuthoritativeAnswer, ...]:
        """Everything that was recorded."""
        return self._recording.authoritative

    async def lookup(self, question: Question) -> Answer:
        """Give the recorded answer."""
        return self.known(question)

    def known(self, question: Question) -> Answer:
        """Give the recorded answer."""
        return self._recorded.get(question) or _unanswered(question)

    async def authoritative(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        """Give what the name servers said in the recording."""
        recorded = tuple(one for one in self._recording.authoritative if one.answer.question == question)
        return recorded or (AuthoritativeAnswer("", "", _unanswered(question)),)


def _unanswered(question: Question) -> Answer:
    return Answer(question, Outcome.TIMEOUT, text=(_NOT_THERE,))


class _Paths:
    """Gives the paths of a recording."""

    def __init__(self, recording: Recording) -> None:
        self._recorded = recording.paths
        # In a live run one received message may stand for several: which were planned does not show what lacks.
        self._every = recording.mode != LIVE

    async def paths(
        self, environment: Environment, domain: Domain, kinds: Collection[Kind] = tuple(Kind)
    ) -> dict[Kind, tuple[MailPath, ...]]:
        """Give the recorded paths of a domain."""
        planned = unseen(environment, domain, _NOT_THERE)
        found = self._recorded.get(domain.name)
        if found is None:
            return {kind: planned[kind] for kind in kinds}
        return {
            kind: _whole(found.get(kind, ()), planned[kind]) if self._every else found.get(kind, ()) for kind in kinds
        }


class _World:
    """Gives the paths in another world that a recording holds."""

    def __init__(self, environment: Environment, recording: Recording, world: World) -> None:
        self._environment = environment
        self._recorded = recording.worlds.get(world, {})
        self._world = world

    async def paths(self, domain: Domain) -> tuple[MailPath, ...]:
        """Give the recorded paths of a domain."""
        planned = tuple(
            MailPath(message, recipient, Disposition.UNSEEN, (), assumptions=(_NOT_THERE,))
            for message in messages_in(self._environment, domain, self._world)
            for recipient in message.envelope.rcpt_to
        )
        return _whole(self._recorded.get(domain.name, ()), planned)


def _sessions(server: Server, held: tuple[TlsSession, ...]) -> tuple[TlsSession, ...]:
    """Give a session for every address at which a server listens, whatever the recording lacks."""
    missing = [address for address in server.listens if all(one.address != address for one in held)]
    return (*held, *(TlsSession(a, reached=False, starttls=False, trouble=_NOT_THERE) for a in missing))


def _whole(held: tuple[MailPath, ...], planned: tuple[MailPath, ...]) -> tuple[MailPath, ...]:
    """Add what a recording lacks of the planned messages: a part of a simulation must not pass for all of it."""
    there = {(one.message, one.recipient) for one in held}
    return (*held, *(one for one in planned if (one.message, one.recipient) not in there))

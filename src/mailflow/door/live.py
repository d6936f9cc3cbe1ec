"""The door to what is there: the real DNS, the real servers. Nothing is sent; sessions stop before DATA."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from mailflow.door.look import Look
from mailflow.door.worlds import with_worlds
from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.environment.export_age import without_stale_exports
from mailflow.environment.message import STRANGER
from mailflow.event_loop import EventLoopThread
from mailflow.observe.as_shown import as_shown
from mailflow.observe.contacts import Plan
from mailflow.observe.dns import DnsEye
from mailflow.observe.dns_server import resolvers_of_the_system
from mailflow.observe.door import Door
from mailflow.observe.https import Fetched
from mailflow.observe.live_post import LivePost
from mailflow.observe.messages import read_messages
from mailflow.observe.policy_fetch import PolicyHosting, PolicyVisitor
from mailflow.observe.roots import roots
from mailflow.observe.smtp import TlsSession
from mailflow.observe.visits import Visitor, not_opened

_PLAN_S = 120.0  # some look-ups for each domain and host
_MORE_S = 30.0  # for a busy machine, beyond what the visits may take by themselves


@contextmanager
def live(environment: Environment, loop: EventLoopThread, look: Look) -> Iterator[Door]:
    """Say whom this will contact, visit them all, and open the door to what was seen."""
    now = datetime.now(UTC)
    eye, post = _looking(environment, look, now)
    loop.call(eye.look_ahead(domain.name for domain in environment.domains), _PLAN_S)
    plan = loop.call(post.plan(), _PLAN_S)
    _announce(plan, environment, look)
    visited = loop.call(post.visited(), post.visitor.longest_s + _MORE_S)
    web = PolicyVisitor(roots(environment.authorities, by_name=True), post.visitor.manners, look.web)
    policies = loop.call(web.carry_out(plan.policies), web.longest_s + _MORE_S)
    look.say(f"{environment.name}: {visited.vantage}")
    sessions = {
        server.name: tuple(_first(visited.sessions.get(address), address) for address in server.public_listens)
        for server in environment.servers
    }

    async def fetch_policy(domain: Domain) -> Fetched:
        return PolicyHosting(domain.name).not_fetched("it is not among those whom this run contacts")

    door = Door(
        as_shown(without_stale_exports(environment, now), sessions),
        "live",
        look.stage,
        loop,
        eye,
        post,
        look.endpoint,
        post.visitor.roots,
        post.visitor.looks_as,
        lambda: None,
        fetch_policy,
        now=now,
        sessions=sessions,
        reached=loop.call(post.reached(), _MORE_S),
        policies=policies,
        vantage=str(visited.vantage).removeprefix("looks from "),
    )
    with with_worlds(door, environment):  # nobody can go back to try: these are simulated here too
        yield door


def announce(environment: Environment, loop: EventLoopThread, look: Look) -> None:
    """Say whom a live run would contact, and how. Asks the DNS and nobody else."""
    _, post = _looking(environment, look, datetime.now(UTC))
    _announce(loop.call(post.plan(), _PLAN_S), environment, look)


def _looking(environment: Environment, look: Look, now: datetime) -> tuple[DnsEye, LivePost]:
    resolvers = look.resolvers or resolvers_of_the_system()
    look.say(f"{environment.name}: asks the DNS at {', '.join(map(str, resolvers))}, and the name servers it names")
    eye = DnsEye(resolvers, reach=look.name_server)
    visitor = Visitor(
        roots(environment.authorities),
        looks_as=look.looks_as or STRANGER,
        manners=look.manners(),
        endpoint=look.endpoint,
    )
    read = partial(read_messages, stage=look.stage)
    return eye, LivePost(environment, eye, visitor, read, now, look.vantage)


def _announce(plan: Plan, environment: Environment, look: Look) -> None:
    for line in plan.lines(look.looks_as or STRANGER):
        look.say(f"{environment.name}: contacts {line.strip()}" if not line.startswith(" ") else f"  {line.strip()}")
    for reason in plan.nobody:
        look.say(f"{environment.name}: finds nobody to contact: {reason}")
    for reason in plan.unknown:
        look.say(f"{environment.name}: does not find everybody: {reason}")


def _first(sessions: tuple[TlsSession, ...] | None, address: IPAddress) -> TlsSession:
    return sessions[0] if sessions else not_opened(address, "it is not among those whom this run contacts")

"""Sessions that stop before DATA and messages that are really sent tell the same of the same servers."""

import asyncio
import ssl
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailflow.door import open_door
from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.observe.contacts import OFFERED
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns import DnsEye
from mailflow.observe.live_post import LivePost
from mailflow.observe.manners import Manners
from mailflow.observe.path import Disposition, MailPath
from mailflow.observe.smtp import proxy_preamble
from mailflow.observe.visits import Visitor
from mailflow.simulate.simulation import Simulation

FIXTURES = Path(__file__).parents[1] / "fixtures"
STANDS = {4: ip_address("198.18.0.99"), 6: ip_address("2001:db8:ffff::99")}  # a stranger's addresses
# What a session can say of what happens to a message that is sent.
SEEN_AS = {
    Disposition.REFUSED: Disposition.REFUSED,
    Disposition.DELIVERED: Disposition.UNSEEN,
    Disposition.RETURNED: Disposition.UNSEEN,  # taken first, then returned
    Disposition.WAITING: Disposition.UNSEEN,  # 421: a lock, or a bad day
}


async def offered(environment: Environment) -> dict[Kind, tuple[MailPath, ...]]:
    """Look at a simulation as a live run does."""
    simulation = Simulation(environment)
    await simulation.start()
    try:
        roots = ssl.create_default_context(cadata=simulation.authorities.trusted_pem)
        roots.check_hostname = False

        def endpoint(address: IPAddress) -> Endpoint:
            preamble = proxy_preamble(STANDS[address.version], address)
            return Endpoint("127.0.0.1", simulation.book[address], preamble)

        visitor = Visitor(roots, manners=Manners(per_second=1000.0, apart_s=0.0), endpoint=endpoint)
        eye = DnsEye([("127.0.0.1", simulation.dns.port)])
        post = LivePost(environment, eye, visitor, lambda *_: {}, datetime.now(UTC), tuple(STANDS.values()))
        return await post.paths(environment, environment.domains[0])
    finally:
        await simulation.stop()


@pytest.mark.parametrize("name", ["scenario-1", "scenario-2", "scenario-3", "scenario-4"])
def test_sessions_say_what_messages_show(name: str) -> None:
    environment = load(FIXTURES / name)
    found = asyncio.run(offered(environment))
    with open_door(environment) as door:
        sent = {kind: door.paths(environment.domains[0], kind) for kind in OFFERED}
    compared = 0
    for kind in OFFERED:
        for message in sent[kind]:
            # The sender of mail from the Internet is whoever looks; a stranger's stays as it is planned.
            same = [one for one in found[kind] if kind is Kind.INTERNET_TO_UNKNOWN or one.message == message.message]
            assert same
            assert {one.disposition for one in same} == {SEEN_AS[message.disposition]}
            if message.disposition is Disposition.REFUSED:
                assert {one.reply for one in same} == {message.reply}
            compared += 1
    assert compared >= 6 + 1 + 2 + 1

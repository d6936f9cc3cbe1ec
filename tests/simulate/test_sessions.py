"""Messages that go the same way follow one another in one SMTP session (RFC 5321 section 3.3)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailflow.environment.message import Kind, TestMessage
from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.reply import Reply
from mailflow.routing import journal
from mailflow.routing.decision import Client, Refuse, TlsDemand
from mailflow.simulate.simulation import Simulation
from mailflow.simulate.smtp import SmtpServer
from tests.simulate.conftest import RULE, Rules

World = Any  # tests/simulate/conftest.py

ZONES = {"from.example": "@ A 192.0.2.10", "to.example": "@ MX 10 mail\nmail A 192.0.2.20"}


@dataclass
class Counting(Rules):
    """Counts the sessions that somebody opens."""

    sessions: list[Client] = field(default_factory=list)

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        self.sessions.append(client)
        return super().connection(client, assume)


def post(
    world: World, *recipients: str, times: int = 1, between: Callable[[Simulation], Awaitable[None]] | None = None
) -> list[tuple[str, str]]:
    """Submit a message to each recipient, all at once, so many times; gives recipient and reply of each handover."""
    messages = [
        TestMessage(
            Kind.INTERNET_TO_CLOUD, "mail.from.example", Envelope(Address("a", "from.example"), (Address.parse(to),))
        )
        for to in recipients
    ]

    async def work(simulation: Simulation) -> None:
        for time in range(times):
            if time and between:
                await between(simulation)
            await simulation.post(messages)

    world.run(work)
    return sorted(
        (str(entry.recipient), str(entry.reply).replace(entry.next_id or "-", "ID", 1))
        for entry in world.journal
        if isinstance(entry, journal.Sent)
    )


QUEUED = "250 2.6.0 ID Queued mail for delivery"


def test_messages_of_one_way_share_a_session(world: Callable[..., World]) -> None:
    made = world(ZONES)
    server = Counting()
    relay = (made.by_mx(tls=TlsDemand(required=True)),)
    made.host("mail.from.example", "192.0.2.10", made.rules({f"{n}@to.example": relay for n in "bcd"}))
    made.host("mail.to.example", "192.0.2.20", server, leaf=made.leaf("mail.to.example"))

    assert post(made, "b@to.example", "c@to.example", "d@to.example") == [
        ("b@to.example", QUEUED),
        ("c@to.example", QUEUED),
        ("d@to.example", QUEUED),
    ]
    assert len(server.sessions) == 1


def test_another_demand_or_another_name_in_ehlo_is_another_way(world: Callable[..., World]) -> None:
    made = world(ZONES)
    server = Counting()
    acts = {
        "b@to.example": (made.by_mx(),),
        "c@to.example": (made.by_mx(tls=TlsDemand(required=True)),),
        "d@to.example": (made.by_mx(helo="other.from.example"),),
    }
    made.host("mail.from.example", "192.0.2.10", made.rules(acts))
    made.host("mail.to.example", "192.0.2.20", server, leaf=made.leaf("mail.to.example"))

    assert [reply for _, reply in post(made, *acts)] == [QUEUED] * 3
    assert len(server.sessions) == 3
    assert {client.helo for client, _, to in server.asked if to.local == "d"} == {"other.from.example"}


def test_a_refused_recipient_leaves_the_session_to_the_next_message(world: Callable[..., World]) -> None:
    made = world(ZONES)
    server = Counting(refuses={"b@to.example": Refuse(Reply(550, "5.1.1", "User unknown"), RULE)})
    made.host("mail.from.example", "192.0.2.10", made.rules({f"{n}@to.example": (made.by_mx(),) for n in "bc"}))
    made.host("mail.to.example", "192.0.2.20", server)

    assert post(made, "b@to.example", "c@to.example") == [
        ("b@to.example", "550 5.1.1 User unknown"),
        ("c@to.example", QUEUED),
    ]
    assert len(server.sessions) == 1


def test_a_session_stays_for_the_messages_that_come_later(world: Callable[..., World]) -> None:
    made = world(ZONES)
    server = Counting()
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))
    made.host("mail.to.example", "192.0.2.20", server)

    assert post(made, "b@to.example", times=2) == [("b@to.example", QUEUED)] * 2
    assert len(server.sessions) == 1


def test_a_session_that_the_server_ended_is_opened_anew(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world(ZONES)
    server = Counting()
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))
    made.host("mail.to.example", "192.0.2.20", server)
    connected: list[SmtpServer] = []
    listen = SmtpServer.connection_made
    monkeypatch.setattr(SmtpServer, "connection_made", lambda s, way: (connected.append(s), listen(s, way)))

    async def silent(simulation: Simulation) -> None:
        connected[0]._timeout_cb()  # what aiosmtpd does after five minutes
        (session,) = simulation._sessions._sessions.values()
        # Until the client hears of it, of which there is no event.
        while session.client and session.client.is_connected:  # noqa: ASYNC110
            await asyncio.sleep(0)

    assert post(made, "b@to.example", times=2, between=silent) == [("b@to.example", QUEUED)] * 2
    assert len(server.sessions) == 2


def test_who_is_not_talked_to_tries_again_with_the_next_message(world: Callable[..., World]) -> None:
    made = world(ZONES)
    server = Counting(shuts_out=Refuse(Reply(421, "4.3.2", "Service not available"), RULE))
    made.host("mail.from.example", "192.0.2.10", made.rules({f"{n}@to.example": (made.by_mx(),) for n in "bc"}))
    made.host("mail.to.example", "192.0.2.20", server)

    assert {reply for _, reply in post(made, "b@to.example", "c@to.example")} == {
        "421 4.4.2 Connection dropped (421 4.3.2 Service not available)"
    }
    assert len(server.sessions) == 2

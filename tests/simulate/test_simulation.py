"""A whole simulated environment: it stays on loopback, comes to rest, and does not hide its own mistakes."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailflow.door import open_door
from mailflow.environment.environment import Environment
from mailflow.environment.message import Kind
from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.observe.path import Disposition, Place
from mailflow.routing import journal
from mailflow.routing.decision import Client, Refuse
from mailflow.simulate import simulation as simulation_module
from mailflow.simulate.simulation import Simulation, SimulationError
from mailflow.simulate.smtp import SmtpServer, Taken, Transaction
from mailflow.simulate.zones import STRANGER_ADDRESS

World = Any  # tests/simulate/conftest.py

ZONES = {"to.example": "@ MX 10 mail\nmail A 192.0.2.20", "from.example": "@ A 192.0.2.10"}


def test_a_whole_environment_stays_on_loopback(
    scenario: Callable[[str], Environment], beyond_loopback: list[Any]
) -> None:
    environment = scenario("scenario-1")
    with open_door(environment) as door:
        (domain,) = environment.domains
        (first, *_) = door.paths(domain, Kind.INTERNET_TO_ON_PREMISES)
        assert first.places == (Place.INTERNET, Place.MICROSOFT_365, Place.ON_PREMISES)
        assert first.disposition is Disposition.DELIVERED
        assert door.lookup("contoso.com", "MX").values
        (session,) = door.tls(environment.on_premises.servers[0])
        assert (session.version, session.distrust, session.trouble) == ("TLSv1.3", "", "")
    assert beyond_loopback == []


class BrokenError(Exception):
    """A mistake in a router."""


@pytest.mark.parametrize("where", ["connection", "recipient", "actions", "hop_limit"])
def test_a_mistake_in_a_router_ends_the_simulation(world: Callable[..., World], where: str) -> None:
    made = world(ZONES)

    def broken(*_: object) -> None:
        raise BrokenError(where)

    rules = made.rules()
    setattr(rules, where, broken)
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))
    made.host("mail.to.example", "192.0.2.20", rules)
    with pytest.raises(SimulationError, match="a simulated server of scenario-4 failed") as caught:
        made.post("mail.from.example", "a@from.example", "b@to.example")
    assert isinstance(caught.value.__cause__, BrokenError)
    with pytest.raises(SimulationError):
        made.simulation.check()


def test_a_mistake_in_a_router_ends_the_observation(
    scenario: Callable[[str], Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailflow.routing.exchange_server import ExchangeServerRouter

    def broken(*_: object) -> None:
        raise BrokenError

    monkeypatch.setattr(ExchangeServerRouter, "connection", broken)
    environment = scenario("scenario-4")
    with open_door(environment) as door, pytest.raises(SimulationError):
        door.tls(environment.on_premises.servers[0])


def test_what_does_not_come_to_rest_is_no_fact_of_mail(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world(ZONES)
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(),)}))

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    made.simulation.hand_over = never
    made.host("mail.to.example", "192.0.2.20", made.rules())
    monkeypatch.setattr(simulation_module, "REST_S", 0.05)
    with pytest.raises(SimulationError, match="messages did not come to rest within 0 s"):
        made.post("mail.from.example", "a@from.example", "b@to.example")


def test_nothing_works_before_the_start(scenario: Callable[[str], Environment]) -> None:
    with pytest.raises(SimulationError, match="has not been started"):
        asyncio.run(Simulation(scenario("scenario-4")).targets((), "contoso.com"))


def test_every_entry_is_told_as_it_is_written(world: Callable[..., World]) -> None:
    made = world(ZONES)
    heard: list[journal.Entry] = []
    made.simulation._tell = heard.append
    made.host("mail.from.example", "192.0.2.10", made.rules())
    made.post("mail.from.example", "a@from.example", "b@to.example")
    assert heard == made.journal
    assert len(heard) == 2


def plain(world: World, host: str, talk: Callable[[smtplib.SMTP], Any]) -> Any:
    """Talk to a host at a port where everybody is the stranger."""

    async def work(simulation: Simulation) -> Any:
        port = await simulation.open_port(simulation.mtas[host], STRANGER_ADDRESS)

        def session() -> Any:
            with smtplib.SMTP("127.0.0.1", port, local_hostname="stranger.example", timeout=5) as client:
                return talk(client)

        found = await asyncio.to_thread(session)
        simulation.check()
        return found

    return world.run(work)


def test_at_the_plain_port_everybody_is_the_stranger(world: Callable[..., World]) -> None:
    made = world(ZONES)
    rules = made.rules()
    made.host("mail.to.example", "192.0.2.20", rules, leaf=made.leaf("mail.to.example"))

    def talk(client: smtplib.SMTP) -> dict[str, Any]:
        context = ssl.create_default_context(cadata=made.simulation.authorities.trusted_pem)
        context.check_hostname = False
        client.starttls(context=context)
        return client.sendmail("somebody@stranger.example", ["b@to.example"], "Subject: by hand\r\n\r\nHello")

    assert plain(made, "mail.to.example", talk) == {}
    ((client, mail_from, _),) = rules.asked
    assert (client.address, client.helo, client.tls.version) == (STRANGER_ADDRESS, "stranger.example", "TLSv1.3")
    assert mail_from == Address("somebody", "stranger.example")
    (message,) = made.simulation.mailboxes.values()
    assert message.startswith(b"Received: from stranger.example ([198.18.0.99]) by mail.to.example with ESMTPS")


def test_the_plain_port_shuts_the_stranger_out_where_the_host_does(world: Callable[..., World]) -> None:
    made = world(ZONES)
    refusal = Refuse(Reply(421, "4.3.2", "Service not available"), made.rule)
    made.host("mail.to.example", "192.0.2.20", made.rules(shuts_out=refusal))
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        plain(made, "mail.to.example", lambda client: client.noop())
    assert (caught.value.smtp_code, caught.value.smtp_error) == (421, b"4.3.2 Service not available")
    (entry,) = made.journal
    assert isinstance(entry, journal.Refused)
    assert (entry.client, entry.recipients) == (Client(STRANGER_ADDRESS), ())


def test_one_transaction_does_not_leak_into_the_next(world: Callable[..., World]) -> None:
    made = world(ZONES)
    made.host("mail.to.example", "192.0.2.20", made.rules())

    def talk(client: smtplib.SMTP) -> list[int]:
        client.ehlo()
        client.mail("a@from.example")
        client.rcpt("b@to.example")
        client.rset()
        codes = [client.docmd("DATA")[0]]
        client.mail("a@from.example")
        client.rcpt("c@to.example")
        return [*codes, client.data(b"Subject: second\r\n\r\n")[0]]

    assert plain(made, "mail.to.example", talk) == [503, 250]
    assert [str(mailbox) for mailbox, _ in made.simulation.mailboxes] == ["c@to.example"]


def test_a_null_reverse_path_and_what_is_no_address(world: Callable[..., World]) -> None:
    made = world(ZONES)
    rules = made.rules()
    made.host("mail.to.example", "192.0.2.20", rules)

    def talk(client: smtplib.SMTP) -> list[Any]:
        client.ehlo()
        replies = [client.docmd("MAIL", "FROM:<no.address>"), client.docmd("MAIL", "FROM:<>")]
        replies += [client.docmd("RCPT", f"TO:<{to}>") for to in ("nobody", "b@-.example", "", "b@to.example")]
        return [code for code, _ in replies]

    assert plain(made, "mail.to.example", talk) == [501, 250, 501, 501, 501, 250]
    assert [mail_from for _, mail_from, _ in rules.asked] == [None]


HOSTILE = [
    b"EHLO \xff\xfe\r\n",
    b"EHLO " + b"x" * 5000 + b"\r\n",
    b"HELO\r\nMAIL FROM:<a@b\r\n",
    b"EHLO x\r\nMAIL FROM:<a@b.example> SIZE=99999999999 BODY=8BITMIME SMTPUTF8 X=\r\n",
    b'EHLO x\r\nMAIL FROM:<@a,@b:c@d.example>\r\nRCPT TO:<"quoted local"@to.example>\r\nRCPT TO:<b@[192.0.2.1]>\r\n',
    b"EHLO x) by evil.example id FORGED (\r\nMAIL FROM:<>\r\nRCPT TO:<b@to.example>\r\nDATA\r\n\r\n.\r\n",
    b"\0\0\0\0\r\n",
    b"DATA\r\nRCPT\r\nMAIL\r\nSTARTTLS\r\nAUTH PLAIN x\r\nVRFY\r\nEXPN\r\nHELP XX\r\nNOOP\r\nRSET x\r\n",
    b"x\r\n" * 50,
    b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@to.example>\r\nDATA\r\n" + b"y" * 3000 + b"\r\n.\r\n",
    b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@to.example>\r\nDATA\r\n\xff\xfe: \x00\x1b[2J\r\n\r\n.\r\n",
    b"EHLO x\r\nSTARTTLS\r\nthis is no handshake",
    b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@to.example>\r\nDATA\r\nand then the client is gone",
    b"",
]


@pytest.mark.parametrize("octets", HOSTILE)
def test_whatever_a_client_sends_harms_neither_the_server_nor_the_next_client(
    world: Callable[..., World], octets: bytes
) -> None:
    made = world(ZONES)
    made.host("mail.to.example", "192.0.2.20", made.rules(), leaf=made.leaf("mail.to.example"))

    async def work(simulation: Simulation) -> bytes:
        port = await simulation.open_port(simulation.mtas["mail.to.example"], STRANGER_ADDRESS)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(octets)
        writer.write_eof()
        await reader.read()
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        greeting = await reader.readline()
        writer.close()
        await simulation.post([])
        return greeting

    assert made.run(work) == b"220 mail.to.example ESMTP\r\n"


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO x\r\n",
        b"PROXY UNKNOWN\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x02ab",
    ],
)
def test_a_client_that_does_not_say_who_it_is_gets_no_greeting(world: Callable[..., World], header: bytes) -> None:
    made = world(ZONES)
    rules = made.rules()
    made.host("mail.to.example", "192.0.2.20", rules)

    async def work(simulation: Simulation) -> bytes:
        (port,) = {port for address, port in simulation.book.items() if str(address) == "192.0.2.20"}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(header)
        writer.write_eof()
        greeting = await reader.read()
        writer.close()
        await simulation.post([])
        return greeting

    assert made.run(work) == b""
    assert made.journal == []


@pytest.mark.parametrize(
    "protocol", [b"PROXY TCP4 192.0.2.10 192.0.2.20 40000 25\r\n", b"PROXY TCP6 2001:db8::1 2001:db8::2 4 25\r\n"]
)
def test_the_text_form_of_the_header_will_do(world: Callable[..., World], protocol: bytes) -> None:
    made = world(ZONES)
    rules = made.rules()
    made.host("mail.to.example", "192.0.2.20", rules)

    async def work(simulation: Simulation) -> bytes:
        (port,) = {port for address, port in simulation.book.items() if str(address) == "192.0.2.20"}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(protocol + b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@to.example>\r\nQUIT\r\n")
        said = await reader.read()
        writer.close()
        return said

    assert made.run(work).endswith(b"250 2.1.5 Recipient OK\r\n221 Bye\r\n")
    assert str(rules.asked[0][0].address) in protocol.decode()


def test_the_front_is_not_bound_to_an_mta() -> None:
    """The SMTP server asks whoever stands behind it; the form is `simulate.smtp.Frontage`."""

    class Front:
        def connection(self, client: Client) -> Refuse | None:
            return None

        def recipient(self, client: Client, mail_from: Address | None, recipient: Address) -> Taken | Refuse:
            raise AssertionError("not reached")

        def message(self, client: Client, transaction: Transaction) -> Reply:
            raise AssertionError("not reached")

    async def work() -> bytes:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SmtpServer(Front(), STRANGER_ADDRESS, loop=loop, hostname="front.example"), "127.0.0.1", 0
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"EHLO x\r\nQUIT\r\n")
            said = await reader.read()
            writer.close()
            return said

    said = asyncio.run(work())
    assert said.startswith(b"220 front.example ESMTP\r\n250-front.example\r\n")
    assert b"AUTH" not in said
    assert b"STARTTLS" not in said
    assert Assumptions().made == ()


def test_a_server_whose_certificate_nobody_supplied_proves_nothing_over_tls(
    scenario: Callable[[str], Environment],
) -> None:
    """It offers no STARTTLS for want of a file: true of the folder, not of the server."""
    shipped = scenario("scenario-4")
    (named,) = shipped.on_premises.servers
    bare = replace(named, certificate=None)
    environment = replace(shipped, on_premises=replace(shipped.on_premises, servers=(bare,)))
    why = "the environment names no certificate for mail.contoso.com"
    with open_door(environment) as door:
        (domain,) = environment.domains
        (session,) = door.tls(bare)
        assert (session.starttls, session.assumed) == (False, why)
        demanded = door.paths(domain, Kind.CLOUD_TO_ON_PREMISES)
        assert {path.assumptions for path in demanded} == {(why,)}
        # An outside sender takes TLS where it is offered and minds nothing.
        assert [path.assumptions for path in door.paths(domain, Kind.INTERNET_TO_ON_PREMISES)] == [()]
    with open_door(shipped) as door:
        assert [session.assumed for session in door.tls(named)] == [""]


def test_a_server_without_the_certificate_of_its_connector_offers_no_starttls(
    scenario: Callable[[str], Environment],
) -> None:
    shipped = scenario("scenario-4")
    exchange = replace(shipped.on_premises.exchange, certificates=())
    environment = replace(shipped, on_premises=replace(shipped.on_premises, exchange=exchange))
    with open_door(environment) as door:
        (session,) = door.tls(environment.on_premises.servers[0])
        assert (session.reached, session.starttls, session.assumed) == (True, False, "")

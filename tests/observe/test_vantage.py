"""Where a run stands, as far as it finds out, and what that hides."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from mailflow.environment.environment import Environment, IPAddress, OtherServer
from mailflow.environment.load import load
from mailflow.exchange.known import Unknown
from mailflow.observe.dialogue import Ending
from mailflow.observe.smtp import TlsSession
from mailflow.observe.vantage import vantage

HOST = "contoso-com.mail.protection.outlook.com"
V4, V6 = ip_address("52.101.1.1"), ip_address("2a01:111:f403::1")


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load(Path(__file__).parents[2] / "fixtures" / "scenario-4")


def session(
    address: IPAddress = V4, heard: str = "mail", local: str = "10.9.8.7", ending: Ending = Ending.PARTED
) -> tuple[str, TlsSession]:
    seen = TlsSession(address, reached=True, starttls=True, heard=(heard, "STARTTLS"), local=local, ending=ending)
    return HOST, seen


@pytest.mark.parametrize(
    ("heard", "known"),
    [
        ("AM7EUR06FT013.mail.protection.outlook.com Hello [203.0.113.9]", "203.0.113.9"),
        ("mail.example Hello host.example [203.0.113.9], pleased to meet you", "203.0.113.9"),
        ("mail.example Hello [IPv6:2001:db8::9]", "2001:db8::9"),
        ("mail.example Hello [2001:db8::9]", "2001:db8::9"),
        ("mail.example", None),
        ("mail.example Hello [999.0.0.1]", None),
        ("mail.example Hello [:::::]", None),
        ("mail.example [203.0.113.9]", None),  # its own, as far as anybody knows
    ],
)
def test_the_address_that_a_server_sees(environment: Environment, heard: str, known: str | None) -> None:
    stands = vantage(environment, [session(heard=heard)])
    assert stands.addresses == ({ip_address(known): f"as {HOST} sees it"} if known else {})


def test_a_private_address_is_none_that_a_stranger_has(environment: Environment) -> None:
    stands = vantage(environment, [session(heard="mail Hello [192.168.1.1]")])
    assert stands.addresses == {}
    assert stands.no_stranger(4) == "from which IPv4 address this run looks is not known: say it with --vantage"
    assert str(stands) == "looks from an address that is not known"


def test_the_own_end_where_nothing_translates_it(environment: Environment) -> None:
    stands = vantage(environment, [session(local="198.51.100.7"), session(V6, local="2001:db8::7")])
    assert stands.addresses == dict.fromkeys(
        map(ip_address, ("198.51.100.7", "2001:db8::7")), "the own end of the connection"
    )
    assert (stands.no_stranger(4), stands.no_stranger(6)) == ("", "")
    # A server that saw another one knows better.
    stands = vantage(environment, [session(heard="mail Hello [203.0.113.9]", local="198.51.100.7")])
    assert stands.addresses == {ip_address("203.0.113.9"): f"as {HOST} sees it"}


def test_what_is_given_comes_first(environment: Environment) -> None:
    stands = vantage(environment, [session(heard="mail Hello [203.0.113.9]")], (ip_address("203.0.113.9"),))
    assert str(stands) == "looks from 203.0.113.9 (given)"
    assert stands.no_stranger(6) == "from which IPv6 address this run looks is not known: say it with --vantage"


def inside(environment: Environment, address: str) -> str:
    return vantage(environment, [], (ip_address(address),)).inside


def test_the_ranges_of_the_organization(environment: Environment) -> None:
    (server,) = environment.on_premises.servers
    listed = f"an address of mail.contoso.com ({server.origin})"
    assert inside(environment, "131.107.21.231") == f"131.107.21.231 is {listed}"
    assert inside(environment, "203.0.113.60") == (
        "203.0.113.60 is an address of newsletter, which sends for the organization"
    )
    assert inside(environment, "203.0.113.61") == ""


def relaying_for(environment: Environment, *networks: str) -> Environment:
    other = OtherServer((), tuple(map(ip_network, networks)), False, None, (), {}, True)
    (server,) = environment.on_premises.servers
    own = replace(environment.on_premises, servers=(replace(server, other=other),))
    return replace(environment, on_premises=own)


def test_who_may_relay_is_no_stranger(environment: Environment) -> None:
    relays = relaying_for(environment, "10.0.0.0/8", "0.0.0.0/0", "::/0")
    (server,) = relays.on_premises.servers
    why = f"10.9.8.7 is in 10.0.0.0/8, for which mail.contoso.com relays ({server.origin})"
    stands = vantage(relays, [session(heard="mail Hello [203.0.113.9]")])
    assert stands.inside == why
    assert stands.no_stranger(4) == f"what only a stranger can see is not seen from here: {why}"
    # Whoever names the public address knows what the private one means; an open door makes nobody an insider.
    assert vantage(relays, [session()], (ip_address("203.0.113.9"),)).inside == ""


def test_whom_the_tenant_takes_for_the_organization(environment: Environment) -> None:
    online = environment.microsoft_365.online
    assert not isinstance(online.inbound_connectors, Unknown)
    connector = replace(online.inbound_connectors[0], sender_ip_addresses=(ip_network("198.51.100.0/24"),))
    unknown = replace(connector, sender_ip_addresses=Unknown("the export lacks it"))
    changed = replace(online, inbound_connectors=(unknown, connector))
    tenant = replace(environment.microsoft_365, online=changed)
    assert inside(replace(environment, microsoft_365=tenant), "198.51.100.7") == (
        f"198.51.100.7 is in 198.51.100.0/24, which the inbound connector '{connector.name}' takes for the "
        "organization's"
    )
    nothing = replace(tenant, online=replace(online, inbound_connectors=Unknown("no export")))
    assert inside(replace(environment, microsoft_365=nothing), "198.51.100.7") == ""


@pytest.mark.parametrize("ending", [Ending.NO_CONNECTION, Ending.UNREACHABLE, Ending.NOT_LISTENING])
def test_shut_where_every_address_of_a_family_is(environment: Environment, ending: Ending) -> None:
    silent = replace(session(V6, ending=ending)[1], reached=False, starttls=False, heard=(), trouble="as it went")
    stands = vantage(environment, [session(), (HOST, silent)], (ip_address("203.0.113.9"),))
    why = (
        f"port 25 is blocked on the way out from here over IPv6: {HOST} [{V6}], which answers everybody, did not "
        "(as it went)"
    )
    assert stands.shut == {6: why}
    assert str(stands) == f"looks from 203.0.113.9 (given); {why}"
    assert vantage(environment, [(HOST, silent), session(V6)]).shut == {}


@pytest.mark.parametrize("ending", set(Ending) - {Ending.NO_CONNECTION, Ending.UNREACHABLE, Ending.NOT_LISTENING})
def test_whatever_answers_shows_that_the_way_is_open(environment: Environment, ending: Ending) -> None:
    assert vantage(environment, [session(ending=ending)]).shut == {}


def test_nothing_is_said_of_a_way_that_nobody_tried(environment: Environment) -> None:
    assert vantage(environment, []).shut == {}


def test_starttls_gone_on_the_way(environment: Environment) -> None:
    host, seen = session()
    told = f"something near here alters SMTP: {HOST}, which offers STARTTLS to everybody, did not"
    gone = replace(seen, starttls=False, heard=("mail", "SIZE"))
    masked = replace(seen, starttls=False, heard=("mail", "XXXXXXXA"))
    unheard = replace(seen, starttls=False, heard=())
    assert vantage(environment, [(host, seen)]).altered == ""
    assert vantage(environment, [(host, gone)]).altered == told
    assert vantage(environment, [(host, masked)]).altered == f"{told}: 'XXXXXXXA' stands there"
    assert vantage(environment, [(host, unheard)]).altered == ""

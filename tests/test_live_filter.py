"""A live run before a third-party filter: its servers are visited as own ones are, and said first."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailflow.door import RECORDED, Look, open_door
from mailflow.environment.environment import Environment, Stage
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.judge import disposition, tls
from mailflow.observe.door import Door
from mailflow.observe.path import Disposition, Place
from mailflow.observe.pieces import whole
from mailflow.observe.recording import read, written
from mailflow.observe.vantage import vantage
from mailflow.policy.finding import Verdict
from tests.published import published

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def front() -> Environment:
    return load(FIXTURES / "third-party-filter")


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def door(front: Environment, told: list[str]) -> Iterator[Door]:
    with published(front) as look, open_door(front, look.telling(told.append)) as opened:
        yield opened


def sessions(environment: Environment, door: Door) -> tls.Sessions:
    return [(server, session) for server in environment.filter_servers for session in door.tls(server)]


def test_its_servers_are_among_those_whom_the_run_says_first(front: Environment, door: Door, told: list[str]) -> None:
    contacts = [line.split(": EHLO ")[0] for line in told if ": contacts mx" in line]
    assert contacts == [
        f"third-party-filter: contacts {server.name} [{server.listens[0]}] port 25 ({server.origin})"
        for server in front.filter_servers
    ]


def test_its_tls_is_judged_by_what_it_shows(front: Environment, door: Door) -> None:
    seen = sessions(front, door)
    found = [
        tls.offers_starttls(seen),
        tls.speaks_modern_tls(seen),
        tls.names_the_server(seen),
        tls.is_in_date(seen, door.now),
    ]
    both = "so it is at mx1.filter.example [203.0.113.10], mx2.filter.example [203.0.113.11]"
    assert [(one.verdict, one.seen) for one in found] == [(Verdict.COMPLIANT, both)] * 4
    # What is published here has an authority of its own, which nobody trusts, whatever the plan's file says.
    why = "self-signed certificate in certificate chain"
    trust = tls.shows_trusted_certificate(seen)
    assert (trust.verdict, trust.seen) == (
        Verdict.NON_COMPLIANT,
        f"mx1.filter.example [203.0.113.10]: {why}; mx2.filter.example [203.0.113.11]: {why}",
    )
    assert [server.certificate and server.certificate.file for server in door.environment.filter_servers] == [
        "certificates/mx.filter.example.pem"
    ] * 2  # with which it hands on, which no visit shows


def test_a_stranger_asks_each_to_relay_in_his_own_name_and_in_the_organizations(front: Environment, door: Door) -> None:
    (domain,) = front.domains
    paths = door.paths(domain, Kind.STRANGER_RELAY_BY_FILTER)
    offered = [(str(one.message.envelope.mail_from), one.message.direct_to) for one in paths]
    assert offered == [
        (sender, server.name)
        for server in front.filter_servers
        for sender in ("somebody@stranger.example", "postmaster@contoso.com")
    ]
    assert {str(one.recipient) for one in paths} == {"somebody@contoso-com.other.stranger.example"}
    assert {(one.disposition, one.ended_at, str(one.reply)) for one in paths} == {
        (Disposition.REFUSED, Place.FILTER, "554 5.7.1 Relay access denied")
    }
    assert disposition.refused(paths).verdict is Verdict.COMPLIANT


def test_a_recording_of_it_says_the_same(front: Environment, door: Door) -> None:
    (domain,) = front.domains
    seen = sessions(front, door), door.paths(domain, Kind.STRANGER_RELAY_BY_FILTER)
    kept = read(whole(written(door.recording())), "evidence.json")
    with open_door(front, Look(RECORDED, Stage.AFTER, kept)) as again:
        assert (sessions(front, again), again.paths(domain, Kind.STRANGER_RELAY_BY_FILTER)) == seen


def test_from_its_addresses_nobody_sees_what_a_stranger_sees(front: Environment) -> None:
    (one, _) = front.filter_servers
    inside = vantage(front, [], (ip_address("203.0.113.10"),)).inside
    assert inside == f"203.0.113.10 is an address of mx1.filter.example ({one.origin})"

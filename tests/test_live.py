"""The eyes of a live run, pointed at simulated servers on loopback: what it sees, says and refuses to conclude."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from socket import socket

import pytest

from mailflow.door import RECORDED, Look, announce, open_door
from mailflow.environment.environment import Environment, IPAddress, Stage
from mailflow.environment.load import load
from mailflow.environment.master_file import read_zone
from mailflow.environment.message import Kind
from mailflow.judge import disposition, subdomain
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns_server import DnsServer
from mailflow.observe.door import Door
from mailflow.observe.pieces import whole
from mailflow.observe.recording import read, written
from mailflow.policy.finding import Verdict
from mailflow.simulate.zones import STRANGER_ADDRESS
from tests.published import published

FIXTURES = Path(__file__).parents[1] / "fixtures"
LOCKED = (
    "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the message's recipient "
    "domain. The connector had either the RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set"
)


@pytest.fixture(scope="module")
def four() -> Environment:
    return load(FIXTURES / "scenario-4")


@pytest.fixture(scope="module")
def look(four: Environment) -> Iterator[Look]:
    with published(four) as found:
        yield found


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def door(four: Environment, look: Look, told: list[str]) -> Iterator[Door]:
    with open_door(four, look.telling(told.append)) as opened:
        yield opened


def test_whom_it_contacts_is_said_first(door: Door, told: list[str], look: Look) -> None:
    assert told[0] == f"scenario-4: asks the DNS at {look.resolvers[0]}, and the name servers it names"
    contacts = [line for line in told if line.startswith("scenario-4: contacts ")]
    assert [line.split("port")[0].removeprefix("scenario-4: contacts ") for line in contacts] == [
        "contoso-com.mail.protection.outlook.com [40.92.0.36] ",
        "contoso-com.mail.protection.outlook.com [2a01:111:f400::24] ",
        "mail.contoso.com [131.107.21.231] ",
        "mta-sts.contoso.com [131.107.21.232] ",
    ]
    assert all("never DATA" in line for line in contacts[:-1])
    assert contacts[-1].endswith(
        "port 443 (MTA-STS policy of contoso.com): GET https://mta-sts.contoso.com/.well-known/mta-sts.txt"
    )
    assert told[-1].startswith(f"scenario-4: looks from {STRANGER_ADDRESS} (given)")


def test_a_dry_run_asks_the_dns_alone(four: Environment, look: Look) -> None:
    def nobody(address: IPAddress) -> Endpoint:
        raise AssertionError(address)

    lines: list[str] = []
    announce(four, replace(look, endpoint=nobody, web=nobody).telling(lines.append))
    assert any("mail.contoso.com [131.107.21.231] port 25" in line for line in lines)


def test_whom_the_dns_does_not_show_is_told(four: Environment, look: Look) -> None:
    lines: list[str] = []
    with socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and does not listen: nobody answers there
        nobody = DnsServer(*deaf.getsockname())
        announce(four, replace(look, resolvers=(nobody,)).telling(lines.append))
    told = [line for line in lines if "finds nobody to contact: " in line]
    assert [line.split(" (")[0] for line in told] == [
        "scenario-4: finds nobody to contact: contoso-com.mail.protection.outlook.com has no address to contact",
        "scenario-4: finds nobody to contact: no MX record of contoso.com could be found",
    ]
    assert [line.split(" port ")[0] for line in lines if ": contacts " in line] == [
        "scenario-4: contacts mail.contoso.com [131.107.21.231]"
    ]


def test_relay_is_refused(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    finding = disposition.refused(door.paths(domain, Kind.STRANGER_RELAY))
    assert finding.verdict is Verdict.COMPLIANT
    told = "\n".join(line for evidence in finding.evidence for line in evidence.answer)
    assert "C: RCPT TO:<somebody@contoso-com.other.stranger.example>" in told
    assert "C: DATA" not in told


def test_the_lock_is_seen(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    paths = door.paths(domain, Kind.STRANGER_TO_MICROSOFT_365)
    assert len(paths) == 2 * 2 * 3  # over IPv4 and IPv6, to two mailboxes, from three senders
    assert {str(path.reply) for path in paths} == {LOCKED}
    assert disposition.refused(paths).verdict is Verdict.COMPLIANT


def test_what_no_session_shows_is_not_verified(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    finding = disposition.delivered(four, door.paths(domain, Kind.CLOUD_TO_INTERNET))
    assert finding.verdict is Verdict.NOT_VERIFIED


def test_the_certificate_is_the_one_that_was_shown(four: Environment, door: Door) -> None:
    (planned,), (shown,) = four.on_premises.servers, door.environment.on_premises.servers
    assert planned.certificate
    assert shown.certificate
    assert shown.certificate.file == "shown by mail.contoso.com [131.107.21.231]"
    assert shown.certificate.leaf != planned.certificate.leaf
    assert shown.certificate.names == planned.certificate.names


def test_a_recording_of_it_says_the_same(four: Environment, door: Door) -> None:
    (domain,), (server,) = four.domains, four.on_premises.servers
    seen = ([door.paths(domain, kind) for kind in Kind], door.tls(server), door.environment.on_premises.servers)
    kept = read(whole(written(door.recording())), "evidence.json")
    assert (kept.mode, kept.stage) == ("live", "after")
    with open_door(four, Look(RECORDED, Stage.AFTER, kept)) as again:
        assert seen == (
            [again.paths(domain, kind) for kind in Kind],
            again.tls(server),
            again.environment.on_premises.servers,
        )
        assert again.vantage == door.vantage


@pytest.mark.parametrize(
    ("vantage", "why"),
    [("131.107.21.231", "131.107.21.231 is an address of mail.contoso.com"), ("203.0.113.60", "newsletter")],
)
def test_from_inside_nothing_is_known_of_strangers(four: Environment, look: Look, vantage: str, why: str) -> None:
    (domain,) = four.domains
    with open_door(four, replace(look, vantage=(ip_address(vantage),))) as inside:
        finding = disposition.refused(inside.paths(domain, Kind.STRANGER_RELAY))
    assert finding.verdict is Verdict.NOT_VERIFIED
    assert why in finding.seen


def test_the_mta_sts_policy_is_fetched_and_its_certificate_verified(door: Door, four: Environment) -> None:
    """A twin comes from an authority that nobody outside a simulation trusts; what is behind it is seen."""
    found = door.policy(four.domains[0])
    assert (found.url, str(found.address), found.status) == (
        "https://mta-sts.contoso.com/.well-known/mta-sts.txt",
        "131.107.21.232",
        200,
    )
    assert found.distrust == "unable to get local issuer certificate"
    assert found.body == four.policy_hosts["contoso.com"].policy.decode()
    assert door.recording().policies == {"contoso.com": found}


def test_a_policy_that_no_run_planned_to_fetch_is_not_known(door: Door, four: Environment) -> None:
    other = door.policy(replace(four.domains[0], name="fabrikam.com"))
    del door.policies["fabrikam.com"]
    assert (other.body, other.from_here) == (None, "it is not among those whom this run contacts")


def test_names_below_the_domain_are_asked_of_what_is_published(four: Environment) -> None:
    """The plan says which names there are, the DNS where their mail goes: here to nobody any more."""
    (domain,) = four.domains
    file = FIXTURES / "scenario-4" / "zones" / "contoso.com.zone"
    lost = file.read_text(encoding="utf-8").replace("\neu  ", "\n; eu  ")
    old = {**four.zones, "contoso.com": read_zone(lost, "zones/contoso.com.zone")}
    with published(replace(four, zones=old)) as look, open_door(four, look) as door:
        seen = subdomain.look(four, domain, door.lookups)
    eu, news = subdomain.are_led_to_takers(four, domain, seen)
    assert (eu.verdict, eu.seen, eu.evidence[0].answer[0]) == (
        Verdict.NON_COMPLIANT,
        "it has no MX record",
        "NXDOMAIN: the name does not exist",
    )
    assert (news.verdict, news.seen) == (Verdict.COMPLIANT, "it is a host of others")

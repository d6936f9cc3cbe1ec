"""The simulated hosts of MTA-STS policies: each by its name, as the files of the environment have it."""

import ssl
from dataclasses import replace
from ipaddress import ip_address

import pytest

from mailflow.door import open_door
from mailflow.environment.environment import Domain, Environment, PolicyHost, certificate_names
from mailflow.environment.master_file import read_zone
from mailflow.event_loop import EventLoopThread
from mailflow.observe.dialogue import Ending, Endpoint
from mailflow.observe.https import Fetched, fetch
from mailflow.simulate.simulation import Simulation

URL = "https://mta-sts.contoso.com/.well-known/mta-sts.txt"
POLICY = "version: STSv1\nmode: enforce\nmx: mail.contoso.com\nmax_age: 604800\n"


def fetched(environment: Environment, *domains: Domain) -> list[Fetched]:
    with open_door(environment) as door:
        return [door.policy(domain) for domain in domains or environment.domains]


@pytest.fixture
def four(scenario: object) -> Environment:
    assert callable(scenario)
    environment: Environment = scenario("scenario-4")
    return environment


def test_the_policy_comes_over_https_byte_for_byte(four: Environment) -> None:
    (found,) = fetched(four)
    assert (found.url, str(found.address), found.status, found.media_type) == (URL, "131.107.21.232", 200, "text/plain")
    assert (found.body, found.distrust, found.trouble, found.from_here) == (POLICY, "", "", "")
    assert found.certificate is not None
    assert certificate_names(found.certificate) == ("mta-sts.contoso.com",)


def test_several_hosts_share_an_address_each_with_its_certificate_and_policy(four: Environment) -> None:
    host = four.policy_hosts["contoso.com"]
    certificate = replace(host.certificate, leaf=four.on_premises.servers[0].certificate.leaf)  # type: ignore[union-attr]
    other = PolicyHost("mta-sts.mail.contoso.com", host.listens, certificate, "x.txt", b"another\n")
    zone = read_zone(
        "$TTL 60\n@ SOA ns1 x 1 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.53\n"
        '_mta-sts TXT "v=STSv1; id=1"\nmta-sts A 131.107.21.232\n',
        "mail.contoso.com.zone",
    )
    shared = replace(
        four,
        policy_hosts={**four.policy_hosts, "mail.contoso.com": other},
        zones={**four.zones, "mail.contoso.com": zone},
    )
    first, second = fetched(shared, four.domains[0], replace(four.domains[0], name="mail.contoso.com"))
    assert (first.body, first.distrust) == (POLICY, "")
    assert second.body == "another\n"
    assert second.distrust == "Hostname mismatch, certificate is not valid for 'mta-sts.mail.contoso.com'."
    assert second.certificate is not None
    assert certificate_names(second.certificate) == ("mail.contoso.com", "contoso.com")


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("redirects", (301, "text/html", "https://www.mta-sts.contoso.com/.well-known/mta-sts.txt", None)),
        ("no-file", (404, "text/html", "", None)),
        ("html", (200, "text/html; charset=utf-8", "", "<!doctype html><title>Contoso</title><p>Welcome.</p>\n")),
    ],
)
def test_what_a_fault_makes_it_do(does: str, told: tuple[object, ...], four: Environment) -> None:
    (found,) = fetched(replace(four, disturbed={"mta-sts.contoso.com": does}))
    assert (found.status, found.media_type, found.location, found.body) == told


def test_what_the_plan_does_not_hold_is_not_known(four: Environment) -> None:
    (found,) = fetched(replace(four, policy_hosts={}))
    assert (found.ending, found.body) == (Ending.NOT_OPENED, None)
    assert found.from_here == "the environment names no MTA-STS policy of contoso.com (mta_sts)"


def test_nobody_listens_where_the_zone_leads(four: Environment) -> None:
    host = replace(four.policy_hosts["contoso.com"], listens=(ip_address("131.107.21.240"),))
    (found,) = fetched(replace(four, policy_hosts={"contoso.com": host}))
    assert (found.ending, found.trouble, found.from_here) == (Ending.NOT_LISTENING, "nobody listens there", "")


def test_who_asks_for_something_else_is_told_that_there_is_nothing(four: Environment) -> None:

    address = ip_address("131.107.21.232")
    with EventLoopThread() as loop:
        simulation = Simulation(four)
        loop.call(simulation.start(), 30)
        roots = ssl.create_default_context(cadata=simulation.authorities.trusted_pem)
        endpoint = Endpoint("127.0.0.1", simulation.web[address])
        found = loop.call(fetch("mta-sts.contoso.com", "/", (address,), lambda _: endpoint, roots), 30)
        loop.call(simulation.stop(), 30)
    assert (found.status, found.media_type) == (404, "text/plain")

"""`mailflow discover`: asked of the simulated DNS of each environment, it says the scenario or the honest doubt."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailflow.__main__ import main
from mailflow.command.discover import announcements, greet
from mailflow.door.simulated import simulated
from mailflow.environment.discovered import look
from mailflow.environment.discovered_draft import discovered_draft
from mailflow.environment.load import load
from mailflow.environment.resemblance import guess
from mailflow.event_loop import EventLoopThread
from mailflow.judge import mta_sts
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns import DnsEye
from mailflow.observe.manners import Manners
from mailflow.observe.policy_fetch import PolicyVisitor, find_hosting, record_of
from mailflow.observe.roots import roots
from mailflow.policy.finding import Verdict
from mailflow.records.answer import Question
from mailflow.simulate.simulation import Simulation

FIXTURES = Path(__file__).parents[2] / "fixtures"


@contextmanager
def resolver(environment: str) -> Iterator[str]:
    with EventLoopThread() as loop:
        simulation = Simulation(load(FIXTURES / environment))
        loop.call(simulation.start(), 30)
        try:
            yield f"127.0.0.1:{simulation.dns.port}"
        finally:
            loop.call(simulation.stop(), 30)


@pytest.mark.parametrize(
    ("environment", "fits"),
    [
        ("scenario-1", ["1", "2"]),
        ("scenario-2", ["1", "2"]),
        ("scenario-2-direct-exit", ["1", "2"]),
        ("scenario-3", ["3", "4"]),
        ("scenario-4", ["3", "4"]),
    ],
)
def test_each_documented_scenario_is_recognised_as_far_as_the_dns_shows_it(
    environment: str, fits: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with resolver(environment) as server:
        assert main(["discover", "contoso.com", "--resolver", server, "--dns-only", "--say-only", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["domains"]
    assert told["fits"] == fits
    assert told["own"] == {"mail.contoso.com": ["131.107.21.231"]}
    assert told["unanswered"] == []
    assert told["words"].startswith(f"It fits scenarios {fits[0]} and {fits[1]}, which the DNS cannot tell apart. ")
    against = {one["scenario"]: one["contradicts"] for one in told["scenarios"]}
    assert [number for number, facts in against.items() if not facts] == fits


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """An empty project, in which the test stands."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--exports", "in"]) == 0
    capsys.readouterr()
    return tmp_path


def test_a_draft_of_it_is_written_and_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with resolver("scenario-4") as server:
        assert main(["discover", "contoso.com", "--resolver", server, "--dns-only"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(
        f"Asks the DNS resolver {server} about contoso.com.\n\ncontoso.com: It fits scenarios 3 and 4, which"
    )
    assert "  own: mail.contoso.com [131.107.21.231]\n" in told
    assert "  scenario 1: contradicted\n    - the MX record names own servers: mail.contoso.com\n" in told
    assert "fixtures/contoso.com/environment.yaml\n" in told
    environment = load(project / "fixtures/contoso.com")
    assert [domain.scenario for domain in environment.domains] == [3]


def test_the_draft_of_a_filter_in_front_has_its_servers(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with resolver("third-party-filter-hybrid") as server:
        assert main(["discover", "contoso.com", "--resolver", server, "--dns-only"]) == 0
    told = capsys.readouterr().out
    assert "contoso.com: It fits scenario third-party-filter-hybrid.\n" in told, told
    environment = load(project / "fixtures/contoso.com")
    assert [(str(one.name), [str(a) for a in one.listens]) for one in environment.filter_servers] == [
        ("mx1.filter.example", ["203.0.113.10"]),
        ("mx2.filter.example", ["203.0.113.11"]),
    ]
    (domain,) = environment.domains
    assert (domain.scenario, domain.mx) == ("third-party-filter-hybrid", ("mx1.filter.example", "mx2.filter.example"))


def test_what_is_not_known_is_no_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    with resolver("scenario-4") as server:
        status = main(["discover", "northwind.example", "--resolver", server, "--dns-only", "--say-only"])
    told = capsys.readouterr().out
    assert status == 1
    assert "Nothing can be said of the scenario: northwind.example MX: REFUSED." in told
    assert "scenario 1: " not in told


def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "con..com", "--resolver", "192.0.2.53"]) == 4
    assert capsys.readouterr().err.startswith("mailflow discover: found 'con..com'; expected a domain")
    assert main(["discover", "contoso.com", "--resolver", "mail"]) == 4
    assert "'mail' is no address of a resolver" in capsys.readouterr().err


def test_the_policy_is_fetched_from_its_host_and_judged_in_the_plan(tmp_path: Path) -> None:
    """As senders fetch it, by name and authority; what comes of it is what the shipped environment has."""
    shipped = load(FIXTURES / "scenario-4")
    with EventLoopThread() as loop:
        simulation = Simulation(shipped)
        loop.call(simulation.start(), 30)
        try:
            eye = DnsEye([("127.0.0.1", simulation.dns.port)])
            seen = loop.call(eye.drive(look("contoso.com")), 30)
            hosting = loop.call(find_hosting(eye, "contoso.com"), 30)
            trusting = ssl.create_default_context(cadata=simulation.authorities.trusted_pem)
            found = {}
            for name, context in (("trusted", trusting), ("unknown", roots(by_name=True))):
                web = PolicyVisitor(
                    context, Manners(apart_s=0), lambda address: Endpoint("127.0.0.1", simulation.web[address])
                )
                found[name] = loop.call(announcements([seen], [hosting], web), 60)["contoso.com"]
            unasked = loop.call(announcements([seen], [hosting], None), 30)["contoso.com"]
        finally:
            loop.call(simulation.stop(), 30)
    host = shipped.policy_hosts["contoso.com"]
    told = found["trusted"]
    assert (told.records, told.addresses) == (("v=STSv1; id=20261120T0900",), host.listens)
    assert (told.policy.encode("ascii"), told.trouble) == (host.policy, "")
    assert found["unknown"].policy == told.policy
    assert found["unknown"].trouble.startswith("senders do not accept the certificate: ")
    assert (unasked.policy, unasked.is_handed_out) == ("", False)
    assert unasked.trouble == "--dns-only asks no web server"
    for name, text in discovered_draft(seen, guess(seen), {}, told).files("../x.json").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
    drafted = load(tmp_path)
    with EventLoopThread() as loop, simulated(drafted, loop) as door:
        (domain,) = drafted.domains
        txt, mx = door.lookups([record_of(domain.name), Question(domain.name, "MX")])
        sts = mta_sts.Sts(txt, door.policy(domain), mx)
        assert mta_sts.one_valid_record(domain, sts).verdict is Verdict.COMPLIANT
        assert mta_sts.is_valid(sts).verdict is Verdict.COMPLIANT
        # The authority of the simulation is none of the public ones.
        seen_so = mta_sts.is_handed_out(domain, sts)
        assert (seen_so.verdict, seen_so.seen.partition(":")[0]) == (
            Verdict.NON_COMPLIANT,
            "senders do not accept the certificate",
        )


def test_with_the_dns_alone_the_draft_has_the_record_and_asks_for_the_policy(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with resolver("scenario-4") as server:
        assert main(["discover", "contoso.com", "--resolver", server, "--dns-only", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["domains"]
    record = "v=STSv1; id=20261120T0900"
    assert told["mta_sts"] == {"records": [record], "policy": None, "trouble": "--dns-only asks no web server"}
    written = project / "fixtures/contoso.com"
    assert f'_mta-sts IN TXT "{record}"\nmta-sts IN A 131.107.21.232\n' in (
        written / "zones/contoso.com.zone"
    ).read_text(encoding="utf-8")
    assert load(written).policy_hosts == {}
    with resolver("scenario-4") as server:
        assert main(["discover", "contoso.com", "--resolver", server, "--dns-only", "--say-only"]) == 0
    assert f"  MTA-STS: {record}; the policy: --dns-only asks no web server\n" in capsys.readouterr().out


@contextmanager
def mail_server(greeting: bytes, heard: list[bytes]) -> Iterator[int]:
    """Say a greeting to one client and hear what it says until it leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.sendall(greeting)
                while data := client.recv(1000):
                    heard.append(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(20)


def test_a_greeting_is_heard_and_nothing_else_is_said() -> None:
    heard: list[bytes] = []
    address = ip_address("131.107.21.231")
    with mail_server(b"220 mail.contoso.com Microsoft ESMTP MAIL Service ready\r\n", heard) as port:
        told = asyncio.run(greet({"mail.contoso.com": address}, lambda _: Endpoint("127.0.0.1", port)))
    assert told == {"mail.contoso.com": "220 mail.contoso.com Microsoft ESMTP MAIL Service ready"}
    assert b"".join(heard) == b"QUIT\r\n"


def test_nobody_there_is_an_answer_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told = asyncio.run(greet({"mail.contoso.com": ip_address("192.0.2.1")}, lambda _: Endpoint("127.0.0.1", port)))
    assert told == {"mail.contoso.com": "connection refused: connection refused"}

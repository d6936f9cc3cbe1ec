"""Organizations of many domains, as benchmarks/organizations.py writes them: ready, and nothing kept without need."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.organizations import write
from mailflow.door import open_door
from mailflow.door.simulated import SimulatedPost
from mailflow.environment.load import load
from mailflow.environment.message import Kind, stranger_to
from mailflow.observe.dns import DnsEye
from mailflow.observe.path import MailPath
from mailflow.simulate.simulation import Simulation
from tests.in_a_process import judge, report_of

NAMES = ["contoso.com", "brand-2.example", "brand-3.example"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans") / "large"
    write(folder, 3)
    return folder


def test_the_same_number_gives_the_same_files(large: Path, tmp_path: Path) -> None:
    write(tmp_path / "large", 3)
    assert load(tmp_path / "large").files == load(large).files


def test_every_domain_is_asked_everything_and_ready(large: Path, tmp_path: Path) -> None:
    done = judge("--environment", large, "--reports", tmp_path)
    assert done.returncode == 0, done.stdout
    told = report_of(tmp_path, "large")
    assert [domain["name"] for domain in told["environment"]["domains"]] == NAMES
    assert told["decision"] == "ready"
    asked = {name: [row["id"] for row in told["requirements"] if row["domain"] == name] for name in NAMES}
    assert asked["contoso.com"]
    assert asked["brand-2.example"] == asked["brand-3.example"] == asked["contoso.com"]
    # One MX host for three domains leaves a recommendation open for the two that it is not named after.
    failed = {(row["id"], row["domain"]) for row in told["requirements"] if row["verdict"] == "non-compliant"}
    assert failed == {("S4-MX-3", "brand-2.example"), ("S4-MX-3", "brand-3.example")}
    assert {row["verdict"] for row in told["requirements"]} <= {"compliant", "non-compliant", "not-applicable"}
    # What applies to the first applies to all; devices and a shop with a name of its own are some domains' alone.
    needless = {
        name: {
            row["id"] for row in told["requirements"] if row["domain"] == name and row["verdict"] == "not-applicable"
        }
        for name in NAMES
    }
    assert needless["brand-3.example"] == needless["contoso.com"]
    assert needless["contoso.com"] - needless["brand-2.example"] == {
        *("DEV-PATH-1", "DEV-PATH-2", "DEV-PATH-3", "DEV-RELAY-1", "DEV-AUTH-1", "HYB-SPF-7")
    }


def test_beside_ten_domains_one_is_parked(tmp_path: Path) -> None:
    write(tmp_path / "ten", 10)
    judge("--environment", tmp_path / "ten", "-k", "parked-1.example", "--reports", tmp_path / "reports")
    told = [row for row in report_of(tmp_path / "reports", "ten")["requirements"] if row["verdict"] != "not-applicable"]
    assert {(row["domain"], row["verdict"]) for row in told} == {("parked-1.example", "compliant")}


def test_a_simulation_forgets_messages_whose_paths_are_read(large: Path) -> None:
    environment = load(large)

    async def of(*numbers: int) -> object:
        simulation = Simulation(environment)
        await simulation.start()
        post = SimulatedPost(simulation, DnsEye([("127.0.0.1", simulation.dns.port)]))
        for number in numbers:
            paths = await post.paths(environment, environment.domains[number])
            assert any(paths.values())
            assert (simulation.journal, simulation.mailboxes) == ([], {})
        await simulation.stop()
        return {kind: [(path.disposition, path.ended_at, len(path.hops)) for path in of] for kind, of in paths.items()}

    assert asyncio.run(of(0, 1)) == asyncio.run(of(1))


def test_for_the_tenant_no_other_messages_are_sent_than_its_rows_ask_for(large: Path) -> None:
    environment = load(large)
    with open_door(environment) as door:
        relayed = door.paths_of_all_domains(Kind.STRANGER_RELAY)
        assert [path.message.kind for path in relayed] == [Kind.STRANGER_RELAY] * len(relayed)
        assert {str(path.recipient.domain) for path in relayed} == {
            stranger_to(domain).domain for domain in environment.domains
        }
        sent = door.recording().paths
        assert {name: list(kinds) for name, kinds in sent.items()} == {name: [Kind.STRANGER_RELAY] for name in NAMES}
        whole = {kind: door.paths(environment.domains[0], kind) for kind in Kind}
        assert whole[Kind.STRANGER_RELAY] == tuple(p for p in relayed if p in whole[Kind.STRANGER_RELAY]) != ()
        assert list(door.recording().paths["brand-2.example"]) == [Kind.STRANGER_RELAY]
    with open_door(environment) as door:
        at_once = {kind: door.paths(environment.domains[0], kind) for kind in Kind}
    assert {kind: list(map(told, paths)) for kind, paths in whole.items()} == {
        kind: list(map(told, paths)) for kind, paths in at_once.items()
    }


def told(path: MailPath) -> object:
    """What a path tells, but for the time and the ports in its trace fields."""
    return path.message, path.recipient, path.disposition, path.places, path.mailbox, path.why, path.reply

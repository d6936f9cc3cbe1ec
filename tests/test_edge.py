"""An Edge Transport server in front of a Mailbox server that nobody outside sees, with an Edge Subscription."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.load import load
from mailflow.input_error import InputError
from tests.in_a_process import ROOT, judge, report_of

BEHIND = """\
    ex01.corp.contoso.com:
      listens: [10.1.1.5]
      exchange_name: EX01
"""
EDGE = {"Name": "EDGE01", "IsDeleted": False}
Rows = dict[str, tuple[str, str]]  # verdict and reason, by requirement


def read(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def write(file: Path, objects: list[dict[str, Any]]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(objects), encoding="utf-8")


def with_an_edge_server(plan: Path) -> None:
    """Put one in the place of the server of a shipped environment, as New-EdgeSubscription and the wizard leave it."""
    told = (plan / "environment.yaml").read_text(encoding="utf-8")
    line = next(line for line in told.splitlines() if "exchange_name: EX01" in line)
    told = told.replace(line, "      exchange_name: EDGE01\n      edge_exports: exchange-edge/")
    told = told.replace("\nthird_parties:", f"{BEHIND}\nthird_parties:", 1)
    (plan / "environment.yaml").write_text(told, encoding="utf-8")
    own, edge = plan / "exchange-server", plan / "exchange-edge"
    front, *others = read(own / "Get-ReceiveConnector.json")
    inside = front | {
        "RemoteIPRanges": ["0.0.0.0-255.255.255.255"],
        "TlsDomainCapabilities": [],
        "TlsCertificateName": None,
    }
    write(own / "Get-ReceiveConnector.json", [inside, *others])
    name = "Default internal receive connector EDGE01"
    outer = {"Name": name, "Identity": f"EDGE01\\{name}", "Server": EDGE, "TransportRole": "HubTransport"}
    outer |= {"TlsDomainCapabilities": ["mail.protection.outlook.com:AcceptOorgProtocol"]}
    outer |= {"PermissionGroups": "AnonymousUsers, ExchangeServers, Partners"}
    write(edge / "Get-ReceiveConnector.json", [front | outer])
    write(edge / "Get-ExchangeCertificate.json", read(own / "Get-ExchangeCertificate.json"))
    submit = read(own / "Get-ADPermission.json")[0]
    write(edge / "Get-ADPermission.json", [submit | {"Identity": f"EDGE01\\{name}"}])
    sending = [connector | {"SourceTransportServers": [EDGE]} for connector in read(own / "Get-SendConnector.json")]
    subscription = sending[0] | {
        "Name": "EdgeSync - Inbound to Default-First-Site-Name",
        "AddressSpaces": ["smtp:--;1"],
        "DNSRoutingEnabled": False,
        "SmartHosts": ["--"],
        "SmartHostsString": "--",
        "SmartHostAuthMechanism": "ExchangeServer",
        "TlsCertificateName": None,
        "RequireTLS": False,
        "TlsAuthLevel": None,
        "TlsDomain": None,
        "CloudServicesMailEnabled": False,
    }
    write(own / "Get-SendConnector.json", [*sending, subscription])


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Rows]:
    """Write the plan of an environment with an Edge Transport server, let the caller change it, and judge it."""

    def run(environment: str, change: Callable[[Path], None] = lambda _: None) -> Rows:
        plan = tmp_path / "edge"
        shutil.copytree(ROOT / "fixtures" / environment, plan)
        with_an_edge_server(plan)
        change(plan)
        done = judge("--environment", plan, "--reports", tmp_path / "reports")
        assert done.returncode in (0, 1), done.stdout
        rows = report_of(tmp_path / "reports", "edge")["requirements"]
        return {row["id"]: (row["verdict"], row["reason"]) for row in rows}

    return run


def wrong(rows: Rows) -> Rows:
    return {row: told for row, told in rows.items() if told[0] not in ("compliant", "not-applicable")}


SHIPPED = [
    "scenario-1",
    pytest.param("scenario-2", marks=pytest.mark.slow),
    pytest.param("scenario-2-direct-exit", marks=pytest.mark.slow),
    "scenario-3",
    "scenario-4",
]


@pytest.mark.parametrize("environment", SHIPPED)
def test_with_an_edge_server_every_row_holds(judged: Callable[..., Rows], environment: str) -> None:
    rows = judged(environment, record_the_time_before)
    assert wrong(rows) == {}
    assert rows["HYB-TRUST-1"] == ("compliant", "all four keep them")
    assert rows["HYB-CONN-7"][0] == "compliant"


def record_the_time_before(plan: Path) -> None:
    """The Edge Transport server was there before the change, too."""
    before = plan / "before"
    if before.exists():
        shutil.copytree(plan / "exchange-edge", before / "exchange-edge")
        (outer,) = read(before / "exchange-edge" / "Get-ReceiveConnector.json")
        (front, *_) = read(before / "exchange-server" / "Get-ReceiveConnector.json")
        write(
            before / "exchange-edge" / "Get-ReceiveConnector.json",
            [outer | {"RemoteIPRanges": front["RemoteIPRanges"]}],
        )
        sending = [
            one | {"SourceTransportServers": [EDGE]}
            for one in read(before / "exchange-server" / "Get-SendConnector.json")
        ]
        subscription = read(plan / "exchange-server" / "Get-SendConnector.json")[-1]
        write(before / "exchange-server" / "Get-SendConnector.json", [*sending, subscription])
        shutil.copy(plan / "exchange-server" / "Get-ReceiveConnector.json", before / "exchange-server")


def test_an_edge_server_whose_subscription_was_made_anew(judged: Callable[..., Rows]) -> None:
    """It takes away what the wizard had set (Edge hybrid, Important)."""

    def anew(plan: Path) -> None:
        (outer,) = read(plan / "exchange-edge" / "Get-ReceiveConnector.json")
        write(plan / "exchange-edge" / "Get-ReceiveConnector.json", [outer | {"TlsDomainCapabilities": []}])

    rows = judged("scenario-4", anew)
    lost = "lost at receive connector 'Default internal receive connector EDGE01'"
    assert wrong(rows) == {"HYB-TRUST-1": ("non-compliant", lost)}


def test_an_edge_server_that_has_no_way_inside(judged: Callable[..., Rows]) -> None:
    def no_way(plan: Path) -> None:
        *sending, subscription = read(plan / "exchange-server" / "Get-SendConnector.json")
        write(plan / "exchange-server" / "Get-SendConnector.json", [*sending, subscription | {"Enabled": False}])

    rows = judged("scenario-4", no_way)
    assert rows["S4-PATH-2"][0] == rows["HYB-PATH-1"][0] == "non-compliant"
    assert rows["HYB-PATH-2"][0] == rows["S4-PATH-3"][0] == "compliant"  # the way out is another


def test_what_only_the_edge_server_can_export(judged: Callable[..., Rows]) -> None:
    def nothing(plan: Path) -> None:
        for file in (plan / "exchange-edge").iterdir():
            file.unlink()

    rows = judged("scenario-4", nothing)
    open_ = {row for row, told in rows.items() if told[0] == "not-verified"}
    assert {"S4-PATH-1", "S4-PATH-2", "HYB-PATH-1", "HYB-TRUST-1", "HYB-CONN-7", "HYB-RELAY-1"} <= open_
    assert {told[0] for told in rows.values()} == {"compliant", "not-applicable", "not-verified"}
    assert rows["HYB-TRUST-1"][1] == "exchange-edge/Get-ReceiveConnector.json was not supplied"


def test_an_edge_server_that_nobody_called_one(tmp_path: Path) -> None:
    plan = tmp_path / "edge"
    shutil.copytree(ROOT / "fixtures" / "scenario-4", plan)
    with_an_edge_server(plan)
    told = (plan / "environment.yaml").read_text(encoding="utf-8").replace("      edge_exports: exchange-edge/\n", "")
    (plan / "environment.yaml").write_text(told, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        load(plan)
    (mistake,) = raised.value.mistakes
    assert mistake.found == (
        "'mail.contoso.com' without edge_exports, an Edge Transport server by send connector 'EdgeSync - Inbound to "
        "Default-First-Site-Name'"
    )

"""A gateway that is not Exchange in front of an Exchange server that nobody outside sees, in scenario 1."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.in_a_process import ROOT, judge, report_of

SERVERS = """\
    gw.contoso.com:
      listens: [131.107.21.231]
      certificate: certificates/mail.contoso.com.pem
      other:
        accepts_for: [contoso.com]
        relays_for: [10.1.1.5/32, microsoft-365]
        accepts_from: [10.1.1.0/24, microsoft-365]
        routes:
          - {domain: contoso.com, smart_host: ex01.corp.contoso.com}
          - domain: "*"
            smart_host: contoso-com.mail.protection.outlook.com
            require_tls: true
            presents_certificate: true
        starttls: true
    ex01.corp.contoso.com:
      listens: [10.1.1.5]
      exchange_name: EX01
"""


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Write the plan, let the caller change its receive connector, and give the verdict of every row, or its reason."""

    def run(servers: str = SERVERS, **receive: Any) -> dict[str, str]:
        plan = tmp_path / "gateway"
        shutil.copytree(ROOT / "fixtures" / "scenario-1", plan, ignore=shutil.ignore_patterns("before", "mta-sts"))
        told = (plan / "environment.yaml").read_text(encoding="utf-8")
        start, end = told.index("    mail.contoso.com:"), told.index("third_parties:")
        told = told[:start] + servers + "\n" + told[end:]
        for section in ("cutover:", "mta_sts:"):
            start = told.index(section)
            told = told[:start] + told[told.index("\n\n", start) :]
        (plan / "environment.yaml").write_text(told, encoding="utf-8")
        zone = plan / "zones" / "contoso.com.zone"
        zone.write_text(zone.read_text(encoding="utf-8") + "gw IN A 131.107.21.231\n", encoding="utf-8")
        own = plan / "exchange-server"
        _, internet = json.loads((own / "Get-SendConnector.json").read_text(encoding="utf-8"))
        internet |= {"Name": "To the gateway", "RequireTLS": False, "TlsAuthLevel": None, "TlsCertificateName": None}
        internet["SmartHosts"][0]["Domain"] = internet["SmartHostsString"] = "gw.contoso.com"
        (own / "Get-SendConnector.json").write_text(json.dumps([internet]), encoding="utf-8")
        connectors = json.loads((own / "Get-ReceiveConnector.json").read_text(encoding="utf-8"))
        connectors[0] |= {"RemoteIPRanges": ["0.0.0.0/0"], "TlsCertificateName": None} | receive
        (own / "Get-ReceiveConnector.json").write_text(json.dumps(connectors[:1]), encoding="utf-8")
        online = plan / "exchange-online" / "Get-OutboundConnector.json"
        text = online.read_text(encoding="utf-8").replace('"mail.contoso.com"', '"gw.contoso.com"', 1)
        online.write_text(text, encoding="utf-8")
        done = judge("--environment", plan, "--reports", tmp_path / "reports")
        assert done.returncode in (0, 1), done.stdout
        rows = report_of(tmp_path / "reports", "gateway")["requirements"]
        return {row["id"]: row["reason"] if row["verdict"] == "non-compliant" else row["verdict"] for row in rows}

    return run


def test_nothing_is_asked_of_a_server_that_nobody_outside_sees(judged: Callable[..., dict[str, str]]) -> None:
    rows = judged()
    assert rows["HYB-TLS-1"] == rows["HYB-SPF-3"] == rows["S1-CONN-1"] == rows["AUTH-PTR-1"] == "compliant"
    assert rows["HYB-MAILBOX-2"] == rows["HYB-PATH-1"] == rows["HYB-PATH-2"] == rows["S1-PATH-4"] == "compliant"
    assert rows["HYB-RELAY-1"] == rows["S1-LOCK-1"] == "compliant"
    assert rows["HYB-CONN-7"] == "compliant"
    assert rows["HYB-CONN-5"] == "not-applicable"  # no send connector leads to Microsoft 365 itself
    gap = "lost at what stands between Microsoft 365 and ex01.corp.contoso.com, whose addresses are private"
    assert rows["HYB-TRUST-1"] == gap


def test_the_gateway_hands_on_to_the_server_with_the_mailboxes(judged: Callable[..., dict[str, str]]) -> None:
    rows = judged(RemoteIPRanges=["10.1.1.99"])
    assert "no receive connector has 131.107.21.231 in RemoteIPRanges" in rows["S1-PATH-2"]
    assert rows["S1-PATH-1"] == "compliant"


def test_a_firewall_before_the_gateway_that_knows_half_of_microsoft_365(judged: Callable[..., dict[str, str]]) -> None:
    """Every message of the simulation comes from a range that it knows."""
    rows = judged(SERVERS.replace("microsoft-365]\n        routes", "40.92.0.0/15, 52.100.0.0/14]\n        routes"))
    assert rows["HYB-CONN-7"] == "gw.contoso.com does not talk to 40.107.0.0/16, 104.47.0.0/17"
    assert rows["S1-PATH-2"] == rows["HYB-PATH-1"] == rows["S1-LOCK-1"] == "compliant"


def test_a_firewall_before_the_gateway_that_lets_in_half_of_the_world(judged: Callable[..., dict[str, str]]) -> None:
    """The stranger of the simulation is not among them."""
    rows = judged(SERVERS.replace("microsoft-365]\n        routes", "microsoft-365, 0.0.0.0/2]\n        routes"))
    assert rows["HYB-CONN-7"] == "compliant"
    assert rows["S1-LOCK-1"].startswith("gw.contoso.com takes it from 0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, ")

"""One change to a plan that is ready, and the rows that have to fall: through the command line, as a user runs it.

The corpus of faults is an issue of its own; these are the changes of which every mail engineer has a story.
"""

import json
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.in_a_process import ROOT, judge, report_of

ZONE = "zones/contoso.com.zone"
INBOUND = "exchange-online/Get-InboundConnector.json"
OUTBOUND = "exchange-online/Get-OutboundConnector.json"
SEND = "exchange-server/Get-SendConnector.json"

Change = Callable[[Path], None]


def text(file: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        before = (folder / file).read_text(encoding="utf-8")
        assert before.count(old) == 1
        (folder / file).write_text(before.replace(old, new), encoding="utf-8")

    return change


def properties(file: str, name: str, **values: Any) -> Change:
    def change(folder: Path) -> None:
        exported = json.loads((folder / file).read_text(encoding="utf-8"))
        (found,) = [one for one in exported if one["Name"].startswith(name)]
        assert values.keys() <= found.keys()
        assert any(found[key] != value for key, value in values.items())
        found |= values
        (folder / file).write_text(json.dumps(exported, indent=2), encoding="utf-8")

    return change


def absent(file: str) -> Change:
    return lambda folder: (folder / file).unlink()


def expired_certificate(folder: Path) -> None:
    """Issue the certificate anew, by an authority of the test, valid until yesterday."""
    import trustme

    authority = trustme.CA()
    leaf = authority.issue_cert(
        "mail.contoso.com",
        "contoso.com",
        common_name="mail.contoso.com",
        not_before=datetime(2025, 1, 1, tzinfo=UTC),
        not_after=datetime(2026, 1, 1, tzinfo=UTC),
    )
    pem = b"".join(part.bytes() for part in leaf.cert_chain_pems)
    (folder / "certificates/mail.contoso.com.pem").write_bytes(pem)
    authority.cert_pem.write_to_path(str(folder / "certificates/authority.pem"))


def judged(plans: Iterable[tuple[str, Change]], folder: Path) -> list[dict[str, Any]]:
    """Judge each plan with its change, all in one run, none of which may end well; gives their reports."""
    options: list[str | Path] = ["--reports", folder / "reports"]
    names = []
    for number, (environment, change) in enumerate(plans):
        names.append(f"{environment}-changed-{number}")  # what an environment demands of its own is not asked of it
        shutil.copytree(ROOT / "fixtures" / environment, folder / names[-1])
        change(folder / names[-1])
        options += ["--environment", folder / names[-1]]
    run = judge(*options, timeout_s=300)
    assert run.returncode == 1, run.stdout[-3000:] + run.stderr[-3000:]
    return [report_of(folder / "reports", name) for name in names]


def fallen(report: dict[str, Any], verdict: str) -> set[str]:
    return {row["id"] for row in report["requirements"] if row["verdict"] == verdict}


CHANGES = [
    pytest.param(
        "scenario-4",
        text(ZONE, "MX   10 mail.contoso.com.", "MX   0 contoso-com.mail.protection.outlook.com."),
        "S4-MX-1 S4-MX-2 S4-MX-3 S4-PATH-1 S4-PATH-2 S4-PATH-5 HYB-PATH-4 HYB-PATH-5 HYB-PATH-6 AUTH-STS-2",
        "550 5.7.51",
        id="MX at Microsoft 365 in scenario 4",
    ),
    pytest.param(
        "scenario-1",
        text(ZONE, "MX   0 contoso-com.mail.protection.outlook.com.", "MX   10 mail.contoso.com."),
        "S1-MX-1 S1-MX-2 S1-PATH-1 S1-PATH-2 S1-PATH-5 HYB-PATH-4 HYB-PATH-5 HYB-PATH-6 HYB-ADDR-1",
        "no receive connector has 192.0.2.25 in RemoteIPRanges",
        id="MX on-premises in scenario 1",
    ),
    pytest.param(
        "scenario-4",
        text(ZONE, "v=spf1 ip4:131.107.21.231 ip4:203", "v=spf1 ipv4: 131.107.21.231 ip4:203"),
        "HYB-SPF-1 HYB-SPF-2 HYB-SPF-3 HYB-SPF-4 HYB-SPF-5 HYB-SPF-6",
        "it is called 'ip4'",
        id="SPF as the documentation prints it",
    ),
    pytest.param(
        "scenario-4",
        text(ZONE, '"v=spf1 ip4:131.107.21.231 ip4:203', '"v=spf1 ip4:203'),
        "HYB-SPF-3",
        "131.107.21.231: fail",
        id="SPF without the own servers",
    ),
    pytest.param(
        "scenario-4",
        properties(SEND, "Internet", DNSRoutingEnabled=True, SmartHosts=[]),
        "AUTH-DKIM-2 S4-PATH-3 S4-PATH-5 S4-PATH-7",
        "mail.contoso.com (the on-premises servers) → mail.fabrikam.com (the Internet)",
        id="send connector delivers to the Internet itself",
    ),
    pytest.param(
        "scenario-4",
        properties(INBOUND, "Inbound", TlsSenderCertificateName=None, SenderIPAddresses=["131.107.21.231"]),
        "HYB-ADDR-1 S4-CONN-1 S4-PATH-1 S4-PATH-5 S4-PATH-6 S4-PATH-7",
        "550 5.7.64",
        id="inbound connector by address alone",
    ),
    pytest.param(
        "scenario-2",
        properties(INBOUND, "Inbound", TlsSenderCertificateName=None, SenderIPAddresses=["131.107.21.231"]),
        "S2-CONN-1 S2-PATH-1 S2-PATH-5 S2-PATH-6 S2-PATH-7 S2-LOOP-1 HYB-PATH-4 HYB-PATH-6",
        "554 5.4.6 Hop count exceeded",
        id="centralized transport loops where the connector goes by address",
    ),
    pytest.param(
        "scenario-1",
        properties(OUTBOUND, "Outbound", RouteAllMessagesViaOnPremises=True, RecipientDomains=["*"]),
        "S1-PATH-1 S1-PATH-3",
        "it passed mail.contoso.com",
        id="centralized transport on in scenario 1",
    ),
    pytest.param(
        "scenario-2-direct-exit",
        properties(OUTBOUND, "Outbound", RouteAllMessagesViaOnPremises=False, RecipientDomains=["contoso.com"]),
        "S2-CMT-1 S2-PATH-1 S2-PATH-3 S2-PATH-4",
        "centralized mail transport is off",
        id="centralized transport off in scenario 2",
    ),
    pytest.param(
        "scenario-1",
        properties(OUTBOUND, "Outbound", Enabled=False),
        "HYB-CONN-1 HYB-CONN-2 HYB-CONN-3 HYB-CONN-4 HYB-PATH-1 HYB-PATH-4 HYB-PATH-5 HYB-TRUST-1 S1-PATH-2 S1-PATH-5 "
        "HYB-SUB-1 HYB-CONN-7",
        "554 5.4.14 Hop count exceeded - possible mail loop ATTR34",
        id="outbound connector disabled while MX is at Microsoft 365",
    ),
    pytest.param(
        "scenario-4",
        properties(INBOUND, "Only", SenderDomains=["smtp:contoso.com;1"]),
        "S4-LOCK-1 S4-LOCK-2",
        "nobody else who walks around the filter",
        id="lock-down for the own domain only",
    ),
    pytest.param(
        "scenario-4",
        properties(OUTBOUND, "Outbound", TlsDomain="old.contoso.com"),
        "HYB-CONN-4 HYB-PATH-1",
        "SubjectMismatch Expected Subject: old.contoso.com",
        id="connector demands the name of the old certificate",
    ),
    pytest.param(
        "scenario-4",
        expired_certificate,
        "HYB-ADDR-1 HYB-TLS-5 HYB-PATH-1 HYB-PATH-2 HYB-PATH-4 HYB-PATH-5 HYB-PATH-6 "
        "S4-PATH-1 S4-PATH-3 S4-PATH-5 S4-PATH-6 S4-PATH-7 AUTH-DANE-1",
        "454 4.7.5 The certificate specified in TlsCertificateName",
        id="certificate expired",
    ),
]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    cases: list[tuple[str, Change]] = [(str(case.values[0]), case.values[1]) for case in CHANGES]
    return dict(zip([str(case.id) for case in CHANGES], judged(cases, tmp_path_factory.mktemp("changed")), strict=True))


@pytest.mark.parametrize(
    ("name", "rows", "told"), [pytest.param(case.id, *case.values[2:], id=case.id) for case in CHANGES]
)
def test_a_change_turns_the_right_rows_red(name: str, rows: str, told: str, changed: dict[str, dict[str, Any]]) -> None:
    report = changed[name]
    assert fallen(report, "non-compliant") == set(rows.split())
    assert fallen(report, "not-verified") == set()
    assert report["decision"] == "not-ready"
    shown = [step["seen"] for row in report["requirements"] for step in row["steps"]]
    shown += [line for row in report["requirements"] for item in row["evidence"] for line in item["answer"]]
    assert any(told in line for line in shown)


def test_what_an_environment_demands_of_its_own_can_fail(tmp_path: Path) -> None:
    plan = tmp_path / "scenario-4"
    shutil.copytree(ROOT / "fixtures/scenario-4", plan)
    text(ZONE, "MX   10 mail.contoso.com.", "MX   0 contoso-com.mail.protection.outlook.com.")(plan)
    expired_certificate(plan)
    run = judge("--environment", plan, "--reports", tmp_path / "reports")

    failed = fallen(report_of(tmp_path / "reports", "scenario-4"), "non-compliant")
    assert {row for row in failed if row.startswith("CONTOSO-")} == {"CONTOSO-MX-1", "CONTOSO-PATH-1"}
    assert run.returncode == 1


GONE = [
    ("scenario-4", INBOUND, {"S4-CONN-1", "S4-LOCK-1", "S4-LOCK-2", "S4-PATH-3", "S4-PATH-6", "HYB-RELAY-1"}),
    ("scenario-4", OUTBOUND, {"HYB-CONN-1", "HYB-PATH-1", "S4-PATH-4", "HYB-TRUST-1"}),
    ("scenario-1", SEND, {"S1-PATH-4", "S1-PATH-6", "HYB-PATH-2", "HYB-TRUST-1"}),
    ("scenario-1", "exchange-online/Get-AcceptedDomain.json", {"HYB-DOMAIN-1", "HYB-DOMAIN-2", "S1-PATH-1"}),
    ("scenario-2", "exchange-online/Get-TransportRule.json", {"S2-PATH-1", "S2-PATH-3", "HYB-PATH-3"}),
]


@pytest.fixture(scope="module")
def bereft(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return judged([(environment, absent(file)) for environment, file, _ in GONE], tmp_path_factory.mktemp("bereft"))


@pytest.mark.parametrize("number", range(len(GONE)), ids=[f"{file} of {environment}" for environment, file, _ in GONE])
def test_without_its_export_no_row_stays_green(number: int, bereft: list[dict[str, Any]]) -> None:
    _, file, rows = GONE[number]
    report = bereft[number]
    assert rows <= fallen(report, "not-verified")
    assert fallen(report, "non-compliant") == set()
    assert report["decision"] == "incomplete"
    unseen = [row["reason"] for row in report["requirements"] if row["verdict"] == "not-verified"]
    assert any(f"{file} was not supplied" in reason for reason in unseen)


def test_a_mistake_in_a_file_is_told_and_not_judged(tmp_path: Path) -> None:
    plan = tmp_path / "scenario-4"
    shutil.copytree(ROOT / "fixtures/scenario-4", plan)
    text(ZONE, "MX   10 mail.contoso.com.", "MX   10 .mail.contoso.com.")(plan)
    run = judge("--environment", plan)

    assert run.returncode == 4
    told = run.stdout + run.stderr
    assert "contoso.com.zone:16" in told
    assert "S4-MX-3" in told
    assert "Traceback" not in told

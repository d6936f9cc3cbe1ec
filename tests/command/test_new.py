"""`mailflow new`: what it writes runs at once, says what is missing, and is never written over anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from mailflow.__main__ import main
from tests.in_a_process import ROOT, judge, report_of

TENANT = "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90"
UNASKED = {"CUT-OVERLAP-1", "CUT-ROLLBACK-1"}  # a drafted environment names no change of the MX record
FILLED = ["--address", "131.107.21.231", "--tenant-id", TENANT]

WORDS = "all-in-cloud, parked, third-party-filter, third-party-filter-hybrid"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project of somebody's own with no environment yet."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--exports", "in"]) == 0
    capsys.readouterr()
    return tmp_path


def judged(project: Path, environment: str = "contoso.com") -> tuple[int, dict[str, Any]]:
    return judge(project=project).returncode, report_of(project / "reports", environment)


def test_a_new_environment_runs_and_nothing_in_it_is_true_yet(project: Path) -> None:
    for scenario in (1, 2, 3, 4):
        assert main(["new", f"brand-{scenario}.example", "--scenario", str(scenario)]) == 0

    assert judge(project=project).returncode == 1
    for scenario in (1, 2, 3, 4):
        report = report_of(project / "reports", f"brand-{scenario}.example")
        assert report["decision"] == "incomplete"
        assert report["completeness"]["undefined"] == report["completeness"]["errors"] == []
        verdicts = {row["id"]: row["verdict"] for row in report["requirements"]}
        assert {name for name, verdict in verdicts.items() if verdict != "not-verified"} == UNASKED
        assert {verdicts[name] for name in UNASKED} == {"not-applicable"}
        assert f"BRAND-{scenario}-EXAMPLE-PATH-1" in {row["id"] for row in report["requirements"]}
        reasons = {row["id"]: row["reason"] for row in report["requirements"]}
        assert reasons[f"S{scenario}-MX-1"].startswith("still to be filled in: environment.yaml:")


def test_what_is_filled_in_is_judged_and_the_rest_is_not(project: Path) -> None:
    assert main(["new", "contoso.com", "--scenario", "4", *FILLED]) == 0

    _, report = judged(project)
    found: dict[str, set[str]] = {}
    for row in report["requirements"]:
        found.setdefault(row["verdict"], set()).add(row["id"])
    del found["not-verified"]
    assert found == {
        "compliant": {
            *("HYB-SPF-1", "HYB-SPF-2", "HYB-SPF-3", "HYB-SPF-5"),  # as the drafted zone has it
            *("S4-MX-1", "S4-MX-2", "S4-MX-3", "AUTH-HELO-1"),
        },
        # it has none of these records
        "non-compliant": {"AUTH-DMARC-1", "AUTH-DMARC-2", "AUTH-DMARC-5", "AUTH-DKIM-1", "AUTH-RPT-1", "AUTH-STS-1"},
        "not-applicable": UNASKED
        | {"AUTH-DANE-1", "AUTH-DMARC-4", "AUTH-STS-2", "CUT-CERT-1", "CUT-TTL-2", "HYB-SUB-1"},
    }
    reasons = {row["id"]: row["reason"] for row in report["requirements"]}
    assert reasons["HYB-SPF-4"] == "nobody has answered this question in environment.yaml"
    assert "Get-AcceptedDomain.json was not supplied" in reasons["HYB-DOMAIN-1"]


def test_a_layout_without_own_servers(project: Path) -> None:
    layout = (ROOT / "features/scenario_1_microsoft_365_filters.feature").read_text(encoding="utf-8")
    layout = layout.replace("@scenario:1", "@scenario:all-mine").replace("Feature: Scenario 1 ", "Feature: All mine ")
    (project / "features/all_mine.feature").write_text(layout.replace("@S1-", "@MINE-"), encoding="utf-8")
    assert main(["new", "contoso.com", "--scenario", "all-mine", "--tenant-id", TENANT]) == 0

    text = (project / "fixtures/contoso.com/environment.yaml").read_text(encoding="utf-8")
    assert "# Scenario all-mine: " in text
    assert "contoso.com: {scenario: all-mine}\n" in text
    assert "\n# on_premises: # where there are mail servers of the own; then begin anew with --server HOST\n" in text
    zone = (project / "fixtures/contoso.com/zones/contoso.com.zone").read_text(encoding="utf-8")
    assert '@ IN TXT "v=spf1 include:spf.protection.outlook.com -all"\n' in zone
    assert zone.endswith("\nautodiscover IN CNAME autodiscover.outlook.com.\n")
    _, report = judged(project)
    assert report["environment"]["domains"] == [{"name": "contoso.com", "scenario": "all-mine"}]
    assert report["completeness"]["undefined"] == report["completeness"]["errors"] == []
    assert {row["id"]: row["verdict"] for row in report["requirements"]}["MINE-MX-2"] == "compliant"


@pytest.mark.parametrize("layout", ["third-party-filter", "third-party-filter-hybrid"])
def test_a_layout_with_a_filter_in_front(layout: str, project: Path) -> None:
    assert main(["new", "contoso.com", "--scenario", layout, *FILLED[2:]]) == 0
    folder = project / "fixtures/contoso.com"
    text = (folder / "environment.yaml").read_text(encoding="utf-8")
    _, report = judged(project)
    assert report["completeness"]["undefined"] == report["completeness"]["errors"] == []
    verdicts = {row["id"]: row["verdict"] for row in report["requirements"]}
    reasons = {row["id"]: row["reason"] for row in report["requirements"]}
    assert set(verdicts.values()) <= {"not-verified", "not-applicable"}  # nothing that was seen is a fact yet
    assert reasons["FILTER-MX-1"].startswith("still to be filled in: environment.yaml:")
    assert "name and addresses of mx.filter.invalid" in reasons["FILTER-MX-1"]
    assert ("listens" in text.partition("third_parties:")[0]) is layout.endswith("hybrid")

    zone = folder / "zones/contoso.com.zone"
    for path in (folder / "environment.yaml", zone):
        filled = path.read_text(encoding="utf-8").replace("mx.filter.invalid", "mx1.filter.example")
        filled = filled.replace(
            'mx1.filter.example:\n        listens: ["0.0.0.0"]',
            'mx1.filter.example:\n        listens: ["203.0.113.10"]',
        )
        lines = (line for line in filled.splitlines() if "newsletter:" not in line)
        path.write_text("\n".join(lines).replace("0.0.0.0", "131.107.21.231") + "\n", encoding="utf-8")
    _, report = judged(project)
    verdicts = {row["id"]: row["verdict"] for row in report["requirements"]}
    assert verdicts["FILTER-MX-1"] == verdicts["FILTER-MX-2"] == verdicts["FILTER-RELAY-1"] == "compliant"
    assert verdicts["FILTER-TLS-3"] == verdicts["FILTER-LOCK-2"] == "not-verified"  # no certificate, no exports


def test_several_domains_are_one_organization_or_one_each(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = project / "domains.txt"
    names.write_text("\ufeffcontoso.com\n\ncontoso.de\n", encoding="utf-8")
    assert main(["new", "--scenario", "1", "--json", "@domains.txt"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "written": [
            "fixtures/environment.schema.json",
            "fixtures/contoso.com/environment.yaml",
            "fixtures/contoso.com/zones/contoso.com.zone",
            "fixtures/contoso.com/zones/contoso.de.zone",
            "features/domains/contoso.com.feature",
        ],
        "kept": [],
    }

    names.write_text("fabrikam.com\ntailspintoys.com\n", encoding="utf-8")
    assert main(["new", "--each", "--scenario", "3", "@domains.txt"]) == 0
    made = {path.relative_to(project).as_posix() for path in project.glob("fixtures/*/*.yaml")}
    assert made == {f"fixtures/{name}.com/environment.yaml" for name in ("contoso", "fabrikam", "tailspintoys")}


def test_nothing_is_overwritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = project / "features/domains/fabrikam.com.feature"
    own.parent.mkdir(exist_ok=True)
    own.write_text("mine", encoding="utf-8")
    assert main(["new", "contoso.com", "--scenario", "4"]) == 0
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

    assert main(["new", "--each", "contoso.com", "fabrikam.com", "--scenario", "1"]) == 4
    assert capsys.readouterr().err == (
        "mailflow new: found fixtures/contoso.com/ already there; expected a name that is free. "
        "Nothing is ever overwritten.\n"
    )
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before

    assert main(["new", "fabrikam.com", "--scenario", "1"]) == 0
    assert own.read_text(encoding="utf-8") == "mine"
    assert "features/domains/fabrikam.com.feature was there and stays as it is\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["contoso"], "found 'contoso'; expected a domain such as contoso.com."),
        (["con..toso.com"], "found 'con..toso.com'; expected a domain such as contoso.com."),
        (["../contoso.com"], "found '../contoso.com'; expected a domain such as contoso.com."),
        (["a.com", "A.com"], "found 'a.com' twice; expected each domain once."),
        (["a.com", "--address", "1.2.3"], "found '1.2.3'; expected an IP address."),
        (["a.com", "--tenant-id", "x"], "found 'x'; expected a GUID."),
        (["a.com", "--server", "-"], "found '-'; expected a host name such as mail.contoso.com."),
        (
            ["a.com", "--cloud", "chin"],
            "found --cloud chin; expected worldwide, gcc, gcc-high, dod, china. Did you mean 'china'?",
        ),
        (["a.com", "--organization", "A\x1b"], "found --organization; expected printable text."),
        (
            ["a.com", "--scenario", "5"],
            f"found --scenario 5; expected 1, 2, 3, 4, {WORDS}.",
        ),
        (["\ufeff"], "found no domain; expected one or more."),
    ],
)
def test_mistakes(arguments: list[str], told: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--scenario", "4", *arguments]) == 4
    assert capsys.readouterr().err == f"mailflow new: {told}\n"
    assert not list(project.glob("fixtures/*/"))


def test_outside_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "contoso.com", "--scenario", "4"]) == 4
    assert "expected a project. In an empty folder: mailflow init" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_kit_s_own_environments_name_its_own_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = tmp_path / "src/mailflow/environment/environment.schema.json"
    schema.parent.mkdir(parents=True)
    schema.write_text("{}", encoding="utf-8")
    (tmp_path / "features").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["new", "contoso.com", "--scenario", "4"]) == 0
    first = (tmp_path / "fixtures/contoso.com/environment.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../../src/mailflow/environment/environment.schema.json"


def test_a_dozen_domains_are_made_and_judged(project: Path) -> None:
    (project / "domains.txt").write_text("".join(f"domain{i}.example\n" for i in range(12)), encoding="utf-8")
    assert main(["new", "--each", "--scenario", "4", *FILLED, "@domains.txt"]) == 0

    _, report = judged(project, "domain11.example")
    assert report["completeness"]["planned"] == report["completeness"]["judged"] == len(report["requirements"])
    assert len(list(project.glob("reports/*/simulated/report.json"))) == 12

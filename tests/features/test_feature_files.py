"""The feature files restate the whole catalogue, each row in the form that people and report rely on."""

import re
from pathlib import Path

import pytest

from mailflow.policy.catalogue import read_folder
from mailflow.policy.documents import OWN, documents
from mailflow.policy.feature import Scenario
from mailflow.policy.requirement import Level

PROJECT = Path(__file__).parents[2]
CATALOGUE = read_folder(PROJECT / "features", PROJECT)
ROWS = [row for feature in CATALOGUE.features for row in feature.scenarios]

# Identifiers are stable: reports, waivers and faults refer to them. A row may be added, never renamed or dropped.
MUST = re.findall(
    r"\S+",
    """
S1-MX-1 S1-MX-2 S1-PATH-1 S1-PATH-2 S1-PATH-3 S1-PATH-4 S1-PATH-5 S1-PATH-6 S1-PATH-7 S1-CONN-1 S1-FILTER-1
S2-MX-1 S2-MX-2 S2-CMT-1 S2-CONN-1 S2-PATH-1 S2-PATH-2 S2-PATH-3 S2-PATH-5 S2-PATH-6 S2-PATH-7 S2-LOOP-1
S2-FILTER-1
S3-MX-1 S3-MX-2 S3-PATH-1 S3-PATH-2 S3-PATH-3 S3-PATH-4 S3-PATH-5 S3-PATH-6 S3-CONN-1 S3-LOCK-1 S3-LOCK-2
S4-MX-1 S4-MX-2 S4-PATH-1 S4-PATH-2 S4-PATH-3 S4-PATH-4 S4-PATH-5 S4-PATH-6 S4-PATH-7 S4-CONN-1 S4-LOCK-1
S4-LOCK-2
HYB-SUB-1 HYB-SPF-7 AUTH-DKIM-3
HYB-DOMAIN-1 HYB-DOMAIN-2 HYB-DOMAIN-3 HYB-DOMAIN-4 HYB-MAILBOX-1 HYB-MAILBOX-2
HYB-SPF-1 HYB-SPF-2 HYB-SPF-3 HYB-SPF-4 HYB-SPF-6
HYB-CONN-1 HYB-CONN-2 HYB-CONN-3 HYB-CONN-4 HYB-CONN-5 HYB-CONN-6 HYB-CONN-7 HYB-CONN-8
HYB-TLS-1 HYB-TLS-2 HYB-TLS-3 HYB-TLS-4 HYB-TLS-5
HYB-PATH-1 HYB-PATH-2 HYB-PATH-3 HYB-PATH-4 HYB-PATH-5 HYB-RELAY-1 HYB-ADDR-1 HYB-FILTER-1
DEV-PATH-1 DEV-PATH-2 DEV-PATH-3 DEV-RELAY-1 DEV-CONN-1 DEV-AUTH-1
CUT-NS-1 CUT-PLAN-1 CUT-REACH-1 CUT-OVERLAP-1 CUT-CERT-1
BOTH-PATH-1 BOTH-PATH-2 BOTH-PATH-3 BOTH-PATH-4 BOTH-PATH-5 BOTH-PATH-6 BOTH-PATH-7 BOTH-CONN-1
FILTER-MX-1 FILTER-MX-2 FILTER-PATH-1 FILTER-PATH-2 FILTER-LOCK-1 FILTER-LOCK-2 FILTER-TRUST-1 FILTER-RELAY-1
CLOUD-MX-1 CLOUD-MX-2 CLOUD-PATH-1 CLOUD-PATH-2 CLOUD-DOMAIN-1 CLOUD-CONN-1 CLOUD-MAILBOX-1
PARK-PATH-1 PARK-SENDER-1
""",
)
SHOULD = re.findall(
    r"\S+",
    """
BOTH-LOCK-1
S1-LOCK-1 S2-LOCK-1 S2-PATH-4 S4-MX-3 HYB-SPF-5 HYB-PATH-6 HYB-TRUST-1 HYB-EF-1
CUT-TTL-1 CUT-TTL-2 CUT-AUTO-1 CUT-ROLLBACK-1
CLOUD-SPF-1 CLOUD-CONN-2 CLOUD-AUTO-1 FILTER-EF-1 FILTER-SCL-1 HYB-FILTER-2
FILTER-TLS-1 FILTER-TLS-2 FILTER-TLS-3 FILTER-TLS-4 FILTER-TLS-5
AUTH-DMARC-1 AUTH-DMARC-2 AUTH-DMARC-3 AUTH-DMARC-4 AUTH-DKIM-1 AUTH-DKIM-2 AUTH-RPT-1 AUTH-STS-1 AUTH-STS-2
AUTH-DMARC-5 AUTH-DANE-1 AUTH-PTR-1 AUTH-HELO-1
DEV-CONN-2 DEV-SPF-1
PARK-MX-1 PARK-SPF-1 PARK-DKIM-1 PARK-DMARC-1
""",
)
TENANT = {f"{place}-TLS-{number}" for place in ("HYB", "FILTER") for number in range(1, 6)} | {
    "HYB-CONN-5",
    "HYB-CONN-6",
    "HYB-DOMAIN-4",
    "HYB-RELAY-1",
    "CUT-CERT-1",
    "HYB-CONN-8",
    "HYB-TRUST-1",
    "HYB-FILTER-1",
    "HYB-FILTER-2",
    "AUTH-PTR-1",
    "AUTH-HELO-1",
}

LAYOUTS = {
    "features/all_in_cloud.feature": frozenset({"all-in-cloud"}),
    "features/all_mailboxes_in_the_cloud.feature": frozenset({"all-in-cloud", "third-party-filter"}),
    "features/parked_domains.feature": frozenset({"parked"}),
    "features/third_party_filter.feature": frozenset({"third-party-filter", "third-party-filter-hybrid"}),
    "features/third_party_filter_hybrid.feature": frozenset({"third-party-filter-hybrid"}),
}


def documented(row: Scenario) -> bool:
    return bool(re.match(r"(S[1-4]|HYB|CUT|AUTH|CLOUD|FILTER|BOTH|DEV|PARK)-", row.requirement.id))


def test_every_file_is_read_without_a_mistake() -> None:
    assert {path: str(mistake) for path, mistake in CATALOGUE.mistakes.items()} == {}


def test_the_whole_catalogue_is_restated_at_its_level() -> None:
    levels = {row.requirement.id: row.requirement.level for row in ROWS if documented(row)}
    assert levels == dict.fromkeys(MUST, Level.MUST) | dict.fromkeys(SHOULD, Level.SHOULD)


def test_rows_about_the_tenant_are_asked_once() -> None:
    assert {row.requirement.id for row in ROWS if row.selection.tenant} == TENANT


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.requirement.id)
def test_each_row_is_asked_where_its_identifier_says(row: Scenario) -> None:
    scenario = re.match(r"S([1-4])-", row.requirement.id)
    its_own = frozenset({int(scenario[1])}) if scenario else LAYOUTS.get(row.requirement.path)
    of_layouts = its_own is not None
    if row.requirement.id == "HYB-EF-1":  # what a layout wants of Enhanced Filtering, it says itself
        its_own = frozenset({1, 2, 3, 4})
    assert row.selection.scenarios == its_own
    # A domain without mail is asked what its own file says, and what is no question of mail.
    of_every_domain = {"AUTH-DMARC-1", "AUTH-DMARC-4", "CUT-NS-1", "CUT-PLAN-1"}
    without_mail = row.requirement.id in of_every_domain or of_layouts or not documented(row)
    assert row.selection.excepted == (frozenset() if without_mail else {"parked"})
    assert (row.selection.domains is None) == documented(row)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.requirement.id)
def test_each_row_says_why_whence_and_what_to_do(row: Scenario) -> None:
    requirement = row.requirement
    assert requirement.why.endswith(".")
    assert 1 <= len(re.findall(r"[.)](?= [A-Z]|$)", requirement.why)) <= 6
    assert requirement.sources
    assert requirement.remedy
    if documented(row):
        assert OWN not in {source.document for source in requirement.sources}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.requirement.id)
def test_a_row_refers_only_to_rows_that_exist(row: Scenario) -> None:
    known = {other.requirement.id for other in ROWS}
    told = f"{row.requirement.why} {row.requirement.remedy}"
    assert set(re.findall(r"\b(?:S[1-4]|HYB|CUT|AUTH|CLOUD|FILTER|BOTH|DEV|PARK)(?:-[A-Z]+)+-[0-9]+\b", told)) <= known


def test_the_library_holds_what_is_cited_and_nothing_else() -> None:
    cited = {source.document for row in ROWS for source in row.requirement.sources} - {OWN}
    assert cited == set(documents())


@pytest.mark.parametrize("path", sorted((PROJECT / "features").rglob("*.feature")), ids=lambda path: path.name)
def test_a_file_is_in_its_form(path: Path) -> None:
    """Why, then sources, then the remedy, then the steps, with one blank line between."""
    for block in re.split(r"^  @", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        lines = [line for line in block.splitlines() if not line.lstrip().startswith("#")]
        first = {
            word: next((n for n, line in enumerate(lines) if line.startswith(f"    {word} ")), None)
            for word in ("Source:", "Remedy:", "When")
        }
        assert None not in first.values(), lines[0]
        assert first["Source:"] < first["Remedy:"] < first["When"], lines[0]
        assert max(map(len, lines)) <= 120, lines[0]

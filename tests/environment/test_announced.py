"""The MTA-STS of a domain in a first environment: as seen, as far as it was seen, and whatever stands in it."""

import re
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.environment.announced import Announced
from mailflow.environment.discovered_draft import discovered_draft
from mailflow.environment.draft import Draft
from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.resemblance import guess
from mailflow.records.answer import MxRecord
from tests.environment.test_discovered import ZONE, looked

SCENARIO_4 = Path(__file__).parents[2] / "fixtures/scenario-4"
RECORD = "v=STSv1; id=20261120T0900"
HOST = (ip_address("131.107.21.232"), ip_address("2001:db8::1"))
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.contoso.com\r\nmax_age: 604800\r\n"
PEM = (SCENARIO_4 / "certificates/mta-sts.contoso.com.pem").read_text(encoding="ascii")
WHERE = "{policy: mta-sts/contoso.com.txt, certificate: certificates/mta-sts.contoso.com.pem, listens: [%s]}"


def drafted(folder: Path, announced: Announced) -> tuple[str, Environment]:
    seen = looked({**ZONE, ("_mta-sts.contoso.com", "TXT"): announced.records})
    for name, text in discovered_draft(seen, guess(seen), {}, announced).files("../x.json").items():
        path = folder / "contoso.com" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return (folder / "contoso.com/environment.yaml").read_text(encoding="utf-8"), load(folder / "contoso.com")


def records(environment: Environment, name: str, kind: str) -> list[str]:
    found = environment.zones["contoso.com"].get_rdataset(f"{name}.contoso.com.", kind)
    return [one.to_text() for one in found or ()]


def test_a_record_that_announces_a_policy_is_seen() -> None:
    seen = looked({**ZONE, ("_mta-sts.contoso.com", "TXT"): ("unrelated", RECORD)})
    assert (seen.sts, seen.unanswered) == ((RECORD,), ())
    silent = looked(ZONE, ("_mta-sts.contoso.com", "TXT"))
    assert (silent.sts, silent.unanswered) == ((), ("_mta-sts.contoso.com TXT: timeout",))
    assert guess(silent).fitting == ("3", "4")  # it says nothing of the scenario


def test_what_is_handed_out_is_what_the_plan_hands_out(tmp_path: Path) -> None:
    text, environment = drafted(tmp_path, Announced((RECORD,), HOST, POLICY, PEM))
    told = "# GUESS: as it is handed out today; what the change of the MX record asks of it, AUTH-STS-2 says\n"
    listed = '"131.107.21.232", "2001:db8::1"'
    assert text.endswith(f"\n{told}mta_sts:\n  contoso.com: {WHERE % listed}\n")
    host = environment.policy_hosts["contoso.com"]
    assert (host.name, host.listens, host.policy) == ("mta-sts.contoso.com", HOST, POLICY.encode("ascii"))
    assert host.certificate.names == ("mta-sts.contoso.com",)
    assert records(environment, "_mta-sts", "TXT") == [f'"{RECORD}"']
    assert records(environment, "mta-sts", "A") + records(environment, "mta-sts", "AAAA") == list(map(str, HOST))


def test_what_senders_do_not_take_is_said(tmp_path: Path) -> None:
    wrong = "it comes as text/html, not as text/plain"
    text, environment = drafted(tmp_path, Announced((RECORD,), HOST, POLICY, PEM, wrong))
    assert f"# today senders do not take it: {wrong}\nmta_sts:\n" in text
    assert list(environment.policy_hosts) == ["contoso.com"]


@pytest.mark.parametrize(
    ("announced", "said"),
    [
        (Announced(), "where there is a policy, who hands it out (MTA-STS)"),
        (
            Announced((RECORD,), HOST, trouble="status 404: only 200 hands out a policy"),
            "a record announces a policy, which was not seen: status 404: only 200 hands out a policy",
        ),
        (
            Announced((RECORD,), HOST, POLICY, PEM * 60),
            "a record announces a policy, which was not seen: nothing came that a file may hold",
        ),
    ],
)
def test_what_was_not_seen_is_asked_for(tmp_path: Path, announced: Announced, said: str) -> None:
    text, environment = drafted(tmp_path, announced)
    listed = '"131.107.21.232", "2001:db8::1"' if announced.addresses else "131.107.21.232"
    assert text.endswith(f"\n# FILL IN: {said}\n# mta_sts:\n#   contoso.com: {WHERE % listed}\n")
    assert environment.policy_hosts == {}
    assert records(environment, "_mta-sts", "TXT") == [f'"{RECORD}"' for _ in announced.records]


def test_a_first_environment_of_one_who_knows_asks_for_it_unless_the_domain_is_parked() -> None:
    plain = Draft("contoso.com", "Contoso", ("contoso.com", "contoso.de"), 4, "mail.contoso.com").files("../x.json")
    assert plain["environment.yaml"].endswith(f"# mta_sts:\n#   contoso.com: {WHERE % '131.107.21.232'}\n")
    parked = Draft("contoso.net", "Contoso", ("contoso.net",), "parked", "").files("../x.json")
    assert "mta_sts" not in parked["environment.yaml"]
    assert "_mta-sts" not in parked["zones/contoso.net.zone"]


def test_the_policy_of_a_domain_without_mail_stays_out_of_its_draft() -> None:
    seen = looked({**ZONE, ("contoso.com", "MX"): (MxRecord(0, "."),), ("_mta-sts.contoso.com", "TXT"): (RECORD,)})
    files = discovered_draft(seen, guess(seen), {}, Announced((RECORD,), HOST, POLICY, PEM)).files("../x.json")
    assert sorted(files) == ["environment.yaml", "zones/contoso.com.zone"]
    assert not re.search("mta[-_]sts", "".join(files.values()))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(max_size=600).map("v=STSv1;{}".format), max_size=3, unique=True),
    st.text(max_size=300),
    st.text(max_size=300),
)
def test_whatever_the_wire_says_the_draft_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, announcing: list[str], policy: str, trouble: str
) -> None:
    seen = Announced(tuple(announcing), HOST, policy, PEM, trouble)
    _, environment = drafted(tmp_path_factory.mktemp("draft"), seen)
    assert len(records(environment, "_mta-sts", "TXT")) == len(announcing)
    handed_out = {name: host.policy.decode("utf-8") for name, host in environment.policy_hosts.items()}
    assert handed_out == ({"contoso.com": policy} if policy else {})

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.fault import FOLDER, applies, changed, load_faulty, named, read, read_all
from mailflow.environment.load import load
from mailflow.input_error import InputError

ROOT = Path(__file__).parents[2]
SCENARIO_4 = ROOT / "fixtures/scenario-4"
INBOUND = "exchange-online/Get-InboundConnector.json"

HEAD = """\
title: something is wrong
life: somebody did it
source: RFC 5321; section 5.1
environments: [scenario-4]
breaks: [S4-MX-1]
shows: MX
mends: MX
change:
"""


@pytest.fixture
def fault(tmp_path: Path):
    def write(change: str, head: str = HEAD):
        path = tmp_path / FOLDER / "a-fault.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + change, encoding="utf-8")
        return read(path, tmp_path)

    return write


def connectors(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / INBOUND).read_text(encoding="utf-8"))
    return found


def test_the_shipped_environment_stays_as_it_is(fault) -> None:
    before = load(SCENARIO_4).digest
    with changed(SCENARIO_4, fault("  absent: zones/21.107.131.in-addr.arpa.zone\n")) as copy:
        assert copy.name == "scenario-4--a-fault"
        assert not (copy / "zones/21.107.131.in-addr.arpa.zone").exists()
    assert not copy.exists()
    assert load(SCENARIO_4).digest == before


def test_a_property_is_set_dropped_and_an_object_added_or_deleted(fault) -> None:
    head = f"  export:\n    file: {INBOUND}\n    object: Inbound*\n"
    with changed(SCENARIO_4, fault(head + "    set: {Enabled: false, SenderIPAddresses: [192.0.2.1]}\n")) as copy:
        found = connectors(copy)[0]
        assert (found["Enabled"], found["SenderIPAddresses"]) == (False, ["192.0.2.1"])
    with changed(SCENARIO_4, fault(head + "    drop: [RequireTls]\n")) as copy:
        assert "RequireTls" not in connectors(copy)[0]
    with changed(SCENARIO_4, fault(head + "    delete: true\n")) as copy:
        assert [one["ConnectorType"] for one in connectors(copy)] == ["Partner"]
    with changed(SCENARIO_4, fault(head + "    add: {Name: Another, Enabled: false}\n")) as copy:
        assert [one["Name"] for one in connectors(copy)][2:] == ["Another"]


def test_what_is_given_is_set_up_before_the_change(fault) -> None:
    given = f"  export: {{file: {INBOUND}, object: Inbound*, set: {{Name: Outside in}}}}\n"
    change = f"given:\n{given}change:\n  export: {{file: {INBOUND}, object: Outside in, set: {{Enabled: false}}}}\n"
    with changed(SCENARIO_4, fault(change, HEAD.removesuffix("change:\n"))) as copy:
        assert {one["Name"]: one["Enabled"] for one in connectors(copy)}["Outside in"] is False
    server = "given: {server: {name: mail.contoso.com, does: silent}}\nchange: {absent: waivers.yaml}\n"
    with pytest.raises(InputError, match=r"a-fault\.yaml:1"):
        fault(server, HEAD.removesuffix("change:\n"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("  text: {file: zones/contoso.com.zone, replace: no such words, by: x}\n", "once in zones/contoso.com.zone"),
        ("  text: {file: zones/contoso.com.zone, replace: MX   10, by: MX   10}\n", "other words"),
        (f"  export: {{file: {INBOUND}, object: Nobody, set: {{Enabled: false}}}}\n", "one object 'Nobody'"),
        (f"  export: {{file: {INBOUND}, object: Inbound*, set: {{Enabled: true}}}}\n", "Enabled is so already"),
        (f"  export: {{file: {INBOUND}, object: Inbound*, set: {{doamin: x}}}}\n", "it has no doamin"),
        (f"  export: {{file: {INBOUND}, object: Inbound*}}\n", "set, drop, add or delete"),
        ("  environment: {path: [conditions, users_forward_outside], value: 'true'}\n", "is so already"),
        ("  environment: {path: [condition, x], value: y}\n", "'condition' in environment.yaml"),
        ("  environment: {path: [third_party], absent: true}\n", "'third_party' in environment.yaml"),
        ("  absent: exchange-online/Get-Nothing.json\n", "the file exchange-online/Get-Nothing.json"),
    ],
)
def test_a_change_that_changes_nothing_is_a_mistake(fault, change: str, expected: str) -> None:
    with pytest.raises(InputError) as told, changed(SCENARIO_4, fault(change)):
        pass
    (mistake,) = told.value.mistakes
    assert mistake.file == "fixtures/faults/a-fault.yaml"
    assert mistake.found == "a change that changes nothing in scenario-4"
    assert expected in mistake.expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("  absent: x\n  server: {name: mail.contoso.com, does: silent}\n", ""),
        ("  servers: {name: mail.contoso.com}\n", "found the key 'servers'"),
        ("  server: {name: mail.contoso.com, does: nothing}\n", "'nothing'"),
    ],
)
def test_a_fault_that_says_it_wrong_is_told_with_its_line(fault, change: str, words: str) -> None:
    with pytest.raises(InputError) as told:
        fault(change)
    assert told.value.mistakes[0].file == "fixtures/faults/a-fault.yaml"
    assert words in str(told.value)


def test_a_server_that_is_not_there_cannot_misbehave(fault) -> None:
    with pytest.raises(InputError, match=r"the server 'mail\.contoso\.org'"):
        load_faulty(SCENARIO_4, fault("  server: {name: mail.contoso.org, does: silent}\n"))
    disturbed = load_faulty(SCENARIO_4, fault("  server: {name: mail.contoso.com, does: silent}\n"))
    assert dict(disturbed.disturbed) == {"mail.contoso.com": "silent"}


@pytest.mark.parametrize(
    ("authority", "trusted"),
    [("trusted", True), ("unknown", False), ("self-signed", False), ("intermediate-missing", False)],
)
def test_a_certificate_is_issued_anew(fault, authority: str, trusted: bool) -> None:
    change = (
        "  certificate: {file: certificates/mail.contoso.com.pem, names: [old.contoso.com], "
        f"from: 2026-01-01, until: 2026-06-30, authority: {authority}}}\n"
    )
    (server,) = load_faulty(SCENARIO_4, fault(change)).on_premises.servers
    assert server.certificate is not None
    assert server.certificate.names == ("old.contoso.com",)
    assert server.certificate.leaf.not_valid_after_utc.date() == date(2026, 6, 30)
    assert server.certificate.trusted is trusted


def test_faults_are_found_by_name_and_wildcard(tmp_path: Path) -> None:
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    assert [one.name for one in named(tmp_path, ["spf-ipv4-typo"])] == ["spf-ipv4-typo"]
    every = [name for name in read_all(tmp_path) if name.startswith("spf-")]
    assert [one.name for one in named(tmp_path, ["spf-*", "spf-ipv4-typo"])] == every
    with pytest.raises(InputError, match="spf-ipv4-typo"):
        named(tmp_path, ["spf-ipv4-typ"])


def test_what_a_fault_names_exists() -> None:
    known = {folder.name for folder in (ROOT / "fixtures").iterdir()}
    for fault in read_all(ROOT).values():
        assert set(fault.file.environments) <= known, fault.name
        assert set(fault.file.rows) <= set(fault.file.environments), fault.name
        for name in fault.file.environments:
            assert applies(fault, ROOT / "fixtures" / name)
            assert fault.falls(name, "breaks") or fault.falls(name, "hides"), (fault.name, name)
            assert not fault.falls(name, "breaks") & fault.falls(name, "hides"), (fault.name, name)

"""Drafts: what they hold, that they load, and that nothing in them is taken for a fact before it is filled in."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailflow.environment.draft import NO_ADDRESS, NO_TENANT, Draft, tenant_of
from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.mail.address import domain_name

ADDRESSES = (ip_address("131.107.21.231"), ip_address("2001:db8::4"))
TENANT = "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90"
EMPTY = Draft("contoso.com", "Contoso", ("contoso.com", "contoso.de"), 4, "mail.contoso.com")
FILLED = replace(EMPTY, addresses=ADDRESSES, tenant_id=TENANT)


def loaded(draft: Draft, folder: Path) -> Environment:
    for name, text in draft.files("../environment.schema.json").items():
        path = folder / draft.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load(folder / draft.name)


def test_what_is_not_filled_in_is_named_with_its_place(tmp_path: Path) -> None:
    environment = loaded(EMPTY, tmp_path)
    lines = (tmp_path / "contoso.com/environment.yaml").read_text(encoding="utf-8").splitlines()
    tenant, address = (
        1 + next(i for i, line in enumerate(lines) if value in line) for value in (NO_TENANT, str(NO_ADDRESS))
    )
    assert environment.unfilled == (
        f"environment.yaml:{tenant} tenant_id",
        f"environment.yaml:{address} addresses of mail.contoso.com",
        "zones/contoso.com.zone contoso.com TXT, mail.contoso.com A, mail.contoso.com TXT",
        "zones/contoso.de.zone contoso.de TXT",
    )


@pytest.mark.parametrize("scenario", [1, 2, 3, 4])
def test_what_is_known_stands_in_the_files(scenario: int, tmp_path: Path) -> None:
    environment = loaded(replace(FILLED, scenario=scenario), tmp_path)
    assert environment.unfilled == ()
    mx = ("mail.contoso.com",) if scenario in (3, 4) else ()
    assert [(d.name, d.scenario, d.mx) for d in environment.domains] == [
        ("contoso.com", scenario, mx),
        ("contoso.de", scenario, mx),
    ]
    (server,) = environment.on_premises.servers
    assert (server.name, server.listens, server.sends_from) == ("mail.contoso.com", ADDRESSES, ADDRESSES)
    published = {name: zone.find_rdataset("@", "MX")[0].to_text() for name, zone in environment.zones.items()}
    assert published == (
        {"contoso.com": "10 mail.contoso.com.", "contoso.de": "10 mail.contoso.com."}
        if scenario in (3, 4)
        else {
            "contoso.com": "0 contoso-com.mail.protection.outlook.com.",
            "contoso.de": "0 contoso-de.mail.protection.outlook.com.",
        }
    )


def test_nothing_is_answered_that_nobody_was_asked(tmp_path: Path) -> None:
    environment = loaded(FILLED, tmp_path)
    assert (environment.conditions.sends_for_foreign_domains, environment.conditions.users_forward_outside) == (
        None,
    ) * 2
    assert (environment.expects.outbound_exit, environment.expects.cloud_forwarding) == (None, None)
    assert environment.mailboxes.cloud == environment.mailboxes.on_premises == ()
    assert "third_parties" not in environment.lines


def test_a_cloud_with_other_names(tmp_path: Path) -> None:
    environment = loaded(replace(FILLED, scenario=1, cloud="china"), tmp_path)
    zone = environment.zones["contoso.com"]
    assert zone.find_rdataset("@", "MX")[0].to_text() == "0 contoso-com.mail.protection.partner.outlook.cn."
    assert "include:spf.protection.partner.outlook.cn" in zone.find_rdataset("@", "TXT")[0].to_text()


_LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@settings(max_examples=50, deadline=None)  # each writes and reads a folder
@example(["null", "example"], "null")
@given(st.lists(_LABELS, min_size=2, max_size=4), st.text(min_size=1).filter(lambda t: t.isprintable() and t.strip()))
def test_whatever_the_names_the_files_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str], organization: str
) -> None:
    name = domain_name(".".join(labels))
    draft = Draft(name, organization, (name,), 3, f"mail.{name}", ADDRESSES, tenant=tenant_of(name) or "a")
    environment = loaded(draft, tmp_path_factory.mktemp("draft"))
    assert environment.organization == organization.strip()
    assert environment.microsoft_365.tenant == (tenant_of(name) or "a")
    assert [domain.name for domain in environment.domains] == [name]

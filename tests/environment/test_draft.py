"""Drafts: what they hold, that they load, and that nothing in them is taken for a fact before it is filled in."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize("scenario", [1, 2, "all-in-cloud"])
def test_the_host_of_a_domain_with_a_hyphen_is_asked_for(scenario: Any, tmp_path: Path) -> None:
    domains = ("contoso.com", "fourth-coffee.com")
    environment = loaded(replace(FILLED, scenario=scenario, domains=domains), tmp_path)
    assert [domain.mx for domain in environment.domains] == [(), ("assigned.invalid",)]
    zone = environment.zones["fourth-coffee.com"]
    assert zone.find_rdataset("@", "MX")[0].to_text() == "0 assigned.invalid."
    line = environment.line("domains.fourth-coffee.com.mx")
    assert environment.unfilled == (
        f"{line} the host that Microsoft 365 assigned to fourth-coffee.com",
        "zones/fourth-coffee.com.zone fourth-coffee.com MX",
    )


def test_a_filter_hands_on_to_the_host_that_is_asked_for(tmp_path: Path) -> None:
    draft = replace(FILLED, scenario="third-party-filter", domains=("fourth-coffee.com",), server="")
    front = replace(draft, filters={"in.filter.example": ADDRESSES})
    (server,) = loaded(front, tmp_path).filter_servers
    told = loaded(front, tmp_path).unfilled
    assert f"{server.origin} the host of Microsoft 365 to which in.filter.example hands over" in told


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


@pytest.mark.parametrize("scenario", ["third-party-filter", "third-party-filter-hybrid"])
def test_a_filter_in_front_is_there_to_be_filled_in(scenario: str, tmp_path: Path) -> None:
    server = "mail.contoso.com" if scenario.endswith("hybrid") else ""
    environment = loaded(replace(EMPTY, scenario=scenario, server=server, tenant_id=TENANT), tmp_path)
    assert [(domain.name, domain.mx) for domain in environment.domains] == [
        (name, ("mx.filter.invalid",)) for name in ("contoso.com", "contoso.de")
    ]
    told = [where.partition(" ")[2] for where in environment.unfilled]
    own = ["addresses of mail.contoso.com"] if server else []
    assert told[: len(own) + 2] == [
        *own,
        "addresses of newsletter",
        "name and addresses of mx.filter.invalid",
    ]
    (front,) = environment.filter_servers
    assert front.other
    assert front.other.accepts_for == ("contoso.com", "contoso.de")
    assert [(r.domain, r.smart_host, r.require_tls, r.presents_certificate) for r in front.other.routes] == [
        ("contoso.com", "contoso-com.mail.protection.outlook.com", True, True),
        ("contoso.de", "contoso-de.mail.protection.outlook.com", True, True),
        ("*", None, False, False),
    ]
    assert environment.zones["contoso.de"].find_rdataset("@", "MX")[0].to_text() == "10 mx.filter.invalid."


def test_a_filter_that_is_known_leaves_nothing_open_but_who_else_sends(tmp_path: Path) -> None:
    hosts = {"mx1.filter.example": (ADDRESSES[0],), "mx2.filter.example": (ADDRESSES[1],)}
    draft = replace(EMPTY, scenario="third-party-filter", server="", tenant_id=TENANT, filters=hosts)
    environment = loaded(draft, tmp_path)
    assert [where.partition(" ")[2] for where in environment.unfilled] == ["addresses of newsletter"]
    assert [(server.name, server.listens) for server in environment.filter_servers] == list(hosts.items())
    published = environment.zones["contoso.com"].find_rdataset("@", "MX")
    assert [record.to_text() for record in published] == ["10 mx1.filter.example.", "20 mx2.filter.example."]
    # Where the MX record does not lead to a service there is none, whatever was seen.
    elsewhere = loaded(replace(draft, scenario="all-in-cloud", name="other"), tmp_path)
    assert elsewhere.filter_servers == ()

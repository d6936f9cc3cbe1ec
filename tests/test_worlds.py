"""Organizations that differ from the shipped ones: what is normal elsewhere must not be special here."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailflow.door import open_door
from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.judge import disposition, spf_arrival
from mailflow.judge import path as judge
from mailflow.judge.arrival import arrivals
from mailflow.observe.path import MailPath, Place
from mailflow.policy.finding import Verdict

ROOT = Path(__file__).parents[1]


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Path]:
    """Give a copy of a shipped environment whose environment.yaml, zone and exports were edited."""

    def copy(
        name: str, edit: Callable[[dict[str, Any]], None], zone: str = "", **exports: Callable[[Any], None]
    ) -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "fixtures" / name, folder)
        told = yaml.safe_load((folder / "environment.yaml").read_text(encoding="utf-8"))
        edit(told)
        (folder / "environment.yaml").write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
        with (folder / "zones/contoso.com.zone").open("a", encoding="utf-8") as file:
            file.write(zone)
        for key, change in exports.items():
            path = folder / "exchange-online" / f"Get-{key}.json"
            exported = json.loads(path.read_text(encoding="utf-8"))
            change(exported)
            path.write_text(json.dumps(exported), encoding="utf-8")
        return folder

    return copy


def paths(environment: Environment, kind: Kind) -> tuple[MailPath, ...]:
    with open_door(environment) as door:
        return tuple(path for domain in environment.domains for path in door.paths(domain, kind))


def postfix(told: dict[str, Any]) -> None:
    """Put a server that is not Exchange in the place of EX01: facts instead of exports."""
    del told["on_premises"]["exports"]
    server = told["on_premises"]["servers"]["mail.contoso.com"]
    del server["exchange_name"]
    smart_host = "contoso-com.mail.protection.outlook.com"
    server["other"] = {
        "accepts_for": ["contoso.com"],
        "relays_for": ["microsoft-365"],
        "starttls": True,
        "routing_addresses": {
            f"{name}@contoso.com": f"{name}@contoso.mail.onmicrosoft.com" for name in ("chris", "sara", "lee")
        },
        "routes": [
            {
                "domain": domain,
                "smart_host": smart_host,
                "require_tls": True,
                "presents_certificate": True,
            }
            for domain in ("contoso.mail.onmicrosoft.com", "*")
        ],
    }


def test_a_server_that_is_not_exchange_takes_the_same_paths(plan) -> None:
    usual = load(ROOT / "fixtures/scenario-4")
    other = load(plan("scenario-4", postfix))

    with open_door(usual) as door, open_door(other) as beside:
        for kind in Kind:
            expected = [(p.recipient, p.disposition, p.places) for p in door.paths(usual.domains[0], kind)]
            assert [(p.recipient, p.disposition, p.places) for p in beside.paths(other.domains[0], kind)] == expected


def test_mail_that_another_tenant_took_was_never_ours(plan) -> None:
    """Message Attribution, FAQ: without a matching connector the recipient's tenant takes it, and nobody is told."""

    def in_microsoft_365(told: dict[str, Any]) -> None:
        told["outside"]["fabrikam.com"]["tenant_id"] = "9a6d4c1e-0000-4000-8000-fab41ca00001"

    def without_connector(exported: list[dict[str, Any]]) -> None:
        exported[0]["Enabled"] = False

    ours = load(plan("scenario-4", in_microsoft_365))
    with open_door(ours) as door:
        good = door.paths(ours.domains[0], Kind.ON_PREMISES_TO_INTERNET)
    assert judge.passes(good, (Place.ON_PREMISES, Place.MICROSOFT_365)).verdict is Verdict.COMPLIANT

    shutil.rmtree(ours.folder)
    lost = load(plan("scenario-4", in_microsoft_365, InboundConnector=without_connector))
    to_fabrikam = [p for p in paths(lost, Kind.ON_PREMISES_TO_INTERNET) if p.recipient.domain == "fabrikam.com"]
    assert [p.disposition for p in to_fabrikam] == ["delivered"]
    assert judge.passes(to_fabrikam, (Place.ON_PREMISES, Place.MICROSOFT_365)).verdict is Verdict.NON_COMPLIANT
    assert judge.attributed(to_fabrikam).verdict is Verdict.NON_COMPLIANT


@pytest.mark.parametrize(("scenario", "pooled"), [("scenario-4", 2), ("scenario-3", 0)])
def test_what_may_leave_from_the_relay_pool_is_noted(scenario: str, pooled: int) -> None:
    """Outbound delivery pools: a forward and mail for a foreign domain, where they leave through Microsoft 365."""
    environment = load(ROOT / "fixtures" / scenario)
    (domain,) = environment.domains
    with open_door(environment) as door:
        seen = {kind: door.paths(domain, kind) for kind in Kind}
        found = arrivals(seen)
        results = list(zip(found, door.drive([one.asking() for one in found]), strict=True))
    several = [path for kind in Kind for path in seen[kind]]
    finding = spf_arrival.every_one_passes(environment, domain, several, results)

    assert finding.verdict is Verdict.COMPLIANT
    assert len([note for note in finding.notes if "relay pool (40.95.0.0/16)" in note]) == pooled


def test_several_domains_of_one_organization(plan) -> None:
    def two_domains(told: dict[str, Any]) -> None:
        told["domains"]["contoso.net"] = {"scenario": 4, "mx": ["mail.contoso.com"]}
        told["mailboxes"]["cloud"].append("anna@contoso.net")
        told["mailboxes"]["on_premises"].append("otto@contoso.net")

    def accepted(exported: list[dict[str, Any]]) -> None:
        exported.append(exported[0] | {"DomainName": "contoso.net", "Name": "contoso.net", "Default": False})

    def covered(exported: list[dict[str, Any]]) -> None:
        exported[0]["RecipientDomains"] = [*exported[0]["RecipientDomains"], "contoso.net"]

    folder = plan("scenario-4", two_domains, AcceptedDomain=accepted, OutboundConnector=covered)
    lines = ["$TTL 3600", "@ SOA ns1.contoso.com. h.contoso.com. 1 7200 3600 1209600 300", "@ NS ns1.contoso.com."]
    lines += ["@ MX 10 mail.contoso.com.", '@ TXT "v=spf1 ip4:131.107.21.231 include:spf.protection.outlook.com -all"']
    (folder / "zones/contoso.net.zone").write_text("\n".join(lines) + "\n", encoding="utf-8")
    environment = load(folder)

    assert [domain.name for domain in environment.domains] == ["contoso.com", "contoso.net"]
    with open_door(environment) as door:
        second = environment.domains[1]
        (unknown_there,) = door.paths(second, Kind.INTERNET_TO_ON_PREMISES)
        # The own servers' Get-AcceptedDomain still lacks the second domain, and mail says so.
        assert str(unknown_there.reply) == "550 5.7.1 Unable to relay"
        assert [p.recipient.domain for p in door.paths(second, Kind.INTERNET_TO_CLOUD)] == ["contoso.net"]


def test_servers_that_are_reached_by_ipv6_alone(plan) -> None:
    def ipv6(told: dict[str, Any]) -> None:
        server = told["on_premises"]["servers"]["mail.contoso.com"]
        server["listens"] = ["2001:db8:25::25", "131.107.21.231"]
        server["sends_from"] = ["2001:db8:25::25", "131.107.21.231"]
        told["outside"]["tailspintoys.com"]["address"] = ["2001:db8:77::25"]

    environment = load(plan("scenario-3", ipv6, zone="mail IN AAAA 2001:db8:25::25\n"))
    found = {p.recipient.domain: p for p in paths(environment, Kind.ON_PREMISES_TO_INTERNET)}

    assert found["tailspintoys.com"].disposition == "delivered"
    assert found["tailspintoys.com"].hops[-1].client == "2001:db8:25::25"
    assert found["fabrikam.com"].disposition == "delivered"


def second_mx(told: dict[str, Any]) -> None:
    """A second MX host: a gateway that does not know the domain."""
    told["domains"]["contoso.com"]["mx"].append("mx2.contoso.com")
    told["on_premises"]["servers"]["mx2.contoso.com"] = {
        "listens": ["131.107.21.232"],
        "sends_from": ["131.107.21.232"],
        "other": {"accepts_for": ["contoso.net"], "starttls": False, "routes": [{"domain": "*"}]},
    }


SECOND_MX = "mx2 IN A 131.107.21.232\n@ IN MX {} mx2.contoso.com.\n"


def test_of_mx_hosts_with_one_preference_each_gets_every_kind_of_message(plan) -> None:
    """RFC 5321 section 5.1: senders choose among them at random. One that refuses loses every second message."""
    environment = load(plan("scenario-4", second_mx, zone=SECOND_MX.format(10)))
    (domain,) = environment.domains
    with open_door(environment) as door:
        found = {kind: door.paths(domain, kind) for kind in Kind}
    refused = {kind: [p for p in paths_ if "mx2.contoso.com" in p.ended_by] for kind, paths_ in found.items()}
    assert {kind: len(several) for kind, several in refused.items() if several} == {
        Kind.INTERNET_TO_CLOUD: 1,
        Kind.INTERNET_TO_ON_PREMISES: 1,
        Kind.INTERNET_TO_UNKNOWN: 1,
        Kind.INTERNET_TO_BOTH: 2,
        Kind.ON_PREMISES_FORWARD: 1,
        Kind.CLOUD_FORWARD: 1,
        Kind.THIRD_PARTY: 2,  # to each side
    }
    finding = disposition.delivered(environment, found[Kind.INTERNET_TO_CLOUD])
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert finding.seen.startswith(
        "1 of 3: the message to chris@contoso.com was refused: mx2.contoso.com [131.107.21.232] said 554 5.7.1"
    )
    (asked,) = {one.asked for one in finding.evidence}
    assert asked.endswith("submitted at fabrikam.com, trying mx2.contoso.com first, for chris@contoso.com")


def test_a_second_choice_that_is_planned_is_tried_as_if_the_first_did_not_answer(plan) -> None:
    """Sooner or later it does not, and whom the second host refuses nobody tries again."""
    environment = load(plan("scenario-4", second_mx, zone=SECOND_MX.format(20)))
    found = paths(environment, Kind.INTERNET_TO_CLOUD)
    assert [str(p.disposition) for p in found] == ["delivered", "refused", "delivered"]
    assert (found[1].message.first, found[1].ended_by) == ("mx2.contoso.com", "mx2.contoso.com [131.107.21.232]")

    def not_planned(told: dict[str, Any]) -> None:
        second_mx(told)
        told["domains"]["contoso.com"]["mx"].remove("mx2.contoso.com")

    shutil.rmtree(environment.folder)  # S4-MX-2 says that it is one too many
    found = paths(load(plan("scenario-4", not_planned, zone=SECOND_MX.format(20))), Kind.INTERNET_TO_CLOUD)
    assert [p.hops[1].host for p in found] == ["mail.contoso.com"] * 2


def test_a_second_choice_is_tried_when_the_first_does_not_answer(plan) -> None:
    nobody = SECOND_MX.format(10).replace("131.107.21.232", "131.107.21.99")  # where nobody listens
    found = paths(load(plan("scenario-4", second_mx, zone=nobody)), Kind.INTERNET_TO_CLOUD)
    assert [(p.disposition, p.hops[1].host) for p in found] == [("delivered", "mail.contoso.com")] * 3


def test_every_own_exchange_server_sends_what_mailboxes_send(plan) -> None:
    """TLS certificates: one source server without the certificate, and part of the mail waits in its queue."""

    def two_servers(told: dict[str, Any]) -> None:
        ex02 = {"listens": [], "sends_from": ["131.107.21.232"], "exchange_name": "EX02"}
        told["on_premises"]["servers"]["second.contoso.com"] = ex02

    folder = plan("scenario-4", two_servers)
    file = folder / "exchange-server" / "Get-SendConnector.json"
    exported = json.loads(file.read_text(encoding="utf-8"))
    for connector in exported:
        connector["SourceTransportServers"] = ["EX01", "EX02"]
    file.write_text(json.dumps(exported), encoding="utf-8")
    found = paths(load(folder), Kind.ON_PREMISES_TO_CLOUD)

    assert [(p.hops[0].host, str(p.disposition)) for p in found] == [
        ("mail.contoso.com", "delivered"),
        ("second.contoso.com", "waiting in a queue"),
        ("mail.contoso.com", "delivered"),
    ]
    assert (found[1].message.submitted_at, found[1].reply.enhanced) == ("second.contoso.com", "4.7.5")


def test_a_stranger_reaches_a_server_by_ipv6_alone(plan) -> None:
    def ipv6(told: dict[str, Any]) -> None:
        told["on_premises"]["servers"]["mail.contoso.com"]["listens"] = ["2001:db8:25::25"]

    found = paths(load(plan("scenario-4", ipv6)), Kind.STRANGER_RELAY)
    assert [(p.ended_by, p.disposition, str(p.reply)) for p in found][1:] == [
        ("2001:db8:25::25 [2001:db8:25::25]", "refused", "550 5.7.1 Unable to relay")
    ]


def test_of_several_smart_hosts_each_gets_every_kind_of_message(plan) -> None:
    """The second own server does not know the tenant: what it gets of centralized mail transport cannot leave."""

    def two_servers(told: dict[str, Any]) -> None:
        told["on_premises"]["servers"]["second.contoso.com"] = {
            "listens": ["131.107.21.232"],
            "sends_from": [],
            "other": {"accepts_for": ["contoso.com"], "starttls": False, "routes": [{"domain": "*"}]},
        }

    def both(exported: list[dict[str, Any]]) -> None:
        exported[0]["SmartHosts"] = ["mail.contoso.com", "second.contoso.com"]
        exported[0]["TlsSettings"] = None

    zone = "second IN A 131.107.21.232\n"
    environment = load(plan("scenario-2", two_servers, zone=zone, OutboundConnector=both))
    found = paths(environment, Kind.CLOUD_TO_INTERNET)
    # Two people write to two; in the second turn one of them does.
    assert [str(p.disposition) for p in found] == [*["delivered"] * 4, *["refused"] * 2]
    assert {p.ended_by for p in found[4:]} == {"second.contoso.com [131.107.21.232]"}
    assert {p.message.first for p in found[4:]} == {"smart host 2"}
    assert disposition.delivered(environment, found).verdict is Verdict.NON_COMPLIANT


def test_behind_one_name_each_server_gets_every_kind_of_message(plan) -> None:
    """A smart host with the address of each of two servers is two servers."""

    def two_servers(told: dict[str, Any]) -> None:
        told["on_premises"]["servers"]["second.contoso.com"] = {
            "listens": ["131.107.21.232"],
            "sends_from": [],
            "other": {"accepts_for": ["contoso.com"], "starttls": False, "routes": [{"domain": "*"}]},
        }

    def one_name(exported: list[dict[str, Any]]) -> None:
        exported[0]["SmartHosts"] = ["both.contoso.com"]
        exported[0]["TlsSettings"] = None

    zone = "both IN A 131.107.21.231\nboth IN A 131.107.21.232\n"
    found = paths(load(plan("scenario-2", two_servers, zone=zone, OutboundConnector=one_name)), Kind.CLOUD_TO_INTERNET)
    ends = {str(p.disposition): p.message.first for p in found}
    assert (len(found), set(ends)) == (6, {"delivered", "refused"})
    assert {p.ended_by for p in found if p.disposition == "refused"} == {"both.contoso.com [131.107.21.232]"}


def test_who_is_in_microsoft_365_too_is_reached_through_the_own_tenant_and_that_is_no_mistake(plan) -> None:
    """Message Attribution: in scenario 3 the certificate that is demanded takes such mail through the own tenant."""

    def in_microsoft_365(told: dict[str, Any]) -> None:
        told["outside"]["fabrikam.com"]["tenant_id"] = "9a6d4c1e-0000-4000-8000-fab41ca00001"

    folder = plan("scenario-3", in_microsoft_365)
    found = paths(load(folder), Kind.ON_PREMISES_TO_INTERNET)
    assert {p.recipient.domain: len(p.hops) for p in found} == {"fabrikam.com": 3, "tailspintoys.com": 2}
    for finding in (judge.never_passes(found, Place.MICROSOFT_365), judge.leaves_from(found, Place.ON_PREMISES)):
        assert finding.verdict is Verdict.COMPLIANT
        assert [note.partition(":")[0] for note in finding.notes] == [
            "mail for somebody who is in Microsoft 365 too passes the own tenant on its way"
        ]

    # Whoever sends everything through Microsoft 365 is not excused by that.
    file = folder / "exchange-server" / "Get-SendConnector.json"
    exported = json.loads(file.read_text(encoding="utf-8"))
    internet = next(one for one in exported if one["Name"] == "Internet")
    internet |= {"DNSRoutingEnabled": False, "SmartHosts": ["contoso-com.mail.protection.outlook.com"]}
    file.write_text(json.dumps(exported), encoding="utf-8")
    through = paths(load(folder), Kind.ON_PREMISES_TO_INTERNET)
    to_fabrikam = [p for p in through if p.recipient.domain == "fabrikam.com"]
    assert judge.never_passes(to_fabrikam, Place.MICROSOFT_365).verdict is Verdict.NON_COMPLIANT
    assert judge.leaves_from(to_fabrikam, Place.ON_PREMISES).verdict is Verdict.NON_COMPLIANT

"""What a way back needs, and what is said where it lacks; what arrives in the other worlds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.zone
import pytest

from mailflow.door import open_door
from mailflow.environment.environment import Environment, OtherServer, Stage
from mailflow.environment.load import load
from mailflow.environment.worlds import World
from mailflow.exchange.known import Unknown
from mailflow.judge import way_back as judge
from mailflow.policy.finding import Verdict
from mailflow.simulate.simulation import SimulationError
from tests.published import published

FIXTURES = Path(__file__).parents[2] / "fixtures"
ONE = load(FIXTURES / "scenario-1")
(DOMAIN,) = ONE.domains
GONE = Unknown("before/it was not supplied")


def with_before(**fields: Any) -> Environment:
    assert ONE.before is not None
    return replace(ONE, before=replace(ONE.before, **fields))


def with_old_mx(*records: str) -> Environment:
    rows = "".join(f"@ 86400 MX {record}\n" for record in records)
    text = f"@ 3600 SOA ns. hostmaster. 1 7200 3600 1209600 600\n{rows}"
    zone = dns.zone.from_text(text, "contoso.com.", relativize=False, check_origin=False)
    return with_before(zones={"contoso.com": zone})


def test_it_is_recorded_and_shown() -> None:
    finding = judge.is_recorded(ONE, DOMAIN)
    assert (finding.verdict, finding.seen) == (Verdict.COMPLIANT, "in before/")
    told = {(one.of, one.asked): one.answer for one in finding.evidence}
    assert told["before/zones", "MX contoso.com before the change"] == ("86400 IN MX 10 mail.contoso.com.",)
    assert len(told) == 5
    assert all(answer != ("(empty)",) for answer in told.values())


def test_no_change_is_named() -> None:
    finding = judge.is_recorded(replace(ONE, cutover=None, before=None), DOMAIN)
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert finding.seen == "environment.yaml names no change of the MX record (cutover)"


def test_nothing_is_recorded() -> None:
    finding = judge.is_recorded(replace(ONE, before=None), DOMAIN)
    assert finding.verdict is Verdict.NOT_VERIFIED
    assert finding.seen == "environment.yaml names no folder with it (cutover.before)"
    assert finding.remedy.splitlines()[2:] == [
        "before/zones/contoso.com.zone: the zone as it is, with the MX record and its TTL",
        "Get-SendConnector | Export-Clixml before/exchange-server/Get-SendConnector.clixml",
        "Get-ReceiveConnector | Export-Clixml before/exchange-server/Get-ReceiveConnector.clixml",
        "Get-InboundConnector | Export-Clixml before/exchange-online/Get-InboundConnector.clixml",
        "Get-OutboundConnector | Export-Clixml before/exchange-online/Get-OutboundConnector.clixml",
    ]


@pytest.mark.parametrize("lacking", ["send_connectors", "receive_connectors"])
def test_an_export_of_the_own_servers_is_lacking(lacking: str) -> None:
    assert ONE.before is not None
    made = with_before(exchange=replace(ONE.before.exchange, **{lacking: GONE}))
    finding = judge.is_recorded(made, DOMAIN)
    assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, GONE.why)
    assert len(finding.remedy.splitlines()) == 1
    # Servers that are not Exchange have no such export.
    facts = OtherServer(("contoso.com",), (), False, None, (), {}, True)
    servers = tuple(replace(server, other=facts) for server in made.on_premises.servers)
    others = replace(made, on_premises=replace(made.on_premises, servers=servers))
    assert judge.is_recorded(others, DOMAIN).verdict is Verdict.COMPLIANT


@pytest.mark.parametrize("lacking", ["inbound_connectors", "outbound_connectors"])
def test_an_export_of_the_tenant_is_lacking(lacking: str) -> None:
    assert ONE.before is not None
    finding = judge.is_recorded(with_before(online=replace(ONE.before.online, **{lacking: GONE})), DOMAIN)
    assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, GONE.why)


def test_the_old_mx_record_is_lacking() -> None:
    for made in (with_old_mx(), with_before(zones={})):
        finding = judge.is_recorded(made, DOMAIN)
        assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, "before/zones has no MX record of contoso.com")
        assert judge.old_hosts_are_known(made, DOMAIN).verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(
    ("made", "folder"), [(with_before(zones={}, folder="then"), "then"), (replace(ONE, before=None), "before")]
)
def test_the_zone_to_supply_is_named_in_the_folder_that_there_is(made: Environment, folder: str) -> None:
    finding = judge.old_hosts_are_known(made, DOMAIN)
    told = f"{folder}/zones/contoso.com.zone: the zone as it is, with the MX record and its TTL"
    assert (finding.verdict, finding.remedy) == (Verdict.NOT_VERIFIED, told)


@pytest.mark.parametrize(
    ("records", "verdict", "seen"),
    [
        (["10 mail.contoso.com."], Verdict.COMPLIANT, "mail.contoso.com"),
        (["10 contoso-com.mail.protection.outlook.com."], Verdict.COMPLIANT, "contoso-com.mail.protection.outlook.com"),
        (["10 mail.contoso.com.", "20 in.filter.example."], Verdict.NOT_VERIFIED, "in.filter.example: neither an own"),
        (["0 ."], Verdict.NOT_VERIFIED, ".: neither an own server"),
    ],
)
def test_which_hosts_the_record_named(records: list[str], verdict: Verdict, seen: str) -> None:
    finding = judge.old_hosts_are_known(with_old_mx(*records), DOMAIN)
    assert finding.verdict is verdict
    assert finding.seen.startswith(seen)


def test_nothing_was_sent_where_nothing_is_recorded() -> None:
    with open_door(replace(ONE, before=None)) as door:
        tried = judge.Tried(World.ROLLBACK, door.paths_in(World.ROLLBACK, DOMAIN))
        finding = judge.arrives(door.environment, tried)
    assert finding.verdict is Verdict.NOT_VERIFIED
    assert finding.seen == "nothing was sent, as it is not recorded what was before"


def test_before_the_change_a_live_run_tries_the_way_back_in_a_simulation() -> None:
    with published(ONE, Stage.BEFORE) as look, open_door(ONE, look) as door:
        paths = door.paths_in(World.ROLLBACK, DOMAIN)
        finding = judge.arrives(door.environment, judge.Tried(World.ROLLBACK, paths))
        assert door.recording().worlds == {World.ROLLBACK: {"contoso.com": paths}}
    assert (finding.verdict, finding.seen) == (Verdict.COMPLIANT, "so it was for all 17 messages")
    assert {one.of for one in finding.evidence} == {"session records of a simulation: everything as before the change"}
    assert finding.demand is None


def test_a_server_of_another_world_that_fails_is_no_fact_of_mail() -> None:
    with open_door(ONE) as door:
        door.paths_in(World.OVERLAP, DOMAIN)
        door.worlds[World.OVERLAP]._simulation._errors.append(ValueError("broken"))
        with pytest.raises(SimulationError, match="a simulated server of scenario-1 failed"):
            door.paths_in(World.ROLLBACK, DOMAIN)

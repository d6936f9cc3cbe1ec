"""What is left of own servers after the last mailbox has moved."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from mailflow.environment.environment import Domain
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ConnectorType, DomainType
from mailflow.judge import directory, left_over
from mailflow.mail.address import Address
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Outcome

NAME = "Outbound to 5b0d7d1e-6f0c-4f6b-9c1a-2e9d1c7b8a40"
CONTOSO = Domain("contoso.com", "all-in-cloud", ())
INBOUND = "Inbound from 5b0d7d1e-6f0c-4f6b-9c1a-2e9d1c7b8a40"


@pytest.fixture
def cloud(world: Any) -> Any:
    return world("all-in-cloud")


def told(found: Finding) -> tuple[Verdict, str, str]:
    return found.verdict, found.seen, found.remedy


def test_connectors_that_are_switched_off_lead_nobody_astray(cloud: Any) -> None:
    found = left_over.no_way_to_own_servers(cloud.environment, CONTOSO)
    assert told(found) == (Verdict.COMPLIANT, "none is", "")
    assert [one.answer for one in found.evidence] == [("False",), ("OnPremises",), ("contoso.com",), ("False",)]
    assert found.evidence[0].asked == f"Enabled of outbound connector '{NAME}'"
    found = left_over.nobody_passes_for_own_servers(cloud.environment)
    assert told(found) == (Verdict.COMPLIANT, "none is", "")
    assert [one.answer for one in found.evidence] == [("False",), ("OnPremises",), ("contoso.com",), ("(empty)",)]


def test_without_any_connector_the_export_itself_is_the_evidence(cloud: Any) -> None:
    none = cloud.online(outbound_connectors=(), inbound_connectors=()).environment
    found = [left_over.no_way_to_own_servers(none, CONTOSO), left_over.nobody_passes_for_own_servers(none)]
    assert [one.verdict for one in found] == [Verdict.COMPLIANT] * 2
    assert [one.evidence[0].of for one in found] == ["Get-OutboundConnector", "Get-InboundConnector"]


def test_a_connector_to_own_servers(cloud: Any) -> None:
    enabled = cloud.item("outbound_connectors", enabled=True)
    seen = f"'{NAME}' leads contoso.com to mail.contoso.com"
    remedy = f'Set-OutboundConnector "{NAME}" -Enabled $false'
    assert told(left_over.no_way_to_own_servers(enabled.environment, CONTOSO)) == (Verdict.NON_COMPLIANT, seen, remedy)
    elsewhere = cloud.item("outbound_connectors", enabled=True, recipient_domains=("fabrikam.com",))
    found = left_over.no_way_to_own_servers(
        elsewhere.environment, CONTOSO
    )  # nobody has own servers: it is one too many
    assert told(found)[:2] == (Verdict.NON_COMPLIANT, f"'{NAME}' leads fabrikam.com to mail.contoso.com")
    partner = cloud.item("outbound_connectors", enabled=True, connector_type=ConnectorType.PARTNER)
    assert left_over.no_way_to_own_servers(partner.environment, CONTOSO).verdict is Verdict.COMPLIANT


SHOP = Domain("shop.example", "all-in-cloud", ())


@pytest.mark.parametrize(
    "covering",
    [{"recipient_domains": ("shop.example",)}, {"recipient_domains": ("*",)}, {"all_accepted_domains": True}],
)
def test_a_connector_that_other_domains_need_is_to_leave_this_one_alone(s4: Any, covering: dict[str, Any]) -> None:
    beside = s4.change(domains=(s4.domain, SHOP))
    found = left_over.no_way_to_own_servers(beside.environment, SHOP)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "none does")
    assert found.asked == "no enabled outbound connector of type OnPremises carries mail for shop.example"
    carries = beside.item("outbound_connectors", **covering)
    found = left_over.no_way_to_own_servers(carries.environment, SHOP)
    remedy = f'Set-OutboundConnector "{NAME}" -AllAcceptedDomains $false -RecipientDomains contoso.com'
    assert (found.verdict, found.remedy) == (Verdict.NON_COMPLIANT, remedy)
    whole = carries.item("outbound_connectors", route_all_messages_via_on_premises=True)
    assert "centralized mail transport" in left_over.no_way_to_own_servers(whole.environment, SHOP).remedy


def test_what_is_not_exported_is_not_known(cloud: Any, unknown: Unknown) -> None:
    for environment in (
        cloud.online(outbound_connectors=unknown).environment,
        cloud.item("outbound_connectors", enabled=unknown).environment,
    ):
        found = left_over.no_way_to_own_servers(environment, CONTOSO)
        assert told(found)[:2] == (Verdict.NOT_VERIFIED, "the export lacks it")
    hidden = cloud.item("outbound_connectors", enabled=True, smart_hosts=unknown).environment
    assert (
        left_over.no_way_to_own_servers(hidden, CONTOSO).seen == f"'{NAME}' leads contoso.com to what is not exported"
    )


def test_a_connector_for_servers_that_are_no_more(cloud: Any) -> None:
    left = cloud.item("inbound_connectors", enabled=True, sender_ip_addresses=(ip_network("131.107.21.231"),))
    found = left_over.nobody_passes_for_own_servers(left.environment)
    assert told(found) == (
        Verdict.NON_COMPLIANT,
        f"'{INBOUND}' recognises no server and no device that environment.yaml names",
        f'Set-InboundConnector "{INBOUND}" -Enabled $false',
    )


def test_a_connector_that_an_own_server_needs_is_not_left_over(s4: Any) -> None:
    assert left_over.nobody_passes_for_own_servers(s4.environment).verdict is Verdict.COMPLIANT
    assert left_over.nobody_passes_for_own_servers(s4.servers().environment).verdict is Verdict.NON_COMPLIANT


def test_a_connector_by_which_a_device_relays_is_not_left_over(world: Any) -> None:
    """An organization without a server may have a shop that sends for it."""
    devices = world("scenario-1-devices").servers()
    (by_server, by_device) = devices.environment.microsoft_365.online.inbound_connectors
    found = left_over.nobody_passes_for_own_servers(devices.environment)
    assert found.seen == f"'{by_server.name}' recognises no server and no device that environment.yaml names"
    alone = devices.change(devices=()).environment
    assert f"'{by_device.name}'" in left_over.nobody_passes_for_own_servers(alone).seen


@pytest.mark.parametrize(
    ("address", "external", "seen"),
    [
        ("david@contoso.com", "david@mail.contoso.com", "david@contoso.com leads to david@mail.contoso.com, and"),
        ("david@contoso.com", "david@contoso.com", "david@contoso.com leads to david@contoso.com, and"),
        ("david@contoso.com", None, "david@contoso.com leads to david@contoso.com, and"),
        ("david@contoso.com", "kate@contoso.com", ""),  # another name of a mailbox
        ("david@contoso.com", "david@fabrikam.com", ""),  # he is somewhere else
        ("david@fabrikam.com", "david@mail.contoso.com", ""),  # not of this domain
    ],
)
def test_a_mail_user_that_leads_back(cloud: Any, address: str, external: str | None, seen: str) -> None:
    target = Address.parse(external) if external else None
    changed = {"primary_smtp_address": Address.parse(address), "external_email_address": target}
    found = left_over.no_recipient_leads_back(cloud.item("mail_users", **changed).environment, cloud.domain)
    assert found.verdict is (Verdict.NON_COMPLIANT if seen else Verdict.COMPLIANT)
    if seen:
        assert found.seen == f"{seen} no mailbox has that address"


def test_mail_users_that_are_not_known(cloud: Any, unknown: Unknown) -> None:
    def judged(world: Any) -> tuple[Verdict, str]:
        found = left_over.no_recipient_leads_back(world.environment, world.domain)
        return found.verdict, found.seen

    assert judged(cloud.online(mail_users=unknown)) == (Verdict.NOT_VERIFIED, "the export lacks it")
    assert judged(cloud.online(mail_users=())) == (Verdict.COMPLIANT, "there is no mail user of contoso.com")
    hidden = cloud.item("mail_users", external_email_address=unknown)
    assert judged(hidden) == (Verdict.NOT_VERIFIED, "the export lacks it")


def test_authoritative(cloud: Any, unknown: Unknown) -> None:
    def judged(world: Any) -> tuple[Verdict, str, str]:
        return told(directory.authoritative(world.environment, world.domain))

    assert judged(cloud) == (Verdict.COMPLIANT, "it is", "")
    relay = cloud.item("accepted_domains", domain_type=DomainType.INTERNAL_RELAY)
    assert judged(relay) == (
        Verdict.NON_COMPLIANT,
        "it is InternalRelay: mail for whom Microsoft 365 does not know goes on, and nowhere",
        "Set-AcceptedDomain contoso.com -DomainType Authoritative",
    )
    assert judged(cloud.item("accepted_domains", domain_type=unknown))[:2] == (
        Verdict.NOT_VERIFIED,
        "the export lacks it",
    )
    assert judged(cloud.online(accepted_domains=unknown))[0] is Verdict.NOT_VERIFIED
    assert judged(cloud.online(accepted_domains=()))[:2] == (Verdict.NON_COMPLIANT, "Get-AcceptedDomain lists none")


MICROSOFT = "include:spf.protection.outlook.com"


@pytest.mark.parametrize(
    ("record", "verdict", "seen"),
    [
        (f"v=spf1 ip4:203.0.113.60 {MICROSOFT} -all", "compliant", f"each of ip4:203.0.113.60, {MICROSOFT} is needed"),
        (
            f"v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 a:mail.contoso.com {MICROSOFT} -all",
            "non-compliant",
            "nobody who is known to send needs ip4:131.107.21.231, a:mail.contoso.com",
        ),
        (f"v=spf1 -ip4:131.107.21.231 ip4:203.0.113.60 {MICROSOFT} -all", "compliant", "each of ip4:203.0.113.60, "),
        (f"v=spf1 ip4:203.0.113.60 ipv4:1.2.3.4 {MICROSOFT} -all", "not-verified", "what it says of 40.92.0.0, "),
        ("another text", "not-applicable", "there is not exactly one SPF record"),
        (Outcome.TIMEOUT, "not-verified", "the look-up of contoso.com TXT failed"),
    ],
)
def test_an_spf_record_that_lists_others(
    cloud: Any, look: Callable[..., Any], record: Any, verdict: str, seen: str
) -> None:
    found = left_over.spf_lists_nobody_else(cloud.domain, look(cloud, record))
    assert (str(found.verdict), found.seen[: len(seen)]) == (verdict, seen)


def test_who_sends_is_what_the_environment_says(s4: Any, look: Callable[..., Any]) -> None:
    record = f"v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 {MICROSOFT} -all"
    assert left_over.spf_lists_nobody_else(s4.domain, look(s4, record)).verdict is Verdict.COMPLIANT
    alone = replace(s4, environment=replace(s4.environment, third_parties=()))
    found = left_over.spf_lists_nobody_else(s4.domain, look(alone, record))
    assert found.seen == "nobody who is known to send needs ip4:203.0.113.60"
    assert found.remedy.startswith("Take ip4:203.0.113.60 out of the SPF record of contoso.com, or name")


@pytest.mark.parametrize(
    ("values", "verdict", "seen"),
    [
        (("autodiscover.outlook.com",), "compliant", "it is"),
        (("autodiscover-s.outlook.com",), "compliant", "it is"),
        (("mail.contoso.com",), "non-compliant", "it leads to mail.contoso.com"),
        ((), "non-compliant", "there is no such alias"),
    ],
)
def test_autodiscover(cloud: Any, answer: Any, values: tuple[str, ...], verdict: str, seen: str) -> None:
    alias = answer("autodiscover.contoso.com CNAME", *values)
    found = left_over.autodiscover_leads_to_microsoft_365(cloud.environment, cloud.domain, alias)
    assert (str(found.verdict), found.seen) == (verdict, seen)
    mend = "Publish: autodiscover.contoso.com. 3600 IN CNAME autodiscover.outlook.com."
    assert found.remedy == (mend if verdict == "non-compliant" else "")


def test_an_autodiscover_that_nobody_answers(cloud: Any, answer: Any) -> None:
    alias = answer("autodiscover.contoso.com CNAME", outcome=Outcome.SERVFAIL)
    found = left_over.autodiscover_leads_to_microsoft_365(cloud.environment, cloud.domain, alias)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the look-up of autodiscover.contoso.com CNAME failed")

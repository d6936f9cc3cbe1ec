"""Internal trust at the four connectors."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.environment.environment import Domain
from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.cloud import cloud
from mailflow.judge import enhanced_filtering, trust
from mailflow.observe.path import Disposition
from mailflow.policy.finding import Verdict

RECEIVING = "Default Frontend EX01"
INBOUND = "exchange-online/Get-InboundConnector.json"


def receiving(world: Any) -> tuple[int, Any]:
    connectors = world.environment.on_premises.exchange.receive_connectors
    return next((i, c) for i, c in enumerate(connectors) if c.name == RECEIVING)


def test_kept_in_both_directions(s4: Any) -> None:
    found = trust.kept_in_both_directions(s4.environment, [])
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "all four keep them")
    assert found.notes == (
        "nothing that inspects SMTP may stand between the two sides; settings do not show whether something does",
    )
    assert [item.asked.split(" '")[0] for item in found.evidence] == [
        "CloudServicesMailEnabled of send connector",
        "TlsDomainCapabilities of receive connector",
        "CloudServicesMailEnabled of inbound connector",
        "CloudServicesMailEnabled of outbound connector",
    ]
    assert found.evidence[2].of == s4.place(INBOUND, '"CloudServicesMailEnabled"')


def test_message_that_arrived_as_a_strangers(s4: Any, path: Any, hop: Any) -> None:
    """The settings are well, and something takes the headers away all the same."""
    kept = path([hop("cloud"), hop("own", internal=True)])
    assert trust.kept_in_both_directions(s4.environment, [kept]).verdict is Verdict.COMPLIANT
    lost, other = path("cloud own"), path("own cloud", to="chris@contoso.com")
    found = trust.kept_in_both_directions(s4.environment, [kept, lost, other, lost])
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "mail arrived as that of a stranger at mail.contoso.com, Microsoft 365",
    )
    assert [item.kind for item in found.evidence[-3:]] == ["path"] * 3
    # One that did not arrive, or on a way that was assumed, says nothing of it.
    for ended in (path("cloud own", ended=Disposition.RETURNED), path("cloud own", assumptions=("x",))):
        assert trust.kept_in_both_directions(s4.environment, [ended]).verdict is Verdict.COMPLIANT
    # Where a connector loses them, that is what to mend.
    off = s4.item("inbound_connectors", name="X", cloud_services_mail_enabled=False)
    assert trust.kept_in_both_directions(off.environment, [lost]).seen == "lost at inbound connector 'X'"


def test_lost_at_a_connector_of_the_tenant(s4: Any) -> None:
    off = {"name": "X", "cloud_services_mail_enabled": False}
    found = trust.kept_in_both_directions(s4.item("inbound_connectors", **off).environment, [])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "lost at inbound connector 'X'")
    found = trust.kept_in_both_directions(s4.item("outbound_connectors", **off).environment, [])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "lost at outbound connector 'X'")


def test_lost_at_the_send_connector(s4: Any) -> None:
    connectors = s4.environment.on_premises.exchange.send_connectors
    off = tuple(replace(c, name="X", cloud_services_mail_enabled=False) for c in connectors)
    found = trust.kept_in_both_directions(s4.exchange(send_connectors=off).environment, [])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "lost at send connector 'X'")


@pytest.mark.parametrize(
    "capabilities",
    [(), (("mail.protection.outlook.com", "AcceptXOriginalFrom"),), (("fabrikam.com", "AcceptCloudServicesMail"),)],
    ids=["none", "another capability", "for another domain"],
)
def test_lost_at_the_receive_connector(s4: Any, capabilities: Any) -> None:
    number, _ = receiving(s4)
    world = s4.own_item("receive_connectors", number, tls_domain_capabilities=capabilities)
    found = trust.kept_in_both_directions(world.environment, [])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"lost at receive connector '{RECEIVING}'")


def test_lost_at_a_more_specific_receive_connector(s4: Any) -> None:
    """The right one is there, and another takes what Microsoft 365 sends."""
    _, right = receiving(s4)
    start = int(ip_address("40.92.0.0"))
    narrow = replace(
        right, name="From outside", remote_ip_ranges=(AddressRange(4, start, start),), tls_domain_capabilities=()
    )
    connectors = s4.environment.on_premises.exchange.receive_connectors
    found = trust.kept_in_both_directions(s4.exchange(receive_connectors=(*connectors, narrow)).environment, [])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "lost at receive connector 'From outside'")


def test_connectors_missing(s4: Any) -> None:
    world = s4.online(inbound_connectors=(), outbound_connectors=()).exchange(send_connectors=())
    found = trust.kept_in_both_directions(world.environment, [])
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        (
            "lost at mail.contoso.com, which has no send connector to the tenant, the tenant, where no inbound "
            "connector recognises the on-premises servers, the tenant, where no outbound connector covers contoso.com"
        ),
    )


def test_no_receive_connector(s4: Any) -> None:
    """Two servers with a send connector each do not make up for it."""
    world = s4.servers(s4.server, replace(s4.server, name="b.contoso.com"))
    found = trust.kept_in_both_directions(world.exchange(receive_connectors=()).environment, [])
    assert found.verdict is Verdict.NON_COMPLIANT
    deaf = "which has no receive connector for 40.92.0.0 and 7 more of Microsoft 365"
    assert found.seen == f"lost at mail.contoso.com, {deaf}, b.contoso.com, {deaf}"
    silent = trust.kept_in_both_directions(s4.with_server(listens=()).environment, [])
    assert (silent.verdict, silent.seen) == (
        Verdict.NON_COMPLIANT,
        "lost at the own side, where no Exchange server takes mail from Microsoft 365",
    )


def test_connector_of_somebody_else_does_not_matter(s4: Any) -> None:
    connectors = s4.environment.microsoft_365.online.inbound_connectors
    scanners = replace(
        connectors[0],
        name="Scanners",
        tls_sender_certificate_name=None,
        sender_ip_addresses=(ip_network("192.0.2.0/24"),),
        cloud_services_mail_enabled=False,
        ef_skip_last_ip=False,
    )
    world = s4.online(inbound_connectors=(*connectors, scanners))
    assert trust.kept_in_both_directions(world.environment, []).verdict is Verdict.COMPLIANT
    assert enhanced_filtering.fits_the_scenario(world.environment, s4.domain).verdict is Verdict.COMPLIANT


def test_no_exchange_server(s4: Any) -> None:
    for world in (s4.servers(), s4.not_exchange()):
        found = trust.kept_in_both_directions(world.environment, [])
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the environment names no Exchange server")


def test_ranges_that_nobody_has_read(s4: Any) -> None:
    """Which receive connector takes mail of the tenant cannot be said."""
    found = trust.kept_in_both_directions(s4.tenant(cloud=cloud("china")).environment, [])
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "the published ranges of the cloud china are not in microsoft_365.toml",
    )


def test_a_domain_with_its_mailboxes_in_the_cloud_needs_no_outbound_connector(s4: Any) -> None:
    beside = s4.change(domains=(s4.domain, Domain("shop.example", "all-in-cloud", ())))
    assert trust.kept_in_both_directions(beside.environment, []).verdict is Verdict.COMPLIANT


def test_what_a_gateway_takes_no_connector_gives_back(s4: Any) -> None:
    inside = s4.with_server(listens=(ip_address("10.1.1.5"),), sends_from=(ip_address("10.1.1.5"),))
    found = trust.kept_in_both_directions(inside.environment, [])
    assert found.verdict is Verdict.NOT_VERIFIED  # nobody knows from where its mail comes
    gateway = replace(s4.not_exchange().server, name="gw.contoso.com")
    found = trust.kept_in_both_directions(inside.servers(gateway, inside.server).environment, [])
    seen = "lost at what stands between Microsoft 365 and mail.contoso.com, whose addresses are private"
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, seen)
    assert "Edge Transport" in found.remedy
    assert "Edge" not in trust.kept_in_both_directions(s4.exchange(receive_connectors=()).environment, []).remedy

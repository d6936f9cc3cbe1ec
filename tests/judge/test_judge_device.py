"""Devices that send: recognised where they relay, strangers where they use Direct Send, in SPF, allowed to sign in."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.environment.environment import DeviceWay
from mailflow.exchange.known import Unknown
from mailflow.judge import device as judge
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, Verdict
from mailflow.records.spf import Evaluation, Result

RELAY = "Relay for the shop"
CAS = "exchange-online/Get-CASMailbox.json"


@pytest.fixture
def devices(world: Any) -> Any:
    return world("scenario-1-devices")


def with_devices(devices: Any, name: str, **fields: Any) -> Any:
    return devices.change(
        devices=tuple(replace(one, **fields) if one.name == name else one for one in devices.environment.devices)
    )


def relay_connector(devices: Any, **fields: Any) -> Any:
    return devices.item("inbound_connectors", 1, **fields)


def test_a_device_that_relays_is_recognised(devices: Any) -> None:
    found = judge.recognised(devices.environment, devices.domain)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, f"orders [131.107.21.233] by '{RELAY}'")
    assert found.evidence[-1] == Evidence(
        "config",
        f"SenderIPAddresses of inbound connector '{RELAY}'",
        "exchange-online/Get-InboundConnector.json:47",
        ("131.107.21.233/32",),
    )


def test_one_that_no_connector_knows_is_a_stranger(devices: Any) -> None:
    moved = with_devices(devices, "orders", sends_from=(ip_address("131.107.21.240"),))
    found = judge.recognised(moved.environment, devices.domain)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen == (
        "orders [131.107.21.240]: 550 5.7.64 TenantAttribution; Relay Access Denied SMTP (no inbound connector matches "
        "131.107.21.240 and no tenant has elsewhere.invalid)"
    )
    assert "-SenderIPAddresses 131.107.21.240\n" in found.remedy


def test_a_certificate_is_enough(devices: Any) -> None:
    moved = with_devices(
        devices, "orders", sends_from=(ip_address("131.107.21.240"),), certificate=devices.server.certificate
    )
    found = judge.recognised(moved.environment, devices.domain)
    assert found.verdict is Verdict.COMPLIANT
    assert found.seen.startswith("orders [131.107.21.240] by 'Inbound from ")
    other = moved.item("inbound_connectors", 0, tls_sender_certificate_name="fabrikam.com")
    found = judge.recognised(other.environment, devices.domain)
    assert found.seen.startswith(
        "orders [131.107.21.240], with a certificate for mail.contoso.com, contoso.com: 550 5.7.64 "
    )


def test_direct_send_uses_no_connector(devices: Any) -> None:
    assert judge.uses_no_connector(devices.environment, devices.domain).seen == "none does"
    wide = relay_connector(devices, sender_ip_addresses=(ip_network("131.107.21.0/24"),))
    found = judge.uses_no_connector(wide.environment, devices.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"scanner [131.107.21.236] matches '{RELAY}'",
    )


@pytest.mark.parametrize("ask", [judge.recognised, judge.uses_no_connector])
def test_connectors_that_nobody_exported_say_nothing(devices: Any, ask: Any) -> None:
    blind = devices.online(inbound_connectors=Unknown("no export"))
    found = ask(blind.environment, devices.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "no export")


@pytest.mark.parametrize(
    ("own", "of_all", "verdict", "seen"),
    [
        (False, True, Verdict.COMPLIANT, "it is enabled for payroll@contoso.com"),
        (False, Unknown("no config"), Verdict.COMPLIANT, "it is enabled for payroll@contoso.com"),
        (True, False, Verdict.NON_COMPLIANT, "it is disabled for payroll@contoso.com"),
        (None, False, Verdict.COMPLIANT, "it is enabled for payroll@contoso.com"),
        (None, True, Verdict.NON_COMPLIANT, "it is disabled for payroll@contoso.com"),
        (None, Unknown("no config"), Verdict.NOT_VERIFIED, "no config"),
        (Unknown("no property"), False, Verdict.NOT_VERIFIED, "no property"),
    ],
)
def test_the_mailbox_goes_before_the_organization(
    devices: Any, own: Any, of_all: Any, verdict: Verdict, seen: str
) -> None:
    config = devices.environment.microsoft_365.online.transport_config
    asked = devices.item("cas_mailboxes", 3, smtp_client_authentication_disabled=own).online(
        transport_config=replace(config, smtp_client_authentication_disabled=of_all)
    )
    found = judge.may_sign_in(asked.environment, devices.domain)
    assert (found.verdict, found.seen) == (verdict, seen)


def test_papers_and_mend_of_smtp_auth(devices: Any) -> None:
    followed = devices.item("cas_mailboxes", 3, smtp_client_authentication_disabled=None)
    found = judge.may_sign_in(followed.environment, devices.domain)
    prop = "SmtpClientAuthenticationDisabled of"
    assert [(one.asked, one.answer) for one in found.evidence] == [
        (f"{prop} mailbox payroll@contoso.com", ("(not set)",)),
        (f"{prop} the organization", ("True",)),
    ]
    assert found.remedy == "Set-CASMailbox payroll@contoso.com -SmtpClientAuthenticationDisabled $false"


def test_a_mailbox_that_no_export_lists_is_not_known(devices: Any) -> None:
    short = devices.online(cas_mailboxes=())
    found = judge.may_sign_in(short.environment, devices.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "Get-CASMailbox lists no mailbox payroll@contoso.com of the tenant",
    )
    none = devices.online(cas_mailboxes=Unknown(f"{CAS} was not supplied"))
    assert judge.may_sign_in(none.environment, devices.domain).seen == f"{CAS} was not supplied"


def test_nothing_is_true_of_no_device(devices: Any) -> None:
    none = devices.change(devices=())
    found = [
        judge.recognised(none.environment, devices.domain),
        judge.uses_no_connector(none.environment, devices.domain),
        judge.may_sign_in(none.environment, devices.domain),
        *judge.passes_spf(devices.domain, {}),
    ]
    assert {one.verdict for one in found} == {Verdict.NOT_APPLICABLE}


def failing(world: Any) -> list[Finding]:
    """Judge it where SPF fails everybody."""
    asked: list[Any] = []

    def drive(asking: Sequence[Any]) -> tuple[Evaluation, ...]:
        asked.extend(asking)
        return tuple(Evaluation(Result.NONE, (), {}, 0, 0) for _ in asking)

    return judge.passes_spf(world.domain, judge.look_up_spf(world.environment, world.domain, drive))


def test_spf_is_asked_about_those_that_reach_microsoft_365_themselves(devices: Any) -> None:
    (found,) = failing(devices)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "131.107.21.236, 131.107.21.233: none")
    assert found.remedy == (
        "Add ip4:131.107.21.236 ip4:131.107.21.233 to the SPF record of contoso.com, before its end"
    )


def below(world: Any, *names: str) -> Any:
    """The same with these devices sending as a name below the domain."""
    there = Address("robot", "shop.contoso.com")
    changed = (replace(one, sends_as=there) if one.name in names else one for one in world.environment.devices)
    return world.change(devices=tuple(changed))


def test_a_name_below_the_domain_has_an_spf_record_of_its_own(devices: Any) -> None:
    own, found = failing(below(devices, "orders"))
    assert own.seen == "131.107.21.236: none"
    assert (found.asked, found.verdict, found.seen) == (
        "every device that sends with a reverse-path in shop.contoso.com passes the SPF record of shop.contoso.com",
        Verdict.NON_COMPLIANT,
        "131.107.21.233: none",
    )
    assert found.remedy == 'Publish: shop.contoso.com. 3600 IN TXT "v=spf1 ip4:131.107.21.233 -all"'
    assert [one.seen for one in failing(below(devices, "orders", "scanner"))] == [
        "131.107.21.236, 131.107.21.233: none"
    ]


def test_a_device_that_sends_as_a_name_below_is_asked_what_every_device_is(devices: Any) -> None:
    world = below(devices, "orders")
    found = judge.sends(world.environment, world.domain, DeviceWay.RELAY)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "orders (relay)")
    # Microsoft 365 relays by address for senders in accepted domains: this name is none.
    found = judge.recognised(world.environment, world.domain)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen.startswith("orders [131.107.21.233]: 550 5.7.64")
    accepting = world.item("accepted_domains", match_sub_domains=True)
    assert judge.recognised(accepting.environment, world.domain).verdict is Verdict.COMPLIANT
    # A further domain of the organization has rows of its own.
    both = world.change(domains=(world.domain, replace(world.domain, name="shop.contoso.com")))
    assert judge.sends(both.environment, world.domain, DeviceWay.RELAY).verdict is Verdict.NOT_APPLICABLE
    assert judge.sends(both.environment, both.environment.domains[1], DeviceWay.RELAY).verdict is Verdict.COMPLIANT


def test_which_devices_there_are_is_asked(devices: Any) -> None:
    environment = devices.environment
    found = judge.sends(environment, devices.domain, DeviceWay.DIRECT_SEND, DeviceWay.RELAY)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "scanner (direct-send), orders (relay)")
    found = judge.sends(environment, devices.domain, DeviceWay.DIRECT_SEND, outside=True)
    assert (found.verdict, found.seen) == (Verdict.NOT_APPLICABLE, "the environment names none")
    silent = devices.change(devices=(), lines={})
    found = judge.sends(silent.environment, devices.domain, DeviceWay.RELAY)
    assert (found.verdict, found.remedy) == (
        Verdict.NOT_VERIFIED,
        "Add to environment.yaml: devices: {} for none, or each with its way",
    )


def test_own_mailboxes_are_listed_or_cannot_be(devices: Any) -> None:
    assert judge.has_own_mailboxes(devices.environment, devices.domain).seen == "david@contoso.com"
    none = devices.mailboxes(on_premises=())
    assert judge.has_own_mailboxes(none.environment, devices.domain).verdict is Verdict.NOT_VERIFIED
    assert judge.has_own_mailboxes(none.servers().environment, devices.domain).verdict is Verdict.NOT_APPLICABLE

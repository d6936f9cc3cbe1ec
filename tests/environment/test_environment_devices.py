"""Devices in environment.yaml: what is written arrives, and what contradicts itself is told."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from mailflow.environment.environment import Device, DeviceWay
from mailflow.environment.load import load
from mailflow.environment.message import Kind, messages
from mailflow.mail.address import Address

YAML = "environment.yaml"
NONE = "devices: {}"
ENVIRONMENT = load(Path(__file__).parents[2] / "fixtures" / "scenario-1-devices")


def at(last: int) -> tuple[object, ...]:
    return (ip_address(f"131.107.21.{last}"),)


def test_the_words_arrive_each_with_its_default() -> None:
    assert ENVIRONMENT.devices == (
        Device(
            "scanner",
            DeviceWay.DIRECT_SEND,
            at(236),
            Address("scanner", "contoso.com"),
            "[131.107.21.236]",
            False,
            "",
            None,
            Address("scanner", "contoso.com"),
        ),
        Device(
            "orders",
            DeviceWay.RELAY,
            at(233),
            Address("orders", "contoso.com"),
            "orders.contoso.com",
            True,
            "",
            None,
            Address("orders", "contoso.com"),
        ),
        Device(
            "monitoring",
            DeviceWay.OWN_SERVER,
            at(234),
            Address("monitoring", "contoso.com"),
            "[131.107.21.234]",
            True,
            "mail.contoso.com",
            None,
            Address("monitoring", "contoso.com"),
        ),
        Device(
            "payroll",
            DeviceWay.CLIENT_SUBMISSION,
            (),
            Address("payroll", "contoso.com"),
            "",
            True,
            "",
            None,
            Address("payroll", "contoso.com"),
        ),
    )


def test_who_sends_what_to_whom() -> None:
    domain, parked = ENVIRONMENT.domains
    assert messages(ENVIRONMENT, parked, Kind.DEVICE_TO_CLOUD) == ()

    def told(kind: Kind) -> list[str]:
        return [f"{one.submitted_at}: {one.envelope.rcpt_to[0]}" for one in messages(ENVIRONMENT, domain, kind)]

    assert told(Kind.DEVICE_TO_CLOUD) == [
        f"{device}: {recipient}@contoso.com"
        for device in ("scanner", "orders", "monitoring")
        for recipient in ("chris", "sara")
    ]
    assert told(Kind.DEVICE_TO_ON_PREMISES) == [
        f"{device}: david@contoso.com" for device in ("scanner", "orders", "monitoring")
    ]
    assert told(Kind.DEVICE_TO_INTERNET) == [
        f"{device}: {recipient}"
        for device in ("orders", "monitoring")
        for recipient in ("john@fabrikam.com", "kate@tailspintoys.com")
    ]
    assert [
        (str(one.envelope.mail_from), one.direct_to) for one in messages(ENVIRONMENT, domain, Kind.STRANGER_AS_DEVICE)
    ] == [
        ("scanner@contoso.com", "contoso-com.mail.protection.outlook.com"),
        ("orders@contoso.com", "contoso-com.mail.protection.outlook.com"),
        ("monitoring@contoso.com", "mail.contoso.com"),
    ]


USUAL = "sends_from: [131.107.21.236], as: scanner@contoso.com, sends_outside: false"


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (
            f"scanner: {{way: fax, {USUAL}}}",
            "34: found 'fax' for 'way'; expected client-submission, direct-send, relay or own-server.",
        ),
        (
            "scanner: {way: relay, as: scanner@contoso.com, sends_outside: false}",
            "34: found relay with no address; expected the addresses from which it connects under sends_from.",
        ),
        (
            "scanner: {way: relay, sends_from: [131.107.21.236], as: scanner@fabrikam.com, sends_outside: false}",
            "34: found 'scanner@fabrikam.com'; expected a sender in a domain of the organization (contoso.com).",
        ),
        (
            f"newsletter: {{way: relay, {USUAL}}}",
            "34: found a device 'newsletter'; expected a name of its own, which nobody else has.",
        ),
        (
            f"Microsoft 365: {{way: relay, {USUAL}}}",
            "34: found a device 'Microsoft 365'; expected a name of its own, which nobody else has.",
        ),
        (
            "scanner: {way: relay, sends_from: [203.0.113.60], as: scanner@contoso.com, sends_outside: false}",
            "34: found 203.0.113.60, an address of 'newsletter'; expected an address of the organization's own.",
        ),
        (
            f"scanner: {{way: own-server, server: mail.contoso.con, {USUAL}}}",
            (
                "34: found 'mail.contoso.con'; expected the name of a server under on_premises. "
                "Did you mean 'mail.contoso.com'?"
            ),
        ),
        (
            f"scanner: {{way: relay, server: mail.contoso.com, {USUAL}}}",
            "34: found server of a device that uses relay; expected it with own-server only.",
        ),
        (
            f"scanner: {{way: direct-send, signs_in_as: scanner@contoso.com, {USUAL}}}",
            "34: found signs_in_as of a device that uses direct-send; expected it with client-submission only.",
        ),
        (
            f"scanner: {{way: relay, certificate: scanner.pem, {USUAL}}}",
            "34: found 'scanner.pem', which is no file here; expected a file inside it.",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(scenario_4, mistakes_of, device: str, told: str) -> None:
    scenario_4.replace(YAML, NONE, f"devices: {{{device}}} #")
    assert mistakes_of(scenario_4) == [f"{YAML}:{told}"]


def test_of_several_own_servers_one_has_to_be_named(scenario_4, mistakes_of) -> None:
    scenario_4.replace(YAML, NONE, f"devices: {{scanner: {{way: own-server, {USUAL}}}}} #")
    assert load(scenario_4.path).devices[0].server == "mail.contoso.com"
    another = "    mx2.contoso.com: {listens: [131.107.21.240], exchange_name: EX02}\n"
    scenario_4.replace(YAML, "  servers:\n", f"  servers:\n{another}")
    expected = "the name of the server under on_premises that takes its mail"
    assert mistakes_of(scenario_4) == [f"{YAML}:35: found own-server without server; expected {expected}."]

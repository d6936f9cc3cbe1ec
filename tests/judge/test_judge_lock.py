"""The lock of the tenant: whom it keeps out, whom it lets in, and what nobody can know of it."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import ConnectorType
from mailflow.judge import inbound, lock
from mailflow.policy.finding import Verdict

FILE = "exchange-online/Get-InboundConnector.json"
OWN = (ip_network("131.107.21.231/32"),)
BY_ADDRESS = {"tls_sender_certificate_name": None, "sender_ip_addresses": OWN}
LOCKED = 1  # the second connector of scenarios 3 and 4

NOBODY_SENDS = "the environment names no public address from which an on-premises server sends"


def test_locked(s4: Any) -> None:
    found = lock.locked(s4.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.COMPLIANT,
        "refused as each of them, and the own servers are let in",
    )
    said = {item.asked.split(" of ")[0]: (item.of, item.answer) for item in found.evidence}
    assert said == {
        "Enabled": (s4.place(FILE, '"Enabled"', 2), ("True",)),
        "TlsSenderCertificateName": (s4.place(FILE, '"TlsSenderCertificateName"', 2), ("contoso.com",)),
        "SenderIPAddresses": (s4.place(FILE, '"SenderIPAddresses"', 2), ("(empty)",)),
        "SenderDomains": (s4.place(FILE, '"SenderDomains"', 2), ("*",)),
        "RestrictDomainsToCertificate": (s4.place(FILE, '"RestrictDomainsToCertificate"', 2), ("True",)),
        "RestrictDomainsToIPAddresses": (s4.place(FILE, '"RestrictDomainsToIPAddresses"', 2), ("False",)),
        "RejectDirectSend": (
            s4.place("exchange-online/Get-OrganizationConfig.json", "RejectDirectSend"),
            ("False",),
        ),
    }


OPEN_TO_ALL = "taken from a stranger as a foreign sender, the own domain, nobody (<>)"
SPOOFING_ONLY = (
    "taken from a stranger as a foreign sender, nobody (<>): that stops who forges the own domain, and nobody else who "
    "walks around the filter"
)


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"enabled": False}, OPEN_TO_ALL),
        ({"connector_type": ConnectorType.ON_PREMISES}, OPEN_TO_ALL),
        ({"restrict_domains_to_certificate": False, "require_tls": True}, OPEN_TO_ALL),
        ({"sender_domains": ("fabrikam.com",)}, OPEN_TO_ALL),
        ({"sender_domains": ("contoso.com",)}, SPOOFING_ONLY),
        ({"associated_accepted_domains": ("fabrikam.com",)}, OPEN_TO_ALL),
    ],
)
def test_not_locked(s4: Any, fields: Any, seen: str) -> None:
    found = lock.locked(s4.item("inbound_connectors", LOCKED, **fields).environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, seen)


def test_a_lock_that_lets_in_addresses_of_nobody(s4: Any) -> None:
    def by_address(*ranges: str) -> Any:
        fields = {
            "restrict_domains_to_certificate": False,
            "restrict_domains_to_ip_addresses": True,
            "sender_ip_addresses": tuple(map(ip_network, ranges)),
        }
        return lock.locked(s4.item("inbound_connectors", LOCKED, **fields).environment, s4.domain)

    assert by_address("131.107.21.231/32", "203.0.113.0/24").verdict is Verdict.COMPLIANT  # ours, and the newsletter's
    found = by_address("131.107.21.231/32", "198.51.100.0/24")
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "whom that is for is not known: 'Only by way of the on-premises servers' lets 198.51.100.0/24 in",
    )
    assert "or take the addresses, the name, out of the connector" in found.remedy
    other = s4.item("inbound_connectors", LOCKED, tls_sender_certificate_name="filter.example")
    found = lock.locked(other.environment, s4.domain)
    assert found.verdict is Verdict.NOT_VERIFIED
    assert found.seen.endswith("servers' lets in whoever shows a certificate for filter.example")


def test_direct_send_rejected_alone_is_no_lock(s4: Any) -> None:
    """Nor do several domains for which restrictions hold one by one make a lock."""
    config = replace(s4.environment.microsoft_365.online.organization_config, reject_direct_send=True)
    world = s4.online(organization_config=config)
    unlocked = world.item("inbound_connectors", LOCKED, enabled=False)
    found = lock.locked(unlocked.environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, SPOOFING_ONLY)
    assert found.evidence[-1].asked == "RejectDirectSend of the organization"
    assert found.evidence[-1].answer == ("True",)
    assert lock.locked(world.environment, s4.domain).verdict is Verdict.COMPLIANT


def test_lock_that_shuts_out_the_own_servers(s4: Any) -> None:
    """Known by address, restricted by address, and the own ones forgotten: requirements, S3-LOCK-1."""
    gateway = (ip_network("192.0.2.1/32"),)
    by_address = {"restrict_domains_to_certificate": False, "restrict_domains_to_ip_addresses": True}
    world = s4.item("inbound_connectors", **BY_ADDRESS)
    shut = world.item("inbound_connectors", LOCKED, **by_address, sender_ip_addresses=gateway)
    found = lock.locked(shut.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        (
            "mail of the own servers is refused too: mail.contoso.com [131.107.21.231] as a foreign sender, "
            "mail.contoso.com [131.107.21.231] as nobody (<>)"
        ),
    )
    let_in = world.item("inbound_connectors", LOCKED, **by_address, sender_ip_addresses=OWN)
    assert lock.locked(let_in.environment, s4.domain).verdict is Verdict.COMPLIANT


def test_lock_of_the_own_domain_by_another_certificate(s4: Any) -> None:
    """The more specific connector decides for the own domain; the own servers are in no other way known."""
    online = s4.environment.microsoft_365.online
    second = replace(
        online.inbound_connectors[LOCKED],
        name="Own domain",
        sender_domains=("contoso.com",),
        tls_sender_certificate_name="gw.fabrikam.com",
    )
    world = s4.online(inbound_connectors=(online.inbound_connectors[LOCKED], second))
    found = lock.locked(world.environment, s4.domain)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen == "mail of the own servers is refused too: mail.contoso.com [131.107.21.231] as the own domain"


def test_domain_for_which_nobody_is_let_in(s4: Any) -> None:
    world = s4.item("accepted_domains", domain_name="fabrikam.com")
    found = lock.locked(world.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "contoso.com is no accepted domain of the tenant",
    )


def test_lock_and_a_certificate_that_the_environment_does_not_name(s4: Any) -> None:
    """With it the own servers might be let in."""
    bare = s4.with_server(certificate=None)
    why = "the environment names no certificate for mail.contoso.com"
    found = lock.locked(bare.environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, why)
    assume = Assumptions()
    assert inbound.connectors_of_own_servers(bare.environment, assume) == ()
    assert assume.made == (why,)


def test_lock_without_own_servers(s4: Any) -> None:
    found = lock.locked(s4.servers().environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, NOBODY_SENDS)


def test_lock_for_servers_whose_address_nobody_outside_sees(s4: Any) -> None:
    found = lock.locked(s4.with_server(sends_from=(ip_address("10.1.1.5"),)).environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, NOBODY_SENDS)

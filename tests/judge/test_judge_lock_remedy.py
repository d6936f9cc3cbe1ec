"""What mends a lock: the connector, the property, and the very name or addresses."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.exchange.online import ConnectorType
from mailflow.judge import lock
from mailflow.policy.finding import Verdict

LOCK = 1  # the second of the inbound connectors
NAME = "Reject mail not routed through MX (filter.example)"


@pytest.fixture
def front(world: Any) -> Any:
    return world("third-party-filter")


def remedy(front: Any, **fields: Any) -> str:
    broken = front.item("inbound_connectors", LOCK, **fields)
    found = lock.locked_behind_filter(broken.environment, broken.domain)
    assert found.verdict is Verdict.NON_COMPLIANT
    return found.remedy


def shown(front: Any, *certificates: Any, addresses: Any = None) -> Any:
    """Let each server of the filter show a certificate with these names, and send from these addresses."""
    (party, *others) = front.environment.third_parties
    servers = []
    for number, (server, certificate) in enumerate(zip(party.servers, certificates, strict=True)):
        sends_from = server.sends_from if addresses is None else (ip_address(addresses[number]),)
        servers.append(replace(server, certificate=certificate, sends_from=sends_from))
    return front.change(third_parties=(replace(party, servers=tuple(servers)), *others))


@pytest.mark.parametrize(
    ("fields", "switches"),
    [
        ({"enabled": False}, "-Enabled $true"),
        ({"sender_domains": ("contoso.com",)}, "-SenderDomains *"),
        (
            {"associated_accepted_domains": ("fabrikam.com",)},
            '-AssociatedAcceptedDomains @{Add="contoso.com"}',
        ),
        ({"restrict_domains_to_certificate": False}, "-RestrictDomainsToCertificate $true"),
        ({"tls_sender_certificate_name": "mx.old.example"}, "-TlsSenderCertificateName mx1.filter.example"),
        (
            {"restrict_domains_to_certificate": False, "tls_sender_certificate_name": None, "enabled": False},
            "-Enabled $true -RestrictDomainsToCertificate $true -TlsSenderCertificateName mx1.filter.example",
        ),
        (
            {
                "restrict_domains_to_certificate": False,
                "restrict_domains_to_ip_addresses": True,
                "sender_ip_addresses": (ip_network("203.0.113.10/32"),),
            },
            '-SenderIPAddresses @{Add="203.0.113.11"}',
        ),
    ],
)
def test_the_one_change_that_locks(front: Any, fields: Any, switches: str) -> None:
    assert remedy(front, **fields) == f'Set-InboundConnector "{NAME}" {switches}'


def test_a_connector_that_has_to_be_made(front: Any) -> None:
    new = 'New-InboundConnector -Name "Reject mail not routed through MX" -ConnectorType Partner -SenderDomains * '
    # One for a real partner is left alone, and the one for the own servers, too.
    for_partner = {"sender_domains": ("fabrikam.com",)}
    told = remedy(front, **for_partner)
    by_name = "-RestrictDomainsToCertificate $true -TlsSenderCertificateName mx1.filter.example"
    assert told == f"{new}-RequireTls $true {by_name}"
    bare = shown(front, None, None).online(inbound_connectors=())
    found = lock.locked_behind_filter(bare.environment, bare.domain)
    by_address = "-RestrictDomainsToIPAddresses $true -SenderIPAddresses 203.0.113.10,203.0.113.11"
    assert found.remedy == f"{new}-RequireTls $true {by_address}"


def test_servers_that_have_no_name_in_common(front: Any, world: Any) -> None:
    """The certificates of the own server and of the filter stand for two of a service."""
    filters = front.environment.third_parties[0].servers[0].certificate
    other = world("scenario-4").server.certificate
    apart = shown(front, filters, other)
    assert remedy(apart) == (
        f'Set-InboundConnector "{NAME}" -RestrictDomainsToIPAddresses $true -RestrictDomainsToCertificate $false '
        "-SenderIPAddresses 203.0.113.10,203.0.113.11"
    )
    # SenderIPAddresses takes no IPv6: nothing is told that would not hold.
    assert remedy(shown(front, filters, other, addresses=("2001:db8::10", "203.0.113.11"))) == ""


def test_the_own_servers_are_no_candidates(s4: Any) -> None:
    """The connector that recognises them is to stay what it is: the one that restricts is mended."""
    found = lock.locked(
        s4.item("inbound_connectors", LOCK, connector_type=ConnectorType.ON_PREMISES).environment, s4.domain
    )
    assert found.remedy == 'Set-InboundConnector "Only by way of the on-premises servers" -ConnectorType Partner'
    online = s4.environment.microsoft_365.online
    alone = s4.online(inbound_connectors=online.inbound_connectors[:1])
    assert lock.locked(alone.environment, s4.domain).remedy == (
        'New-InboundConnector -Name "Only by way of our servers" -ConnectorType Partner -SenderDomains * '
        "-RequireTls $true -RestrictDomainsToCertificate $true -TlsSenderCertificateName mail.contoso.com"
    )


def test_a_server_that_shows_no_certificate_is_let_in_by_address(front: Any) -> None:
    """It speaks TLS without: another connector beside the one that restricts would not help."""
    bare = shown(front, front.environment.third_parties[0].servers[0].certificate, None)
    found = lock.locked_behind_filter(silent(bare).environment, bare.domain)
    assert found.remedy == (
        f'Set-InboundConnector "{NAME}" -RestrictDomainsToIPAddresses $true -RestrictDomainsToCertificate $false '
        "-SenderIPAddresses 203.0.113.10,203.0.113.11"
    )


def silent(front: Any) -> Any:
    """Let the first server of the filter show no certificate when it hands on, and both have one."""
    (party, *others) = front.environment.third_parties
    (first, second) = party.servers
    routes = tuple(replace(route, presents_certificate=False) for route in first.other.routes)
    first = replace(first, other=replace(first.other, routes=routes))
    second = replace(second, certificate=first.certificate)
    return front.change(third_parties=(replace(party, servers=(first, second)), *others))

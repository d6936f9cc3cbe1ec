"""The sample exports of Exchange Server: numbers and nested objects beside the strings they stand for."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import pytest

from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.export import read_exchange_server, with_edge_server
from mailflow.exchange.known import Known, Origin, Unknown
from mailflow.exchange.online import AcceptedDomain, DomainType, Mailbox
from mailflow.exchange.server import (
    AddressSpace,
    ExchangeCertificate,
    ExchangeServer,
    ReceiveConnector,
    RemoteMailbox,
    SendConnector,
    SmartHostAuth,
    TlsAuthLevel,
    TlsCertificateName,
)
from mailflow.mail.address import Address

T = TypeVar("T")

ROOT = Path(__file__).parent / "exports"
CERTIFICATE = TlsCertificateName("CN=Example Authority, O=Example", "CN=mail.contoso.com")


@pytest.fixture(scope="module")
def server() -> ExchangeServer:
    return read_exchange_server(ROOT / "exchange-server", ROOT)


def origin(cmdlet: str, line: int) -> Origin:
    return Origin(f"exchange-server/{cmdlet}.json", line)


def between(first: str, last: str) -> AddressRange:
    return AddressRange(ip_address(first).version, int(ip_address(first)), int(ip_address(last)))


def test_accepted_domains(server: ExchangeServer) -> None:
    assert server.accepted_domains == (
        AcceptedDomain("contoso.com", DomainType.AUTHORITATIVE, False, True, origin("Get-AcceptedDomain", 2)),
        AcceptedDomain("*.fabrikam.com", DomainType.INTERNAL_RELAY, False, False, origin("Get-AcceptedDomain", 13)),
    )


def test_send_connectors(server: ExchangeServer) -> None:
    assert server.send_connectors == (
        SendConnector(
            name="Outbound to Office 365 - 4c5b7e1a",
            enabled=True,
            address_spaces=(AddressSpace("contoso.mail.onmicrosoft.com", 1),),
            dns_routing_enabled=True,
            smart_hosts=(),
            fqdn="mail.contoso.com",
            require_tls=True,
            tls_auth_level=TlsAuthLevel.CERTIFICATE_VALIDATION,
            tls_domain="mail.protection.outlook.com",
            tls_certificate_name=CERTIFICATE,
            cloud_services_mail_enabled=True,
            source_transport_servers=("EX01",),
            origin=origin("Get-SendConnector", 2),
            port=25,
            smart_host_auth_mechanism=SmartHostAuth.NONE,
        ),
        SendConnector(
            name="Internet",
            enabled=True,
            address_spaces=(AddressSpace("*", 10),),
            dns_routing_enabled=False,
            smart_hosts=("contoso-com.mail.protection.outlook.com", "192.0.2.25"),
            fqdn=None,
            require_tls=False,
            tls_auth_level=None,
            tls_domain=None,
            tls_certificate_name=None,
            cloud_services_mail_enabled=False,
            source_transport_servers=("EX01",),
            origin=origin("Get-SendConnector", 50),
            port=587,
            smart_host_auth_mechanism=SmartHostAuth.BASIC_AUTH_REQUIRE_TLS,
        ),
    )


def test_receive_connectors(server: ExchangeServer) -> None:
    assert server.receive_connectors == (
        ReceiveConnector(
            name="Default Frontend EX01",
            server="EX01",
            enabled=True,
            remote_ip_ranges=(
                between("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                between("0.0.0.0", "255.255.255.255"),
            ),
            permission_groups=frozenset({"AnonymousUsers", "ExchangeServers", "ExchangeLegacyServers"}),
            anonymous_may_relay=False,
            auth_mechanism=frozenset({"Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer"}),
            require_tls=False,
            tls_certificate_name=CERTIFICATE,
            tls_domain_capabilities=(("mail.protection.outlook.com", "AcceptCloudServicesMail"),),
            bindings_ports=(25,),
            origin=origin("Get-ReceiveConnector", 2),
        ),
        ReceiveConnector(
            name="Anonymous relay",
            server="EX01",
            enabled=False,
            remote_ip_ranges=(
                between("192.0.2.1", "192.0.2.9"),
                between("198.51.100.7", "198.51.100.7"),
                between("10.1.0.0", "10.1.255.255"),
            ),
            permission_groups=frozenset({"AnonymousUsers", "ExchangeServers"}),
            anonymous_may_relay=True,
            auth_mechanism=frozenset({"Tls", "ExternalAuthoritative"}),
            require_tls=False,
            tls_certificate_name=None,
            tls_domain_capabilities=(),
            bindings_ports=(25,),
            origin=origin("Get-ReceiveConnector", 34),
        ),
    )


def test_the_small_ones(server: ExchangeServer) -> None:
    thumbprint = "F15C0F6DCA0F8E4A7A4C6D2E1B0A9F8E7D6C5B4A"
    assert server.certificates == (
        ExchangeCertificate(
            thumbprint=thumbprint,
            subject="CN=mail.contoso.com",
            issuer="CN=Example Authority, O=Example",
            not_after=datetime(2125, 12, 30, 23, 59, 59, tzinfo=UTC),
            server="ex01",
            origin=origin("Get-ExchangeCertificate", 1),
        ),
    )
    assert server.mailboxes == (
        Mailbox(
            primary_smtp_address=Address("kate", "contoso.com"),
            email_addresses=(Address("kate", "contoso.com"),),
            forwarding_smtp_address=Address("kate", "tailspintoys.com"),
            deliver_to_mailbox_and_forward=True,
            origin=origin("Get-Mailbox", 2),
        ),
    )
    assert server.remote_mailboxes == (
        RemoteMailbox(
            primary_smtp_address=Address("chris", "contoso.com"),
            email_addresses=(Address("chris", "contoso.com"),),
            remote_routing_address=Address("chris", "contoso.mail.onmicrosoft.com"),
            origin=origin("Get-RemoteMailbox", 1),
        ),
    )


def write(folder: Path, cmdlet: str, value: object) -> None:
    (folder / f"{cmdlet}.json").write_text(json.dumps(value), encoding="utf-8")


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_a_number_that_nobody_has_documented_is_unknown(tmp_path: Path, number: int) -> None:
    write(tmp_path, "Get-SendConnector", {"Name": "X", "TlsAuthLevel": number})

    connectors = read_exchange_server(tmp_path, tmp_path).send_connectors

    assert isinstance(connectors, tuple)
    assert connectors[0].tls_auth_level == Unknown(
        f"TlsAuthLevel is the number {number}, whose meaning is not documented, "
        "in Get-SendConnector.json:1 (send connector 'X')"
    )


def test_flags_with_an_unknown_bit_are_unknown(tmp_path: Path) -> None:
    write(tmp_path, "Get-ReceiveConnector", {"Name": "X", "PermissionGroups": 65, "Identity": "X"})

    connectors = read_exchange_server(tmp_path, tmp_path).receive_connectors

    assert isinstance(connectors, tuple)
    place = "in Get-ReceiveConnector.json:1 (receive connector 'X')"
    assert connectors[0].permission_groups == Unknown(
        f"PermissionGroups is the number 65, whose meaning is not documented, {place}"
    )
    assert connectors[0].server == Unknown(f"Identity names no server, {place}")


RELAY = "ms-Exch-SMTP-Accept-Any-Recipient"
ANONYMOUS = "NT AUTHORITY\\ANONYMOUS LOGON"
SILENT = Unknown(r"no row of Get-ADPermission says what ANONYMOUS LOGON may do on EX01\Relay")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{"Identity": "ex01\\relay", "User": ANONYMOUS, "ExtendedRights": [RELAY]}], True, id="granted"),
        pytest.param(
            [{"Identity": "EX01\\Relay", "User": "S-1-5-7", "ExtendedRights": f"{{{RELAY}}}", "Deny": "False"}],
            True,
            id="granted, as strings, by SID",
        ),
        pytest.param(
            [
                {"Identity": "EX01\\Relay", "User": ANONYMOUS, "ExtendedRights": [RELAY], "Deny": False},
                {"Identity": "EX01\\Relay", "User": ANONYMOUS, "ExtendedRights": [RELAY], "Deny": True},
            ],
            False,
            id="granted and denied",
        ),
        pytest.param(
            [{"Identity": "EX01\\Relay", "User": ANONYMOUS, "ExtendedRights": ["ms-Exch-SMTP-Submit"]}],
            False,
            id="another right",
        ),
        pytest.param(
            [
                {"Identity": "EX01\\Relay", "User": "CONTOSO\\Exchange Servers", "ExtendedRights": [RELAY]},
                {"Identity": "EX01\\Other", "User": ANONYMOUS, "ExtendedRights": [RELAY]},
            ],
            False,
            id="somebody else, and elsewhere",
        ),
        pytest.param(
            [{"Identity": "EX01\\Other", "User": ANONYMOUS, "ExtendedRights": [RELAY]}],
            SILENT,
            id="rows of another connector only",
        ),
        pytest.param(
            [{"Identity": "EX01\\Relay", "User": "NT-AUTORITÄT\\ANONYMOUS-ANMELDUNG", "ExtendedRights": [RELAY]}],
            True,
            id="a system in German",
        ),
        pytest.param(
            [{"Identity": "EX01\\Relay", "User": "AUTORITE NT\\ANONYMOUS LOGON", "ExtendedRights": [RELAY]}],
            True,
            id="a system in French",
        ),
        pytest.param(
            [{"Identity": "EX01\\Relay", "User": "ZARZĄDZANIE NT\\LOGOWANIE ANONIMOWE", "ExtendedRights": [RELAY]}],
            SILENT,
            id="a system in a language that nobody has seen",
        ),
        pytest.param(
            [{"Identity": "EX01\\Relay", "User": ANONYMOUS}],
            Unknown(r"ExtendedRights is not in Get-ADPermission.json:1 (permission 'EX01\Relay')"),
            id="rights not exported",
        ),
        pytest.param([], SILENT, id="no row"),
        pytest.param(None, Unknown("Get-ADPermission.json was not supplied"), id="no file"),
    ],
)
def test_whether_anonymous_may_relay(tmp_path: Path, rows: object, expected: Known[bool]) -> None:
    write(tmp_path, "Get-ReceiveConnector", {"Name": "Relay", "Identity": "EX01\\Relay", "Server": "EX01"})
    if rows is not None:
        write(tmp_path, "Get-ADPermission", rows)

    connectors = read_exchange_server(tmp_path, tmp_path).receive_connectors

    assert isinstance(connectors, tuple)
    assert connectors[0].anonymous_may_relay == expected


# An Edge Transport server


def known(found: Known[tuple[T, ...]]) -> tuple[T, ...]:
    assert not isinstance(found, Unknown)
    return found


def test_the_signs_of_an_edge_subscription(tmp_path: Path) -> None:
    """New-EdgeSubscription writes them: Edge Subscriptions, Inbound Send connector."""
    as_objects = {"Address": "--", "Domain": "--", "Type": "SMTP", "Cost": 1, "IncludeSubDomains": False}
    for space, host in (("SMTP:--;1", "--"), (as_objects, {"Domain": "--", "IsIPAddress": False})):
        written = [{"Name": "EdgeSync", "AddressSpaces": [space], "SmartHosts": [host]}]
        (tmp_path / "Get-SendConnector.json").write_text(json.dumps(written), encoding="utf-8")
        (connector,) = known(read_exchange_server(tmp_path, tmp_path).send_connectors)
        assert (connector.address_spaces, connector.smart_hosts) == ((AddressSpace("--", 1),), ("--",))


def test_what_an_edge_server_exports_itself_is_added(tmp_path: Path) -> None:
    own, edge = tmp_path / "own", tmp_path / "edge"
    for folder, at in ((own, "2026-12-05"), (edge, "2026-12-01")):
        folder.mkdir()
        connector = [{"Name": f"Default {folder.name}", "Identity": f"X\\Default {folder.name}"}]
        certificate = [{"Thumbprint": folder.name.upper(), "Identity": f"x.example\\{folder.name}"}]
        (folder / "Get-ReceiveConnector.json").write_text(json.dumps(connector), encoding="utf-8")
        (folder / "Get-ExchangeCertificate.json").write_text(json.dumps(certificate), encoding="utf-8")
        (folder / "exported.json").write_text(f'{{"at": "{at}T10:00:00Z"}}', encoding="utf-8")
    server = read_exchange_server(own, tmp_path)
    both = with_edge_server(server, edge, tmp_path, "EDGE01")
    assert [(one.name, one.server) for one in known(both.receive_connectors)] == [
        ("Default own", "X"),
        ("Default edge", "EDGE01"),
    ]
    assert [(one.thumbprint, one.server) for one in known(both.certificates)] == [
        ("OWN", "x"),
        ("EDGE", "EDGE01"),
    ]
    assert known(both.receive_connectors)[1].origin.file == "edge/Get-ReceiveConnector.json"
    assert both.exported == datetime(2026, 12, 1, 10, tzinfo=UTC)  # the older of both
    # What one of them lacks nobody knows of all.
    (edge / "Get-ExchangeCertificate.json").unlink()
    (edge / "exported.json").unlink()
    less = with_edge_server(server, edge, tmp_path, "EDGE01")
    assert less.certificates == Unknown("edge/Get-ExchangeCertificate.json was not supplied")
    assert less.exported is None
    assert with_edge_server(less, edge, tmp_path, "EDGE02").certificates == less.certificates

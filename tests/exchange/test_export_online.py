"""The tenant's sample exports under exports/, each in another of the forms that ConvertTo-Json writes."""

import json
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from mailflow.exchange.export import read_exchange_online
from mailflow.exchange.known import Origin, Unknown
from mailflow.exchange.online import (
    AcceptedDomain,
    AutoForwardingMode,
    ConnectorType,
    DkimSigningConfig,
    DomainType,
    ExchangeOnline,
    HostedOutboundSpamFilterPolicy,
    InboundConnector,
    Mailbox,
    MailUser,
    OrganizationConfig,
    OutboundConnector,
    RemoteDomain,
    TlsSettings,
)
from mailflow.mail.address import Address

ROOT = Path(__file__).parent / "exports"


@pytest.fixture(scope="module")
def online() -> ExchangeOnline:
    return read_exchange_online(ROOT / "exchange-online", ROOT)


def origin(cmdlet: str, line: int) -> Origin:
    return Origin(f"exchange-online/{cmdlet}.json", line)


def lacks(prop: str, line: int, name: str) -> Unknown:
    return Unknown(f"{prop} is not in exchange-online/Get-AcceptedDomain.json:{line} (accepted domain '{name}')")


def test_a_list_as_windows_powershell_lays_it_out(online: ExchangeOnline) -> None:
    assert online.accepted_domains == (
        AcceptedDomain(
            domain_name="contoso.com",
            domain_type=DomainType.INTERNAL_RELAY,
            match_sub_domains=True,
            default=True,
            origin=origin("Get-AcceptedDomain", 2),
            sending_from_domain_disabled=False,
            sending_to_domain_disabled=lacks("SendingToDomainDisabled", 2, "contoso.com"),
        ),
        AcceptedDomain(
            domain_name="contoso.mail.onmicrosoft.com",
            domain_type=DomainType.AUTHORITATIVE,
            match_sub_domains=False,
            default=False,
            origin=origin("Get-AcceptedDomain", 19),
            sending_from_domain_disabled=lacks("SendingFromDomainDisabled", 19, "contoso.mail.onmicrosoft.com"),
            sending_to_domain_disabled=lacks("SendingToDomainDisabled", 19, "contoso.mail.onmicrosoft.com"),
        ),
    )


def test_signing_configurations(online: ExchangeOnline) -> None:
    place = "exchange-online/Get-DkimSigningConfig.json:11 (signing configuration 'contoso.onmicrosoft.com')"
    assert online.dkim_signing_configs == (
        DkimSigningConfig(
            domain="contoso.com",
            enabled=True,
            selector_1_cname="selector1-contoso-com._domainkey.contoso.onmicrosoft.com",
            selector_2_cname="selector2-contoso-com._domainkey.contoso.r-v1.dkim.mail.microsoft",
            rotate_on_date=datetime(2026, 3, 3, 1, 15, 23, tzinfo=UTC),
            selector_before_rotate_on_date="selector1",
            selector_after_rotate_on_date="selector2",
            origin=origin("Get-DkimSigningConfig", 2),
        ),
        DkimSigningConfig(
            domain="contoso.onmicrosoft.com",
            enabled=False,
            selector_1_cname=Unknown(f"Selector1CNAME has no value in {place.replace(':11', ':14')}"),
            selector_2_cname=Unknown(f"Selector2CNAME is not in {place}"),
            rotate_on_date=Unknown(f"RotateOnDate is not in {place}"),
            selector_before_rotate_on_date=Unknown(f"SelectorBeforeRotateOnDate is not in {place}"),
            selector_after_rotate_on_date=Unknown(f"SelectorAfterRotateOnDate is not in {place}"),
            origin=origin("Get-DkimSigningConfig", 11),
        ),
    )


def test_a_bare_object(online: ExchangeOnline) -> None:
    assert online.inbound_connectors == (
        InboundConnector(
            name="Inbound from 4c5b7e1a",
            enabled=True,
            connector_type=ConnectorType.ON_PREMISES,
            sender_domains=("*",),
            sender_ip_addresses=(ip_network("131.107.21.231/32"), ip_network("192.0.2.0/24")),
            tls_sender_certificate_name="*.contoso.com",
            require_tls=True,
            restrict_domains_to_certificate=False,
            restrict_domains_to_ip_addresses=False,
            cloud_services_mail_enabled=True,
            associated_accepted_domains=(),
            ef_skip_last_ip=False,
            ef_skip_ips=(
                ip_network("192.0.2.60/32"),
                ip_network("198.51.100.0/31"),
                ip_network("198.51.100.2/32"),
            ),
            ef_users=("chris@contoso.com",),
            origin=origin("Get-InboundConnector", 1),
        ),
    )


def test_the_wrapper_that_windows_powershell_writes_for_a_piped_array(online: ExchangeOnline) -> None:
    assert online.outbound_connectors == (
        OutboundConnector(
            name="Outbound to 4c5b7e1a",
            enabled=True,
            connector_type=ConnectorType.ON_PREMISES,
            recipient_domains=("*",),
            smart_hosts=("mail.contoso.com",),
            use_mx_record=False,
            tls_settings=TlsSettings.DOMAIN_VALIDATION,
            tls_domain="mail.contoso.com",
            is_transport_rule_scoped=False,
            route_all_messages_via_on_premises=True,
            all_accepted_domains=False,
            cloud_services_mail_enabled=True,
            sender_rewriting_enabled=False,
            origin=origin("Get-OutboundConnector", 3),
        ),
    )


def test_a_list_of_null_is_empty_and_known(online: ExchangeOnline) -> None:
    assert online.transport_rules == ()


def test_the_small_ones(online: ExchangeOnline) -> None:
    assert online.remote_domains == (
        RemoteDomain(
            domain_name="*",
            auto_forward_enabled=False,
            origin=origin("Get-RemoteDomain", 2),
        ),
    )
    assert online.organization_config == OrganizationConfig(
        reject_direct_send=True, origin=origin("Get-OrganizationConfig", 1)
    )
    assert online.outbound_spam_filter_policies == (
        HostedOutboundSpamFilterPolicy(
            name="Default",
            is_default=True,
            auto_forwarding_mode=AutoForwardingMode.AUTOMATIC,
            origin=origin("Get-HostedOutboundSpamFilterPolicy", 2),
        ),
    )
    assert online.mail_users == (
        MailUser(
            primary_smtp_address=Address("david", "contoso.com"),
            email_addresses=(Address("david", "contoso.com"),),
            external_email_address=Address("david", "contoso.com"),
            origin=origin("Get-MailUser", 1),
        ),
    )


def test_utf_16_as_out_file_of_windows_powershell_writes_it(online: ExchangeOnline) -> None:
    assert (ROOT / "exchange-online/Get-Mailbox.json").read_bytes().startswith(b"\xff\xfe")
    assert online.mailboxes == (
        Mailbox(
            primary_smtp_address=Address("lee", "contoso.com"),
            # SIP: and X500: are left out, the order is that of the file.
            email_addresses=(Address("lee", "contoso.mail.onmicrosoft.com"), Address("lee", "contoso.com")),
            forwarding_smtp_address=Address("lee", "tailspintoys.com"),
            deliver_to_mailbox_and_forward=False,
            origin=origin("Get-Mailbox", 2),
        ),
    )


def test_every_property_knows_its_line(online: ExchangeOnline) -> None:
    assert isinstance(online.inbound_connectors, tuple)
    [connector] = online.inbound_connectors
    assert connector.origin.of("TlsSenderCertificateName") == "exchange-online/Get-InboundConnector.json:16"
    assert connector.origin.of("EFUsers") == "exchange-online/Get-InboundConnector.json:22"
    # What no field rests on has no line of its own.
    assert connector.origin.of("Comment") == "exchange-online/Get-InboundConnector.json:1"


def test_what_was_not_supplied_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "exchange-online").mkdir()
    (tmp_path / "exchange-online/Get-TransportRule.json").write_text("[]", encoding="utf-8")

    online = read_exchange_online(tmp_path / "exchange-online", tmp_path)

    def not_supplied(cmdlet: str) -> Unknown:
        return Unknown(f"exchange-online/{cmdlet}.json was not supplied")

    assert online == ExchangeOnline(
        accepted_domains=not_supplied("Get-AcceptedDomain"),
        inbound_connectors=not_supplied("Get-InboundConnector"),
        outbound_connectors=not_supplied("Get-OutboundConnector"),
        transport_rules=(),
        remote_domains=not_supplied("Get-RemoteDomain"),
        organization_config=not_supplied("Get-OrganizationConfig"),
        dkim_signing_configs=not_supplied("Get-DkimSigningConfig"),
        outbound_spam_filter_policies=not_supplied("Get-HostedOutboundSpamFilterPolicy"),
        mailboxes=not_supplied("Get-Mailbox"),
        mail_users=not_supplied("Get-MailUser"),
        transport_config=not_supplied("Get-TransportConfig"),
        cas_mailboxes=not_supplied("Get-CASMailbox"),
    )


def test_no_folder_supplies_nothing(tmp_path: Path) -> None:
    online = read_exchange_online(tmp_path / "exports/of/nobody", tmp_path)
    assert online.mailboxes == Unknown("exports/of/nobody/Get-Mailbox.json was not supplied")


def test_a_property_that_is_absent_is_unknown_with_its_place(tmp_path: Path) -> None:
    written = '[\n null,\n {"Name": "X", "Enabled": null, "SenderDomains": null, "TlsSenderCertificateName": ""}\n]'
    (tmp_path / "Get-InboundConnector.json").write_text(written, encoding="utf-8")

    online = read_exchange_online(tmp_path, tmp_path)

    assert isinstance(online.inbound_connectors, tuple)
    [connector] = online.inbound_connectors
    place = "Get-InboundConnector.json:3 (inbound connector 'X')"
    assert connector.require_tls == Unknown(f"RequireTls is not in {place}")
    assert connector.sender_ip_addresses == Unknown(f"SenderIPAddresses is not in {place}")
    # null is no value of a yes or no; of a list or a name it says that there is none.
    assert connector.enabled == Unknown(f"Enabled has no value in {place}")
    assert connector.sender_domains == ()
    assert connector.tls_sender_certificate_name is None


def test_a_certificate_by_issuer_and_subject_is_unknown(tmp_path: Path) -> None:
    written = '{"Name": "X", "TlsSenderCertificateName": "<I>CN=A<S>CN=mail.contoso.com"}'
    (tmp_path / "Get-InboundConnector.json").write_text(written, encoding="utf-8")

    online = read_exchange_online(tmp_path, tmp_path)

    assert isinstance(online.inbound_connectors, tuple)
    assert online.inbound_connectors[0].tls_sender_certificate_name == Unknown(
        "TlsSenderCertificateName names issuer and subject, for which Set-InboundConnector documents no comparison, "
        "in Get-InboundConnector.json:1 (inbound connector 'X')"
    )


def test_names_are_compared_without_regard_to_case(tmp_path: Path) -> None:
    written = (
        '{\n"domainname": "contoso.com",\n"DOMAINTYPE": "authoritative", "default": "TRUE", "matchsubdomains": false}'
    )
    (tmp_path / "get-accepteddomain.JSON").write_text(written, encoding="utf-8-sig")

    online = read_exchange_online(tmp_path, tmp_path)

    assert isinstance(online.accepted_domains, tuple)
    [domain] = online.accepted_domains
    assert (domain.domain_type, domain.default) == (DomainType.AUTHORITATIVE, True)
    assert domain.origin.lines == {"DomainName": 2, "DomainType": 3, "Default": 3, "MatchSubDomains": 3}


def test_a_transport_rule_that_keeps_the_filter_off(tmp_path: Path) -> None:
    written = (
        '[{"Name": "Filtered elsewhere", "State": "Enabled", "SetSCL": "-1", "RecipientDomainIs": ["Contoso.com"],'
        ' "SenderIpRanges": ["203.0.113.10-203.0.113.11", "198.51.100.0/24"]},'
        ' {"Name": "Other", "State": "Enabled", "SetSCL": null, "SenderIpRanges": null, "RecipientDomainIs": null},'
        ' {"Name": "Old", "State": "Enabled"}]'
    )
    (tmp_path / "Get-TransportRule.json").write_text(written, encoding="utf-8")

    rules = read_exchange_online(tmp_path, tmp_path).transport_rules

    assert isinstance(rules, tuple)
    first, second, old = ((rule.set_scl, rule.sender_ip_ranges, rule.recipient_domain_is) for rule in rules)
    assert first == (-1, (ip_network("203.0.113.10/31"), ip_network("198.51.100.0/24")), ("contoso.com",))
    assert second == (None, (), ())
    assert old == tuple(
        Unknown(f"{name} is not in Get-TransportRule.json:1 (transport rule 'Old')")
        for name in ("SetSCL", "SenderIpRanges", "RecipientDomainIs")
    )


def test_a_transport_rule_that_routes(tmp_path: Path) -> None:
    written = (
        '[{"Name": "By rule", "State": "Enabled", "RouteMessageOutboundConnector": "To gateway"},'
        ' {"Name": "Other", "State": "Disabled", "RouteMessageOutboundConnector": null}]'
    )
    (tmp_path / "Get-TransportRule.json").write_text(written, encoding="utf-8")

    online = read_exchange_online(tmp_path, tmp_path)

    assert isinstance(online.transport_rules, tuple)
    assert [(rule.name, rule.enabled, rule.route_message_outbound_connector) for rule in online.transport_rules] == [
        ("By rule", True, "To gateway"),
        ("Other", False, None),
    ]


@pytest.mark.parametrize("others", [["smtp:sales@contoso.com"], ["SMTP:chris@contoso.com", "smtp:sales@contoso.com"]])
def test_the_primary_address_is_among_the_addresses_once(tmp_path: Path, others: list[str]) -> None:
    row = {"PrimarySmtpAddress": "chris@contoso.com", "EmailAddresses": others}
    (tmp_path / "Get-Mailbox.json").write_text(json.dumps([row]), encoding="utf-8")
    mailboxes = read_exchange_online(tmp_path, tmp_path).mailboxes
    assert isinstance(mailboxes, tuple)
    assert mailboxes[0].email_addresses == (Address("chris", "contoso.com"), Address("sales", "contoso.com"))

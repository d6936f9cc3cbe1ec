"""What mail flow rests on survives every form in which PowerShell writes an export: printed and read again."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.export import read_exchange_online, read_exchange_server
from mailflow.exchange.known import Origin
from mailflow.exchange.online import ExchangeOnline
from mailflow.exchange.server import (
    AddressSpace,
    ExchangeServer,
    TlsAuthLevel,
    TlsCertificateName,
)
from mailflow.mail.address import Address
from tests.exchange.test_clixml import HEAD, clixml
from tests.routing.conftest import ORIGIN
from tests.routing.test_routing_properties import EXCHANGE, ONLINE

Print = Callable[[str, Any], Any]  # the name of a field and its value, as one form writes it

ONLINE_CMDLETS = {
    "accepted_domains": "AcceptedDomain",
    "inbound_connectors": "InboundConnector",
    "outbound_connectors": "OutboundConnector",
    "transport_rules": "TransportRule",
    "remote_domains": "RemoteDomain",
    "organization_config": "OrganizationConfig",
    "dkim_signing_configs": "DkimSigningConfig",
    "outbound_spam_filter_policies": "HostedOutboundSpamFilterPolicy",
    "mailboxes": "Mailbox",
    "mail_users": "MailUser",
    "transport_config": "TransportConfig",
    "cas_mailboxes": "CASMailbox",
}
SERVER_CMDLETS = {
    "accepted_domains": "AcceptedDomain",
    "send_connectors": "SendConnector",
    "receive_connectors": "ReceiveConnector",
    "certificates": "ExchangeCertificate",
    "mailboxes": "Mailbox",
    "remote_mailboxes": "RemoteMailbox",
}
# Fields that are not called like their property.
PROPERTIES = {"bindings_ports": "Bindings"}
_FLAGS = {"AnonymousUsers": 1, "ExchangeServers": 4, "Tls": 1, "ExternalAuthoritative": 32, "SMTP": 16, "Integrated": 2}


def words(name: str, value: Any) -> Any:
    """Print as Exchange Online does, and PowerShell 7 with -EnumsAsStrings: words and plain strings."""
    match value:
        case Address() if name == "email_addresses":
            return f"smtp:{value}"
        case AddressSpace():
            return f"SMTP:{value.domain};{value.cost}"
        case AddressRange():
            return f"{_ip(value, value.first)}-{_ip(value, value.last)}"
        case TlsCertificateName():
            return f"<I>{value.issuer}<S>{value.subject}"
        case datetime():
            return value.isoformat().replace("+00:00", ".0000000Z")
        case frozenset():
            return ", ".join(sorted(value)) or "None"
        case (host, capability) if name == "tls_domain_capabilities":
            return f"{host}:{capability}"
        case int() if name == "bindings_ports":
            return f"0.0.0.0:{value}"
        case str() if name in ("sender_domains", "recipient_domains"):
            return f"smtp:{value};1"
        case Address() | IPv4Network() | IPv6Network() | StrEnum():
            return str(value)
    return value


def objects(name: str, value: Any) -> Any:
    """Print as ConvertTo-Json does with Exchange's own types: nested objects, enumerations as numbers."""
    match value:
        case Address() if name == "email_addresses":
            return {"SmtpAddress": str(value), "ProxyAddressString": f"smtp:{value}", "PrefixString": "smtp"}
        case Address():
            return {"Address": str(value), "Local": value.local, "Domain": value.domain}
        case AddressSpace():
            return {"Address": value.domain, "Type": "SMTP", "Cost": value.cost, "Domain": value.domain}
        case AddressRange():
            return {"LowerBound": str(_ip(value, value.first)), "UpperBound": str(_ip(value, value.last))}
        case TlsCertificateName():
            return {"CertificateSubject": value.subject, "CertificateIssuer": value.issuer}
        case datetime():
            return f"/Date({int(value.timestamp() * 1000)})/"
        case frozenset():
            return sum(_FLAGS[flag] for flag in value)
        case int() if name == "bindings_ports":
            return {"Address": {"IPAddressToString": "0.0.0.0"}, "Port": value}
        case TlsAuthLevel() if value is TlsAuthLevel.CERTIFICATE_VALIDATION:  # the one whose number is documented
            return 2
        case str() if name in ("smart_hosts", "fqdn", "tls_domain", "domain_name"):
            return {"Domain": value, "Address": value}
        case str() if name == "source_transport_servers":
            return {"Name": value, "DistinguishedName": f"CN={value},CN=Servers"}
    return words(name, value)


def _ip(of: AddressRange, number: int) -> Any:
    whole = ip_address(number.to_bytes(4 if of.version == 4 else 16))
    assert whole.version == of.version
    return whole


def printed(noun: Any, form: Print) -> dict[str, Any]:
    """Print one object of a cmdlet."""
    row: dict[str, Any] = {}
    for field in fields(noun):
        value = getattr(noun, field.name)
        if field.name == "origin":
            continue
        if field.name == "anonymous_may_relay":
            row["Identity"] = f"{noun.server}\\{noun.name}"
            continue
        each = [form(field.name, one) for one in value] if isinstance(value, tuple) else form(field.name, value)
        row[PROPERTIES.get(field.name, field.name.title().replace("_", ""))] = each
    match type(noun).__name__:
        case "TransportRule":
            row["State"] = "Enabled" if row.pop("Enabled") else "Disabled"
        case "ExchangeCertificate":
            row["Identity"] = f"{row.pop('Server')}\\{noun.thumbprint}"
        case "DkimSigningConfig":
            row |= {f"Selector{number}CNAME": row.pop(f"Selector{number}Cname") for number in (1, 2)}
        case "OrganizationConfig":
            row["Name"] = "contoso.onmicrosoft.com"
    return row


def permissions(connectors: Iterable[Any]) -> list[dict[str, Any]]:
    """Print Get-ADPermission for the receive connectors: who relays says a right, not a property."""
    return [
        {
            "Identity": f"{one.server}\\{one.name}",
            "User": "NT AUTHORITY\\ANONYMOUS LOGON",
            "Deny": False,
            "ExtendedRights": [
                "ms-Exch-SMTP-Accept-Any-Recipient" if one.anonymous_may_relay else "ms-Exch-SMTP-Submit"
            ],
        }
        for one in connectors
    ]


LAYOUTS = ("list", "counted", "clixml")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")


def write(folder: Path, cmdlet: str, rows: list[dict[str, Any]], layout: str, encoding: str) -> None:
    """Write one export: a list, what Windows PowerShell makes of it, one object alone, `[null]`, or Export-Clixml."""
    if layout == "clixml" and cmdlet != "ExchangeCertificate":
        text = f"{HEAD}{''.join(map(clixml, rows))}</Objs>"
        (folder / f"Get-{cmdlet}.clixml").write_text(text, encoding=encoding)
        return
    whole: Any = rows or [None]
    if len(rows) == 1 and layout == "counted":
        whole = rows[0]
    elif rows and layout == "counted":
        whole = {"value": rows, "Count": len(rows)}
    (folder / f"Get-{cmdlet}.json").write_text(json.dumps(whole), encoding=encoding)


def alike(noun: Any) -> Any:
    """Leave out where an object was read, and put the primary address among the addresses, as Exchange does."""
    if isinstance(noun, tuple):
        return tuple(map(alike, noun))
    if not is_dataclass(noun) or isinstance(noun, type):
        return noun
    changed: dict[str, Any] = {field.name: alike(getattr(noun, field.name)) for field in fields(noun)}
    if isinstance(noun, Origin):
        return ORIGIN
    if "email_addresses" in changed:
        primary, others = changed["primary_smtp_address"], dict.fromkeys(changed["email_addresses"])
        changed["email_addresses"] = tuple(others) if primary in others else (primary, *others)
    if "bindings_ports" in changed:
        changed["bindings_ports"] = tuple(dict.fromkeys(changed["bindings_ports"]))
    return replace(noun, **changed)


def rows_of(exports: Any, field: str, form: Print) -> list[dict[str, Any]]:
    value = getattr(exports, field)
    return [printed(one, form) for one in (value if isinstance(value, tuple) else (value,))]


FORM = st.tuples(st.sampled_from((words, objects)), st.sampled_from(LAYOUTS), st.sampled_from(ENCODINGS))
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(ONLINE, FORM)
def test_exports_of_the_tenant_come_back(
    tmp_path_factory: pytest.TempPathFactory, exports: ExchangeOnline, form: tuple[Print, str, str]
) -> None:
    folder = tmp_path_factory.mktemp("online")
    show, layout, encoding = form
    for field, cmdlet in ONLINE_CMDLETS.items():
        write(folder, cmdlet, rows_of(exports, field, show), layout, encoding)
    assert alike(read_exchange_online(folder, folder)) == alike(exports)


@MANY
@given(EXCHANGE, FORM)
def test_exports_of_the_own_servers_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    exports: ExchangeServer,
    form: tuple[Print, str, str],
) -> None:
    folder = tmp_path_factory.mktemp("server")
    show, layout, encoding = form
    assert isinstance(exports.receive_connectors, tuple)
    # A server has one receive connector of a name; upper and lower case make no other.
    alone = {(str(one.server).lower(), one.name): one for one in exports.receive_connectors}
    exports = replace(exports, receive_connectors=tuple(alone.values()))
    for field, cmdlet in SERVER_CMDLETS.items():
        write(folder, cmdlet, rows_of(exports, field, show), layout, encoding)
    write(folder, "ADPermission", permissions(alone.values()), layout, encoding)
    assert alike(read_exchange_server(folder, folder)) == alike(exports)


def test_every_cmdlet_that_is_read_is_printed() -> None:
    source = (Path(__file__).parents[2] / "src/mailflow/exchange/export.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"Get-(\w+)"', source)) - {"ADPermission"}
    assert read == {*ONLINE_CMDLETS.values(), *SERVER_CMDLETS.values()}

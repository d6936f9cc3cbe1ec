"""From the rows of Exchange Server's exports to its objects, one function a cmdlet.

The numbers of the flags are those of the enumerations PermissionGroups and AuthMechanisms in Exchange's own
assemblies; their sums agree with exports that hold both (microsoft/CSS-Exchange, HealthChecker test data:
PermissionGroups 14, AuthMechanism 31, TlsAuthLevel 2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mailflow.exchange.export_online import email_addresses
from mailflow.exchange.export_row import Row
from mailflow.exchange.known import Known, Unknown
from mailflow.exchange.property_value import (
    address,
    address_range,
    address_space,
    boolean,
    capabilities,
    certificate_name,
    domain,
    flags,
    host,
    moment,
    port,
    port_number,
    server_name,
    server_of_identity,
    smart_host,
    text,
    word,
)
from mailflow.exchange.server import (
    ExchangeCertificate,
    ReceiveConnector,
    RemoteMailbox,
    SendConnector,
    SmartHostAuth,
    TlsAuthLevel,
)
from mailflow.mail.address import Address

_PERMISSION_GROUPS = {
    1: "AnonymousUsers",
    2: "ExchangeUsers",
    4: "ExchangeServers",
    8: "ExchangeLegacyServers",
    16: "Partners",
    32: "Custom",
}
_AUTH_MECHANISM = {
    1: "Tls",
    2: "Integrated",
    4: "BasicAuth",
    8: "BasicAuthRequireTLS",
    16: "ExchangeServer",
    32: "ExternalAuthoritative",
}
# 1 and 3 follow from the order of the words, but no export was seen that proves them: unknown.
_TLS_AUTH_LEVEL = {2: TlsAuthLevel.CERTIFICATE_VALIDATION}
_NOBODY = Address("", "")  # stands in until the error about the missing address is raised


# The right that lets a sender relay (Microsoft, "Allow anonymous relay on Exchange servers"), and the
# well-known account of whoever did not authenticate, by its security identifier and by name, which Windows translates:
# English, German and French were seen in use.
_RELAY = "ms-exch-smtp-accept-any-recipient"
_ANONYMOUS = frozenset(
    {
        "s-1-5-7",
        "nt authority\\anonymous logon",
        "nt-autorit\u00e4t\\anonymous-anmeldung",
        "autorite nt\\anonymous logon",
    }
)


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of Get-ADPermission, as far as it matters: who may what on which receive connector."""

    connector: str  # EX01\Anonymous relay, lower case
    user: Known[str]  # lower case
    rights: Known[tuple[str, ...]]  # extended rights, lower case
    deny: Known[bool]


def permission(row: Row) -> Permission:
    """Read Get-ADPermission."""
    row.called("permission", "Identity", "User")
    return Permission(
        connector=row.required("Identity", _lower_case, ""),
        user=row.known("User", _lower_case),
        rights=row.many("ExtendedRights", _right),
        deny=row.known("Deny", boolean),
    )


def send_connector(row: Row) -> SendConnector:
    """Read Get-SendConnector; address spaces that are not of SMTP are left out."""
    row.called("send connector", "Name", "Identity")
    spaces = row.many("AddressSpaces", address_space)
    return SendConnector(
        name=row.required("Name", text, ""),
        enabled=row.known("Enabled", boolean),
        address_spaces=spaces if isinstance(spaces, Unknown) else tuple(each for each in spaces if each),
        dns_routing_enabled=row.known("DNSRoutingEnabled", boolean),
        smart_hosts=row.many("SmartHosts", smart_host),
        fqdn=row.optional("Fqdn", host),
        require_tls=row.known("RequireTLS", boolean),
        tls_auth_level=row.optional("TlsAuthLevel", partial(word, TlsAuthLevel, numbers=_TLS_AUTH_LEVEL)),
        tls_domain=row.optional("TlsDomain", domain),
        tls_certificate_name=row.optional("TlsCertificateName", certificate_name),
        cloud_services_mail_enabled=row.known("CloudServicesMailEnabled", boolean),
        source_transport_servers=row.many("SourceTransportServers", server_name, split=False),
        origin=row.origin,
        port=row.known("Port", port_number),
        smart_host_auth_mechanism=row.known(
            "SmartHostAuthMechanism", partial(word, SmartHostAuth, numbers={0: SmartHostAuth.NONE})
        ),
    )


def receive_connector(permissions: Known[tuple[Permission, ...]]) -> Callable[[Row], ReceiveConnector]:
    """Give the reader of Get-ReceiveConnector, which looks up who may relay among the permissions."""

    def read(row: Row) -> ReceiveConnector:
        row.called("receive connector", "Identity", "Name")
        name = row.required("Name", text, "")
        server = row.known("Server", server_name)
        if isinstance(server, Unknown):
            server = row.known("Identity", server_of_identity)  # EX01\Default Frontend EX01
        pairs = row.many("TlsDomainCapabilities", capabilities, split=False)
        ports = row.many("Bindings", port)
        return ReceiveConnector(
            name=name,
            server=server,
            enabled=row.known("Enabled", boolean),
            remote_ip_ranges=row.many("RemoteIPRanges", address_range),
            permission_groups=row.known("PermissionGroups", partial(flags, numbers=_PERMISSION_GROUPS)),
            anonymous_may_relay=_anonymous_may_relay(permissions, server, name),
            auth_mechanism=row.known("AuthMechanism", partial(flags, numbers=_AUTH_MECHANISM)),
            require_tls=row.known("RequireTLS", boolean),
            tls_certificate_name=row.optional("TlsCertificateName", certificate_name),
            tls_domain_capabilities=pairs
            if isinstance(pairs, Unknown)
            else tuple(pair for each in pairs for pair in each),
            bindings_ports=ports if isinstance(ports, Unknown) else tuple(dict.fromkeys(ports)),
            origin=row.origin,
        )

    return read


def exchange_certificate(row: Row) -> ExchangeCertificate:
    """Read Get-ExchangeCertificate."""
    row.called("certificate", "Thumbprint")
    return ExchangeCertificate(
        # Of a certificate that came over the management shell's session Export-Clixml keeps the octets alone
        # (microsoft/CSS-Exchange, HealthChecker test data, GetExchangeCertificate.xml).
        thumbprint=row.required(
            "Thumbprint", text, "", "Export-Clixml may leave it out: export certificates with ConvertTo-Json."
        ),
        subject=row.known("Subject", text),
        issuer=row.known("Issuer", text),
        not_after=row.known("NotAfter", moment),
        server=row.known("Identity", server_of_identity),  # ex01.contoso.com\F15C…
        origin=row.origin,
    )


def remote_mailbox(row: Row) -> RemoteMailbox:
    """Read Get-RemoteMailbox."""
    row.called("remote mailbox", "PrimarySmtpAddress", "Name")
    primary = row.required("PrimarySmtpAddress", address, _NOBODY)
    return RemoteMailbox(
        primary_smtp_address=primary,
        email_addresses=email_addresses(row, primary),
        remote_routing_address=row.optional("RemoteRoutingAddress", address),
        origin=row.origin,
    )


def _anonymous_may_relay(permissions: Known[tuple[Permission, ...]], server: Known[str], name: str) -> Known[bool]:
    """Say whether somebody who did not authenticate may send anywhere through a connector."""
    if isinstance(permissions, Unknown):
        return permissions
    if isinstance(server, Unknown):
        return server
    identity = f"{server}\\{name}"
    here = [each for each in permissions if each.connector == identity.lower()]
    anonymous = [each for each in here if each.user in _ANONYMOUS]
    # Not to be named is no proof: the rows may be of other connectors, or of a system in another language,
    # where the account has another name.
    if not here or (not anonymous and not any(each.user in _ANONYMOUS for each in permissions)):
        return Unknown(f"no row of Get-ADPermission says what ANONYMOUS LOGON may do on {identity}")
    unread = next((each.rights for each in anonymous if isinstance(each.rights, Unknown)), None)
    if unread:
        return unread
    about = [each for each in anonymous if not isinstance(each.rights, Unknown) and _RELAY in each.rights]
    # Windows, "How AccessCheck works": what is denied stays denied, whatever else is granted.
    denied = any(each.deny is True for each in about)
    return bool(about) and not denied


def _right(value: object) -> str:
    return _lower_case(value).strip("{}")


def _lower_case(value: object) -> str:
    return text(value).lower()

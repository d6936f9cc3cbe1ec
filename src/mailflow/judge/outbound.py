"""Judges the connectors by which mail leaves Microsoft 365 for the own servers."""

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, OutboundConnector, TlsSettings
from mailflow.judge import evidence
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.routing.certificate import answers_to
from mailflow.routing.microsoft_365 import Microsoft365Router


def centralized(environment: Environment) -> tuple[Finding, OutboundConnector | None]:
    """Judge whether a connector carries centralized mail transport, and give it (Set-OutboundConnector)."""
    asked = "an enabled outbound connector of type OnPremises has RouteAllMessagesViaOnPremises"
    exported = environment.microsoft_365.online.outbound_connectors
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why), None
    assume = Assumptions()
    shown = tuple(
        _show(c, prop, value)
        for c in exported
        for prop, value in (
            ("Enabled", c.enabled),
            ("RouteAllMessagesViaOnPremises", c.route_all_messages_via_on_premises),
        )
    )
    for connector in exported:
        on = (
            assume(connector.enabled, False)
            and assume(connector.connector_type, None) is ConnectorType.ON_PREMISES
            and assume(connector.route_all_messages_via_on_premises, False)
        )
        if on:
            return compliant(asked, f"'{connector.name}' has it", *shown), connector
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown), None
    return non_compliant(asked, "none has: centralized mail transport is off", *shown), None


def for_domain(environment: Environment, domain: Domain) -> tuple[Finding, OutboundConnector | None]:
    """Judge whether a connector to the own servers covers the domain, and give the one that Microsoft 365 chooses."""
    asked = f"an enabled outbound connector of type OnPremises covers {domain.name}"
    exported = environment.microsoft_365.online.outbound_connectors
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why), None
    assume = Assumptions()
    chosen = Microsoft365Router(environment).outbound_connector(domain.name, from_on_premises=False, assume=assume)
    kind = assume(chosen.connector_type, None) if chosen else None
    shown = tuple(
        _show(c, prop, value)
        for c in exported
        for prop, value in (("Enabled", c.enabled), ("RecipientDomains", c.recipient_domains))
    )
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown), None
    if chosen is None:
        return non_compliant(asked, "none does; such mail goes where the MX record points", *shown), None
    if kind is not ConnectorType.ON_PREMISES:
        return non_compliant(asked, f"'{chosen.name}' does, and is of type {kind}", *shown), chosen
    return compliant(asked, f"'{chosen.name}' does", *shown), chosen


def covers_everything(connector: OutboundConnector | None) -> Finding:
    """Judge whether centralized transport covers all mail: recipient domain `*`, no other scope (NDR 5.4.6)."""
    asked = "it covers every recipient domain, and is scoped neither to accepted domains nor to a transport rule"
    if connector is None:
        return _none(asked)
    assume = Assumptions()
    domains = assume.listed(connector.recipient_domains)
    scopes = [
        name
        for name, value in (
            ("AllAcceptedDomains", connector.all_accepted_domains),
            ("IsTransportRuleScoped", connector.is_transport_rule_scoped),
        )
        if assume(value, False)
    ]
    shown = _show(connector, "RecipientDomains", connector.recipient_domains)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), shown)
    if "*" not in domains:
        return non_compliant(asked, f"RecipientDomains is {', '.join(domains) or 'empty'}", shown)
    if scopes:
        return non_compliant(asked, f"{', '.join(scopes)} is set", shown)
    return compliant(asked, "RecipientDomains is *", shown)


def hands_to_own_server(environment: Environment, connector: OutboundConnector | None) -> Finding:
    """Judge whether the next hop is a server of the organization, named, and not found by MX (NDR 5.4.6)."""
    asked = "it hands over to a smart host that is an on-premises server, and does not look up MX records"
    if connector is None:
        return _none(asked)
    assume = Assumptions()
    by_mx, hosts = assume(connector.use_mx_record, True), assume.listed(connector.smart_hosts)
    shown = (
        _show(connector, "UseMXRecord", connector.use_mx_record),
        _show(connector, "SmartHosts", connector.smart_hosts),
    )
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if by_mx:
        return non_compliant(asked, "UseMXRecord is True: it goes where the MX record points", *shown)
    strange = [host for host in hosts if _server(environment, host) is None]
    if strange or not hosts:
        seen = f"{', '.join(strange)} is no server of the environment" if strange else "it names no smart host"
        return non_compliant(asked, seen, *shown)
    return compliant(asked, f"SmartHosts is {', '.join(hosts)}", *shown)


def requires_tls(connector: OutboundConnector | None) -> Finding:
    """Judge whether it sends over TLS or not at all: TlsSettings is set (Set-OutboundConnector)."""
    asked = "it requires TLS"
    if connector is None:
        return _none(asked)
    settings = connector.tls_settings
    if isinstance(settings, Unknown):
        return not_verified(asked, settings.why)
    shown = _show(connector, "TlsSettings", settings)
    if settings is None:
        return non_compliant(asked, "TlsSettings is not set: where TLS fails, mail goes in the clear", shown)
    return compliant(asked, f"TlsSettings is {settings}", shown)


def certificate_fits(environment: Environment, connector: OutboundConnector | None) -> Finding:
    """Judge whether the certificate of each smart host carries TlsDomain (450 4.4.317 SubjectMismatch)."""
    asked = "the certificate of the on-premises server carries the name in TlsDomain"
    if connector is None:
        return _none(asked)
    assume = Assumptions()
    settings, wanted = assume(connector.tls_settings, None), assume(connector.tls_domain, None)
    hosts = assume.listed(connector.smart_hosts)
    shown = [_show(connector, "TlsDomain", connector.tls_domain)]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if settings is not TlsSettings.DOMAIN_VALIDATION:
        return not_applicable(asked, f"it demands no name: TlsSettings is {settings or 'not set'}", *shown)
    if not wanted:
        return non_compliant(asked, "TlsSettings is DomainValidation, and TlsDomain is not set", *shown)
    servers = [server for host in hosts if (server := _server(environment, host))]
    if not servers:
        return not_verified(asked, "no smart host of it is a server of the environment", *shown)
    for server in servers:
        if server.certificate is None:
            why = f"the environment names no certificate for {server.name}"
            return not_verified(asked, why, *shown, remedy=f"Add the PEM file of {server.name} as certificate:")
        names = server.certificate.names
        shown.append(evidence.stated(server.certificate.file, f"names on the certificate of {server.name}", names))
        if not answers_to(names, wanted):
            seen = f"TlsDomain is {wanted}; {server.name} shows {', '.join(names)}"
            return non_compliant(asked, seen, *shown)
    return compliant(asked, f"TlsDomain {wanted} is on it", *shown)


def _server(environment: Environment, host: str) -> Server | None:
    """Find the own server that a smart host names, by name or address."""
    plain = host.strip("[]")
    return next(
        (s for s in environment.on_premises.servers if plain == s.name or plain in map(str, s.listens)),
        None,
    )


def _show(connector: OutboundConnector, prop: str, value: object) -> Evidence:
    return evidence.setting(connector.origin, prop, f"outbound connector '{connector.name}'", value)


def _none(asked: str) -> Finding:
    return not_applicable(asked, "there is no such connector")

"""Judges the connectors by which mail leaves Microsoft 365 for the own servers."""

from collections.abc import Sequence

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.environment.named_server import servers_named
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import ConnectorType, OutboundConnector, TlsSettings
from mailflow.judge import evidence
from mailflow.judge.mend import supply_certificates
from mailflow.judge.powershell import quoted
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.routing.certificate import answers_to
from mailflow.routing.outbound_connector import covering

_EXCEPTION = (
    "mail that came from the on-premises servers and is forwarded or expanded to outside recipients in Microsoft 365 "
    "leaves from there all the same (KB3194415): the own filter does not see it go, and SPF is judged by the addresses "
    "of Microsoft 365"
)


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
            ("ConnectorType", c.connector_type),
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
            return compliant(asked, f"'{connector.name}' has it", *shown, notes=(_EXCEPTION,)), connector
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown), None
    seen = "none has: centralized mail transport is off"
    for connector in exported:
        if connector.route_all_messages_via_on_premises is True:
            why = "is disabled" if connector.enabled is False else f"is of type {connector.connector_type}"
            seen += f"; '{connector.name}' has it, and {why}"
    return non_compliant(asked, seen, *shown), None


def for_domain(environment: Environment, domain: Domain) -> tuple[Finding, OutboundConnector | None]:
    """Judge whether a connector to the own servers covers the domain, and give the one that Microsoft 365 chooses."""
    asked = f"an enabled outbound connector of type OnPremises covers {domain.name}"
    exported = environment.microsoft_365.online.outbound_connectors
    if isinstance(exported, Unknown):
        return not_verified(asked, exported.why), None
    assume = Assumptions()
    chosen = covering(environment.microsoft_365, domain.name, from_on_premises=False, assume=assume)
    kind = assume(chosen.connector_type, None) if chosen else None
    shown = tuple(
        _show(c, prop, value)
        for c in exported
        for prop, value in (
            ("Enabled", c.enabled),
            ("ConnectorType", c.connector_type),
            ("RecipientDomains", evidence.about(domain.name, c.recipient_domains)),
            ("AllAcceptedDomains", c.all_accepted_domains),
            ("IsTransportRuleScoped", c.is_transport_rule_scoped),
        )
    )
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown), None
    if chosen is None:
        seen = "none does; such mail goes where the MX record points"
        return non_compliant(asked, seen, *shown, remedy=_cover(exported, domain)), None
    if kind is not ConnectorType.ON_PREMISES:
        remedy = f"Set-OutboundConnector {quoted(chosen.name)} -ConnectorType OnPremises"
        return non_compliant(asked, f"'{chosen.name}' does, and is of type {kind}", *shown, remedy=remedy), chosen
    return compliant(asked, f"'{chosen.name}' does", *shown), chosen


def _cover(exported: tuple[OutboundConnector, ...], domain: Domain) -> str:
    """Say what lets a connector to the own servers that there is cover the domain; empty where there is none."""
    for connector in exported:
        if connector.connector_type is ConnectorType.ON_PREMISES:
            switches = ["-Enabled $true"] if connector.enabled is False else []
            switches += ["-IsTransportRuleScoped $false"] if connector.is_transport_rule_scoped is True else []
            if not isinstance(connector.recipient_domains, Unknown):
                covered = {domain.name, "*"} & {*connector.recipient_domains} or connector.all_accepted_domains is True
                switches += [] if covered else [f'-RecipientDomains @{{Add="{domain.name}"}}']
            return f"Set-OutboundConnector {quoted(connector.name)} {' '.join(switches)}" if switches else ""
    return ""


def covers_everything(connector: OutboundConnector | None) -> Finding:
    """Judge whether centralized transport covers all mail: recipient domain `*`, no other scope (NDR 5.4.6)."""
    asked = "it covers every recipient domain, and is scoped neither to accepted domains nor to a transport rule"
    if connector is None:
        return _none(asked)
    assume = Assumptions()
    domains = assume.listed(connector.recipient_domains)
    narrowing = {
        "AllAcceptedDomains": connector.all_accepted_domains,
        "IsTransportRuleScoped": connector.is_transport_rule_scoped,
    }
    scopes = [prop for prop, value in narrowing.items() if assume(value, False)]
    shown = [_show(connector, "RecipientDomains", connector.recipient_domains)]
    shown += [_show(connector, prop, value) for prop, value in narrowing.items()]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    wrong = [] if "*" in domains else [f"RecipientDomains is {', '.join(domains) or 'empty'}"]
    wrong += [f"{prop} is True" for prop in scopes]
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown)
    return compliant(asked, "RecipientDomains is *", *shown)


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
    if not hosts:
        return non_compliant(asked, "it names no smart host", *shown)
    strange = [f"{host} is no server of the environment" for host in hosts if not servers_named(environment, host)]
    if strange:
        return non_compliant(asked, "; ".join(strange), *shown)
    return compliant(asked, f"SmartHosts is {', '.join(hosts)}", *shown)


def next_servers(environment: Environment, connector: OutboundConnector) -> tuple[Server, ...]:
    """Give the own servers that its smart hosts are; none where these are not known."""
    hosts = () if isinstance(connector.smart_hosts, Unknown) else connector.smart_hosts
    found = [server for host in hosts for server in servers_named(environment, host)]
    return tuple(server for server in environment.on_premises.servers if server in found)


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
        # Options, Trusted communication: the name on the certificate is verified, not its issuer alone.
        seen = f"TlsSettings is {settings or 'not set'}: it demands no name, and whoever answers gets the mail"
        set_ = _show(connector, "TlsSettings", settings)
        return non_compliant(asked, seen, set_, *shown, remedy=_demand_name(environment, connector, hosts))
    if not wanted:
        seen = "TlsSettings is DomainValidation, and TlsDomain is not set"
        return non_compliant(asked, seen, *shown, remedy=_demand_name(environment, connector, hosts))
    servers = next_servers(environment, connector)
    if not servers:
        return not_verified(asked, "no smart host of it is a server of the environment", *shown)
    wrong, bare = [], []
    for server in servers:
        if server.certificate is None:
            bare.append(server.name)
            continue
        names = server.certificate.names
        shown.append(evidence.config(server.certificate.file, f"names on the certificate of {server.name}", names))
        if not answers_to(names, wanted):
            wrong.append(f"{server.name} shows {', '.join(names) or 'no name'}")
    if wrong:
        return non_compliant(asked, f"TlsDomain is {wanted}; {'; '.join(wrong)}", *shown)
    if bare:
        why = f"the environment names no certificate for {', '.join(bare)}"
        return not_verified(asked, why, *shown, remedy=supply_certificates(bare))
    return compliant(asked, f"TlsDomain {wanted} is on it", *shown)


def _demand_name(environment: Environment, connector: OutboundConnector, hosts: Sequence[str]) -> str:
    """Say how the connector demands the name of the server to which it hands over."""
    name = next((s.name for host in hosts for s in servers_named(environment, host)), "<name on the certificate>")
    return f"Set-OutboundConnector {quoted(connector.name)} -TlsSettings DomainValidation -TlsDomain {name}"


def _show(connector: OutboundConnector, prop: str, value: object) -> Evidence:
    return evidence.setting(connector.origin, prop, f"outbound connector '{connector.name}'", value)


def _none(asked: str) -> Finding:
    return not_applicable(asked, "there is no such connector")

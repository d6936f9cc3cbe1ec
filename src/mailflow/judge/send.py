"""Judges the send connectors by which mail leaves the own servers for Microsoft 365."""

from collections.abc import Callable, Iterator

from mailflow.environment.environment import Environment
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.server import SendConnector, SmartHostAuth, TlsAuthLevel
from mailflow.judge import evidence
from mailflow.judge.powershell import quoted
from mailflow.policy.finding import Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.smart_host import SMTP_PORT

_CHECKED = (TlsAuthLevel.CERTIFICATE_VALIDATION, TlsAuthLevel.DOMAIN_VALIDATION)


def demand_tls(environment: Environment) -> Finding:
    """Judge whether they send over TLS or not at all, and to a certificate that they check.

    Source: Options, Trusted communication (forced TLS both ways); Route mail, Part 2 (RequireTLS, TlsAuthLevel
    CertificateValidation); TLS certificates (the wizard writes DomainValidation).
    """
    return _judge(
        environment,
        "every send connector that leads to Microsoft 365 requires TLS and checks the certificate",
        lambda one: {"RequireTLS": one.require_tls, "TlsAuthLevel": one.tls_auth_level, "TlsDomain": one.tls_domain},
        wrong=_without_tls,
        mend=lambda one: _demanding(environment, one),
        note=lambda one: (
            f"'{one.name}' checks who issued the certificate and not its name, as documented"
            if one.tls_auth_level is TlsAuthLevel.CERTIFICATE_VALIDATION
            else ""
        ),
    )


def reach_the_tenant(environment: Environment) -> Finding:
    """Judge whether they knock where Microsoft 365 listens, and do not ask it for a sign-in that it does not offer.

    Source: Route mail, Prerequisites (port 25), Part 2 (the connector names neither); Set-SendConnector, Port and
    SmartHostAuthMechanism, which counts without DNS routing only.
    """
    return _judge(
        environment,
        "every send connector that leads to Microsoft 365 goes to port 25 and does not sign in",
        lambda one: {"Port": one.port, "SmartHostAuthMechanism": one.smart_host_auth_mechanism},
        wrong=_out_of_reach,
        mend=lambda one: f"Set-SendConnector {quoted(one.name)} -Port {SMTP_PORT} -SmartHostAuthMechanism None",
    )


def _judge(
    environment: Environment,
    asked: str,
    properties: Callable[[SendConnector], dict[str, object]],
    *,
    wrong: Callable[[SendConnector, Assumptions], str],
    mend: Callable[[SendConnector], str],
    note: Callable[[SendConnector], str] = lambda _: "",
) -> Finding:
    """Judge every send connector that leads to Microsoft 365: `wrong` tells what is wrong with one."""
    assume = Assumptions()
    found = tuple(dict.fromkeys(_to_microsoft_365(environment, assume)))
    shown = tuple(
        evidence.setting(one.origin, prop, f"send connector '{one.name}'", value)
        for one in found
        for prop, value in properties(one).items()
    )
    failing = {one.name: told for one in found if (told := wrong(one, assume))}
    if failing:
        remedy = "\n".join(mend(one) for one in found if one.name in failing)
        seen = "; ".join(f"'{one}': {told}" for one, told in failing.items())
        return non_compliant(asked, seen, *shown, remedy=remedy)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not found:
        return not_applicable(asked, "no send connector leads there")
    notes = tuple(filter(None, map(note, found)))
    return compliant(asked, f"so {'does' if len(found) == 1 else 'do'} {_named(found)}", *shown, notes=notes)


def _to_microsoft_365(environment: Environment, assume: Assumptions) -> Iterator[SendConnector]:
    """Give those that carry mail for the tenant's mailboxes, and those with a smart host of Microsoft 365."""
    for server in environment.on_premises.servers:
        if server.is_exchange:
            choosing = Assumptions()
            router = ExchangeServerRouter(environment, server)
            chosen = router.send_connector(environment.microsoft_365.coexistence_domain, choosing)
            for why in choosing.made:
                assume.note(why)
            # Where something was assumed Exchange may choose another connector; a gateway is not Microsoft 365.
            if chosen and not choosing.made and not _leads_to_gateway(environment, chosen):
                yield chosen
    for connector in assume.listed(environment.on_premises.exchange.send_connectors):
        # SmartHosts and DNSRoutingEnabled exclude each other (Set-SendConnector).
        if connector.dns_routing_enabled is True or not assume(connector.enabled, True):
            continue
        if any(is_microsoft_host(host) for host in assume.listed(connector.smart_hosts)):
            yield connector


def _leads_to_gateway(environment: Environment, connector: SendConnector) -> bool:
    own = {place for s in environment.on_premises.servers for place in (s.name, *map(str, s.listens))}
    hosts = () if isinstance(connector.smart_hosts, Unknown) else connector.smart_hosts
    return bool(hosts) and {host.strip("[]") for host in hosts} <= own


def _without_tls(connector: SendConnector, assume: Assumptions) -> str:
    if not assume(connector.require_tls, True):
        return "RequireTLS is False: where TLS fails, mail goes in the clear"
    level = assume(connector.tls_auth_level, TlsAuthLevel.DOMAIN_VALIDATION)
    return "" if level in _CHECKED else f"TlsAuthLevel is {level or 'not set'}: whoever answers gets the mail"


def _out_of_reach(connector: SendConnector, assume: Assumptions) -> str:
    told = []
    port = assume(connector.port, SMTP_PORT)
    if port != SMTP_PORT:
        told.append(f"Port is {port}, where Microsoft 365 takes no mail")
    auth = assume(connector.smart_host_auth_mechanism, SmartHostAuth.NONE)
    if connector.dns_routing_enabled is not True and auth.signs_in:
        told.append(f"SmartHostAuthMechanism is {auth}, and Microsoft 365 offers no sign-in there")
    return "; ".join(told)


def _demanding(environment: Environment, connector: SendConnector) -> str:
    """Say how it demands TLS; one that also finds others by DNS must not demand Microsoft's name of them."""
    demand = f"-RequireTLS $true -TlsAuthLevel DomainValidation -TlsDomain {environment.microsoft_365.cloud.mx_suffix}"
    tenant = environment.microsoft_365.coexistence_domain
    spaces = () if isinstance(connector.address_spaces, Unknown) else connector.address_spaces
    if connector.dns_routing_enabled is False or all(space.domain == tenant for space in spaces):
        return f"Set-SendConnector {quoted(connector.name)} {demand}"
    return f'New-SendConnector -Name "To the tenant" -AddressSpaces {tenant} -CloudServicesMailEnabled $true {demand}'


def _named(connectors: tuple[SendConnector, ...]) -> str:
    return " and ".join(f"'{one.name}'" for one in connectors)

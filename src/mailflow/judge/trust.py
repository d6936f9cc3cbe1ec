"""Judges the internal trust of mail between the two sides: where its headers are kept, and where lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailflow.environment.environment import Environment, Server
from mailflow.exchange.known import Assumptions, Known, Origin
from mailflow.exchange.server import ReceiveConnector
from mailflow.judge import evidence
from mailflow.judge.inbound import connectors_of_own_servers
from mailflow.observe.path import Disposition, MailPath
from mailflow.policy.finding import Evidence, Finding, Verdict, compliant, non_compliant, not_verified
from mailflow.routing.decision import Client, Tls
from mailflow.routing.exchange_server import ExchangeServerRouter, trusts_cloud
from mailflow.routing.outbound_connector import covering

_GATEWAY = (
    "Let Exchange itself, or an Edge Transport server, talk to Microsoft 365, and nothing that handles SMTP stand "
    "between; or accept that mail of colleagues counts as external (waivers.yaml)"
)


def kept_in_both_directions(environment: Environment, paths: Sequence[MailPath]) -> Finding:
    """Judge the four places, and the messages between the two sides that arrived.

    Messages that did not arrive, or whose way rests on an assumption, are left to other rows.
    """
    found = _kept_by_connectors(environment)
    arrived = [p for p in paths if p.disposition is Disposition.DELIVERED and not p.assumptions]
    lost = [p for p in arrived if p.hops[-1].internal is False]  # None: the message does not show it
    if found.verdict is Verdict.COMPLIANT and lost:
        told = f"mail arrived as that of a stranger at {', '.join(dict.fromkeys(p.hops[-1].host for p in lost))}"
        return non_compliant(found.asked, told, *found.evidence, *(evidence.path(p) for p in lost))
    return found


def _kept_by_connectors(environment: Environment) -> Finding:
    """Judge the four places at which cross-premises headers are kept or lost.

    CloudServicesMailEnabled on the send connector to the tenant, the inbound and the outbound connector, and on the
    receive connector its counterpart, TlsDomainCapabilities (KB3212872, KB3156771; "when is a message internal").
    """
    asked = "send, receive, inbound and outbound connector keep the headers of internal trust"
    servers = [server for server in environment.on_premises.servers if server.is_exchange]
    if not servers:
        return not_verified(asked, "the environment names no Exchange server")
    assume = Assumptions()
    places = [
        *(place for server in servers for place in _on_premises(environment, server, assume)),
        *_in_tenant(environment, assume),
    ]
    shown = tuple(dict.fromkeys(place.shown for place in places if place.shown))
    lost = dict.fromkeys(place.name for place in places if not place.kept)
    if not any(server.listens for server in servers):
        lost.setdefault("the own side, where no Exchange server takes mail from Microsoft 365")
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if lost:
        remedy = "" if all(server.is_outer for server in servers) else _GATEWAY
        return non_compliant(asked, f"lost at {', '.join(lost)}", *shown, remedy=remedy)
    note = "nothing that inspects SMTP may stand between the two sides; settings do not show whether something does"
    return compliant(asked, "all four keep them", *shown, notes=(note,))


@dataclass(frozen=True, slots=True)
class _Place:
    """A connector that mail between the two sides passes."""

    name: str
    kept: bool  # the headers
    shown: Evidence | None = None  # None: there is no such connector


def _on_premises(environment: Environment, server: Server, assume: Assumptions) -> Iterator[_Place]:
    if not server.is_outer and any(one.is_edge and one.is_outer for one in environment.on_premises.servers):
        return  # the Edge Transport server talks to Microsoft 365 for it, and is judged (Edge hybrid)
    if not server.is_outer:
        yield _Place(f"what stands between Microsoft 365 and {server.name}, whose addresses are private", kept=False)
        return
    router = ExchangeServerRouter(environment, server)
    send = router.send_connector(environment.microsoft_365.coexistence_domain, assume)
    if send is None:
        yield _Place(f"{server.name}, which has no send connector to the tenant", kept=False)
    else:
        owner, value = f"send connector '{send.name}'", send.cloud_services_mail_enabled
        yield _cloud_services_mail(owner, send.origin, value, assume)
    versions = {address.version for address in server.listens}
    clients = [one for one in _microsoft_365(environment, assume) if one.address.version in versions]
    served = [(one, router.receive_connector(one, assume)) for one in clients]
    if deaf := [str(client.address) for client, connector in served if connector is None]:
        more = f" and {len(deaf) - 1} more of Microsoft 365" if deaf[1:] else ""
        yield _Place(f"{server.name}, which has no receive connector for {deaf[0]}{more}", kept=False)
    yield from (_receiving(connector, client, assume) for client, connector in served if connector)


def _microsoft_365(environment: Environment, assume: Assumptions) -> Iterator[Client]:
    """Microsoft 365 as the own servers see it: from the ends of its ranges, under the name on its certificate."""
    cloud = environment.microsoft_365.cloud
    for network in assume.listed(cloud.ranges):
        for address in (network[0], network[-1]):
            yield Client(address, tls=Tls("TLSv1.3", (cloud.mx_suffix,), client_trusted=True))


def _receiving(connector: ReceiveConnector, client: Client, assume: Assumptions) -> _Place:
    owner = f"receive connector '{connector.name}'"
    capabilities = connector.tls_domain_capabilities
    shown = evidence.setting(connector.origin, "TlsDomainCapabilities", owner, capabilities)
    return _Place(owner, trusts_cloud(connector, client, assume), shown)


def _in_tenant(environment: Environment, assume: Assumptions) -> Iterator[_Place]:
    inbound = connectors_of_own_servers(environment, assume)
    if not inbound:
        yield _Place("the tenant, where no inbound connector recognises the on-premises servers", kept=False)
    for one in inbound:
        yield _cloud_services_mail(
            f"inbound connector '{one.name}'", one.origin, one.cloud_services_mail_enabled, assume
        )
    for domain in filter(environment.own_servers_take_part, environment.domains):
        chosen = covering(environment.microsoft_365, domain.name, from_on_premises=False, assume=assume)
        if chosen is None:
            yield _Place(f"the tenant, where no outbound connector covers {domain.name}", kept=False)
        else:
            owner, value = f"outbound connector '{chosen.name}'", chosen.cloud_services_mail_enabled
            yield _cloud_services_mail(owner, chosen.origin, value, assume)


def _cloud_services_mail(owner: str, origin: Origin, value: Known[bool], assume: Assumptions) -> _Place:
    return _Place(owner, assume(value, False), evidence.setting(origin, "CloudServicesMailEnabled", owner, value))

"""Who hands mail to Microsoft 365, as it sees them when they connect: own servers, servers of a filter, a stranger."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.environment.message import STRANGER
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.routing.decision import Client, Held, Relay, Tls
from mailflow.routing.other_server import OtherServerRouter
from mailflow.routing.router import filter_router

ELSEWHERE = Address("somebody", "elsewhere.invalid")  # RFC 2606: a domain that nobody has
# He speaks TLS and shows a certificate, as anybody can: RequireTls alone keeps nobody out.
STRANGER_CLIENT = Client(IPv4Address("198.18.0.99"), STRANGER, Tls("TLSv1.3", (STRANGER,), client_trusted=True))

NOBODY_SENDS = "the environment names no public address from which an on-premises server sends"


def own_clients(environment: Environment) -> Iterator[tuple[Server, Client]]:
    """Every own server that Microsoft 365 sees, as it does when the server connects."""
    for server in environment.on_premises.servers:
        certificate = server.certificate if _shows_certificate(environment, server) else None
        tls = Tls("TLSv1.3", certificate.names, certificate.trusted) if certificate else None
        for address in server.public_sends_from:
            yield server, Client(address, server.greets_as, tls)


def _shows_certificate(environment: Environment, server: Server) -> bool:
    """Whether a server shows its certificate to Microsoft 365; one that is not Exchange says so route by route."""
    if server.other is None:
        return True
    router = OtherServerRouter(environment, server, server.other)
    tenant = Address("anybody", environment.microsoft_365.coexistence_domain)
    ways = router.actions(Held(tenant, None, router.submission(None), resolved=True), Assumptions())
    ways += (router.to_internet(Assumptions()),)
    return all(
        way.shows_certificate
        for way in ways
        if isinstance(way, Relay) and ((way is ways[0] and not way.hosts) or any(map(is_microsoft_host, way.hosts)))
    )


def filter_clients(environment: Environment, domain: Domain) -> Iterator[tuple[Server, Client]]:
    """Every server of a filtering service as Microsoft 365 sees it when it hands on mail for a domain."""
    for server in environment.filter_servers:
        router = filter_router(environment, server)
        held = Held(Address("anybody", domain.name), None, router.submission(None), resolved=True)
        ways = router.actions(held, Assumptions())
        shows = any(isinstance(way, Relay) and way.shows_certificate for way in ways)
        certificate = server.certificate if shows else None
        # Without a certificate of its own it speaks TLS all the same: Microsoft 365 offers it.
        tls = Tls("TLSv1.3", certificate.names, certificate.trusted) if certificate else Tls("TLSv1.3")
        for address in server.sends_from:
            yield server, Client(address, server.greets_as, tls)

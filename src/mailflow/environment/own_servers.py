"""The organization's servers, and those of a filtering service: their sections of environment.yaml, certificates."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network

from cryptography import x509

from mailflow.environment.certificates import read_certificate
from mailflow.environment.environment import OtherServer, Route, Server
from mailflow.environment.file_mistakes import Path, line_of
from mailflow.environment.file_model import OtherSection, ServerSection
from mailflow.environment.file_types import MICROSOFT_365
from mailflow.environment.folder import FILE, Folder
from mailflow.exchange.cloud import Cloud
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import Network
from mailflow.exchange.server import INSIDE, ExchangeServer, SendConnector

OWN: Path = ("on_premises", "servers")


def read_servers(
    folder: Folder,
    sections: Mapping[str, ServerSection],
    lines: Mapping[str, int],
    authorities: Sequence[x509.Certificate],
    cloud: Cloud,
    *,
    place: Path = OWN,
) -> tuple[Server, ...]:
    """Read them all. Mistakes are noted; `place` is where in environment.yaml the sections stand."""
    return tuple(
        Server(
            name=name,
            listens=section.listens,
            sends_from=section.listens if section.sends_from is None else section.sends_from,
            greets_as=section.greets_as or name,
            exchange_name=section.exchange_name,
            certificate=(read_certificate(folder, section.certificate, authorities) if section.certificate else None),
            other=_other(folder, section.other, cloud, line_of(lines, (*place, name, "other")))
            if section.other
            else None,
            origin=f"{FILE}:{line_of(lines, (*place, name))}",
            dkim=section.dkim,
            changes_messages=section.changes_messages,
            is_edge=section.edge_exports is not None,
        )
        for name, section in sections.items()
    )


def note_unknown_names(
    folder: Folder, servers: Iterable[Server], exchange: ExchangeServer, lines: Mapping[str, int]
) -> None:
    """Note an Exchange server whose name no connector in the exports carries: it would have no connector at all."""
    known = _named_in(exchange)
    edges = {} if isinstance(exchange.send_connectors, Unknown) else _subscribed(exchange.send_connectors)
    for server in servers:
        if server.is_exchange and not server.is_edge and (by := edges.get(server.exchange_name.lower())):
            found = f"'{server.name}' without edge_exports, an Edge Transport server by send connector '{by}'"
            expected = "edge_exports: the folder of what it exports itself (fixtures/README.md)"
            folder.note(FILE, _line(lines, server.name), found, expected)
        if not server.is_exchange or not known or server.exchange_name.lower() in known:
            continue
        named = " and ".join(sorted(known.values()))
        if server.exchange_name:
            line = _line(lines, server.name, "exchange_name")
            found = f"the exchange_name '{server.exchange_name}'"
            folder.note(FILE, line, found, f"a server that connectors in the exports name: {named}")
        elif len(known) > 1:
            line = _line(lines, server.name)
            folder.note(FILE, line, f"'{server.name}' without exchange_name", f"one of the exports' {named}")


def _subscribed(connectors: Iterable[SendConnector]) -> dict[str, str]:
    """Give the names of Edge Transport servers, in lower case, each with the connector of its Edge Subscription."""
    return {
        source.lower(): one.name
        for one in connectors
        if not isinstance(one.address_spaces, Unknown) and any(space.domain == INSIDE for space in one.address_spaces)
        for source in (() if isinstance(one.source_transport_servers, Unknown) else one.source_transport_servers)
    }


def _named_in(exchange: ExchangeServer) -> dict[str, str]:
    """Give the names of servers in the exports, by lower case; empty where they are not known."""
    if isinstance(exchange.receive_connectors, Unknown) or isinstance(exchange.send_connectors, Unknown):
        return {}
    names = [c.server for c in exchange.receive_connectors if not isinstance(c.server, Unknown)]
    for send in exchange.send_connectors:
        if not isinstance(send.source_transport_servers, Unknown):
            names.extend(send.source_transport_servers)
    return {name.lower(): name for name in names}


def _line(lines: Mapping[str, int], *steps: str) -> int:
    return line_of(lines, (*OWN, *steps))


def _other(folder: Folder, section: OtherSection, cloud: Cloud, line: int) -> OtherServer:
    accepts_from = section.accepts_from
    if accepts_from is not None and MICROSOFT_365 in accepts_from and isinstance(cloud.ranges, Unknown):
        found = f"{MICROSOFT_365} in accepts_from, in the cloud '{cloud.name}'"
        folder.note(FILE, line, found, "networks, as the kit does not know the ranges of this cloud")
        accepts_from = ()
    return OtherServer(
        accepts_for=section.accepts_for,
        relays_for=tuple(_networks(section.relays_for, ())),
        relays_for_microsoft_365=MICROSOFT_365 in section.relays_for,
        accepts_from=None if accepts_from is None else tuple(_networks(accepts_from, cloud.ranges)),
        routes=tuple(
            Route(route.domain, route.smart_host, route.require_tls, route.presents_certificate)
            for route in section.routes
        ),
        routing_addresses=section.routing_addresses,
        starttls=section.starttls,
    )


def _networks(written: Iterable[Network | str], published: Iterable[Network] | Unknown) -> Iterable[Network]:
    for network in written:
        if isinstance(network, IPv4Network | IPv6Network):
            yield network
        elif not isinstance(published, Unknown):
            yield from published

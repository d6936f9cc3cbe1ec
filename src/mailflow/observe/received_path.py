"""The hops of a received message, from the stations of its trace and what Exchange wrote beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailflow.environment.environment import Environment, Server
from mailflow.environment.message import MICROSOFT_365
from mailflow.exchange.cloud import is_transport_host
from mailflow.mail.address import Address
from mailflow.mail.received import Received
from mailflow.observe.exchange_fields import ExchangeFields
from mailflow.observe.path import Hop, Place
from mailflow.observe.trace import Side, Station, Traced

_UNENCRYPTED = frozenset({"SMTP", "ESMTP", "ESMTPA", "LMTP", "LMTPA"})  # RFC 3848; with TLS they end in S or SA
_ENCRYPTED = frozenset({"ESMTPS", "ESMTPSA", "LMTPS", "LMTPSA"})


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of a message before its header is read."""

    mail_from: Address | None
    from_outside: bool  # it begins on the Internet


def hops(
    environment: Environment, traced: Traced, said: ExchangeFields, sent: Sent, return_path: Address | None
) -> tuple[tuple[Hop, ...], tuple[str, ...]]:
    """Give the hops, oldest first, and what about them could not be told."""
    places, untold = _places(environment, traced.stations, said, from_outside=sent.from_outside)
    passes = sum(place is Place.MICROSOFT_365 for place in places)
    found: list[Hop] = []
    for number, (station, place) in enumerate(zip(traced.stations, places, strict=True)):
        before = places[number - 1] if number else None
        left = place is Place.INTERNET and any(one is not Place.INTERNET for one in places[:number])
        last = number == len(places) - 1
        entry = station.entry if number else None  # with which field the message came here; the first host has none
        found.append(
            Hop(
                host=_host(environment, station, place),
                place=place,
                # A forward may have rewritten it; the mailbox shows it as the last host got it.
                mail_from=return_path if left or last else sent.mail_from,
                client=str(entry.from_address or "") if entry else "",
                helo=entry.from_name if entry else "",
                tls=_tls(entry) if entry or number else "",
                sent_by=_sent_by(before, place, said),
                attributed=_attributed(before, place, said, passes),
                why=_why(before, place, said),
                internal=said.internal if last and place is not Place.INTERNET else None,
                for_another_tenant=_for_another_tenant(traced.stations, places, number),
                assumed=station.side is Side.UNPLACED or bool(untold and station.side is Side.MICROSOFT),
            )
        )
    return tuple(found), untold


def _places(
    environment: Environment, stations: tuple[Station, ...], said: ExchangeFields, *, from_outside: bool
) -> tuple[list[Place], tuple[str, ...]]:
    """Place every station: a tenant that is not the own one is the Internet."""
    own = environment.microsoft_365.tenant_id.lower()
    others = said.tenants - {own}
    passes = [one for one in stations if one.side is Side.MICROSOFT]
    # A message from outside begins outside: in the tenant of its sender.
    senders = passes[:1] if from_outside and passes and passes[0] is stations[0] else []
    receivers = [one for one in stations if one.side is Side.RECEIVER and one.fields[0] and _in_cloud(one)]
    asked = passes[len(senders) :]
    untold: tuple[str, ...] = ()
    place = Place.MICROSOFT_365
    if asked and others and not senders and not receivers:
        place = Place.INTERNET
        if own in said.tenants:
            untold = (
                f"it names the own tenant and another one ({', '.join(sorted(others))}): which passed it is open",
            )
    elif asked and own not in said.tenants:
        untold = ("no header field names the tenant of Microsoft 365 that it passed",)
    told = {Side.OWN: Place.ON_PREMISES, Side.MICROSOFT: place}
    # The address from which it was handed over stands in a believed field; what a filter wrote itself is not read.
    filters = {a for server in environment.filter_servers for a in (*server.listens, *server.sends_from)}
    placed = [
        Place.INTERNET
        if one in senders
        else Place.FILTER
        if one.side is Side.STRANGER and one.address in filters
        else told.get(one.side, Place.INTERNET)
        for one in stations
    ]
    return placed, untold


def _for_another_tenant(stations: Sequence[Station], places: Sequence[Place], number: int) -> bool | None:
    """Tell None of the own tenant between own servers and a receiver who is in Microsoft 365 too.

    The certificate of the own servers brings it there from whatever host of Microsoft 365 they handed it to
    (Attribution); to which they did, no field tells.
    """
    between = places[max(number - 1, 0) : number + 2] == [Place.ON_PREMISES, Place.MICROSOFT_365, Place.INTERNET]
    return None if between and _in_cloud(stations[number + 1]) else False


def _in_cloud(station: Station) -> bool:
    return any(is_transport_host(one.by) for one in station.fields)


def _host(environment: Environment, station: Station, place: Place) -> str:
    """Name the host of a station: the own server that environment.yaml names, Microsoft 365, or as it called itself."""
    if station.side is Side.MICROSOFT:
        return MICROSOFT_365
    if place is Place.ON_PREMISES and (server := _server(environment, station)):
        return server.name
    if station.fields:
        return station.fields[-1].by or "an unnamed host"
    return station.name or str(station.address)


def _server(environment: Environment, station: Station) -> Server | None:
    """Find the own server by a name in its fields or by the address from which it handed over."""
    names = {one.by for one in station.fields} | {station.name}
    labels = {name.partition(".")[0] for name in names}
    for server in environment.on_premises.servers:
        if (
            names & {server.name, server.greets_as}
            or (server.exchange_name and server.exchange_name.lower() in labels)
            or station.address in (*server.listens, *server.sends_from)
        ):
            return server
    return None


def _tls(entry: Received | None) -> str | None:
    if entry is None:
        return None
    if entry.tls:
        return entry.tls
    if entry.protocol in _ENCRYPTED or "(TLS)" in entry.text:  # Exchange before 2016: Microsoft SMTP Server (TLS)
        return "TLS"
    return "" if entry.protocol in _UNENCRYPTED else None


def _sent_by(before: Place | None, place: Place, said: ExchangeFields) -> str | None:
    """Name the connector from Microsoft 365 to an own server, as far as a header shows one.

    Only a connector with CloudServicesMailEnabled keeps the organization's headers (Set-OutboundConnector).
    """
    if before is Place.MICROSOFT_365 and place is Place.ON_PREMISES:
        keeping = next((host for host in said.preserved_by if is_transport_host(host)), "")
        return (
            f"a connector with CloudServicesMailEnabled (X-OrganizationHeadersPreserved: {keeping})"
            if keeping
            else None
        )
    return None


def _attributed(before: Place | None, place: Place, said: ExchangeFields, passes: int) -> bool | None:
    if before is Place.ON_PREMISES and place is Place.MICROSOFT_365:
        # Where it passed the tenant twice, the first time as mail from the Internet, the fields may speak of that.
        return None if passes > 1 and said.from_own_servers is False else said.from_own_servers
    return None


def _why(before: Place | None, place: Place, said: ExchangeFields) -> str:
    if before is Place.ON_PREMISES and place is Place.MICROSOFT_365 and said.from_own_servers is not None:
        return "by its header, mail " + ("of own servers" if said.from_own_servers else "from the Internet")
    return ""

"""From where a live run looks: where one stands decides what one sees.

From inside the organization's ranges no server shows how it meets a stranger. Where port 25 is shut on the way
out, no server shows anything; that is recognised once, at the tenant's host, which answers everybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from mailflow.environment.environment import Environment, IPAddress
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import Network
from mailflow.observe.dialogue import Ending
from mailflow.observe.smtp import TlsSession
from mailflow.records.private_address import is_private

_NO_WAY = (Ending.NO_CONNECTION, Ending.UNREACHABLE, Ending.NOT_LISTENING)
_WIDE = 8  # a range with a shorter prefix describes an open door, not an organization


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where a run stands, as far as it could find out."""

    addresses: Mapping[IPAddress, str]  # the public addresses from which it looks, and who says so
    inside: str = ""  # what makes it no stranger
    shut: Mapping[int, str] = field(default_factory=dict)  # IP version → why there is no way out to port 25
    altered: str = ""  # what something near here makes of SMTP that passes through

    def __str__(self) -> str:
        known = (f"{address} ({how})" for address, how in self.addresses.items())
        told = f"looks from {', '.join(known) or 'an address that is not known'}"
        return "; ".join(part for part in (told, self.inside, *self.shut.values(), self.altered) if part)

    def no_stranger(self, version: int) -> str:
        """Tell why, over this IP version, nobody sees from here what a stranger would; empty: it is seen."""
        if self.inside:
            return f"what only a stranger can see is not seen from here: {self.inside}"
        if any(address.version == version for address in self.addresses):
            return ""
        return f"from which IPv{version} address this run looks is not known: say it with --vantage"


def vantage(
    environment: Environment, tenant: Sequence[tuple[str, TlsSession]], given: Sequence[IPAddress] = ()
) -> Vantage:
    """Find out where the run stands.

    `tenant`: the sessions with the tenant's host, by its name; `given`: public addresses of the run that whoever
    started it named.
    """
    here = {ip_address(session.local) for _, session in tenant if session.local}
    public = dict.fromkeys(given, "given")
    for host, session in tenant:
        if session.seen_as and not is_private(session.seen_as):
            public.setdefault(session.seen_as, f"as {host} sees it")
    for address in here:
        # Behind a translator the own end is another address; a public one is the one that is seen.
        if not is_private(address) and not any(one.version == address.version for one in public):
            public[address] = "the own end of the connection"
    # A public address that was named counts alone: many networks have the private ones of this machine.
    looked_from = set(public) if given else {*public, *here}
    return Vantage(public, _inside(environment, looked_from), _shut(tenant), _altered(tenant))


def _inside(environment: Environment, addresses: set[IPAddress]) -> str:
    found = (
        f"{address} is {whose}"
        for address in sorted(addresses, key=lambda one: (one.version, one))
        for network, whose in _ranges(environment)
        if address in network and network.prefixlen >= _WIDE and not address.is_loopback
    )
    return next(found, "")


def _ranges(environment: Environment) -> Iterator[tuple[Network, str]]:
    """Give every range that is no stranger's, and whose it is."""
    for server in environment.servers:
        for address in (*server.listens, *server.sends_from):
            yield ip_network(address), f"an address of {server.name} ({server.origin})"
        for network in server.other.relays_for if server.other else ():
            yield network, f"in {network}, for which {server.name} relays ({server.origin})"
    for party in environment.third_parties:
        for address in party.sends_from:
            yield ip_network(address), f"an address of {party.name}, which sends for the organization"
    connectors = environment.microsoft_365.online.inbound_connectors
    for connector in () if isinstance(connectors, Unknown) else connectors:
        ranges = connector.sender_ip_addresses
        for network in () if isinstance(ranges, Unknown) else ranges:
            yield network, f"in {network}, which the inbound connector '{connector.name}' takes for the organization's"


def _shut(tenant: Sequence[tuple[str, TlsSession]]) -> dict[int, str]:
    found = {}
    for version in (4, 6):
        tried = [(host, session) for host, session in tenant if session.address.version == version]
        if tried and all(session.ending in _NO_WAY for _, session in tried):
            host, session = tried[0]
            found[version] = (
                f"port 25 is blocked on the way out from here over IPv{version}: {host} [{session.address}], which "
                f"answers everybody, did not ({session.trouble})"
            )
    return found


def _altered(tenant: Sequence[tuple[str, TlsSession]]) -> str:
    for host, session in tenant:
        if session.heard and not session.starttls:
            put = f": {session.masked!r} stands there" if session.masked else ""
            return f"something near here alters SMTP: {host}, which offers STARTTLS to everybody, did not{put}"
    return ""

"""From the Received fields of a message to its hops, newest field first, as far down as somebody known wrote them.

A field is believed where its writer is: the server of the mailbox, then whoever handed the message to a believed
writer, if that was an own server or Microsoft 365 by the address that the writer saw. What lies below the first
stranger is his claim (RFC 5321 section 7.1). The receiver's hosts on the Internet are believed down to the border of
the organization.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from mailflow.environment.environment import Environment, IPAddress, Server
from mailflow.exchange.cloud import is_microsoft_host, is_transport_host
from mailflow.exchange.known import Unknown
from mailflow.mail.address import is_within
from mailflow.mail.received import Received
from mailflow.records.private_address import is_private

MANY = 200  # Received fields; RFC 5321 section 6.3 lets servers stop at 100


class Side(Enum):
    """Whose a host is, by what a believed field shows."""

    OWN = auto()
    MICROSOFT = auto()  # a tenant's; of which, other fields say
    RECEIVER = auto()  # who holds the mailbox, outside the organization
    STRANGER = auto()
    UNPLACED = auto()


@dataclass
class Station:
    """Hosts of one side that a message passed one after the other."""

    side: Side
    name: str = ""  # of the host that handed it on, as it called itself to the next
    address: IPAddress | None = None  # from which it did
    fields: list[Received] = field(default_factory=list)  # newest first; none where only the next host tells of it

    @property
    def entry(self) -> Received | None:
        """The field with which the message came to this side."""
        return self.fields[-1] if self.fields else None


@dataclass(frozen=True)
class Traced:
    """The stations of a message, oldest first, and what could not be told."""

    stations: tuple[Station, ...]
    believed: tuple[Received, ...]  # newest first
    untold: tuple[str, ...]


def trace(environment: Environment, fields: Sequence[Received], *, own_mailbox: bool) -> Traced:
    """Read the stations of a message that was saved from a mailbox, one's own or one outside."""
    if not fields:
        return Traced((), (), ("it has no Received field: save it with its whole header, as the server delivered it",))
    walk = _Walk(environment)
    walk.down(fields[:MANY], own_mailbox=own_mailbox)
    if len(fields) > MANY:
        walk.untold.append(f"it has more than {MANY} Received fields")
    if not any(one.side in (Side.OWN, Side.MICROSOFT) for one in walk.stations) and not walk.untold:
        walk.untold.append("no Received field shows a server of the organization or Microsoft 365")
    believed = tuple(one for station in walk.stations for one in station.fields)
    return Traced(tuple(reversed(walk.stations)), believed, tuple(dict.fromkeys(walk.untold)))


class _Walk:
    """Goes down the fields of one message, from the mailbox to where it came from."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.own = {address for server in environment.on_premises.servers for address in _addresses(server)}
        self.stations: list[Station] = []  # newest first
        self.untold: list[str] = []

    def down(self, fields: Sequence[Received], *, own_mailbox: bool) -> None:
        """Read field after field, until somebody wrote one who is not believed."""
        self.stations.append(Station(self._holder(fields[0]) if own_mailbox else Side.RECEIVER))
        for one, older in zip(fields, (*fields[1:], None), strict=True):
            here = self.stations[-1]
            here.fields.append(one)
            if here.side is Side.UNPLACED:
                return
            came = self._came_from(here.side, one, older)
            if came is None:
                continue
            self.stations.append(Station(came, one.from_name.lower(), one.from_address))
            if came in (Side.STRANGER, Side.UNPLACED) or older is None:
                return
            if came is Side.OWN and is_transport_host(older.by):
                # An own host that leaves no trace field, between two passes of Microsoft 365.
                self.stations.append(Station(Side.MICROSOFT))
            elif came is Side.MICROSOFT and not is_transport_host(older.by):
                self.untold.append(
                    f"{_host(one)} has an address of Microsoft 365, but the field below was written by "
                    f"{older.by or 'nobody'}, which is none of its hosts"
                )
                return

    def _holder(self, newest: Received) -> Side:
        """Whose host wrote the newest field of a message in an own mailbox."""
        if is_transport_host(newest.by):
            return Side.MICROSOFT
        # The name is not always one that environment.yaml knows: EX01.corp.local. The mailbox is the organization's,
        # and so is the Exchange Server that delivered into it.
        if self._is_own_name(newest.by) or newest.protocol.startswith("MICROSOFT SMTP SERVER"):
            return Side.OWN
        self.untold.append(
            f"{newest.by or 'an unnamed host'} wrote the newest Received field, and is neither a server in "
            "environment.yaml nor Exchange"
        )
        return Side.UNPLACED

    def _is_own_name(self, name: str) -> bool:
        servers = self.environment.on_premises.servers
        known = {word.lower() for server in servers for word in (server.name, server.greets_as)}
        labels = {server.exchange_name.lower() for server in servers if server.exchange_name}
        return name in known or name.partition(".")[0] in labels or self._claims_own_domain(name)

    def _claims_own_domain(self, name: str) -> bool:
        return any(is_within(name, domain.name) for domain in self.environment.domains)

    def _came_from(self, here: Side, one: Received, older: Received | None) -> Side | None:
        """Tell whose host handed over what a believed field tells of; None: another of the same side, or nobody."""
        client = one.from_address
        behind_front_door = here is Side.MICROSOFT and not is_microsoft_host(one.by)
        if behind_front_door and (not one.from_name or is_transport_host(one.from_name)):
            return None
        if client is None:
            if here is Side.RECEIVER or not one.from_name:
                return None
            self.untold.append(f"the field of {one.by} does not show from which address {one.from_name} came")
            return Side.UNPLACED
        if client in self.own:
            return Side.OWN
        if (of_microsoft := self._of_microsoft(client)) is not False:
            if of_microsoft:
                return Side.MICROSOFT
            if is_transport_host(one.from_name):
                self.untold.append(f"the ranges of this cloud are not known, so that {_host(one)} may be anybody")
                return Side.UNPLACED
        if is_private(client):
            # A firewall that translates addresses hides the client; who wrote the field below shows Microsoft 365.
            return Side.MICROSOFT if here is Side.OWN and older and is_transport_host(older.by) else None
        if here is Side.RECEIVER:
            return None
        if self._claims_own_domain(one.from_name.lower()):
            self.untold.append(f"{_host(one)} has a name of the organization and is no server in environment.yaml")
            return Side.UNPLACED
        return Side.STRANGER

    def _of_microsoft(self, client: IPAddress) -> bool | None:
        """Whether Microsoft 365 sends from an address; None: its ranges are not known."""
        cloud = self.environment.microsoft_365.cloud
        if isinstance(cloud.ranges, Unknown):
            return None
        pool = () if isinstance(cloud.relay_pool, Unknown) else cloud.relay_pool
        return any(client in network for network in (*cloud.ranges, *pool))


def _addresses(server: Server) -> tuple[IPAddress, ...]:
    return (*server.listens, *server.sends_from)


def _host(one: Received) -> str:
    return f"{one.from_name} [{one.from_address}]"

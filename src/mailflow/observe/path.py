"""The path of a message as a value: hops, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from mailflow.environment.environment import Environment
from mailflow.environment.mailboxes import Home
from mailflow.environment.message import TestMessage
from mailflow.mail.address import Address
from mailflow.mail.envelope import path as angle
from mailflow.mail.reply import Reply
from mailflow.observe.signature import Signature

# Hop counts exceeded, by Exchange Server and by Exchange Online ("Fix NDR 5.4.6 through 5.4.20").
LOOP_CODES = frozenset({"5.4.6", "5.4.14"})


class Place(StrEnum):
    """Where a host stands. The words are those of the feature files."""

    INTERNET = "the Internet"
    MICROSOFT_365 = "Microsoft 365"  # the organization's own tenant; another tenant is the Internet
    ON_PREMISES = "the on-premises servers"
    FILTER = "the third-party filter"  # a service of others, at which the MX record points


_PLACES = {Home.CLOUD: Place.MICROSOFT_365, Home.ON_PREMISES: Place.ON_PREMISES, None: Place.INTERNET}


def place_of(environment: Environment, mailbox: Address | None) -> Place:
    """Tell where a mailbox is; whoever the environment does not list is on the Internet."""
    return _PLACES[environment.mailboxes.home_of(mailbox)]


class Disposition(StrEnum):
    """What became of a message for one recipient."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # to the host of the sender
    RETURNED = "returned to the sender"  # accepted first, then a non-delivery report
    DROPPED = "lost"  # refused, and nobody is told: the reverse-path is null, or the report did not arrive either
    LOOPED = "caught in a loop"
    WAITING = "waiting in a queue"
    VANISHED = "vanished"  # the records end without an end
    UNSEEN = "not seen"  # nothing was seen of it; the assumptions of the path say why


@dataclass(frozen=True, slots=True)
class Hop:
    """One host on the way, and how the message came to it. None: what was observed does not show it."""

    host: str
    place: Place
    mail_from: Address | None  # as this host got it
    client: str = ""  # the address it came from; empty where it was submitted here
    helo: str = ""
    tls: str | None = ""  # TLSv1.3; empty: plain, or submitted here
    sent_by: str | None = ""  # the connector by which the host before sent it; empty: by MX
    sent_why: str = ""  # the rule by which it sent it here
    received_by: str = ""  # the connector by which this host took it
    attributed: bool | None = False  # Microsoft 365 took it for mail of the organization's own servers
    why: str = ""  # the rule by which this host took it
    internal: bool | None = False  # it counts as internal mail of the organization here
    assumed: bool = False  # something had to be taken for granted before it came here
    for_another_tenant: bool | None = (
        False  # it was handed to another tenant's host, and attributed to the organization
    )
    signatures: tuple[Signature, ...] | None = None  # the message as it came here, verified; None: nobody looked
    signatures_assumed: tuple[str, ...] = ()  # what had to be taken for granted of all but the `newest` of them
    newest: int = 0  # how many were made after that

    @property
    def name(self) -> str:
        """The host and where it stands, said once where both are the same."""
        return self.host if self.host == self.place else f"{self.host} ({self.place})"


@dataclass(frozen=True, slots=True)
class MailPath:
    """The way of one message to one recipient."""

    message: TestMessage
    recipient: Address
    disposition: Disposition
    hops: tuple[Hop, ...]
    reply: Reply | None = None  # what ended it, where it was not delivered
    ended_by: str = ""  # the host that said so
    ended_at: Place | None = None  # where that host, or the one with the mailbox, stands; None: nobody knows
    why: str = ""  # the rule that ended it
    mailbox: Address | None = None
    report: bool = False  # a non-delivery report was sent back
    report_assumptions: tuple[str, ...] = ()  # what had to be taken for granted on the way of that report
    assumptions: tuple[str, ...] = ()  # what had to be taken for granted on the way, or was not seen of it
    trace: tuple[str, ...] = ()  # the Received fields of the delivered copy, newest first
    dialogue: tuple[str, ...] = ()  # the SMTP session in which it was offered and that stopped before DATA
    stamps: tuple[str, ...] = ()  # other header fields of a received message that were read, or are worth showing
    to_send: str = ""  # of a message that was not seen: what to send, and where to save what arrives
    source: str = "session records"  # from what the path was read; else the file of a received message

    def __post_init__(self) -> None:
        """Refuse what cannot be: a recording may come from a stranger."""
        if self.disposition is Disposition.DELIVERED and not self.hops:
            raise ValueError("a message that was delivered, and no host that took it")

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def places(self) -> tuple[Place, ...]:
        """The places in order, hosts of the same place taken together."""
        found: list[Place] = []
        for hop in self.hops:
            if not found or found[-1] is not hop.place:
                found.append(hop.place)
        return tuple(found)

    def lines(self) -> tuple[str, ...]:
        """Tell the way, a hop a line."""
        told = [f"{number}. {_tell(hop)}" for number, hop in enumerate(self.hops, 1)]
        if self.disposition is Disposition.DELIVERED:
            told.append(f"delivered into the mailbox {self.mailbox}")
        elif self.disposition is Disposition.VANISHED:
            told.append("vanished: the records end here")
        elif self.disposition is Disposition.UNSEEN:
            told += [f"not seen: {why}" for why in self.assumptions]
        else:
            told.append(f"{self.disposition}: {self.ended_by or 'nobody'} said {self.reply or 'nothing'} ({self.why})")
        return tuple(told)


def _tell(hop: Hop) -> str:
    if not hop.client:
        return f"{hop.name}: submitted as {angle(hop.mail_from)}"
    told = f"{hop.name}: from {hop.client} as {angle(hop.mail_from)}, {_tls(hop)}"
    if hop.sent_why:
        told += f", sent: {hop.sent_why}"
    if hop.received_by:
        told += f", received by connector '{hop.received_by}'"
    told = f"{told}; {hop.why}" if hop.why else told
    return "; ".join((told, *map(str, hop.signatures or ())))


def _tls(hop: Hop) -> str:
    return "TLS not shown" if hop.tls is None else hop.tls or "without TLS"

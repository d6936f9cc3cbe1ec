"""What MTAs write down while they work: the session records from which a path is read afterwards.

The same things stand in the message tracking log of Exchange Server and in the message trace of Exchange
Online: who handed what to whom, by which connector, with which reply. Entries of two hosts are joined by the
queue identifier that the receiver names in its 250 reply and in its Received field.
"""

from dataclasses import dataclass, field

from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import Client, Reception, Rule


@dataclass(frozen=True, slots=True)
class Received:
    """A host took a message (or one of its own mailboxes submitted it: `client` None)."""

    host: str
    queue_id: str
    client: Client | None
    mail_from: Address | None
    recipients: tuple[Address, ...]
    reception: Reception
    assumptions: tuple[str, ...] = ()
    content: bytes = field(default=b"", repr=False)  # the message as it came, without what this host adds


@dataclass(frozen=True, slots=True)
class Refused:
    """A host refused a client, a recipient, or a message."""

    host: str
    client: Client
    mail_from: Address | None
    recipients: tuple[Address, ...]  # empty: the connection itself
    reply: Reply
    rule: Rule
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirected:
    """An address became another: routing address or forward."""

    host: str
    queue_id: str
    recipient: Address
    became: Address
    forward: bool
    rule: Rule
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A host offered a message to another; `next_id` is the other's queue identifier where it took it."""

    host: str
    queue_id: str
    recipient: Address
    to_host: str  # the name it was found by
    to_address: str
    connector: str
    mail_from: Address | None
    helo: str
    tls: str  # TLSv1.3, or empty
    reply: Reply
    next_id: str
    rule: Rule
    from_address: str = ""  # the address the other host saw
    assumptions: tuple[str, ...] = ()
    signature_assumptions: tuple[str, ...] = ()  # what was assumed of signatures on it; the way does not rest on that


@dataclass(frozen=True, slots=True)
class Treated:
    """A host signed a message, or changed it, before it offered it to another."""

    host: str
    queue_id: str
    recipient: Address
    signed_as: str  # the domain of the signature; empty: it changed the message
    rule: Rule


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message went into a mailbox."""

    host: str
    queue_id: str
    recipient: Address
    mailbox: Address
    rule: Rule
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A host gave up on a recipient: returned to the sender, or waiting in a queue."""

    host: str
    queue_id: str
    recipient: Address
    reply: Reply
    rule: Rule
    returned: bool  # a non-delivery report was made; else it waits
    report_id: str = ""  # queue identifier of that report; empty for a null reverse-path (RFC 5321 section 4.5.5)
    assumptions: tuple[str, ...] = ()


Entry = Received | Refused | Redirected | Treated | Sent | Delivered | Failed

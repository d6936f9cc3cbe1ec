"""What an MTA can decide, and what it knows when it decides.

Each decision names the rule that made it and where that rule is written, so that a report can show the
line of documentation beside the hop.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailflow.environment.environment import IPAddress
from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Rule:
    """Why: a sentence, and the document or RFC section that says so."""

    why: str
    source: str

    def __str__(self) -> str:
        return f"{self.why} [{self.source}]"


@dataclass(frozen=True, slots=True)
class Tls:
    """What a server sees of a TLS session: version, and the certificate its client showed."""

    version: str  # TLSv1.3
    client_names: tuple[str, ...] = ()  # DNS names on the client's certificate, lower case; none shown: empty
    client_trusted: bool = False  # it leads to an authority that is trusted


@dataclass(frozen=True, slots=True)
class Client:
    """Who is connected, as the server sees it."""

    address: IPAddress
    helo: str = ""
    tls: Tls | None = None


class Direction(StrEnum):
    """How Microsoft 365 counts a message (X-MS-Exchange-Organization-MessageDirectionality); for others: where from."""

    ORIGINATING = "Originating"  # the organization's own
    INCOMING = "Incoming"


@dataclass(frozen=True, slots=True)
class Reception:
    """How an MTA took a message."""

    direction: Direction
    rule: Rule
    connector: str = ""  # the connector it came in by
    tenant_id: str = ""  # Microsoft 365 only: whose message it counts as
    from_on_premises: bool = False  # Microsoft 365 only: handed over by the own servers, recognised as theirs
    submitted: bool = False  # by a mailbox or service of the MTA itself
    promotes: bool = False  # header fields of the organization's other side are taken over (CloudServicesMailEnabled)
    internal: bool = False  # it counts as internal mail of the organization (AuthAs Internal)


@dataclass(frozen=True, slots=True)
class Held:
    """A message that an MTA has accepted, for one recipient."""

    recipient: Address
    mail_from: Address | None
    reception: Reception
    forwarded: bool = False  # a mailbox here sent it on
    resolved: bool = False  # a routing address: where to send it, not whom to look up again


class Verification(StrEnum):
    """What a client demands of the server's certificate."""

    NONE = "none"  # whatever it is
    TRUST = "trust"  # leads to a trusted authority and is in date
    NAME = "name"  # that, and carries a demanded name


@dataclass(frozen=True, slots=True)
class TlsDemand:
    """What TLS a client demands for the way to the next host."""

    required: bool = False
    verification: Verification = Verification.NONE
    name: str = ""  # for NAME: "mail.contoso.com", "*.contoso.com"


OPPORTUNISTIC = TlsDemand()  # RFC 3207: used where offered, of any certificate


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not taken."""

    reply: Reply
    rule: Rule


@dataclass(frozen=True, slots=True)
class Deliver:
    """Into a mailbox of this MTA."""

    mailbox: Address
    rule: Rule


@dataclass(frozen=True, slots=True)
class Redirect:
    """On to another address: resolution of a routing address, or a forward."""

    recipient: Address
    rule: Rule
    forward: bool = False


@dataclass(frozen=True, slots=True)
class Relay:
    """To another host."""

    hosts: tuple[str, ...]  # smart hosts, names or addresses; empty: by the MX records of the recipient's domain
    mail_from: Address | None
    rule: Rule
    connector: str = ""
    tls: TlsDemand = OPPORTUNISTIC
    helo: str = ""
    shows_certificate: bool = False
    cloud_services_mail: bool = False  # CloudServicesMailEnabled of the connector
    relay_pool: bool = False  # Microsoft 365 only: from the addresses that no SPF record lists


@dataclass(frozen=True, slots=True)
class Return:
    """Back to the sender with this reply (a non-delivery report)."""

    reply: Reply
    rule: Rule


@dataclass(frozen=True, slots=True)
class Hold:
    """Neither sent nor returned: it waits in a queue. In life it is returned after a day or two."""

    reply: Reply
    rule: Rule


Action = Deliver | Redirect | Relay | Return | Hold


@dataclass(frozen=True, slots=True)
class Content:
    """What of a message itself matters on its way out."""

    author_domain: str  # of its From field; empty: it has none that can be read
    signed: bool  # it bears a DKIM signature already


@dataclass(frozen=True, slots=True)
class Sign:
    """Add a DKIM signature (RFC 6376)."""

    domain: str  # d=
    selector: str  # s=
    rule: Rule


@dataclass(frozen=True, slots=True)
class Change:
    """Add words to the body, as a disclaimer does."""

    rule: Rule


Treatment = Sign | Change


class Router(Protocol):
    """The rules of one MTA. `assume` collects what a decision had to take for granted."""

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """Whether it talks to this client at all."""

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """How it takes mail from this client for this recipient (RCPT)."""

    def hop_limit(self) -> tuple[int, Refuse]:
        """How many Received fields are too many, and the reply then (RFC 5321 section 6.3)."""

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """What becomes of an accepted message for one recipient."""

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        """What it does to a message that it sends on to another host, in order.

        What is assumed here concerns signatures, not the way.
        """

    def submission(self, mail_from: Address | None) -> Reception:
        """How it counts a message that one of its own mailboxes or services submits."""

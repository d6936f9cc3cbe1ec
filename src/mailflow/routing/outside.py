"""Everybody else on the Internet: delivers for its own mailboxes, relays for nobody, sends by MX."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import (
    Action,
    Client,
    Content,
    Deliver,
    Direction,
    Held,
    Reception,
    Refuse,
    Relay,
    Return,
    Router,
    Rule,
    Sign,
    Treatment,
)

_OWN = Rule("the recipient has a mailbox here", "RFC 5321 section 2.3.10")
_STRANGERS_OWN = Rule("the stranger takes whatever reaches it", "the test")
_UNKNOWN = Rule("no mailbox of that name", "RFC 5321 sections 3.3 and 3.6.2")


@dataclass(frozen=True, slots=True)
class OutsideRouter:
    """The rules of a mail server of another organization."""

    mailboxes: tuple[Address, ...]
    host: str
    dkim: Mapping[str, str] = field(default_factory=dict)  # `ThirdParty.dkim`

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """It talks to everybody."""
        return None

    def recipient(
        self,
        client: Client,
        mail_from: Address | None,
        recipient: Address,
        assume: Assumptions,
    ) -> Reception | Refuse:
        """Its own mailboxes, nobody else's."""
        if recipient in self.mailboxes:
            return Reception(Direction.INCOMING, _OWN)
        if any(recipient.domain == mailbox.domain for mailbox in self.mailboxes):
            return Refuse(Reply(550, "5.1.1", "User unknown"), _UNKNOWN)
        relays_not = Rule("relays for nobody", "RFC 5321 section 7.9")
        return Refuse(Reply(550, "5.7.1", "Relaying denied"), relays_not)

    def hop_limit(self) -> tuple[int, Refuse]:
        """At least 100 (RFC 5321 section 6.3)."""
        loop = Rule("too many Received fields", "RFC 5321 section 6.3")
        return 100, Refuse(Reply(554, "5.4.6", "Too many hops"), loop)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Deliver here, else send by MX."""
        if held.recipient in self.mailboxes:
            return (Deliver(held.recipient, _OWN),)
        if any(held.recipient.domain == mailbox.domain for mailbox in self.mailboxes):
            return (Return(Reply(550, "5.1.1", "User unknown"), _UNKNOWN),)
        by_mx = Rule("found by the MX records of the recipient's domain", "RFC 5321 section 5.1")
        return (Relay((), held.mail_from, by_mx, helo=self.host),)

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        """Sign for whom the environment says; of everybody else it says nothing."""
        selector = self.dkim.get(content.author_domain)
        why = Rule(f"the service signs for {content.author_domain}", "environment.yaml")
        return (Sign(content.author_domain, selector, why),) if selector else ()

    def submission(self, mail_from: Address | None) -> Reception:
        """A mailbox of its own."""
        return Reception(Direction.ORIGINATING, Rule("submitted by its own user", "RFC 6409 section 1"), submitted=True)


class StrangerRouter(OutsideRouter):
    """The stranger's own server: whatever reaches it shows what somebody relayed for the stranger."""

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """Take it."""
        return Reception(Direction.INCOMING, _STRANGERS_OWN)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Keep what others handed over; send what it submits itself."""
        if held.reception.submitted:
            return super().actions(held, assume)
        return (Deliver(held.recipient, _STRANGERS_OWN),)


@dataclass(frozen=True, slots=True)
class AsUsualRouter:
    """Somebody's rules, for those who change one of them."""

    usual: Router

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """As usual."""
        return self.usual.connection(client, assume)

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """As usual."""
        return self.usual.recipient(client, mail_from, recipient, assume)

    def hop_limit(self) -> tuple[int, Refuse]:
        """As usual."""
        return self.usual.hop_limit()

    def submission(self, mail_from: Address | None) -> Reception:
        """As usual."""
        return self.usual.submission(mail_from)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """As usual."""
        return self.usual.actions(held, assume)

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        """As usual."""
        return self.usual.treatment(content, held, assume)


@dataclass(frozen=True, slots=True)
class StraightRouter(AsUsualRouter):
    """Somebody's rules, but for the next hop: straight to one host, whatever MX records say."""

    host: str
    helo: str

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Straight to the host."""
        return (Relay((self.host,), held.mail_from, Rule("handed over directly, past MX", "the test"), helo=self.helo),)


@dataclass(frozen=True, slots=True)
class ChoosingRouter(AsUsualRouter):
    """Somebody's rules, with one choice among the MX hosts of one domain that have the same preference."""

    domain: str
    hosts: tuple[str, ...]  # in the order of trying; the first is the one that was chosen
    helo: str

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """To the hosts of the domain in this order; whoever else is meant, as usual."""
        if held.recipient.domain != self.domain:
            return self.usual.actions(held, assume)
        chosen = Rule(
            f"of the MX hosts of one preference a sender may try {self.hosts[0]} first", "RFC 5321 section 5.1"
        )
        return (Relay(self.hosts, held.mail_from, chosen, helo=self.helo),)


@dataclass(frozen=True, slots=True)
class SwallowingRouter(AsUsualRouter):
    """Somebody's rules, but nobody is ever told that a message could not be delivered: the fault `swallows`."""

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Neither delivered nor returned."""
        return tuple(action for action in self.usual.actions(held, assume) if not isinstance(action, Return))

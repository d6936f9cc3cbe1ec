"""Everybody else on the Internet: delivers for its own mailboxes, relays for nobody, sends by MX."""

from dataclasses import dataclass

from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import (
    Action,
    Client,
    Deliver,
    Direction,
    Held,
    Reception,
    Refuse,
    Relay,
    Return,
    Rule,
)

_OWN = Rule("the recipient has a mailbox here", "RFC 5321 section 2.3.5")
_UNKNOWN = Rule("no mailbox of that name", "RFC 5321 section 3.6.2")


@dataclass(frozen=True, slots=True)
class OutsideRouter:
    """The rules of a mail server of another organization."""

    mailboxes: tuple[Address, ...]
    host: str

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

    def submission(self, mail_from: Address | None) -> Reception:
        """A mailbox of its own."""
        return Reception(Direction.ORIGINATING, Rule("submitted by its own user", "RFC 6409 section 1"), submitted=True)

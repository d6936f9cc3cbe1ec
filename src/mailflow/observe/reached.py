"""Planned MX hosts: whether they take a connection, and what they say of recipients that they should know."""

from dataclasses import dataclass

from mailflow.environment.environment import IPAddress
from mailflow.mail.envelope import Envelope
from mailflow.observe.dialogue import Ending
from mailflow.observe.offers import about_us
from mailflow.observe.smtp import TlsSession


@dataclass(frozen=True, slots=True)
class Reached:
    """One planned MX host at one address, as it met a stranger who knocked."""

    host: str
    address: IPAddress
    envelope: Envelope  # the recipients that were offered; perhaps none
    session: TlsSession

    @property
    def unseen(self) -> str:
        """Why it shows nothing about the host; empty: it does."""
        if self.session.from_here:
            return self.session.from_here
        if self.session.ending is Ending.UNREACHABLE:  # that there is no route is a fact of the network in between
            return self.session.trouble
        if not self.session.reached:
            return about_us(self.session.refusal, forged=False) if self.session.refusal else ""
        for recipient in self.envelope.rcpt_to:
            reply = self.session.reply(self.envelope, recipient)
            if reply is None:
                return f"{recipient} was not asked about: {self.session.trouble or 'the session ended before'}"
            if reply.transient:
                return f"{recipient} was put off: {reply}"
            if reply.permanent and (why := about_us(reply, forged=False)):
                return f"{recipient}: {reply}: {why}"
        return ""

    @property
    def wrong(self) -> str:
        """What it did that a planned MX host must not do; empty: nothing."""
        if not self.session.reached:
            return self.session.trouble or "it does not answer"
        refused = (
            f"it refused {recipient}: {reply}"
            for recipient in self.envelope.rcpt_to
            if (reply := self.session.reply(self.envelope, recipient)) and reply.permanent
        )
        return next(refused, "")

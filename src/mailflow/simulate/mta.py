"""A simulated MTA: takes messages, decides by its router, delivers, relays, returns. It really does it."""

import hashlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol

from trustme import LeafCert

from mailflow.environment.environment import IPAddress
from mailflow.exchange.known import Assumptions
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope, path
from mailflow.mail.header import addresses, field
from mailflow.mail.received import header_fields
from mailflow.mail.reply import Reply
from mailflow.routing import journal
from mailflow.routing.decision import (
    Action,
    Client,
    Content,
    Deliver,
    Held,
    Hold,
    Reception,
    Redirect,
    Refuse,
    Relay,
    Return,
    Router,
    Sign,
    Verification,
)
from mailflow.simulate.locate import NO_DNS_ANSWER
from mailflow.simulate.signature import sign
from mailflow.simulate.smtp import Taken, Transaction
from mailflow.simulate.transfer import Attempt, Handover, Target

_Fields = Sequence[tuple[str, str]]  # of a header: name and body
_Outgoing = tuple[Held, tuple[str, ...]]  # what is to be handed over, and what was assumed to decide so

# The one of the cross-premises header fields on which the trust of internal mail rests ("when is a message internal").
_TRUST = b"X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n"
_BOUNDARY = "mailflow-report"  # between the parts of a report; no header field that is returned looks like it
_REDIRECTS = 10  # one address leading to another within one MTA; more is a circle


class World(Protocol):
    """What an MTA needs of the simulation around it."""

    def write(self, entry: journal.Entry) -> None:
        """Put a line into the journal."""

    def keep(self, mailbox: Address, queue_id: str, message: bytes) -> None:
        """Put a message into a mailbox."""

    def later(self, mta: "Mta", queue_id: str, held: Sequence[Held], message: bytes) -> None:
        """Go on with a message after the client has its reply."""

    async def targets(self, smart_hosts: Sequence[str], domain: str) -> Sequence[Target] | Reply:
        """Find the hosts for a next hop, by the MX of the domain without smart hosts; the reply where there is none."""

    def client_context(self, mta: "Mta", *, verify: bool, shows_certificate: bool) -> ssl.SSLContext:
        """Give the TLS settings of a client."""

    async def hand_over(self, handover: Handover, targets: Sequence[Target]) -> Attempt:
        """Carry out a handover."""


@dataclass
class Mta:
    """One host: its names, its addresses, its rules."""

    name: str  # as paths and reports call it: the host name, or "Microsoft 365"
    greets_as: str  # the name in its greeting and its trace fields
    router: Router
    listens: tuple[IPAddress, ...]
    sends_from: tuple[IPAddress, ...]
    world: World
    tls_failure: Callable[[str], Reply]  # how it words that TLS cannot be had
    stamps: Callable[[Reception], tuple[tuple[str, str], ...]] = lambda _: ()  # header fields it adds on reception
    leaf: LeafCert | None = None  # the certificate it shows
    server_context: ssl.SSLContext | None = None  # None: no STARTTLS
    outdated: bool = False  # it knows no TLS that a client still speaks: a fault of its own
    relay_pool: tuple[IPAddress, ...] = ()  # Microsoft 365: where it sends from what it does not vouch for
    unsupplied: str = ""  # why it offers none where in life it might: nobody supplied the certificate
    _ids: dict[str, int] = dataclass_field(default_factory=dict)

    def connection(self, client: Client) -> Refuse | None:
        """See `Router.connection`; a refusal goes into the journal."""
        assume = Assumptions()
        refusal = self.router.connection(client, assume)
        if refusal:
            self._refuse(client, None, (), refusal, assume)
        return refusal

    def recipient(self, client: Client, mail_from: Address | None, recipient: Address) -> Taken | Refuse:
        """See `Router.recipient`; a refusal goes into the journal."""
        assume = Assumptions()
        taken = self.router.recipient(client, mail_from, recipient, assume)
        if isinstance(taken, Refuse):
            self._refuse(client, mail_from, (recipient,), taken, assume)
            return taken
        return Taken(taken, assume.made)

    def _refuse(
        self, client: Client, mail_from: Address | None, to: tuple[Address, ...], refusal: Refuse, assume: Assumptions
    ) -> None:
        self.world.write(journal.Refused(self.name, client, mail_from, to, refusal.reply, refusal.rule, assume.made))

    def message(self, client: Client, transaction: Transaction) -> Reply:
        """Take a message unless it has come too far (RFC 5321 section 6.3)."""
        limit, too_far = self.router.hop_limit()
        fields = header_fields(transaction.content)
        if sum(name.lower() == "received" for name, _ in fields) >= limit:
            self._refuse(client, transaction.mail_from, tuple(transaction.taken), too_far, Assumptions())
            return too_far.reply
        return Reply(250, "2.6.0", f"{self._take(transaction, fields, client)} Queued mail for delivery")

    def submit(self, envelope: Envelope, content: bytes) -> str:
        """Take a message from a mailbox or service of its own; gives the queue identifier."""
        taken = Taken(self.router.submission(envelope.mail_from))

        def trace(queue_id: str) -> str:
            # As Exchange writes it, by whose link-local addresses nobody learns anything.
            return f"from {self.greets_as} ([fe80::1]) by {self.greets_as} ([fe80::1%4]) with mapi id {queue_id}"

        transaction = Transaction(envelope.mail_from, dict.fromkeys(envelope.rcpt_to, taken), content, trace)
        return self._take(transaction, header_fields(content))

    def _take(self, transaction: Transaction, fields: _Fields, client: Client | None = None) -> str:
        content, taken = transaction.content, transaction.taken
        queue_id = self._queue_id(f"{_message_id(fields)} {len(fields)}", tuple(taken))
        first = _promoted(next(iter(taken.values())).reception, content)
        made = tuple(dict.fromkeys(assumption for one in taken.values() for assumption in one.assumptions))
        self.world.write(
            journal.Received(
                self.name,
                queue_id,
                client,
                transaction.mail_from,
                tuple(taken),
                first,
                made,
                content,
            )
        )
        # RFC 5321 section 4.4: the newest trace field stands on top; what this host adds stands right below it.
        date = format_datetime(datetime.now(UTC))
        added = [("Received", f"{transaction.trace(queue_id)}; {date}"), *self.stamps(first)]
        head = "".join(f"{name}: {body}\r\n" for name, body in added).encode("ascii", "replace")
        held = [
            Held(recipient, transaction.mail_from, _promoted(one.reception, content))
            for recipient, one in taken.items()
        ]
        self.world.later(self, queue_id, held, head + _without_trust(content))
        return queue_id

    def _queue_id(self, message: str, recipients: tuple[Address, ...]) -> str:
        """Make an identifier that is the same in every run of the same message through the same hosts."""
        seed = f"{self.name} {message} {recipients}"
        base = hashlib.sha256(seed.encode()).hexdigest()[:10].upper()
        self._ids[base] = self._ids.get(base, 0) + 1
        return base if self._ids[base] == 1 else f"{base}-{self._ids[base]}"

    async def work(self, queue_id: str, held: Sequence[Held], message: bytes) -> None:
        """Carry out what the router decides for each recipient; handovers of one kind share a transaction."""
        relays: dict[tuple[Relay, str], list[_Outgoing]] = {}
        waiting = [(one, 0) for one in held]
        while waiting:
            one, redirects = waiting.pop(0)
            assume = Assumptions()
            actions = self.router.actions(one, assume)
            for action in actions:
                if isinstance(action, Redirect) and redirects < _REDIRECTS:
                    waiting.append((self._redirect(queue_id, one, action, assume), redirects + 1))
                elif isinstance(action, Relay):
                    domain = "" if action.hosts else one.recipient.domain
                    relays.setdefault((action, domain), []).append((one, assume.made))
                else:
                    self._settle(queue_id, one, action, message, assume)
        for (relay, domain), group in relays.items():
            await self._relay(queue_id, relay, domain, group, message)

    def _redirect(self, queue_id: str, held: Held, action: Redirect, assume: Assumptions) -> Held:
        entry = journal.Redirected(
            self.name, queue_id, held.recipient, action.recipient, action.forward, action.rule, assume.made
        )
        self.world.write(entry)
        forwarded = held.forwarded or action.forward
        return Held(action.recipient, held.mail_from, held.reception, forwarded, resolved=not action.forward)

    def _settle(self, queue_id: str, held: Held, action: Action, message: bytes, assume: Assumptions) -> None:
        if isinstance(action, Deliver):
            self.world.keep(action.mailbox, queue_id, message)
            self.world.write(
                journal.Delivered(self.name, queue_id, held.recipient, action.mailbox, action.rule, assume.made)
            )
            return
        if isinstance(action, Redirect):
            circle = Reply(550, "5.4.6", "addresses lead to one another in a circle")
            action = Return(circle, action.rule)
        if isinstance(action, (Return, Hold)):
            self._give_up(queue_id, held, action, message, assume.made)

    def _give_up(self, queue_id: str, held: Held, action: Return | Hold, message: bytes, made: tuple[str, ...]) -> None:
        returned = isinstance(action, Return)
        report = ""
        # RFC 5321 section 4.5.5: no report about a report. An MTA that waits reports only after a day or two.
        if returned and held.mail_from is not None:
            report = self.submit(Envelope(None, (held.mail_from,)), self._report(queue_id, held, action.reply, message))
        self.world.write(
            journal.Failed(self.name, queue_id, held.recipient, action.reply, action.rule, returned, report, made)
        )

    def _report(self, queue_id: str, held: Held, reply: Reply, message: bytes) -> bytes:
        """Write the non-delivery report (RFC 3464, RFC 6522), with the header of what came back."""
        header = message.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
        lines = (
            f"Message-ID: <ndr-{queue_id}-{held.recipient.local}@{self.greets_as}>",
            f"In-Reply-To: {_message_id(header_fields(message))}",
            f"From: Postmaster <postmaster@{self.greets_as}>",
            f"To: {path(held.mail_from)}",
            "Subject: Undeliverable",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="{_BOUNDARY}"',
            "",
            f"--{_BOUNDARY}",
            "Content-Type: text/plain",
            "",
            f"Your message to {held.recipient} could not be delivered.",
            f"--{_BOUNDARY}",
            "Content-Type: message/delivery-status",
            "",
            f"Reporting-MTA: dns; {self.greets_as}",
            "",
            f"Final-Recipient: rfc822; {held.recipient}",
            "Action: failed",
            f"Status: {reply.enhanced}",
            f"Diagnostic-Code: smtp; {reply}",
            "",
            f"--{_BOUNDARY}",
            "Content-Type: text/rfc822-headers",
            "",
            header,
            "",
            f"--{_BOUNDARY}--",
            "",
        )
        return "\r\n".join(lines).encode("ascii", "replace")

    def _treated(self, queue_id: str, group: Sequence[Held], message: bytes) -> tuple[bytes, tuple[str, ...]]:
        """Sign and change a message as the rules say; gives it with what was assumed of signatures."""
        fields = header_fields(message)
        author = next(iter(addresses(field(fields, "from"))), None)
        content = Content(author.domain if author else "", signed=bool(field(fields, "dkim-signature")))
        assume = Assumptions()
        # Recipients who go in one session are all outside or all inside: their domain, or a connector, leads there.
        for treatment in self.router.treatment(content, group[0], assume):
            if isinstance(treatment, Sign):
                message = sign(message, treatment.domain, treatment.selector)
            else:
                message += f"\r\n-- \r\nChanged on its way by {self.name}.\r\n".encode("ascii", "replace")
            signed_as = treatment.domain if isinstance(treatment, Sign) else ""
            for held in group:
                self.world.write(journal.Treated(self.name, queue_id, held.recipient, signed_as, treatment.rule))
        return message, assume.made

    async def _relay(
        self, queue_id: str, relay: Relay, domain: str, group: Sequence[_Outgoing], message: bytes
    ) -> None:
        targets = await self.world.targets(relay.hosts, domain)
        if isinstance(targets, Reply):
            # No answer is no fact: the plan does not say where that host is.
            unsaid = (f"{targets.text}: the plan has no zone for it",) if targets.enhanced == NO_DNS_ANSWER else ()
            for held, made in group:
                self._give_up(queue_id, held, _end(targets, relay), message, (*made, *unsaid))
            return
        verify = relay.tls.verification is not Verification.NONE
        context = self.world.client_context(self, verify=verify, shows_certificate=relay.shows_certificate)
        helo = relay.helo or self.greets_as
        recipients = tuple(held.recipient for held, _ in group)
        message, of_signatures = self._treated(queue_id, [held for held, _ in group], message)
        sends_from = (*self.relay_pool, *self.sends_from) if relay.relay_pool else self.sends_from
        if relay.cloud_services_mail:
            # "Hybrid header fields": the host that keeps the organization's fields for the other side says so.
            kept = f"X-OrganizationHeadersPreserved: {self.greets_as}\r\n".encode("ascii")
            trust = _TRUST if all(held.reception.internal for held, _ in group) else b""
            message = kept + trust + message
        handover = Handover(relay.mail_from, recipients, message, helo, sends_from, relay.tls, context)
        attempt = await self.world.hand_over(handover, targets)
        # To whoever demands TLS, or is known by the certificate that it shows in it, plain is another way.
        minds = not attempt.tls and (relay.tls.required or relay.shows_certificate)
        unsupplied = (attempt.unsupplied,) if attempt.unsupplied and minds else ()
        for (held, assumed), reply in zip(group, attempt.replies, strict=True):
            made = (*assumed, *unsupplied)
            answer = self.tls_failure(reply.text) if reply.code == 0 else reply
            self.world.write(
                journal.Sent(
                    self.name,
                    queue_id,
                    held.recipient,
                    attempt.target.name,
                    str(attempt.target.address),
                    relay.connector,
                    relay.mail_from,
                    helo,
                    attempt.tls,
                    answer,
                    answer.text.partition(" ")[0] if answer.accepted else "",
                    relay.rule,
                    attempt.from_address,
                    made,
                    of_signatures,
                )
            )
            if not answer.accepted:
                self._give_up(queue_id, held, _end(answer, relay), message, ())


def _end(reply: Reply, relay: Relay) -> Return | Hold:
    """What a reply that is no acceptance means for the message (RFC 5321 section 4.2.1)."""
    return (Hold if reply.transient else Return)(reply, relay.rule)


def _message_id(fields: _Fields) -> str:
    return next((body for name, body in fields if name.lower() == "message-id"), "")


def _promoted(reception: Reception, content: bytes) -> Reception:
    """Take over what the organization's other side says of a message, where the connector does so."""
    if reception.promotes and _TRUST in content:
        return replace(reception, internal=True)
    return reception


def _without_trust(content: bytes) -> bytes:
    """Remove the other side's word: it was taken over, or it is filtered (X-CrossPremisesHeadersFiltered)."""
    return content.replace(_TRUST, b"", 1)

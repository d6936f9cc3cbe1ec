"""Reading a path from trace fields and session records. Never predicting it.

The records say who handed what to whom; the Received fields of a delivered copy must tell the same story,
else nothing is said at all.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailflow.environment.environment import Environment
from mailflow.environment.message import MICROSOFT_365, TestMessage
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.mail.address import Address
from mailflow.mail.received import header_fields, read_received
from mailflow.observe.eye import Eye
from mailflow.observe.path import LOOP_CODES, Disposition, Hop, MailPath, Place
from mailflow.observe.signature import Signature, check
from mailflow.routing import journal

_Key = tuple[str, Address]  # queue identifier, recipient


class ObservationError(Exception):
    """Two records of the same passage disagree; nothing can be said."""


@dataclass(frozen=True)
class Records:
    """The session records of a world, by what they are looked up by."""

    received: Mapping[str, journal.Received]  # by queue identifier
    redirected: Mapping[_Key, Sequence[journal.Redirected]]
    sent: Mapping[_Key, journal.Sent]
    delivered: Mapping[_Key, journal.Delivered]
    failed: Mapping[_Key, journal.Failed]
    refused: Sequence[journal.Refused]
    copies: Mapping[tuple[Address, str], bytes]  # (mailbox, queue identifier) → the delivered message
    signed_as: Mapping[_Key, Sequence[str]]  # the domains as which a host signed it before it sent it on
    signatures: Mapping[str, tuple[Signature, ...]] = field(default_factory=dict)  # by queue id, where one looked


def records(entries: Sequence[journal.Entry], copies: Mapping[tuple[Address, str], bytes]) -> Records:
    """Sort the entries of a journal."""
    redirected: dict[_Key, list[journal.Redirected]] = {}
    signed_as: dict[_Key, list[str]] = {}
    for entry in entries:
        if isinstance(entry, journal.Redirected):
            redirected.setdefault((entry.queue_id, entry.recipient), []).append(entry)
        if isinstance(entry, journal.Treated) and entry.signed_as:
            signed_as.setdefault((entry.queue_id, entry.recipient), []).append(entry.signed_as)
    return Records(
        {e.queue_id: e for e in entries if isinstance(e, journal.Received)},
        redirected,
        {(e.queue_id, e.recipient): e for e in entries if isinstance(e, journal.Sent)},
        {(e.queue_id, e.recipient): e for e in entries if isinstance(e, journal.Delivered)},
        {(e.queue_id, e.recipient): e for e in entries if isinstance(e, journal.Failed)},
        tuple(e for e in entries if isinstance(e, journal.Refused)),
        copies,
        signed_as,
    )


async def verified(environment: Environment, seen: Records, eye: Eye, stand_in: str) -> Records:
    """Look at the DKIM signatures of whatever crossed the border between the organization and the Internet.

    `stand_in`: the record of the key that signers really have (`observe.signature.check`).
    """
    places = {queue_id: _place(environment, received) for queue_id, received in seen.received.items()}
    came_from = {sent.next_id: places[sent.queue_id] for sent in seen.sent.values() if sent.next_id}
    crossed = {
        queue_id: seen.received[queue_id].content
        for queue_id, place in places.items()
        if queue_id in came_from and (place is Place.INTERNET) != (came_from[queue_id] is Place.INTERNET)
    }
    found = await asyncio.gather(*(eye.drive(check(content, stand_in)) for content in crossed.values()))
    return replace(seen, signatures=dict(zip(crossed, found, strict=True)))


def follow(environment: Environment, seen: Records, message: TestMessage, queue_id: str) -> tuple[MailPath, ...]:
    """Follow a message from where it was submitted: a path for each recipient, several where it is copied.

    Raises:
        ObservationError: trace fields and session records disagree.

    """
    walk = _Walk(environment, seen, message)
    return tuple(
        path
        for recipient in message.envelope.rcpt_to
        for path in walk.at_host(queue_id, recipient, None, _Trail(recipient))
    )


@dataclass(frozen=True, slots=True)
class _Trail:
    """What has been seen so far on the way to one recipient."""

    recipient: Address  # to whom it was sent at first
    hops: tuple[Hop, ...] = ()
    ids: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    of_signatures: tuple[str, ...] = ()  # what was assumed of signatures
    newest: int = 0  # signatures that were made since

    def assuming(self, more: Sequence[str]) -> "_Trail":
        return replace(self, assumptions=tuple(dict.fromkeys((*self.assumptions, *more))))


@dataclass(frozen=True, slots=True)
class _Walk:
    environment: Environment
    seen: Records
    message: TestMessage

    def at_host(self, queue_id: str, address: Address, sent: journal.Sent | None, trail: _Trail) -> Iterator[MailPath]:
        """Go on from a host that took the message."""
        received = self.seen.received.get(queue_id)
        if received is None or queue_id in trail.ids:
            yield self._path(trail, Disposition.VANISHED)
            return
        trail = trail.assuming(received.assumptions)
        trail = self._signed(trail, sent)
        hop = replace(
            self._hop(received, sent),
            assumed=bool(trail.assumptions),
            signatures=self.seen.signatures.get(queue_id),
            signatures_assumed=trail.of_signatures,
            newest=trail.newest,
        )
        trail = replace(trail, hops=(*trail.hops, hop), ids=(*trail.ids, queue_id))
        ends = list(self._for_address(queue_id, address, trail, frozenset()))
        yield from ends or [self._path(trail, Disposition.VANISHED)]

    def _signed(self, trail: _Trail, sent: journal.Sent | None) -> _Trail:
        """Note what the host that sent it assumed of the signatures on it, and how many it added itself."""
        if sent is None:
            return trail
        made = len(self.seen.signed_as.get((sent.queue_id, sent.recipient), ()))
        assumed = tuple(dict.fromkeys((*trail.of_signatures, *sent.signature_assumptions)))
        newest = made if sent.signature_assumptions else trail.newest + made
        return replace(trail, of_signatures=assumed, newest=newest)

    def _for_address(
        self, queue_id: str, address: Address, trail: _Trail, before: frozenset[Address]
    ) -> Iterator[MailPath]:
        """Go on at a host with one address: what it became there, where it went, or how it ended."""
        key = (queue_id, address)
        seen_before = before | {address}  # a routing address may be the address itself
        redirected = {entry.became: entry for entry in self.seen.redirected.get(key, ())}  # in a circle, several times
        for entry in [entry for became, entry in redirected.items() if became not in seen_before]:
            yield from self._for_address(queue_id, entry.became, trail.assuming(entry.assumptions), seen_before)
        if address in redirected:
            trail = trail.assuming(redirected[address].assumptions)
        delivered, sent, failed = self.seen.delivered.get(key), self.seen.sent.get(key), self.seen.failed.get(key)
        if delivered:
            yield self._delivered(delivered, trail.assuming(delivered.assumptions))
        elif sent and sent.next_id:
            yield from self.at_host(sent.next_id, address, sent, trail.assuming(sent.assumptions))
        elif failed:
            yield self._failed(failed, sent, trail.assuming((*(sent.assumptions if sent else ()), *failed.assumptions)))
        elif not redirected:
            yield self._path(trail, Disposition.VANISHED)

    def _path(self, trail: _Trail, disposition: Disposition) -> MailPath:
        return MailPath(self.message, trail.recipient, disposition, trail.hops, assumptions=trail.assumptions)

    def _delivered(self, delivered: journal.Delivered, trail: _Trail) -> MailPath:
        """Read the trace fields of the delivered copy and hold them against the records."""
        copy = self.seen.copies.get((delivered.mailbox, delivered.queue_id), b"")
        fields = [read_received(body) for name, body in header_fields(copy) if name.lower() == "received"]
        if tuple(one.id for one in reversed(fields)) != trail.ids:
            raise ObservationError(
                f"the Received fields of the message in {delivered.mailbox} tell another way than the session records"
            )
        return replace(
            self._path(trail, Disposition.DELIVERED),
            mailbox=delivered.mailbox,
            ended_at=trail.hops[-1].place,
            why=str(delivered.rule),
            trace=tuple(one.text for one in fields),
        )

    def _failed(self, failed: journal.Failed, sent: journal.Sent | None, trail: _Trail) -> MailPath:
        refusal = self._refusal(failed, sent)
        why = str(refusal.rule if refusal else failed.rule)
        trail = trail.assuming(refusal.assumptions if refusal else ())
        unsure: tuple[str, ...] = ()
        if failed.reply.enhanced in LOOP_CODES:
            disposition = Disposition.LOOPED
        elif not failed.returned:
            disposition = Disposition.WAITING
        elif sent is not None and len(trail.hops) == 1:
            disposition = Disposition.REFUSED
        else:
            disposition = Disposition.RETURNED if failed.report_id else Disposition.DROPPED
            for report in self._report(failed):
                unsure += report.assumptions
                if report.disposition is not Disposition.DELIVERED:
                    disposition = Disposition.DROPPED
                    said = f"{report.ended_by} said {report.reply}" if report.reply else "its records end"
                    why += f"; the report to {report.recipient} was {report.disposition}: {said} ({report.why})"
        return replace(
            self._path(trail, disposition),
            reply=failed.reply,
            ended_by=f"{sent.to_host} [{sent.to_address}]" if sent else failed.host,
            ended_at=self._place_offered(sent) if sent else trail.hops[-1].place,
            why=why,
            report=bool(failed.report_id),
            report_assumptions=tuple(dict.fromkeys(unsure)),
        )

    def _report(self, failed: journal.Failed) -> Iterator[MailPath]:
        """Follow the non-delivery report: who never gets it does not know that his message was lost."""
        submitted = self.seen.received.get(failed.report_id)
        for sender in submitted.recipients if submitted else ():
            yield from self.at_host(failed.report_id, sender, None, _Trail(sender))

    def _refusal(self, failed: journal.Failed, sent: journal.Sent | None) -> journal.Refused | None:
        """Find the other host's own record of the refusal, for its reason."""
        if sent is None:
            return None
        if failed.reply.enhanced == "4.4.2":  # it did not even greet
            return next(
                (r for r in self.seen.refused if not r.recipients and str(r.client.address) == sent.from_address), None
            )
        return next(
            (
                refused
                for refused in self.seen.refused
                if refused.reply == failed.reply
                and str(refused.client.address) == sent.from_address
                and refused.mail_from == sent.mail_from
                and sent.recipient in refused.recipients
            ),
            None,
        )

    def _hop(self, received: journal.Received, sent: journal.Sent | None) -> Hop:
        reception, client = received.reception, received.client
        return Hop(
            host=received.host,
            place=_place(self.environment, received),
            mail_from=received.mail_from,
            client=str(client.address) if client else "",
            helo=client.helo if client else "",
            tls=client.tls.version if client and client.tls else "",
            sent_by=sent.connector if sent else "",
            sent_why=str(sent.rule) if sent else "",
            received_by=reception.connector,
            attributed=reception.from_on_premises,
            internal=reception.internal,
            why=str(reception.rule) if client else "",
            for_another_tenant=self._for_another_tenant(received, sent),
        )

    def _for_another_tenant(self, received: journal.Received, sent: journal.Sent | None) -> bool:
        """Say whether the own tenant took what was meant for another: the certificate counts, not the host's name."""
        if (
            sent is None
            or _place(self.environment, received) is not Place.MICROSOFT_365
            or not is_microsoft_host(sent.to_host)
        ):
            return False
        tenant = self.environment.microsoft_365
        own = (tenant.cloud.mx_host(name) for name in (tenant.coexistence_domain, tenant.initial_domain))
        if sent.to_host in self.environment.microsoft_365_hosts or sent.to_host in own:
            return False  # nearly always, and nobody looks through a thousand domains for it
        return all(sent.to_host not in domain.mx for domain in self.environment.domains)

    def _place_offered(self, sent: journal.Sent) -> Place:
        """Place a host that took nothing. Its record does not say for which tenant it spoke: name and recipient do."""
        if place := _of_server(self.environment, sent.to_host) or _of_server(self.environment, sent.to_address):
            return place
        if not is_microsoft_host(sent.to_host):
            return Place.INTERNET
        own = (
            sent.recipient.domain in self.environment.domain_names
            or sent.to_host in self.environment.microsoft_365_hosts
        )
        return Place.MICROSOFT_365 if own else Place.INTERNET


def _place(environment: Environment, received: journal.Received) -> Place:
    if received.host == MICROSOFT_365:
        own = received.reception.tenant_id == environment.microsoft_365.tenant_id
        return Place.MICROSOFT_365 if own else Place.INTERNET
    return _of_server(environment, received.host) or Place.INTERNET


def _of_server(environment: Environment, host: str) -> Place | None:
    """Place a server that environment.yaml names, by its host name or, as a smart host may be, by its address."""
    for place, servers in (
        (Place.ON_PREMISES, environment.on_premises.servers),
        (Place.FILTER, environment.filter_servers),
    ):
        if any(host == server.name or host in map(str, server.listens) for server in servers):
            return place
    return None

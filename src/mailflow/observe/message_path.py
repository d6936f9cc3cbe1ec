"""The path of one saved message: of the message itself, or of one that a report tells about."""

from collections.abc import Iterator

from mailflow.environment.environment import Environment
from mailflow.environment.message import MICROSOFT_365, Kind, TestMessage
from mailflow.exchange.cloud import is_transport_host
from mailflow.exchange.known import Unknown
from mailflow.mail.address import Address, is_within
from mailflow.mail.delivery_report import DeliveryReport, RecipientStatus
from mailflow.mail.header import Fields, addresses, bodies
from mailflow.mail.received import read_received
from mailflow.observe.exchange_fields import ExchangeFields, stamps
from mailflow.observe.path import LOOP_CODES, Disposition, Hop, MailPath, Place, place_of
from mailflow.observe.received_path import Sent, hops
from mailflow.observe.saved_message import SavedMessage
from mailflow.observe.trace import Traced, trace

_LONGEST = 2000  # characters of a trace field that are shown

Told = tuple[Traced, tuple[Hop, ...], list[str]]


def paths_of(environment: Environment, message: TestMessage, saved: SavedMessage) -> Iterator[MailPath]:
    """Give the path of a message that was saved; of a report one for each recipient of whom it tells."""
    if saved.report is None:
        yield _delivered(environment, message, saved)
        return
    for status in saved.report.recipients:
        yield _reported(environment, message, saved, saved.report, status)


def _read(environment: Environment, message: TestMessage, fields: Fields, *, own_mailbox: bool) -> Told:
    """Read the hops from a header, and tell what could not be told from it."""
    received = [read_received(body) for body in bodies(fields, "received")]
    traced = trace(environment, received, own_mailbox=own_mailbox)
    shown = _reverse_path(fields)
    reverse = message.envelope.mail_from if isinstance(shown, Unknown) else shown
    # A service may let reports go to itself; nobody rewrites the reverse-path on the way into a mailbox.
    mail_from = reverse if message.kind is Kind.THIRD_PARTY else message.envelope.mail_from
    sent = Sent(mail_from, from_outside=_is_from_outside(environment, message))
    found, untold = hops(environment, traced, ExchangeFields.read(fields), sent, reverse)
    return traced, found, [*traced.untold, *untold]


def _is_from_outside(environment: Environment, message: TestMessage) -> bool:
    return message.submitted_at not in (MICROSOFT_365, *(server.name for server in environment.on_premises.servers))


def _reverse_path(fields: Fields) -> Address | Unknown | None:
    """Read the reverse-path as the last server got it (RFC 5321 section 4.4); None: the null one."""
    written = bodies(fields, "return-path")[:1]
    if written and written[0].strip() == "<>":
        return None
    read = [one for body in written for one in addresses(body)]
    return read[0] if read else Unknown("it has no Return-Path that can be read, without which SPF cannot be judged")


def _delivered(environment: Environment, message: TestMessage, saved: SavedMessage) -> MailPath:
    """Read the path of a copy that lies in the mailbox of its recipient, or where his mail goes on to."""
    ends = {recipient: environment.mailboxes.end_of(recipient) for recipient in message.envelope.rcpt_to}
    inside = all(end.domain in environment.domain_names for end in ends.values())
    traced, found, untold = _read(environment, message, saved.fields, own_mailbox=inside)
    reverse = _reverse_path(saved.fields)
    if found and found[-1].place is Place.INTERNET and isinstance(reverse, Unknown):
        untold.append(reverse.why)
    copies = [one for one in ends if len(ends) == 1 or (found and place_of(environment, ends[one]) is found[-1].place)]
    if len(copies) != 1:
        untold.append(f"it does not show for which of {', '.join(map(str, ends))} this copy is")
    recipient = copies[0] if copies else next(iter(ends))
    return MailPath(
        message,
        recipient,
        Disposition.DELIVERED,
        found,
        ended_at=found[-1].place if found else None,
        mailbox=ends[recipient],
        assumptions=_of_file(saved, untold),
        trace=tuple(one.text[:_LONGEST] for one in traced.believed),
        stamps=stamps(saved.fields),
        source=saved.file,
    )


def _reported(
    environment: Environment,
    message: TestMessage,
    saved: SavedMessage,
    report: DeliveryReport,
    status: RecipientStatus,
) -> MailPath:
    """Read how a message ended, and the way up to there from the header that the report returns."""
    traced, found, untold = _way_of_original(environment, message, report)
    if status.action != "failed":  # RFC 3464 section 2.3.3: delayed, delivered, relayed, expanded
        untold.append(f"the report tells of a message that is {status.action[:20]}, not of one that came back")
    if not report.reporting_host and _is_from_outside(environment, message):
        untold.append(
            "the report does not name the host that wrote it: whether somebody had taken the message before is open"
        )
    recipients = message.envelope.rcpt_to
    return MailPath(
        message,
        status.recipient if status.recipient in recipients else recipients[0],
        _disposition(status, found),
        found,
        reply=status.reply,
        ended_by=status.remote_host or report.reporting_host or "a mail server",
        ended_at=_where(environment, status.remote_host) if status.remote_host else found[-1].place if found else None,
        why="as the report says",
        report=True,
        assumptions=_of_file(saved, untold),
        trace=tuple(one.text[:_LONGEST] for one in traced.believed),
        stamps=stamps(saved.fields),
        source=saved.file,
    )


def _where(environment: Environment, host: str) -> Place | None:
    """Tell by its name where the host stands that refused a message; None: its name does not show it."""
    if host in {server.name for server in environment.on_premises.servers}:
        return Place.ON_PREMISES
    if host in {server.name for server in environment.filter_servers}:
        return Place.FILTER
    return Place.MICROSOFT_365 if host in environment.microsoft_365_hosts else None


def _way_of_original(environment: Environment, message: TestMessage, report: DeliveryReport) -> Told:
    """Read the way up to the host that wrote the report, from the header that it returns."""
    host = report.reporting_host
    own = {server.name for server in environment.on_premises.servers} | {d.name for d in environment.domains}
    inside = not host or is_transport_host(host) or any(is_within(host, name) for name in own)
    if inside and bodies(report.original, "received"):
        return _read(environment, message, report.original, own_mailbox=True)
    # An outside host that could not hand it over is the sender's own: nobody had taken the message before.
    first = () if inside else (Hop(host, Place.INTERNET, message.envelope.mail_from),)
    return Traced((), (), ()), first, []


def _disposition(status: RecipientStatus, found: tuple[Hop, ...]) -> Disposition:
    """Tell how it ended from the action and the reply."""
    if status.action != "failed":
        return Disposition.UNSEEN
    if status.reply is not None and status.reply.enhanced in LOOP_CODES:
        return Disposition.LOOPED
    # Another host refused it to the sender's own: nobody of the organization had taken it before.
    outside = bool(found) and all(hop.place is Place.INTERNET for hop in found)
    return Disposition.REFUSED if status.remote_host and outside else Disposition.RETURNED


def _of_file(saved: SavedMessage, untold: list[str]) -> tuple[str, ...]:
    return tuple(f"{saved.file}: {why}" for why in untold)

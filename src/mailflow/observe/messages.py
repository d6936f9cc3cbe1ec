"""The paths of received messages, kind by kind, and for each kind without one what to send."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from mailflow.environment.environment import Domain, Environment, Stage
from mailflow.environment.message import Kind, TestMessage, messages
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.envelope import path as angle
from mailflow.observe.message_path import paths_of
from mailflow.observe.path import Disposition, MailPath
from mailflow.observe.saved_message import FOLDER, SUFFIX, SavedMessage, read_saved

OLDEST = timedelta(days=14)  # older messages tell of a configuration that may have changed since
_WHEN = "write into environment.yaml: cutover: {stage: after, at: <day and time of the change>}"
_AHEAD = timedelta(days=1)  # clocks go wrong; more than that is no time of arrival

# Of these the sender keeps the report that says how it was refused or returned.
_COME_BACK = frozenset(
    {
        Kind.INTERNET_TO_UNKNOWN,
        Kind.CLOUD_TO_UNKNOWN,
        Kind.ON_PREMISES_TO_UNKNOWN,
        Kind.STRANGER_TO_MICROSOFT_365,
        Kind.STRANGER_TO_ON_PREMISES,
        Kind.STRANGER_RELAY,
        Kind.STRANGER_RELAY_BY_FILTER,
        Kind.STRANGER_AS_DEVICE,
    }
)


def read_messages(
    environment: Environment, domain: Domain, now: datetime, stage: Stage
) -> dict[Kind, tuple[MailPath, ...]]:
    """Give the paths of every kind for one domain, from the messages saved in the environment's folder.

    A kind of which no message can be used has, for each message to send, a path that was not seen, which says why and
    what to send. `now` is aware. `stage`: where the run stands; after the change no message from before
    it counts.

    Raises:
        InputError: files of which the kind cannot be told, or that cannot be read.

    """
    saved = read_saved(environment.folder)
    unusable = partial(_unusable, environment, now, stage)
    return {kind: _of_kind(environment, domain, kind, saved, unusable) for kind in Kind}


def _of_kind(
    environment: Environment,
    domain: Domain,
    kind: Kind,
    saved: Iterable[SavedMessage],
    unusable: Callable[[SavedMessage], str],
) -> tuple[MailPath, ...]:
    planned = messages(environment, domain, kind)
    seen: list[MailPath] = []
    useless: list[str] = []
    for one in saved:
        if one.kind is not kind:
            continue
        message = next((each for each in planned if _is(environment, each, one)), None)
        if message is None:
            if _is_of_another_domain(environment, domain, one):
                continue
            way = f"from {angle(one.sender)} to {', '.join(map(str, one.recipients)) or 'nobody'}"
            useless.append(f"{one.file} goes {way}, which is none of the messages to send")
        elif why := unusable(one):
            useless.append(f"{one.file} {why}")
        else:
            seen += paths_of(environment, _as_sent(message, one), one)
    if not seen:
        return tuple(_unseen(environment, planned, useless))
    # One message stands for all that begin at the same place and go to the same side; of several recipients each has a
    # copy, and who saved one has not shown the others.
    shown = {(path.message.submitted_at, _place(environment, path.recipient)) for path in seen}
    missing = [
        path
        for path in _unseen(environment, planned, useless)
        if (path.message.submitted_at, _place(environment, path.recipient)) not in shown
    ]
    return (*seen, *missing)


def _place(environment: Environment, recipient: Address) -> str:
    """Tell on which side a recipient is."""
    return environment.mailboxes.home_of(recipient) or "elsewhere"


def _unusable(environment: Environment, now: datetime, stage: Stage, one: SavedMessage) -> str:
    """Tell why a message says nothing of today; empty where it does."""
    arrived, cutover = one.arrived, environment.cutover
    if arrived is None:
        return "does not say when it arrived"
    if arrived > now + _AHEAD:
        return f"arrived on {arrived.date()}, which is in the future"
    if stage is Stage.AFTER and cutover is None:
        return f"arrived on {arrived.date()}, and whether that was after the change nobody says: {_WHEN}"
    if stage is Stage.AFTER and cutover and arrived < cutover.at:
        return f"arrived on {arrived.date()}, before the change of the MX record on {cutover.at.date()}"
    if now - arrived > OLDEST:
        return f"arrived on {arrived.date()}, more than {OLDEST.days} days ago"
    return ""


def _is(environment: Environment, planned: TestMessage, one: SavedMessage) -> bool:
    """Whether a message went between the people of a planned one; of those outside, anybody stands for anybody."""
    own = environment.domain_names
    recipients = planned.envelope.rcpt_to
    sender = planned.written_by if planned.envelope.mail_from else None

    def stands_for(seen: Address | None, meant: Address) -> bool:
        return seen == meant or (seen is not None and not {seen.domain, meant.domain} & own)

    if sender is not None and not stands_for(one.sender, sender):
        return False
    if planned.kind is Kind.FOREIGN_SENDER and (one.sender and one.sender.domain) != (sender and sender.domain):
        return False
    # A report in Exchange's words for people names no recipient that could be told from other addresses in it.
    named = one.recipients or (recipients if one.report else ())
    return all(any(stands_for(seen, meant) for seen in named) for meant in recipients)


def _is_of_another_domain(environment: Environment, domain: Domain, one: SavedMessage) -> bool:
    """Whether a message went between people of other domains of the organization: it is theirs to judge."""
    others = environment.domain_names - {domain.name}
    named = {each.domain for each in (one.sender, *one.recipients) if each}
    return domain.name not in named and bool(named & others)


def _as_sent(planned: TestMessage, one: SavedMessage) -> TestMessage:
    """Give the planned message with those who really wrote and got it."""
    meant = planned.envelope
    recipients = tuple(r if r in one.recipients else next(iter(one.recipients), r) for r in meant.rcpt_to)
    if planned.author:  # who wrote it is somebody else than who gets the reports, if anybody does
        return replace(planned, envelope=Envelope(meant.mail_from, recipients), author=one.sender)
    return replace(planned, envelope=Envelope(meant.mail_from and one.sender, recipients))


def _unseen(environment: Environment, planned: Sequence[TestMessage], unusable: Iterable[str]) -> Iterator[MailPath]:
    """Give a path for each recipient of each message to send."""
    copies = [(message, recipient) for message in planned for recipient in message.envelope.rcpt_to]
    for number, (message, recipient) in enumerate(copies, 1):
        why = tuple(unusable) or (f"no message shows it ({message.kind})",)
        send = send_line(environment, message, recipient, number)
        yield MailPath(message, recipient, Disposition.UNSEEN, (), assumptions=why, to_send=send, source=f"{FOLDER}/")


def _senders(environment: Environment) -> set[str]:
    """Name who sends by himself, and in whose place no person can: devices and third parties."""
    return {one.name for one in environment.devices} | {one.name for one in environment.third_parties}


def send_line(environment: Environment, message: TestMessage, recipient: Address, number: int = 1) -> str:
    """Say in a line what to send from where to where, how to mark it, and where to save what arrives.

    `number`: of the message among those of its kind, for its file name.
    """
    mark = message.kind.mark
    file = f"{FOLDER}/{mark}{'' if number == 1 else f'-{number}'}{SUFFIX}"
    to = ", ".join(map(str, message.envelope.rcpt_to))
    if message.kind is Kind.ON_PREMISES_NDR:
        return (
            f"let {message.submitted_at} return a report to {to}, as for a message to a full "
            f"mailbox there, and save the report that {to} gets as {file}"
        )
    if message.submitted_at in _senders(environment):
        # Nobody else has its address and its settings; a device may not let anybody choose a subject.
        own = f" (as {angle(message.written_by)})"
        arrives = environment.mailboxes.end_of(recipient)
        return f"let {message.submitted_at}{own} send one to {to}, and save it from the mailbox {arrives} as {file}"
    straight = f", handed straight to {message.direct_to}" if message.direct_to else ""
    sender = angle(message.envelope.mail_from)
    send = f"send one from {sender} to {to}{straight}, with [mailflow {mark}] in its subject"
    if message.kind in _COME_BACK:
        return f"{send}, and save the report that comes back as {file}"
    return f"{send}, and save it from the mailbox {environment.mailboxes.end_of(recipient)} as {file}"

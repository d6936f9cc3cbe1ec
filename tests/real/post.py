"""Sends the test messages of an environment through the lab for real, and saves what arrives in its messages/."""

import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import dns.exception
import dns.resolver

from mailflow.environment.environment import Domain
from mailflow.environment.message import MICROSOFT_365, Kind, TestMessage, messages
from mailflow.mail.address import Address
from mailflow.mail.received import header_fields
from mailflow.simulate.simulation import content
from tests.real.lab import RESOLVER, Lab
from tests.real.network import Host
from tests.real.postfix import full_mailbox
from tests.real.programs import wait_until

_SEND_S = 20.0
_ARRIVE_S = 60.0
# What a live run offers itself, up to RCPT: nobody has a mailbox at the stranger's.
OFFERED = (
    Kind.STRANGER_TO_MICROSOFT_365,
    Kind.STRANGER_TO_ON_PREMISES,
    Kind.STRANGER_RELAY,
    Kind.STRANGER_RELAY_BY_FILTER,
)
# Of these the sender keeps the report that came back.
_COME_BACK = (Kind.INTERNET_TO_UNKNOWN, Kind.CLOUD_TO_UNKNOWN, Kind.ON_PREMISES_TO_UNKNOWN)


def send_and_save(lab: Lab, domain: Domain, into: Path, quiet_s: float = _ARRIVE_S) -> set[str]:
    """Send every message of a domain, wait for the copies, save them as .eml files; names those that never came.

    Where some cannot come, nothing is waited for any more once nothing has come for `quiet_s`.
    """
    sent = [
        (f"{kind.name.lower().replace('_', '-')}-{number}", message)
        for kind in Kind
        if kind not in OFFERED
        for number, message in enumerate(messages(lab.environment, domain, kind), 1)
    ]
    for _, message in sent:
        _send(lab, message)
    # Where the message ends; else the report about it, at its author.
    awaited = {
        (name, mailbox): (_identifier(lab, message), (mailbox, message.envelope.mail_from))
        for name, message in sent
        for mailbox in _mailboxes(lab, message)
    }
    found: dict[tuple[str, Address], bytes] = {}
    newest = monotonic()

    def all_there() -> bool:
        nonlocal newest
        copies, before = list(_copies(lab)), len(found)
        for key, (identifier, places) in awaited.items():
            mine = {mailbox: copy for mailbox, copy in copies if mailbox in places and identifier in copy}
            if mine:
                found[key] = mine.get(key[1]) or next(iter(mine.values()))
        newest = monotonic() if len(found) > before else newest
        return len(found) == len(awaited) or monotonic() - newest > quiet_s

    wait_until(all_there, _ARRIVE_S, lambda: f"not there: {awaited.keys() - found.keys()}\n{lab.programs.printed()}")
    into.mkdir()
    for (name, mailbox), copy in found.items():
        (into / f"{name}-{mailbox.local}.eml").write_bytes(copy)
    return {name for name, _ in awaited.keys() - found.keys()}


def _identifier(lab: Lab, message: TestMessage) -> bytes:
    fields = dict(header_fields(content(lab.environment, message)))
    return fields["Message-ID"].encode("ascii")


def _mailboxes(lab: Lab, message: TestMessage) -> Iterator[Address]:
    """Name the mailboxes where something of a message can be found."""
    forwards = lab.environment.mailboxes.forwards
    if message.kind in _COME_BACK and message.envelope.mail_from:
        yield message.envelope.mail_from
    else:
        yield from (forwards.get(recipient, recipient) for recipient in message.envelope.rcpt_to)


def _copies(lab: Lab) -> Iterator[tuple[Address, bytes]]:
    for (mailbox, _), copy in tuple(lab.microsoft_365.mailboxes.items()):
        yield mailbox, copy
    for file in lab.folder.glob("*/mail/*/new/*"):
        yield Address.parse(file.parts[-3]), file.read_bytes()


def _send(lab: Lab, message: TestMessage) -> None:
    """Submit a message where its sender does."""
    at, envelope = message.submitted_at, message.envelope
    if at == MICROSOFT_365:
        lab.loop.call(lab.microsoft_365.post([message]), _SEND_S)
        return
    text = content(lab.environment, message)
    if message.kind is Kind.ON_PREMISES_NDR:
        # The server returns a report of its own: to somebody who wrote to a mailbox that is full.
        (author,) = envelope.rcpt_to
        _on_premises(lab, at, author, (full_mailbox(lab.environment.domains[0].name),), text)
    elif at in lab.own:
        _on_premises(lab, at, envelope.mail_from, envelope.rcpt_to, text)
    elif at in lab.outside:
        _submit(lab.outside[at], "127.0.0.1", envelope.mail_from, envelope.rcpt_to, text)
    else:
        # A service of its own software: it hands over to the MX host itself.
        host = lab.third_parties[at]
        for recipient in envelope.rcpt_to:
            with suppress(dns.exception.DNSException, smtplib.SMTPException, OSError):  # it is not delivered, then
                server = host.inside(lambda to=recipient: _mx(to.domain))
                _submit(host, server, envelope.mail_from, (recipient,), text)


def _on_premises(lab: Lab, server: str, sender: Address | None, recipients: tuple[Address, ...], text: bytes) -> None:
    """Submit by sendmail(1), as a program on the server does: what cannot be delivered is returned, not refused."""
    command = ("sendmail", "-C", str(lab.room(server) / "conf"), "-i", "-f", str(sender or "<>"))
    command = lab.own[server].command(*command, "--", *map(str, recipients))
    subprocess.run(command, input=text, capture_output=True, timeout=_SEND_S, check=True)


def _mx(domain: str) -> str:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [str(RESOLVER)]
    best = min(resolver.resolve(domain, "MX"), key=lambda record: record.preference)
    return str(resolver.resolve(best.exchange, "A")[0])


def _submit(host: Host, server: str, sender: Address | None, recipients: tuple[Address, ...], text: bytes) -> None:
    def submit() -> None:
        with smtplib.SMTP(server, 25, "localhost", _SEND_S) as client:
            client.sendmail(str(sender or ""), list(map(str, recipients)), text)

    host.inside(submit)

"""The journal as a reader sees it: one line an entry."""

from mailflow.mail.envelope import path
from mailflow.routing import journal
from mailflow.routing.decision import Client


def told(entry: journal.Entry) -> str:
    """Tell one entry in one line: which host did what with which message, and by which rule.

    The text may hold what a client sent; whoever shows it makes it printable.
    """
    rule = entry.reception.rule if isinstance(entry, journal.Received) else entry.rule
    return f"{entry.host} {_deed(entry)} ({rule})"


def _deed(entry: journal.Entry) -> str:
    match entry:
        case journal.Received(client=Client() as client):
            return f"takes {entry.queue_id} from {_client(client)}, {_envelope(entry)}"
        case journal.Received():
            return f"sends {entry.queue_id} of its own, {_envelope(entry)}"
        case journal.Refused(recipients=()):
            return f"does not talk to {_client(entry.client)}: {entry.reply}"
        case journal.Refused():
            return f"refuses {_client(entry.client)}, {_envelope(entry)}: {entry.reply}"
        case journal.Redirected():
            return f"turns {entry.queue_id} for {entry.recipient} to {entry.became}"
        case journal.Treated(signed_as=""):
            return f"changes {entry.queue_id}"
        case journal.Treated():
            return f"signs {entry.queue_id} as {entry.signed_as}"
        case journal.Sent():
            way = f"by connector '{entry.connector}'" if entry.connector else "by no connector"
            to = f"{entry.to_host} [{entry.to_address}]"
            answer = f"{way}, {entry.tls or 'without TLS'}: {entry.reply}"
            return f"offers {entry.queue_id} for {entry.recipient} to {to} {answer}"
        case journal.Delivered():
            return f"delivers {entry.queue_id} into {entry.mailbox}"
        case journal.Failed():
            return f"gives up {entry.queue_id} for {entry.recipient}: {entry.reply}; {_end(entry)}"


def _client(client: Client) -> str:
    return f"{client.helo or 'somebody'} [{client.address}] {client.tls.version if client.tls else 'without TLS'}"


def _envelope(entry: journal.Received | journal.Refused) -> str:
    return f"{path(entry.mail_from)} to {', '.join(map(path, entry.recipients))}"


def _end(entry: journal.Failed) -> str:
    if not entry.returned:
        return "it waits in the queue"
    return f"report {entry.report_id} to the sender" if entry.report_id else "nobody is told, its sender is null"

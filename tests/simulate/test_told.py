"""Each entry of the journal in one line that a mail engineer reads at a glance."""

from ipaddress import IPv4Address

import pytest

from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing import journal
from mailflow.routing.decision import Client, Direction, Reception, Rule, Tls
from mailflow.simulate.told import told

RULE = Rule("why", "document")
B, C, SENDER = Address("b", "to.example"), Address("c", "to.example"), Address("a", "from.example")
CLIENT = Client(IPv4Address("192.0.2.10"), "mail.from.example", Tls("TLSv1.3"))
RECEPTION = Reception(Direction.INCOMING, RULE)
UNKNOWN = Reply(550, "5.1.1", "User unknown")


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            journal.Received("mx", "ID", CLIENT, SENDER, (B, C), RECEPTION),
            (
                "mx takes ID from mail.from.example [192.0.2.10] TLSv1.3, "
                "<a@from.example> to <b@to.example>, <c@to.example> (why [document])"
            ),
        ),
        (
            journal.Received("mx", "ID", Client(IPv4Address("192.0.2.10")), None, (B,), RECEPTION),
            "mx takes ID from somebody [192.0.2.10] without TLS, <> to <b@to.example> (why [document])",
        ),
        (
            journal.Received("mx", "ID", None, SENDER, (B,), RECEPTION),
            "mx sends ID of its own, <a@from.example> to <b@to.example> (why [document])",
        ),
        (
            journal.Refused("mx", CLIENT, SENDER, (B,), UNKNOWN, RULE),
            (
                "mx refuses mail.from.example [192.0.2.10] TLSv1.3, <a@from.example> to <b@to.example>: "
                "550 5.1.1 User unknown (why [document])"
            ),
        ),
        (
            journal.Refused("mx", Client(IPv4Address("192.0.2.10")), None, (), Reply(421, "4.3.2", "no"), RULE),
            "mx does not talk to somebody [192.0.2.10] without TLS: 421 4.3.2 no (why [document])",
        ),
        (
            journal.Redirected("mx", "ID", B, C, True, RULE),
            "mx turns ID for b@to.example to c@to.example (why [document])",
        ),
        (
            journal.Sent("mx", "ID", B, "smart", "192.0.2.20", "Out", SENDER, "mx", "TLSv1.3", UNKNOWN, "", RULE),
            (
                "mx offers ID for b@to.example to smart [192.0.2.20] by connector 'Out', TLSv1.3: "
                "550 5.1.1 User unknown (why [document])"
            ),
        ),
        (
            journal.Sent("mx", "ID", B, "m", "192.0.2.20", "", SENDER, "mx", "", Reply(250, "2.6.0", ""), "N", RULE),
            "mx offers ID for b@to.example to m [192.0.2.20] by no connector, without TLS: 250 2.6.0 (why [document])",
        ),
        (journal.Delivered("mx", "ID", B, C, RULE), "mx delivers ID into c@to.example (why [document])"),
        (
            journal.Failed("mx", "ID", B, UNKNOWN, RULE, True, "NDR"),
            "mx gives up ID for b@to.example: 550 5.1.1 User unknown; report NDR to the sender (why [document])",
        ),
        (
            journal.Failed("mx", "ID", B, UNKNOWN, RULE, True),
            (
                "mx gives up ID for b@to.example: 550 5.1.1 User unknown; nobody is told, its sender is null "
                "(why [document])"
            ),
        ),
        (
            journal.Failed("mx", "ID", B, Reply(451, "4.4.4", "later"), RULE, False),
            "mx gives up ID for b@to.example: 451 4.4.4 later; it waits in the queue (why [document])",
        ),
    ],
)
def test_one_line(entry: journal.Entry, line: str) -> None:
    assert told(entry) == line

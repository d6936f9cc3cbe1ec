"""A simulated MTA really takes, delivers, relays and returns messages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailflow.mail.address import Address
from mailflow.mail.received import header_fields
from mailflow.mail.reply import Reply
from mailflow.routing import journal
from mailflow.routing.decision import Deliver, Hold, Redirect, Refuse, Relay, Return

World = Any  # tests/simulate/conftest.py

UNKNOWN = Reply(550, "5.1.1", "User unknown")
TO = {"to.example": "@ MX 10 mail\nmail A 192.0.2.20", "from.example": "@ MX 10 mail\nmail A 192.0.2.10"}
QUEUED = "250 2.6.0 ID Queued mail for delivery"


@pytest.fixture
def two(world: Callable[..., World]) -> World:
    """from.example sends to to.example, both with hosts of their own that take everything."""
    made = world(TO)
    made.sender = made.rules({f"{n}@to.example": (made.by_mx(),) for n in "bcd"})
    made.receiver = made.rules()
    made.host("mail.from.example", "192.0.2.10", made.sender)
    made.host("mail.to.example", "192.0.2.20", made.receiver)
    return made


def test_a_message_is_handed_over_by_mx_and_lands_in_the_mailbox(two: World) -> None:
    assert two.post("mail.from.example", "a@from.example", "b@to.example") == [
        ("received", "mail.from.example", "b@to.example"),
        ("received", "mail.to.example", "b@to.example"),
        ("delivered", "mail.to.example", "b@to.example"),
        ("sent", "mail.from.example", "b@to.example", "mail.to.example", "", QUEUED),
    ]
    ((client, mail_from, recipient),) = two.receiver.asked
    assert (str(client.address), client.helo, client.tls) == ("192.0.2.10", "mail.from.example", None)
    assert (str(mail_from), str(recipient)) == ("a@from.example", "b@to.example")


def test_entries_of_two_hosts_are_joined_by_the_queue_identifier(two: World) -> None:
    two.post("mail.from.example", "a@from.example", "b@to.example")
    submitted, received, delivered, sent = two.journal
    assert sent.queue_id == submitted.queue_id
    assert sent.next_id == received.queue_id == delivered.queue_id
    assert sent.queue_id != sent.next_id


def test_each_host_adds_its_trace_field_on_top(two: World) -> None:
    two.post("mail.from.example", "a@from.example", "b@to.example")
    ((key, message),) = two.simulation.mailboxes.items()
    assert key == (Address("b", "to.example"), two.journal[1].queue_id)
    names = [name for name, _ in header_fields(message)]
    newest, oldest = [body for name, body in header_fields(message) if name == "Received"]
    assert names[:3] == ["Received", "Received", "Message-ID"]
    assert newest.startswith(
        f"from mail.from.example ([192.0.2.10]) by mail.to.example with ESMTP id {two.journal[1].queue_id}; "
    )
    submitted = f"with mapi id {two.journal[0].queue_id}; "
    assert oldest.startswith(f"from mail.from.example ([fe80::1]) by mail.from.example ([fe80::1%4]) {submitted}")


def test_identifiers_are_the_same_in_every_run(two: World) -> None:
    two.post("mail.from.example", "a@from.example", "b@to.example")
    ids = [two.journal[0].queue_id, two.journal[1].queue_id]
    two.simulation.journal.clear()
    for mta in two.simulation.mtas.values():
        mta._ids.clear()
    two.post("mail.from.example", "a@from.example", "b@to.example")
    assert [two.journal[0].queue_id, two.journal[1].queue_id] == ids
    two.simulation.journal.clear()
    two.post("mail.from.example", "a@from.example", "b@to.example")
    assert two.journal[0].queue_id == f"{ids[0]}-2"


def test_recipients_of_one_domain_share_a_transaction_and_one_may_be_refused(two: World) -> None:
    two.receiver.refuses = {"c@to.example": Refuse(UNKNOWN, two.rule)}
    happened = two.post("mail.from.example", "a@from.example", "b@to.example", "c@to.example", "d@to.example")
    assert ("received", "mail.to.example", "b@to.example d@to.example") in happened  # one transaction, not three
    assert ("refused", "mail.to.example", "c@to.example", "550 5.1.1 User unknown") in happened
    assert [h for h in happened if h[0] == "sent" and h[1] == "mail.from.example"][:3] == [
        ("sent", "mail.from.example", "b@to.example", "mail.to.example", "", QUEUED),
        ("sent", "mail.from.example", "c@to.example", "mail.to.example", "", "550 5.1.1 User unknown"),
        ("sent", "mail.from.example", "d@to.example", "mail.to.example", "", QUEUED),
    ]
    assert ("failed", "mail.from.example", "c@to.example", "550 5.1.1 User unknown", "reported") in happened
    assert {str(mailbox) for mailbox, _ in two.simulation.mailboxes} >= {"b@to.example", "d@to.example"}


def test_recipients_of_two_domains_are_two_transactions(two: World) -> None:
    two.sender.acts["e@elsewhere.to.example"] = (two.by_mx(),)
    happened = two.post("mail.from.example", "a@from.example", "b@to.example", "e@elsewhere.to.example")
    assert ("received", "mail.to.example", "b@to.example") in happened
    (failed,) = [h for h in happened if h[0] == "failed" and h[1] == "mail.from.example"]
    assert failed[2:] == (
        "e@elsewhere.to.example",
        "550 5.1.2 DNS: elsewhere.to.example has no MX and no address",
        "reported",
    )


def test_a_report_really_goes_back_and_has_a_null_reverse_path(two: World) -> None:
    two.receiver.refuses = {"b@to.example": Refuse(UNKNOWN, two.rule)}
    happened = two.post("mail.from.example", "a@from.example", "b@to.example")
    assert happened[-1] == ("delivered", "mail.from.example", "a@from.example")
    failed = next(entry for entry in two.journal if isinstance(entry, journal.Failed))
    report = next(e for e in two.journal if isinstance(e, journal.Received) and e.queue_id == failed.report_id)
    assert report.mail_from is None
    message = two.simulation.mailboxes[Address("a", "from.example"), failed.report_id].decode()
    assert "Final-Recipient: rfc822; b@to.example" in message
    assert "Status: 5.1.1" in message
    assert "Diagnostic-Code: smtp; 550 5.1.1 User unknown" in message


def test_there_is_no_report_about_a_report(two: World) -> None:
    """RFC 5321 section 4.5.5."""
    two.sender.acts["b@to.example"] = (two.by_mx(mail_from=None),)
    two.receiver.refuses = {"b@to.example": Refuse(UNKNOWN, two.rule)}
    happened = two.post("mail.from.example", None, "b@to.example")
    assert happened[-1] == ("failed", "mail.from.example", "b@to.example", "550 5.1.1 User unknown", "returned")
    assert len(happened) == 4


def test_a_transient_refusal_keeps_the_message_in_the_queue(two: World) -> None:
    busy = Reply(451, "4.3.2", "try again later")
    two.receiver.refuses = {"b@to.example": Refuse(busy, two.rule)}
    happened = two.post("mail.from.example", "a@from.example", "b@to.example")
    assert happened[-1] == ("failed", "mail.from.example", "b@to.example", "451 4.3.2 try again later", "waiting")


def test_what_a_router_returns_or_holds_needs_no_other_host(two: World) -> None:
    two.sender.acts["b@to.example"] = (Return(UNKNOWN, two.rule),)
    two.sender.acts["c@to.example"] = (Hold(Reply(451, "4.4.0", "no route"), two.rule),)
    happened = two.post("mail.from.example", "a@from.example", "b@to.example", "c@to.example")
    ends = {h[2]: h[3:] for h in happened if h[0] == "failed"}
    assert ends == {
        "b@to.example": ("550 5.1.1 User unknown", "reported"),
        "c@to.example": ("451 4.4.0 no route", "waiting"),
    }
    assert two.receiver.asked == []


def test_a_mailbox_that_keeps_a_copy_and_forwards_does_both(two: World) -> None:
    b, c = Address("b", "to.example"), Address("c", "to.example")
    two.receiver.acts = {"b@to.example": (Deliver(b, two.rule), Redirect(c, two.rule, forward=True))}
    happened = two.post("mail.from.example", "a@from.example", "b@to.example")
    assert happened[2:5] == [
        ("delivered", "mail.to.example", "b@to.example"),
        ("redirected", "mail.to.example", "b@to.example", "c@to.example"),
        ("delivered", "mail.to.example", "c@to.example"),
    ]


def test_redirects_in_a_circle_end_and_the_sender_is_told(two: World) -> None:
    b, c = Address("b", "to.example"), Address("c", "to.example")
    two.receiver.acts = {
        "b@to.example": (Redirect(c, two.rule),),
        "c@to.example": (Redirect(b, two.rule),),
        "a@from.example": (two.by_mx(mail_from=None),),
    }
    happened = two.post("mail.from.example", "a@from.example", "b@to.example")
    assert len([h for h in happened if h[0] == "redirected"]) == 10
    circle = ("b@to.example", "550 5.4.6 addresses lead to one another in a circle", "reported")
    assert [h[2:] for h in happened if h[0] == "failed"] == [circle]
    assert happened[-2][:2] == ("delivered", "mail.from.example")


def test_a_loop_of_two_hosts_ends_by_the_hop_count(two: World) -> None:
    two.receiver.acts = {"b@to.example": (Relay(("mail.from.example",), Address("a", "from.example"), two.rule),)}
    two.sender.hops = two.receiver.hops = 20
    happened = two.post("mail.from.example", "a@from.example", "b@to.example")
    assert len([h for h in happened if h[0] == "received" and h[2] == "b@to.example"]) == 20
    refused = [h for h in happened if h[0] == "refused"]
    assert refused == [("refused", "mail.from.example", "b@to.example", "554 5.4.6 Too many hops")]
    failed = [h for h in happened if h[0] == "failed" and h[2] == "b@to.example"]
    assert failed == [("failed", "mail.to.example", "b@to.example", "554 5.4.6 Too many hops", "reported")]


def test_what_was_assumed_at_rcpt_belongs_to_the_message_and_the_router_is_asked_once(two: World) -> None:
    two.receiver.assumes = {"b@to.example": "no export of b", "c@to.example": "no export of c"}
    two.post("mail.from.example", "a@from.example", "b@to.example", "c@to.example", "d@to.example")
    received = next(e for e in two.journal if isinstance(e, journal.Received) and e.client)
    assert received.assumptions == ("no export of b", "no export of c")
    assert [str(recipient) for _, _, recipient in two.receiver.asked] == [
        "b@to.example",
        "c@to.example",
        "d@to.example",
    ]


def test_a_refusal_carries_what_was_assumed(two: World) -> None:
    two.receiver.assumes = {"b@to.example": "no export of b"}
    two.receiver.refuses = {"b@to.example": Refuse(UNKNOWN, two.rule)}
    two.post("mail.from.example", "a@from.example", "b@to.example")
    refused = next(entry for entry in two.journal if isinstance(entry, journal.Refused))
    assert (refused.assumptions, refused.rule) == (("no export of b",), two.rule)


def test_a_host_that_does_not_talk_to_a_client_says_so_in_place_of_the_greeting(two: World) -> None:
    two.receiver.shuts_out = Refuse(Reply(421, "4.3.2", "Service not available"), two.rule)
    happened = two.post("mail.from.example", "a@from.example", "b@to.example")
    assert happened[1:] == [
        ("refused", "mail.to.example", "", "421 4.3.2 Service not available"),
        (
            "sent",
            "mail.from.example",
            "b@to.example",
            "mail.to.example",
            "",
            "421 4.4.2 Connection dropped (421 4.3.2 Service not available)",
        ),
        (
            "failed",
            "mail.from.example",
            "b@to.example",
            "421 4.4.2 Connection dropped (421 4.3.2 Service not available)",
            "waiting",
        ),
    ]


def test_header_fields_that_a_host_stamps_stand_below_its_trace_field(two: World) -> None:
    mta = two.simulation.mtas["mail.to.example"]
    two.simulation.mtas["mail.to.example"] = replace(mta, stamps=lambda reception: (("X-Way", reception.direction),))
    two.post("mail.from.example", "a@from.example", "b@to.example")
    (message,) = two.simulation.mailboxes.values()
    assert header_fields(message)[1] == ("X-Way", "Incoming")

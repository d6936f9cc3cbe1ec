"""The path of a message is read from records and trace fields; where they disagree nothing is said."""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailflow.door import open_door
from mailflow.environment.load import load
from mailflow.environment.message import MICROSOFT_365, Kind, TestMessage
from mailflow.exchange.cloud import cloud
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.reply import Reply
from mailflow.observe.follow import ObservationError, follow, records
from mailflow.observe.path import Disposition, Hop, MailPath, Place
from mailflow.routing import journal
from mailflow.routing.decision import Client, Direction, Reception, Rule, Tls

RULE = Rule("why", "document")
SENDER = Address("john", "fabrikam.com")
KATE, CHRIS = Address("kate", "contoso.com"), Address("chris", "contoso.com")
ROUTED = Address("chris", "contoso.mail.onmicrosoft.com")
OUT, OWN, FILTER = "mail.fabrikam.com", "mail.contoso.com", "mx1.filter.example"
STRANGER = Address("somebody", "stranger.example")
UNKNOWN = Reply(550, "5.1.1", "User unknown")
LATER = Reply(451, "4.4.4", "no address")

ENVIRONMENT: Any = SimpleNamespace(
    domain_names={"contoso.com"},
    microsoft_365_hosts={cloud("worldwide").mx_host("contoso.com")},
    microsoft_365=SimpleNamespace(tenant_id="own-tenant", cloud=cloud("worldwide")),
    filter_servers=(SimpleNamespace(name=FILTER, listens=(IPv4Address("203.0.113.10"),)),),
    on_premises=SimpleNamespace(servers=(SimpleNamespace(name=OWN, listens=(IPv4Address("131.107.21.231"),)),)),
)


def submitted(queue_id: str, host: str, *to: Address, sender: Address | None = SENDER, **more: Any) -> journal.Received:
    reception = Reception(Direction.ORIGINATING, RULE, submitted=True, **more)
    return journal.Received(host, queue_id, None, sender, to, reception)


def received(
    queue_id: str, host: str, *to: Address, assumptions: tuple[str, ...] = (), **more: Any
) -> journal.Received:
    client = Client(IPv4Address("192.0.2.25"), OUT, Tls("TLSv1.3"))
    return journal.Received(
        host, queue_id, client, SENDER, to, Reception(Direction.INCOMING, RULE, **more), assumptions
    )


def sent(queue_id: str, to: Address, next_id: str, reply: Reply | None = None, **more: Any) -> journal.Sent:
    answer = reply or Reply(250, "2.6.0", f"{next_id} Queued")
    settings: dict[str, Any] = {
        "to_host": OWN,
        "to_address": "131.107.21.231",
        "connector": "",
        "from_address": "192.0.2.25",
        "assumptions": (),
    } | more
    return journal.Sent(
        host=OUT,
        queue_id=queue_id,
        recipient=to,
        mail_from=SENDER,
        helo=OUT,
        tls="TLSv1.3",
        reply=answer,
        next_id=next_id,
        rule=RULE,
        **settings,
    )


def delivered(queue_id: str, host: str, to: Address, mailbox: Address | None = None) -> journal.Delivered:
    return journal.Delivered(host, queue_id, to, mailbox or to, Rule("it is here", "document"))


def failed(queue_id: str, to: Address, reply: Reply, report: str = "", *, returned: bool = True) -> journal.Failed:
    return journal.Failed(OUT, queue_id, to, reply, Rule("gave up", "document"), returned, report)


def copy_of(*ids: str) -> bytes:
    """A message whose trace fields tell of these hosts, newest first."""
    return "".join(f"Received: from a by b with ESMTPS id {one}; date\r\n" for one in ids).encode() + b"\r\nbody"


def paths(
    entries: list[journal.Entry], copies: dict[tuple[Address, str], bytes] | None = None, *to: Address
) -> tuple[MailPath, ...]:
    message = TestMessage(Kind.INTERNET_TO_ON_PREMISES, "fabrikam.com", Envelope(SENDER, to or (KATE,)))
    return follow(ENVIRONMENT, records(entries, copies or {}), message, "A")


def only(entries: list[journal.Entry], copies: dict[tuple[Address, str], bytes] | None = None) -> MailPath:
    (one,) = paths(entries, copies)
    return one


def test_delivered() -> None:
    one = only(
        [
            submitted("A", OUT, KATE),
            received("B", OWN, KATE, connector="Default EX01"),
            delivered("B", OWN, KATE),
            sent("A", KATE, "B", connector="Out"),
        ],
        {(KATE, "B"): copy_of("B", "A")},
    )
    assert one == MailPath(
        message=one.message,
        recipient=KATE,
        disposition=Disposition.DELIVERED,
        hops=(
            Hop(OUT, Place.INTERNET, SENDER),
            Hop(
                OWN,
                Place.ON_PREMISES,
                SENDER,
                client="192.0.2.25",
                helo=OUT,
                tls="TLSv1.3",
                sent_by="Out",
                sent_why="why [document]",
                received_by="Default EX01",
                why="why [document]",
            ),
        ),
        ended_at=Place.ON_PREMISES,
        why="it is here [document]",
        mailbox=KATE,
        trace=("from a by b with ESMTPS id B; date", "from a by b with ESMTPS id A; date"),
    )
    assert str(one).splitlines() == [
        "1. mail.fabrikam.com (the Internet): submitted as <john@fabrikam.com>",
        (
            "2. mail.contoso.com (the on-premises servers): from 192.0.2.25 as <john@fabrikam.com>, TLSv1.3, "
            "sent: why [document], received by connector 'Default EX01'; why [document]"
        ),
        "delivered into the mailbox kate@contoso.com",
    ]


@pytest.mark.parametrize("ids", [("B",), ("A", "B"), ("B", "A", "X"), ("X", "A"), ()])
def test_trace_fields_that_tell_another_way_than_the_records(ids: tuple[str, ...]) -> None:
    entries = [submitted("A", OUT, KATE), received("B", OWN, KATE), delivered("B", OWN, KATE), sent("A", KATE, "B")]
    with pytest.raises(
        ObservationError, match=r"message in kate@contoso\.com tell another way than the session records"
    ):
        only(entries, {(KATE, "B"): copy_of(*ids)})


def test_a_delivered_message_that_is_nowhere_to_be_found() -> None:
    with pytest.raises(ObservationError):
        only([submitted("A", OUT, KATE), delivered("A", OUT, KATE)])


@pytest.mark.parametrize(
    ("tenant", "host", "place"),
    [
        ("own-tenant", MICROSOFT_365, Place.MICROSOFT_365),
        ("another-tenant", MICROSOFT_365, Place.INTERNET),
        ("", OWN, Place.ON_PREMISES),
        ("", FILTER, Place.FILTER),
        ("", "stranger.example", Place.INTERNET),
    ],
)
def test_where_a_host_stands(tenant: str, host: str, place: Place) -> None:
    entries = [submitted("A", host, KATE, tenant_id=tenant), delivered("A", host, KATE)]
    assert only(entries, {(KATE, "A"): copy_of("A")}).places == (place,)


def test_hops_of_one_place_are_taken_together() -> None:
    entries = [
        submitted("A", OUT, KATE),
        sent("A", KATE, "B"),
        received("B", OWN, KATE),
        sent("B", KATE, "C"),
        received("C", OWN, KATE),
        sent("C", KATE, "D"),
        received("D", MICROSOFT_365, KATE, tenant_id="own-tenant", from_on_premises=True),
        delivered("D", MICROSOFT_365, KATE),
    ]
    one = only(entries, {(KATE, "D"): copy_of("D", "C", "B", "A")})
    assert one.places == (Place.INTERNET, Place.ON_PREMISES, Place.MICROSOFT_365)
    assert [hop.attributed for hop in one.hops] == [False, False, False, True]


def test_refused_to_the_host_of_the_sender() -> None:
    refusal = Rule("no such mailbox", "the other host's document")
    client = Client(IPv4Address("192.0.2.25"), OUT)
    one = only(
        [
            submitted("A", OUT, KATE),
            journal.Refused(OWN, client, SENDER, (CHRIS,), UNKNOWN, Rule("another", "x")),
            journal.Refused(OWN, client, SENDER, (KATE,), UNKNOWN, refusal, ("an assumption of the other host",)),
            sent("A", KATE, "", UNKNOWN, assumptions=("an assumption of the sender",)),
            failed("A", KATE, UNKNOWN, "NDR"),
        ]
    )
    assert (one.disposition, one.reply, one.report) == (Disposition.REFUSED, UNKNOWN, True)
    assert one.ended_by == "mail.contoso.com [131.107.21.231]"
    assert one.why == "no such mailbox [the other host's document]"
    assert one.assumptions == ("an assumption of the sender", "an assumption of the other host")
    assert str(one).endswith("said 550 5.1.1 User unknown (no such mailbox [the other host's document])")


def test_returned_to_the_sender_after_a_host_had_taken_it() -> None:
    one = only(
        [submitted("A", OUT, KATE), sent("A", KATE, "B"), received("B", OWN, KATE), failed("B", KATE, UNKNOWN, "NDR")]
    )
    assert (one.disposition, one.ended_by, one.why, one.report) == (
        Disposition.RETURNED,
        OUT,
        "gave up [document]",
        True,
    )


def test_refused_by_the_second_host_is_returned_by_the_first() -> None:
    one = only(
        [
            submitted("A", OUT, KATE),
            sent("A", KATE, "B"),
            received("B", OWN, KATE),
            sent("B", KATE, "", UNKNOWN),
            failed("B", KATE, UNKNOWN, "NDR"),
        ]
    )
    assert (one.disposition, one.ended_by) == (Disposition.RETURNED, "mail.contoso.com [131.107.21.231]")


@pytest.mark.parametrize(
    ("host", "address", "to", "place"),
    [
        (OWN, "192.0.2.1", KATE, Place.ON_PREMISES),
        ("131.107.21.231", "131.107.21.231", STRANGER, Place.ON_PREMISES),
        ("contoso-com.mail.protection.outlook.com", "192.0.2.1", STRANGER, Place.MICROSOFT_365),
        ("another-name.mail.protection.outlook.com", "192.0.2.1", KATE, Place.MICROSOFT_365),
        ("fabrikam-com.mail.protection.outlook.com", "192.0.2.1", STRANGER, Place.INTERNET),
        ("mail.contoso.com.example", "192.0.2.1", KATE, Place.INTERNET),
    ],
)
def test_where_the_host_stands_that_refused(host: str, address: str, to: Address, place: Place) -> None:
    offered = sent("A", to, "", UNKNOWN, to_host=host, to_address=address)
    (one,) = paths([submitted("A", OUT, to), offered, failed("A", to, UNKNOWN)], None, to)
    assert (one.disposition, one.ended_at) == (Disposition.REFUSED, place)


def test_a_host_that_gave_up_by_itself_is_where_it_ended() -> None:
    one = only([submitted("A", OUT, KATE), sent("A", KATE, "B"), received("B", OWN, KATE), failed("B", KATE, UNKNOWN)])
    assert one.ended_at is Place.ON_PREMISES


def test_dropped_where_nobody_can_be_told() -> None:
    one = only([submitted("A", OUT, KATE), sent("A", KATE, "B"), received("B", OWN, KATE), failed("B", KATE, UNKNOWN)])
    assert (one.disposition, one.report) == (Disposition.DROPPED, False)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_report_that_does_not_arrive_tells_nobody(arrives: bool) -> None:
    """RFC 5321 section 6.1: the author is to learn of it; a report that is refused has no report of its own."""
    entries = [
        submitted("A", OUT, KATE),
        sent("A", KATE, "B"),
        received("B", OWN, KATE),
        failed("B", KATE, UNKNOWN, "NDR"),
        submitted("NDR", OWN, SENDER),
    ]
    end = (
        delivered("NDR", OWN, SENDER)
        if arrives
        else replace(failed("NDR", SENDER, UNKNOWN), assumptions=("an assumption",))
    )
    one = only([*entries, end], {(SENDER, "NDR"): copy_of("NDR")})
    assert (one.disposition, one.reply, one.report) == (
        Disposition.RETURNED if arrives else Disposition.DROPPED,
        UNKNOWN,
        True,
    )
    assert (one.assumptions, one.report_assumptions) == ((), () if arrives else ("an assumption",))
    lost = f"; the report to {SENDER} was lost: {OUT} said {UNKNOWN} (gave up [document])"
    assert one.why == "gave up [document]" + ("" if arrives else lost)


def test_waiting() -> None:
    one = only([submitted("A", OUT, KATE), failed("A", KATE, LATER, returned=False)])
    assert (one.disposition, one.reply) == (Disposition.WAITING, LATER)
    assert str(one).endswith("waiting in a queue: mail.fabrikam.com said 451 4.4.4 no address (gave up [document])")


@pytest.mark.parametrize("code", ["5.4.6", "5.4.14"])
def test_looped(code: str) -> None:
    too_far = Reply(554, code, "Hop count exceeded")
    entries = [
        submitted("A", OUT, KATE),
        sent("A", KATE, "B"),
        received("B", OWN, KATE),
        sent("B", KATE, "C"),
        received("C", OUT, KATE),
        sent("C", KATE, "", too_far),
        failed("C", KATE, too_far, "NDR"),
    ]
    one = only(entries)
    assert (one.disposition, len(one.hops)) == (Disposition.LOOPED, 3)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [submitted("A", OUT, KATE)],
        [submitted("A", OUT, KATE), sent("A", KATE, "B")],  # nobody has B
        [submitted("A", OUT, KATE), sent("A", KATE, "B"), received("B", OWN, CHRIS)],
        [submitted("A", OUT, KATE), sent("A", KATE, "A")],  # a host that hands to itself under the same identifier
        [submitted("A", OUT, KATE), journal.Redirected(OUT, "A", KATE, CHRIS, True, RULE)],
        [submitted("A", OUT, KATE), journal.Redirected(OUT, "A", KATE, KATE, False, RULE)],
    ],
)
def test_vanished(entries: list[journal.Entry]) -> None:
    one = only(entries)
    assert (one.disposition, one.reply, one.ended_by) == (Disposition.VANISHED, None, "")
    assert str(one).endswith("vanished: the records end here")


def test_a_routing_address_is_followed() -> None:
    one = only(
        [
            submitted("A", OUT, KATE),
            journal.Redirected(OUT, "A", KATE, ROUTED, False, RULE, ("assumed on the way",)),
            sent("A", ROUTED, "B"),
            received("B", MICROSOFT_365, ROUTED, tenant_id="own-tenant"),
            delivered("B", MICROSOFT_365, ROUTED, CHRIS),
        ],
        {(CHRIS, "B"): copy_of("B", "A")},
    )
    assert (one.recipient, one.mailbox, one.assumptions) == (KATE, CHRIS, ("assumed on the way",))


def test_a_copy_that_is_kept_and_a_forward_are_two_paths() -> None:
    entries = [
        submitted("A", OUT, KATE),
        journal.Redirected(OUT, "A", KATE, CHRIS, True, RULE),
        delivered("A", OUT, KATE),
        delivered("A", OUT, CHRIS),
    ]
    found = paths(entries, {(KATE, "A"): copy_of("A"), (CHRIS, "A"): copy_of("A")})
    assert {(one.recipient, one.mailbox) for one in found} == {(KATE, KATE), (KATE, CHRIS)}


def test_each_recipient_has_a_path() -> None:
    entries = [submitted("A", OUT, KATE, CHRIS), delivered("A", OUT, KATE), failed("A", CHRIS, UNKNOWN, "NDR")]
    found = paths(entries, {(KATE, "A"): copy_of("A")}, KATE, CHRIS)
    assert [(one.recipient, one.disposition) for one in found] == [
        (KATE, Disposition.DELIVERED),
        (CHRIS, Disposition.RETURNED),
    ]


def test_addresses_in_a_circle_are_one_path() -> None:
    circle = Reply(550, "5.4.6", "addresses lead to one another in a circle")
    there = journal.Redirected(OUT, "A", KATE, CHRIS, True, RULE)
    back = journal.Redirected(OUT, "A", CHRIS, KATE, True, RULE)
    one = only([submitted("A", OUT, KATE), *[there, back] * 5, failed("A", KATE, circle, "NDR")])
    assert (one.disposition, one.reply) == (Disposition.LOOPED, circle)


def test_an_address_that_leads_to_itself_takes_along_what_was_assumed() -> None:
    """A mail user whose external address is its own."""
    itself = journal.Redirected(OUT, "A", KATE, KATE, False, RULE, ("not exported",))
    entries = [submitted("A", OUT, KATE), itself, delivered("A", OUT, KATE)]
    assert only(entries, {(KATE, "A"): copy_of("A")}).assumptions == ("not exported",)


def test_assumptions_add_up_each_once() -> None:
    delivery = replace(delivered("B", OWN, KATE), assumptions=("a", "c"))
    one = only(
        [
            submitted("A", OUT, KATE),
            sent("A", KATE, "B", assumptions=("a",)),
            received("B", OWN, KATE, assumptions=("b",)),
            delivery,
        ],
        {(KATE, "B"): copy_of("B", "A")},
    )
    assert one.assumptions == ("a", "b", "c")


def test_a_whole_simulated_environment_is_read_without_disagreement() -> None:
    """The dispositions that the shipped environment has, all from real sessions."""
    environment = load(Path(__file__).parents[2] / "fixtures" / "scenario-4")
    with open_door(environment) as door:
        seen = [path for kind in Kind for path in door.paths(environment.domains[0], kind)]
    assert {path.disposition for path in seen} == {Disposition.DELIVERED, Disposition.REFUSED, Disposition.RETURNED}
    assert all(len(path.trace) == len(path.hops) for path in seen if path.disposition is Disposition.DELIVERED)

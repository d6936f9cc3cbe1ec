"""What was received shows the same paths as a simulation, and what was not received is told as a line to act on."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from mailflow.door import open_door
from mailflow.environment.environment import Cutover, Stage
from mailflow.environment.load import load
from mailflow.environment.message import Kind, messages
from mailflow.input_error import InputError
from mailflow.judge import disposition
from mailflow.judge import path as judge
from mailflow.judge.arrival import arrivals
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.observe.messages import read_messages, send_line
from mailflow.observe.path import Disposition, Place
from mailflow.observe.saved_message import read_saved
from mailflow.policy.finding import Verdict
from tests.in_a_process import ROOT
from tests.observe.conftest import NOW

SENT = (
    Kind.INTERNET_TO_CLOUD,
    Kind.INTERNET_TO_ON_PREMISES,
    Kind.INTERNET_TO_BOTH,
    Kind.CLOUD_TO_INTERNET,
    Kind.CLOUD_TO_ON_PREMISES,
    Kind.CLOUD_TO_CLOUD,
    Kind.CLOUD_TO_UNKNOWN,
    Kind.ON_PREMISES_TO_UNKNOWN,
    Kind.ON_PREMISES_TO_INTERNET,
    Kind.ON_PREMISES_TO_CLOUD,
    Kind.ON_PREMISES_FORWARD,
    Kind.CLOUD_FORWARD,
    Kind.ON_PREMISES_NDR,
    Kind.FOREIGN_SENDER,
    Kind.THIRD_PARTY,
)
NOT_SENT = (Kind.STRANGER_TO_MICROSOFT_365, Kind.STRANGER_TO_ON_PREMISES, Kind.STRANGER_RELAY)
OF_OTHERS = {
    Kind.STRANGER_RELAY_BY_FILTER,
    Kind.DEVICE_TO_CLOUD,
    Kind.DEVICE_TO_ON_PREMISES,
    Kind.DEVICE_TO_INTERNET,
    Kind.STRANGER_AS_DEVICE,
}  # scenario 4 has no filter and no devices
CLOUD, OWN, OUT = Place.MICROSOFT_365, Place.ON_PREMISES, Place.INTERNET


def test_received_messages_take_the_paths_of_the_simulation(mail: Any) -> None:
    """The one kind left out is refused earlier in life: the own server knows its recipients, the simulated one not."""
    assert {*SENT, *NOT_SENT, Kind.INTERNET_TO_UNKNOWN} == set(Kind) - OF_OTHERS
    with open_door(mail.environment) as door:
        for kind in SENT:
            simulated = {(p.disposition, p.places) for p in door.paths(mail.environment.domains[0], kind)}
            received = mail.paths(kind)
            assert {(p.disposition, p.places) for p in received} == simulated, kind
            assert [p.assumptions for p in received] == [()] * len(received), kind


def test_a_path_with_everything_that_its_header_shows(mail: Any) -> None:
    one = mail.path(Kind.ON_PREMISES_TO_CLOUD)
    assert one.lines() == (
        "1. mail.contoso.com (the on-premises servers): submitted as <david@contoso.com>",
        "2. Microsoft 365: from 131.107.21.231 as <david@contoso.com>, TLS1_3; by its header, mail of own servers",
        "delivered into the mailbox chris@contoso.com",
    )
    assert [(hop.place, hop.attributed, hop.internal) for hop in one.hops] == [(OWN, None, None), (CLOUD, True, True)]
    assert (one.source, one.ended_at) == ("messages/on-premises-to-cloud.eml", CLOUD)
    assert len(one.trace) == 5
    assert one.trace[2].startswith("from mail.contoso.com (131.107.21.231) by AM6EUR05FT003.mail.protection.outlook")
    assert [stamp.partition(":")[0] for stamp in one.stamps] == [
        "Return-Path",
        "X-MS-Exchange-CrossTenant-Id",
        "X-MS-Exchange-CrossTenant-FromEntityHeader",
        "X-MS-Exchange-CrossTenant-AuthAs",
        "X-EOPTenantAttributedMessage",
        "X-MS-Exchange-Organization-MessageDirectionality",
        "X-MS-Exchange-Organization-AuthAs",
        "X-OrganizationHeadersPreserved",
        "X-CrossPremisesHeadersPromoted",
        "Authentication-Results",
    ]
    found = judge.attributed([one])
    assert (found.verdict, found.evidence[0].of) == (Verdict.COMPLIANT, "messages/on-premises-to-cloud.eml")
    assert found.evidence[0].answer == (*one.lines(), *(f"Received: {text}" for text in one.trace), *one.stamps)


@pytest.mark.parametrize(
    ("kind", "judges"),
    [
        (Kind.INTERNET_TO_CLOUD, [lambda p: judge.enters_at(p, OWN), lambda p: judge.passes(p, [OWN, CLOUD])]),
        (Kind.INTERNET_TO_ON_PREMISES, [lambda p: judge.never_passes(p, CLOUD)]),
        (Kind.CLOUD_TO_ON_PREMISES, [judge.by_connector, judge.over_tls]),
        (Kind.ON_PREMISES_TO_CLOUD, [judge.attributed, judge.over_tls]),
        (Kind.CLOUD_TO_CLOUD, [lambda p: judge.never_passes(p, OWN), lambda p: judge.never_passes(p, OUT)]),
        (Kind.ON_PREMISES_TO_INTERNET, [lambda p: judge.leaves_from(p, CLOUD), judge.attributed]),
        (Kind.ON_PREMISES_NDR, [lambda p: judge.leaves_from(p, CLOUD), judge.attributed]),
        (Kind.INTERNET_TO_UNKNOWN, [disposition.refused_or_returned]),
        (Kind.CLOUD_TO_UNKNOWN, [disposition.refused_or_returned]),
    ],
    ids=lambda value: value.mark if isinstance(value, Kind) else "",
)
def test_judges_are_content_with_the_received_messages(mail: Any, kind: Kind, judges: list[Any]) -> None:
    paths = mail.paths(kind)
    found = [one(paths) for one in judges]
    if all(path.disposition is Disposition.DELIVERED for path in paths):
        found.append(disposition.delivered(mail.environment, paths))
    assert [(one.verdict, one.seen) for one in found] == [
        (Verdict.COMPLIANT, "so it was for the one message sent") for _ in found
    ]


def test_every_arrival_is_known_with_the_address_that_the_receiver_saw(mail: Any) -> None:
    found = arrivals({kind: mail.paths(kind) for kind in Kind})
    assert [(one.path.message.kind.mark, one.hop.client, one.identity) for one in found] == [
        ("cloud-to-internet", "40.107.8.52", "contoso.com"),
        ("on-premises-to-internet", "40.107.8.52", "contoso.com"),
        ("on-premises-forward", "40.95.86.11", "fabrikam.com"),
        ("cloud-forward", "40.107.8.52", "contoso.com"),
        ("on-premises-ndr", "40.107.8.52", "EUR05-AM6-obe.outbound.protection.outlook.com"),
        ("foreign-sender", "40.107.8.52", "fabrikam.com"),
    ]


def test_a_refusal_is_read_from_the_report_of_the_senders_own_host(mail: Any) -> None:
    one = mail.path(Kind.INTERNET_TO_UNKNOWN)
    assert (one.disposition, one.places, one.ended_by) == (Disposition.REFUSED, (OUT,), "mail.contoso.com")
    assert one.ended_at is OWN
    assert one.reply == Reply(
        550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
    )
    assert one.recipient == Address("mailflow-nobody-of-this-name", "contoso.com")
    assert disposition.refused([one]).verdict is Verdict.COMPLIANT


@pytest.mark.parametrize(
    ("host", "place"),
    [("contoso-com.mail.protection.outlook.com", CLOUD), ("fabrikam-com.mail.protection.outlook.com", None)],
)
def test_where_the_host_stands_that_refused_it(mail: Any, host: str, place: Place | None) -> None:
    mail.edit("internet-to-unknown.eml", ("Remote-MTA: dns;mail.contoso.com", f"Remote-MTA: dns;{host}"))
    one = mail.path(Kind.INTERNET_TO_UNKNOWN)
    assert (one.ended_by, one.ended_at) == (host, place)


def test_a_message_that_was_relayed_first_was_returned_and_not_refused(mail: Any) -> None:
    """The tenant refused what the own server had taken: somebody has to have told the sender."""
    way = (
        "Received: from mail.fabrikam.com (192.0.2.25) by EX01.contoso.com (10.0.0.5) with Microsoft SMTP Server id "
        "15.2.1544.4; Mon, 1 Jun 2026 10:00:01 +0000\nReceived: from desk"
    )
    mail.edit(
        "internet-to-unknown.eml",
        ("Reporting-MTA: dns;mail.fabrikam.com", "Reporting-MTA: dns;EX01.contoso.com"),
        ("Received: from desk", way),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "550 5.4.1 no"),
    )
    one = mail.path(Kind.INTERNET_TO_UNKNOWN)
    assert (one.disposition, one.places, one.reply) == (Disposition.RETURNED, (OUT, OWN), Reply(550, "5.4.1", "no"))
    assert disposition.refused([one]).verdict is Verdict.NON_COMPLIANT
    assert disposition.refused_or_returned([one]).verdict is Verdict.COMPLIANT


def test_a_report_that_returns_no_header_shows_an_end_and_no_way(mail: Any) -> None:
    """An own host had the message before another refused it to him: it was taken, by which way is not shown."""
    text = (mail.place / "internet-to-unknown.eml").read_text(encoding="utf-8")
    without = text.partition("Content-Type: message/rfc822")[0]
    without = without.replace("Reporting-MTA: dns;mail.fabrikam.com", "Reporting-MTA: dns;EX01.contoso.com")
    one = mail.save("internet-to-unknown.eml", without).path(Kind.INTERNET_TO_UNKNOWN)
    assert (one.disposition, one.hops, one.ended_by) == (Disposition.RETURNED, (), "mail.contoso.com")
    assert disposition.refused([one]).verdict is Verdict.NON_COMPLIANT


def test_a_report_without_its_parts_does_not_say_who_had_the_message(mail: Any) -> None:
    text = (
        "Return-Path: <>\nReceived: by mx.fabrikam.com id 1; Mon, 1 Jun 2026 10:00:00 +0000\nTo: john@fabrikam.com\n\n"
        "Remote Server returned '550 5.4.1 Recipient address rejected: Access denied'\n"
    )
    one = mail.save("internet-to-unknown.eml", text).path(Kind.INTERNET_TO_UNKNOWN)
    assert one.reply == Reply(550, "5.4.1", "Recipient address rejected: Access denied")
    why = "the report does not name the host that wrote it: whether somebody had taken the message before is open"
    assert one.assumptions == (f"messages/internet-to-unknown.eml: {why}",)
    assert disposition.refused([one]).verdict is Verdict.NOT_VERIFIED


def test_a_bounced_test_message_was_not_delivered(mail: Any) -> None:
    text = (mail.place / "cloud-to-unknown.eml").read_text(encoding="utf-8")
    text = text.replace("mailflow-nobody-of-this-name@contoso.com", "david@contoso.com")
    mail.only().save("cloud-to-on-premises.eml", text)
    one = mail.path(Kind.CLOUD_TO_ON_PREMISES)
    assert (one.disposition, one.places, one.recipient) == (
        Disposition.RETURNED,
        (CLOUD,),
        Address("david", "contoso.com"),
    )
    found = disposition.delivered(mail.environment, [one])
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"the message to david@contoso.com was returned to the sender: {one.ended_by} said {one.reply} ({one.why})",
    )


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_anything_but_failure_is_no_end(mail: Any, action: str) -> None:
    mail.edit("internet-to-unknown.eml", ("Action: failed", f"Action: {action}"))
    one = mail.path(Kind.INTERNET_TO_UNKNOWN)
    said = f"the report tells of a message that is {action}, not of one that came back"
    assert (one.disposition, one.assumptions) == (
        Disposition.UNSEEN,
        (f"messages/internet-to-unknown.eml: {said}",),
    )
    assert disposition.refused_or_returned([one]).verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize("code", ["5.4.6", "5.4.14"])
def test_a_report_of_a_loop(mail: Any, code: str) -> None:
    mail.edit("cloud-to-unknown.eml", ("550 5.1.10", f"554 {code}"))
    assert mail.path(Kind.CLOUD_TO_UNKNOWN).disposition is Disposition.LOOPED


def test_an_environment_without_messages_says_what_to_send(mail: Any) -> None:
    mail.only()
    mail.place.rmdir()
    said = {kind: [p.to_send for p in mail.paths(kind)] for kind in Kind}
    assert {kind for kind in Kind if not said[kind]} == OF_OTHERS  # the people of scenario 4 can send all else
    assert {p.disposition for kind in Kind for p in mail.paths(kind)} == {Disposition.UNSEEN}
    send = "send one from"
    cloud, own, both = "chris@contoso.com", "david@contoso.com", "chris@contoso.com, david@contoso.com"
    assert said[Kind.CLOUD_TO_CLOUD] == [
        f"{send} <{one}> to {other}, with [mailflow cloud-to-cloud] in its subject, and save it from the mailbox "
        f"{other} as messages/cloud-to-cloud{number}.eml"
        for one, other, number in ((cloud, "sara@contoso.com", ""), ("sara@contoso.com", cloud, "-2"))
    ]
    (forward,) = said[Kind.ON_PREMISES_FORWARD]
    assert forward == (
        f"{send} <john@fabrikam.com> to kate@contoso.com, with [mailflow on-premises-forward] in its subject, and save "
        "it from the mailbox kate@tailspintoys.com as messages/on-premises-forward.eml"
    )
    assert said[Kind.INTERNET_TO_BOTH] == [
        f"{send} <john@fabrikam.com> to {both}, with [mailflow internet-to-both] in its subject, and save it from the "
        f"mailbox {mailbox} as messages/internet-to-both{number}.eml"
        for mailbox, number in ((cloud, ""), (own, "-2"))
    ]
    (report,) = said[Kind.ON_PREMISES_NDR]
    assert report == (
        "let mail.contoso.com return a report to john@fabrikam.com, as for a message to a full "
        "mailbox there, and save the report that john@fabrikam.com gets as messages/on-premises-ndr.eml"
    )
    (straight,) = said[Kind.STRANGER_TO_ON_PREMISES]
    assert straight == (
        f"{send} <somebody@stranger.example> to {own}, handed straight to mail.contoso.com, with [mailflow "
        "stranger-to-on-premises] in its subject, and save the report that comes back as "
        "messages/stranger-to-on-premises.eml"
    )
    found = disposition.delivered(mail.environment, mail.paths(Kind.ON_PREMISES_FORWARD))
    why = f"no message shows it ({Kind.ON_PREMISES_FORWARD})"
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, why)
    assert found.remedy.endswith(f", then judge again:\n{forward}")


def test_one_copy_of_two_does_not_show_the_other(mail: Any) -> None:
    mail.only("internet-to-both-2.eml")
    seen, unseen = mail.paths(Kind.INTERNET_TO_BOTH)
    assert (seen.recipient, seen.disposition) == (Address("david", "contoso.com"), Disposition.DELIVERED)
    assert (unseen.recipient, unseen.disposition) == (Address("chris", "contoso.com"), Disposition.UNSEEN)
    assert disposition.delivered(mail.environment, [seen, unseen]).verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(
    ("saved", "kind", "unseen"),
    [
        ("third-party.eml", Kind.THIRD_PARTY, ["david@contoso.com"]),  # to chris: stands for sara, not for the own side
        ("third-party-2.eml", Kind.THIRD_PARTY, ["chris@contoso.com", "sara@contoso.com"]),
        ("internet-to-cloud.eml", Kind.INTERNET_TO_CLOUD, []),
    ],
)
def test_one_message_stands_for_those_that_go_to_the_same_side(
    mail: Any, saved: str, kind: Kind, unseen: list[str]
) -> None:
    mail.only(saved)
    seen, *others = mail.paths(kind)
    assert seen.disposition is Disposition.DELIVERED
    assert [(str(path.recipient), path.disposition) for path in others] == [
        (recipient, Disposition.UNSEEN) for recipient in unseen
    ]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (13, ""),
        (15, "arrived on 2026-06-01, more than 14 days ago"),
        (-2, "arrived on 2026-06-01, which is in the future"),
    ],
)
def test_only_messages_of_these_days_count(mail: Any, days: int, why: str) -> None:
    mail.only("internet-to-cloud.eml").now += timedelta(days=days)
    one = mail.paths(Kind.INTERNET_TO_CLOUD)[0]
    if why:
        assert (one.disposition, one.assumptions[0]) == (
            Disposition.UNSEEN,
            f"messages/internet-to-cloud.eml {why}",
        )
        assert judge.enters_at([one], OWN).verdict is Verdict.NOT_VERIFIED
    else:
        assert one.disposition is Disposition.DELIVERED


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Sat, 99 Dec 2026 10:00:00 +0000", "Sat, 5 Dec 99999 10:00:00 +0000"]
)
def test_without_a_date_nobody_knows_whether_it_still_holds(mail: Any, date: str) -> None:
    mail.only("cloud-to-cloud.eml").edit("cloud-to-cloud.eml", ("Mon, 1 Jun 2026 10:00:04 +0000", date))
    one = mail.paths(Kind.CLOUD_TO_CLOUD)[0]
    assert one.assumptions[0] == "messages/cloud-to-cloud.eml does not say when it arrived"


def test_what_arrived_before_the_change_shows_nothing_of_the_time_after(mail: Any) -> None:
    mail.only("internet-to-cloud.eml")
    after = datetime(2026, 6, 1, 22, tzinfo=timezone(timedelta(hours=1)))
    mail.change(cutover=Cutover(Stage.BEFORE, after)).stage = Stage.AFTER  # as --stage says, not the environment
    assert mail.paths(Kind.INTERNET_TO_CLOUD)[0].assumptions[0] == (
        "messages/internet-to-cloud.eml arrived on 2026-06-01, before the change of the MX record on 2026-06-01"
    )
    mail.change(cutover=Cutover(Stage.AFTER, after)).stage = Stage.BEFORE
    assert mail.paths(Kind.INTERNET_TO_CLOUD)[0].disposition is Disposition.DELIVERED


def test_where_nobody_says_when_the_change_was_no_message_shows_the_time_after_it(mail: Any) -> None:
    mail.only("internet-to-cloud.eml").stage = Stage.AFTER
    one = mail.paths(Kind.INTERNET_TO_CLOUD)[0]
    assert one.disposition is Disposition.UNSEEN
    assert one.assumptions[0] == (
        "messages/internet-to-cloud.eml arrived on 2026-06-01, and whether that was after the change nobody says: "
        "write into environment.yaml: cutover: {stage: after, at: <day and time of the change>}"
    )
    mail.change(cutover=Cutover(Stage.AFTER, NOW - timedelta(days=2)))
    assert mail.paths(Kind.INTERNET_TO_CLOUD)[0].disposition is Disposition.DELIVERED


@pytest.mark.parametrize(
    ("kind", "change", "way"),
    [
        (Kind.CLOUD_TO_CLOUD, ("To: Sara <sara@", "To: <eve@"), "<chris@contoso.com> to eve@contoso.com"),
        (Kind.CLOUD_TO_CLOUD, ("From: Chris <chris@", "From: <eve@"), "<eve@contoso.com> to sara@contoso.com"),
        (Kind.CLOUD_TO_CLOUD, ("To: Sara <sara@contoso.com>", "To: undisclosed"), "<chris@contoso.com> to nobody"),
        (
            Kind.FOREIGN_SENDER,
            ("From: News <news@fabrikam.com>", "From: <news@tailspintoys.com>"),
            "<news@tailspintoys.com> to kate@tailspintoys.com",
        ),
    ],
)
def test_a_message_between_other_people_is_not_the_one_to_send(
    mail: Any, kind: Kind, change: tuple[str, str], way: str
) -> None:
    file = f"{kind.mark}.eml"
    mail.only(file).edit(file, change)
    told = mail.paths(kind)[0].assumptions[0]
    assert told == f"messages/{file} goes from {way}, which is none of the messages to send"


def test_outside_the_organization_anybody_stands_for_anybody(mail: Any) -> None:
    mail.edit("internet-to-cloud.eml", ("john@fabrikam.com", "me@gmail.example"))
    one = mail.path(Kind.INTERNET_TO_CLOUD)
    assert str(one.message.envelope) == "<me@gmail.example> to <chris@contoso.com>"
    assert one.hops[0].mail_from == Address("me", "gmail.example")


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("cloud-to-cloud.eml", ()),
        ("Cloud-To-Cloud from Outlook.EML", ()),
        ("cloud-to-cloud_2.eml", (("[mailflow cloud-to-cloud]", "[mailflow internet-to-cloud]"),)),
        ("3.eml", ()),
        ("3.eml", (("[mailflow cloud-to-cloud]", "AW: [Mailflow: Cloud-to-cloud] !"),)),
        ("3.eml", (("Test [mailflow cloud-to-cloud]", "=?utf-8?Q?Pr=C3=BCfung_=5Bmailflow_cloud-to-cloud=5D?="),)),
        ("3.eml", (("Subject: Test [mailflow cloud-to-cloud]", "Subject: Hello\nX-Mailflow-Kind: cloud-to-cloud"),)),
    ],
)
def test_the_kind_is_told_by_file_name_field_or_subject(
    mail: Any, file: str, changes: tuple[tuple[str, str], ...]
) -> None:
    text = (mail.place / "cloud-to-cloud.eml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    mail.only().save(file, text)
    assert (mail.path(Kind.CLOUD_TO_CLOUD).source, mail.path(Kind.CLOUD_TO_CLOUD).disposition) == (
        f"messages/{file}",
        Disposition.DELIVERED,
    )


def test_a_message_of_no_kind_is_a_mistake_of_whoever_saved_it(mail: Any) -> None:
    mail.only("cloud-to-cloud.eml").save("cloud-to-clouds.eml", "Subject: [mailflow nonsense]\n\n").save("x.txt", "")
    with pytest.raises(InputError) as caught:
        mail.paths(Kind.CLOUD_TO_CLOUD)
    (mistake,) = caught.value.mistakes
    assert str(mistake).startswith(
        "messages/cloud-to-clouds.eml: found a message of no kind; expected a file name that begins with a kind of "
        "message, or a mark of one in the subject. The kinds: internet-to-cloud, internet-to-on-premises, "
    )


def test_a_message_in_outlooks_own_form_is_told(mail: Any) -> None:
    mail.only().save("cloud-to-cloud.MSG", b"\xd0\xcf\x11\xe0")
    with pytest.raises(InputError) as caught:
        mail.paths(Kind.CLOUD_TO_CLOUD)
    assert str(caught.value) == (
        "messages/cloud-to-cloud.MSG: found a message in Outlook's own form; expected an .eml file. Save it from "
        "Outlook on the web, which writes .eml."
    )


def test_messages_of_another_domain_of_the_organization_are_its_own_business(mail: Any) -> None:
    mail.only("cloud-to-cloud.eml").edit("cloud-to-cloud.eml", ("@contoso.com", "@contoso.de"))
    contoso, other = mail.environment.domains[0], replace(mail.environment.domains[0], name="contoso.de")
    people = tuple(Address(one.local, "contoso.de") for one in mail.environment.mailboxes.cloud)
    mailboxes = replace(mail.environment.mailboxes, cloud=(*mail.environment.mailboxes.cloud, *people))
    mail.change(domains=(contoso, other), mailboxes=mailboxes)
    assert {len(path.assumptions) for path in mail.paths(Kind.CLOUD_TO_CLOUD)} == {1}  # the line to act on, no more
    seen = read_messages(mail.environment, other, mail.now, Stage.BEFORE)[Kind.CLOUD_TO_CLOUD]
    assert [(p.disposition, p.recipient) for p in seen] == [(Disposition.DELIVERED, Address("sara", "contoso.de"))]


def test_a_link_out_of_the_folder_and_a_folder_are_not_read(mail: Any, tmp_path: Path) -> None:
    outside = tmp_path.parent / "secret.eml"
    outside.write_text("Subject: secret", encoding="utf-8")
    (mail.only().place / "cloud-to-cloud.eml").symlink_to(outside)
    (mail.place / "cloud-to-internet.eml").mkdir()
    with pytest.raises(InputError) as caught:
        mail.paths(Kind.CLOUD_TO_CLOUD)
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        f"messages/{name}.eml: found a file that cannot be read (it is no file of this folder); expected one that can."
        for name in ("cloud-to-cloud", "cloud-to-internet")
    ]


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_both_ends_of_line_are_read(mail: Any, newline: str) -> None:
    before = mail.paths(Kind.CLOUD_TO_UNKNOWN), mail.paths(Kind.CLOUD_FORWARD)
    for name in ("cloud-to-unknown.eml", "cloud-forward.eml"):
        mail.edit(name, ("\n", newline))
    assert (mail.paths(Kind.CLOUD_TO_UNKNOWN), mail.paths(Kind.CLOUD_FORWARD)) == before


def test_what_only_a_device_or_a_service_can_send_it_is_to_send() -> None:
    devices = load(ROOT / "fixtures" / "scenario-1-devices")
    domain, *_ = devices.domains
    scan, *_ = messages(devices, domain, Kind.DEVICE_TO_CLOUD)
    (to,) = scan.envelope.rcpt_to
    assert send_line(devices, scan, to) == (
        f"let scanner (as <scanner@contoso.com>) send one to {to}, and save it from the mailbox {to} as "
        "messages/device-to-cloud.eml"
    )
    letter, *_ = messages(devices, domain, Kind.THIRD_PARTY)
    (to,) = letter.envelope.rcpt_to
    assert send_line(devices, letter, to, 2) == (
        f"let newsletter (as <news@contoso.com>) send one to {to}, and save it from the mailbox {to} as "
        "messages/third-party-2.eml"
    )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "nothing"),
        (b"\n", "nothing"),
        (b"\0" * 1000, "text without the header of a message"),
        (b"Von: John\nBetreff: Test\n\nHallo", "text without the header of a message"),
        (b"Original Message\n\nMessage ID\t<1@fabrikam.com>\n", "text without the header of a message"),
        ("From: john@fabrikam.com\n".encode("utf-16"), "text in UTF-16"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a message in Outlook's own form"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html>", "XML or HTML"),
    ],
)
def test_what_is_no_message_is_told(tmp_path: Path, content: bytes, found: str) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "internet-to-cloud.eml").write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_saved(tmp_path)
    assert str(refused.value) == (
        f"messages/internet-to-cloud.eml: found {found}; expected a message with its whole header. Save the message "
        "itself: Outlook on the web, Download; Gmail, Show original, Download; Thunderbird, Save as."
    )


@pytest.mark.parametrize("name", ["internet-to-cloud.eml.txt", "internet-to-cloud.txt", "internet-to-cloud-2.emlx"])
def test_a_message_under_another_name_is_told(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / name).write_bytes(b"From: john@fabrikam.com\n\n")
    (folder / "notes.txt").write_bytes(b"whom we asked")
    with pytest.raises(InputError) as refused:
        read_saved(tmp_path)
    renamed = f"{name.partition('.')[0]}.eml"
    assert str(refused.value) == (
        f"messages/{name}: found a message under another name; expected an .eml file. "
        f"Rename it to {renamed}, if it holds the whole header."
    )


def test_empty_lines_before_the_header_are_no_end_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "internet-to-cloud.eml").write_bytes(b"\r\n\r\nFrom: john@fabrikam.com\r\nTo: chris@contoso.com\r\n\r\n")
    (one,) = read_saved(tmp_path)
    assert (str(one.sender), [str(address) for address in one.recipients]) == (
        "john@fabrikam.com",
        ["chris@contoso.com"],
    )

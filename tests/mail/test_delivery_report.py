"""Non-delivery reports: by their parts, by Exchange's sentence, and whatever else may come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.address import Address
from mailflow.mail.delivery_report import DeliveryReport, RecipientStatus, read_report
from mailflow.mail.header import addresses
from mailflow.mail.reply import Reply

REPORT = """\
Content-Type: multipart/report; report-type=delivery-status;
 boundary="=_x y"

--=_x y
Content-Type: text/plain

Undeliverable.
--=_x y
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.fabrikam.com
Arrival-Date: Sat, 5 Dec 2026 10:00:00 +0000

Original-Recipient: rfc822;Kate@contoso.com
Final-Recipient: rfc822;kate@mail.contoso.com
Action: Failed
Status: 5.7.64
Remote-MTA: dns; contoso-com.mail.protection.outlook.com (52.101.73.8)
Diagnostic-Code: smtp;550 5.7.64 TenantAttribution; Relay Access Denied SMTP

Final-Recipient: rfc822;david@contoso.com
Action: delayed
Status: 4.4.7

--=_x y
Content-Type: message/rfc822

Received: from a by b; Sat, 5 Dec 2026 10:00:00 +0000
Subject: [mailflow internet-to-cloud]

body
--=_x y--
"""


def test_a_report_by_its_parts() -> None:
    assert read_report(REPORT.encode()) == DeliveryReport(
        "mail.fabrikam.com",
        (
            RecipientStatus(
                Address("kate", "contoso.com"),
                "failed",
                Reply(550, "5.7.64", "TenantAttribution; Relay Access Denied SMTP"),
                "contoso-com.mail.protection.outlook.com",
            ),
            RecipientStatus(
                Address("david", "contoso.com"), "delayed", Reply(400, "4.4.7", "(the report names no reply)"), ""
            ),
        ),
        (("Received", "from a by b; Sat, 5 Dec 2026 10:00:00 +0000"), ("Subject", "[mailflow internet-to-cloud]")),
    )


@pytest.mark.parametrize(
    ("diagnostic", "status", "reply"),
    [
        ("smtp;550 5.1.1 unknown", "5.1.1", Reply(550, "5.1.1", "unknown")),
        ("smtp; 550-5.1.1 unknown", "5.0.0", Reply(550, "5.1.1", "unknown")),
        ("smtp;550 unknown", "5.1.1", Reply(550, "5.1.1", "unknown")),
        (
            "smtp;<mail.contoso.com #5.1.1 smtp;550 5.1.1 x>",
            "5.1.1",
            Reply(500, "5.1.1", "<mail.contoso.com #5.1.1 smtp;550 5.1.1 x>"),
        ),
        ("smtp;550", "", Reply(550, "", "")),
        ("x-unix; no such user", "5.1.1", Reply(500, "5.1.1", "no such user")),
        ("", "4.4.7", Reply(400, "4.4.7", "(the report names no reply)")),
        ("", "", None),
        ("smtp;250 2.0.0 fine", "2.0.0", Reply(200, "2.0.0", "250 2.0.0 fine")),
    ],
)
def test_the_reply_and_where_none_is_told_its_class(diagnostic: str, status: str, reply: Reply | None) -> None:
    text = REPORT.replace("smtp;550 5.7.64 TenantAttribution; Relay Access Denied SMTP", diagnostic)
    report = read_report(text.replace("Status: 5.7.64", f"Status: {status}").encode())
    assert report is not None
    assert report.recipients[0].reply == reply


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (
            "Remote Server returned '550 5.4.1 Recipient address rejected: Access denied'",
            Reply(550, "5.4.1", "Recipient address rejected: Access denied"),
        ),
        (
            "mail.contoso.com #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##",
            Reply(550, "5.1.1", "RESOLVER.ADR.RecipNotFound; not found"),
        ),
    ],
)
@pytest.mark.parametrize("head", ["Return-Path: <>", "Subject: Undeliverable: Test"])
def test_the_sentence_of_exchange_where_the_parts_were_lost(text: str, reply: Reply, head: str) -> None:
    message = f"{head}\nContent-Type: text/plain\n\nSorry.\n{text}\n".encode()
    assert read_report(message) == DeliveryReport("", (RecipientStatus(None, "failed", reply, ""),), ())
    assert read_report(message.replace(head.encode(), b"Subject: what do you make of this?")) is None


@pytest.mark.parametrize(
    "change",
    [
        ("multipart/report", "multipart/mixed"),
        ("boundary=", "border="),
        ("message/delivery-status", "text/plain"),
        ("=_x y--", "=_x y--"),
    ],
)
def test_what_is_no_report(change: tuple[str, str]) -> None:
    whole = read_report(REPORT.replace(*change).encode())
    assert (whole is None) == (change[0] != change[1])


def test_only_so_many_parts_and_recipients_are_read() -> None:
    head, rest = REPORT.split("Original-Recipient", 1)
    many = head + "Final-Recipient: rfc822;a@b.example\nAction: failed\n\n" * 5000 + "Original-Recipient" + rest
    report = read_report(many.encode())
    assert report is not None
    assert len(report.recipients) == 100
    bomb = REPORT.replace(
        "--=_x y\nContent-Type: message/delivery", "--=_x y\n" * 100_000 + "Content-Type: message/delivery"
    )
    assert read_report(bomb.encode()) is None


pieces = st.sampled_from(
    [*REPORT.splitlines(keepends=True), "\n", "\r\n", "--=_x y\n", "\0", "=?utf-8?B?", "#550 5.1.1 x"]
)


@given(st.lists(pieces | st.text(max_size=9)).map("".join))
def test_no_message_makes_the_reader_raise(text: str) -> None:
    report = read_report(text.encode("utf-8", "surrogatepass"))
    assert report is None or report.recipients


@given(st.text())
def test_no_text_makes_the_reader_of_addresses_raise(text: str) -> None:
    for one in addresses(text):
        assert str(one) in text.lower() or not text.isascii()


def test_addresses_are_found_as_people_write_them() -> None:
    text = 'Kate <Kate@contoso.com>, "David, the other" <david@contoso.com>; sara@contoso.com, x@, @y, a@b..c'
    assert [str(one) for one in addresses(text)] == ["kate@contoso.com", "david@contoso.com", "sara@contoso.com"]
    assert len(addresses("a@b.example, " * 5000)) == 100

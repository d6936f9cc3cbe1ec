"""Non-delivery reports: RFC 3464 delivery-status, and the sentence in which Exchange tells it to people.

What is read comes from strangers: nothing here raises, and only the beginning of a message is looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailflow.mail.address import Address
from mailflow.mail.header import Fields, addresses, field
from mailflow.mail.received import header_fields
from mailflow.mail.reply import Reply

LONGEST = 1 << 20  # octets of a message that are looked at
_PARTS, _RECIPIENTS = 20, 100
_BOUNDARY = re.compile(r'\bboundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)  # RFC 2046 section 5.1.1
_REPLY = re.compile(r"([45]\d\d)(?:[ -]+([245]\.\d{1,3}\.\d{1,3}))?[ -]*(.*)", re.DOTALL)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463 section 2
# Exchange Online: Remote Server returned '550 5.4.1 …'; Exchange Server: #550 5.1.1 RESOLVER… ##
_TOLD = re.compile(r"(?:returned '|#)\s*([45]\d\d [245]\.\d{1,3}\.\d{1,3}[^'#<\r\n]{0,400})")


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What became of the message for one recipient (RFC 3464 section 2.3)."""

    recipient: Address | None  # None: it cannot be read
    action: str  # failed, delayed, delivered, relayed, expanded; lower case
    reply: Reply | None  # None: neither reply nor status is told
    remote_host: str  # who said so; empty: the reporting host itself


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A report about a message that was sent before."""

    reporting_host: str
    recipients: tuple[RecipientStatus, ...]
    original: Fields  # the header of the message that it is about, as far as it was returned


def read_report(message: bytes) -> DeliveryReport | None:
    """Read a message as a report; None where it is none."""
    message = message[:LONGEST].replace(b"\r\n", b"\n")
    kind = field(header_fields(message), "content-type")
    if kind.lower().startswith("multipart/report") and (found := _BOUNDARY.search(kind)):
        return _by_parts(message, (found[1] or found[2]).encode("utf-8", "replace"))
    said = _TOLD.search(message.partition(b"\n\n")[2].decode("utf-8", "replace"))
    if said is None or not _is_about_another(header_fields(message)):
        return None
    return DeliveryReport("", (RecipientStatus(None, "failed", _reply(said[1], ""), ""),), ())


def _is_about_another(fields: Fields) -> bool:
    """Whether a message that is no multipart/report was sent by a mail server about another message."""
    # RFC 5321 section 4.5.5: notifications have a null reverse-path; Exchange writes "Undeliverable: …".
    return field(fields, "return-path") == "<>" or field(fields, "subject").lower().startswith("undeliverable:")


def _by_parts(message: bytes, boundary: bytes) -> DeliveryReport | None:
    reporting, recipients, original = "", tuple[RecipientStatus, ...](), tuple[tuple[str, str], ...]()
    for part in message.split(b"\n--" + boundary)[1 : _PARTS + 1]:
        head, _, body = part.partition(b"\n")[2].partition(b"\n\n")
        kind = field(header_fields(head), "content-type").lower()
        if kind.startswith("message/delivery-status"):
            groups = [header_fields(group) for group in body.split(b"\n\n")[: _RECIPIENTS + 1]]
            reporting = _host(field(groups[0], "reporting-mta"))
            recipients = tuple(_recipients(groups[1:]))
        elif kind.startswith(("message/rfc822", "text/rfc822-headers", "message/global")):
            original = header_fields(body)
    return DeliveryReport(reporting, recipients, original) if recipients else None


def _recipients(groups: list[Fields]) -> Iterator[RecipientStatus]:
    for group in groups:
        action = field(group, "action").lower()
        if action:
            yield RecipientStatus(
                recipient=next(
                    iter(addresses(field(group, "original-recipient") or field(group, "final-recipient"))), None
                ),
                action=action,
                reply=_reply(_behind_type(field(group, "diagnostic-code")), field(group, "status")),
                remote_host=_host(field(group, "remote-mta")),
            )


def _reply(said: str, status: str) -> Reply | None:
    """Read a reply; where none is told, the class of its code follows from the status (RFC 3463 section 2)."""
    told = _STATUS.search(status)
    if found := _REPLY.match(said.strip().lstrip("<#")):
        return Reply(int(found[1]), found[2] or (told[0] if told else ""), " ".join(found[3].split())[:400])
    if told is None:
        return None
    return Reply(int(told[0][0]) * 100, told[0], " ".join(said.split())[:400] or "(the report names no reply)")


def _behind_type(value: str) -> str:
    """Leave out the type in front of a value: `smtp; 550 …`, `dns; mail.contoso.com` (RFC 3464 section 2.1.2)."""
    return value.partition(";")[2].strip() if ";" in value[:40] else value.strip()


def _host(value: str) -> str:
    return _behind_type(value).partition(" ")[0].lower()[:253]

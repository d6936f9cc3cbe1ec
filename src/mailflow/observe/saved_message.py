"""Received messages that somebody saved in the folder `messages/` of an environment, as .eml files.

Which kind of message one is, its file name says (`internet-to-cloud.eml`, `internet-to-cloud-2.eml`), or the field
X-Mailflow-Kind, or a mark in its subject: `[mailflow internet-to-cloud]`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header
from pathlib import Path

from mailflow.environment.message import Kind
from mailflow.input_error import InputError, Mistake
from mailflow.mail.address import Address
from mailflow.mail.delivery_report import LONGEST, DeliveryReport, read_report
from mailflow.mail.header import Fields, addresses, bodies, field
from mailflow.mail.received import arrived_at, header_fields

FOLDER = "messages"
SUFFIX = ".eml"
_OUTLOOK = ".msg"
_MANY = 500  # files
_MARKS = {kind.mark: kind for kind in Kind}
_IN_SUBJECT = re.compile(r"\[mailflow[ :]+([a-z0-9-]+)\]", re.IGNORECASE)
_COPIES = (".txt", ".emlx", ".mht", ".html", ".htm", ".pdf")  # in which people save what they see
_SIGNS = (
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"\xd0\xcf\x11\xe0", "a message in Outlook's own form"),  # [MS-CFB] section 2.2
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF"),
    (b"<", "XML or HTML"),
)
# RFC 5322 section 3.6; one of these stands in whatever was saved with its header.
_OF_A_MESSAGE = frozenset(("from", "to", "subject", "date", "message-id", "received", "return-path", "content-type"))
_SAVE = "Save the message itself: Outlook on the web, Download; Gmail, Show original, Download; Thunderbird, Save as."
_MARK_FIELD = "x-mailflow-kind"


@dataclass(frozen=True, slots=True)
class SavedMessage:
    """One file."""

    file: str  # messages/internet-to-cloud.eml
    kind: Kind
    fields: Fields  # its header
    report: DeliveryReport | None  # it is a report about the message of that kind, not the message

    @property
    def sender(self) -> Address | None:
        """The author of the message of that kind, as its From field names him (RFC 5322 section 3.6.2)."""
        about = self._about
        return next(iter(addresses(field(about, "from"))), None) if about else self.holder

    @property
    def holder(self) -> Address | None:
        """To whom the file itself was sent."""
        return next(iter(addresses(field(self.fields, "to"))), None)

    @property
    def recipients(self) -> tuple[Address, ...]:
        """To whom the message of that kind was sent, as its To and Cc fields and the report name them."""
        told = tuple(one for name in ("to", "cc") for body in bodies(self._about, name) for one in addresses(body))
        reported = tuple(one.recipient for one in self.report.recipients if one.recipient) if self.report else ()
        return tuple(dict.fromkeys((*told, *reported)))

    @property
    def _about(self) -> Fields:
        return self.report.original if self.report else self.fields

    @property
    def arrived(self) -> datetime | None:
        """When the newest host got it; None: it does not say."""
        received = bodies(self.fields, "received")
        return arrived_at(received[0]) if received else None


def read_saved(folder: Path) -> tuple[SavedMessage, ...]:
    """Read every message of an environment's folder; none where it has no `messages/`.

    Raises:
        InputError: files of which the kind cannot be told, or that cannot be read.

    """
    found, mistakes = [], []
    files = _files(folder)
    if len(files) > _MANY:
        mistakes.append(Mistake(f"{FOLDER}/", None, f"{len(files)} messages", f"at most {_MANY}"))
    for path in files[:_MANY]:
        name = f"{FOLDER}/{path.name}"
        if path.suffix.lower() in _COPIES:
            mend = f"Rename it to {path.name.partition('.')[0]}{SUFFIX}, if it holds the whole header."
            mistakes.append(Mistake(name, None, "a message under another name", f"an {SUFFIX} file", mend))
            continue
        if path.suffix.lower() == _OUTLOOK:
            mend = "Save it from Outlook on the web, which writes .eml."
            mistakes.append(Mistake(name, None, "a message in Outlook's own form", f"an {SUFFIX} file", mend))
            continue
        try:
            content = octets(path, folder)
        except OSError as wrong:
            mistakes.append(Mistake(name, None, f"a file that cannot be read ({wrong.strerror})", "one that can"))
            continue
        fields = header_fields(content)
        if no_message := _no_message(content, fields):
            mistakes.append(Mistake(name, None, no_message, "a message with its whole header", _SAVE))
            continue
        report = read_report(content)
        kind = _kind(path.stem, fields, report.original if report else ())
        if kind is None:
            expected = "a file name that begins with a kind of message, or a mark of one in the subject"
            mistakes.append(Mistake(name, None, "a message of no kind", expected, f"The kinds: {', '.join(_MARKS)}."))
            continue
        # What an on-premises server returns is a report itself: then the report is the message of that kind.
        about_another = report if kind is not Kind.ON_PREMISES_NDR else None
        found.append(SavedMessage(name, kind, fields, about_another))
    if mistakes:
        raise InputError(*mistakes)
    return tuple(found)


def _files(folder: Path) -> list[Path]:
    place = folder / FOLDER
    if not place.is_dir():
        return []
    # In any case: Windows writes .EML too, and hides the .txt behind it.
    there = [path for path in place.iterdir() if path.suffix.lower() in (SUFFIX, _OUTLOOK, *_COPIES)]
    return sorted(path for path in there if path.suffix.lower() not in _COPIES or _kind(path.stem) is not None)


def octets(path: Path, folder: Path) -> bytes:
    """Read a file of an environment's folder, at most `LONGEST` octets.

    Raises:
        OSError: it cannot be read, or lies elsewhere.

    """
    # A link must not make us read other files (environment.folder.Folder.inside), a pipe not wait for ever.
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise OSError(0, "it is no file of this folder")
    with path.open("rb") as stream:
        return stream.read(LONGEST).lstrip(b"\r\n")  # what was copied out of a page begins with empty lines


def _no_message(content: bytes, fields: Fields) -> str:
    """Say what stands in the place of a message; empty where one does."""
    if kind := next((kind for sign, kind in _SIGNS if content.startswith(sign)), ""):
        return kind
    if any(name.lower() in _OF_A_MESSAGE for name, _ in fields):
        return ""
    return "text without the header of a message" if content.strip() else "nothing"


def _kind(stem: str, *headers: Fields) -> Kind | None:
    """Tell the kind: by the file name first, which whoever saved the file has chosen."""
    name = stem.lower()
    named = [mark for mark in _MARKS if name == mark or (name.startswith(mark) and not name[len(mark)].isalnum())]
    if named:
        return _MARKS[max(named, key=len)]
    for fields in headers:
        marked = _MARKS.get(field(fields, _MARK_FIELD).strip().lower())
        if marked is None and (found := _IN_SUBJECT.search(_decoded(field(fields, "subject")))):
            marked = _MARKS.get(found[1].lower())
        if marked is not None:
            return marked
    return None


def _decoded(subject: str) -> str:
    """Read encoded words (RFC 2047); what is none, or cannot be read, stands as it is."""
    try:
        parts = decode_header(subject[:1000])
        return "".join(
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part for part, charset in parts
        )
    except (HeaderParseError, LookupError, ValueError):
        return subject

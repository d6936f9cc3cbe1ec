"""The Received trace field (RFC 5321 section 4.4, RFC 5322 section 3.6.7): writing and reading.

What is read comes from strangers: nothing here raises, and a field that cannot be read stays as text.
"""

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

# RFC 5321 section 4.4: each word opens a clause; what stands in round brackets is a comment on it (RFC 5322, 3.2.2).
# RFC 8314 section 4.3 adds tls.
_CLAUSES = ("from", "by", "via", "with", "tls", "id", "for")
_TOKEN = re.compile(r"[()]|;|[^\s();]+")
# Postfix: "using TLSv1.3 with cipher …"; Microsoft: "version=TLS1_3, cipher=…". Names of ciphers begin with TLS_.
_TLS = re.compile(r"\bTLSv?1(?:[._][0-3])?\b", re.IGNORECASE)
_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:")  # RFC 5322 section 2.2; blanks before the colon: section 4.5
_LONGEST = 4096  # characters of one field that are looked at


@dataclass(frozen=True, slots=True)
class Received:
    """One trace field. Parts that are not written are empty."""

    from_name: str  # whom the client said it is
    from_address: IPv4Address | IPv6Address | None  # what the server saw
    by: str
    protocol: str  # SMTP, ESMTP, ESMTPS (RFC 3848), MICROSOFT SMTP SERVER
    id: str
    tls: str  # TLS1_3, TLSv1.3: as it is written; empty without
    text: str  # the field as it stands

    def __str__(self) -> str:
        return self.text


def read_received(field: str) -> Received:
    """Read one field body. What is not understood stays empty; `text` is always whole."""
    text = " ".join(field.split())
    words, comments = _clauses(text[:_LONGEST])
    name, seen = " ".join(words.get("from", ())[:1]), comments.get("from", [])
    address = _address(seen)
    if address is None and seen and seen[0].lower().startswith("helo="):
        # Exim, of a client whose name it could not verify: from [40.92.0.107] (helo=what.it.said).
        name, address = seen[0][len("helo=") :], _address([name.partition("]")[0]])
    tls = next((found for said in comments.values() if (found := _TLS.search(" ".join(said)))), None)
    return Received(
        from_name=name,
        from_address=address,
        by=" ".join(words.get("by", ())[:1]).lower(),
        protocol=" ".join(words.get("with", ())).upper(),
        id=" ".join(words.get("id", ())[:1]),
        tls=tls.group() if tls else "",
        text=text,
    )


def arrived_at(field: str) -> datetime | None:
    """Give the moment that a trace field names, behind its last semicolon; aware, UTC. None where it names none."""
    date = field[-_LONGEST:].rpartition(";")[2]
    try:
        moment = parsedate_to_datetime(date)
        # RFC 5322 section 3.3: -0000 is a time in UTC of which the zone is not known.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _clauses(text: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Give the words of each clause and, apart from them, the words of its comments, up to the date."""
    words: dict[str, list[str]] = {}
    comments: dict[str, list[str]] = {}
    clause, depth = "", 0
    for piece in _TOKEN.findall(text):
        if piece in "()":
            depth = depth + 1 if piece == "(" else max(depth - 1, 0)
        elif depth:
            comments.setdefault(clause, []).append(piece)
        elif piece == ";":
            break
        elif piece.lower() in _CLAUSES and words.get(clause, not clause):
            clause = piece.lower()
            if clause in words:  # what follows twice is no clause of this field
                break
            words[clause] = []
        elif clause:
            words[clause].append(piece)
    return words, comments


def _address(seen: list[str]) -> IPv4Address | IPv6Address | None:
    """Find the TCP-info in a comment: [131.107.21.231], [IPv6:2a01:111::1]; Exchange writes it first, without [].

    Nothing else counts: the client chooses the other words.
    """
    for place, word in enumerate(seen):
        if place == 0 or word.startswith("["):
            with contextlib.suppress(ValueError):
                return ip_address(word.strip("[]").lower().removeprefix("ipv6:"))
    return None


def header_fields(message: bytes) -> tuple[tuple[str, str], ...]:
    """Give the fields of the header section, unfolded, in the order in which they stand (RFC 5322 section 2.2.3)."""
    lines = b"\n" + message.replace(b"\r\n", b"\n")  # the first line may be the empty one that ends the section
    head = lines.partition(b"\n\n")[0].decode("utf-8", "replace")
    fields: list[tuple[str, list[str]]] = []
    for line in head.split("\n"):
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1].append(line.strip())
        elif field := _FIELD.match(line):
            fields.append((field[1], [line[field.end() :].strip()]))
    return tuple((name, " ".join(parts)) for name, parts in fields)

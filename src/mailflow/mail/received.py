"""The Received trace field (RFC 5321 section 4.4, RFC 5322 section 3.6.7): writing and reading.

What is read comes from strangers: nothing here raises, and a field that cannot be read stays as text.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

# "from" names whom the client said it is; the comment after it is what the server saw (RFC 5321 section 4.4, TCP-info).
_FROM = re.compile(r"^from\s+(\S+)(?:\s+\(([^()]*)\))?", re.IGNORECASE)
_CLAUSE = {word: re.compile(rf"(?:^|\s){word}\s+(\S+)", re.IGNORECASE) for word in ("by", "with", "id")}
_TLS = re.compile(r"version=(TLS\S*?)[,;)\s]", re.IGNORECASE)
_ADDRESS = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]")
_LONGEST = 4096  # characters of one field that are looked at


@dataclass(frozen=True, slots=True)
class Received:
    """One trace field. Parts that are not written are empty."""

    from_name: str
    from_address: IPv4Address | IPv6Address | None
    by: str
    protocol: str  # SMTP, ESMTP, ESMTPS (RFC 3848)
    id: str
    tls: str  # TLS1_3, as Microsoft and others write it; empty without
    text: str  # the field as it stands

    def __str__(self) -> str:
        return self.text


def read_received(field: str) -> Received:
    """Read one field body. What is not understood stays empty; `text` is always whole."""
    text = " ".join(field.split())
    looked_at = text[:_LONGEST]
    origin = _FROM.match(looked_at)
    seen = origin.group(2) or "" if origin else ""
    address = _ADDRESS.search(seen)
    tls = _TLS.search(looked_at)
    clauses = {word: pattern.search(looked_at) for word, pattern in _CLAUSE.items()}
    values = {word: match.group(1).strip(";") if match else "" for word, match in clauses.items()}
    return Received(
        from_name=origin.group(1) if origin else "",
        from_address=_address(address.group(1)) if address else None,
        by=values["by"].lower(),
        protocol=values["with"].upper(),
        id=values["id"],
        tls=tls.group(1) if tls else "",
        text=text,
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def header_fields(message: bytes) -> tuple[tuple[str, str], ...]:
    """Give the fields of the header section, unfolded, in the order in which they stand (RFC 5322 section 2.2.3)."""
    head = message.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    fields: list[tuple[str, str]] = []
    for line in head.split("\n"):
        if line[:1] in (" ", "\t") and fields:
            name, body = fields[-1]
            fields[-1] = (name, f"{body} {line.strip()}")
        elif ":" in line:
            name, _, body = line.partition(":")
            fields.append((name.strip(), body.strip()))
    return tuple(fields)

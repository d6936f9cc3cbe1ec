"""Fields of a message header (RFC 5322 section 3.6), once they are unfolded: what is in them comes from strangers."""

import re

from mailflow.mail.address import Address, AddressError

Fields = tuple[tuple[str, str], ...]  # name and body, in the order in which they stand

_MANY = 100  # addresses of one field
# RFC 5322 section 3.4, without comments and quoted local parts: what stands between blanks, commas and brackets.
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")


def field(fields: Fields, name: str) -> str:
    """Give the body of the first field of this name (lower case); empty where there is none."""
    return next(iter(bodies(fields, name)), "")


def bodies(fields: Fields, name: str) -> tuple[str, ...]:
    """Give the body of every field of this name (lower case)."""
    return tuple(body for key, body in fields if key.lower() == name)


def addresses(value: str) -> tuple[Address, ...]:
    """Read every mailbox address in the body of a field, at most a hundred; what cannot be read is left out."""
    found = []
    for match in list(_ADDRESS.finditer(value[:10_000]))[:_MANY]:
        try:
            found.append(Address.parse(match[0]))
        except AddressError:
            continue
    return tuple(found)

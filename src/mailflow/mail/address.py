"""Mailbox addresses and domain names (RFC 5321 sections 2.3.5, 2.3.11 and 4.1.2)."""

import re
from dataclasses import dataclass
from typing import Self

# RFC 5321 section 2.3.5: labels of letters, digits and hyphens. The underscore is no host name
# character, but stands in names that DNS holds for mail (_dmarc, selector1._domainkey).
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# RFC 5321 section 4.1.2, Dot-string. Quoted local parts exist in the grammar, not in Exchange's address book.
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII | re.IGNORECASE)
# RFC 5321 section 4.5.3.1: octets of a local part, a domain name, and a path without its angle brackets.
LONGEST_LOCAL = 64
LONGEST_DOMAIN = 253
LONGEST_ADDRESS = 254


class AddressError(ValueError):
    """The text is no domain name or no mailbox address; the message says what is wrong with it."""


def domain_name(text: str) -> str:
    """Give the one form in which names are compared: lower case, A-labels, no dot at the end.

    Raises:
        AddressError: an empty label, a label of more than 63 octets, or a character no host name has.

    """
    name, shown = text.strip().lower(), repr(text[:LONGEST_ADDRESS])
    if len(name) > LONGEST_DOMAIN + 1:
        raise AddressError(f"{shown} is longer than the {LONGEST_DOMAIN} octets of a domain name")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError as wrong:
            raise AddressError(f"{shown} is no internationalized domain name: {wrong}") from wrong
    name = name.removesuffix(".")
    if len(name) > LONGEST_DOMAIN:
        raise AddressError(f"{shown} is longer than the {LONGEST_DOMAIN} octets of a domain name")
    for label in name.split("."):
        if not label:
            raise AddressError(f"{shown} has an empty label (a dot at the start, or two in a row)")
        if not _LABEL.fullmatch(label):
            raise AddressError(f"{shown} is no domain name: {label!r} is no label of one")
    return name


def is_within(name: str, parent: str) -> bool:
    """Say whether `name` is `parent` or lies below it, at a label boundary."""
    return name == parent or name.endswith("." + parent)


def lineage(name: str) -> tuple[str, ...]:
    """Give a domain name and every name that it lies below, the nearest first."""
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels)))


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A mailbox, local-part and domain.

    The local part is kept in lower case: RFC 5321 section 2.4 lets a receiver distinguish case,
    Exchange does not.
    """

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `kate@contoso.com`.

        Raises:
            AddressError: not of the form local-part@domain.

        """
        local, _, name = text.strip().rpartition("@")  # without an @ the local part is empty
        shown = repr(text[:LONGEST_ADDRESS])
        if len(local) > LONGEST_LOCAL:
            raise AddressError(f"{shown} has more than {LONGEST_LOCAL} octets before the @")
        if not _LOCAL.fullmatch(local):
            raise AddressError(f"{shown} is no mailbox address (expected the form kate@contoso.com)")
        domain = domain_name(name)
        if len(local) + 1 + len(domain) > LONGEST_ADDRESS:
            raise AddressError(f"{shown} is longer than the {LONGEST_ADDRESS} octets of a mailbox address")
        return cls(local.lower(), domain)

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

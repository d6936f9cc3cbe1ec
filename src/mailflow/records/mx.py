"""What RFC 5321 section 5.1, RFC 7505 and RFC 2181 section 10.3 say of MX records and the hosts they name."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from mailflow.records.answer import Answer, MxRecord

# RFC 952 and RFC 1123 section 2.1: letters, digits and inner hyphens. An underscore is no host name character.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII | re.IGNORECASE)


def by_preference(answer: Answer) -> tuple[MxRecord, ...]:
    """Give the MX records in the order in which senders try them: the lowest preference first, then by name."""
    return tuple(sorted(value for value in answer.values if isinstance(value, MxRecord)))


def is_null_mx(records: Iterable[MxRecord]) -> bool:
    """Say whether the domain declares that it takes no mail (RFC 7505 section 3).

    That is one record for the root, and no other; a root among other records is a mistake and no null MX.
    """
    return [record.exchange for record in records] == ["."]


def is_address_literal(exchange: str) -> bool:
    """Say whether an IP address stands where RFC 5321 section 5.1 wants the name of a host."""
    try:
        ip_address(exchange.strip("[]").removesuffix("."))
    except ValueError:
        return False
    return True


def is_host_name(name: str) -> bool:
    """Say whether the text is a legal host name (RFC 1123 section 2.1): `.mail.contoso.com` is none, nor an address."""
    labels = name.removesuffix(".").split(".")
    legal = len(name.removesuffix(".")) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return legal and not labels[-1].isdigit()


def is_alias(*answers: Answer) -> bool:
    """Say whether an exchange's A or AAAA answer came by a CNAME, which RFC 2181 section 10.3 forbids."""
    return any(answer.aliases for answer in answers)


def has_address(a: Answer, aaaa: Answer) -> bool | None:
    """Say whether an exchange has an address; None where a failed look-up leaves it open."""
    if a.values or aaaa.values:
        return True
    return None if a.failed or aaaa.failed else False

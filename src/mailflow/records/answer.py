"""What a DNS look-up asked and what came back, as values.

The ways of not getting a record are different things (RFC 1035 section 4.1.1, RFC 2308): only two of them,
no data and NXDOMAIN, say that a record does not exist. docs/answers-dns.md has the table.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple, TypeVar


class Outcome(StrEnum):
    """How a look-up ended."""

    FOUND = "found"
    NO_DATA = "no data"  # the name exists, not this type
    NXDOMAIN = "NXDOMAIN"  # the name does not exist
    SERVFAIL = "SERVFAIL"  # the server tried and could not
    REFUSED = "REFUSED"  # the server did not want to
    TIMEOUT = "timeout"  # nothing came within the time
    LAME = "lame"  # a server that should know refers to others, or answers without authority (RFC 1912 section 2.8)
    UNUSABLE = "unusable"  # something came, and it cannot be taken for an answer
    UNREACHABLE = "unreachable"  # no way there, or nobody listens


class MxRecord(NamedTuple):
    """RFC 5321 section 5.1. `exchange` without the dot at the end; "." is the null MX of RFC 7505."""

    preference: int
    exchange: str


# TXT: the character-strings of one record joined without blanks (RFC 7208 section 3.3).
# CNAME, PTR, NS: a domain name in lower case, no dot at the end.
Value = MxRecord | IPv4Address | IPv6Address | str


@dataclass(frozen=True, slots=True)
class Question:
    """A name and a type: A AAAA MX TXT CNAME PTR NS SOA TLSA."""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `values` is empty unless `outcome` is FOUND."""

    question: Question
    outcome: Outcome
    values: tuple[Value, ...] = ()
    ttl: int | None = None  # seconds
    aliases: tuple[str, ...] = ()  # the CNAME chain that led to the values, in order
    server: str = ""  # who answered
    text: tuple[str, ...] = field(default=())  # the answer section, a record a line, as evidence
    # The resolver says that DNSSEC proves it: the AD bit of RFC 4035 section 3.2.3. Only as safe as the way to it.
    authentic: bool = False
    tries: tuple[str, ...] = ()  # what was tried before, elsewhere, and how that ended

    @property
    def absent(self) -> bool:
        """The DNS says that there is no such record."""
        return self.outcome in (Outcome.NO_DATA, Outcome.NXDOMAIN)

    @property
    def failed(self) -> bool:
        """The DNS said nothing: neither that there is a record nor that there is none."""
        return self.outcome is not Outcome.FOUND and not self.absent


T = TypeVar("T")


def drive(asking: Generator[Question, Answer, T], answer: Callable[[Question], Answer]) -> T:
    """Answer what a generator of `records` asks, one question after the other; give what it returns."""
    try:
        question = next(asking)
        while True:
            question = asking.send(answer(question))
    except StopIteration as done:
        found: T = done.value
        return found

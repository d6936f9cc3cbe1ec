"""The way of a message, as findings tell it: what is demanded of it, and where it was seen.

Words and not the values of `observe`: they travel between processes and into reports as they stand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hop:
    """One host that took the message. None: what was seen of the message does not show it."""

    host: str
    place: str  # the Internet, Microsoft 365, the on-premises servers
    tls: str | None = ""  # TLSv1.3; empty: in plain text, or submitted here
    connector: str | None = ""  # the connector by which the host before sent it here; empty: none
    attributed: bool | None = False  # Microsoft 365 took it for mail of the organization


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one message to one recipient, as it was seen."""

    kind: str  # of message, in the words of the feature files: "from the Internet to a cloud mailbox"
    recipient: str
    hops: tuple[Hop, ...]
    ending: str  # delivered, refused, …
    ended_at: str = ""  # the place of the host that took or refused it in the end, where it is known
    reply: str = ""  # what that host said, where it did not deliver
    assumed: bool = False  # something had to be taken for granted on the way

    @property
    def places(self) -> tuple[str, ...]:
        """The places in order, hosts of the same place taken together."""
        return merged(hop.place for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one sentence demands of the way of messages. What is empty is not demanded."""

    endings: tuple[str, ...] = ()  # one of these: delivered, refused, …
    ends_at: str = ""  # the place where all of them end
    passes: tuple[str, ...] = ()  # these places in this order, others may lie between
    never: tuple[str, ...] = ()
    enters: str = ""
    leaves: str = ""
    tls: bool = False  # between Microsoft 365 and the on-premises servers
    attributed: bool = False
    connector: bool = False  # from Microsoft 365 to the on-premises servers
    kinds: tuple[str, ...] = ()  # of the messages that were asked about


def merged(places: Iterable[str]) -> tuple[str, ...]:
    """Give the places in order, each once where it follows itself."""
    found: list[str] = []
    for place in places:
        if not found or found[-1] != place:
            found.append(place)
    return tuple(found)


def rounds(names: Sequence[str]) -> Iterator[tuple[Sequence[str], int]]:
    """Take the rounds of a loop together, of up to three hosts: what is in a round, and how often it was gone."""
    start = 0
    while start < len(names):
        size, times = 1, 1
        for length in (1, 2, 3):
            one, count = names[start : start + length], 1
            while names[start + count * length : start + (count + 1) * length] == one:
                count += 1
            if count > 2 and count * length > times * size:
                size, times = length, count
        yield names[start : start + size], times
        start += size * times

"""Who has a mailbox where, and where its mail goes on to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from mailflow.mail.address import Address


class Home(StrEnum):
    """Where a mailbox is."""

    CLOUD = "cloud"
    ON_PREMISES = "on_premises"


@dataclass(frozen=True)
class Mailboxes:
    """Who has a mailbox where."""

    cloud: tuple[Address, ...]
    on_premises: tuple[Address, ...]
    forwards: Mapping[Address, Address]  # mailbox → where its mail goes on to

    def end_of(self, recipient: Address) -> Address:
        """Follow the forwards to the mailbox where mail for a recipient ends."""
        seen = set()
        while recipient in self.forwards and recipient not in seen:
            seen.add(recipient)
            recipient = self.forwards[recipient]
        return recipient

    def home_of(self, address: Address | None) -> Home | None:
        """Tell where a mailbox is listed; None: nowhere."""
        return self._homes.get(address) if address else None

    def of(self, domain: str, home: Home) -> tuple[Address, ...]:
        """The listed mailboxes of one domain, in the tenant or on the own servers."""
        return self._by_domain.get((domain, home), ())

    @cached_property
    def forwarded_to(self) -> frozenset[Address]:
        """Everybody to whom a mailbox forwards."""
        return frozenset(self.forwards.values())

    # A thousand domains ask each for their own: whoever looked through all would make the cost quadratic.
    @cached_property
    def _homes(self) -> Mapping[Address, Home]:
        return dict.fromkeys(self.on_premises, Home.ON_PREMISES) | dict.fromkeys(self.cloud, Home.CLOUD)

    @cached_property
    def _by_domain(self) -> Mapping[tuple[str, Home], tuple[Address, ...]]:
        found: dict[tuple[str, Home], list[Address]] = defaultdict(list)
        for home, listed in ((Home.CLOUD, self.cloud), (Home.ON_PREMISES, self.on_premises)):
            for address in listed:
                found[address.domain, home].append(address)
        return {key: tuple(addresses) for key, addresses in found.items()}

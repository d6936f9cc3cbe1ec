"""The recipients that exports list, looked up by any of their addresses."""

from collections.abc import Set
from typing import Generic, Protocol, TypeVar

from mailflow.exchange.known import Assumptions, Known, Origin, Unknown
from mailflow.mail.address import Address


class Recipient(Protocol):
    """What every cmdlet says of a recipient."""

    @property
    def primary_smtp_address(self) -> Address:
        """The address that the recipient's own messages bear."""

    @property
    def email_addresses(self) -> Known[tuple[Address, ...]]:
        """All SMTP proxy addresses."""

    @property
    def origin(self) -> Origin:
        """Where the export says it."""


Entry = TypeVar("Entry", bound=Recipient)


class Directory(Generic[Entry]):
    """The recipients of some exports. An address that stands in two of them belongs to the later one."""

    def __init__(self, *lists: Known[tuple[Entry, ...]]) -> None:
        self._found: dict[Address, Entry] = {}
        self._named: dict[Address, Entry] = {}
        self._not_exported = tuple(each.why for each in lists if isinstance(each, Unknown))
        self._addresses_unknown: list[str] = []
        for entry in (entry for each in lists if not isinstance(each, Unknown) for entry in each):
            self._named[entry.primary_smtp_address] = self._found[entry.primary_smtp_address] = entry
            if isinstance(entry.email_addresses, Unknown):
                self._addresses_unknown.append(entry.email_addresses.why)
            else:
                self._found |= dict.fromkeys(entry.email_addresses, entry)

    def find(self, address: Address, assume: Assumptions) -> Entry | None:
        """Find the recipient, or None; what is not exported might have named it."""
        found = self._found.get(address)
        for why in self._not_exported if found else (*self._not_exported, *self._addresses_unknown):
            assume.note(why)
        return found

    def named(self, primary: Address, assume: Assumptions) -> Entry | None:
        """Find the recipient whose primary address it is, or None."""
        for why in self._not_exported:
            assume.note(why)
        return self._named.get(primary)

    def addresses(self, assume: Assumptions) -> Set[Address]:
        """Give every address that is known; what is not exported might be more."""
        for why in (*self._not_exported, *self._addresses_unknown):
            assume.note(why)
        return self._found.keys()

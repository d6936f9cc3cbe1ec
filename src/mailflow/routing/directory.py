"""Looking a recipient up by any of its addresses."""

from typing import Generic, TypeVar

from mailflow.exchange.known import Assumptions, Known, Unknown
from mailflow.exchange.online import Mailbox, MailUser
from mailflow.exchange.server import RemoteMailbox
from mailflow.mail.address import Address

Entry = TypeVar("Entry", bound=Mailbox | MailUser | RemoteMailbox)


class Directory(Generic[Entry]):
    """The recipients that one side knows. An address that stands in two lists belongs to the later one."""

    def __init__(self, *lists: Known[tuple[Entry, ...]]) -> None:
        self._found: dict[Address, Entry] = {}
        self._not_exported = tuple(each.why for each in lists if isinstance(each, Unknown))
        self._addresses_unknown: list[str] = []
        for entry in (entry for each in lists if not isinstance(each, Unknown) for entry in each):
            self._found[entry.primary_smtp_address] = entry
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

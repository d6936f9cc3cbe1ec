"""What only the organization can say: which conditions of the documentation hold, which of its ways it has chosen."""

from dataclasses import dataclass
from enum import StrEnum


class Exit(StrEnum):
    """From where the organization's mail enters the Internet."""

    MICROSOFT_365 = "microsoft-365"
    ON_PREMISES = "on-premises"
    THIRD_PARTY_FILTER = "third-party-filter"


class Permission(StrEnum):
    """What the environment expects of something that policy may allow or refuse."""

    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the documentation asks of the organization. None: nobody has answered."""

    sends_for_foreign_domains: tuple[str, ...] | None  # empty: no
    users_forward_outside: bool | None


@dataclass(frozen=True, slots=True)
class Expects:
    """Which of several documented ways the organization has chosen."""

    outbound_exit: Exit | None  # scenario 2, where the documents disagree
    cloud_forwarding: Permission | None  # mailboxes in the tenant that forward outside

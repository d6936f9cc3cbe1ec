"""What resolvers may believe around a change of the MX record, from the times that the zone gives. Pure.

A secondary name server may serve the former version for its refresh time (RFC 1034 section 4.3.5; NOTIFY is only
sooner), a resolver keeps an answer for its TTL (section 3.6). A secondary that cannot refresh is not reckoned with:
whether all serve the same, CUT-NS-1 asks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# "Cutover migration" and "EOP setup": records take up to so long to spread; mail that is queued retries as long
# (RFC 5321 section 4.5.4.1 asks for four to five days at the most).
SPREAD = timedelta(hours=72)


class Believed(StrEnum):
    """Which MX record a resolver may answer with."""

    OLD = "the old MX record"
    NEW = "the new MX record"


@dataclass(frozen=True, slots=True)
class Lowered:
    """The lowering of the old record's TTL before the change."""

    ttl: int  # seconds
    at: datetime  # aware: when it was published, or is to be


@dataclass(frozen=True, slots=True)
class MxChange:
    """A change of the MX record of one domain. Times in seconds, moments aware."""

    at: datetime  # when the new record is published
    old_ttl: int  # of the old record, before it was lowered
    new_ttl: int  # of the new record
    refresh: int  # SOA refresh of the zone; 0 without secondaries
    lowered: Lowered | None = None  # before `at`; None: the old record keeps its TTL

    @property
    def lowered_everywhere(self) -> datetime | None:
        """From when no resolver keeps the old record for longer than the lowered TTL: the earliest safe change."""
        return self.lowered.at + self._after(self.old_ttl) if self.lowered else None

    @property
    def lower_by(self) -> datetime:
        """When the lowered TTL has to be published at the latest, to be everywhere at the change."""
        return self.at - self._after(self.old_ttl)

    @property
    def old_until(self) -> datetime:
        """Up to when, not included, a resolver may give the old record."""
        if self.lowered is None:
            return self.at + self._after(self.old_ttl)
        return max(self.lowered.at + self._after(self.old_ttl), self.at + self._after(self.lowered.ttl))

    @property
    def keep_old_until(self) -> datetime:
        """Until when the old side has to go on taking mail: the old TTL, and what records need to spread."""
        return max(self.old_until, self.at + timedelta(seconds=self.old_ttl)) + SPREAD

    @property
    def too_early(self) -> timedelta:
        """By how much the change comes before it is safe; nothing where it does not, or where nobody knows."""
        return max((self.lowered_everywhere or self.at) - self.at, timedelta())

    @property
    def way_back(self) -> timedelta:
        """How long after going back a resolver may still give the new record."""
        return self._after(self.new_ttl)

    @property
    def latest_way_back(self) -> datetime | None:
        """When to go back at the latest, so that nobody gives the new record any more when the old side may close.

        None: not even at once, as the new record is kept for longer than that.
        """
        latest = self.latest_rollback(self.keep_old_until)
        return latest if latest >= self.at else None

    def latest_rollback(self, seen_by: datetime) -> datetime:
        """Give when to go back at the latest, so that from `seen_by` on nobody gives the new record."""
        return seen_by - self.way_back

    def believed(self, moment: datetime, back_at: datetime | None = None) -> frozenset[Believed]:
        """Give what resolvers may answer with at a moment; `back_at`: the old record was published again then."""
        may: set[Believed] = set()
        if moment < self.old_until or (back_at is not None and moment >= back_at):
            may.add(Believed.OLD)
        if moment >= self.at and (back_at is None or moment < back_at + self.way_back):
            may.add(Believed.NEW)
        return frozenset(may)

    def _after(self, ttl: int) -> timedelta:
        return timedelta(seconds=self.refresh + ttl)

"""What a signature stands for, and whether it still does: evidence, environment and kit as they were signed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

SHOWN = 12  # characters of a digest that tell two apart at a glance


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that were signed."""

    name: str
    signed: str  # its digest in the report
    now: str  # its digest as it is; empty where it is not there
    changes: tuple[str, ...] = ()  # what is different, where that can be told

    @property
    def same(self) -> bool:
        """It is what was signed."""
        return bool(self.signed) and self.signed == self.now

    def __str__(self) -> str:
        if self.same:
            return f"{self.name}: as signed ({self.signed[:SHOWN]}…)"
        if not self.signed:
            return f"{self.name}: the report does not say what was signed"
        now = f"{self.now[:SHOWN]}… now" if self.now else "nothing there now"
        return f"{self.name}: NOT what was signed ({self.signed[:SHOWN]}… then, {now})"


def changes(signed: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Say which files were changed, added or taken away since they had these digests."""
    told = [(name, "changed") for name in signed if name in now and signed[name] != now[name]]
    told += [(name, "added") for name in now if name not in signed]
    told += [(name, "taken away") for name in signed if name not in now]
    return tuple(f"{name}: {what}" for name, what in sorted(told))

"""SMTP replies (RFC 5321 section 4.2) with enhanced status codes (RFC 3463)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: `550 5.7.64 TenantAttribution; Relay Access Denied SMTP`."""

    code: int
    enhanced: str
    text: str

    @property
    def accepted(self) -> bool:
        """2xx or 3xx: the receiver takes what was offered."""
        return 200 <= self.code < 400

    @property
    def transient(self) -> bool:
        """4xx: the sender keeps the message and tries again (RFC 5321 section 4.5.4.1)."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5xx: the sender returns the message (RFC 5321 section 4.2.1)."""
        return self.code >= 500

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)

"""The envelope of a message (RFC 5321 section 2.3.1)."""

from dataclasses import dataclass

from mailflow.mail.address import Address


@dataclass(frozen=True, slots=True)
class Envelope:
    """Reverse-path and forward-paths. `mail_from` None is the null reverse-path of RFC 5321 section 4.5.5."""

    mail_from: Address | None
    rcpt_to: tuple[Address, ...]

    def __str__(self) -> str:
        recipients = ", ".join(f"<{recipient}>" for recipient in self.rcpt_to)
        return f"{path(self.mail_from)} to {recipients}"


def path(address: Address | None) -> str:
    """Write a reverse-path as SMTP does: `<kate@contoso.com>`, or `<>` for none."""
    return f"<{address}>" if address else "<>"

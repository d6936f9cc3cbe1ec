"""Addresses to which reports go, in DMARC and TLS-RPT records: mailto: and https: URIs (RFC 6068, RFC 3986)."""

from typing import NamedTuple
from urllib.parse import urlsplit


class ReportUri(NamedTuple):
    """The parts of one address that matter here; all empty where it is no URI."""

    scheme: str  # lower case
    host: str  # of an https: address
    local: str  # of a mailto: address
    domain: str  # of a mailto: address, lower case, no dot at the end

    @property
    def is_mail(self) -> bool:
        """It names a mailbox."""
        return self.scheme == "mailto" and bool(self.local and self.domain)

    @property
    def is_https(self) -> bool:
        """It names a place to upload to."""
        return self.scheme == "https" and bool(self.host)


def read(text: str) -> ReportUri:
    """Take an address apart. Never raises."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:  # an IPv6 literal without its end
        return ReportUri("", "", "", "")
    local, _, domain = parts.path.rpartition("@")
    return ReportUri(parts.scheme.lower(), parts.netloc, local, domain.lower().removesuffix("."))

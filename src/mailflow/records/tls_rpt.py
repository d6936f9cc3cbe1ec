"""TLS-RPT records (RFC 8460 section 3): where senders report that TLS to a domain's MX hosts failed."""

from dataclasses import dataclass

from mailflow.records import report_uri
from mailflow.records.tag_list import read

VERSION = "TLSRPTv1"


@dataclass(frozen=True, slots=True)
class TlsRpt:
    """One TLS-RPT record."""

    text: str
    reports_to: tuple[str, ...]  # URIs
    flaws: tuple[str, ...]


def parse(text: str) -> TlsRpt:
    """Read a record that begins with v=TLSRPTv1."""
    tags = read(text)
    flaws = list(tags.flaws)
    if not tags.tags or tags.tags[0] != ("v", VERSION):
        flaws.append(f"it does not begin with v={VERSION}")
    told = tags.get("rua")
    uris = tuple(uri.strip() for uri in (told or "").split(",") if uri.strip())
    if not uris:
        flaws.append("it has no rua: nobody gets a report")
    for uri in uris:
        parts = report_uri.read(uri)
        if not (parts.is_mail or parts.is_https):
            flaws.append(f"rua: '{uri}' is neither a mailto: nor an https: address")
    return TlsRpt(text, uris, tuple(flaws))

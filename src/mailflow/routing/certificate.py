"""Which names a certificate answers to, as the connectors of Exchange compare them."""

from collections.abc import Iterable

from mailflow.mail.address import is_within


def answers_to(names: Iterable[str], wanted: str) -> str | None:
    """Find the name of a certificate that a connector's name accepts, or None.

    `wanted` is TlsSenderCertificateName or TlsDomain: a host name, or `*.contoso.com` for every host below it
    (Set-InboundConnector, Set-OutboundConnector). On the certificate a wildcard stands for exactly one label
    (RFC 6125 section 6.4.3).
    """
    wanted = wanted.lower()
    for name in names:
        if name == wanted:
            return name
        if wanted.startswith("*.") and name != wanted[2:] and is_within(name.removeprefix("*."), wanted[2:]):
            return name
        if name.startswith("*.") and wanted.partition(".")[2] == name[2:]:
            return name
    return None

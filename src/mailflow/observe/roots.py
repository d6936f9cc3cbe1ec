"""What verifies the certificates of real hosts: the public authorities, and those that somebody names."""

import ssl
from collections.abc import Iterable

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def roots(authorities: Iterable[x509.Certificate] = (), *, by_name: bool = False) -> ssl.SSLContext:
    """Give the settings of a client.

    `by_name`: it demands the name of the host, as its DNS-ID (RFC 8461 section 3.3); of mail servers names are judged.
    """
    found = ssl.create_default_context(cafile=certifi.where())
    found.check_hostname = by_name
    found.hostname_checks_common_name = False
    found.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Exchange accepts what Python 3.13 began to refuse (RFC 5280 forms)
    for authority in authorities:
        found.load_verify_locations(cadata=authority.public_bytes(Encoding.DER))
    return found

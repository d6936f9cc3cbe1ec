"""TLSA records (RFC 6698, RFC 7671) as senders of mail use them (RFC 7672), and which certificate fits one. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Usage(IntEnum):
    """RFC 7218 section 2.1. The first two lean on public authorities, of which a sender of mail takes none."""

    PKIX_TA = 0
    PKIX_EE = 1
    DANE_TA = 2  # an authority above the server's certificate
    DANE_EE = 3  # the server's own certificate


_HASHES = {1: hashlib.sha256, 2: hashlib.sha512}  # matching types; 0: all of it, without a hash
_SELECTORS = (0, 1)  # the whole certificate; its public key


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One TLSA record."""

    text: str  # 3 1 1 0123…
    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def unusable(self) -> str:
        """Why senders leave it aside (RFC 7672 section 3.1.3, RFC 6698 section 4.1); empty where they do not."""
        if self.usage in (Usage.PKIX_TA, Usage.PKIX_EE):
            return f"usage {self.usage} is none that mail knows"
        if self.usage not in tuple(Usage):
            return f"usage {self.usage} is not defined"
        if self.selector not in _SELECTORS:
            return f"selector {self.selector} is not defined"
        if self.matching not in (0, *_HASHES):
            return f"matching type {self.matching} is not defined"
        size = _HASHES[self.matching]().digest_size if self.matching else len(self.data)
        return "" if self.data and len(self.data) == size else f"{len(self.data)} octets are no such digest"

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether the record is about this certificate, or its key."""
        if self.unusable or (self.selector and not has_known_key(certificate)):
            return False
        return self.data == association(certificate, self.selector, self.matching)


def parse(text: str) -> Tlsa | None:
    """Read a record in the form of a zone file (RFC 6698 section 2.2); None where it is none."""
    words = text.split()
    try:
        usage, selector, matching = (int(word) for word in words[:3])
        data = bytes.fromhex("".join(words[3:]))
    except ValueError:
        return None
    return Tlsa(text, usage, selector, matching, data)


def has_known_key(certificate: x509.Certificate) -> bool:
    """Whether the key of a certificate can be read: a stranger may show any."""
    try:
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def association(certificate: x509.Certificate, selector: int, matching: int) -> bytes:
    """Give what a record with this selector and matching type holds for a certificate (RFC 6698 section 2.1).

    Raises:
        KeyError: a matching type that is not defined.

    """
    if selector:
        data = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        data = certificate.public_bytes(Encoding.DER)
    return _HASHES[matching](data).digest() if matching else data


def written(certificate: x509.Certificate) -> str:
    """Write the record that RFC 7672 section 3.1.1 recommends for a server's certificate: 3 1 1, its key."""
    return f"{Usage.DANE_EE} 1 1 {association(certificate, 1, 1).hex()}"


def fitting(record: Tlsa, chain: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """Find the certificate that a server shows and a record is about: its own, or for DANE-TA one that it follows from.

    `chain`: as it is sent, the server's own first. A trust anchor has to be sent (RFC 7672 section 3.1.2).
    """
    if not chain:
        return None
    seen = chain[0]
    if record.usage == Usage.DANE_EE:
        return seen if record.matches(seen) else None
    above = {one.subject: one for one in chain[1:]}
    for _ in chain[1:]:
        issuer = above.get(seen.issuer)
        if issuer is None or not _issued(seen, issuer):
            return None
        if record.matches(issuer):
            return issuer
        seen = issuer
    return None


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True

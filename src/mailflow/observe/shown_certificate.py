"""What a server shows of itself in a TLS handshake: version, cipher, the certificates that it sends."""

import ssl
import warnings
from dataclasses import dataclass
from typing import Annotated, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import PlainSerializer, PlainValidator

from mailflow.environment.environment import certificate_names

_DER = 2  # _ssl.ENCODING_DER

# A certificate as it was shown; in a recording as PEM (RFC 7468).
ShownCertificate = Annotated[
    x509.Certificate,
    PlainValidator(lambda text: x509.load_pem_x509_certificate(str(text).encode("ascii"))),
    PlainSerializer(lambda shown: shown.public_bytes(Encoding.PEM).decode("ascii")),
]


@dataclass(frozen=True, slots=True)
class Shown:
    """One TLS session as the server set it up."""

    version: str  # TLSv1.3
    cipher: str
    chain: tuple[x509.Certificate, ...]  # as it was sent, the server's own first; empty: it cannot be read

    def lines(self) -> tuple[str, ...]:
        """Tell it, the certificates a line each: whose, from when to when, by whom."""
        told = (
            f"certificate {_name(one.subject)}, valid {one.not_valid_before_utc:%Y-%m-%d} to "
            f"{one.not_valid_after_utc:%Y-%m-%d}, issued by {_name(one.issuer)}; for {', '.join(names) or 'no name'}"
            for one in self.chain
            for names in [certificate_names(one)]
        )
        return (f"{self.version}, {self.cipher}", *(told if self.chain else ("a certificate that cannot be read",)))


def shown(tls: ssl.SSLObject) -> Shown:
    """Read what the server showed."""
    return Shown(str(tls.version()), (tls.cipher() or ("no cipher",))[0], _read(_sent(tls)))


def _sent(tls: ssl.SSLObject) -> list[bytes]:
    """The certificates that were sent. Public from Python 3.13 on; before it, a method of the object beneath."""
    below: Any = tls if hasattr(tls, "get_unverified_chain") else tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001
    sent = below.get_unverified_chain() or []
    return [one if isinstance(one, bytes) else one.public_bytes(_DER) for one in sent]


def _read(sent: list[bytes]) -> tuple[x509.Certificate, ...]:
    """Read them as far as they can be read: what lies above a broken one is of no use."""
    chain = []
    for der in sent:
        try:
            with warnings.catch_warnings(action="ignore"):  # what a certificate has wrong is judged, not warned of
                one = x509.load_der_x509_certificate(der)
                certificate_names(one)
                _name(one.subject), _name(one.issuer)
        except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            break
        chain.append(one)
    return tuple(chain)


def _name(name: x509.Name) -> str:
    return name.rfc4514_string() or "no name"

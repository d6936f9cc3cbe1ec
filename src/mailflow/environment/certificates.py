"""The certificates of an environment: PEM files, and whether a path leads to a trusted authority.

Dates are left aside here; they are judged against the day of the run.
"""

import functools
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.x509 import verification

from mailflow.environment.certificate_forms import other_form
from mailflow.environment.environment import Certificate, certificate_names
from mailflow.environment.folder import Folder

LIMIT = 64 << 10
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def read_authorities(folder: Folder, files: Iterable[str]) -> tuple[x509.Certificate, ...]:
    """Read the certification authorities that are trusted beside the public ones. Mistakes are noted."""
    return tuple(authority for file in files for authority in _read(folder, file))


def read_certificate(folder: Folder, file: str, authorities: Sequence[x509.Certificate]) -> Certificate | None:
    """Read what a server shows: its certificate, then the intermediates. None where that fails, which is noted."""
    found = _read(folder, file)
    if not found:
        return None
    leaf, *chain = found
    if _is_authority(leaf) and not all(map(_is_authority, chain)):  # so others write what was in a .p7b
        first = f"the certificate of an authority first ({leaf.subject.rfc4514_string()})"
        expected = "that of the server, then its intermediates (RFC 5246 section 7.4.2)"
        folder.note(file, None, first, expected, "Put the server's at the beginning of the file.")
        return None
    distrust = _distrust(leaf, chain, authorities)
    return Certificate(file, leaf, tuple(chain), not distrust, distrust)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _read(folder: Folder, file: str) -> list[x509.Certificate]:
    content = folder.read(file, LIMIT)
    if content is None:
        return []
    if b"PRIVATE KEY-----" in content:
        line = content[: content.index(b"PRIVATE KEY-----")].count(b"\n") + 1
        mend = "Remove the private key: it is not needed, and the folder is handed on."
        folder.note(file, line, "a private key", "certificates only", mend)
        return []
    if _BEGIN not in content:
        kind, mend = other_form(content, Path(file).name)
        folder.note(file, None, kind, "the lines of '-----BEGIN CERTIFICATE-----'", mend)
        return []
    try:
        with warnings.catch_warnings(action="ignore"):  # what old certificates have wrong is judged, not warned of
            found = x509.load_pem_x509_certificates(content)
            for certificate in found:
                certificate_names(certificate)
    except ValueError:
        folder.note(file, None, "a certificate that cannot be read", "X.509 certificates in PEM")
        return []
    return found


def _distrust(
    leaf: x509.Certificate, chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]
) -> str:
    """Say in a sentence why no path leads to a trusted authority; empty where one does."""
    if authorities and not _refusal(leaf, chain, authorities):
        return ""
    refusal = _refusal(leaf, chain, _public_authorities())
    if not refusal:
        return ""
    if leaf.issuer == leaf.subject:
        return "It is self-signed."
    known = {authority.subject for authority in (*authorities, *_public_authorities())}
    above = {certificate.subject: certificate for certificate in chain}
    last = leaf
    for _ in chain:
        last = above.get(last.issuer, last)
    issuer = last.issuer.rfc4514_string()
    if last.issuer == last.subject:
        return f"Its chain ends at {issuer}, which is no public authority and not named under authorities."
    if last.issuer not in known:
        return (
            f"The certificate of its issuer {issuer} is neither in the file nor among the trusted authorities: "
            "an intermediate is missing, or the authority is unknown."
        )
    return f"Its chain does not hold: {refusal}."


def _refusal(leaf: x509.Certificate, chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]) -> str:
    """Say why RFC 5280 path validation fails; empty where it succeeds."""
    # Any server name and purpose will do: names are judged elsewhere, and public authorities no longer write
    # the client purpose that a sending server would need.
    builder = verification.PolicyBuilder().store(verification.Store(list(authorities))).time(leaf.not_valid_before_utc)
    builder = builder.extension_policies(
        ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(), ee_policy=verification.ExtensionPolicy.permit_all()
    )
    try:
        builder.build_client_verifier().verify(leaf, list(chain))
    except verification.VerificationError as wrong:
        return str(wrong).rstrip(".")
    return ""


@functools.cache
def _public_authorities() -> tuple[x509.Certificate, ...]:
    """Load Mozilla's list once a process."""
    import certifi  # noqa: PLC0415 - start-up time

    with warnings.catch_warnings(action="ignore"):
        return tuple(x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes()))

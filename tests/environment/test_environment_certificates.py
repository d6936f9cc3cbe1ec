"""Trust: a path to an authority, and why there is none."""

import datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from mailflow.environment import certificates
from mailflow.environment.certificates import read_authorities, read_certificate
from mailflow.environment.folder import Folder
from mailflow.input_error import Mistake

ROOT = trustme.CA(organization_name="Example Trust", organization_unit_name="Root")
ISSUING = ROOT.create_child_ca()
MAIL = ISSUING.issue_cert("mail.contoso.com", "contoso.com")
LEAF, INTERMEDIATE, AUTHORITY = (
    MAIL.cert_chain_pems[0].bytes(),
    ISSUING.cert_pem.bytes(),
    ROOT.cert_pem.bytes(),
)
ISSUING_NAME = x509.load_pem_x509_certificate(INTERMEDIATE).subject.rfc4514_string()
ROOT_NAME = x509.load_pem_x509_certificate(AUTHORITY).subject.rfc4514_string()


def read(tmp_path: Path, content: bytes, *authorities: bytes) -> certificates.Certificate:
    (tmp_path / "mail.pem").write_bytes(content)
    (tmp_path / "authority.pem").write_bytes(b"".join(authorities))
    folder = Folder(tmp_path)
    trusted = read_authorities(folder, ["authority.pem"]) if authorities else ()
    certificate = read_certificate(folder, "mail.pem", trusted)
    assert folder.mistakes == []
    assert certificate is not None
    return certificate


def self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "EX01")])
    now = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_chain_to_an_authority_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_needed() -> None:
        raise AssertionError("the public authorities cost time and are not needed here")

    monkeypatch.setattr(certificates, "_public_authorities", not_needed)
    certificate = read(tmp_path, LEAF + INTERMEDIATE, AUTHORITY)
    assert (certificate.file, certificate.trusted, certificate.distrust) == ("mail.pem", True, "")
    assert certificate.leaf == x509.load_pem_x509_certificate(LEAF)
    assert certificate.chain == (x509.load_pem_x509_certificate(INTERMEDIATE),)
    assert certificate.names == ("mail.contoso.com", "contoso.com")


def test_a_chain_to_a_public_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_public_authorities", lambda: (x509.load_pem_x509_certificate(AUTHORITY),))
    assert read(tmp_path, LEAF + INTERMEDIATE).trusted


def test_the_root_in_the_file_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, LEAF + INTERMEDIATE + AUTHORITY, AUTHORITY).trusted


@pytest.mark.parametrize(
    ("content", "authorities", "distrust"),
    [
        (
            LEAF,
            [AUTHORITY],
            (
                f"The certificate of its issuer {ISSUING_NAME} is neither in the file nor among the trusted "
                "authorities: an intermediate is missing, or the authority is unknown."
            ),
        ),
        (
            LEAF + INTERMEDIATE,
            [],
            (
                f"The certificate of its issuer {ROOT_NAME} is neither in the file nor among the trusted "
                "authorities: an intermediate is missing, or the authority is unknown."
            ),
        ),
        (
            LEAF + INTERMEDIATE + AUTHORITY,
            [],
            f"Its chain ends at {ROOT_NAME}, which is no public authority and not named under authorities.",
        ),
        (self_signed(), [AUTHORITY], "It is self-signed."),
    ],
)
def test_why_a_certificate_is_not_trusted(
    tmp_path: Path, content: bytes, authorities: list[bytes], distrust: str
) -> None:
    certificate = read(tmp_path, content, *authorities)
    assert (certificate.trusted, certificate.distrust) == (False, distrust)


def test_a_chain_that_only_looks_right(tmp_path: Path) -> None:
    stranger = trustme.CA(organization_name="Example Trust", organization_unit_name="Root")
    forged = x509.load_pem_x509_certificate(stranger.cert_pem.bytes())
    assert forged.subject.rfc4514_string() == ROOT_NAME
    certificate = read(tmp_path, LEAF + INTERMEDIATE, stranger.cert_pem.bytes())
    assert not certificate.trusted
    assert certificate.distrust.startswith("Its chain does not hold: ")


def test_dates_are_left_aside(tmp_path: Path) -> None:
    past = ISSUING.issue_cert("mail.contoso.com", not_after=datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC))
    assert read(tmp_path, past.cert_chain_pems[0].bytes() + INTERMEDIATE, AUTHORITY).trusted


def test_the_public_authorities_are_mozillas() -> None:
    authorities = certificates._public_authorities()
    assert len(authorities) > 100
    assert certificates._public_authorities() is authorities


def _encoded(form: serialization.Encoding) -> bytes:
    both = [x509.load_pem_x509_certificate(one) for one in (LEAF, INTERMEDIATE)]
    return pkcs7.serialize_certificates(both, form)


def _pfx() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    above = [x509.load_pem_x509_certificate(INTERMEDIATE)]
    return pkcs12.serialize_key_and_certificates(b"mail", key, None, above, serialization.NoEncryption())


_CER = "Export it as Windows calls it: Base-64 encoded X.509 (.CER)."


@pytest.mark.parametrize(
    ("content", "found", "mend"),
    [
        (b"", "nothing", _CER),
        (b"MIIBszCCAVmgAwIBAgIU", "no PEM certificate", _CER),
        (LEAF.decode().encode("utf-16"), "text in UTF-16", "Save the file in the encoding UTF-8."),
        (
            x509.load_pem_x509_certificate(LEAF).public_bytes(serialization.Encoding.DER),
            "a certificate in DER",
            "openssl x509 -inform der -in certificate.cer -out mail.pem",
        ),
        (
            _encoded(serialization.Encoding.DER),
            "certificates in PKCS #7",
            "openssl pkcs7 -inform der -print_certs -in certificates.p7b -out mail.pem",
        ),
        (
            _encoded(serialization.Encoding.PEM),
            "certificates in PKCS #7",
            "openssl pkcs7 -print_certs -in certificates.p7b -out mail.pem",
        ),
        (
            _pfx(),
            "a PKCS #12 file, which holds a private key",
            "openssl pkcs12 -nokeys -in certificate.pfx -out mail.pem",
        ),
        (
            b"-----BEGIN NEW CERTIFICATE REQUEST-----\n",
            "a request for a certificate",
            "Take the certificate that the authority issued for it.",
        ),
        (
            LEAF.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
            "a certificate with OpenSSL's trust",
            "openssl x509 -in certificate.pem -out mail.pem",
        ),
    ],
)
def test_another_form_is_told_with_what_makes_pem_of_it(tmp_path: Path, content: bytes, found: str, mend: str) -> None:
    (tmp_path / "mail.pem").write_bytes(content)
    folder = Folder(tmp_path)
    assert read_certificate(folder, "mail.pem", ()) is None
    expected = "the lines of '-----BEGIN CERTIFICATE-----'"
    assert folder.mistakes == [Mistake("mail.pem", None, found, expected, mend)]


def test_an_authority_before_the_server_is_told(tmp_path: Path) -> None:
    """It would be judged as the certificate of the server, whose name is not on it."""
    (tmp_path / "mail.pem").write_bytes(AUTHORITY + INTERMEDIATE + LEAF)
    folder = Folder(tmp_path)
    assert read_certificate(folder, "mail.pem", ()) is None
    assert folder.mistakes == [
        Mistake(
            "mail.pem",
            None,
            f"the certificate of an authority first ({ROOT_NAME})",
            "that of the server, then its intermediates (RFC 5246 section 7.4.2)",
            "Put the server's at the beginning of the file.",
        )
    ]

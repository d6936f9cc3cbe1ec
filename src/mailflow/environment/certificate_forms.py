"""In what form a file holds certificates, where that is not PEM; and how to make PEM of it."""

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # RFC 5652 section 5.1, as a .p7b begins
_DATA = bytes.fromhex("06092a864886f70d010701")  # RFC 7292 section 4: a .pfx is version 3, then data
_PFX = bytes.fromhex("020103")
_HEAD = 64  # octets in which these stand


def other_form(content: bytes, name: str) -> tuple[str, str]:
    """Say what a file holds that has no PEM certificate, and how to mend it; `name`: what it is to be called."""
    head = content[:_HEAD]
    if not content.strip():
        return "nothing", "Export it as Windows calls it: Base-64 encoded X.509 (.CER)."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text in UTF-16", "Save the file in the encoding UTF-8."
    if b"-----BEGIN CERTIFICATE REQUEST" in content or b"-----BEGIN NEW CERTIFICATE REQUEST" in content:
        return "a request for a certificate", "Take the certificate that the authority issued for it."
    if b"-----BEGIN PKCS7-----" in content:
        return "certificates in PKCS #7", f"openssl pkcs7 -print_certs -in certificates.p7b -out {name}"
    if b"-----BEGIN TRUSTED CERTIFICATE-----" in content:
        return "a certificate with OpenSSL's trust", f"openssl x509 -in certificate.pem -out {name}"
    if _SIGNED_DATA in head:
        return "certificates in PKCS #7", f"openssl pkcs7 -inform der -print_certs -in certificates.p7b -out {name}"
    if _PFX in head and _DATA in head:
        mend = f"openssl pkcs12 -nokeys -in certificate.pfx -out {name}"
        return "a PKCS #12 file, which holds a private key", mend
    if content.startswith(b"\x30"):
        return "a certificate in DER", f"openssl x509 -inform der -in certificate.cer -out {name}"
    return "no PEM certificate", "Export it as Windows calls it: Base-64 encoded X.509 (.CER)."

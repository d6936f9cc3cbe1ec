"""DKIM key records: whether a receiver can verify with one (RFC 6376, RFC 8301, RFC 8463)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.dkim_key import DkimKey, mended, parse
from mailflow.simulate.signature import key_record


def spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    octets = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(octets).decode("ascii")


RSA = spki(rsa.generate_private_key(65537, 1024))
PKCS1 = base64.b64encode(
    rsa.generate_private_key(65537, 1024).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
).decode("ascii")
RAW = base64.b64encode(
    ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
).decode("ascii")
SHORT = (  # cryptography makes none so short any more
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAM3qi4VWjlG8mR7d5y7cN2Pfl0X0mHjVYqT1m9Y7"
    "Q0rj4yqfJ3x0w7l1n3w2n4m5b6v7c8x9z0a1s2d3f4g5h6kCAwEAAQ=="
)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        (f"v=DKIM1; k=rsa; p={RSA}", 1024),
        (f"p={RSA[:70]} {RSA[70:]}", 1024),
        (f"k=ed25519; p={RAW}", 0),
        (f"h=sha1 : SHA256; s=tlsrpt:email; p={RSA}", 1024),
        (f"h=; s=*; p={RSA}", 1024),
        (key_record().replace('" "', "").strip('"'), 2048),
    ],
)
def test_usable_keys(text: str, bits: int) -> None:
    key = parse(text)
    assert (key.wrong, key.bits, key.testing) == ("", bits, False)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"v=DKIM2; p={RSA}", "v is not DKIM1, or does not come first"),
        (f"k=rsa; v=DKIM1; p={RSA}", "v is not DKIM1, or does not come first"),
        ("v=DKIM1; k=rsa", "it has no p, the key itself"),
        ("v=DKIM1; p=", "p is empty: the key was revoked"),
        (f"v=DKIM1; p={RSA[:-9]}", "p is no Base64: the key was cut, or has blanks or quotes in it"),
        (f"v=DKIM1; p={RSA[:-40]}", "p holds no RSA key: it was cut or changed"),
        (f"v=DKIM1; k=dsa; p={RSA}", "k=dsa is no kind of key that receivers know"),
        (f"v=DKIM1; k=ed25519; p={RSA}", "p has 162 octets, not 32"),
        (f"v=DKIM1; p={spki(ec.generate_private_key(ec.SECP256R1()))}", "p holds a key of another kind than RSA"),
        ("v=DKIM1; p=x; p=y", "the tag p stands twice"),
        (f"V=DKIM1; P={RSA}", "it has no p, the key itself"),  # section 3.2: names are case-sensitive
        (f"v=dkim1; p={RSA}", "v is not DKIM1, or does not come first"),
        (f"v=DKIM1\\; k=rsa\\; p={RSA}", "v is not DKIM1, or does not come first"),
        (f'v=DKIM1; p="{RSA}"', "p is no Base64: the key was cut, or has blanks or quotes in it"),
        (
            f"v=DKIM1; p=-----BEGIN PUBLIC KEY-----{RSA}",
            "p is no Base64: the key was cut, or has blanks or quotes in it",
        ),
        ("v=spf1 -all", "v is not DKIM1, or does not come first"),
        (f"v=DKIM1; p={PKCS1}", "p holds an RSAPublicKey without the SubjectPublicKeyInfo around it"),
        (f"v=DKIM1; h=sha1; p={RSA}", "h=sha1 does not allow SHA-256"),
        (f"v=DKIM1; s=tlsrpt; p={RSA}", "s=tlsrpt is not for mail"),
    ],
)
def test_what_is_wrong(text: str, wrong: str) -> None:
    assert parse(text).wrong == wrong


def test_a_short_key_is_taken_by_nobody() -> None:
    key = parse(f"v=DKIM1; p={SHORT}")
    assert (key.bits, key.wrong) == (512, "a key of 512 bits: receivers take none below 1024")


def test_a_key_that_is_only_tried() -> None:
    assert parse(f"v=DKIM1; t=s:y; p={RSA}").testing


def test_what_weakens_a_key() -> None:
    assert parse(f"v=DKIM1; t=y; p={RSA}").remarks == (
        "has a key of 1024 bits; 2048 are asked for (RFC 8301)",
        "says t=y: its signatures count for nothing",
    )
    long = rsa.RSAPublicNumbers(65537, (1 << 4104) - 1).public_key()
    octets = long.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (told,) = parse(f"v=DKIM1; p={base64.b64encode(octets).decode('ascii')}").remarks
    assert told == "has a key of 4104 bits; receivers need not take more than 4096 (RFC 8301)"
    assert parse(f"v=DKIM1; p={SHORT}").remarks == parse(f"k=ed25519; p={RAW}").remarks == ()


GOOD = f"v=DKIM1; k=rsa; p={RSA}"


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (f"k=rsa; t=y; v=DKIM1; s=tlsrpt; h=sha1; p={RSA}", GOOD),
        (f"V=DKIM1; P={RSA}", GOOD),
        (f"v=DKIM1\\; p={RSA}", GOOD),
        (f'v=DKIM1; k=ed25519; p="{RSA[:70]}" "{RSA[70:]}"', GOOD),
        (f"v=DKIM1; p=-----BEGIN PUBLIC KEY-----{RSA}-----END PUBLIC KEY-----", GOOD),
        (RSA, GOOD),
        (f"v=DKIM1; p={RAW}", f"v=DKIM1; k=ed25519; p={RAW}"),
        ("v=DKIM1; p=", ""),
        (f"v=DKIM1; p={RSA[:-40]}", ""),
        (f"v=DKIM1; p={SHORT}", ""),
        ("v=spf1 -all", ""),
    ],
)
def test_a_record_is_mended_where_its_key_is_good(text: str, record: str) -> None:
    assert mended(text) == record


@given(st.text() | st.text().map("v=DKIM1; p={}".format) | st.binary().map(lambda b: base64.b64encode(b).decode()))
def test_what_is_mended_is_a_record_that_receivers_take(text: str) -> None:
    record = mended(text)
    assert not record or (not parse(record).wrong and mended(record) == record)


@given(
    st.text() | st.text().map("v=DKIM1; p={}".format) | st.binary().map(lambda b: f"p={base64.b64encode(b).decode()}")
)
def test_anything_can_be_read(text: str) -> None:
    assert isinstance(parse(text), DkimKey)

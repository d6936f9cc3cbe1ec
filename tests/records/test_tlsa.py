"""TLSA records: read, matched with certificates, and held against what OpenSSL works out."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.tlsa import Tlsa, association, fitting, parse, written

FIXTURES = Path(__file__).parents[2] / "fixtures"
PEM = FIXTURES / "scenario-4" / "certificates" / "mail.contoso.com.pem"
# openssl x509 -in mail.contoso.com.pem -noout -pubkey | openssl pkey -pubin -outform der | openssl sha256
KEY_SHA256 = "6acd66ad96059c6f88109969fc892031277fef6be7acc262ed47f78fa63e547f"
# openssl x509 -in mail.contoso.com.pem -outform der | openssl sha512
WHOLE_SHA512 = (
    "f1dceb666ab78e0a4f78dedfc4950249da0e03764769c3b6af387a38a10d9090"
    "a42ce4022325f199d421b86edccf547acad981ebfaeba77bcf14a2326b5a2d2d"
)

ROOT = trustme.CA()
ISSUING = ROOT.create_child_ca()
CHAIN = x509.load_pem_x509_certificates(
    b"".join(pem.bytes() for pem in ISSUING.issue_cert("mail.contoso.com").cert_chain_pems) + ROOT.cert_pem.bytes()
)
LEAF, INTERMEDIATE, ANCHOR = CHAIN
OTHER = x509.load_pem_x509_certificate(trustme.CA().issue_cert("mail.contoso.com").cert_chain_pems[0].bytes())


def record(usage: int, selector: int, matching: int, certificate: x509.Certificate) -> Tlsa:
    found = parse(f"{usage} {selector} {matching} {association(certificate, selector, matching).hex()}")
    assert found is not None
    return found


def test_what_openssl_works_out() -> None:
    (leaf, *_) = x509.load_pem_x509_certificates(PEM.read_bytes())
    assert written(leaf) == f"3 1 1 {KEY_SHA256}"
    assert association(leaf, 0, 2).hex() == WHOLE_SHA512
    assert association(leaf, 0, 1) == leaf.fingerprint(hashes.SHA256())


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
def test_the_server_s_own_certificate(selector: int, matching: int) -> None:
    one = record(3, selector, matching, LEAF)
    assert one.unusable == ""
    assert fitting(one, CHAIN) == fitting(one, [LEAF]) == LEAF
    assert fitting(record(3, selector, matching, OTHER), CHAIN) is None
    assert fitting(record(3, selector, matching, INTERMEDIATE), CHAIN) is None  # of the server's own alone
    assert fitting(one, []) is None


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
def test_an_authority_above_it(selector: int, matching: int) -> None:
    assert fitting(record(2, selector, matching, INTERMEDIATE), CHAIN) == INTERMEDIATE
    assert fitting(record(2, selector, matching, ANCHOR), CHAIN) == ANCHOR
    assert fitting(record(2, selector, matching, ANCHOR), [LEAF, ANCHOR, INTERMEDIATE]) == ANCHOR  # in any order
    assert fitting(record(2, selector, matching, ANCHOR), CHAIN[:2]) is None  # it has to be sent
    assert fitting(record(2, selector, matching, INTERMEDIATE), [OTHER, INTERMEDIATE, ANCHOR]) is None
    assert fitting(record(2, selector, matching, LEAF), CHAIN) is None


def test_a_name_alone_makes_no_authority() -> None:
    """Whoever has the name of an authority has not signed with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = LEAF.issuer, datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    lookalike = builder.sign(key, hashes.SHA256())
    assert fitting(record(2, 0, 1, lookalike), [LEAF, lookalike]) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 0 1 " + "00" * 32, "usage 0 is none that mail knows"),
        ("1 0 1 " + "00" * 32, "usage 1 is none that mail knows"),
        ("4 0 1 " + "00" * 32, "usage 4 is not defined"),
        ("3 2 1 " + "00" * 32, "selector 2 is not defined"),
        ("3 1 3 " + "00" * 32, "matching type 3 is not defined"),
        ("3 1 1 " + "00" * 31, "31 octets are no such digest"),
        ("3 1 2 " + "00" * 32, "32 octets are no such digest"),
        ("3 1 0", "0 octets are no such digest"),
    ],
)
def test_what_senders_leave_aside(text: str, why: str) -> None:
    found = parse(text)
    assert found is not None
    assert found.unusable == why
    assert not found.matches(LEAF)
    assert fitting(found, CHAIN) is None


def test_the_digits_may_stand_in_groups() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    assert parse(f"3 1 1 {digest[:56].upper()} {digest[56:]}") == Tlsa(
        f"3 1 1 {digest[:56].upper()} {digest[56:]}", 3, 1, 1, bytes.fromhex(digest)
    )


@pytest.mark.parametrize("text", ["", "3 1", "3 1 1 0", "a b c d", "3 1 1 zz", "@"])
def test_what_is_no_record(text: str) -> None:
    assert parse(text) is None


@given(st.text() | st.from_regex(r"[0-9]{1,3} [0-9] [0-9] [0-9a-f ]*", fullmatch=True))
def test_any_text_is_read_and_fits_nothing_by_chance(text: str) -> None:
    found = parse(text)
    assert found is None or fitting(found, CHAIN) is None


@given(st.integers(2, 3), st.integers(0, 1), st.integers(0, 2), st.integers(0, 2), st.data())
def test_one_other_bit_fits_no_more(usage: int, selector: int, matching: int, which: int, data: st.DataObject) -> None:
    one = record(usage, selector, matching, CHAIN[which])
    at = data.draw(st.integers(0, len(one.data) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = one.data[:at] + bytes([one.data[at] ^ bit]) + one.data[at + 1 :]
    assert (fitting(one, CHAIN) is None) is ((usage == 3) != (which == 0))
    assert fitting(Tlsa("", usage, selector, matching, changed), CHAIN) is None

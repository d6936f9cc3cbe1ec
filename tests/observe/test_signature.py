"""The eye for DKIM signatures: each result with its reason; nothing that a stranger writes stops it."""

import re
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.observe.signature import Signature, Verified, check
from mailflow.records.answer import Answer, Outcome, Question, drive
from mailflow.simulate.signature import key_record, sign

KEY = key_record().replace('" "', "").strip('"')
NAME = "mail._domainkey.contoso.com"
PLAIN = b"From: chris@contoso.com\r\nSubject: Hello\r\n\r\nText\r\n"
SIGNED = sign(PLAIN, "contoso.com", "mail")
GOOD = Signature("contoso.com", "mail", Verified.PASS)
ED25519 = "v=DKIM1; k=ed25519; p=" + "A" * 43 + "="


def checked(message: bytes, found: Any = (KEY,)) -> tuple[Signature, ...]:
    def answer(question: Question) -> Answer:
        if isinstance(found, Outcome):
            return Answer(question, found)
        return Answer(question, Outcome.FOUND if found else Outcome.NXDOMAIN, tuple(found))

    return drive(check(message), answer)


def not_good(verified: Verified, why: str, *, changed: bool = False) -> tuple[Signature, ...]:
    return (Signature("contoso.com", "mail", verified, why, changed),)


def test_what_was_signed_verifies_and_what_was_not_has_no_signature() -> None:
    assert checked(PLAIN) == ()
    assert checked(SIGNED) == (GOOD,)
    assert checked(SIGNED.replace(b"\r\n", b"\n")) == (GOOD,)  # as files are saved
    assert str(GOOD) == "DKIM signature of contoso.com (mail): pass"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((b"Text", b"Text, and a disclaimer"), "the body was changed"),
        ((b"Hello", b"[External] Hello"), "the header was changed, or the key is another one"),
        ((b"a=rsa-sha256", b"a=rsa-md5"), "ValidationError: unknown signature algorithm: b'rsa-md5'"),
    ],
)
def test_what_was_changed_does_not(change: tuple[bytes, bytes], why: str) -> None:
    assert checked(SIGNED.replace(*change, 1)) == not_good(Verified.FAIL, why, changed="changed" in why)


@pytest.mark.parametrize(
    ("found", "verified", "why"),
    [
        ((), Verified.FAIL, f"{NAME} has no keys"),
        ((KEY, KEY), Verified.FAIL, f"{NAME} has 2 keys"),
        (("v=DKIM1; p=",), Verified.FAIL, f"{NAME}: p is empty: the key was revoked"),
        ((f"{KEY}; t=y",), Verified.FAIL, f"{NAME}: it says t=y"),
        (("v=DKIM1; p=MIIB",), Verified.FAIL, f"{NAME}: p holds no RSA key: it was cut or changed"),
        (Outcome.TIMEOUT, Verified.UNKNOWN, f"the look-up of {NAME} TXT failed"),
        ((ED25519,), Verified.UNKNOWN, f"{NAME} has a key that is not tried here: Ed25519"),
    ],
)
def test_the_key(found: Any, verified: Verified, why: str) -> None:
    assert checked(SIGNED, found) == not_good(verified, why)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (SIGNED + b"x" * 1000, "it has a line of more than 998 octets"),
        (SIGNED + b"x\r\n" * 400_000, "it is larger than 1048576 octets, or its header than 65536"),
        (
            SIGNED.replace(b"From:", b"X: y\r\n" * 20_000 + b"From:"),
            "it is larger than 1048576 octets, or its header than 65536",
        ),
    ],
)
def test_what_would_take_long_is_not_tried(message: bytes, why: str) -> None:
    assert checked(message) == not_good(Verified.UNKNOWN, why)


def test_a_signature_without_a_domain_or_without_end_is_none() -> None:
    assert checked(b"DKIM-Signature: v=1; s=mail\r\n" + PLAIN) == (
        Signature("", "mail", Verified.FAIL, "it has no d or no s"),
    )
    long = sign(PLAIN, "contoso.com", "mail").replace(b"v=1;", b"v=1;" + b"\r\n\tx=y;" * 1000, 1)
    assert checked(long) == not_good(Verified.FAIL, "it has more than 4096 octets")


def test_of_many_signatures_the_newest_are_looked_at() -> None:
    message = PLAIN
    for number in range(7):
        message = sign(message, "contoso.com", f"s{number}")
    assert checked(message) == tuple(Signature("contoso.com", f"s{n}", Verified.PASS) for n in (6, 5, 4, 3, 2))


PIECES = [
    *(b" ", b"\t", b"\r\n ", b"\n\t", b"\0", b"\xff", b";", b":", b"="),
    *(b"b=", b"h=", b"bh=", b"l=", b"x=", b"t=", b"i=@", b"v=1;", b"from", b"A" * 60, b"9" * 70),
    *(b"d=contoso.com;", b"s=mail;", b"a=rsa-sha256;", b"c=relaxed/simple;"),
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.one_of(
        st.just(KEY),
        st.text(max_size=80),
        st.lists(st.sampled_from(["p=", "k=rsa;", "t=s;", KEY]), max_size=4).map("".join),
    ),
)
@settings(max_examples=300)
def test_whatever_stands_in_a_signature_it_is_one_that_does_not_verify(field: bytes, key: str) -> None:
    for one in checked(b"DKIM-Signature: d=contoso.com; s=mail;" + field + b"\r\n" + PLAIN, (key,)):
        assert one.verified is not Verified.PASS


@given(st.binary(max_size=400))
def test_whatever_a_message_holds_nothing_is_raised(message: bytes) -> None:
    for one in checked(message):
        assert one.verified is not Verified.PASS


@pytest.mark.parametrize("blank", [b" ", b"\t", b"\r\n ", b" \r\n\t"])
def test_blanks_without_end_do_not_hang(blank: bytes) -> None:
    """What dkimpy's patterns do with blanks grows with their square."""
    for place in (b"b=", b"h=", b"\r\n\r\n", b"Hello"):
        message = re.sub(re.escape(place), lambda found: found[0] + blank * (4000 // len(blank)), SIGNED, count=1)
        begun = monotonic()
        checked(message)
        assert monotonic() - begun < 20  # milliseconds on an idle machine; a minute and more where it hangs

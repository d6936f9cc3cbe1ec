"""Signatures of simulated servers: somebody else's verifier takes them, and notices every change."""

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.dkim_key import parse
from mailflow.simulate.signature import key_record, sign

KEY = key_record().replace('" "', "").strip('"')
HEAD = b"From: Chris <chris@contoso.com>\r\nTo: kate@tailspintoys.com\r\nSubject: Hello\r\n there\r\nDate: today\r\n"


def verifies(message: bytes) -> bool:
    asked: list[bytes] = []

    def answer(name: bytes, timeout: int = 0) -> bytes:
        asked.append(name)
        return KEY.encode("ascii")

    passed = dkim.DKIM(message).verify(0, dnsfunc=answer)
    assert asked == [b"mail._domainkey.contoso.com."]
    return bool(passed)


def test_the_key_is_one_that_receivers_ask_for() -> None:
    key = parse(KEY)
    assert (key.wrong, key.bits, key.testing) == ("", 2048, False)
    assert all(len(part) <= 255 for part in key_record().strip('"').split('" "'))  # RFC 1035 section 3.3


LINES = st.lists(st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=60), max_size=6)


@given(LINES, LINES.map(lambda lines: [line for line in lines if line.strip()]))
def test_whatever_is_written_its_signature_verifies(body: list[str], subject: list[str]) -> None:
    folded = "\r\n ".join(["Subject: x", *subject])
    message = f"From: chris@contoso.com\r\n{folded}\r\nX-Other: y\r\n\r\n{chr(13) + chr(10)}".encode("ascii")
    message += "".join(f"{line}\r\n" for line in body).encode("ascii")
    signed = sign(message, "contoso.com", "mail")
    assert signed.endswith(message)
    assert verifies(signed)
    # What servers add on the way is no part of it, nor are blanks at the end.
    assert verifies(b"Received: from a by b\r\n" + signed + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"chris@", b"sara@"),
        (b"Subject: Hello", b"Subject: [External] Hello"),
        (b"d=contoso.com", b"d=contoso.com; t=1"),
        (b"\r\n\r\nText", b"\r\n\r\nMore text"),
    ],
)
def test_a_change_is_noticed(old: bytes, new: bytes) -> None:
    signed = sign(HEAD + b"\r\nText\r\n", "contoso.com", "mail")
    assert verifies(signed)
    changed = signed.replace(old, new, 1)
    assert changed != signed
    try:
        passed = verifies(changed)
    except dkim.ValidationError:
        passed = False
    assert not passed


def test_a_second_signature_leaves_the_first_intact() -> None:
    signed = sign(sign(HEAD + b"\r\nText\r\n", "contoso.com", "selector2"), "contoso.com", "mail")
    verifier = dkim.DKIM(signed)
    assert [verifier.verify(number, dnsfunc=lambda _, timeout=0: KEY.encode("ascii")) for number in (0, 1)] == [
        True
    ] * 2

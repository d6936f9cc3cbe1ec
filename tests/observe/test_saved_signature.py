"""Signatures of saved messages: by their octets, by what the receiver wrote, or not known."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.environment.environment import Stage
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.mail.received import header_fields
from mailflow.observe.eye import AuthoritativeAnswer, Eye
from mailflow.observe.messages import read_messages
from mailflow.observe.path import MailPath
from mailflow.observe.saved_signature import results, with_signatures
from mailflow.observe.signature import Signature, Verified
from mailflow.records.answer import Answer, Outcome, Question
from mailflow.simulate.signature import key_record
from tests.observe.conftest import FIXTURES, NOW

ENVIRONMENT = load(FIXTURES / "scenario-4")
KEY = key_record().replace('" "', "").strip('"')
OUT = (FIXTURES / "scenario-4" / "messages" / "cloud-to-internet.eml").read_bytes()
IN = (FIXTURES / "scenario-4" / "messages" / "third-party.eml").read_bytes()
PASS = b";\n dkim=pass header.d=contoso.com header.s=selector2"


class Keys(Eye):
    """Has the key of the simulation at every name."""

    answers: tuple[Answer, ...] = ()
    authoritative_answers: tuple[AuthoritativeAnswer, ...] = ()

    async def lookup(self, question: Question) -> Answer:
        return Answer(question, Outcome.FOUND, (KEY,))

    async def authoritative(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        raise NotImplementedError


def path_of(kind: Kind) -> MailPath:
    paths = read_messages(ENVIRONMENT, ENVIRONMENT.domains[0], NOW, Stage.BEFORE)[kind]
    return next(path for path in paths if path.source == f"messages/{kind.mark}.eml")


def seen(kind: Kind, content: bytes) -> list[Any]:
    """Give the signatures at each hop, as they are known."""
    found = asyncio.run(with_signatures(path_of(kind), content, Keys()))
    return [hop.signatures for hop in found.hops]


def out(content: bytes) -> Signature:
    *before, found = seen(Kind.CLOUD_TO_INTERNET, content)
    assert before == [None] * len(before)  # as the receiver got it, and nobody before
    (one,) = found
    return one


GOOD = Signature("contoso.com", "selector2", Verified.PASS)
CHANGED = OUT.replace(b"Subject: Test", b"Subject: [External] Test")
REASON = "the header was changed, or the key is another one"


def test_what_was_saved_as_it_came_verifies() -> None:
    assert out(OUT) == GOOD
    assert out(OUT.replace(b"\n", b"\r\n")) == GOOD
    assert out(OUT.replace(PASS, b"")) == GOOD


def test_what_was_changed_is_as_its_receiver_wrote() -> None:
    told = Signature("contoso.com", "selector2", Verified.PASS, "as the receiver wrote; the file was changed")
    assert out(CHANGED) == told
    failed = Signature("contoso.com", "selector2", Verified.FAIL, REASON, changed=True)
    assert out(CHANGED.replace(b"dkim=pass", b"dkim=fail (body hash)")) == failed
    assert out(OUT.replace(b"dkim=pass", b"dkim=fail")) == GOOD  # what verifies was not changed


@pytest.mark.parametrize("said", [b"", b";\n dkim=pass header.d=fabrikam.com", b";\n dkim=none", b";\n dkim=pass"])
def test_where_nobody_wrote_it_it_is_not_known(said: bytes) -> None:
    one = out(CHANGED.replace(PASS, said))
    why = f"{REASON} in the file; whether before it was saved, no field of the receiver says"
    assert one == Signature("contoso.com", "selector2", Verified.UNKNOWN, why, changed=True)


def test_without_a_field_there_is_no_signature() -> None:
    assert seen(Kind.CLOUD_TO_INTERNET, OUT.replace(b"DKIM-Signature:", b"X-Was:"))[-1] == ()


def test_mail_of_a_third_party_is_judged_where_it_came_in_and_strangers_are_not_believed() -> None:
    good = Signature("contoso.com", "newsletter", Verified.PASS)
    _, entry, *rest = seen(Kind.THIRD_PARTY, IN)
    assert (entry, rest) == ((good,), [None] * len(rest))
    changed = IN.replace(b"Subject: Test", b"Subject: [External] Test")
    assert seen(Kind.THIRD_PARTY, changed)[1][0].verified is Verified.PASS
    result = changed[changed.index(b"Authentication-Results") : changed.index(b"Received: from mail.contoso.com (131")]
    forged = changed.replace(result, b"").replace(b"From: Contoso News", result + b"From: Contoso News")
    assert seen(Kind.THIRD_PARTY, forged)[1][0].verified is Verified.UNKNOWN


def test_what_stays_inside_is_not_looked_at() -> None:
    content = Path(FIXTURES / "scenario-4" / "messages" / "cloud-to-on-premises.eml").read_bytes()
    assert set(seen(Kind.CLOUD_TO_ON_PREMISES, content)) == {None}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            b"mx.test; dkim=pass header.d=Contoso.com; dkim=fail header.i=@b.test",
            [("contoso.com", "pass"), ("b.test", "fail")],
        ),
        (b"dkim=pass (a; b) header.d=a.test;spf=pass smtp.mailfrom=c.test", [("a.test", "pass")]),
        (b"mx.test 1; dkim=none", []),
        (b"mx.test; spf=pass smtp.mailfrom=dkim=pass header.d=a.test", []),
    ],
)
def test_results_of_a_receiver(body: bytes, found: list[tuple[str, str]]) -> None:
    assert list(results(header_fields(b"Authentication-Results: " + body + b"\r\n\r\n"))) == found


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_is_saved_nothing_is_raised(head: bytes, results_field: bytes) -> None:
    content = b"Authentication-Results: " + results_field + b"\n" + head + OUT
    for signatures in seen(Kind.CLOUD_TO_INTERNET, content):
        assert all(isinstance(one, Signature) for one in signatures or ())

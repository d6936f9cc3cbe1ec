"""Whoever is said to sign has one usable key: every verdict, with its words, its evidence and its remedy."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mailflow.judge import signer
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Answer, Outcome, Question

NAME = "newsletter._domainkey.contoso.com"
ELSEWHERE = "contoso.dkim.newsletter.example"
AT_HOME = "key.contoso.com"
WAY = f"{NAME}. 3600 IN CNAME <the name that newsletter gives>"
EMPTY = "v=DKIM1; k=rsa; p=<its public key, 2048 bits>"
ED25519 = "k=ed25519; p=" + "A" * 43 + "="


def key(bits: int) -> str:
    public = RSAPublicNumbers(65537, (1 << bits) - 1).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode("ascii")


GOOD = f"v=DKIM1; k=rsa; p={key(2048)}"


def judged(world: Any, answer: Answer) -> Finding:
    s4 = world("scenario-4")
    (found,) = signer.have_one_usable_key_each(s4.environment, s4.domain, [answer])
    assert found.asked == f"{NAME}, the selector with which newsletter signs, leads to exactly one usable key"
    assert [(one.kind, one.asked) for one in found.evidence] == [
        ("dns", f"{NAME} TXT"),
        ("environment", "the selector of newsletter"),
    ]
    assert found.evidence[1].of == s4.place("environment.yaml", "dkim: {contoso.com: newsletter}")
    return found


def test_who_is_asked_about(world: Any) -> None:
    s3, plain = world("scenario-3"), world("third-party-filter")
    assert signer.questions(s3.environment, s3.domain) == (
        Question("mail._domainkey.contoso.com", "TXT"),
        Question(NAME, "TXT"),
    )
    found = signer.somebody_signs(s3.environment, s3.domain)
    told = f"mail.contoso.com (mail._domainkey.contoso.com), newsletter ({NAME})"
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, told)
    nobody = signer.somebody_signs(plain.environment, plain.domain)
    assert (nobody.verdict, nobody.seen) == (Verdict.NOT_APPLICABLE, "nobody is said to")
    lines = {path: line for path, line in plain.environment.lines.items() if not path.startswith("third_parties")}
    unasked = signer.somebody_signs(plain.change(lines=lines, third_parties=()).environment, plain.domain)
    assert (unasked.verdict, unasked.seen) == (
        Verdict.NOT_VERIFIED,
        "nobody has answered this question in environment.yaml",
    )
    assert unasked.remedy == (
        "Name them below third_parties in environment.yaml, with dkim; third_parties: {} for none"
    )
    (none,) = signer.have_one_usable_key_each(plain.environment, plain.domain, [])
    assert (none.verdict, none.seen) == (Verdict.NOT_VERIFIED, "nobody was found who signs")


def test_two_who_share_a_selector_are_one_question(world: Any, answer: Callable[..., Answer]) -> None:
    s3 = world("scenario-3")
    shared = s3.with_server(dkim={"contoso.com": "newsletter"})
    assert signer.questions(shared.environment, shared.domain) == (Question(NAME, "TXT"),)
    (found,) = signer.have_one_usable_key_each(shared.environment, shared.domain, [answer(f"{NAME} TXT", GOOD)])
    assert found.asked.startswith(f"{NAME}, the selector with which mail.contoso.com and newsletter signs")
    assert len(found.evidence) == 3


@pytest.mark.parametrize("aliases", [(), (ELSEWHERE,), ("a.contoso.com", ELSEWHERE)])
@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (GOOD, ("an RSA key of 2048 bits",)),
        (f"p={key(4096)}", ("an RSA key of 4096 bits",)),
        (
            f"p={key(1024)}",
            ("an RSA key of 1024 bits", f"{NAME} has a key of 1024 bits; 2048 are asked for (RFC 8301)"),
        ),
        (f"v=DKIM1; s=*; h=sha1:sha256; t=s; p={key(2048)}", ("an RSA key of 2048 bits",)),
        (
            ED25519,
            (
                "an Ed25519 key",
                f"{NAME} has an Ed25519 key: receivers that know RSA alone see no signature (RFC 8463)",
            ),
        ),
    ],
)
def test_a_usable_key(
    world: Any, answer: Callable[..., Answer], record: str, expected: tuple[str, ...], aliases: tuple[str, ...]
) -> None:
    found = judged(world, answer(f"{NAME} TXT", record, aliases=aliases))
    assert (found.verdict, (found.seen, *found.notes)) == (Verdict.COMPLIANT, expected)


OR_THERE = f"Or, where newsletter keeps it:\n{WAY}"
SEVERAL = "2 TXT records stand there, and each receiver takes another one, or none"
NO_VERSION = "v is not DKIM1, or does not come first"
HERE = f"Publish this record, and delete every other TXT record of that name; the key is that of newsletter:\n{NAME}. "
THERE = (
    "Ask the service that keeps the key of newsletter there whether the name is right. It publishes:\n"
    f'{ELSEWHERE}. 3600 IN TXT "%s"\nOr publish:\n{WAY}'
)


@pytest.mark.parametrize(
    ("records", "aliases", "expected"),
    [
        (
            [],
            (),
            (
                "there is none: NXDOMAIN",
                f'Publish; the key is that of newsletter:\n{NAME}. 3600 IN TXT "{EMPTY}"\n{OR_THERE}',
            ),
        ),
        ([], (ELSEWHERE,), (f"it is an alias of {ELSEWHERE}, where there is none: NXDOMAIN", THERE % EMPTY)),
        (
            [],
            (AT_HOME,),
            (
                f"it is an alias of {AT_HOME}, where there is none: NXDOMAIN",
                f'Publish; the key is that of newsletter:\n{AT_HOME}. 3600 IN TXT "{EMPTY}"',
            ),
        ),
        ([GOOD, "v=DKIM1; p="], (), (SEVERAL, f'{HERE}3600 IN TXT "{GOOD}"')),
        ([GOOD, ED25519], (), (SEVERAL, f'{HERE}3600 IN TXT "{EMPTY}"\n{OR_THERE}')),
        (["v=DKIM1; p="], (ELSEWHERE,), ("p is empty: the key was revoked", THERE % EMPTY)),
        ([f"t=y; p={key(2048)}"], (ELSEWHERE,), ("it says t=y: receivers treat the mail as unsigned", THERE % GOOD)),
        ([f"k=rsa; v=DKIM1; p={key(2048)}"], (), (NO_VERSION, f'{HERE}3600 IN TXT "{GOOD}"')),
        ([f"p={key(512)}"], (ELSEWHERE,), ("a key of 512 bits: receivers take none below 1024", THERE % EMPTY)),
        (["v=spf1 -all"], (), (NO_VERSION, f'{HERE}3600 IN TXT "{EMPTY}"\n{OR_THERE}')),
    ],
)
def test_a_broken_key(
    world: Any, answer: Callable[..., Answer], records: list[str], aliases: tuple[str, ...], expected: tuple[str, str]
) -> None:
    found = judged(world, answer(f"{NAME} TXT", *records, aliases=aliases))
    assert (found.verdict, found.seen, found.remedy) == (Verdict.NON_COMPLIANT, *expected)


@pytest.mark.parametrize(
    "outcome", [one for one in Outcome if one not in (Outcome.FOUND, Outcome.NO_DATA, Outcome.NXDOMAIN)]
)
def test_no_answer_is_no_verdict(world: Any, answer: Callable[..., Answer], outcome: Outcome) -> None:
    found = judged(world, answer(f"{NAME} TXT", outcome=outcome, aliases=(ELSEWHERE,)))
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, f"the look-up of {NAME} TXT failed")
    assert found.remedy == (
        f"Find out what the DNS says of {ELSEWHERE}; where a plan is judged, supply the zone (zones/)"
    )


def test_of_a_key_of_a_parked_name_below(world: Any, answer: Callable[..., Answer]) -> None:
    """What a third party signs as a name below the domain is the domain's to publish."""
    s3 = world("scenario-3")
    shop = replace(s3.environment.third_parties[1], dkim={"shop.contoso.com": "s1"})
    below = s3.change(third_parties=(shop,)).with_server(dkim={})
    (question,) = signer.questions(below.environment, below.domain)
    (found,) = signer.have_one_usable_key_each(below.environment, below.domain, [answer(str(question))])
    assert found.remedy.splitlines()[1] == f's1._domainkey.shop.contoso.com. 3600 IN TXT "{EMPTY}"'


@given(st.lists(st.text(max_size=400) | st.just(GOOD) | st.text().map("v=DKIM1; p={}".format), max_size=4))
def test_only_one_good_record_alone_is_ever_compliant(world: Any, records: list[str]) -> None:
    ended = Outcome.FOUND if records else Outcome.NO_DATA
    found = judged(world, Answer(Question(NAME, "TXT"), ended, tuple(records)))
    assert (found.verdict is Verdict.COMPLIANT) == (records == [GOOD])
    assert found.remedy or records == [GOOD]

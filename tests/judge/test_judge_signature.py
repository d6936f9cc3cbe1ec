"""DKIM signatures of the mail that came out of the organization, where it arrived."""

from typing import Any

import pytest

from mailflow.environment.message import Kind
from mailflow.judge import signature
from mailflow.judge.arrival import arrivals
from mailflow.mail.address import Address
from mailflow.observe.path import Disposition
from mailflow.observe.signature import Signature, Verified
from mailflow.policy.finding import Verdict

CHRIS, FAY = "chris@contoso.com", "fay@fabrikam.com"
TENANT, OWN = "40.92.0.107", "131.107.21.231"
ASKED = "every message of an author in contoso.com reaches the Internet with a valid DKIM signature of the domain"
GOOD = Signature("contoso.com", "selector2", Verified.PASS)
INITIAL = Signature("contoso.onmicrosoft.com", "selector1-contoso-onmicrosoft-com", Verified.PASS)
CHANGED = Signature("contoso.com", "selector2", Verified.FAIL, "the body was changed")
UNTRIED = Signature("contoso.com", "mail", Verified.UNKNOWN, "the look-up of mail._domainkey.contoso.com TXT failed")
DOUBT = "whether it was left intact is stated nowhere"


@pytest.fixture
def out(path: Any, hop: Any) -> Any:
    """A message as it comes out: `out("own", GOOD)`; `None` where nobody looked at its signatures."""

    def build(side: str, *found: Signature | None, sender: str = CHRIS, arrived: Any = None, **fields: Any) -> Any:
        seen = None if found == (None,) else found
        client = TENANT if side == "cloud" else OWN
        last = hop(
            "out",
            mail_from=Address.parse(sender),
            client=client,
            helo="mail.contoso.com",
            signatures=seen,
            **(arrived or {}),
        )
        kind = Kind.CLOUD_TO_INTERNET if side == "cloud" else Kind.ON_PREMISES_TO_INTERNET
        return path([hop(side), last], sender=sender, to="kate@tailspintoys.com", kind=kind, **fields)

    return build


def judged(world: Any, *paths: Any) -> Any:
    found = arrivals({Kind.CLOUD_TO_INTERNET: paths})
    finding = signature.every_arrival_is_signed(world.environment, world.domain, paths, found)
    assert finding.asked == ASKED
    return finding


def told(finding: Any) -> tuple[Verdict, str]:
    return finding.verdict, finding.seen


def test_each_bears_a_signature_that_verifies(out: Any, s4: Any) -> None:
    finding = judged(s4, out("cloud", GOOD), out("own", CHANGED, GOOD))
    kinds = "from a cloud mailbox to the Internet, from an on-premises mailbox to the Internet"
    assert told(finding) == (Verdict.COMPLIANT, f"so did every one that arrived (2): {kinds}")
    assert finding.evidence[1].answer == (
        f"from {OWN} as <chris@contoso.com>, EHLO mail.contoso.com, author chris@contoso.com",
        "DKIM signature of contoso.com (selector2): fail, the body was changed",
        "DKIM signature of contoso.com (selector2): pass",
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((), "no signature"),
        ((INITIAL,), "DKIM signature of contoso.onmicrosoft.com (selector1-contoso-onmicrosoft-com): pass"),
        ((CHANGED,), "DKIM signature of contoso.com (selector2): fail, the body was changed"),
    ],
)
def test_one_without_is_enough(out: Any, s4: Any, found: Any, words: str) -> None:
    finding = judged(s4, out("cloud", GOOD), out("own", *found))
    assert told(finding) == (Verdict.NON_COMPLIANT, f"from an on-premises mailbox to the Internet, from {OWN}: {words}")
    assert len(finding.evidence) == 1
    assert finding.remedy.startswith("On the own servers: let mail.contoso.com sign what it sends")
    cloud = judged(s4, out("cloud", *found))
    assert cloud.remedy.startswith("Set-DkimSigningConfig contoso.com -Enabled $true")


@pytest.mark.parametrize(
    ("found", "arrived", "why"),
    [
        ((None,), {}, "nobody looked at its signatures where it arrived"),
        ((UNTRIED,), {}, UNTRIED.why),
        ((GOOD,), {"signatures_assumed": (DOUBT,)}, DOUBT),
        ((CHANGED, GOOD), {"signatures_assumed": (DOUBT,), "newest": 1}, DOUBT),
    ],
)
def test_what_is_not_known_is_not_verified(out: Any, s4: Any, found: Any, arrived: Any, why: str) -> None:
    finding = judged(s4, out("cloud", GOOD), out("own", *found, arrived=arrived))
    assert told(finding) == (Verdict.NOT_VERIFIED, why)
    assert any(why in line for line in finding.evidence[-1].answer)
    wrong = judged(s4, out("own", *found, arrived=arrived), out("cloud"))  # what is wrong elsewhere stays wrong
    assert wrong.verdict is Verdict.NON_COMPLIANT


def test_a_signature_made_after_the_doubt_counts(out: Any, s4: Any) -> None:
    arrived = {"signatures_assumed": (DOUBT,), "newest": 1}
    assert judged(s4, out("own", GOOD, CHANGED, arrived=arrived)).verdict is Verdict.COMPLIANT


def test_what_others_wrote_is_not_asked(out: Any, s4: Any) -> None:
    assert judged(s4, out("cloud", GOOD), out("own", sender=FAY)).verdict is Verdict.COMPLIANT
    assert told(judged(s4, out("own", sender=FAY))) == (
        Verdict.NOT_VERIFIED,
        "no message of the domain left the organization",
    )


def test_an_assumption_about_the_way_keeps_it_open(out: Any, s4: Any) -> None:
    assumed = out("own", GOOD, assumptions=("the export does not say it",))
    assert told(judged(s4, out("cloud", GOOD), assumed)) == (Verdict.NOT_VERIFIED, "the export does not say it")
    assert judged(s4, out("cloud"), assumed).verdict is Verdict.NON_COMPLIANT


def test_without_a_message_nothing_is_true(path: Any, hop: Any, s4: Any) -> None:
    lost = path([hop("own")], sender=CHRIS, to="kate@tailspintoys.com", ended=Disposition.WAITING)
    finding = judged(s4, lost)
    assert told(finding) == (Verdict.NOT_VERIFIED, "no message of the domain left the organization")
    assert len(finding.evidence) == 1

"""DMARC of mail where it arrived: SPF or DKIM, aligned with the author by the record that holds."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.message import Kind
from mailflow.judge import alignment
from mailflow.mail.address import Address
from mailflow.observe.path import Disposition, MailPath
from mailflow.observe.signature import Signature, Verified
from mailflow.policy.finding import Verdict
from mailflow.records.answer import Answer, Outcome, Question, drive

CHRIS = "chris@contoso.com"
TENANT, OWN, NEWS = "40.92.0.107", "131.107.21.231", "203.0.113.60"
ASKED = "every message of an author in contoso.com passes DMARC where it arrives"
RECORD = "v=DMARC1; p=reject"
SPF = f"v=spf1 ip4:{OWN} ip4:{TENANT} -all"
ZONE: dict[str, Any] = {
    "_dmarc.contoso.com": RECORD,
    "contoso.com": SPF,
    "mail.contoso.com": SPF,
    "eu.contoso.com": SPF,
    "newsletter.example": f"v=spf1 ip4:{NEWS} -all",
    "_dmarc.com": Outcome.REFUSED,
}


def signed(domain: str, verified: Verified = Verified.PASS, why: str = "") -> Signature:
    return Signature(domain, "mail", verified, why)


GOOD = signed("contoso.com")


@pytest.fixture
def out(path: Any, hop: Any) -> Any:
    """A message as it comes out: `out(OWN, "kate@contoso.com", GOOD)`; the empty sender is the null one."""

    def build(
        client: str, sender: str, *found: Signature, author: str = CHRIS, arrived: Any = None, **fields: Any
    ) -> Any:
        mail_from = Address.parse(sender) if sender else None
        last = hop(
            "out", mail_from=mail_from, client=client, helo="mail.contoso.com", signatures=found, **(arrived or {})
        )
        return path(
            [hop("own"), last], sender=author, to="kate@tailspintoys.com", kind=Kind.ON_PREMISES_TO_INTERNET, **fields
        )

    return build


def judged(world: Any, *sent: MailPath, parties: Any = (), **zone: Any) -> Any:
    """Judge messages in a DNS that holds the zone above with these changes; `_` in a name stands for a dot or none."""
    there = ZONE | {name.replace("__", "."): value for name, value in zone.items()}

    def answer(question: Question) -> Answer:
        found = there.get(question.name)
        if found is None or isinstance(found, Outcome) or question.type != "TXT":
            return Answer(question, found if isinstance(found, Outcome) else Outcome.NXDOMAIN)
        return Answer(question, Outcome.FOUND, (found,) if isinstance(found, str) else tuple(found))

    paths = {**dict.fromkeys(Kind, ()), Kind.ON_PREMISES_TO_INTERNET: sent, Kind.THIRD_PARTY: tuple(parties)}
    seen = alignment.look(
        world.environment, world.domain, paths, lambda asking: tuple(drive(one, answer) for one in asking)
    )
    finding = alignment.every_arrival_passes(world.environment, world.domain, paths, seen)
    assert finding.asked == ASKED
    return finding


def told(finding: Any) -> tuple[Verdict, str]:
    return finding.verdict, finding.seen


FROM = "from an on-premises mailbox to the Internet"


@pytest.mark.parametrize(
    ("message", "record", "passes"),
    [
        ((OWN, CHRIS), RECORD, True),
        ((OWN, CHRIS), f"{RECORD}; aspf=s", True),
        ((NEWS, CHRIS), RECORD, False),
        ((NEWS, CHRIS, GOOD), RECORD, True),
        ((NEWS, CHRIS, GOOD), f"{RECORD}; adkim=s", True),
        ((NEWS, CHRIS, signed("contoso.com", Verified.FAIL, "the body was changed")), RECORD, False),
        ((NEWS, CHRIS, signed("eu.contoso.com")), RECORD, True),
        ((NEWS, CHRIS, signed("eu.contoso.com")), f"{RECORD}; adkim=s", False),
        ((NEWS, CHRIS, signed("contoso.onmicrosoft.com")), RECORD, False),
        ((OWN, "bounce@eu.contoso.com"), RECORD, True),
        ((OWN, "bounce@eu.contoso.com"), f"{RECORD}; aspf=s", False),
        ((OWN, "bounce@eu.contoso.com"), f"{RECORD}; aspf=S", False),
        ((OWN, ""), RECORD, True),  # the null one, by the name in EHLO
        ((OWN, ""), f"{RECORD}; aspf=s", False),
        ((NEWS, "b@newsletter.example"), RECORD, False),
        ((NEWS, "b@newsletter.example", GOOD), f"{RECORD}; aspf=s; adkim=s", True),
    ],
)
def test_one_of_both_is_enough_where_it_is_aligned(
    out: Any, s4: Any, message: Any, record: str, *, passes: bool
) -> None:
    finding = judged(s4, out(*message), _dmarc__contoso__com=record)
    assert finding.verdict is (Verdict.COMPLIANT if passes else Verdict.NON_COMPLIANT)


def test_what_passes_is_told_with_its_papers(out: Any, s4: Any) -> None:
    finding = judged(s4, out(OWN, CHRIS, GOOD))
    assert told(finding) == (Verdict.COMPLIANT, f"so did every one that arrived (1): {FROM}")
    assert [item.asked for item in finding.evidence] == [
        "_dmarc.contoso.com TXT",
        f"message <{CHRIS}> to <kate@tailspintoys.com>, submitted at tailspintoys.com, as mail.tailspintoys.com got it",
        f"SPF of contoso.com for {OWN}",
    ]


def test_what_does_not_is_told_with_both_results(out: Any, s4: Any) -> None:
    finding = judged(s4, out(OWN, CHRIS), out(NEWS, "b@newsletter.example", signed("contoso.onmicrosoft.com")))
    words = "SPF of newsletter.example pass; DKIM signature of contoso.onmicrosoft.com (mail): pass"
    assert told(finding) == (Verdict.NON_COMPLIANT, f"{FROM}, from {NEWS}: {words}")
    assert finding.remedy.startswith("Let each of these sign as contoso.com")


def test_a_third_party_is_judged_where_the_organization_gets_its_mail(path: Any, hop: Any, s4: Any) -> None:
    def party(*found: Signature) -> Any:
        entry = hop("cloud", mail_from=Address.parse("b@newsletter.example"), client=NEWS, signatures=found)
        hops = [hop("out"), entry, hop("own", client=TENANT)]
        return path(hops, sender="news@contoso.com", to=CHRIS, kind=Kind.THIRD_PARTY)

    assert judged(s4, parties=[party(GOOD)]).verdict is Verdict.COMPLIANT
    assert told(judged(s4, parties=[party()])) == (
        Verdict.NON_COMPLIANT,
        (
            "from a third party that sends for the organization, to its mailboxes, from 203.0.113.60: SPF of "
            "newsletter.example pass; no DKIM signature"
        ),
    )


@pytest.mark.parametrize(
    ("mail_from", "zone", "verdict"),
    [
        ("b@shop.contoso.com", {"shop__contoso__com": f"v=spf1 ip4:{NEWS} -all"}, Verdict.COMPLIANT),
        ("b@shop.contoso.com", {}, Verdict.NON_COMPLIANT),  # SPF is not inherited
        ("b@newsletter.example", {}, Verdict.NON_COMPLIANT),
        (  # relaxed by the record of the domain, strict by one of its own
            "b@eu.contoso.com",
            {"eu__contoso__com": f"v=spf1 ip4:{NEWS} -all"},
            Verdict.COMPLIANT,
        ),
        (
            "b@eu.contoso.com",
            {"eu__contoso__com": f"v=spf1 ip4:{NEWS} -all", "_dmarc__shop__contoso__com": f"{RECORD}; aspf=s"},
            Verdict.NON_COMPLIANT,
        ),
        (
            "b@eu.contoso.com",
            {"eu__contoso__com": f"v=spf1 ip4:{NEWS} -all", "_dmarc__shop__contoso__com": Outcome.TIMEOUT},
            Verdict.NOT_VERIFIED,
        ),
    ],
)
def test_a_third_party_below_the_domain_is_judged_by_the_record_of_its_name(
    path: Any, hop: Any, out: Any, s4: Any, *, mail_from: str, zone: Any, verdict: Verdict
) -> None:
    shop = replace(s4.environment.third_parties[0], name="shop", sends_as=Address.parse("orders@shop.contoso.com"))
    here = s4.change(third_parties=(shop,))
    entry = hop("cloud", mail_from=Address.parse(mail_from), client=NEWS, signatures=())
    party = path([hop("out"), entry], sender="orders@shop.contoso.com", to=CHRIS, kind=Kind.THIRD_PARTY)
    finding = judged(here, out(OWN, CHRIS, GOOD), parties=[party], **zone)
    assert finding.verdict is verdict
    assert [one.asked for one in finding.evidence if "_dmarc" in one.asked][:2] == [
        "_dmarc.contoso.com TXT",
        "_dmarc.shop.contoso.com TXT",
    ]
    if verdict is Verdict.NON_COMPLIANT:
        assert finding.remedy.startswith("Let each of these sign as shop.contoso.com: ")


def test_what_is_assumed_after_it_came_in_does_not_matter(path: Any, hop: Any, s4: Any) -> None:
    def party(*, assumed: bool) -> Any:
        entry = hop(
            "cloud", mail_from=Address.parse("news@contoso.com"), client=NEWS, signatures=(GOOD,), assumed=assumed
        )
        open_ = {"assumptions": ("the export does not say it",)}
        return path([hop("out"), entry], sender="news@contoso.com", to=CHRIS, kind=Kind.THIRD_PARTY, **open_)

    assert judged(s4, parties=[party(assumed=False)]).verdict is Verdict.COMPLIANT
    assert told(judged(s4, parties=[party(assumed=True)])) == (Verdict.NOT_VERIFIED, "the export does not say it")


def test_mail_of_third_parties_does_not_stand_for_all(path: Any, hop: Any, out: Any, s4: Any) -> None:
    entry = hop("cloud", mail_from=Address.parse("news@contoso.com"), client=NEWS, signatures=(GOOD,))
    party = path([hop("out"), entry], sender="news@contoso.com", to=CHRIS, kind=Kind.THIRD_PARTY)
    stuck = path([hop("own")], sender=CHRIS, to="kate@tailspintoys.com", ended=Disposition.WAITING)
    told_ = told(judged(s4, stuck, parties=[party]))
    assert told_ == (Verdict.NOT_VERIFIED, "no message of the domain left the organization")
    assert judged(s4, stuck, out(OWN, CHRIS, GOOD), parties=[party]).verdict is Verdict.COMPLIANT


DOUBT = "whether it was left intact is stated nowhere"


@pytest.mark.parametrize(
    ("message", "arrived", "zone", "why"),
    [
        ((NEWS, CHRIS, GOOD), {"signatures_assumed": (DOUBT,)}, {}, DOUBT),
        ((NEWS, CHRIS, signed("contoso.com", Verified.UNKNOWN, "no answer")), {}, {}, "no answer"),
        (
            (OWN, "b@eu.contoso.com"),
            {},
            {"_dmarc__eu__contoso__com": Outcome.TIMEOUT},
            "a look-up failed that tells whose domain eu.contoso.com is",
        ),
        ((OWN, CHRIS), {}, {"contoso__com": Outcome.TIMEOUT}, "the look-up of contoso.com TXT failed: timeout"),
    ],
)
def test_what_is_not_known_is_not_verified(
    out: Any, s4: Any, message: Any, arrived: Any, zone: Any, *, why: str
) -> None:
    finding = judged(s4, out(*message, arrived=arrived), **zone)
    assert finding.verdict is Verdict.NOT_VERIFIED
    assert why in finding.seen
    wrong = judged(s4, out(*message, arrived=arrived), out(NEWS, "b@newsletter.example"), **zone)
    assert wrong.verdict is Verdict.NON_COMPLIANT


def test_a_doubt_about_one_does_not_matter_where_the_other_passes(out: Any, s4: Any) -> None:
    assert judged(s4, out(OWN, CHRIS, arrived={"signatures_assumed": (DOUBT,)})).verdict is Verdict.COMPLIANT


def test_without_a_record_it_is_judged_as_relaxed_and_said(out: Any, s4: Any) -> None:
    finding = judged(s4, out(OWN, CHRIS), _dmarc__contoso__com=Outcome.NXDOMAIN)
    assert finding.verdict is Verdict.COMPLIANT
    assert finding.seen.endswith("no single record holds, so that receivers do not ask: judged as relaxed")
    silent = judged(s4, out(OWN, CHRIS), _dmarc__contoso__com=Outcome.TIMEOUT)
    assert told(silent) == (Verdict.NOT_VERIFIED, "the look-up of _dmarc.contoso.com TXT failed")


def test_what_others_wrote_is_a_note(out: Any, s4: Any) -> None:
    finding = judged(s4, out(OWN, CHRIS), out(OWN, "fay@fabrikam.com", author="fay@fabrikam.com"))
    assert finding.verdict is Verdict.COMPLIANT
    assert finding.notes == (f"{FROM}: whether it passes DMARC, fabrikam.com alone can say by its signature",)


def test_an_assumption_about_the_way_keeps_it_open(out: Any, s4: Any) -> None:
    assumed = out(OWN, CHRIS, GOOD, assumptions=("the export does not say it",))
    assert told(judged(s4, out(OWN, CHRIS), assumed)) == (Verdict.NOT_VERIFIED, "the export does not say it")


def test_without_a_message_nothing_is_true(s4: Any) -> None:
    assert told(judged(s4)) == (Verdict.NOT_VERIFIED, "no message of the domain left the organization")

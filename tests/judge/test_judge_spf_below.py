"""Third parties that send as a name below the domain: each name has an SPF record of its own, or has none."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.judge import spf_below
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, Verdict
from mailflow.records.answer import Answer, Outcome, Question, drive

SHOP, NEWS = "shop.contoso.com", "news.contoso.com"
ASKED = f"every third party that sends with a reverse-path in {SHOP} passes the SPF record of {SHOP}"


def sending(world: Any, **names: str) -> Any:
    """The same with these third parties, by the name as which each sends."""
    (one, *_) = world.environment.third_parties
    parties = tuple(replace(one, name=who, sends_as=Address("orders", name)) for who, name in names.items())
    return world.change(third_parties=parties)


def judged(world: Any, **zone: Any) -> list[Finding]:
    """Judge it in a DNS with these TXT records."""
    published = {name.replace("__", "."): text for name, text in zone.items()}

    def answer(question: Question) -> Answer:
        found = published.get(question.name, Outcome.NXDOMAIN)
        if isinstance(found, Outcome):
            return Answer(question, found)
        return Answer(question, Outcome.FOUND, (found,))

    seen = spf_below.look(world.environment, world.domain, lambda asking: tuple(drive(a, answer) for a in asking))
    return spf_below.pass_their_records(world.domain, seen)


def test_a_record_of_its_own(s4: Any) -> None:
    record = "v=spf1 ip4:203.0.113.60 -all"
    assert judged(sending(s4, shop=SHOP), shop__contoso__com=record) == [
        Finding(
            Verdict.COMPLIANT,
            ASKED,
            "so it does from 203.0.113.60",
            "",
            (
                Evidence(
                    "dns",
                    "SPF for 203.0.113.60",
                    "SPF evaluation (RFC 7208)",
                    (
                        f"{SHOP}: {record}",
                        f"{SHOP}: ip4:203.0.113.60: matches",
                        "result pass, 0 querying terms, 0 void look-ups",
                    ),
                ),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("record", "verdict", "seen", "remedy"),
    [
        (
            Outcome.NXDOMAIN,
            Verdict.NON_COMPLIANT,
            "203.0.113.60: none",
            f'Publish: {SHOP}. 3600 IN TXT "v=spf1 ip4:203.0.113.60 -all"',
        ),
        (
            "v=spf1 -all",
            Verdict.NON_COMPLIANT,
            "203.0.113.60: fail",
            f"Add ip4:203.0.113.60, or the include that it names, to the SPF record of {SHOP}, before its end",
        ),
        (
            "v=spf1 ip4: 203.0.113.60",
            Verdict.NON_COMPLIANT,
            "203.0.113.60: permerror",
            f"Mend the SPF record of {SHOP} first; HYB-SPF-1 tells what is wrong with it",
        ),
        (
            Outcome.TIMEOUT,
            Verdict.NOT_VERIFIED,
            "",
            f"Find out what the DNS says of {SHOP}; where a plan is judged, supply the zone (zones/)",
        ),
    ],
)
def test_what_else_it_may_say(s4: Any, record: Any, verdict: Verdict, seen: str, remedy: str) -> None:
    (one,) = judged(sending(s4, shop=SHOP), contoso__com="v=spf1 ip4:203.0.113.60 -all", shop__contoso__com=record)
    assert (one.verdict, one.seen.startswith(seen), one.remedy, one.asked) == (verdict, True, remedy, ASKED)


def test_each_name_is_judged_by_itself(s4: Any) -> None:
    here = sending(s4, shop=SHOP, news=NEWS, more=NEWS)
    found = judged(here, shop__contoso__com="v=spf1 -all", news__contoso__com="v=spf1 ip4:203.0.113.60 -all")
    assert [one.verdict for one in found] == [Verdict.NON_COMPLIANT, Verdict.COMPLIANT]


def test_who_sends_so(s4: Any) -> None:
    found = spf_below.third_party_sends_below(sending(s4, shop=SHOP, news=NEWS).environment, s4.domain)
    assert (found.verdict, found.asked, found.seen) == (
        Verdict.COMPLIANT,
        "a third party sends with a reverse-path below contoso.com",
        f"shop as {SHOP}, news as {NEWS}",
    )
    nobody = spf_below.third_party_sends_below(s4.environment, s4.domain)
    assert (nobody.verdict, nobody.seen) == (Verdict.NOT_APPLICABLE, "none does")
    assert judged(s4)[0].verdict is Verdict.NOT_VERIFIED  # nothing is true of nobody
    unasked = s4.change(third_parties=(), lines={})
    asked = spf_below.third_party_sends_below(unasked.environment, s4.domain)
    assert (asked.verdict, asked.seen) == (
        Verdict.NOT_VERIFIED,
        "nobody has answered this question in environment.yaml",
    )
    assert asked.remedy.endswith("third_parties: {} for none")

"""What is told to the person who has to mend an SPF record: the term, and the record in which it stands."""

from ipaddress import ip_address
from typing import Any

from mailflow.judge import spf
from mailflow.policy.finding import Verdict
from mailflow.records.answer import Outcome

GOOD = "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"


def test_an_include_without_a_record(s4: Any, look: Any) -> None:
    found = spf.valid(s4.domain, look(s4, GOOD.replace("-all", "include:gone.example -all")))
    assert (
        found.remedy == "Mend the SPF record of gone.example, or take include:gone.example out of that of contoso.com"
    )


def test_a_mistake_in_an_included_record(s4: Any, look: Any) -> None:
    text = GOOD.replace("-all", "include:a.example -all")
    found = spf.valid(
        s4.domain, look(s4, text, a__example="v=spf1 include:b.example", b__example="v=spf1 ipv4:1.2.3.4")
    )
    assert found.remedy == "Mend the SPF record of b.example, or take include:b.example out of that of a.example"


def test_a_circle(s4: Any, look: Any) -> None:
    text = GOOD.replace("-all", "include:a.example -all")
    found = spf.valid(s4.domain, look(s4, text, a__example="v=spf1 include:contoso.com -all"))
    assert found.remedy == "Take include:contoso.com out of the SPF record of a.example"


def test_void_look_ups(s4: Any, look: Any) -> None:
    there = {"b.example": ip_address("192.0.2.1")}
    text = GOOD.replace("-all", "a:a.example a:b.example mx:c.example include:d.example -all")
    seen = look(s4, text, d__example="v=spf1 exists:e.example -all", **there)
    found = spf.within_limits(s4.domain, seen)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.remedy == (
        "Take a:a.example mx:c.example out of the SPF record of contoso.com\n"
        "Take exists:e.example out of the SPF record of d.example"
    )


def test_too_many_terms(s4: Any, look: Any) -> None:
    """The costliest first; the include of Microsoft 365 is to stay."""
    hosts = {f"h{n}.example": ip_address("192.0.2.1") for n in range(9)}
    inner = "v=spf1 " + " ".join(f"a:{name}" for name in hosts) + " -all"
    text = GOOD.replace("-all", "a:h0.example include:big.example -all")
    found = spf.within_limits(s4.domain, look(s4, text, big__example=inner, **hosts))
    assert found.remedy == (
        "Take out of the SPF record of contoso.com what no longer sends, or write its addresses: "
        "include:big.example (10), a:h0.example (1)"
    )


def test_a_term_that_matches_everybody(s4: Any, look: Any) -> None:
    seen = look(s4, GOOD.replace("ip4:131.107.21.231", "ip4:131.107.21.231/0"))
    assert spf.stranger_fails(s4.domain, seen).remedy == (
        "Narrow ip4:131.107.21.231/0 in the SPF record of contoso.com: it matches a stranger"
    )
    seen = look(s4, GOOD.replace("-all", "include:a.example -all"), a__example="v=spf1 ip4:0.0.0.0/0 -all")
    assert spf.stranger_fails(s4.domain, seen).remedy == (
        "Narrow ip4:0.0.0.0/0 in the SPF record of a.example: it matches a stranger"
    )
    assert spf.stranger_fails(s4.domain, look(s4, GOOD.replace("-all", "+all"))).remedy == (
        "End the SPF record of contoso.com with -all"
    )


def test_nobody_answered(s4: Any, look: Any) -> None:
    seen = look(s4, GOOD.replace("-all", "include:a.example -all"), a__example=Outcome.REFUSED)
    told = {spf.valid(s4.domain, seen).remedy, spf.within_limits(s4.domain, seen).remedy}
    told |= {spf.stranger_fails(s4.domain, seen).remedy}
    assert told == {"Find out what the DNS says of a.example; where a plan is judged, supply the zone (zones/)"}

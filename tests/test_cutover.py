"""The rows around the change of the MX record: each holds where all is well, and falls by what it is about.

A plan is judged against what simulated servers publish. What differs between the two is the fault.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.zone
import pytest

from mailflow.door import open_door
from mailflow.environment.environment import Cutover, Environment, Stage
from mailflow.environment.load import load
from mailflow.judge import cutover as judge
from mailflow.judge import plan as judge_plan
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.mail.reply import Reply
from mailflow.observe.dialogue import Ending
from mailflow.observe.door import Door
from mailflow.observe.eye import AuthoritativeAnswer
from mailflow.observe.reached import Reached
from mailflow.observe.smtp import Offered, TlsSession
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Answer, MxRecord, Outcome, Question
from tests.published import published

FIXTURES = Path(__file__).parents[1] / "fixtures"
FOUR = load(FIXTURES / "scenario-4")
(DOMAIN,) = FOUR.domains
ZONE = (FIXTURES / "scenario-4" / "zones" / "contoso.com.zone").read_text(encoding="utf-8")
PLANNED = "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"
Change = Callable[[str], str]


def with_zone(change: Change) -> Environment:
    """The environment with another zone for its domain."""
    text = change(ZONE)
    assert text != ZONE
    zone = dns.zone.from_text(text, "contoso.com.", relativize=False)
    return replace(FOUR, zones={**FOUR.zones, "contoso.com": zone})


def row(name: str, door: Door) -> Finding:
    """Judge one row as its sentence does."""
    if name == "CUT-TTL-1":
        return judge.short_ttl(DOMAIN, door.authoritative(DOMAIN.name, "MX"))
    if name == "CUT-REACH-1":
        return judge.takes_known_recipients(FOUR, DOMAIN, door.reached[DOMAIN.name], both(door, "mail.contoso.com"))
    if name == "CUT-AUTO-1":
        microsoft = both(door, "autodiscover.outlook.com")
        return judge.autodiscover_stays(FOUR, DOMAIN, both(door, "autodiscover.contoso.com"), microsoft)
    plan = judge_plan.planned(door.environment, DOMAIN)
    answers = door.lookups([one.question for one in plan])
    return judge_plan.published_as_planned(door.environment, DOMAIN, plan, answers, door.stage)


def both(door: Door, host: str) -> tuple[Answer, ...]:
    return door.lookups([Question(host, "A"), Question(host, "AAAA")])


def judged(name: str, there: Environment, stage: Stage = Stage.AFTER, plan: Environment = FOUR) -> Finding:
    with published(there, stage) as look, open_door(plan, look) as door:
        return row(name, door)


@pytest.mark.parametrize("name", ["CUT-TTL-1", "CUT-PLAN-1", "CUT-REACH-1", "CUT-AUTO-1"])
@pytest.mark.parametrize("stage", [Stage.BEFORE, Stage.AFTER])
def test_it_holds_where_all_is_well(name: str, stage: Stage) -> None:
    finding = judged(name, FOUR, stage)
    assert finding.verdict is Verdict.COMPLIANT, finding.seen
    assert finding.evidence


@pytest.mark.parametrize(
    ("name", "change", "seen"),
    [
        (
            "CUT-TTL-1",
            lambda zone: zone.replace("IN MX   10", "86400 IN MX 10"),
            "ns1.contoso.com says 86400 s; ns2.contoso.com says 86400 s",
        ),
        (
            "CUT-PLAN-1",
            lambda zone: zone.replace("IN MX   10 mail.contoso.com.", "IN MX 10 old.contoso.com."),
            "contoso.com MX: planned 10 mail.contoso.com, published 10 old.contoso.com",
        ),
        (
            "CUT-PLAN-1",
            lambda zone: zone.replace("131.107.21.231 ip4:203.0.113.60", "131.107.21.231"),
            f"contoso.com TXT: planned {PLANNED}, published {PLANNED.replace(' ip4:203.0.113.60', '')}",
        ),
        (
            "CUT-PLAN-1",
            lambda zone: zone.replace("mail            IN A    131.107.21.231", "mail IN A 131.107.21.99"),
            "mail.contoso.com A: planned 131.107.21.231, published 131.107.21.99",
        ),
        (
            "CUT-PLAN-1",
            lambda zone: zone + "mail IN AAAA 2001:db8::99\n",
            "mail.contoso.com AAAA: planned nothing, published 2001:db8::99",
        ),
        (
            "CUT-PLAN-1",
            lambda zone: zone + 'mail IN MX 5 mail.contoso.com.\n@ IN TXT "v=spf1 -all"\n',
            "contoso.com TXT: planned v=spf1",
        ),
        (
            "CUT-AUTO-1",
            lambda zone: zone.replace("CNAME mail.contoso.com.", "CNAME autodiscover.outlook.com."),
            "it leads to autodiscover.outlook.com",
        ),
        (
            "CUT-AUTO-1",
            lambda zone: zone.replace("CNAME mail.contoso.com.", "CNAME autodiscover-s.outlook.com."),
            "it leads to autodiscover-s.outlook.com",
        ),
    ],
)
def test_it_falls(name: str, change: Change, seen: str) -> None:
    finding = judged(name, with_zone(change))
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert finding.seen.startswith(seen)
    assert finding.evidence


def test_a_planned_host_that_is_silent() -> None:
    finding = judged("CUT-REACH-1", replace(FOUR, disturbed={"mail.contoso.com": "silent"}))
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert finding.seen.startswith("mail.contoso.com [131.107.21.231]: ")


def test_a_planned_host_that_does_not_know_the_domain() -> None:
    exchange = replace(FOUR.on_premises.exchange, accepted_domains=())
    finding = judged("CUT-REACH-1", replace(FOUR, on_premises=replace(FOUR.on_premises, exchange=exchange)))
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert "it refused chris@contoso.com: 550 5.7" in finding.seen


def session(**told: Any) -> TlsSession:
    return TlsSession(ip_address("131.107.21.231"), **{"reached": True, "starttls": True, **told})


KATE = Address("kate", "contoso.com")
OFFER = Envelope(Address("somebody", "stranger.example"), (KATE,))


def said(reply: str) -> tuple[Offered, ...]:
    code, enhanced, text = reply.split(" ", 2)
    return (Offered(OFFER, (Reply(int(code), enhanced, text),)),)


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (session(offered=said("250 2.1.5 fine")), Verdict.COMPLIANT, "so it is at mail.contoso.com [131.107.21.231]"),
        (
            session(offered=said("550 5.1.1 nobody")),
            Verdict.NON_COMPLIANT,
            "refused kate@contoso.com: 550 5.1.1 nobody",
        ),
        (
            session(offered=said("451 4.7.1 greylisted")),
            Verdict.NOT_VERIFIED,
            "kate@contoso.com was put off: 451 4.7.1",
        ),
        (session(offered=said("550 5.7.1 blocked using a list")), Verdict.NOT_VERIFIED, "is on a block list"),
        (session(), Verdict.NOT_VERIFIED, "kate@contoso.com was not asked about"),
        (
            session(reached=False, trouble="no connection within 10 s"),
            Verdict.NON_COMPLIANT,
            "no connection within 10 s",
        ),
        (session(reached=False, from_here="port 25 is blocked"), Verdict.NOT_VERIFIED, "port 25 is blocked"),
        (  # that there is no route from here is no fact of the host
            session(reached=False, ending=Ending.UNREACHABLE, trouble="it cannot be reached from here: no route"),
            Verdict.NOT_VERIFIED,
            "it cannot be reached from here: no route",
        ),
    ],
)
def test_what_a_planned_host_may_say(seen: TlsSession, verdict: Verdict, words: str) -> None:
    reached = (Reached("mail.contoso.com", seen.address, OFFER, seen),)
    finding = judge.takes_known_recipients(FOUR, DOMAIN, reached, ())
    assert finding.verdict is verdict
    assert words in finding.seen


def test_one_planned_host_does_not_stand_for_another() -> None:
    fine = session(offered=said("250 2.1.5 fine"))
    reached = (Reached("mail.contoso.com", fine.address, OFFER, fine),)
    two = replace(DOMAIN, mx=("mail.contoso.com", "mail2.contoso.com"))
    finding = judge.takes_known_recipients(FOUR, two, reached, ())
    assert finding.verdict is Verdict.NOT_VERIFIED
    assert finding.seen == "mail2.contoso.com: it has no address, or none that was contacted"


def test_one_kind_of_address_does_not_stand_for_another_that_the_dns_hides() -> None:
    fine = session(offered=said("250 2.1.5 fine"))
    reached = (Reached("mail.contoso.com", fine.address, OFFER, fine),)
    hidden = Answer(Question("mail.contoso.com", "AAAA"), Outcome.SERVFAIL)
    finding = judge.takes_known_recipients(FOUR, DOMAIN, reached, (hidden,))
    assert finding.verdict is Verdict.NOT_VERIFIED
    assert finding.seen == "nobody knocked at the AAAA addresses of mail.contoso.com: SERVFAIL"
    none = replace(hidden, outcome=Outcome.NO_DATA)
    assert judge.takes_known_recipients(FOUR, DOMAIN, reached, (none,)).verdict is Verdict.COMPLIANT


def test_nobody_to_knock_at_or_to_ask_for() -> None:
    assert judge.takes_known_recipients(FOUR, DOMAIN, (), ()).verdict is Verdict.NOT_VERIFIED
    nobody = Reached("mail.contoso.com", ip_address("131.107.21.231"), Envelope(OFFER.mail_from, ()), session())
    assert judge.takes_known_recipients(FOUR, DOMAIN, (nobody,), ()).verdict is Verdict.NOT_VERIFIED


def test_before_the_change_the_mx_record_may_differ_and_is_listed() -> None:
    before = with_zone(lambda zone: zone.replace("IN MX   10 mail.contoso.com.", "IN MX 0 old.fabrikam.com."))
    finding = judged("CUT-PLAN-1", before, Stage.BEFORE)
    assert finding.verdict is Verdict.COMPLIANT
    assert finding.notes == ("to change: contoso.com MX: planned 10 mail.contoso.com, published 0 old.fabrikam.com",)


def test_before_the_change_what_is_not_listed_is_a_mistake() -> None:
    before = with_zone(lambda zone: zone.replace("ip4:203.0.113.60 ", ""))
    finding = judged("CUT-PLAN-1", before, Stage.BEFORE)
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert 'contoso.com. 3600 IN TXT "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60' in finding.remedy
    listed = replace(FOUR, cutover=Cutover(Stage.BEFORE, datetime(2026, 12, 5, tzinfo=UTC), ("contoso.com TXT",)))
    assert judged("CUT-PLAN-1", before, Stage.BEFORE, listed).verdict is Verdict.COMPLIANT


def test_a_cutover_that_lists_no_changes_changes_the_mx_records() -> None:
    before = with_zone(lambda zone: zone.replace("IN MX   10 mail.contoso.com.", "IN MX 0 old.fabrikam.com."))
    unlisted = replace(FOUR, cutover=Cutover(Stage.BEFORE, datetime(2026, 12, 5, tzinfo=UTC)))
    assert judged("CUT-PLAN-1", before, Stage.BEFORE, unlisted).verdict is Verdict.COMPLIANT
    nothing = replace(FOUR, cutover=Cutover(Stage.BEFORE, datetime(2026, 12, 5, tzinfo=UTC), ()))
    assert judged("CUT-PLAN-1", before, Stage.BEFORE, nothing).verdict is Verdict.NON_COMPLIANT


def test_an_alias_where_the_plan_has_nothing_is_not_nothing() -> None:
    """RFC 1034 section 3.6.2: an alias at the domain brings the MX records of another name."""
    question = Question(DOMAIN.name, "MX")
    found = Answer(question, Outcome.FOUND, (MxRecord(0, "evil.test"),), aliases=("elsewhere.test",))
    plan = (judge_plan.Planned(question, frozenset()),)
    finding = judge_plan.published_as_planned(FOUR, DOMAIN, plan, (found,), Stage.AFTER)
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert finding.seen == "contoso.com MX: planned nothing, published elsewhere.test"


def test_a_plan_without_a_zone_says_nothing() -> None:
    finding = judged("CUT-PLAN-1", FOUR, plan=replace(FOUR, zones={}))
    assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, "the plan has no zone for contoso.com")


def test_without_on_premises_mailboxes_autodiscover_may_move() -> None:
    moved = replace(FOUR, mailboxes=replace(FOUR.mailboxes, on_premises=(Address("kate", "fabrikam.com"),)))
    found = Answer(Question("autodiscover.contoso.com", "A"), Outcome.FOUND, aliases=("autodiscover.outlook.com",))
    assert judge.autodiscover_stays(moved, DOMAIN, (found,), ()).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NO_DATA, Outcome.TIMEOUT, Outcome.SERVFAIL])
def test_no_autodiscover_record_shows_nothing(outcome: Outcome) -> None:
    found = Answer(Question("autodiscover.contoso.com", "A"), outcome)
    assert judge.autodiscover_stays(FOUR, DOMAIN, (found,), ()).verdict is Verdict.NOT_VERIFIED


MICROSOFT, OWN = ip_address("52.98.0.8"), ip_address("131.107.21.231")


def autodiscover(address: object = None, outcome: Outcome = Outcome.NO_DATA, kind: str = "A") -> Answer:
    question = Question("autodiscover.contoso.com", kind)
    return Answer(question, Outcome.FOUND if address else outcome, (ip_address(str(address)),) if address else ())


def theirs(address: object = MICROSOFT, outcome: Outcome = Outcome.NO_DATA) -> Answer:
    return replace(autodiscover(address, outcome), question=Question("autodiscover.outlook.com", "A"))


@pytest.mark.parametrize(
    ("found", "microsoft", "verdict", "seen"),
    [
        (
            (autodiscover(MICROSOFT),),
            (theirs(),),
            Verdict.NON_COMPLIANT,
            "it leads to 52.98.0.8, an address of autodiscover.outlook.com",
        ),
        (
            (autodiscover(), autodiscover("2603:1026::8", kind="AAAA")),
            (theirs(), theirs("2603:1026::8")),
            Verdict.NON_COMPLIANT,
            "it leads to 2603:1026::8, an address of autodiscover.outlook.com",
        ),
        (
            (autodiscover("192.0.2.80"),),
            (theirs(None, Outcome.TIMEOUT),),
            Verdict.NOT_VERIFIED,
            "whether 192.0.2.80 is Microsoft's is not known: A addresses of autodiscover.outlook.com: timeout",
        ),
        (
            (autodiscover("192.0.2.80"),),
            (theirs(None, Outcome.NXDOMAIN),),
            Verdict.NOT_VERIFIED,
            "whether 192.0.2.80 is Microsoft's is not known: A addresses of autodiscover.outlook.com: NXDOMAIN",
        ),
        ((autodiscover("192.0.2.80"),), (theirs(),), Verdict.COMPLIANT, "it leads to 192.0.2.80"),
        # Of an own server it is known whose it is.
        ((autodiscover(OWN),), (theirs(None, Outcome.TIMEOUT),), Verdict.COMPLIANT, "it leads to 131.107.21.231"),
        (
            (autodiscover(OWN), autodiscover(None, Outcome.SERVFAIL, "AAAA")),
            (theirs(),),
            Verdict.NOT_VERIFIED,
            "AAAA addresses of autodiscover.contoso.com: SERVFAIL",
        ),
    ],
)
def test_autodiscover_by_address(
    found: tuple[Answer, ...], microsoft: tuple[Answer, ...], verdict: Verdict, seen: str
) -> None:
    finding = judge.autodiscover_stays(FOUR, DOMAIN, found, microsoft)
    assert (finding.verdict, finding.seen) == (verdict, seen)
    assert finding.evidence


def mx(server: str, outcome: Outcome = Outcome.FOUND, host: str = "mail.contoso.com") -> AuthoritativeAnswer:
    values = (MxRecord(10, host),) if outcome is Outcome.FOUND else ()
    answer = Answer(Question("contoso.com", "MX"), outcome, values, ttl=3600, text=(f"{outcome} here",))
    return AuthoritativeAnswer(server, "192.0.2.53", answer)


def txt(server: str, *texts: str, outcome: Outcome = Outcome.FOUND) -> AuthoritativeAnswer:
    return AuthoritativeAnswer(server, "192.0.2.53", Answer(Question("contoso.com", "TXT"), outcome, texts))


SPF = "v=spf1 -all"


def test_name_servers_that_agree() -> None:
    said = (mx("ns1"), mx("ns2"))
    assert judge.all_answer([said]).verdict is Verdict.COMPLIANT
    agree = judge.all_agree(said, (txt("ns1", SPF, "one=1"), txt("ns2", "two=2", SPF)))
    assert (agree.verdict, len(agree.evidence)) == (Verdict.COMPLIANT, 4)


def test_without_a_name_server_nothing_is_true() -> None:
    for said in ([], [()], [(), ()]):
        assert judge.all_answer(said).verdict is Verdict.NOT_VERIFIED
    for mx_said, txt_said in (((), ()), ((mx("ns1"),), ()), ((), (txt("ns1", SPF),))):
        assert judge.all_agree(mx_said, txt_said).verdict is Verdict.NOT_VERIFIED


def test_one_server_is_old() -> None:
    finding = judge.all_agree((mx("ns1"), mx("ns2", host="old.contoso.com")), (txt("ns1", SPF), txt("ns2")))
    assert finding.verdict is Verdict.NON_COMPLIANT
    assert finding.seen == (
        "ns1: MX 10 mail.contoso.com; ns2: MX 10 old.contoso.com; ns1: SPF v=spf1 -all; ns2: SPF none"
    )


def test_serials_that_differ_are_a_note() -> None:
    def soa(server: str, serial: str) -> AuthoritativeAnswer:
        values = (f"ns1.contoso.com. hostmaster.contoso.com. {serial} 7200 3600 1209600 3600",) if serial else ()
        outcome = Outcome.FOUND if values else Outcome.TIMEOUT
        return AuthoritativeAnswer(server, "192.0.2.53", Answer(Question("contoso.com", "SOA"), outcome, values))

    def notes(*said: AuthoritativeAnswer) -> tuple[str, ...]:
        found = judge.all_agree((mx("ns1"), mx("ns2")), (txt("ns1", SPF), txt("ns2", SPF)), said)
        assert found.verdict is Verdict.COMPLIANT
        return found.notes

    assert notes() == notes(soa("ns1", "7"), soa("ns2", "7")) == notes(soa("ns1", "7"), soa("ns2", "")) == ()
    assert notes(soa("ns1", "7"), soa("ns2", "6"), soa("ns2", "6")) == (
        "the serials of the zone differ (ns1 has 7; ns2 has 6): let it be the same everywhere before the change",
    )


@pytest.mark.parametrize("outcome", [Outcome.LAME, Outcome.TIMEOUT, Outcome.SERVFAIL, Outcome.REFUSED])
def test_one_server_does_not_answer(outcome: Outcome) -> None:
    finding = judge.all_answer([(mx("ns1"), mx("ns2", outcome))])
    assert (finding.verdict, finding.seen) == (Verdict.NON_COMPLIANT, f"ns2 [192.0.2.53]: {outcome} here")
    without_words = AuthoritativeAnswer("", "", Answer(Question("contoso.com", "MX"), outcome))
    finding = judge.all_answer([(mx("ns1"), without_words)])
    assert (finding.verdict, finding.seen) == (Verdict.NON_COMPLIANT, f"no name server: {outcome}")
    ttl = judge.short_ttl(DOMAIN, (mx("ns1"), mx("ns2", outcome)))
    assert ttl.verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.UNREACHABLE])
def test_where_none_answers_the_network_may_be_silent(outcome: Outcome) -> None:
    assert judge.all_answer([(mx("ns1", outcome), mx("ns2", outcome))]).verdict is Verdict.NOT_VERIFIED
    assert judge.all_agree((mx("ns1", outcome),), (txt("ns1", SPF),)).verdict is Verdict.NOT_VERIFIED


def test_no_mx_record_has_no_ttl() -> None:
    nothing = Answer(Question("contoso.com", "MX"), Outcome.NO_DATA)
    finding = judge.short_ttl(DOMAIN, (AuthoritativeAnswer("ns1", "192.0.2.53", nothing),))
    assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, "contoso.com has no MX record")

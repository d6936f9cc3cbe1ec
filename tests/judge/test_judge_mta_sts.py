"""MTA-STS: every verdict of every judge, with its words, its evidence and the order of steps that it gives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.environment.environment import Stage
from mailflow.judge import mta_sts
from mailflow.judge.mta_sts import Sts
from mailflow.observe.dialogue import Ending
from mailflow.observe.https import Fetched, not_fetched
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Answer, MxRecord, Outcome, Question

URL = "https://mta-sts.contoso.com/.well-known/mta-sts.txt"
RECORD = "v=STSv1; id=20261120T0900"
TXT = Question("_mta-sts.contoso.com", "TXT")
MX = Question("contoso.com", "MX")
OWN, CLOUD = "mail.contoso.com", "contoso-com.mail.protection.outlook.com"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
OK, WRONG, OPEN, NONE = Verdict.COMPLIANT, Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED, Verdict.NOT_APPLICABLE
UNANNOUNCED = "no record announces a policy, so no sender asks for one"


def policy(*mx: str, mode: str = "enforce", age: object = 604800) -> str:
    return "".join(
        f"{line}\n" for line in ("version: STSv1", f"mode: {mode}", *(f"mx: {m}" for m in mx), f"max_age: {age}")
    )


GOT = Fetched(URL, ip_address("131.107.21.232"), 200, "text/plain", body=policy(OWN), dialogue=("S: HTTP/1.1 200 OK",))


def test_who_has_an_address_already_is_not_told_to_publish_one(s4: Any) -> None:
    chain = (s4.environment.policy_hosts["contoso.com"].certificate.leaf,)
    found = mta_sts.is_handed_out(s4.domain, sts(RECORD, got=replace(GOT, status=404, body=None, chain=chain)))
    assert found.remedy.endswith("a certificate of a public authority for mta-sts.contoso.com, with its intermediates")


def answer(question: Question, *values: Any, outcome: Outcome = Outcome.FOUND) -> Answer:
    return Answer(question, outcome, values, text=() if values else ("told so",))


def sts(*records: str, got: Fetched = GOT, mx: tuple[str, ...] = (OWN,)) -> Sts:
    txt = answer(TXT, *records) if records else answer(TXT, outcome=Outcome.NXDOMAIN)
    return Sts(txt, got, answer(MX, *(MxRecord(10, host) for host in mx)))


UNANSWERED = Sts(
    answer(TXT, outcome=Outcome.TIMEOUT),
    not_fetched(URL, "the look-up of _mta-sts.contoso.com TXT failed", from_here=True),
    answer(MX, MxRecord(10, OWN)),
)


def told(finding: Finding) -> tuple[Verdict, str]:
    assert finding.evidence or finding.verdict is NONE
    return finding.verdict, finding.seen


@pytest.mark.parametrize(
    ("there", "verdict", "seen"),
    [
        (sts(RECORD), OK, "its id is 20261120T0900"),
        (sts("v=spf1 -all", RECORD), OK, "its id is 20261120T0900"),
        (sts(), WRONG, "there is none"),
        (sts("something else"), WRONG, "there is none"),
        (sts(RECORD, RECORD + "x"), WRONG, "2 records: senders take none of them"),
        (sts("v=STSv1; id=a-b"), WRONG, "the id 'a-b' is not 1 to 32 letters and digits"),
        (UNANSWERED, OPEN, "the look-up of _mta-sts.contoso.com TXT failed"),
    ],
)
def test_the_record(there: Sts, verdict: Verdict, seen: str, s4: Any) -> None:
    found = mta_sts.one_valid_record(s4.domain, there)
    assert told(found) == (verdict, seen)
    assert found.asked == "one valid MTA-STS record stands at _mta-sts.contoso.com"
    if verdict is WRONG:
        assert '_mta-sts.contoso.com. IN TXT "v=STSv1; id=' in found.remedy


@pytest.mark.parametrize(
    ("got", "verdict", "seen"),
    [
        (GOT, OK, "it comes from 131.107.21.232"),
        (replace(GOT, media_type="Text/Plain; charset=utf-8"), OK, "it comes from 131.107.21.232"),
        (replace(GOT, media_type="text/html"), WRONG, "it comes as text/html, not as text/plain"),
        (replace(GOT, media_type=""), WRONG, "it comes as no media type, not as text/plain"),
        (replace(GOT, status=404, body=None), WRONG, "status 404: only 200 hands out a policy"),
        (
            replace(GOT, status=301, location="https://www.contoso.com/", body=None),
            WRONG,
            "status 301, a redirect to https://www.contoso.com/: senders must not follow it",
        ),
        (
            replace(GOT, distrust="certificate has expired"),
            WRONG,
            "senders do not accept the certificate: certificate has expired",
        ),
        (
            replace(GOT, distrust="certificate has expired", status=503, body=None),
            WRONG,
            "senders do not accept the certificate: certificate has expired; status 503: only 200 hands out a policy",
        ),
        (
            replace(GOT, status=0, body=None, ending=Ending.NOT_LISTENING, trouble="connection refused"),
            WRONG,
            "connection refused",
        ),
        (
            replace(GOT, body=None, ending=Ending.TARPIT, trouble="no whole response within 60 s"),
            WRONG,
            "no whole response within 60 s",
        ),
        # what the network may have done
        (
            replace(GOT, status=0, body=None, ending=Ending.NO_CONNECTION, trouble="no connection within 10 s"),
            OPEN,
            "no connection within 10 s",
        ),
        (
            replace(GOT, status=0, body=None, ending=Ending.UNREACHABLE, trouble="it cannot be reached from here"),
            OPEN,
            "it cannot be reached from here",
        ),
        (not_fetched(URL, "it has no address", from_here=False), WRONG, "it has no address"),
        (not_fetched(URL, "this run may ask nobody more", from_here=True), OPEN, "this run may ask nobody more"),
    ],
)  # fmt: skip
def test_how_it_is_handed_out(got: Fetched, verdict: Verdict, seen: str, s4: Any) -> None:
    found = mta_sts.is_handed_out(s4.domain, sts(RECORD, got=got))
    assert told(found) == (verdict, seen)
    assert found.asked == f"the policy is handed out at {URL}, over HTTPS with a certificate for that name"
    (shown,) = found.evidence
    assert (shown.kind, shown.asked, shown.answer) == ("https", f"GET {URL}", got.dialogue)
    if verdict is WRONG:
        assert f"Let the web server answer {URL} itself: status 200, text/plain, no redirect" in found.remedy
        assert "Publish: mta-sts.contoso.com. IN A <address of the web server>" in found.remedy


def test_without_a_record_nobody_asks_for_a_policy(s4: Any) -> None:
    assert told(mta_sts.is_handed_out(s4.domain, sts())) == (NONE, UNANNOUNCED)
    assert told(mta_sts.is_valid(sts(got=replace(GOT, body=None)))) == (NONE, UNANNOUNCED)
    assert told(covers(s4, sts())) == (NONE, "no record announces a policy, so senders know none")


def test_where_the_record_is_not_known_nothing_is(s4: Any) -> None:
    why = "the look-up of _mta-sts.contoso.com TXT failed"
    handed = mta_sts.is_handed_out(s4.domain, UNANSWERED)
    assert told(handed) == (OPEN, why)
    assert handed.remedy.startswith("Find out what the DNS says of _mta-sts.contoso.com")
    assert told(mta_sts.is_valid(UNANSWERED)) == (OPEN, f"there is none to read: {why}")
    assert told(covers(s4, UNANSWERED)) == (OPEN, f"no policy holds: {why}")


@pytest.mark.parametrize(
    ("body", "verdict", "seen", "notes"),
    [
        (policy(OWN), OK, "mode enforce, max_age 604800 s, 7 days", ()),
        (
            policy(OWN, mode="testing", age=86400),
            OK,
            "mode testing, max_age 86400 s, 1 day",
            ("mode testing: senders deliver whatever they meet, and report it; it protects nobody yet",),
        ),
        (
            policy(mode="none", age=3600),
            OK,
            "mode none, max_age 3600 s",
            (
                "mode none: senders go on as if there were no policy",
                "max_age 3600 s: RFC 8461 section 3.2 expects weeks, once no change is due",
            ),
        ),
        (policy(OWN, age="7d"), WRONG, "max_age: '7d' is no number of seconds up to 31557600", ()),
        (
            "<p>",
            WRONG,
            "line 1, '<p>': no name: value; it has no version; it has no mode; it has no max_age; it lists no mx",
            (),
        ),
        (None, OPEN, "there is none to read: status 404", ()),
    ],
)  # fmt: skip
def test_what_it_says(body: str | None, verdict: Verdict, seen: str, notes: tuple[str, ...]) -> None:
    found = mta_sts.is_valid(sts(RECORD, got=replace(GOT, body=body, status=200 if body else 404)))
    assert (*told(found), found.notes) == (verdict, seen, notes)


def covers(world: Any, there: Sts, stage: Stage = Stage.PLAN, now: datetime = NOW) -> Finding:
    return mta_sts.covers_mx_hosts(world.environment, world.domain, there, stage, now)


def lists(*mx: str, hosts: tuple[str, ...], mode: str = "enforce") -> Sts:
    return sts(RECORD, got=replace(GOT, body=policy(*mx, mode=mode)), mx=hosts)


WEEK, DUE, END = "604800 s, 7 days", "2026-11-28 22:00+01:00", "2026-12-09 22:00+01:00"
NOT_TAKEN = "no policy holds: senders do not take what there is (AUTH-STS-1)"
ENFORCED = "mode enforce: senders that know it do not deliver there: they wait, and return the mail in the end"


@pytest.mark.parametrize(
    ("there", "verdict", "seen"),
    [
        (lists(OWN, hosts=(OWN,)), OK, f"it lists {OWN} by {OWN}; mode enforce"),
        (
            lists("*.contoso.com", hosts=(OWN, "MX2.contoso.com")),
            OK,
            f"it lists MX2.contoso.com by *.contoso.com, {OWN} by *.contoso.com; mode enforce",
        ),
        (lists("gateway.contoso.com", hosts=(OWN,)), WRONG, f"it does not list {OWN} (MX record); {ENFORCED}"),
        (
            lists("*.outlook.com", hosts=(CLOUD,), mode="testing"),
            WRONG,
            f"it does not list {CLOUD} (MX record); mode testing: senders deliver there all the same, and report it",
        ),
        (lists(OWN, hosts=(CLOUD,), mode="none"), NONE, "mode none: senders go on as if there were no policy"),
        (lists(OWN, hosts=()), OPEN, "contoso.com has no MX host"),
        (lists(OWN, hosts=(".",)), OPEN, "contoso.com has no MX host"),  # the null MX
        (
            lists(OWN, hosts=(OWN,))._replace(mx=answer(MX, outcome=Outcome.SERVFAIL)),
            OPEN,
            "the look-up of contoso.com MX failed",
        ),
        (sts(RECORD, RECORD), OPEN, NOT_TAKEN),
        (sts("v=STSv1; id=a-b"), OPEN, NOT_TAKEN),
        (sts(RECORD, got=replace(GOT, distrust="x")), OPEN, NOT_TAKEN),
        (sts(RECORD, got=replace(GOT, body="?")), OPEN, NOT_TAKEN),
        (sts(RECORD, got=replace(GOT, body=None, status=503)), OPEN, "no policy holds: status 503"),
    ],
)  # fmt: skip
def test_which_hosts_it_covers(there: Sts, verdict: Verdict, seen: str, s4: Any) -> None:
    found = covers(s4, there)
    assert told(found) == (verdict, seen)
    assert [one.kind for one in found.evidence] == ["dns", "https", "dns"]
    assert found.notes == ()


def test_without_a_change_the_remedy_knows_no_day(s4: Any) -> None:
    assert covers(s4, lists("a.example", hosts=(OWN,))).remedy.splitlines() == [
        f"1. On the web server, add to the policy ({URL}) beside what stands there:",
        f"  mx: {OWN}",
        "2. Only then let senders fetch it anew, by another id:",
        'Publish: _mta-sts.contoso.com. IN TXT "v=STSv1; id=<letters and digits, other ones for each policy>"',
        "Senders that do not look at the id go by the old policy for max_age more (604800 s, 7 days).",
    ]


@pytest.mark.parametrize(
    ("stage", "published", "lacking"),
    [
        (Stage.PLAN, CLOUD, {CLOUD: "MX record", OWN: "MX record before the change"}),
        (Stage.BEFORE, OWN, {OWN: "MX record", CLOUD: "planned MX host"}),
        (Stage.AFTER, CLOUD, {CLOUD: "MX record", OWN: "MX record before the change"}),
    ],
)
def test_during_the_change_old_and_new_hosts_count(
    stage: Stage, published: str, lacking: dict[str, str], world: Any
) -> None:
    """Scenario 1 is the way from the own server to Microsoft 365."""
    one = world("scenario-1")
    both = covers(one, lists(OWN, "*.mail.protection.outlook.com", hosts=(published,)), stage)
    assert both.verdict is OK
    assert both.evidence[-1].answer == (OWN,)
    assert both.notes == (
        f"senders keep a policy for max_age: this one has to stand, with its id, by {DUE}, before the change",
    )
    for host, why in lacking.items():
        (other,) = {OWN, CLOUD} - {host}
        found = covers(one, lists(other, hosts=(published,)), stage)
        assert told(found) == (WRONG, f"it does not list {host} ({why}); {ENFORCED}")


def test_the_remedy_gives_the_steps_in_order_with_their_times(world: Any) -> None:
    """The change is due on 5 December at 22:00; the old TTL was a day, the refresh two hours, and 72 hours more."""
    found = covers(world("scenario-1"), lists(OWN, hosts=(CLOUD,)))
    assert found.remedy.splitlines()[2:] == [
        "2. Only then let senders fetch it anew, by another id:",
        'Publish: _mta-sts.contoso.com. IN TXT "v=STSv1; id=<letters and digits, other ones for each policy>"',
        f"3. Change the MX record when nobody has the old policy, max_age ({WEEK}) after step 2: that by {DUE}",
        f"4. Take old hosts out once neither resolvers nor queues lead to them: after {END}; with another id",
        "Where that time is not left, publish mode: testing, until the change is over.",
    ]
    tested = covers(world("scenario-1"), lists(OWN, hosts=(CLOUD,), mode="testing"))
    assert tested.remedy.splitlines() == found.remedy.splitlines()[:-1]


@pytest.mark.parametrize("hosts", [(), (".",)])
def test_where_no_mx_host_is_published_old_ones_make_nothing_true(hosts: tuple[str, ...], world: Any) -> None:
    found = covers(world("scenario-1"), lists(OWN, CLOUD, hosts=hosts))
    assert told(found) == (OPEN, "contoso.com has no MX host")


def test_long_after_the_change_the_old_hosts_count_no_more(world: Any) -> None:
    one = world("scenario-1")
    change = one.environment.cutover.at
    there = lists(CLOUD, hosts=(CLOUD,))
    still = covers(one, there, Stage.AFTER, change + timedelta(days=4, minutes=-1))
    over = covers(one, there, Stage.AFTER, change + timedelta(days=4))
    assert (still.verdict, over.verdict) == (WRONG, OK)


@pytest.mark.parametrize(
    ("stage", "now", "verdict"),
    [
        (Stage.PLAN, NOW, OPEN),
        (Stage.BEFORE, NOW, OK),  # what is published is the old record
        (Stage.AFTER, datetime(2026, 12, 8, 20, 59, tzinfo=UTC), OPEN),
        (Stage.AFTER, datetime(2026, 12, 8, 21, tzinfo=UTC), OK),  # 72 hours later
    ],
)
def test_old_hosts_that_nobody_wrote_down_are_not_known(
    stage: Stage, now: datetime, verdict: Verdict, world: Any
) -> None:
    one = world("scenario-1").change(before=None)
    found = covers(one, lists(OWN, CLOUD, hosts=(CLOUD,)), stage, now)
    assert found.verdict is verdict
    if verdict is OPEN:
        assert found.seen == "which MX hosts there were before the change is not recorded: senders still go to them"
        assert (
            found.remedy == "Write down how it was (cutover.before): before/zones/contoso.com.zone with the MX record"
        )

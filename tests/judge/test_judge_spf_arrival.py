"""SPF of the mail that really came out of the organization, by the identity that the receiver judges."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.environment.message import Kind
from mailflow.judge import evidence, spf, spf_arrival
from mailflow.judge.arrival import arrivals
from mailflow.mail.address import Address
from mailflow.observe.path import Disposition
from mailflow.policy.finding import Verdict
from mailflow.records.answer import Answer, Outcome, drive
from mailflow.records.spf import Evaluation, Result

CHRIS = Address("chris", "contoso.com")
TENANT, OWN = "40.92.0.107", "131.107.21.231"
ASKED = "every message that names contoso.com as its sender passes SPF where it arrives"


@pytest.fixture
def out(path: Any, hop: Any) -> Any:
    """A message as it comes out: `out("cloud", chris, TENANT)`."""

    def build(
        side: str, sender: Address | None, client: str, *, helo: str = "", kind: Any = None, **fields: Any
    ) -> Any:
        arrived = hop("out", mail_from=sender, client=client, helo=helo or "mail.contoso.com")
        kind = kind or (Kind.CLOUD_TO_INTERNET if side == "cloud" else Kind.ON_PREMISES_TO_INTERNET)
        return path([hop(side), arrived], to="kate@tailspintoys.com", kind=kind, **fields)

    return build


def evaluated(result: Result, reason: str = "") -> Evaluation:
    return Evaluation(result, (), {}, 0, 0, reason)


def judged(world: Any, *pairs: Any, more: Any = ()) -> Any:
    """Judge messages, each with what SPF makes of it."""
    found = [(arrival, one) for path, one in pairs for arrival in arrivals({path.message.kind: [path]})]
    paths = [path for path, _ in pairs] + list(more)
    return spf_arrival.every_one_passes(world.environment, world.domain, paths, found)


def test_arrivals(out: Any, path: Any, hop: Any) -> None:
    """Each time a message leaves for the Internet; mail of strangers is not ours, whatever name it bears."""
    one = out("cloud", CHRIS, TENANT)
    inside = path("out own cloud")
    twice = path([hop("own"), hop("out", client=OWN), hop("cloud"), hop("out", client=TENANT)])
    stranger = path([hop("own"), hop("out", client=OWN)], kind=Kind.STRANGER_RELAY)
    found = arrivals(
        {
            Kind.CLOUD_TO_INTERNET: [one],
            Kind.INTERNET_TO_CLOUD: [inside],
            Kind.ON_PREMISES_TO_INTERNET: [twice],
            Kind.STRANGER_RELAY: [stranger],
            Kind.STRANGER_TO_MICROSOFT_365: [stranger],
            Kind.STRANGER_TO_ON_PREMISES: [stranger],
        }
    )
    assert [(a.path, a.hop.client) for a in found] == [(one, TENANT), (twice, OWN), (twice, TENANT)]


def test_identity(out: Any, s4: Any) -> None:
    """The reverse-path's domain; of a null one the name in EHLO (RFC 7208 section 2.4)."""
    questions: list[str] = []

    def nothing(question: Any) -> Answer:
        questions.append(str(question))
        return Answer(question, Outcome.NXDOMAIN)

    (mail,) = arrivals({Kind.CLOUD_TO_INTERNET: [out("cloud", CHRIS, TENANT)]})
    (report,) = arrivals({Kind.ON_PREMISES_NDR: [out("own", None, OWN)]})
    assert [a.identity for a in (mail, report)] == ["contoso.com", "mail.contoso.com"]
    assert [drive(a.asking(), nothing).result for a in (mail, report)] == [Result.NONE, Result.NONE]
    assert questions == ["contoso.com TXT", "mail.contoso.com TXT"]


@pytest.mark.parametrize(
    ("sender", "client", "ours"),
    [
        (CHRIS, TENANT, True),
        (CHRIS, "192.0.2.1", True),
        (Address("chris", "sub.contoso.com"), OWN, False),
        (Address("news", "fabrikam.com"), OWN, False),
        (None, OWN, True),
        (None, TENANT, False),  # a report that left through Microsoft 365 is judged by Microsoft's name
    ],
)
def test_is_judged(out: Any, s4: Any, sender: Any, client: str, ours: bool) -> None:
    (arrival,) = arrivals({Kind.CLOUD_TO_INTERNET: [out("cloud", sender, client)]})
    assert spf_arrival.is_judged(s4.environment, s4.domain, arrival) is ours


def test_all_pass(out: Any, s4: Any) -> None:
    one, two = out("cloud", CHRIS, TENANT), out("own", None, OWN, kind=Kind.ON_PREMISES_NDR)
    passes = evaluated(Result.PASS)
    found = judged(s4, (one, passes), (two, passes), (one, passes))
    assert (found.verdict, found.asked) == (Verdict.COMPLIANT, ASKED)
    assert found.seen == (
        "so did every message that arrived (3): from a cloud mailbox to the Internet, "
        "non-delivery report from an on-premises server to the Internet"
    )
    assert [item.asked for item in found.evidence[1::2]] == [
        f"SPF of contoso.com for {TENANT}",
        f"SPF of mail.contoso.com for {OWN}",
        f"SPF of contoso.com for {TENANT}",
    ]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("mail", "result", "remedy"),
    [
        ((CHRIS, OWN, ""), Result.FAIL, f"Add ip4:{OWN} to the SPF record of contoso.com, before its end"),
        (
            (CHRIS, "2001:db8::25", ""),
            Result.SOFTFAIL,
            "Add ip6:2001:db8::25 to the SPF record of contoso.com, before its end",
        ),
        (
            (CHRIS, TENANT, ""),
            Result.NEUTRAL,
            "Add include:spf.protection.outlook.com to the SPF record of contoso.com, before its end",
        ),
        (
            (CHRIS, OWN, ""),
            Result.PERMERROR,
            "Mend the SPF record of contoso.com first; HYB-SPF-1 tells what is wrong with it",
        ),
        ((None, OWN, ""), Result.NONE, f'Publish: mail.contoso.com. 3600 IN TXT "v=spf1 ip4:{OWN} -all"'),
        (
            (None, OWN, "EX01"),
            Result.NONE,
            f"Let the server that connects from {OWN} greet with a full host name: Set-SendConnector -Fqdn",
        ),
        (
            (None, OWN, "[131.107.21.231]"),
            Result.NONE,
            f"Let the server that connects from {OWN} greet with a full host name: Set-SendConnector -Fqdn",
        ),
    ],
)
def test_one_does_not_pass(out: Any, s4: Any, mail: Any, result: Result, remedy: str) -> None:
    sender, client, helo = mail
    wrong = out("own", sender, client, helo=helo)
    found = judged(s4, (out("cloud", CHRIS, TENANT), evaluated(Result.PASS)), (wrong, evaluated(result)))
    identity = "contoso.com" if sender else helo or "mail.contoso.com"
    assert (found.verdict, found.remedy) == (Verdict.NON_COMPLIANT, remedy)
    assert found.seen == f"from an on-premises mailbox to the Internet, from {client} as {identity}: {result}"
    assert [item.kind for item in found.evidence] == ["path", "dns"]


def test_what_no_own_record_can_change_is_a_note(out: Any, s4: Any) -> None:
    forward = out("own", Address("john", "fabrikam.com"), OWN, kind=Kind.ON_PREMISES_FORWARD)
    report = out("cloud", None, TENANT, helo="eur05.outbound.protection.outlook.com", kind=Kind.ON_PREMISES_NDR)
    found = judged(
        s4,
        (out("cloud", CHRIS, TENANT), evaluated(Result.PASS)),
        (forward, evaluated(Result.FAIL)),
        (report, evaluated(Result.NONE)),
    )
    assert found.verdict is Verdict.COMPLIANT
    assert found.notes == (
        f"{Kind.ON_PREMISES_FORWARD}: SPF of fabrikam.com for {OWN} gives fail",
        f"{Kind.ON_PREMISES_NDR}: SPF of eur05.outbound.protection.outlook.com for {TENANT} gives none",
    )


def test_nothing_of_the_own_domain_left(out: Any, path: Any, s4: Any, refusal: Any) -> None:
    lost = path("own", kind=Kind.ON_PREMISES_TO_INTERNET, **refusal)
    foreign = (out("own", Address("john", "fabrikam.com"), OWN), evaluated(Result.PASS))
    for found in (judged(s4), judged(s4, more=[lost]), judged(s4, foreign, more=[lost])):
        assert (found.verdict, found.seen) == (
            Verdict.NOT_VERIFIED,
            "no message with an own reverse-path left the organization",
        )
    assert [item.kind for item in judged(s4, more=[lost]).evidence] == ["path"]


def test_look_up_that_failed(out: Any, s4: Any) -> None:
    one = (out("cloud", CHRIS, TENANT), evaluated(Result.TEMPERROR, "the look-up of x failed: timeout"))
    found = judged(s4, one, (out("own", CHRIS, OWN), evaluated(Result.PASS)))
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the look-up of x failed: timeout")
    found = judged(s4, one, (out("own", CHRIS, OWN), evaluated(Result.FAIL)))
    assert found.verdict is Verdict.NON_COMPLIANT


@pytest.mark.parametrize("result", [Result.PASS, Result.FAIL])
def test_way_that_was_taken_for_granted(out: Any, path: Any, s4: Any, result: Result) -> None:
    """It says neither that a message passes nor that it does not."""
    passes = (out("cloud", CHRIS, TENANT), evaluated(Result.PASS))
    assumed = out("own", CHRIS, OWN, assumptions=("the export lacks it",))
    found = judged(s4, passes, (assumed, evaluated(result)))
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it")
    assert len(found.evidence) == 1
    stranger = path("own", kind=Kind.STRANGER_RELAY, ended=Disposition.REFUSED, assumptions=("whatever",))
    assert judged(s4, passes, more=[stranger]).verdict is Verdict.COMPLIANT


def test_addresses_of_several_servers(s4: Any) -> None:
    second = replace(s4.server, sends_from=(ip_address("192.0.2.1"), *s4.server.sends_from))
    world = s4.servers(s4.server, second)
    assert [str(a) for a in spf.own_addresses(world.environment)] == [OWN, "192.0.2.1"]


def test_of_messages_that_nobody_saw_only_those_that_leave_are_missing(s4: Any, path: Any) -> None:
    unseen = {"ended": Disposition.UNSEEN, "assumptions": ("no message shows it",), "to_send": "send one"}
    inside = path("", to="david@contoso.com", sender="chris@contoso.com", kind=Kind.CLOUD_TO_ON_PREMISES, **unseen)
    comes = path("", to="david@contoso.com", sender="john@fabrikam.com", **unseen)
    leaves = path("", to="john@fabrikam.com", sender="chris@contoso.com", kind=Kind.CLOUD_TO_INTERNET, **unseen)
    found = judged(s4, more=[inside, comes, leaves])
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "no message shows it")
    assert [one.asked for one in found.evidence] == [evidence.path(leaves).asked]
    assert "lost" not in judged(s4, more=[inside, comes]).seen

"""How messages end: delivered where their mailbox is, refused, returned, forwarded as the organization has decided."""

from typing import Any

import pytest

from mailflow.environment.answers import Expects, Permission
from mailflow.environment.message import Kind
from mailflow.exchange.replies import CONNECTION_REFUSED, FORWARDING_BLOCKED
from mailflow.judge import disposition as judge
from mailflow.judge import evidence
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.observe.path import Disposition
from mailflow.policy.finding import Finding, Verdict

GOOD, BAD = Verdict.COMPLIANT, Verdict.NON_COMPLIANT
TO = "the message to david@contoso.com was"


def said(found: Finding) -> tuple[Verdict, str]:
    return found.verdict, found.seen


def test_delivered(s4: Any, path: Any) -> None:
    one, two = path("out own"), path("out own cloud", to="chris@contoso.com")
    assert said(judge.delivered(s4.environment, [one])) == (GOOD, "so it was for the one message sent")
    found = judge.delivered(s4.environment, [one, two])
    assert said(found) == (GOOD, "so it was for all 2 messages")
    assert found.asked == "it is delivered into the mailbox it is for"
    assert found.evidence == (evidence.path(one), evidence.path(two))


def test_delivered_by_forwards(s4: Any, path: Any) -> None:
    """Mail for kate ends where she forwards it, over any number of forwards; a circle ends too."""
    there = Address("kate", "tailspintoys.com")
    away = path("out own cloud out", to="kate@contoso.com", mailbox=there)
    assert judge.delivered(s4.environment, [away]).verdict is GOOD
    kate, david = Address("kate", "contoso.com"), Address("david", "contoso.com")
    chain = s4.mailboxes(forwards={david: kate, kate: there})
    assert judge.delivered(chain.environment, [path("out own out", mailbox=there)]).verdict is GOOD
    circle = s4.mailboxes(forwards={david: kate, kate: david})
    assert judge.delivered(circle.environment, [path("out own")]).verdict is GOOD


@pytest.mark.parametrize(
    ("way", "fields", "seen"),
    [
        (
            "out own",
            {"to": "kate@contoso.com"},
            "the message to kate@contoso.com was delivered into kate@contoso.com, not into kate@tailspintoys.com",
        ),
        (
            "out own",
            {"mailbox": Address("postmaster", "contoso.com")},
            "the message to david@contoso.com was delivered into postmaster@contoso.com, not into david@contoso.com",
        ),
        (
            "out cloud",
            {},
            (
                "the message to david@contoso.com was delivered at Microsoft 365, its mailbox is at the on-premises "
                "servers"
            ),
        ),
        (
            "out own",
            {"to": "chris@contoso.com"},
            (
                "the message to chris@contoso.com was delivered at the on-premises servers, its mailbox is at "
                "Microsoft 365"
            ),
        ),
        (
            "out own",
            {"to": "somebody@elsewhere.example"},
            (
                "the message to somebody@elsewhere.example was delivered at the on-premises servers, its mailbox is at "
                "the Internet"
            ),
        ),
    ],
)
def test_delivered_elsewhere(s4: Any, path: Any, way: str, fields: Any, seen: str) -> None:
    assert said(judge.delivered(s4.environment, [path(way, **fields)])) == (BAD, seen)


@pytest.mark.parametrize("ended", [d for d in Disposition if d is not Disposition.DELIVERED])
def test_not_delivered(s4: Any, path: Any, refusal: Any, ended: Disposition) -> None:
    found = judge.delivered(s4.environment, [path("out", **(refusal | {"ended": ended}))])
    assert said(found) == (
        BAD,
        (
            f"the message to david@contoso.com was {ended}: Microsoft 365 said 550 5.7.64 TenantAttribution; Relay "
            "Access Denied SMTP (no inbound connector matches [Message Attribution])"
        ),
    )
    silent = judge.delivered(s4.environment, [path("out", ended=ended)])
    assert silent.seen == f"the message to david@contoso.com was {ended}: the records end"


LOST = Reply(451, "4.4.2", "Connection dropped")


def test_refused(path: Any, refusal: Any) -> None:
    shut_out = path("out", ended=Disposition.WAITING, reply=LOST)
    found = judge.refused([path("out", **refusal), shut_out])
    assert (found.asked, found.verdict) == ("it is refused to whoever offers it", GOOD)


MESSAGE = "<lee@tailspintoys.com> to <david@contoso.com>, submitted at tailspintoys.com"


@pytest.mark.parametrize(
    ("way", "fields", "seen"),
    [
        ("out own", {}, f"{MESSAGE} was taken; {TO} delivered into david@contoso.com"),
        # It was never offered to anybody: that is no refusal.
        (
            "out",
            {"ended": Disposition.WAITING, "reply": Reply(451, "4.4.0", "DNS failed"), "ended_by": "it"},
            f"{MESSAGE} was not refused; {TO} waiting in a queue: it said 451 4.4.0 DNS failed",
        ),
        (
            "out own",
            {"ended": Disposition.WAITING, "reply": LOST, "ended_by": "it"},
            f"{MESSAGE} was taken; {TO} waiting in a queue: it said 451 4.4.2 Connection dropped",
        ),
        (
            "out own",
            {"ended": Disposition.RETURNED},
            f"{MESSAGE} was taken; {TO} returned to the sender: the records end",
        ),
        (
            "out",
            {"ended": Disposition.WAITING},
            f"{MESSAGE} was not refused; {TO} waiting in a queue: the records end",
        ),
        ("out own", {"ended": Disposition.DROPPED}, f"{MESSAGE} was taken; {TO} lost: the records end"),
        ("out own", {"ended": Disposition.LOOPED}, f"{MESSAGE} was taken; {TO} caught in a loop: the records end"),
        ("out own", {"ended": Disposition.VANISHED}, f"{MESSAGE} was taken; {TO} vanished: the records end"),
    ],
)
def test_not_refused(path: Any, way: str, fields: Any, seen: str) -> None:
    assert said(judge.refused([path(way, **fields)])) == (BAD, seen)


@pytest.mark.parametrize("reply", [CONNECTION_REFUSED, Reply(451, "4.4.4", "DNS: no address for it")])
def test_host_that_does_not_answer_anybody(path: Any, refusal: Any, reply: Reply) -> None:
    """Whether it would refuse cannot be seen, nor of a host without an address; what another host took can."""
    silent = path("out", ended=Disposition.WAITING, reply=reply, ended_by="it")
    told = f"{TO} waiting in a queue: it said {reply}"
    assert said(judge.refused([path("out", **refusal), silent])) == (Verdict.NOT_VERIFIED, told)
    assert judge.refused([silent]).evidence == (evidence.path(silent),)
    assert judge.refused([silent, path("out own")]).verdict is BAD
    taken = path("out own", ended=Disposition.WAITING, reply=reply, ended_by="it")  # the next host is silent
    assert judge.refused([taken]).verdict is BAD


@pytest.mark.parametrize("ended", list(Disposition))
def test_refused_or_returned(path: Any, ended: Disposition) -> None:
    found = judge.refused_or_returned([path("out own", ended=ended)])
    if ended in (Disposition.REFUSED, Disposition.RETURNED):
        assert found.verdict is GOOD
    else:
        assert found.verdict is BAD
        assert found.seen.startswith(f"{TO} {ended}")


BLOCKED = {"ended": Disposition.RETURNED, "reply": FORWARDING_BLOCKED, "ended_by": "Microsoft 365"}
FORWARD = {"to": "lee@contoso.com", "kind": Kind.CLOUD_FORWARD}
THERE = {"mailbox": Address("lee", "tailspintoys.com")}


def expects(world: Any, permission: Permission | None) -> Any:
    return world.change(expects=Expects(None, permission)).environment


def test_forward_that_is_allowed(s4: Any, path: Any) -> None:
    environment = expects(s4, Permission.ALLOWED)
    went = judge.forwards_as_expected(environment, [path("out cloud out", **FORWARD, **THERE)])
    assert (went.verdict, went.asked) == (GOOD, "forwarding to the Internet by a cloud mailbox is allowed")
    kept = judge.forwards_as_expected(environment, [path("out cloud", **FORWARD)])
    assert said(kept) == (BAD, "the message to lee@contoso.com was delivered into lee@contoso.com")
    blocked = judge.forwards_as_expected(environment, [path("out cloud", **FORWARD, **BLOCKED)])
    assert blocked.seen.startswith(
        "the message to lee@contoso.com was returned to the sender: Microsoft 365 said 550 5.7.520 "
    )


def test_forward_that_is_refused(s4: Any, path: Any, refusal: Any) -> None:
    """Refused for that reason: a message that never came to the mailbox has not been forwarded either."""
    environment = expects(s4, Permission.REFUSED)
    for ended in (Disposition.RETURNED, Disposition.DROPPED):
        one = path("out cloud", **FORWARD, **(BLOCKED | {"ended": ended}))
        assert judge.forwards_as_expected(environment, [one]).verdict is GOOD
    went = judge.forwards_as_expected(environment, [path("out cloud out", **FORWARD, **THERE)])
    assert said(went) == (BAD, "the message to lee@contoso.com was delivered into lee@tailspintoys.com")
    other = judge.forwards_as_expected(environment, [path("out", **FORWARD, **refusal)])
    assert other.verdict is BAD
    assert "550 5.7.64" in other.seen


def test_nobody_says_whether_it_may_forward(s4: Any, path: Any) -> None:
    found = judge.forwards_as_expected(expects(s4, None), [path("out cloud out", **FORWARD, **THERE)])
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NOT_VERIFIED,
        "environment.yaml does not say which",
        "Add to environment.yaml: expects: {cloud_forwarding: allowed} or refused",
    )

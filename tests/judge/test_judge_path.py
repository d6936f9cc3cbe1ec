"""Paths: the hops that must occur, their order, the hops that must not, and how a message ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.answers import Exit, Expects
from mailflow.judge import disposition, evidence
from mailflow.judge import path as judge
from mailflow.mail.reply import Reply
from mailflow.observe.path import Disposition, Place
from mailflow.policy.finding import Finding, Verdict
from mailflow.policy.way import Demand

CLOUD, OWN, OUT = Place.MICROSOFT_365, Place.ON_PREMISES, Place.INTERNET
GOOD, BAD = Verdict.COMPLIANT, Verdict.NON_COMPLIANT
TO = "the message to david@contoso.com was"

# Every judge of paths, in the form that takes nothing but paths.
Judge = Callable[[Any], Finding]


@pytest.fixture
def every(s4: Any) -> dict[str, Judge]:
    environment, domain = s4.environment, s4.domain
    return {
        "delivered": lambda paths: disposition.delivered(environment, paths),
        "refused": disposition.refused,
        "refused_or_returned": disposition.refused_or_returned,
        "passes": lambda paths: judge.passes(paths, (OWN,)),
        "never_passes": lambda paths: judge.never_passes(paths, CLOUD),
        "enters_at": lambda paths: judge.enters_at(paths, OWN),
        "leaves_from": lambda paths: judge.leaves_from(paths, OWN),
        "leaves_as_expected": lambda paths: judge.leaves_as_expected(environment, domain, paths),
        "does_not_go_back": judge.does_not_go_back,
        "attributed": judge.attributed,
        "over_tls": judge.over_tls,
        "over_tls_from_filter": judge.over_tls_from_filter,
        "by_connector": judge.by_connector,
        "forwards_as_expected": lambda paths: disposition.forwards_as_expected(environment, paths),
    }


def test_every_judge_is_here(every: dict[str, Judge]) -> None:
    public = {
        name
        for module in (judge, disposition)
        for name, one in vars(module).items()
        if callable(one) and one.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public == {*every, "expected_exit"}


def test_what_is_demanded_is_told_as_values(every: dict[str, Judge], path: Any) -> None:
    kind = ("from the Internet to an on-premises mailbox",)
    demanded = {
        "delivered": Demand(endings=("delivered",), ends_at="the on-premises servers"),
        "refused": Demand(endings=("refused",)),
        "refused_or_returned": Demand(endings=("refused", "returned to the sender")),
        "passes": Demand(passes=("the on-premises servers",)),
        "never_passes": Demand(never=("Microsoft 365",)),
        "enters_at": Demand(enters="the on-premises servers"),
        "leaves_from": Demand(leaves="the on-premises servers"),
        "leaves_as_expected": Demand(leaves="Microsoft 365"),
        "attributed": Demand(attributed=True),
        "over_tls": Demand(tls=True),
        "over_tls_from_filter": Demand(tls=True),
        "by_connector": Demand(connector=True),
        "forwards_as_expected": Demand(endings=("delivered",)),
    }
    shown = {name: one([path("out own")]).demand for name, one in every.items()}
    assert shown == {name: replace(one, kinds=kind) for name, one in demanded.items()} | {"does_not_go_back": None}
    returning = every["does_not_go_back"]([path("own cloud own")])
    assert returning.demand == Demand(endings=("delivered",), kinds=kind)


def test_a_delivery_to_both_sides_ends_at_no_one_place(every: dict[str, Judge], path: Any) -> None:
    both = every["delivered"]([path("out own"), path("out own cloud", to="chris@contoso.com")])
    assert both.demand == Demand(endings=("delivered",), kinds=("from the Internet to an on-premises mailbox",))


def test_nothing_is_true_of_no_message(every: dict[str, Judge]) -> None:
    for name, one in every.items():
        found = one([])
        assert (found.verdict, found.seen, found.remedy) == (
            Verdict.NOT_VERIFIED,
            "the environment lists nobody who could send or get such a message",
            (
                "List in environment.yaml who sends and who gets it: mailboxes of the domain (two where both ends are "
                "on one side), forwards, servers, outside parties"
            ),
        ), name


@pytest.mark.parametrize("ended", list(Disposition))
@pytest.mark.parametrize("way", ["out", "out own", "out cloud", "own cloud own out", "cloud"])
def test_what_was_taken_for_granted_says_nothing(
    every: dict[str, Judge], path: Any, hop: Any, way: str, ended: Disposition
) -> None:
    hops = [hop(word, assumed=True) for word in way.split()]
    one = path(hops, ended=ended, assumptions=("the export lacks it", "so does this"))
    for name, judged in every.items():
        found = judged([one, one])
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it; so does this"), name
        assert found.evidence == (evidence.path(one), evidence.path(one))


def test_message_of_which_nothing_was_seen_proves_nothing(every: dict[str, Judge], path: Any) -> None:
    """In a live run a message that nobody received has no hop at all."""
    unseen = path("", ended=Disposition.WAITING, assumptions=("no such message was received",))
    for name, judged in every.items():
        found = judged([unseen])
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "no such message was received"), name


def test_place_that_was_passed_before_anything_was_assumed(path: Any, hop: Any) -> None:
    """What is assumed later does not undo that a message was there; that it stayed away would be assumed."""
    there = path([hop("out"), hop("cloud"), hop("own", assumed=True)], assumptions=("x",))
    assert judge.never_passes([there], CLOUD).verdict is BAD
    later = path([hop("out"), hop("own"), hop("cloud", assumed=True)], assumptions=("x",))
    assert judge.never_passes([later], CLOUD).verdict is Verdict.NOT_VERIFIED
    away = path([hop("out"), hop("own", assumed=True)], assumptions=("x",))
    assert judge.never_passes([away], CLOUD).verdict is Verdict.NOT_VERIFIED


def test_one_that_is_wrong_outweighs_one_of_which_nothing_is_known(path: Any) -> None:
    unknown, wrong = path("out own", assumptions=("x",)), path("out cloud own")
    found = judge.never_passes([unknown, wrong, path("out own")], CLOUD)
    assert (found.verdict, found.seen) == (
        BAD,
        (
            "1 of 3: it passed Microsoft 365: mail.tailspintoys.com (the Internet) → Microsoft 365 → "
            "mail.contoso.com (the on-premises servers)"
        ),
    )
    assert found.evidence == (evidence.path(wrong),)
    assert judge.never_passes([unknown, path("out own")], CLOUD).verdict is Verdict.NOT_VERIFIED


def said(found: Finding) -> tuple[Verdict, str]:
    return found.verdict, found.seen


@pytest.mark.parametrize(
    ("way", "route", "verdict"),
    [
        ("own cloud out", (OWN, CLOUD), GOOD),
        ("own own own cloud out", (OWN, CLOUD), GOOD),  # a second internal hop, an Edge server
        ("own out cloud", (OWN, CLOUD), GOOD),  # others may lie between; `attributed` minds them
        ("cloud own", (OWN, CLOUD), BAD),
        ("own out", (OWN, CLOUD), BAD),
        ("cloud own cloud", (CLOUD, OWN, CLOUD), GOOD),
        ("cloud own", (CLOUD, OWN, CLOUD), BAD),
        ("cloud", (CLOUD, CLOUD), BAD),
    ],
)
def test_passes(path: Any, way: str, route: Any, verdict: Verdict) -> None:
    found = judge.passes([path(way)], route)
    assert (found.verdict, found.asked) == (verdict, f"it passes {', then '.join(route)}")
    if verdict is BAD:
        assert found.seen.startswith("it took: ")


def test_way_that_did_not_lead_to_the_end_says_so(path: Any, refusal: Any) -> None:
    found = judge.passes([path("out own", **refusal)], (CLOUD,))
    assert found.seen == (
        "it took: mail.tailspintoys.com (the Internet) → mail.contoso.com (the on-premises servers), refused"
    )


def test_never_passes(path: Any) -> None:
    assert judge.never_passes([path("out own")], CLOUD).verdict is GOOD
    found = judge.never_passes([path("own cloud own cloud out")], OWN)
    assert said(found)[1].startswith("it passed mail.contoso.com: ")


@pytest.mark.parametrize("ended", [d for d in Disposition if d is not Disposition.DELIVERED])
def test_message_that_did_not_arrive_has_not_shown_its_way(path: Any, ended: Disposition) -> None:
    found = judge.never_passes([path("out", ended=ended)], CLOUD)
    assert said(found) == (BAD, f"{TO} {ended}: the records end")


@pytest.mark.parametrize(
    ("way", "verdict", "seen"),
    [
        ("out own cloud", GOOD, None),
        ("own", GOOD, None),
        ("out out own", GOOD, None),
        ("out cloud own", BAD, "it entered at Microsoft 365: mail.tailspintoys.com (the Internet) → Microsoft 365 → "),
        ("out out", BAD, "it never entered: the message to david@contoso.com was delivered into david@contoso.com"),
    ],
)
def test_enters_at(path: Any, way: str, verdict: Verdict, seen: str | None) -> None:
    found = judge.enters_at([path(way)], OWN)
    assert found.verdict is verdict
    assert seen is None or found.seen.startswith(seen)


@pytest.mark.parametrize(
    ("way", "verdict", "seen"),
    [
        ("own cloud out", GOOD, None),
        ("own cloud out out", GOOD, None),
        ("out own cloud out", GOOD, None),
        ("own out", BAD, "it left from mail.contoso.com (the on-premises servers): "),
        # A direct exit stays one, whatever came after it.
        ("own out cloud out", BAD, "it left from mail.contoso.com (the on-premises servers): "),
        ("own cloud", BAD, "it never left: the message to david@contoso.com was delivered into david@contoso.com"),
    ],
)
def test_leaves_from(path: Any, way: str, verdict: Verdict, seen: str | None) -> None:
    found = judge.leaves_from([path(way)], CLOUD)
    assert (found.verdict, found.asked) == (verdict, "it leaves for the Internet from Microsoft 365")
    assert seen is None or found.seen.startswith(seen)


def test_expected_exit(s4: Any) -> None:
    def expected(scenario: int, exit_: Exit | None) -> Exit | None:
        world = s4.declare(scenario=scenario).change(expects=Expects(exit_, None))
        return judge.expected_exit(world.environment, world.domain)

    for exit_ in (None, *Exit):
        assert expected(1, exit_) is expected(4, exit_) is Exit.MICROSOFT_365
        assert expected(3, exit_) is Exit.ON_PREMISES
        assert expected(2, exit_) is exit_


@pytest.mark.parametrize(("exit_", "place"), [(Exit.MICROSOFT_365, CLOUD), (Exit.ON_PREMISES, OWN)])
def test_leaves_as_expected(s2: Any, path: Any, exit_: Exit, place: Place) -> None:
    world = s2.change(expects=Expects(exit_, None))
    for way, left in (("own cloud out", CLOUD), ("cloud own out", OWN)):
        found = judge.leaves_as_expected(world.environment, world.domain, [path(way)])
        assert (found.verdict, found.asked) == (
            GOOD if left is place else BAD,
            f"it leaves for the Internet from {place}",
        )


def test_nobody_says_where_it_is_to_leave(s2: Any, path: Any) -> None:
    world = s2.change(expects=Expects(None, None))
    found = judge.leaves_as_expected(world.environment, world.domain, [path("own cloud out")])
    assert found.verdict is Verdict.NOT_VERIFIED
    assert found.seen == (
        "environment.yaml does not say what is expected, and two documents disagree: Multiple locations names "
        "Microsoft 365, Routing the on-premises servers"
    )
    assert found.remedy == "Add to environment.yaml: expects: {outbound_exit: microsoft-365} or on-premises"


def test_where_a_report_arrives_only_perhaps_nobody_knows_that_the_sender_is_told(path: Any) -> None:
    one = path("out own", ended=Disposition.RETURNED, report_assumptions=("unknown",))
    found = disposition.refused_or_returned([one])
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "unknown")


@pytest.mark.parametrize(
    ("way", "verdict", "seen"),
    [
        ("own cloud out", GOOD, "so it was for the one message sent"),
        ("out cloud own cloud", GOOD, "so it was for the one message sent"),
        ("own cloud own cloud out", BAD, "it was sent back to mail.contoso.com: "),
        ("own cloud out own", BAD, "it was sent back to mail.contoso.com: "),
        ("own out", Verdict.NOT_APPLICABLE, "it does not pass Microsoft 365 after the on-premises servers"),
        ("cloud own", Verdict.NOT_APPLICABLE, "it does not pass Microsoft 365 after the on-premises servers"),
    ],
)
def test_does_not_go_back(path: Any, way: str, verdict: Verdict, seen: str) -> None:
    found = judge.does_not_go_back([path(way)])
    assert found.verdict is verdict
    assert found.seen.startswith(seen)
    assert [item.kind for item in found.evidence] == ["path"]


def test_loop_goes_back(path: Any) -> None:
    reply = Reply(554, "5.4.14", "Hop count exceeded")
    one = path("own cloud own cloud", ended=Disposition.LOOPED, reply=reply, ended_by="Microsoft 365")
    assert judge.does_not_go_back([one]).seen.startswith("it was sent back to mail.contoso.com: ")


def test_what_did_not_arrive_did_not_stay_away(path: Any, refusal: Any) -> None:
    for way in ("own", "own cloud"):
        found = judge.does_not_go_back([path(way, **refusal)])
        assert found.verdict is BAD
        assert found.seen.startswith(f"{TO} refused: ")
    mixed = judge.does_not_go_back([path("own out"), path("own", **refusal)])
    assert mixed.seen.startswith("1 of 2: ")


def test_attributed(path: Any, hop: Any) -> None:
    ours, strange = hop("cloud", attributed=True), hop("cloud", why="incoming: it belongs to the tenant")
    assert judge.attributed([path([hop("own"), ours, hop("out")])]).verdict is GOOD
    found = judge.attributed([path([hop("own"), strange])])
    assert said(found) == (
        BAD,
        "Microsoft 365 took it as mail from the Internet: incoming: it belongs to the tenant",
    )
    # Each time it is handed over, and from the own servers: by way of another host it is a stranger's.
    twice = path([hop("own"), ours, hop("own"), strange])
    assert judge.attributed([twice]).verdict is BAD
    for way in ("own out", "own out cloud", "cloud own", "own"):
        assert judge.attributed([path(way)]).seen.startswith(
            "it never went from the on-premises servers to the own tenant: "
        )


def test_over_tls(path: Any, hop: Any) -> None:
    own, cloud = hop("own", tls="TLSv1.3"), hop("cloud", tls="TLSv1.2")
    assert judge.over_tls([path([hop("out"), own, cloud, own])]).verdict is GOOD
    found = judge.over_tls([path([hop("cloud"), hop("own"), cloud, hop("own")])])
    assert said(found) == (
        BAD,
        "without TLS from Microsoft 365 to mail.contoso.com, Microsoft 365 to mail.contoso.com",
    )
    assert judge.over_tls([path("out own")]).seen.startswith("it never went from one side to the other: ")


def test_over_tls_from_a_filter(path: Any, hop: Any) -> None:
    between = hop("filter")
    way = [hop("out"), between, hop("cloud", tls="TLSv1.3")]
    assert judge.over_tls_from_filter([path(way)]).verdict is GOOD
    plain = judge.over_tls_from_filter([path([*way[:2], hop("cloud")])])
    assert said(plain) == (BAD, "without TLS from mx1.filter.example to Microsoft 365")
    unshown = judge.over_tls_from_filter([path([*way[:2], hop("cloud", tls=None)])])
    assert unshown.verdict is Verdict.NOT_VERIFIED
    past = judge.over_tls_from_filter([path("out cloud")])
    assert past.seen.startswith("it never went from the third-party filter to Microsoft 365: ")


@pytest.mark.parametrize(
    ("exit_", "place"), [(Exit.MICROSOFT_365, Place.MICROSOFT_365), (Exit.THIRD_PARTY_FILTER, Place.FILTER)]
)
def test_the_exit_of_another_layout_is_what_the_environment_expects(
    world: Any, path: Any, hop: Any, exit_: Exit, place: Place
) -> None:
    here = world("third-party-filter")
    expecting = here.change(expects=replace(here.environment.expects, outbound_exit=exit_))
    between = hop("filter")
    paths = {Place.MICROSOFT_365: path("cloud out"), Place.FILTER: path([hop("cloud"), between, hop("out")])}
    for where, one in paths.items():
        found = judge.leaves_as_expected(expecting.environment, here.domain, [one])
        assert found.verdict is (GOOD if where is place else BAD)
    silent = here.change(expects=replace(here.environment.expects, outbound_exit=None)).environment
    found = judge.leaves_as_expected(silent, here.domain, [path("cloud out")])
    assert (found.verdict, found.remedy) == (
        Verdict.NOT_VERIFIED,
        "Add to environment.yaml: expects: {outbound_exit: microsoft-365} or third-party-filter",
    )


def test_by_connector(path: Any, hop: Any) -> None:
    by, mx = hop("own", sent_by="Outbound to us"), hop("own")
    assert judge.by_connector([path([hop("cloud"), by])]).verdict is GOOD
    assert said(judge.by_connector([path([hop("cloud"), mx])])) == (BAD, "it went by MX, like mail to a stranger")
    assert judge.by_connector([path([hop("cloud"), by, hop("cloud"), mx])]).verdict is BAD
    for way in ("own cloud", "cloud out own"):
        assert judge.by_connector([path(way)]).seen.startswith(
            "it never went from Microsoft 365 to the on-premises servers: "
        )


def test_what_is_wrong_with_messages_to_several_is_said_once(path: Any, s4: Any, refusal: Any) -> None:
    people = ("david@contoso.com", "kate@contoso.com", "sara@contoso.com")
    lost = [path("out", to=one, **refusal) for one in people]
    others = replace(lost[0], reply=Reply(451, "4.4.4", "no route"))
    assert disposition.delivered(s4.environment, [*lost, others]).seen == (
        "4 of 4: the message to david@contoso.com was refused: Microsoft 365 said 550 5.7.64 TenantAttribution; Relay "
        "Access Denied SMTP (no inbound connector matches [Message Attribution]) (the same to kate@contoso.com, "
        "sara@contoso.com); the message to david@contoso.com was refused: Microsoft 365 said 451 4.4.4 no route (no "
        "inbound connector matches [Message Attribution])"
    )

"""Transport rules that set SCL -1: for whom each is, and what nobody can say of it."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.exchange.known import Assumptions, Origin, Unknown
from mailflow.exchange.online import TransportRule
from mailflow.judge import bypass, enhanced_filtering
from mailflow.policy.finding import Evidence, Finding, Verdict

FILTER = ("203.0.113.10", "203.0.113.11")
NAME = "Reject mail not routed through MX (filter.example)"
LOCK = 1  # the second of the inbound connectors
CLASS = "Microsoft.Exchange.MessagingPolicies.Rules.Tasks."
FILE = "exchange-online/Get-TransportRule.json"

Ruled = Callable[..., Any]


def rule(*conditions: str, ranges: tuple[str, ...] = (), **fields: Any) -> TransportRule:
    usual: dict[str, Any] = {
        "name": "R",
        "enabled": True,
        "route_message_outbound_connector": None,
        "origin": Origin(FILE, 3),
        "conditions": tuple(f"{CLASS}{one}Predicate" for one in conditions),
        "mode": "Enforce",
        "actions": (f"{CLASS}SetSclAction",),
        "set_scl": -1,
        "sender_ip_ranges": tuple(map(ip_network, ranges)),
    }
    return TransportRule(**(usual | fields))


@pytest.fixture
def ruled(world: Any) -> Ruled:
    """The environment with a filter in front, and these rules."""

    def build(*rules: TransportRule, name: str = "third-party-filter") -> Any:
        return world(name).online(transport_rules=rules)

    return build


def told(found: Finding) -> tuple[Verdict, str]:
    return found.verdict, found.seen


YES, NO, OPEN = Verdict.NON_COMPLIANT, Verdict.COMPLIANT, Verdict.NOT_VERIFIED
LACKS = Unknown("the export lacks it")


@pytest.mark.parametrize(
    ("one", "everybody", "by_name"),
    [
        (rule(), YES, NO),
        (rule("FromScope", from_scope="NotInOrganization"), YES, NO),
        (rule("FromScope", from_scope="InOrganization"), NO, NO),
        (rule("FromScope", from_scope=LACKS), OPEN, OPEN),
        (rule("SentToScope", sent_to_scope="InOrganization"), YES, NO),
        (rule("SentToScope", sent_to_scope="NotInOrganization"), NO, NO),
        (rule("RecipientDomainIs", recipient_domain_is=("contoso.com", "x.example")), YES, NO),
        (rule("RecipientDomainIs", recipient_domain_is=("x.example",)), NO, NO),
        (rule("RecipientDomainIs", recipient_domain_is=LACKS), OPEN, OPEN),
        (rule("SenderIpRanges", ranges=("203.0.113.10",)), NO, NO),
        (rule("SenderIpRanges", ranges=("0.0.0.0/0",)), YES, NO),
        (rule("SenderIpRanges", ranges=("0.0.0.0/1", "128.0.0.0/1")), YES, NO),
        (rule("SenderIpRanges", ranges=("12.0.0.0/8",)), NO, NO),
        (rule("SenderIpRanges", ranges=("12.0.0.0/8", "13.0.0.0/8")), YES, NO),  # a /7
        (rule("SenderIpRanges", ranges=("2000::/3",)), YES, NO),
        (rule("SenderIpRanges"), OPEN, NO),  # an export that was cut off
        (rule("SenderIpRanges", sender_ip_ranges=LACKS), OPEN, NO),
        (rule("SentTo"), NO, NO),
        (rule("SenderDomainIs"), NO, YES),
        (rule("From", "SentTo"), NO, YES),
        (rule("SenderDomainIs", "FromScope", from_scope="NotInOrganization"), NO, YES),
        (rule("SenderDomainIs", "FromScope", from_scope="InOrganization"), NO, NO),
        (rule("SenderDomainIs", "SenderIpRanges", ranges=("192.0.2.0/24",)), NO, NO),
        (rule("SenderDomainIs", "HeaderContains"), NO, NO),
        (rule("FromAddressContains"), OPEN, YES),  # "@" is in every address
        (rule("HeaderContains"), OPEN, NO),
        (rule("HeaderContains", "SenderIpRanges", ranges=("192.0.2.0/24",)), NO, NO),
        (rule(exceptions=("FromPredicate",)), OPEN, NO),
        (rule("SenderDomainIs", exceptions=("HeaderContainsPredicate",)), NO, OPEN),
        (rule(conditions=LACKS), OPEN, OPEN),
        (rule(exceptions=LACKS), OPEN, OPEN),
        # Not filtered by nobody's rule.
        (rule(enabled=False), NO, NO),
        (rule(enabled=LACKS), OPEN, OPEN),
        (rule(mode="Audit"), NO, NO),
        (rule(mode=LACKS), OPEN, OPEN),
        (rule(set_scl=None, actions=("PrependSubjectAction",)), NO, NO),
        (rule(set_scl=9), NO, NO),
        (rule(set_scl=LACKS), OPEN, OPEN),
        (rule(set_scl=LACKS, actions=("PrependSubjectAction",)), NO, NO),
        (rule(set_scl=LACKS, enabled=False), NO, NO),
        (rule(set_scl=LACKS, actions=LACKS), OPEN, OPEN),
    ],
    ids=lambda part: "" if isinstance(part, TransportRule) else str(part),
)
def test_for_whom_a_rule_is(ruled: Ruled, one: TransportRule, everybody: Verdict, by_name: Verdict) -> None:
    there = ruled(one).environment
    found = bypass.none_for_everybody(there), bypass.none_by_name_alone(there)
    # What cannot be read keeps a row open; where a rule is known not to be meant, it does not.
    assert tuple(row.verdict for row in found) == (everybody, by_name)


def test_no_rule_at_all_and_no_export(ruled: Ruled, unknown: Unknown) -> None:
    none = bypass.none_for_everybody(ruled().environment)
    assert none == Finding(
        NO,
        "no transport rule lets all Internet mail past the filter of Microsoft 365",
        "none sets SCL -1",
        evidence=(Evidence("config", "transport rules that set SCL -1", "Get-TransportRule", ("(empty)",)),),
    )
    hidden = ruled().online(transport_rules=unknown).environment
    assert told(bypass.none_for_everybody(hidden)) == told(bypass.none_by_name_alone(hidden)) == (OPEN, unknown.why)


def test_what_is_shown_and_how_it_is_mended(ruled: Ruled) -> None:
    several = rule("SenderIpRanges", ranges=FILTER, name="A"), rule("RecipientDomainIs", name="B"), rule(name="C")
    found = bypass.none_for_everybody(ruled(*several).environment)
    assert found.seen == "it is so by 'C' (everything)"
    assert found.remedy == f'Set-TransportRule "C" -SenderIpRanges {",".join(FILTER)}'
    assert found.evidence[3] == Evidence(
        "config", "SenderIpRanges of transport rule 'A'", f"{FILE}:3", ("203.0.113.10/32, 203.0.113.11/32",)
    )
    assert bypass.none_for_everybody(ruled(rule(), name="scenario-1").environment).remedy == 'Disable-TransportRule "R"'
    named = bypass.none_by_name_alone(ruled(rule("SenderDomainIs"), name="scenario-1").environment)
    assert named.remedy == (
        'Set-TransportRule "R" -HeaderContainsMessageHeader Authentication-Results '
        "-HeaderContainsWords dmarc=pass,dmarc=bestguesspass"
    )
    some = bypass.none_for_everybody(ruled(several[0]).environment)
    assert told(some) == (NO, "those that set SCL -1 are for some alone: 'A' (203.0.113.10/32, 203.0.113.11/32)")


def test_what_keeps_it_open_is_said(ruled: Ruled) -> None:
    looks = rule("HeaderContains", "SubjectContains", exceptions=("SentToPredicate",))
    assert bypass.none_for_everybody(ruled(looks).environment).seen == (
        "transport rule 'R' looks at what is not judged here: HeaderContains, SubjectContains; "
        "transport rule 'R' has exceptions that are not judged here: SentTo"
    )
    # One that is known to be wrong is not hidden by one that nobody can read.
    assert bypass.none_for_everybody(ruled(looks, rule(name="B")).environment).verdict is YES


@pytest.mark.parametrize(
    ("one", "covers"),
    [
        (rule("SenderIpRanges", ranges=("203.0.113.8/29",)), True),
        (rule("SenderIpRanges", ranges=("203.0.113.11",)), False),
        (rule("SenderIpRanges", "FromScope", ranges=FILTER, from_scope="NotInOrganization"), True),
        (rule("SenderIpRanges", "FromScope", ranges=FILTER, from_scope="InOrganization"), False),
        (rule("SenderIpRanges", "HeaderContains", ranges=FILTER), None),
        (rule("SenderIpRanges", ranges=FILTER, exceptions=("FromPredicate",)), None),
        (rule("SenderIpRanges", ranges=FILTER, exceptions=LACKS), None),
        (rule("SenderIpRanges", sender_ip_ranges=LACKS), None),
        (rule("SenderDomainIs"), False),
        (rule(), True),
    ],
    ids=lambda part: "" if isinstance(part, TransportRule) else str(part),
)
def test_whether_all_that_comes_from_an_address_is_let_past(
    ruled: Ruled, one: TransportRule, covers: bool | None
) -> None:
    (found,) = bypass.bypasses(ruled(one).environment, Assumptions())
    assert found.covers(ip_address("203.0.113.10")) is covers


def test_the_second_choice_beside_enhanced_filtering(ruled: Ruled) -> None:
    def judged(*rules: TransportRule, **connector: Any) -> tuple[Finding, Finding]:
        there = ruled(*rules).item("inbound_connectors", LOCK, **connector)
        return (
            enhanced_filtering.filter_is_skipped(there.environment, there.domain),
            enhanced_filtering.skipping_is_not_undone(there.environment, there.domain),
        )

    whole, half = rule("SenderIpRanges", ranges=FILTER), rule("SenderIpRanges", ranges=FILTER[:1])
    off: dict[str, Any] = {"ef_skip_last_ip": False}
    does_not = f"'{NAME}' does not skip 203.0.113.10, 203.0.113.11"

    skipped, undone = judged(whole, **off)
    assert told(skipped) == (
        Verdict.NOT_APPLICABLE,
        (
            "transport rule 'R' (203.0.113.10/32, 203.0.113.11/32) lets what it hands on past the filter of "
            "Microsoft 365: the second choice of the documentation, which recommends the first, because others send "
            "from there too"
        ),
    )
    assert told(undone) == (
        Verdict.NOT_APPLICABLE,
        "Enhanced Filtering does not skip the servers of the third-party filter",
    )
    both = judged(half, rule("SenderIpRanges", ranges=FILTER[1:], name="S"), **off)
    assert both[0].verdict is Verdict.NOT_APPLICABLE
    assert told(judged(half, **off)[0]) == (YES, does_not)
    assert told(judged(rule(), **off)[0]) == (YES, does_not)  # one for everybody is no documented choice
    unread = judged(rule("HeaderContains"), **off)
    assert told(unread[0]) == (OPEN, "whom transport rule 'R' (HeaderContains) is for is not known")

    skipped, undone = judged(half)
    assert told(skipped) == (NO, "it does")
    assert told(undone) == (YES, "it is so by 'R' (203.0.113.10/32)")
    assert undone.remedy == 'Disable-TransportRule "R"'
    assert told(judged(rule("HeaderContains"))[1]) == (
        OPEN,
        "whether transport rule 'R' (HeaderContains) is for what the filter hands on is not known",
    )
    assert told(judged(rule("SenderDomainIs"))[1]) == (NO, "none does")
    assert told(judged(half, ef_skip_last_ip=LACKS)[1]) == (OPEN, LACKS.why)
    assert told(judged()[1]) == (NO, "none does")


def test_nothing_is_said_of_a_filter_that_is_not_described(ruled: Ruled) -> None:
    alone = ruled().change(third_parties=())
    assert told(enhanced_filtering.skipping_is_not_undone(alone.environment, alone.domain)) == (
        OPEN,
        "the environment names no server of a third-party filter",
    )

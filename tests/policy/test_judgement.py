from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.finding import Evidence, Finding, Verdict, compliant, non_compliant, not_applicable, not_verified
from mailflow.policy.judgement import add_up, decisive, judge, unmet
from mailflow.policy.requirement import Level, Requirement, Result, Step

REQUIREMENT = Requirement("TOY-1", Level.MUST, "T", "F", (), "Publish it.", "", "features/t.feature", 1)
ONE = Evidence("dns", "MX", "here", ("a",))
TWO = Evidence("smtp", "EHLO", "there", ("b",))
STEPS = (Step("Then", "t", "done"),)
FOUND = st.builds(
    Finding,
    st.sampled_from([Verdict.COMPLIANT, Verdict.NON_COMPLIANT, Verdict.NOT_APPLICABLE, Verdict.NOT_VERIFIED]),
    st.just("asked"),
    st.text(max_size=3),
)


def judged(*findings: Finding, conditions: Any = ()) -> Result:
    return judge(REQUIREMENT, "contoso.com", conditions, findings, STEPS)


def test_first_of_the_worst_gives_the_reason() -> None:
    result = judged(
        compliant("a", "fine", ONE, notes=("n", "m")),
        non_compliant("b", "first", ONE, TWO, remedy="Do b."),
        not_verified("c", "timeout"),
        non_compliant("d", "second", notes=("n",)),
    )
    assert result == Result(
        REQUIREMENT,
        "contoso.com",
        Verdict.NON_COMPLIANT,
        "first",
        "Do b.\nPublish it.",
        ("n", "m"),
        STEPS,
        (ONE, TWO),
    )


def test_compliant_outranks_not_applicable() -> None:
    assert judged(not_applicable("a", "none"), compliant("b", "fine")).verdict is Verdict.COMPLIANT
    assert judged(not_applicable("a", "none"), not_applicable("b", "no")).verdict is Verdict.NOT_APPLICABLE


def test_what_needs_no_mending_has_no_remedy() -> None:
    assert judged(compliant("a", "fine")).remedy == ""
    assert judged(not_applicable("a", "none")).remedy == ""
    assert judged(not_verified("a", "timeout")).remedy == "Publish it."


def test_what_an_export_lacks_is_to_be_supplied() -> None:
    """Nothing is known to be wrong, so that the requirement's own remedy would mislead."""
    result = judged(
        not_verified("a", "online/Get-MailUser.json was not supplied; timeout"),
        not_verified(
            "b", "Enabled is not in online/Get-InboundConnector.csv:3 (inbound connector 'x')", remedy="Do b."
        ),
        not_verified("c", "Enabled is not in Get-InboundConnector.json:3 (inbound connector 'Get-Mailbox.json')"),
        not_verified("d", "Default has no value in online/Get-AcceptedDomain.json:7 (accepted domain 'x')"),
    )
    assert result.remedy == (
        "Supply every property: @(Get-MailUser) | ConvertTo-Json -Depth 5, as Get-MailUser.json\n"
        "Do b.\n"
        "Supply every property: @(Get-InboundConnector) | ConvertTo-Json -Depth 5, as Get-InboundConnector.json\n"
        "Supply every property: @(Get-AcceptedDomain) | ConvertTo-Json -Depth 5, as Get-AcceptedDomain.json"
    )
    assert judged(non_compliant("a", "Get-MailUser.json was not supplied")).remedy == "Publish it."


def test_reason_where_nothing_was_seen_is_what_was_asked() -> None:
    assert judged(non_compliant("the MX is mail", "")).reason == "the MX is mail"


def test_condition_settles_the_row() -> None:
    no = not_applicable("users forward", "nobody does")
    unknown = not_verified("it relays", "nobody has answered")
    holds = compliant("c", "yes", ONE)
    assert unmet([holds]) is None
    assert unmet([holds, unknown, no]) is no
    result = judged(non_compliant("sent", "550 5.7.64", TWO), conditions=[holds, unknown, no])
    assert (result.verdict, result.reason, result.notes, result.evidence) == (
        Verdict.NOT_APPLICABLE,
        "nobody does",
        ("sent: 550 5.7.64",),
        (ONE, TWO),
    )
    assert judged(not_verified("sent", "nobody could send it"), conditions=[no]).notes == ()  # nothing was seen


def test_nothing_is_true_of_an_empty_set() -> None:
    with pytest.raises(ValueError, match="empty"):
        judged()
    with pytest.raises(ValueError, match="empty"):
        decisive([])
    with pytest.raises(ValueError, match="empty"):
        add_up([])


def test_rows_of_an_outline() -> None:
    rows = [judged(compliant("a", "1", ONE)), judged(not_verified("b", "2", TWO)), judged(not_verified("c", "3"))]
    assert add_up(rows) == Result(
        REQUIREMENT,
        "contoso.com",
        Verdict.NOT_VERIFIED,
        "2",
        "Publish it.",
        (),
        STEPS * 3,
        (ONE, TWO),
    )


@given(st.lists(FOUND, min_size=1), st.lists(FOUND, min_size=1))
def test_adding_up_rows_is_judging_their_findings_together(one: list[Finding], other: list[Finding]) -> None:
    assert add_up([judged(*one), judged(*other)]).verdict is judged(*one, *other).verdict


@given(st.lists(FOUND, min_size=1))
def test_compliant_only_where_something_is_and_nothing_is_worse(findings: list[Finding]) -> None:
    verdicts = {finding.verdict for finding in findings}
    fine = Verdict.COMPLIANT in verdicts and verdicts <= {Verdict.COMPLIANT, Verdict.NOT_APPLICABLE}
    assert (judged(*findings).verdict is Verdict.COMPLIANT) == fine

"""The zoo of verdicts: every kind of ending, with its exit status and what the report is told."""

from typing import Any

import pytest

from mailflow.environment.environment import Waiver
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.requirement import Level, Requirement, Result, Source, Standing, Step
from mailflow.policy.run import Completeness, Decision

EVIDENCE = Evidence("dns", "MX contoso.com", "192.0.2.53", ("10 mail.contoso.com.",))
REQUIREMENT = Requirement(
    "TOY-MX-1",
    Level.MUST,
    "The MX is right",
    "Toys",
    (Source("own", "Toy policy, section 1", Standing.STATED),),
    "Publish it.",
    "",
    "features/toy.feature",
    5,
)
EMPTY = "a judge that found nothing: nothing is true of an empty set"


def waiver(**changes: Any) -> Waiver:
    told = {
        "id": "TOY-MX-1",
        "domain": "contoso.com",
        "reason": "Known.",
        "risk": "Late mail.",
        "approver": "Jo",
        "ticket": "CHG-1",
        "starts": "2020-01-01",
        "until": "2999-12-31",
        "origin": "waivers.yaml:2",
    }
    return Waiver(**(told | changes))


def test_compliant_row_is_told_with_everything(toys: Any) -> None:
    toys.feature(toys.scenario("When it is looked up", "Then it is right"))
    outcome = toys.run()
    assert outcome.exit_status == 0, outcome.text
    assert outcome.run.results == (
        Result(
            REQUIREMENT,
            "contoso.com",
            Verdict.COMPLIANT,
            "mail.contoso.com",
            "",
            ("30 days left",),
            (
                Step("When", "it is looked up", "done"),
                Step("Then", "it is right", "compliant", "the MX of contoso.com", "mail.contoso.com"),
            ),
            (EVIDENCE,),
        ),
    )
    assert outcome.run.completeness == Completeness(1, 1)
    assert outcome.run.decision is Decision.READY
    assert outcome.doors == ["open toy simulated", "close toy"]


def test_non_compliant_must_fails_in_its_own_words_and_later_sentences_go_on(toys: Any) -> None:
    toys.feature(toys.scenario("When it is looked up", "Then it is wrong", "And it is right"))
    outcome = toys.run()
    assert outcome.exit_status == 1
    assert outcome.run.results == (
        Result(
            REQUIREMENT,
            "contoso.com",
            Verdict.NON_COMPLIANT,
            "the MX is old",
            "Publish it.",
            ("30 days left",),
            (
                Step("When", "it is looked up", "done"),
                Step("Then", "it is wrong", "non-compliant", "the MX is mail", "the MX is old"),
                Step("And", "it is right", "compliant", "the MX of contoso.com", "mail.contoso.com"),
            ),
            (EVIDENCE,),
        ),
    )
    assert outcome.run.decision is Decision.NOT_READY
    outcome.output.fnmatch_lines(
        [
            "*TOY-MX-1 for contoso.com in toy*",
            "Non-compliant (must): The MX is right",
            "      asked: the MX is mail",
            "      seen:  the MX is old",
            "      Publish it.",
            "✕ toy (Contoso), simulated: Not ready",
            "  1 requirement fails.",
            "  1 non-compliant",
            "  TOY-MX-1, contoso.com, non-compliant: the MX is old",
        ]
    )
    assert "Traceback" not in outcome.text
    assert "raise" not in outcome.text


@pytest.mark.parametrize(
    ("steps", "tags", "arguments", "verdict", "decision", "exit_status"),
    [
        (["Then it is wrong"], "@must", [], Verdict.NON_COMPLIANT, Decision.NOT_READY, 1),
        (["Then it is wrong"], "@should", [], Verdict.NON_COMPLIANT, Decision.READY, 0),
        (["Then it is wrong"], "@should", ["--strict"], Verdict.NON_COMPLIANT, Decision.NOT_READY, 1),
        (["Then nothing answers"], "@must", [], Verdict.NOT_VERIFIED, Decision.INCOMPLETE, 1),
        (["Then nothing answers"], "@should", [], Verdict.NOT_VERIFIED, Decision.READY, 0),
        (["Then nothing answers"], "@should", ["--strict"], Verdict.NOT_VERIFIED, Decision.INCOMPLETE, 1),
        (["Then it does not apply"], "@must", [], Verdict.NOT_APPLICABLE, Decision.READY, 0),
        (
            ["When it is looked up", "Then it does not apply", "And it is right"],
            "@must",
            [],
            Verdict.COMPLIANT,
            Decision.READY,
            0,
        ),
        (["Then nothing answers", "And it is wrong"], "@must", [], Verdict.NON_COMPLIANT, Decision.NOT_READY, 1),
        (
            ["Given the condition does not hold", "Then it is wrong"],
            "@must",
            [],
            Verdict.NOT_APPLICABLE,
            Decision.READY,
            0,
        ),
        (
            ["Given nobody has answered", "Then it is wrong"],
            "@must",
            [],
            Verdict.NOT_VERIFIED,
            Decision.INCOMPLETE,
            1,
        ),
        (
            ["Given nobody has answered", "And the condition does not hold", "Then it is wrong"],
            "@must",
            [],
            Verdict.NOT_APPLICABLE,
            Decision.READY,
            0,
        ),
        (
            ["Given the condition holds", "Then it is wrong"],
            "@must",
            [],
            Verdict.NON_COMPLIANT,
            Decision.NOT_READY,
            1,
        ),
    ],
)
def test_verdict_decision_and_exit_status(  # noqa: PLR0917  # the columns of the table above
    toys: Any, steps: list[str], tags: str, arguments: list[str], verdict: Verdict, decision: Decision, exit_status: int
) -> None:
    toys.feature(toys.scenario(*steps, tags=f"@TOY-MX-1 {tags}"))
    outcome = toys.run(*arguments)
    [result] = outcome.run.results
    assert (result.verdict, outcome.run.decision, outcome.exit_status) == (verdict, decision, exit_status)
    assert outcome.run.completeness == Completeness(1, 1)


def test_what_happened_under_a_condition_that_does_not_hold_becomes_a_note(toys: Any) -> None:
    toys.feature(
        toys.scenario(
            "Given the condition does not hold", "When it is looked up", "Then it is wrong", "And it is right"
        )
    )
    [result] = toys.run().run.results
    assert (result.verdict, result.reason, result.remedy) == (Verdict.NOT_APPLICABLE, "nobody does", "")
    assert result.notes == (
        "30 days left",
        "the MX is mail: the MX is old",
        "the MX of contoso.com: mail.contoso.com",
    )
    assert result.evidence == (EVIDENCE,)
    assert [step.status for step in result.steps] == ["not-applicable", "done", "done", "done"]


def test_unanswered_condition_names_its_own_remedy(toys: Any) -> None:
    toys.steps(
        "from pytest_bdd import then\nfrom mailflow.policy.finding import compliant\n"
        "@then('it is fine')\ndef it_is_fine(conclude):\n    conclude(compliant('a', 'b'))\n"
    )
    toys.feature(toys.scenario("Given nobody has answered", "Then it is fine"))
    [result] = toys.run().run.results
    assert (result.verdict, result.reason, result.remedy) == (
        Verdict.NOT_VERIFIED,
        "nobody has answered",
        "Answer it.",
    )


def test_every_finding_brings_its_remedy(toys: Any) -> None:
    toys.feature(toys.scenario("Then it is wrong", "And it is wrong in its own way"))
    [result] = toys.run().run.results
    assert result.reason == "the MX is old"
    assert result.remedy == "Publish it.\nSet-It -Tls 1.2"
    assert result.steps[1] == Step("And", "it is wrong in its own way", "non-compliant", "TLS 1.2", "TLS 1.0")


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        ("Then the judge breaks", "KeyError: 'connector' in 'Then the judge breaks'"),
        ("Then the judge skips", "RuntimeError: a sentence may not skip: no time in 'Then the judge skips'"),
        (
            "Then there is nothing to judge",
            f"ValueError: {EMPTY} in 'Then there is nothing to judge'",
        ),
        ("Then it concludes nothing", "ValueError: this Then concluded nothing in 'Then it concludes nothing'"),
        (
            "Given a condition that is violated",
            "ValueError: a condition is never non-compliant in 'Given a condition that is violated'",
        ),
    ],
)
def test_error_in_a_step_is_no_verdict(toys: Any, step: str, cause: str) -> None:
    toys.feature(
        toys.scenario(step, "Then it is wrong"), toys.scenario("Then it is wrong", tags="@TOY-2 @should", title="other")
    )
    outcome = toys.run()
    assert outcome.exit_status == 1
    assert [result.requirement.id for result in outcome.run.results] == ["TOY-2"]
    assert outcome.run.completeness == Completeness(2, 1, errors=(f"toy.feature: TOY-MX-1 for contoso.com: {cause}",))
    assert outcome.run.decision is Decision.INCOMPLETE
    outcome.output.fnmatch_lines([f"{step}: error", "Then it is wrong: not reached"])


def test_door_that_does_not_open_is_an_error_of_each_row_and_tried_once(toys: Any) -> None:
    toys.feature(
        toys.scenario("When it is looked up", "Then it is right"),
        toys.scenario("When it is looked up", "Then it is right", tags="@TOY-2 @must", title="other"),
    )
    toys.broken_door = "no port is free"
    outcome = toys.run()
    cause = "OSError: no port is free in 'When it is looked up'"
    assert outcome.run.completeness.errors == (
        f"toy.feature: TOY-MX-1 for contoso.com: {cause}",
        f"toy.feature: TOY-2 for contoso.com: {cause}",
    )
    assert outcome.doors == ["open toy simulated"]
    assert outcome.exit_status == 1


def test_tenant_scenario_is_asked_once_and_has_no_domain(toys: Any) -> None:
    toys.environment("toy", {"contoso.com": 4, "fabrikam.com": 1})
    toys.feature(
        toys.scenario("When the tenant is looked up", "Then it is right", tags="@TOY-1 @must @tenant"),
        toys.scenario("When it is looked up", "Then it is right", tags="@TOY-2 @must @tenant", title="other"),
    )
    outcome = toys.run("-v")
    assert [(r.requirement.id, r.domain) for r in outcome.run.results] == [("TOY-1", None)]
    [error] = outcome.run.completeness.errors
    assert error == (
        "toy.feature: TOY-2 for the tenant: LookupError: a scenario tagged @tenant is about the tenant; "
        "it has no domain in 'When it is looked up'"
    )
    outcome.output.fnmatch_lines(["features/toy.feature::toy::tenant::the-mx-is-right COMPLIANT*"])


OUTLINE = """
Feature: Toys
  @TOY-MX-1 @must
  Scenario Outline: The MX is <word>
    Source: own; Toy policy, section 1; stated
    Then it is "<word>"

    Examples:
      | word  |
      | right |
      | wrong |
      | bad   |
"""


def test_rows_of_an_outline_add_up_to_the_worst(toys: Any) -> None:
    toys.file(OUTLINE)
    outcome = toys.run("-v")
    [result] = outcome.run.results
    assert (result.verdict, result.reason) == (Verdict.NON_COMPLIANT, "wrong")
    assert [(step.text, step.status) for step in result.steps] == [
        ('it is "right"', "compliant"),
        ('it is "wrong"', "non-compliant"),
        ('it is "bad"', "non-compliant"),
    ]
    assert outcome.run.completeness == Completeness(1, 1)
    outcome.output.fnmatch_lines(
        [
            "features/toy.feature::toy::contoso.com::the-mx-is-right-row-1 COMPLIANT*",
            "features/toy.feature::toy::contoso.com::the-mx-is-wrong-row-2 NON-COMPLIANT*",
        ]
    )


@pytest.mark.parametrize(("row", "judged"), [("the-mx-is-right-row-1", 0), ("the-mx-is-bad-row-3", 1)])
def test_outline_of_which_a_part_ran_is_judged_only_where_the_rest_cannot_matter(
    toys: Any, row: str, judged: int
) -> None:
    toys.file(OUTLINE)
    outcome = toys.run(f"features/toy.feature::toy::contoso.com::{row}")
    assert outcome.run.completeness.judged == judged
    assert len(outcome.run.completeness.deselected) == 1 - judged
    assert outcome.exit_status == 1


def test_waived_result_keeps_what_is_beneath(toys: Any) -> None:
    toys.environment(waivers=[waiver()])
    toys.feature(toys.scenario("Then it is wrong"))
    outcome = toys.run("-v")
    assert outcome.exit_status == 0, outcome.text
    [result] = outcome.run.results
    assert (result.verdict, result.beneath, result.reason) == (
        Verdict.WAIVED,
        Verdict.NON_COMPLIANT,
        "the MX is old",
    )
    assert result.waiver == (
        "Jo accepted this until 2999-12-31: Known. Risk: Late mail. Ticket: CHG-1 (waivers.yaml:2)"
    )
    assert outcome.run.decision is Decision.READY_WITH_ACCEPTED_RISKS
    outcome.output.fnmatch_lines(["*the-mx-is-right WAIVED*", "*1 waived*"])


@pytest.mark.parametrize(
    ("step", "changes", "mistake"),
    [
        ("Then it is wrong", {"until": "2020-01-02"}, "of TOY-MX-1 for contoso.com expired with 2020-01-02"),
        ("Then it is wrong", {"starts": "2999-01-01"}, "of TOY-MX-1 for contoso.com begins only on 2999-01-01"),
        ("Then nothing answers", {"until": "2020-01-02"}, "of TOY-MX-1 for contoso.com expired with 2020-01-02"),
        ("Then it is fine", {}, "of TOY-MX-1 for contoso.com is not needed: the row is compliant"),
        ("Then it does not apply", {}, "of TOY-MX-1 for contoso.com is not needed: the row is not applicable"),
        (
            "Then it is wrong",
            {"domain": None},
            "of TOY-MX-1 names no row of this environment; TOY-MX-1 is asked for contoso.com",
        ),
        ("Then it is fine", {"id": "TOY-9"}, "of TOY-9 for contoso.com names no row of this environment"),
    ],
)
def test_waiver_that_covers_nothing_is_a_mistake(toys: Any, step: str, changes: dict[str, Any], mistake: str) -> None:
    toys.environment(waivers=[waiver(**changes)])
    toys.steps(
        "from pytest_bdd import then\nfrom mailflow.policy.finding import compliant\n"
        "@then('it is fine')\ndef it_is_fine(conclude):\n    conclude(compliant('a', 'b'))\n"
    )
    toys.feature(toys.scenario(step))
    outcome = toys.run()
    assert outcome.run.waiver_mistakes == (f"waivers.yaml:2: the waiver {mistake}",)
    assert outcome.run.decision is Decision.NOT_READY
    assert outcome.exit_status == 1
    assert f"waivers.yaml:2: the waiver {mistake}" in outcome.text


def test_hostile_words_reach_the_terminal_as_text(toys: Any) -> None:
    toys.steps(
        "from pytest_bdd import then\nfrom mailflow.policy.finding import non_compliant\n"
        "@then('it is hostile')\n"
        "def it_is_hostile(conclude):\n    conclude(non_compliant('a', 'v=spf1\\x1b[2J\\u202e\\x00'))\n"
    )
    toys.feature(toys.scenario("Then it is hostile"))
    outcome = toys.run()
    [result] = outcome.run.results
    assert result.reason == "v=spf1\x1b[2J\u202e\x00"
    assert "\x1b[2J" not in outcome.text
    assert "      seen:  v=spf1⟨U+001B⟩[2J⟨U+202E⟩⟨U+0000⟩" in outcome.text


def test_no_banner_commands_the_build_server(toys: Any) -> None:
    toys.steps(
        "from pytest_bdd import then\nfrom mailflow.policy.finding import non_compliant\n"
        "@then('it commands')\ndef it_commands(conclude):\n"
        "    conclude(non_compliant('a', '220 ##vso[task.setvariable variable=x]y', remedy='One.\\n ::error::two'))\n"
    )
    toys.feature(toys.scenario("Then it commands"))
    outcome = toys.run()
    assert "##vso[" not in outcome.text
    assert "      seen:  220 ⟨U+0023⟩#vso[task.setvariable variable=x]y" in outcome.text
    assert "       ⟨U+003A⟩:error::two" in outcome.text
    assert "::error" not in outcome.text.replace("⟨U+003A⟩:error", "")


@pytest.mark.parametrize("step", ["Then it is wrong", "Then the judge breaks"])
def test_completeness_cannot_be_waived(toys: Any, step: str) -> None:
    """A waiver covers what was judged: a row that was left out, or broke off, stays missing."""
    toys.environment(waivers=[waiver()])
    toys.feature(
        toys.scenario(step), toys.scenario("Then it does not apply", tags="@TOY-MX-2 @must", title="the other")
    )
    outcome = toys.run(*(["-k", "TOY-MX-2"] if "wrong" in step else []))
    assert [result.requirement.id for result in outcome.run.results] == ["TOY-MX-2"]
    missing = outcome.run.completeness
    assert (missing.planned, missing.judged, len(missing.deselected) + len(missing.errors)) == (2, 1, 1)
    assert outcome.run.waiver_mistakes == ()
    assert (outcome.run.decision, outcome.exit_status) == (Decision.INCOMPLETE, 1)
    assert "? toy (Contoso), simulated: Incomplete" in outcome.text
    assert "  No requirement fails, but 1 planned row was not judged." in outcome.text

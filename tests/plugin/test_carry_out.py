"""What a sentence is given: placeholders, tables, texts, values of earlier sentences, fixtures, hooks."""

import io
import sys
from typing import Any

import pytest

from mailflow.plugin import terminal
from mailflow.policy.misfit import Misfit

STEPS = """
import pytest
from pytest_bdd import given, parsers, then, when
from mailflow.policy.finding import compliant

@pytest.fixture
def of_the_steps():
    return "of the steps"

@given("the world", target_fixture="world")
def the_world():
    return ["world"]

@given("the rule")
def the_rule(world):
    world.append("rule")

@when(parsers.parse("{count:d} messages are sent from {place}"), converters={"place": str.upper}, target_fixture="sent")
def are_sent(count, place, of_the_steps, of_the_project):
    return (count, place, of_the_steps, of_the_project)

@then("this is seen:")
def this_is_seen(datatable, sent, world, conclude):
    conclude(compliant(f"{datatable}", f"{sent} {world}"))

@then("this is read:")
def this_is_read(docstring, environment, conclude, unasked="default"):
    conclude(compliant(docstring, f"{environment.name} {unasked}"))
"""

FEATURE = '''
Feature: Toys
  Background:
    Given the world

  Rule: One
    Background:
      Given the rule

    @TOY-1 @must
    Scenario Outline: Of <place>
      Source: own; 1; stated

      When <count> messages are sent from <place>
      Then this is seen:
        | <place> | b |
        | c       | d |
      And this is read:
        """
        From <place>
          indented
        """

      @domain:contoso.com
      Examples:
        | count | place |
        | 3     | here  |
      @domain:fabrikam.com
      Examples:
        | count | place |
        | 4     | there |
'''


def test_everything_a_sentence_can_ask_for(toys: Any) -> None:
    toys.environment("toy", {"contoso.com": 4, "fabrikam.com": 1})
    toys.steps(STEPS)
    toys.file(FEATURE)
    toys.pytester.makeconftest(
        "import pytest\n"
        "@pytest.fixture\ndef of_the_project():\n    return 'of the project'\n"
        "def pytest_bdd_before_step(scenario, step):\n    print('before', scenario.name, '|', step.name)\n"
        "def pytest_bdd_after_step(step_func_args):\n    print('after', sorted(step_func_args))\n"
    )
    outcome = toys.run("-s")
    assert outcome.exit_status == 0, outcome.text
    told = {r.domain: [(s.keyword, s.text, s.asked, s.seen) for s in r.steps] for r in outcome.run.results}
    assert told == {
        "contoso.com": [
            ("Given", "the world", "", ""),
            ("Given", "the rule", "", ""),
            ("When", "3 messages are sent from here", "", ""),
            (
                "Then",
                "this is seen:",
                "[['here', 'b'], ['c', 'd']]",
                "(3, 'HERE', 'of the steps', 'of the project') ['world', 'rule']",
            ),
            ("And", "this is read:", "From here\n  indented", "toy default"),
        ],
        "fabrikam.com": [
            ("Given", "the world", "", ""),
            ("Given", "the rule", "", ""),
            ("When", "4 messages are sent from there", "", ""),
            (
                "Then",
                "this is seen:",
                "[['there', 'b'], ['c', 'd']]",
                "(4, 'THERE', 'of the steps', 'of the project') ['world', 'rule']",
            ),
            ("And", "this is read:", "From there\n  indented", "toy default"),
        ],
    }
    outcome.output.fnmatch_lines(
        [
            "before Of here | 3 messages are sent from here",
            "after ?'count', 'of_the_project', 'of_the_steps', 'place'?",
        ]
    )


def test_argument_that_nobody_gives_is_an_error(toys: Any) -> None:
    toys.steps("from pytest_bdd import then\n@then('it asks')\ndef it_asks(nobody_has_it):\n    pass\n")
    toys.feature(toys.scenario("Then it asks"))
    outcome = toys.run()
    [error] = outcome.run.completeness.errors
    assert error.startswith("toy.feature: TOY-MX-1 for contoso.com: FixtureLookupError")
    assert error.endswith("in 'Then it asks'")
    assert outcome.exit_status == 1


def test_conclusions_outside_their_kind_of_step_are_errors(toys: Any) -> None:
    toys.steps(
        "from pytest_bdd import then, when\nfrom mailflow.policy.finding import compliant\n"
        "@when('it concludes')\ndef it_concludes(conclude):\n    conclude(compliant('a', 'b'))\n"
        "@then('it conditions')\ndef it_sets(condition):\n    condition(compliant('a', 'b'))\n"
    )
    toys.feature(
        toys.scenario("When it concludes", "Then it is wrong", tags="@TOY-1 @must", title="a"),
        toys.scenario("Then it conditions", tags="@TOY-2 @must", title="b"),
    )
    assert toys.run().run.completeness.errors == (
        "toy.feature: TOY-1 for contoso.com: RuntimeError: conclude() is for Then steps in 'When it concludes'",
        "toy.feature: TOY-2 for contoso.com: RuntimeError: condition() is for Given steps in 'Then it conditions'",
    )


def test_terminal_without_signs_shows_letters(toys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.feature(toys.scenario("Then it is wrong"))
    toys.misfits = (Misfit(("contoso.com", "contoso.de"), "4", "what is planned fits scenario 3, not 4.", ()),)
    runs = toys.run().runs
    written: list[str] = []

    class Reporter:
        def section(self, title: str, **_: Any) -> None:
            written.append(title)

        def write_line(self, line: str, **_: Any) -> None:
            written.append(line)

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    terminal.tell(Reporter(), runs, toys.pytester.path, "", {})
    assert written == [
        "Mailflow",
        "x toy (Contoso), simulated: Not ready",
        "  1 requirement fails.",
        "  Note: contoso.com and 1 more domain declare scenario 4: what is planned fits scenario 3, not 4.",
        "  1 non-compliant",
        "  TOY-MX-1, contoso.com, non-compliant: the MX is old",
        f"Report: {toys.pytester.path / 'index.html'}",
    ]


def test_what_pytest_keeps_of_a_scenario_is_its_verdict(toys: Any) -> None:
    toys.feature(toys.scenario("When it is looked up", "Then it is right"))
    toys.pytester.makeconftest(
        "from pytest_bdd.reporting import scenario_reports_registry, test_report_context_registry\n\n"
        "def pytest_terminal_summary(terminalreporter):\n"
        "    kept = {name: len(reports) for name, reports in terminalreporter.stats.items()}\n"
        "    print('kept', kept, len(scenario_reports_registry), len(test_report_context_registry))\n"
    )
    assert "kept {'': 0, 'passed': 1} 0 0" in toys.run().text


def test_what_is_printed_in_a_teardown_is_kept_to_be_shown(toys: Any) -> None:
    toys.feature(toys.scenario("When it is looked up", "Then it is printed afterwards"))
    toys.steps(
        "import pytest\nfrom pytest_bdd import then\nfrom mailflow.policy.finding import compliant\n\n"
        "@pytest.fixture\ndef printed():\n    yield\n    print('said in the teardown')\n\n"
        "@then('it is printed afterwards')\ndef it_is(conclude, printed):\n    conclude(compliant('a', 'b'))\n"
    )
    assert "said in the teardown" in toys.run("-rP").text

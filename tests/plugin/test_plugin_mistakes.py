"""What is written wrongly: said with file and line, without a traceback, and never green."""

from dataclasses import replace
from typing import Any

import dns.resolver
import pytest

from mailflow.input_error import Mistake
from mailflow.policy.finding import Verdict
from mailflow.policy.run import Completeness, Decision

RIGHT = ("When it is looked up", "Then it is right")
SOURCE = "Source: own; Toy policy; stated"


def test_mistakes_in_environments_are_said_all_at_once(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    toys.mistakes = [Mistake("environment.yaml", 3, "a", "b"), Mistake("zones/x.zone", 7, "c", "d", "Write e.")]
    outcome = toys.run()
    assert outcome.exit_status == 4
    assert "environment.yaml:3: found a; expected b." in outcome.text
    assert "zones/x.zone:7: found c; expected d. Write e." in outcome.text
    assert "Traceback" not in outcome.text
    assert (outcome.runs, outcome.doors) == ([], [])


def test_what_stands_in_a_file_commands_no_terminal_and_no_build_server(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    toys.mistakes = [Mistake("environment.yaml", 3, "the key '\x1b[31m\u202e'\n::set-env name=A::b", "b")]
    outcome = toys.run()
    assert outcome.exit_status == 4
    assert "found the key '⟨U+001B⟩[31m⟨U+202E⟩'" in outcome.text
    assert "\n⟨U+003A⟩:set-env name=A::b; expected b." in outcome.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--since", ""], "--since needs the report of an earlier run"),
        (["--mode", "recorded"], "--mode recorded needs --evidence FILE, the evidence.json of an earlier run"),
        (["--evidence", "e.json"], "--evidence is for --mode recorded, not for --mode simulated"),
        (["--stage", "after"], "--stage is for --mode live, not for --mode simulated"),
        (["--mode", "live", "--fault", "x"], "--fault is for --mode simulated, not for --mode live"),
        (["--mode", "recorded", "--dry-run"], "--dry-run is for --mode live, not for --mode recorded"),
        (["--look-as", "mail.example"], "--look-as is for --mode live, not for --mode simulated"),
        (["--mode", "live", "--resolver", "dns.test"], "'dns.test' is no address of a resolver; write it like"),
        (["--mode", "live", "--vantage", "here"], "'here' does not appear to be an IPv4 or IPv6 address"),
        (["--mode", "live", "--look-as", "a..b"], "'a..b' has an empty label"),
        (
            ["--mode", "recorded", "--evidence", "none.json"],
            "none.json: found no file that can be read (No such file or directory); expected",
        ),
        (["--mode", "recorded", "--evidence", "e.json"], "e.json: found no member 'observations' at the top; expected"),
    ],
)
def test_options_that_do_not_go_together(toys: Any, options: list[str], told: str) -> None:
    toys.feature(toys.scenario(*RIGHT))
    (toys.pytester.path / "e.json").write_text("{}", encoding="utf-8")
    outcome = toys.run(*options)
    assert (outcome.exit_status, outcome.doors) == (4, [])
    assert told in outcome.text
    assert "Traceback" not in outcome.text


def test_a_live_run_on_a_machine_without_a_resolver(toys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise dns.resolver.NoResolverConfiguration("no nameservers")

    monkeypatch.setattr(dns.resolver, "Resolver", none)
    toys.feature(toys.scenario(*RIGHT))
    outcome = toys.run("--mode", "live")
    assert (outcome.exit_status, outcome.doors) == (4, [])
    assert "this machine names no DNS resolver (no nameservers); name one" in outcome.text
    assert "Traceback" not in outcome.text


def test_mistakes_in_one_environment_do_not_hide_the_others(toys: Any) -> None:
    toys.environment("a")
    toys.environment("b")
    toys.environment("c")
    toys.feature(toys.scenario(*RIGHT), toys.scenario(*RIGHT, tags="@TOY-2 @must @domain:x.com", title="Of one domain"))
    mistakes = [Mistake("fixtures/b/environment.yaml", 3, "a", "b"), Mistake("fixtures/b/x.zone", 7, "c", "d", "Mend.")]
    toys.mistakes_in = {"b": mistakes}
    outcome = toys.run()
    assert outcome.exit_status == 4
    # x.com may be a domain of the one that cannot be read: that no other has it is no mistake of the feature.
    assert [(run.environment, run.decision) for run in outcome.runs] == [("a", Decision.READY), ("c", Decision.READY)]
    assert outcome.doors == ["open a simulated", "close a", "open c simulated", "close c"]
    outcome.output.fnmatch_lines_random(
        ["* b: not judged, its files have mistakes", *(f"  {each}" for each in mistakes)]
    )
    assert {name: error.mistakes for name, error in toys.unreadable.items()} == {"b": tuple(mistakes)}
    assert "Traceback" not in outcome.text


def test_nothing_is_judged_where_every_environment_has_mistakes(toys: Any) -> None:
    toys.environment("a")
    toys.environment("b")
    toys.feature(toys.scenario(*RIGHT))
    toys.mistakes_in = {"a": [Mistake("fixtures/a/x", 1, "p", "q")], "b": [Mistake("fixtures/b/y", 2, "r", "s")]}
    outcome = toys.run()
    assert (outcome.exit_status, outcome.runs, outcome.doors) == (4, [], [])
    assert "fixtures/a/x:1: found p; expected q." in outcome.text
    assert "fixtures/b/y:2: found r; expected s." in outcome.text


def test_two_environments_of_one_name(toys: Any) -> None:
    toys.environment("toy")
    toys.environment("other")
    second = toys.environments[1]
    object.__setattr__(second, "name", "toy")
    toys.feature(toys.scenario(*RIGHT))
    outcome = toys.run()
    assert outcome.exit_status == 4
    assert "found a second environment 'toy'; expected names that differ." in outcome.text


HEAD = f"    {SOURCE}\n"
FILES = {
    "empty file": ("\n\n", ["features/bad.feature: found an empty file; expected a Feature with scenarios."]),
    "comments only": ("# nothing\n", ["features/bad.feature: found no Feature; expected a Feature with scenarios."]),
    "no scenario": ("Feature: F\n", ["features/bad.feature:1: found no scenario in 'F'; expected one or more."]),
    "syntax": (
        "Feature: F\n  @BAD-1 @must\n  Scenario: S\n    Then it is right\n    So it is\n",
        ["features/bad.feature:5: found 'So it is'; expected Gherkin."],
    ),
    "duplicate title": (
        (
            f"Feature: F\n  @BAD-1 @must\n  Scenario: One\n{HEAD}    Then it is wrong\n"
            f"  @BAD-2 @must\n  Scenario: One\n{HEAD}    Then it does not apply\n"
        ),
        ["features/bad.feature:7: found the title 'One' once more; expected titles that differ", "Line 3 has 'One'."],
    ),
    "titles alike": (
        (
            f"Feature: F\n  @BAD-1 @must\n  Scenario: One two\n{HEAD}    Then it is wrong\n"
            f"  @BAD-2 @must\n  Scenario: One - two!\n{HEAD}    Then it does not apply\n"
        ),
        ["features/bad.feature:7: found the title 'One - two!' once more", "Line 3 has 'One two'."],
    ),
    "no steps": (
        f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}",
        ["features/bad.feature:3: found no steps in 'S'; expected When and Then."],
    ),
    "no Then": (
        f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    When it is looked up\n    And it is looked up\n",
        ["features/bad.feature:3: found no Then in 'S'"],
    ),
    "And first": (
        f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    And it is looked up\n    Then it is right\n",
        ["features/bad.feature:6: found 'And' first; expected Given, When or Then."],
    ),
    "two When": (
        (
            f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n"
            "    When it is looked up\n    When it is looked up\n    Then it is right\n"
        ),
        ["features/bad.feature:3: found 2 When in 'S'; expected one. Split the scenario."],
    ),
    "no identifier, no level": (
        f"Feature: F\n  Scenario: S\n{HEAD}\n    Then it is right\n",
        [
            "features/bad.feature:2: found no identifier on 'S'; expected one identifier, such as @CONTOSO-MX-1.",
            "features/bad.feature:2: found no level on 'S'; expected @must or @should.",
        ],
    ),
    "two identifiers, two levels": (
        f"@should\nFeature: F\n  @BAD-1 @BAD-2 @must\n  Scenario: S\n{HEAD}\n    Then it is right\n",
        [
            "features/bad.feature:4: found @BAD-1 and @BAD-2; expected one identifier",
            "features/bad.feature:4: found @should and @must; expected @must or @should.",
        ],
    ),
    "identifier on the feature": (
        f"@BAD-1\nFeature: F\n  @BAD-2 @must\n  Scenario: S\n{HEAD}\n    Then it is right\n",
        ["features/bad.feature:1: found the identifier @BAD-1 on a feature; expected it on one scenario."],
    ),
    "tag typos": (
        (
            f"@scenaro:4\nFeature: F\n  @BAD-1 @must @tennant @bad-2 @scenario:5 @wip\n"
            f"  Scenario: S\n{HEAD}\n    Then it is right\n"
        ),
        [
            (
                "features/bad.feature:1: found the unknown tag @scenaro:4; expected a tag with a meaning. "
                "Did you mean @scenario:4?"
            ),
            (
                "features/bad.feature:3: found the unknown tag @tennant; expected a tag with a meaning. "
                "Did you mean @tenant?"
            ),
            "found the unknown tag @bad-2; expected a tag with a meaning. Identifiers are written in capitals: @BAD-2.",
            (
                "found the unknown tag @scenario:5; expected a tag with a meaning. "
                "Scenarios are @scenario:1 to @scenario:4 and words such as @scenario:all-in-cloud."
            ),
            "found the unknown tag @wip; expected a tag with a meaning. For a tag of your own, write @x-wip.",
        ],
    ),
    "no source": (
        "Feature: F\n  @BAD-1 @must\n  Scenario: S\n    Then it is right\n",
        ["features/bad.feature:3: found no Source; expected at least one line 'Source: document; section; stated'."],
    ),
    "unknown document": (
        "Feature: F\n  @BAD-1 @must\n  Scenario: S\n    Source: Trainning; 1; stated\n\n    Then it is right\n",
        ["features/bad.feature:3: found the unknown document 'Trainning'", "Did you mean 'Training'?"],
    ),
    "outline without examples": (
        f'Feature: F\n  @BAD-1 @must\n  Scenario Outline: S\n{HEAD}\n    Then it is "<word>"\n',
        ["features/bad.feature:3: found no Examples in 'S'; expected Examples with rows."],
    ),
    "examples without rows": (
        (
            f'Feature: F\n  @BAD-1 @must\n  Scenario Outline: S\n{HEAD}\n    Then it is "<word>"\n\n'
            "    Examples:\n      | word |\n"
        ),
        ["features/bad.feature:8: found Examples without rows; expected a row or more."],
    ),
    "columns": (
        (
            f'Feature: F\n  @BAD-1 @must\n  Scenario Outline: S\n{HEAD}\n    Then it is "<word>"\n\n'
            "    Examples:\n      | wrod |\n      | right |\n"
        ),
        [
            "features/bad.feature:8: found no column for <word>; expected a column for each placeholder.",
            "features/bad.feature:8: found the unused column 'wrod'; expected columns that a step names.",
        ],
    ),
    "undefined": (
        f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    When it is lokked up\n    Then it is right\n",
        [
            (
                "features/bad.feature:6: found 'it is lokked up'; expected a defined When sentence. "
                "Nearest: 'it is looked up'"
            ),
            "[BAD-1]",
        ],
    ),
    "undefined in an outline": (
        (
            f'Feature: F\n  @BAD-1 @must\n  Scenario Outline: S\n{HEAD}\n    Then <word> is "right"\n\n'
            "    Examples:\n      | word |\n      | it |\n      | she |\n"
        ),
        ["""features/bad.feature:6: found 'she is "right"'; expected a defined Then sentence."""],
    ),
    "kind of step": (
        f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    Given it is right\n    Then it is right\n",
        ["features/bad.feature:6: found 'it is right'; expected a defined Given sentence."],
    ),
    "table that nobody takes": (
        f"Feature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    Then it does not apply\n      | a |\n",
        ["features/bad.feature:6: found a datatable below 'it does not apply'; expected none"],
    ),
    "identifier of another file": (
        f"Feature: F\n  @TOY-MX-1 @must\n  Scenario: S\n{HEAD}\n    Then it is right\n",
        [
            (
                "features/toy.feature:5: found the identifier TOY-MX-1 once more; expected an identifier of its own. "
                "features/bad.feature:3 has it already."
            )
        ],
    ),
    "domain of nobody": (
        f"@domain:contosso.com\nFeature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    Then it is right\n",
        [
            (
                "features/bad.feature:4: found @domain:contosso.com, which no domain is; expected tags that select a "
                "domain. Did you mean 'contoso.com'?"
            )
        ],
    ),
    "environment of nobody": (
        f"@environment:tory\nFeature: F\n  @BAD-1 @must\n  Scenario: S\n{HEAD}\n    Then it is right\n",
        ["features/bad.feature:4: found @environment:tory; expected an environment that there is. Did you mean 'toy'?"],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_feature_file_with_mistakes(toys: Any, name: str) -> None:
    text, expected = FILES[name]
    toys.feature(toys.scenario("When it is looked up", "Then it is right"))
    toys.file(text, "bad.feature")
    outcome = toys.run()
    flat = " ".join(outcome.text.split())
    for sentence in expected:
        assert sentence in flat, outcome.text
    assert "Traceback" not in outcome.text
    assert outcome.exit_status == 4
    assert outcome.run.results == ()
    assert outcome.run.decision is Decision.INCOMPLETE
    assert outcome.run.completeness.planned == 2
    assert len(outcome.run.completeness.errors) + len(outcome.run.completeness.undefined) == 2


def test_file_that_is_not_utf_8(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    (toys.pytester.path / "features" / "bad.feature").write_bytes(b"Feature: \xff\xfe\n")
    outcome = toys.run()
    assert outcome.exit_status == 4
    told = "features/bad.feature:1: found a byte that is no UTF-8 (0xff); expected text in UTF-8."
    assert told in outcome.text


def test_byte_order_mark_is_no_mistake(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT), tags="\ufeff")
    outcome = toys.run()
    assert outcome.exit_status == 0, outcome.text


def test_a_domain_whose_scenario_no_feature_file_introduces(toys: Any) -> None:
    toys.environment("toy", {"contoso.com": "al-in-cloud", "fabrikam.com": 4, "contoso.de": "parked"})
    toys.feature(toys.scenario(*RIGHT), tags="@scenario:all-in-cloud")
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-2 @must @scenario:parked"), path="every.feature")
    outcome = toys.run()
    assert outcome.exit_status == pytest.ExitCode.USAGE_ERROR
    where = f"{toys.environments[0].folder.as_posix()}/environment.yaml:1"
    known = "which no feature file has as its tag; expected 1, 2, 3, 4, all-in-cloud."
    assert [line for line in outcome.text.splitlines() if "environment.yaml" in line] == [
        f"ERROR: {where}: found the scenario 'al-in-cloud' of contoso.com, {known} Did you mean 'all-in-cloud'?",
        f"{where}: found the scenario 'parked' of contoso.de, {known}",
    ]
    assert outcome.runs == []


def test_such_a_scenario_beside_a_feature_file_that_may_introduce_it(toys: Any) -> None:
    toys.environment("toy", {"contoso.com": "all-in-cloud"})
    toys.file("@scenario:all-in-cloud\nFeature: F\n")
    outcome = toys.run()
    assert outcome.exit_status == pytest.ExitCode.USAGE_ERROR
    assert "features/toy.feature:2: found no scenario in 'F'" in outcome.text
    assert "found the scenario 'all-in-cloud' of contoso.com" in outcome.text


def test_a_tag_that_names_a_scenario_which_no_file_introduces(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT), tags="@scenario:all-in-cloud")
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-2 @must @scenario:al-in-cloud @scenario:4"), path="every.feature")
    outcome = toys.run()
    assert outcome.exit_status == pytest.ExitCode.USAGE_ERROR
    assert (
        "features/every.feature:4: found @scenario:al-in-cloud, which no feature file has as its own tag; "
        "expected 1, 2, 3, 4, all-in-cloud. Did you mean 'all-in-cloud'?"
    ) in outcome.text


def test_a_tag_that_takes_out_a_scenario_which_no_file_introduces(toys: Any) -> None:
    """Misspelt, it would take nobody out, and demand what is not meant."""
    toys.feature(toys.scenario(*RIGHT), tags="@scenario:parked")
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-2 @must"), tags="@except:packed", path="every.feature")
    outcome = toys.run()
    assert outcome.exit_status == pytest.ExitCode.USAGE_ERROR
    assert (
        "features/every.feature:1: found @except:packed, which no feature file has as its own tag; "
        "expected 1, 2, 3, 4, parked. Did you mean 'parked'?"
    ) in outcome.text


def test_undefined_sentence_is_counted_and_the_rest_of_its_file_named(toys: Any) -> None:
    toys.feature(
        toys.scenario("Then it is rihgt", tags="@TOY-1 @must"),
        toys.scenario(*RIGHT, tags="@TOY-2 @must", title="Other"),
    )
    toys.feature(toys.scenario(*RIGHT, tags="@FINE-1 @must"), path="fine.feature")
    outcome = toys.run("--continue-on-collection-errors")
    assert outcome.exit_status == 4
    flaw = (
        "features/toy.feature:9: found 'it is rihgt'; expected a defined Then sentence. "
        "Nearest: 'it is right', 'it is wrong', 'it is \"{word}\"'. [TOY-1]"
    )
    assert outcome.run.completeness == Completeness(
        3,
        1,
        undefined=(f"toy.feature: TOY-1 for contoso.com: {flaw}",),
        errors=(
            (f"toy.feature: TOY-2 for contoso.com: not collected, its file has sentences that mean nothing: {flaw}"),
        ),
    )


def test_of_several_mistakes_in_a_file_the_first_is_told_and_how_many_follow(toys: Any) -> None:
    toys.feature(
        toys.scenario("Then it is rihgt", tags="@TOY-1 @must"),
        toys.scenario("Then it is wrng", tags="@TOY-2 @must", title="Other"),
        toys.scenario(*RIGHT, tags="@TOY-3 @must", title="Third"),
    )
    completeness = toys.run("--continue-on-collection-errors").run.completeness
    assert len(completeness.undefined) == 2
    (error,) = completeness.errors
    assert error.startswith(
        "toy.feature: TOY-3 for contoso.com: not collected, its file has sentences that mean nothing: "
    )
    assert error.endswith(" [TOY-1] (and 1 more)")


def test_mistake_in_a_file_that_was_not_selected_is_an_error_of_the_run(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    toys.file("Feature: F\n", "bad.feature")
    outcome = toys.run("features/toy.feature")
    assert outcome.exit_status == 1
    assert outcome.run.completeness == Completeness(
        2,
        1,
        errors=("features/bad.feature:1: found no scenario in 'F'; expected one or more.",),
    )
    assert outcome.run.decision is Decision.INCOMPLETE


def test_feature_of_an_environment_that_was_not_asked_for_is_no_mistake(toys: Any) -> None:
    toys.environment("one")
    toys.environment("two", {"fabrikam.com": 4})
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-1 @must"))
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-2 @must @domain:fabrikam.com"), path="domains/fabrikam.feature")
    outcome = toys.run("--environment", "one")
    assert outcome.exit_status == 0, outcome.text
    assert outcome.run.completeness.unused_features == ("features/domains/fabrikam.feature",)


DEFINITIONS = {
    "two of one sentence": (
        "@then('it is right')\ndef again():\n    pass\n",
        "a second definition of 'it is right'; expected one.",
    ),
    "two of one sentence in one module": (
        "@then('twice')\ndef once():\n    pass\n@then('twice')\ndef again():\n    pass\n",
        "steps/more.py:5: found a second definition of 'twice'; expected one. steps/more.py:2 defines 'twice'.",
    ),
    "two of one form": (
        "@then(parsers.parse('it is \"{other}\"'))\ndef again(other):\n    pass\n",
        "found a second definition of 'it is \"{",
    ),
    "any kind and one kind": (
        "@step('it is right')\ndef again():\n    pass\n",
        "found a second definition of 'it is right'",
    ),
    "async": (
        "@then('later')\nasync def later():\n    pass\n",
        "steps/more.py:2: found async def later; expected def. It would never run.",
    ),
    "generator": (
        "@then('later')\ndef later():\n    yield\n",
        "steps/more.py:2: found yield in later; expected a function that returns.",
    ),
    "syntax": ("def later(:\n", "steps/more.py:2: found SyntaxError"),
    "error": ("\n1 / 0\n", "steps/more.py:3: found ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_mistakes_in_definitions(toys: Any, name: str) -> None:
    text, expected = DEFINITIONS[name]
    toys.feature(toys.scenario(*RIGHT))
    toys.steps(f"from pytest_bdd import given, parsers, step, then, when\n{text}")
    outcome = toys.run()
    assert outcome.exit_status == 4
    assert expected in outcome.text
    assert "Traceback" not in outcome.text
    assert outcome.runs == []


def test_ambiguous_sentence(toys: Any) -> None:
    toys.steps(
        "from pytest_bdd import parsers, then\n@then(parsers.parse('it is {word}'))\ndef vague(word):\n    pass\n"
    )
    toys.feature(toys.scenario(*RIGHT))
    outcome = toys.run()
    assert outcome.exit_status == 4
    assert (
        "features/toy.feature:10: found 'it is right', which 2 definitions match; expected one meaning." in outcome.text
    )
    assert "See steps/more.py:2 and steps/toy.py:" in outcome.text
    assert len(outcome.run.completeness.undefined) == 1


def test_looking_without_running_finds_every_mistake(toys: Any) -> None:
    """In environments and feature files at once, with their places."""
    toys.mistakes.append(Mistake("fixtures/toy/environment.yaml", 3, "'5'", "1, 2, 3 or 4"))
    toys.feature(toys.scenario("When it is looked up"), path="one.feature")
    toys.feature(toys.scenario("Then it is right", tags="@TOY-MX-2"), path="two.feature")
    outcome = toys.run("features", "--collect-only")
    assert outcome.exit_status == 4
    told = outcome.text
    assert "fixtures/toy/environment.yaml:3: found '5'; expected 1, 2, 3 or 4." in told
    assert "features/one.feature:5: found no Then in 'The MX is right'" in told
    assert "features/two.feature:5: found no level on 'The MX is right'" in told

    toys.mistakes.clear()
    toys.feature(toys.scenario("When it is looked up", "Then it is rihgt"), path="three.feature")
    outcome = toys.run("features", "--collect-only")
    assert outcome.exit_status == 4
    assert outcome.doors == []
    assert "features/one.feature:5: found no Then in 'The MX is right'" in outcome.text
    assert "Nearest: 'it is right'" in outcome.text


def test_a_live_run_contacts_nobody_for_a_draft(toys: Any) -> None:
    toys.environment()
    toys.environments[0] = replace(
        toys.environments[0], unfilled=("environment.yaml:27 addresses of mail.contoso.com",)
    )
    toys.feature(toys.scenario("When it is looked up", "Then it is right"))
    outcome = toys.run("features", "--mode", "live")
    assert outcome.exit_status == 4
    assert outcome.doors == []
    assert (
        "fixtures/toy: found still to be filled in: environment.yaml:27 addresses of mail.contoso.com; "
        "expected no placeholder in a live run."
    ) in outcome.text


def test_in_a_draft_no_row_has_a_verdict(toys: Any) -> None:
    toys.environment()
    toys.environments[0] = replace(toys.environments[0], unfilled=("environment.yaml:12 tenant_id",))
    toys.feature(
        toys.scenario("When it is looked up", "Then it is right")
        + toys.scenario("When it is looked up", "Then it is wrong", tags="@TOY-MX-2 @must", title="It is wrong")
    )
    outcome = toys.run("features")
    assert {row.verdict for row in outcome.run.results} == {Verdict.NOT_VERIFIED}
    assert {row.reason for row in outcome.run.results} == {"still to be filled in: environment.yaml:12 tenant_id"}
    assert outcome.run.results[1].notes == ("the MX is mail: the MX is old",)

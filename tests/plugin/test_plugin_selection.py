"""Which rows are collected, by which names, and that what was not asked for cannot look ready."""

from typing import Any

import pytest

from mailflow.policy.run import Completeness, Decision

RIGHT = ("When it is looked up", "Then it is right")


def ids(outcome: Any) -> list[str]:
    return sorted(line for line in outcome.text.splitlines() if line.startswith("features/"))


@pytest.fixture
def world(toys: Any) -> Any:
    toys.environment("one", {"contoso.com": 4, "fabrikam.com": 3})
    toys.environment("two", {"contoso.com": 3})
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-1 @must"), path="every.feature")
    toys.feature(
        toys.scenario(*RIGHT, tags="@TOY-2 @should @x-mine", title="Four"), tags="@scenario:4", path="four.feature"
    )
    toys.feature(
        toys.scenario(*RIGHT, tags="@TOY-3 @must", title="Own"),
        tags="@domain:contoso.com @environment:two",
        path="domains/contoso.feature",
    )
    return toys


EVERYTHING = [
    "features/domains/contoso.feature::two::contoso.com::own",
    "features/every.feature::one::contoso.com::the-mx-is-right",
    "features/every.feature::one::fabrikam.com::the-mx-is-right",
    "features/every.feature::two::contoso.com::the-mx-is-right",
    "features/four.feature::one::contoso.com::four",
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], EVERYTHING),
        (["features"], EVERYTHING),
        (["."], EVERYTHING),
        (["--environment", "two"], [EVERYTHING[0], EVERYTHING[3]]),
        (["--environment", "two", "--environment", "one"], EVERYTHING),
        (["-m", "should"], [EVERYTHING[4]]),
        (["-m", "TOY-3"], [EVERYTHING[0]]),
        (["-m", "x-mine"], [EVERYTHING[4]]),
        (["-m", "scenario(number=4)"], [EVERYTHING[4]]),
        (["-m", "domain(name='contoso.com')"], [EVERYTHING[0]]),
        (["-k", "fabrikam"], [EVERYTHING[2]]),
        (["-k", "scenario:4"], [EVERYTHING[4]]),
        (["features/every.feature::one"], EVERYTHING[1:3]),
        (["features/every.feature::one::fabrikam.com"], [EVERYTHING[2]]),
        ([EVERYTHING[3]], [EVERYTHING[3]]),
        (["features/domains"], [EVERYTHING[0]]),
    ],
)
def test_collected(world: Any, arguments: list[str], expected: list[str]) -> None:
    outcome = world.run("--collect-only", "-q", *arguments)
    assert ids(outcome) == sorted(expected)
    assert outcome.exit_status == 0
    assert outcome.runs == []  # nothing ran: no report is touched
    assert outcome.doors == []


def test_a_layout_of_somebody_s_own_is_a_feature_file_and_a_folder(toys: Any) -> None:
    toys.environment("own", {"contoso.com": "two-filters", "fabrikam.com": 4})
    toys.feature(toys.scenario(*RIGHT, tags="@TOY-1 @must"), tags="@scenario:two-filters", path="two_filters.feature")
    word = "features/two_filters.feature::own::contoso.com::the-mx-is-right"
    for chosen in ([], ["-m", "scenario(word='two-filters')"], ["-k", "scenario:two-filters"]):
        outcome = toys.run("--collect-only", "-q", *chosen)
        assert (outcome.exit_status, ids(outcome)) == (0, [word])
    [run] = toys.run().runs
    assert run.domains == {"contoso.com": "two-filters", "fabrikam.com": 4}
    assert [(row.requirement.id, row.domain) for row in run.results] == [("TOY-1", "contoso.com")]


def test_everything_is_judged_in_every_environment(world: Any) -> None:
    outcome = world.run()
    assert outcome.exit_status == 0, outcome.text
    told = {
        run.environment: ([(r.requirement.id, r.domain) for r in run.results], run.completeness) for run in outcome.runs
    }
    assert told == {
        "one": (
            [("TOY-1", "contoso.com"), ("TOY-1", "fabrikam.com"), ("TOY-2", "contoso.com")],
            Completeness(3, 3, unused_features=("features/domains/contoso.feature",)),
        ),
        "two": (
            [("TOY-3", "contoso.com"), ("TOY-1", "contoso.com")],
            Completeness(2, 2, unused_features=("features/four.feature",)),
        ),
    }
    run = outcome.runs[0]
    assert (run.mode, run.stage, run.organization, run.digest) == ("simulated", "plan", "Contoso", "0" * 64)
    assert run.microsoft_365_data == "worldwide, read 2026-01-01 from here"
    assert run.domains == {"contoso.com": 4, "fabrikam.com": 3}
    assert run.started.utcoffset() is not None
    assert run.started <= run.finished
    assert not run.strict


@pytest.mark.parametrize(
    "arguments",
    [
        ["features/four.feature"],
        ["-k", "Four"],
        ["-m", "should"],
        ["features/four.feature::one::contoso.com::four"],
        ["--deselect", "features/every.feature"],
    ],
)
def test_what_was_deselected_makes_the_run_incomplete(world: Any, arguments: list[str]) -> None:
    outcome = world.run("--environment", "one", *arguments)
    assert outcome.exit_status == 1
    assert outcome.run.completeness == Completeness(
        3,
        1,
        deselected=("every.feature: TOY-1 for contoso.com", "every.feature: TOY-1 for fabrikam.com"),
        unused_features=("features/domains/contoso.feature",),
    )
    assert outcome.run.decision is Decision.INCOMPLETE
    outcome.output.fnmatch_lines(["*1 of 3 planned rows judged", "*deselected: every.feature: TOY-1 for contoso.com"])


def test_many_deselected_rows_are_counted(toys: Any) -> None:
    toys.feature(
        *(toys.scenario(*RIGHT, tags=f"@TOY-{n} @must", title=f"Number {n}") for n in range(1, 9)),
    )
    outcome = toys.run("-k", "number-1")
    assert len(outcome.run.completeness.deselected) == 7
    outcome.output.fnmatch_lines(["*deselected: 7"])


def test_many_blocking_rows_are_counted(toys: Any) -> None:
    toys.feature(
        *(toys.scenario("Then it is wrong", tags=f"@TOY-{n} @must", title=f"Number {n}") for n in range(1, 13)),
    )
    outcome = toys.run()
    assert outcome.text.count(", contoso.com, non-compliant: the MX is old") == 10
    outcome.output.fnmatch_lines(["  and 2 more"])


def test_nothing_selected_leaves_reports_alone(world: Any) -> None:
    outcome = world.run("-k", "nowhere")
    assert outcome.exit_status == pytest.ExitCode.NO_TESTS_COLLECTED
    assert outcome.runs == []


def test_run_that_is_broken_off_names_what_it_did_not_reach(toys: Any) -> None:
    toys.steps(
        "from pytest_bdd import then\n@then('somebody presses Ctrl-C')\n"
        "def somebody_presses_ctrl_c():\n    raise KeyboardInterrupt\n"
    )
    toys.feature(
        toys.scenario(*RIGHT, tags="@TOY-1 @must"),
        toys.scenario("Then somebody presses Ctrl-C", tags="@TOY-2 @must", title="Stop"),
        toys.scenario(*RIGHT, tags="@TOY-3 @must", title="After"),
    )
    outcome = toys.run()
    assert outcome.exit_status == pytest.ExitCode.INTERRUPTED
    assert outcome.run.completeness == Completeness(
        3,
        1,
        errors=(
            "toy.feature: TOY-2 for contoso.com: was not run",
            "toy.feature: TOY-3 for contoso.com: was not run",
        ),
    )
    assert outcome.doors == ["open toy simulated", "close toy"]


def test_first_failure_with_x_leaves_the_rest_unreached(toys: Any) -> None:
    toys.feature(
        toys.scenario("Then it is wrong", tags="@TOY-1 @must"),
        toys.scenario(*RIGHT, tags="@TOY-2 @must", title="After"),
    )
    outcome = toys.run("-x")
    assert outcome.exit_status == 1
    assert outcome.run.completeness.errors == ("toy.feature: TOY-2 for contoso.com: was not run",)


def test_skipped_by_a_mark_is_no_verdict(toys: Any) -> None:
    toys.pytester.makeconftest(
        "import pytest\ndef pytest_collection_modifyitems(items):\n    items[0].add_marker(pytest.mark.skip('late'))\n"
    )
    toys.feature(toys.scenario(*RIGHT))
    outcome = toys.run()
    assert outcome.run.results == ()
    assert outcome.run.decision is Decision.INCOMPLETE
    assert outcome.exit_status == 1


def test_last_failed_runs_again_what_failed(toys: Any) -> None:
    toys.feature(
        toys.scenario("Then it is wrong", tags="@TOY-1 @must"),
        toys.scenario(*RIGHT, tags="@TOY-2 @must", title="After"),
    )
    toys.cache = True
    toys.run()
    outcome = toys.run("--lf", "-v")
    assert "::the-mx-is-right NON-COMPLIANT" in outcome.text
    assert "::after" not in outcome.text
    assert outcome.run.completeness.deselected == ("toy.feature: TOY-2 for contoso.com",)


def test_report_folder_is_asked_for(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    toys.run("--reports", "elsewhere")
    assert toys.folder == toys.pytester.path / "elsewhere"


def test_reports_that_cannot_be_written_are_said(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    toys.unwritable = True
    outcome = toys.run()
    assert outcome.exit_status == 4
    assert "The reports could not be written:" in outcome.text


def test_other_tests_run_beside_it(toys: Any) -> None:
    toys.feature(toys.scenario(*RIGHT))
    toys.pytester.makepyfile(test_own="def test_fails():\n    assert 0\n\ndef test_door(door):\n    pass\n")
    outcome = toys.run("features", "test_own.py")
    assert outcome.exit_status == 1
    assert outcome.run.decision is Decision.READY
    assert "TypeError: door is for scenarios of feature files" in outcome.text


@pytest.mark.parametrize("arguments", [["test_own.py"], ["test_own.py", "-p", "no:bdd"]])
def test_inert_where_no_feature_is_asked_for(toys: Any, arguments: list[str]) -> None:
    toys.feature(toys.scenario("Then no such sentence"))
    toys.pytester.makepyfile(test_own="def test_passes():\n    pass\n")
    outcome = toys.run(*arguments)
    assert outcome.exit_status == 0
    assert "Mailflow" not in outcome.text


def test_nothing_heavy_is_imported_where_no_feature_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_light():\n"
        "    heavy = {'cryptography', 'dns', 'pydantic', 'jinja2', 'yaml', 'aiosmtpd'} & set(sys.modules)\n"
        "    assert not heavy\n"
        "    assert {m for m in sys.modules if m.startswith('mailflow')} == {'mailflow', 'mailflow.plugin'}\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)

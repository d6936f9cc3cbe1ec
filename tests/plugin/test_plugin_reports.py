"""Each environment has its report as soon as it is judged, and nothing more is kept of it than the summary needs."""

from dataclasses import replace

from mailflow.policy.run import Decision
from tests.plugin.conftest import Toys


def two(toys: Toys, *steps: str) -> None:
    toys.environment("a")
    toys.environment("b")
    toys.feature(toys.scenario("When it is looked up", *steps))


def test_a_report_is_written_before_the_next_environment_is_looked_at(toys: Toys) -> None:
    two(toys, "Then it is right")
    outcome = toys.run()
    assert toys.order == ["open a", "write a", "open b", "write b"]
    assert outcome.doors == ["open a simulated", "close a", "open b simulated", "close b"]
    assert [run.completeness.judged for run in outcome.runs] == [1, 1]


def test_whichever_row_is_the_last_one(toys: Toys) -> None:
    two(toys, "Then it is right")
    toys.feature(
        toys.scenario("When it is looked up", "Then it is right", tags="@TOY-MX-2 @must"), path="other.feature"
    )
    toys.pytester.makeconftest("""
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(items):
            yield
            items[:] = [*items[1:3], items[0], items[3]]  # a b a b, as plugins may want it
    """)
    outcome = toys.run()
    assert toys.order == ["open a", "open b", "open a", "write a", "open b", "write b"]
    assert [run.completeness.judged for run in outcome.runs] == [2, 2]


def test_what_is_kept_tells_the_same_without_evidence(toys: Toys) -> None:
    two(toys, "Then it is wrong")
    outcome = toys.run()
    assert all(result.evidence and result.steps for run in outcome.runs for result in run.results)
    assert all(run.recording for run in outcome.runs)
    bare = [tuple(replace(result, evidence=(), steps=()) for result in run.results) for run in outcome.runs]
    assert toys.listed == [
        replace(run, results=results, recording=None) for run, results in zip(outcome.runs, bare, strict=True)
    ]
    outcome.output.fnmatch_lines(["*a (Contoso), simulated: Not ready", "*b (Contoso), simulated: Not ready"])


def test_a_run_that_is_broken_off_has_told_of_what_it_had_judged(toys: Toys) -> None:
    two(toys, "Then it is right")
    toys.steps(
        """
from pytest_bdd import then

@then("somebody loses patience")
def somebody_loses_patience(environment):
    if environment.name == "b":
        raise KeyboardInterrupt
"""
    )
    toys.feature(
        toys.scenario(
            "When it is looked up", "Then it is right", "Then somebody loses patience", tags="@TOY-MX-2 @must"
        ),
        path="other.feature",
    )
    outcome = toys.run()
    assert toys.order[:3] == ["open a", "write a", "open b"]
    told = {run.environment: run for run in outcome.runs}
    assert told["b"].decision is Decision.INCOMPLETE
    assert outcome.exit_status == 2

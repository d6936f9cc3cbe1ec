from typing import Any

import pytest

from mailflow.policy.run import Decision

DOMAINS = {"contoso.com": 4, "fabrikam.com": 4, "tailspin.com": 4}


@pytest.fixture
def three(toys: Any) -> Any:
    toys.environment("toy", DOMAINS)
    toys.feature(
        toys.scenario("When it is looked up", "Then it is right"),
        toys.scenario("When the tenant is looked up", "Then it is right", tags="@TOY-2 @must @tenant", title="tenant"),
    )
    return toys


def test_each_row_is_judged_by_one_shard_and_named_by_the_others(three: Any) -> None:
    judged = []
    for number in (1, 2, 3):
        outcome = three.run("--shard", f"{number}/3")
        assert (outcome.run.decision, outcome.exit_status) == (Decision.INCOMPLETE, 1)
        assert outcome.run.completeness.planned == 4
        judged.append([(result.requirement.id, result.domain) for result in outcome.run.results])
        assert len(outcome.run.completeness.deselected) == 4 - len(judged[-1])
    assert judged == [
        [("TOY-MX-1", "tailspin.com"), ("TOY-2", None)],
        [("TOY-MX-1", "contoso.com")],
        [("TOY-MX-1", "fabrikam.com")],
    ]


def test_the_one_shard_of_one_is_the_whole(three: Any) -> None:
    outcome = three.run("--shard", "1/1")
    assert (outcome.run.completeness.judged, outcome.exit_status) == (4, 0)


def test_the_build_server_is_told_by_the_whole_and_not_by_its_parts(
    three: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    assert "::error" not in three.run("--shard", "1/3").text
    assert not (tmp_path / "summary").exists()
    assert "::error" in three.run("-k", "fabrikam.com").text


@pytest.mark.parametrize("asked", ["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/3"])
def test_what_is_no_shard(three: Any, asked: str) -> None:
    outcome = three.run(f"--shard={asked}")
    assert outcome.exit_status == 4
    assert f"--shard {asked}: expected I/N with I from 1 to N, such as 1/4" in outcome.text
    assert outcome.runs == []


def test_the_part_with_the_tenant_takes_fewer_domains(toys: Any) -> None:
    toys.environment("toy", {f"brand-{number}.example": 4 for number in range(28)})
    toys.feature(
        toys.scenario("When it is looked up", "Then it is right"),
        toys.scenario("When the tenant is looked up", "Then it is right", tags="@TOY-2 @must @tenant", title="tenant"),
    )
    outcomes = [toys.run("--shard", f"{number}/4") for number in (1, 2, 3, 4)]
    judged = [[result.domain for result in outcome.run.results] for outcome in outcomes]
    # The tenant counts as a seventh of the domains: four of 28. With them every part has eight to do.
    assert [len(domains) for domains in judged] == [5, 8, 8, 8]
    assert judged[0][-1] is None

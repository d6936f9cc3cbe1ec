"""The pages that people read first point at what exists and quote what stands there."""

import re
import textwrap
from pathlib import Path

import pytest

from mailflow.policy.catalogue import read_folder

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
IDENTIFIER = re.compile(r"`((?:S[1-4]|HYB|CUT|AUTH)(?:-[A-Z]+)+-[0-9]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("http:", "https:", "mailto:"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_requirements_that_are_named_exist(page: Path) -> None:
    known = {
        row.requirement.id
        for feature in read_folder(PROJECT / "features", PROJECT).features
        for row in feature.scenarios
    }
    assert set(IDENTIFIER.findall(page.read_text(encoding="utf-8"))) - known == set()


def test_the_readme_quotes_a_scenario_as_it_stands() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    quoted = re.search(r"^    @S4-PATH-6.*?(?=\n\n)", readme, re.DOTALL | re.MULTILINE)
    assert quoted
    lines = [line.strip() for line in textwrap.dedent(quoted[0]).splitlines()]
    feature = PROJECT / "features" / "scenario_4_on_premises_filters_microsoft_365_sends.feature"
    block = feature.read_text(encoding="utf-8").partition(lines[0])[2].partition("\n  @")[0]
    told = [line.strip() for line in block.splitlines() if re.match(r" +(Scenario:|Given|When|Then|And) ", line)]
    assert lines[1:] == told


def test_decisions_are_short_and_numbered_without_a_gap() -> None:
    decisions = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    for page in decisions:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 25, page.name
        assert lines[0].startswith(f"# {int(page.name[:4])}. "), page.name


def test_every_dependency_has_its_reason() -> None:
    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", pyproject, re.DOTALL | re.MULTILINE)
    assert block
    names = re.findall(r'"([A-Za-z0-9-]+)', block[1])
    reasons = re.findall(r"^\| ([A-Za-z0-9-]+) \|", (PROJECT / "docs/dependencies.md").read_text("utf-8"), re.M)
    assert reasons == ["package", *names]

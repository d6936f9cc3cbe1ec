import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.finding import Verdict
from mailflow.policy.run import Completeness
from mailflow.report import annotations


def test_github_is_told_what_blocks_and_what_is_open(build) -> None:
    place = "file=features/scenario_4.feature,line=7"
    assert list(annotations.github(build())) == [
        f"::error {place},title=S4-MX-9 contoso.com non-compliant::title. Seen: reason of S4-MX-9",
        f"::error {place},title=S4-MX-7 contoso.com not verified::title. Seen: reason of S4-MX-7",
        "::error title=not judged::scenario_4.feature: S4-MX-97 for contoso.com (-k)",
        "::error title=not judged::scenario_4.feature: S4-MX-98 for contoso.com",
        "::error title=not judged::scenario_4.feature: S4-MX-99 for contoso.com",
        "::error title=waiver::W-3 expired on 2026-11-01",
        f"::warning {place},title=S4-MX-8 the tenant not verified::title. Seen: reason of S4-MX-8",
        f"::warning {place},title=S4-MX-10 the tenant non-compliant::title. Seen: reason of S4-MX-10",
    ]


def test_azure_is_told_the_same(build) -> None:
    place = "sourcepath=features/scenario_4.feature;linenumber=7"
    told = list(annotations.azure(build()))
    assert told[0] == f"##vso[task.logissue type=error;{place};code=S4-MX-9;]title. Seen: reason of S4-MX-9"
    assert told[5] == "##vso[task.logissue type=error;]W-3 expired on 2026-11-01"
    assert told[-1] == f"##vso[task.logissue type=warning;{place};code=S4-MX-10;]title. Seen: reason of S4-MX-10"
    assert len(told) == 8


@pytest.mark.parametrize(("rows", "named"), [(10, 10), (11, 9)])
def test_no_more_than_the_server_shows(build, row, rows, named) -> None:
    results = [row(Verdict.NON_COMPLIANT, f"A-{n}") for n in range(rows)]
    run = build(results=results, completeness=Completeness(rows, rows), waiver_mistakes=())
    told = list(annotations.github(run))
    assert len(told) == 10
    assert sum("file=" in line for line in told) == named
    if named < rows:
        assert told[-1] == "::error title=and::2 more in scenario-4; the report has all of them"


def test_percent_signs_and_the_ends_of_properties_are_escaped(build, row) -> None:
    run = build(results=[row(Verdict.NON_COMPLIANT, "A%1:,;]", lambda words: words.replace("title", "50 %; a]b::c"))])
    github, azure = next(annotations.github(run)), next(annotations.azure(run))
    assert ",title=A%251%3A%2C;] contoso.com non-compliant::50 %25; a]b::c. Seen: reason of A%251:,;]" in github
    assert ";code=A%AZP251:,%3B%5D;]50 %AZP25; a]b::c. Seen: reason of A%AZP251:,;]" in azure


@given(text=st.text(alphabet=st.one_of(st.sampled_from("\r\n:%;],=#[\x1b\u2028\x85"), st.characters())))
def test_no_text_begins_a_command_or_ends_a_property(build, row, text) -> None:
    run = build(results=[row(Verdict.NON_COMPLIANT, "A-1", lambda words: text + words)])
    for line in (*annotations.github(run), *annotations.azure(run)):
        assert len(line.splitlines()) == 1
    for line in annotations.github(run):
        properties = re.fullmatch(r"::(?:error|warning) ([^:]*)::.*", line)
        assert properties
        assert {one.partition("=")[0] for one in properties[1].split(",")} <= {"file", "line", "title"}
        assert "##[" not in line
    for line in annotations.azure(run):
        properties = re.fullmatch(r"##vso\[task\.logissue ([^\]]*)\](.*)", line)
        assert properties
        assert {one.partition("=")[0] for one in properties[1].split(";") if one} <= {
            "type", "sourcepath", "linenumber", "code",
        }  # fmt: skip
        assert "##vso[" not in properties[2]

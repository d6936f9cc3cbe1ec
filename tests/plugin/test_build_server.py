from pathlib import Path
from typing import Any

import pytest

from mailflow.report import as_markdown

ERROR = "::error file=features/toy.feature,line=5,title=TOY-MX-1 contoso.com non-compliant::The MX is right."


@pytest.fixture
def bad(toys: Any) -> Any:
    toys.feature(toys.scenario("Then it is wrong"))
    return toys


def test_elsewhere_nobody_is_told(bad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    monkeypatch.setenv("TF_BUILD", "no")
    text = bad.run().text
    assert "::error" not in text
    assert "##vso[" not in text


def test_github_actions(bad: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    outcome = bad.run()
    assert f"{ERROR} Seen: the MX is old" in outcome.text.splitlines()
    assert "##vso[" not in outcome.text
    assert summary.read_bytes() == b"before\n" + as_markdown.job(outcome.runs)


def test_azure_pipelines(bad: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_BUILD", "True")
    outcome = bad.run()
    told = [line for line in outcome.text.splitlines() if line.startswith("##vso[")]
    place = "sourcepath=features/toy.feature;linenumber=5"
    assert told == [
        f"##vso[task.logissue type=error;{place};code=TOY-MX-1;]The MX is right. Seen: the MX is old",
        f"##vso[task.uploadsummary]{bad.folder / 'toy' / 'simulated' / 'summary.md'}",
    ]


def test_a_summary_that_cannot_be_written_is_said(bad: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    outcome = bad.run()
    assert f"The reports could not be written: {tmp_path}: " in outcome.text
    assert outcome.exit_status == 4

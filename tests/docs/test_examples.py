"""What pages print to be copied is right: feature files, pipelines, commands."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from mailflow.__main__ import command_line
from mailflow.plugin.vocabulary import load
from mailflow.policy.documents import documents
from mailflow.policy.read_feature import read

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(page: str) -> list[str]:
    """Give the indented blocks of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [textwrap.dedent(found) for found in re.findall(r"(?:^    .*\n|^\n)+", text, re.MULTILINE) if found.strip()]


def test_the_feature_that_is_shown_has_no_mistake(tmp_path: Path) -> None:
    (block,) = [block for block in blocks("writing-features.md") if "Scenario:" in block]
    file = tmp_path / "features" / "contoso.com.feature"
    file.parent.mkdir()
    file.write_text(block, encoding="utf-8")
    feature = read(file, tmp_path, documents())
    assert [scenario.requirement.id for scenario in feature.scenarios] == ["CONTOSO-COM-PATH-2"]
    words, _ = load(ROOT)
    assert words.mistakes_in(feature) == []


@pytest.mark.parametrize("page", ["environments.md", "which-scenario.md", "writing-features.md"])
def test_commands_that_are_shown_are_understood(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "domains.txt").write_text("contoso.com\n", encoding="utf-8")
    lines = [line.partition("#")[0].split() for block in blocks(page) for line in block.splitlines()]
    shown = [words[1:] for words in lines if words[:1] == ["mailflow"]]
    assert shown or page == "writing-features.md"
    for arguments in shown:
        command_line().parse_args(arguments)  # exits where it does not understand


def test_pipelines_and_settings_can_be_read() -> None:
    page = (DOCS / "editors-and-pipelines.md").read_text(encoding="utf-8")
    github, azure = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    assert [step.get("run", step.get("uses")) for step in github["jobs"]["judge"]["steps"]] == [
        "actions/checkout@v4",
        "actions/setup-python@v5",
        "pipx run tox",
        "actions/upload-artifact@v4",
    ]
    assert [step["script"] for step in azure["steps"] if "script" in step] == ["pipx run tox"]
    assert github["on"] if "on" in github else github[True]  # YAML 1.1 reads `on` as true


def test_the_place_of_the_shipped_sentences_is_printed() -> None:
    (command,) = [block for block in blocks("editors-and-pipelines.md") if "shipped_root" in block]
    code = re.search(r'-c "(.*)"', command)
    assert code
    made = subprocess.run([sys.executable, "-c", code[1]], capture_output=True, text=True, check=True)
    assert (Path(made.stdout.strip()) / "steps" / "messages.py").is_file()

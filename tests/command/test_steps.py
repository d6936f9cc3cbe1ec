"""`mailflow steps`: the sentences there are, each with examples that are judged in the policy run."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailflow.__main__ import main
from mailflow.environment.environment import Stage
from mailflow.plugin.sentences import Example, topics
from mailflow.policy.catalogue import read_folder
from tests.in_a_process import ROOT


def test_every_example_is_run(shipped: Path) -> None:
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in shipped.glob("*/simulated/report.json")]
    judged = {
        Example(step["text"], row["id"])
        for report in reports
        for row in report["requirements"]
        for step in row["steps"]
        if step["status"] in ("compliant", "done")
    }
    catalogue = read_folder(ROOT / "features", ROOT)
    simulated = {
        scenario.requirement.id
        for feature in catalogue.features
        for scenario in feature.scenarios
        if scenario.selection.at(Stage.PLAN)  # the others are asked of what is there: tests of live runs do it
    }
    examples = {example for topic in topics((ROOT,)) for one in topic.sentences for example in one.examples}
    assert len(examples) > 60
    assert {example for example in examples - judged if example.requirement in simulated} == set()


def test_every_sentence_has_an_example_and_a_topic() -> None:
    told = topics((ROOT,))
    assert {"conditions", "messages", "records", "sessions", "settings"} <= {topic.name for topic in told}
    assert all(topic.about.endswith(".") for topic in told)
    assert [one.pattern for topic in told for one in topic.sentences if not one.examples] == []


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["steps", *arguments]) == 0
    return capsys.readouterr().out


def test_words_choose(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert printed(capsys, "OFFERS", "starttls") == (
        "sessions: When a session is opened, Then the server shows its TLS.\n"
        "  Then each offers STARTTLS\n"
        "      as in HYB-TLS-1\n"
        "\n"
    )
    for options, told in (
        (
            ["unheard", "of"],
            "No sentence holds unheard, of. Try fewer words, or none: mailflow steps prints them all.\n",
        ),
        (["--json", "unheard"], "[]\n"),
    ):
        assert main(["steps", *options]) == 1
        assert capsys.readouterr().out == told


def test_words_of_the_help_choose_something(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        main(["steps", "--help"])
    (words,) = re.findall(r"^  mailflow steps (\w.*)$", capsys.readouterr().out, re.MULTILINE)
    assert "Then every third party passes\n      as in HYB-SPF-4\n" in printed(capsys, *words.split())


def test_what_varies_is_shown_by_examples(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    told: list[dict[str, Any]] = json.loads(printed(capsys, "--json", "never passes"))
    (topic,) = told
    (sentence,) = topic["sentences"]
    assert sentence["pattern"] == "it never passes {place}"
    assert {example["text"] for example in sentence["examples"]} == {
        "it never passes Microsoft 365",
        "it never passes the Internet",
        "it never passes the on-premises servers",
    }
    assert "      it never passes the on-premises servers, as in " in printed(capsys, "never passes")


def test_own_sentences_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "mailflow"]
    subprocess.run([*run, "init", "--exports", "in"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "steps/own.py").write_text(
        '"""Ours."""\nfrom pytest_bdd import then\n@then("all is well")\ndef all_is_well(): pass\n', encoding="utf-8"
    )
    made = subprocess.run([*run, "steps"], cwd=tmp_path, check=True, capture_output=True, encoding="utf-8")
    assert "own: Ours.\n  Then all is well\n" in made.stdout
    assert "  Then it is delivered\n" in made.stdout

    (tmp_path / "steps/own.py").write_text("from pytest_bdd import then\n@then('it is delivered')\ndef x(): pass\n")
    made = subprocess.run([*run, "steps"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert made.returncode == 4
    assert "a second definition of 'it is delivered'" in made.stderr


def test_the_shipped_features_are_read_without_those_of_single_domains() -> None:
    single = {
        scenario.requirement.id
        for feature in read_folder(ROOT / "features" / "domains", ROOT).features
        for scenario in feature.scenarios
    }
    assert single
    assert not {e.requirement for topic in topics((ROOT,)) for one in topic.sentences for e in one.examples} & single

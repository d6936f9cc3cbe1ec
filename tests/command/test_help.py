"""Every command says what it does, with examples that it understands."""

import re
import shlex
from argparse import _SubParsersAction
from pathlib import Path

import pytest

from mailflow.__main__ import COMMANDS, command_line, main

NAMES = [module.__name__.rpartition(".")[2] for module in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_help_has_examples_that_are_understood(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "domains.txt").write_text("contoso.com\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    examples = re.findall(rf"^  mailflow ({name}\b.*?)(?:\s{{3,}}.*)?$", told.partition("examples:\n")[2], re.MULTILINE)
    assert examples
    for example in examples:
        command_line().parse_args(shlex.split(example))  # exits where it does not understand


def test_the_commands_are_few_and_each_says_a_line() -> None:
    (commands,) = [action for action in command_line()._actions if isinstance(action, _SubParsersAction)]
    told = {action.dest: action.help for action in commands._choices_actions}
    assert list(told) == NAMES
    assert len(told) < 12
    assert all(told.values())


def test_a_command_line_that_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["new", "contoso.com", "--scenario", "5"])
    assert ended.value.code == 2
    assert "invalid choice: 5 (choose from 1, 2, 3, 4)" in capsys.readouterr().err

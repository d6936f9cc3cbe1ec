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


def test_what_stands_in_a_file_commands_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "environment.yaml").write_text('"\\e[31m\\n::error::x": 1\n', encoding="utf-8")
    assert main(["simulate", str(tmp_path)]) == 4
    told = capsys.readouterr().err
    assert "found the key '⟨U+001B⟩[31m\n⟨U+003A⟩:error::x'; expected one of the keys" in told


def test_a_file_of_arguments_in_another_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "domains.txt").write_text("contoso.com\n", encoding="utf-16")  # as > of Windows PowerShell writes it
    assert main(["new", "--scenario", "4", f"@{tmp_path / 'domains.txt'}"]) == 4
    assert capsys.readouterr().err == (
        "mailflow: found a byte in the file behind @ that is no UTF-8 (0xff); expected text in UTF-8. "
        "Save the file in the encoding UTF-8.\n"
    )


def test_a_command_line_that_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["new", "contoso.com"])
    assert ended.value.code == 2
    assert "the following arguments are required: --scenario" in capsys.readouterr().err

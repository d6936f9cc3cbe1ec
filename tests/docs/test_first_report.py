"""The walk of docs/first-report.md, command by command: what it shows is what comes."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "first-report.md").read_text(encoding="utf-8")
CONTOSO = ROOT / "fixtures" / "scenario-4"


def commands(section: str) -> list[tuple[str, list[str]]]:
    """Give the commands of a section and the lines shown below each."""
    shown: list[tuple[str, list[str]]] = []
    for line in re.findall(r"^    (.*)$", section, re.MULTILINE):
        if line.startswith("$ "):
            shown.append((line[2:], []))
        elif shown and line != "…":
            shown[-1][1].append(line)
    return shown


def run(command: str, folder: Path) -> str:
    """Run one command. What tox would install is here already; a test of the wheel runs tox itself."""
    program, *arguments = shlex.split(command)
    module = {"mailflow": ["mailflow"], "tox": ["pytest", "features", "-q", "-p", "no:cacheprovider"]}[program]
    made = subprocess.run(
        [sys.executable, "-m", *module, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return made.stdout + made.stderr


def what_the_third_section_says(folder: Path) -> None:
    environment = folder / "fixtures/contoso.com"
    for name in ("exchange-online", "exchange-server", "certificates"):
        shutil.copytree(CONTOSO / name, environment / name)
    shutil.copy(CONTOSO / "zones/21.107.131.in-addr.arpa.zone", environment / "zones")
    file = environment / "environment.yaml"
    answers = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert answers
    text, count = re.subn(
        r"^# FILL IN: who else sends.*?^  # cloud_forwarding[^\n]*\n",
        lambda _: answers[1],
        file.read_text(encoding="utf-8"),
        flags=re.DOTALL | re.MULTILINE,
    )
    assert count == 1
    assert "      # certificate: certificates/mail.contoso.com.pem" in text
    text = text.replace("      # certificate:", "      certificate:")
    file.write_text(text + "\nauthorities: [certificates/authority.pem]\n", encoding="utf-8")


def what_the_fourth_section_says(folder: Path) -> None:
    zone = folder / "fixtures/contoso.com/zones/contoso.com.zone"
    record = re.search(r"becomes `(v=spf1[^`]*)`", PAGE)
    assert record
    text, count = re.subn(
        r'^@ IN TXT "[^"]*"', f'@ IN TXT "{" ".join(record[1].split())}"', zone.read_text("utf-8"), flags=re.MULTILINE
    )
    assert count == 1
    zone.write_text(text, encoding="utf-8")


def test_the_walk(tmp_path: Path) -> None:
    before = {3: what_the_third_section_says, 4: what_the_fourth_section_says}
    sections = re.split(r"^## (\d)\. ", PAGE, flags=re.MULTILINE)[1:]
    ran = []
    for number, section in zip(sections[::2], sections[1::2], strict=True):
        before.get(int(number), lambda _: None)(tmp_path)
        for command, shown in commands(section):
            assert shown, command
            told = run(command, tmp_path)
            lines = told.splitlines()
            assert [line for line in shown if line not in lines] == [], told
            ran.append(command.split()[0])
    assert ran == ["mailflow", "mailflow", "tox", "tox", "tox"]
    report = json.loads((tmp_path / "reports/contoso.com/simulated/report.json").read_text(encoding="utf-8"))
    assert f"\n{len(report['requirements'])} requirements," in PAGE


def test_no_command_is_left_out() -> None:
    from mailflow.__main__ import COMMANDS

    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    told = re.findall(r"^    mailflow ([a-z]+) ", page, re.MULTILINE)
    assert sorted(told) == sorted(module.__name__.rpartition(".")[2] for module in COMMANDS)

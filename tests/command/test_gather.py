"""The script that gathers exports: it names what is read, writes what is read, and reaches whoever has the package."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from mailflow.__main__ import main
from mailflow.exchange import export
from mailflow.exchange.exported import read_exported

SCRIPT = files("mailflow.exchange").joinpath("gather.ps1").read_text(encoding="utf-8")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "scenario-4"


def test_it_exports_for_each_side_what_is_read_of_it() -> None:
    sides = dict(re.findall(r"^    '(exchange-\w+)' = ((?:\s*'Get-\w+',?)+)", SCRIPT, re.MULTILINE))
    listed = {side: set(re.findall(r"'([\w-]+)'", names)) for side, names in sides.items()}
    assert listed.pop("exchange-edge") == {"Get-ReceiveConnector", "Get-ADPermission", "Get-ExchangeCertificate"}
    assert listed == {
        side: {path.stem for path in (FIXTURES / side).glob("Get-*.json")}
        for side in ("exchange-online", "exchange-server")
    }
    assert set().union(*listed.values()) == set(export._TELL_TALE_NAMES)


def test_windows_powershell_reads_it_without_a_byte_order_mark() -> None:
    assert SCRIPT.isascii()


def test_what_it_writes_as_the_time_is_read(tmp_path: Path) -> None:
    (style,) = re.findall(r"ToString\('([^']+)'", SCRIPT)
    said = re.findall(r"@\{ (at) = \$now; (by) = '([^']+)' \}", SCRIPT)
    assert (style, said) == ("yyyy-MM-ddTHH:mm:ssZ", [("at", "by", "gather.ps1 1")])
    (tmp_path / "exported.json").write_text('{"at": "2026-06-01T10:00:00Z", "by": "gather.ps1 1"}', encoding="utf-8")
    assert read_exported(tmp_path, tmp_path) is not None


def test_the_command_writes_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gather", str(tmp_path)]) == 0
    target = tmp_path / "gather.ps1"
    assert capsys.readouterr().out == f"{target.as_posix()}\n"
    assert target.read_text(encoding="utf-8") == SCRIPT
    target.write_text("mine", encoding="utf-8")
    assert main(["gather", str(tmp_path)]) == 4
    assert capsys.readouterr().err == f"{target.as_posix()}: found a file that is there; expected none: it is kept.\n"
    assert target.read_text(encoding="utf-8") == "mine"


def test_no_folder_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gather", str(tmp_path / "nowhere")]) == 4
    assert "no place to write (No such file or directory); expected a folder" in capsys.readouterr().err

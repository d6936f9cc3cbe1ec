"""When exports were made: read strictly, told with a mend, never guessed from dates of files."""

import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.exchange.export import read_exchange_online, read_exchange_server
from mailflow.exchange.exported import read_exported
from mailflow.input_error import InputError

AT = datetime(2026, 6, 1, 10, tzinfo=UTC)
EXPECTED = '{"at": "2026-12-05T10:00:00Z"}, the moment of the export with its offset, and "by", who or what made it'


def write(folder: Path, content: bytes) -> Path:
    (folder / "exchange-online").mkdir(exist_ok=True)
    (folder / "exchange-online" / "exported.json").write_bytes(content)
    return folder / "exchange-online"


@pytest.mark.parametrize(
    "content",
    [
        b'{"at": "2026-06-01T10:00:00Z", "by": "gather.ps1 1"}',
        b'{"at": "2026-06-01T12:00+02:00"}',
        b'\xef\xbb\xbf{\r\n  "at":  "2026-06-01T10:00:00Z",\r\n  "by":  "gather.ps1 1"\r\n}\r\n',  # Windows PowerShell
        '{"at": "2026-06-01T10:00:00Z"}'.encode("utf-16"),
    ],
)
def test_it_is_read_as_powershell_writes_it(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path, content)
    assert read_exported(folder, tmp_path) == AT
    assert read_exchange_online(folder, tmp_path).exported == AT
    assert read_exchange_server(folder, tmp_path).exported == AT


def test_without_it_nobody_says_when(tmp_path: Path) -> None:
    assert read_exported(tmp_path, tmp_path) is None
    assert read_exchange_online(tmp_path, tmp_path).exported is None


@pytest.mark.parametrize(
    ("content", "place", "found"),
    [
        (b"", ":1", "what is no JSON"),
        (b'{\n"at": }', ":2", "what is no JSON"),
        (b"\xff", ":1", "octets that are no UTF-8"),
        (b"[" * 4000, ":1" if sys.version_info >= (3, 13) else "", "what is no JSON"),  # its json module goes deeper
        (b'{"at": ' + b"9" * 4000 + b"}", "", "the number 9999999999999999999999999999999999999999 as at"),
        (b'{"at": "2026-06-01T10:00:00Z"}' + b" " * 5000, "", "something else"),
        (b'["2026-06-01T10:00:00Z"]', "", "something else"),
        (b'{"by": "me"}', "", "something else"),
        (b'{"at": "2026-06-01T10:00:00Z", "when": ""}', "", "something else"),
        (b'{"at": "2026-06-01T10:00:00"}', "", "'2026-06-01T10:00:00' as at"),  # in whose time?
        (b'{"at": "last week"}', "", "'last week' as at"),
        (b'{"at": "\\/Date(1780308000000)\\/"}', "", "'/Date(1780308000000)/' as at"),
        (b'{"at": null}', "", "null as at"),
        (b'{"at": "0001-01-01T00:00:00+23:00"}', "", "'0001-01-01T00:00:00+23:00' as at"),
    ],
)
def test_nonsense_is_a_mistake_that_can_be_mended(tmp_path: Path, content: bytes, place: str, found: str) -> None:
    folder = write(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_exchange_online(folder, tmp_path)
    assert str(caught.value) == f"exchange-online/exported.json{place}: found {found}; expected {EXPECTED}."


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f'{{"at": "{text}"}}'.encode()))
def test_no_content_makes_the_reader_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = write(tmp_path_factory.mktemp("x"), content)
    with contextlib.suppress(InputError):
        moment = read_exported(folder, folder)
        assert moment is not None
        assert moment.tzinfo is UTC

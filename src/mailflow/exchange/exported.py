"""When the exports of one folder were made: `exported.json` beside them, as gather.ps1 writes it.

Dates of files do not tell: a clone or a copy is of today.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from mailflow.exchange.export_text import ExportTextError, decode, shown
from mailflow.input_error import InputError, Mistake

FILE = "exported.json"
_LIMIT = 4096  # octets
_EXPECTED = '{"at": "2026-12-05T10:00:00Z"}, the moment of the export with its offset, and "by", who or what made it'


def read_exported(folder: Path, root: Path) -> datetime | None:
    """Read when the exports of a folder were made, aware, UTC; None where nobody says it.

    Raises:
        InputError: a file that says it in no way that can be read; named relative to `root`.

    """
    name = ((folder.relative_to(root) if folder.is_relative_to(root) else folder) / FILE).as_posix()
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream:
            data = stream.read(_LIMIT + 1)
        written = json.loads(decode(data)) if len(data) <= _LIMIT else None
    except OSError as wrong:
        raise InputError(Mistake(name, None, f"a file that cannot be read ({wrong.strerror})", _EXPECTED)) from wrong
    except ExportTextError as wrong:
        raise InputError(Mistake(name, wrong.line, wrong.found, _EXPECTED)) from wrong
    except json.JSONDecodeError as wrong:
        raise InputError(Mistake(name, wrong.lineno, "what is no JSON", _EXPECTED)) from wrong
    except (ValueError, RecursionError) as wrong:  # digits without end, brackets without end
        raise InputError(Mistake(name, None, "what is no JSON", _EXPECTED)) from wrong
    return _moment(written, name)


def _moment(written: object, name: str) -> datetime:
    if not isinstance(written, dict) or not {"at"} <= written.keys() <= {"at", "by"}:
        raise InputError(Mistake(name, None, "something else", _EXPECTED))
    at = written["at"]
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else None
        if moment is None or moment.tzinfo is None:
            raise InputError(Mistake(name, None, f"{shown(at)} as at", _EXPECTED))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise InputError(Mistake(name, None, f"{shown(at)} as at", _EXPECTED)) from wrong

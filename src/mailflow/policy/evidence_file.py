"""`evidence.json` of an earlier run, read back: what was observed, so that it can be judged again."""

import json
from pathlib import Path

from mailflow.input_error import InputError, Mistake
from mailflow.observe.recording import Recording
from mailflow.observe.recording import read as read_recording

MAX_BYTES = 256 * 1024 * 1024
_EXPECTED = "the evidence.json of a run"


def read(path: Path) -> Recording:
    """Read the observations in an evidence.json.

    Raises:
        InputError: it cannot be read, or is something else.

    """
    name = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as wrong:
        raise InputError(Mistake(name, None, wrong.strerror or "a file that cannot be read", _EXPECTED)) from wrong
    if len(content) > MAX_BYTES:
        raise InputError(Mistake(name, None, f"more than {MAX_BYTES:,} bytes", _EXPECTED))
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as wrong:
        line = getattr(wrong, "lineno", None)
        raise InputError(Mistake(name, line, "what is no JSON", _EXPECTED)) from wrong
    if not isinstance(document, dict) or document.get("observations") is None:
        raise InputError(Mistake(name, None, "no observations", _EXPECTED, "Runs of version 0.1 did not write them."))
    return read_recording(document["observations"], name)

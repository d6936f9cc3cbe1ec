"""One file of exports: in which form it is written, by its name, and the objects in it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailflow.exchange import json_text
from mailflow.exchange.export_text import ExportTextError, Written, decode

MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which PowerShell writes objects."""

    name: str
    suffix: str
    nothing: str  # what the file holds where the cmdlet found nothing
    command: str  # behind the cmdlet and |
    elements: Callable[[str], Iterator[Written]]

    def again(self, cmdlet: str) -> str:
        """Say how to export once more."""
        return f"Export again: {cmdlet} | {self.command.format(file=cmdlet + self.suffix)}"


def _clixml_elements(text: str) -> Iterator[Written]:
    from mailflow.exchange import clixml_text  # noqa: PLC0415  # expat is loaded for those who have such a file

    return clixml_text.elements(text)


JSON = Form(
    name="JSON as ConvertTo-Json writes it",
    suffix=".json",
    nothing="[]",
    command="ConvertTo-Json -Depth 5 | Out-File {file} -Encoding utf8",
    elements=json_text.elements,
)
CLIXML = Form(
    name="CLIXML as Export-Clixml writes it",
    suffix=".clixml",
    nothing="<Objs/>",
    command="Export-Clixml {file}",
    elements=_clixml_elements,
)
FORMS = {".json": JSON, ".clixml": CLIXML, ".xml": CLIXML}


def elements(path: Path, cmdlet: str) -> Iterator[Written]:
    """Give the objects of one file, read in the form of its name.

    Raises:
        ExportTextError: what keeps it from being read, with `expected` and `mend`. What was given before it stands.

    """
    form = FORMS[path.suffix.lower()]
    try:
        text = decode(_octets(path))
        _refuse_lookalike(text, form, cmdlet)
        yield from form.elements(text)
    except ExportTextError as wrong:
        wrong.expected = wrong.expected or form.name
        wrong.mend = wrong.mend or form.again(cmdlet)
        raise


def _octets(path: Path) -> bytes:
    if not path.is_file():  # a pipe or a device could keep the reader for ever
        raise ExportTextError(None, "something that is no file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as wrong:
        raise ExportTextError(None, f"a file that cannot be read ({wrong.strerror})") from wrong
    if len(data) > MAX_BYTES:
        raise ExportTextError(
            None, "a file of more than 64 MiB", "at most that; Select-Object leaves out what is not read"
        )
    return data


# What people send, by its beginning: one of the two forms, or something in their place.
_BEGINNINGS: tuple[tuple[Form | str, re.Pattern[str]], ...] = (
    ("nothing", re.compile(r"\Z")),
    (CLIXML, re.compile(r"(<\?xml\b[^>]*>\s*)?<Objs\b")),
    ("CLIXML for another process, as powershell.exe writes it to its output", re.compile(r"#< CLIXML")),
    ("XML or HTML", re.compile(r"<")),
    (JSON, re.compile(r"\[|\{")),
    ("CSV, as Export-Csv writes it", re.compile(r'(#TYPE\b|"[^"\n]*"(,"[^"\n]*")+\r?\n)')),
    ("a list as Format-List writes it", re.compile(r"\w+ *: ?[^\n]*(\n|\Z)")),
    ("a table as Format-Table writes it", re.compile(r"\w[^\n]*\n-+( +-+)* *\r?\n")),
)


def _refuse_lookalike(text: str, form: Form, cmdlet: str) -> None:
    start = text.lstrip()[:20_000]
    kind = next((kind for kind, beginning in _BEGINNINGS if beginning.match(start)), form)
    if kind is form or (form is CLIXML and start.startswith("<")):  # its reader says more of XML than this can
        return
    if isinstance(kind, Form):
        raise ExportTextError(1, kind.name, mend=f"Rename the file to {cmdlet}{kind.suffix}.")
    if kind == "nothing":
        kind = f"nothing (did the cmdlet fail? where it found nothing, write {form.nothing})"
    raise ExportTextError(1, kind)

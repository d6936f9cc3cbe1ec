"""waivers.yaml: the risks that somebody accepted."""

from mailflow.environment.environment import Waiver
from mailflow.environment.file_mistakes import line_of, read_model
from mailflow.environment.file_model import WaiversFile
from mailflow.environment.folder import MEBIBYTE, Folder
from mailflow.environment.yaml_text import YamlText, read_yaml

FILE = "waivers.yaml"
LIMIT = MEBIBYTE // 8


def read_waivers(folder: Folder) -> tuple[Waiver, ...]:
    """Read the waivers; without a file, or with an empty one, there are none. Mistakes are noted."""
    if not (folder.path / FILE).exists():
        for name in folder.files(".", "waiver*.y*ml"):
            folder.note(name, None, "waivers under another name", f"the file {FILE}", f"Rename it to {FILE}.")
        return ()
    text = folder.text(FILE, LIMIT)
    document = folder.attempt(lambda: read_yaml(text, FILE)) if text else None
    if document is None or document.data is None:
        return ()
    file = folder.attempt(lambda: read_model(WaiversFile, document, FILE))
    return _waivers(folder, file, document) if file else ()


def _waivers(folder: Folder, file: WaiversFile, document: YamlText) -> tuple[Waiver, ...]:
    waivers = []
    for i, row in enumerate(file.root):
        line = line_of(document.lines, (i,))
        if row.starts > row.until:
            found = f"'until' {row.until} before 'from' {row.starts}"
            folder.note(FILE, line_of(document.lines, (i, "until")), found, "a last day after the first")
        waivers.append(
            Waiver(
                row.id,
                row.domain,
                row.reason,
                row.risk,
                row.approver,
                row.ticket,
                row.starts,
                row.until,
                f"{FILE}:{line}",
            )
        )
    return tuple(waivers)

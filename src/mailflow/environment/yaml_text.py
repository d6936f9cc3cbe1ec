"""YAML as text with line numbers.

YAML guesses what a plain word means: `no` becomes false, 2026-12-05 a date, 0123 an octal number. Here every
scalar stays the text that stands in the file; what it means is for the model to say. Anchors and aliases are
refused: ten lines of them can unfold to gigabytes, and a plan reads better written out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from mailflow.input_error import InputError, Mistake

DEPTH = 20  # how deep lists and mappings may nest; the deepest key of the model stands at 7

# What PyYAML says, and what to say instead: expected, mend.
_PROBLEMS = (
    ("alias", "values written out", 'Write a leading * or & in quotes: "*".'),
    ("expected alphabetic or numeric", "text", 'Write a leading * or & in quotes: "*".'),
    ("cannot start any token", "blanks for indentation", "Tabs and a leading @ or ` are not allowed in YAML."),
    (
        "mapping values are not allowed",
        "one 'key: value' a line",
        "Give the key above its colon, indent this one, or put a value with a colon in quotes.",
    ),
    ("could not find expected ':'", "'key: value'", "Write a colon and a blank after the key."),
    ("expected <block end>", "the indentation of the lines above", "Indent the keys of one block alike."),
    ("expected ',' or", "a comma or the closing bracket", "Close every [ and {."),
    ("another document", "one document", "Remove the line '---' in the middle of the file."),
)


@dataclass(frozen=True, slots=True)
class YamlText:
    """A document: mappings, lists, texts and None, and the line of each key or item by dotted path."""

    data: Any
    lines: Mapping[str, int]


def read_yaml(text: str, file: str) -> YamlText:
    """Read one YAML document.

    Raises:
        InputError: no YAML, a key twice, an alias, or nesting deeper than `DEPTH`.

    """
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as wrong:
        raise InputError(_translate(wrong, text, file)) from wrong
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        found = f"the character U+{ord(text[wrong.position]):04X}"
        raise InputError(Mistake(file, line, found, "printable text", "Remove it.")) from wrong
    walk = _Walk(file)
    data = walk.value(node, "") if node else None
    if walk.mistakes:
        raise InputError(*walk.mistakes)
    return YamlText(data, walk.lines)


class _Composer(yaml.SafeLoader):
    """Composes nodes; refuses aliases and deep nesting before they cost anything."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it out
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="alias", problem_mark=event.start_mark)
        if self._depth > DEPTH:
            raise yaml.MarkedYAMLError(problem="nesting", problem_mark=event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Walk:
    """Turns nodes into plain values and writes the lines down."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[str, int] = {}
        self.mistakes: list[Mistake] = []

    def value(self, node: yaml.Node, path: str) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, f"{path}.{i}".lstrip(".")) for i, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:null":
            return None
        return node.value

    def _item(self, node: yaml.Node, path: str) -> Any:
        self._place(path, node)
        return self.value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        content: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                self.mistakes.append(Mistake(self.file, line, "a list or mapping as a key", "text as a key"))
                continue
            # Domain names and addresses are keys too, and do not distinguish case.
            if first := seen.get(key.lower()):
                told = f"'{key}' a second time (first in line {first})"
                self.mistakes.append(Mistake(self.file, line, told, "each key once", "Join the two."))
                continue
            seen[key.lower()] = line
            below = f"{path}.{key}".lstrip(".")
            self._place(below, key_node)
            content[key] = self.value(value_node, below)
        return content

    def _place(self, path: str, node: yaml.Node) -> None:
        line = node.start_mark.line + 1
        self.lines[path] = line
        self.lines.setdefault(path.lower(), line)


def _translate(wrong: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    mark = wrong.problem_mark or wrong.context_mark
    problem = wrong.problem or ""
    line = mark.line + 1 if mark else 1
    rows = text.splitlines()
    row = rows[line - 1].strip() if line <= len(rows) else ""
    found = f"'{row[:80]}'" if row else "the end of the file"
    if wrong.context_mark and wrong.context_mark.line + 1 < line:
        found += f" (in what begins in line {wrong.context_mark.line + 1})"
    if problem == "nesting":
        return Mistake(file, line, f"more than {DEPTH} levels of nesting", "an environment's few levels")
    for words, expected, mend in _PROBLEMS:
        if words in problem:
            return Mistake(file, line, found, expected, mend)
    return Mistake(file, line, found, "YAML", f"A YAML reader says: {problem}.")

"""Reading what ConvertTo-Json wrote, object by object, with the line on which each property stands.

RFC 8259 lets a file hold one value; ConvertTo-Json writes a list, a bare object where there was only one,
`[null]` or `null` where there was none, and Windows PowerShell 5.1 at times `{"value": […], "Count": n}`.
The objects are given one after another, so that a large export costs no more memory than what is kept of it.
"""

import json
import re
from collections.abc import Generator, Iterator
from typing import NoReturn

from mailflow.exchange.export_text import ExportTextError, Property, Written, shown

# RFC 8259 sections 2, 4 and 7: blanks, a member's name, what parts members and elements.
_BLANK = re.compile(r"[ \t\r\n]*")
_NAME = re.compile(r'"([^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*)"[ \t\r\n]*:[ \t\r\n]*')
_AFTER = re.compile(r"[ \t\r\n]*([,}\]])[ \t\r\n]*")
# ConvertTo-Json of Windows PowerShell 5.1, for an array that was given properties of its own.
_WRAPPER = re.compile(r'\{[ \t\r\n]*"value"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
_WRAPPER_END = re.compile(r'[ \t\r\n]*,[ \t\r\n]*"Count"[ \t\r\n]*:[ \t\r\n]*[0-9]+[ \t\r\n]*\}[ \t\r\n]*')


def elements(text: str) -> Iterator[Written]:
    """Give the objects of an export in order, in time linear to its length.

    Raises:
        ExportTextError: no JSON, a property written twice, a number that is none, or nesting without end.
            What was given before it stands.

    """
    return _Walk(text).elements()


class _Walk:
    """One way through the text. Positions only grow, so that lines are counted once.

    The walk goes by hand through lists and the objects in them, because only that tells on which line a
    property stands; json's own decoder reads the values, nested ones at a stroke.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._counted = 0
        self._line = 1
        self._decoder = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_number)

    def elements(self) -> Iterator[Written]:
        at = self._blank(0)
        wrapper = _WRAPPER.match(self._text, at)
        if wrapper:
            end = yield from self._list(wrapper.end())
            closed = _WRAPPER_END.match(self._text, end)
            if not closed:
                self._fail(end, 'no "Count" and no } after the list in {"value": […]}')
            end = closed.end()
        elif self._text.startswith("[", at):
            end = yield from self._list(at)
        else:
            end = yield from self._element(at)
        end = self._blank(end)
        if end != len(self._text):
            self._fail(end, "more text after the end of the JSON value")

    def _list(self, at: int) -> Generator[Written, None, int]:
        at = self._blank(at + 1)
        if self._text.startswith("]", at):
            return at + 1
        while True:
            end = yield from self._element(at)
            at, last = self._after(end, "]")
            if last:
                return at

    def _element(self, at: int) -> Generator[Written, None, int]:
        line = self._line_at(at)
        if self._text.startswith("{", at):
            properties, end = self._object(at)
            yield Written(line, properties)
            return end
        value, end = self._value(at)
        if value is not None:  # null: the cmdlet found nothing
            yield Written(line, None)
        return end

    def _object(self, at: int) -> tuple[dict[str, Property], int]:
        properties: dict[str, Property] = {}
        at = self._blank(at + 1)
        if self._text.startswith("}", at):
            return properties, at + 1
        while True:
            found = _NAME.match(self._text, at)
            if not found:
                self._fail(at, "no property name in double quotes and colon")
            line = self._line_at(at)
            name = found[1] if "\\" not in found[1] else str(self._value(at)[0])
            value, end = self._value(found.end())
            # PowerShell's own ConvertFrom-Json refuses names that differ in case alone.
            if name.lower() in properties:
                raise ExportTextError(line, f"the property {shown(name)} a second time in one object")
            properties[name.lower()] = Property(name, value, line)
            at, last = self._after(end, "}")
            if last:
                return properties, at

    def _value(self, at: int) -> tuple[object, int]:
        try:
            return self._decoder.raw_decode(self._text, at)
        except json.JSONDecodeError as wrong:
            self._fail(wrong.pos, f"no JSON ({wrong.msg})")
        except RecursionError:
            self._fail(at, "lists or objects nested without end")
        except ValueError as wrong:  # from the hooks below, and from int() for thousands of digits
            found = str(wrong) if isinstance(wrong, _RefusedError) else "a number of thousands of digits"
            self._fail(at, found)

    def _after(self, at: int, close: str) -> tuple[int, bool]:
        """Step over what stands behind a member or an element; say whether it closes."""
        found = _AFTER.match(self._text, at)
        if not found or found[1] not in ("," + close):
            self._fail(at, f"neither a comma nor {close}")
        return (found.end(), False) if found[1] == "," else (found.end(1), True)

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found else at

    def _line_at(self, at: int) -> int:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def _fail(self, at: int, found: str) -> NoReturn:
        at = self._blank(at)
        line = self._text.count("\n", 0, at) + 1
        raise ExportTextError(line, f"{found}, at {self._excerpt(at)}")

    def _excerpt(self, at: int) -> str:
        rest = self._text[at : at + 30].split("\n")[0].rstrip()
        return shown(rest) if rest else "the end of the file"


class _RefusedError(ValueError):
    """What json would let pass."""


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # RFC 8259 section 4: names within an object SHOULD be unique; which of two counts is anybody's guess.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RefusedError("an object in which a name occurs twice")
    return members


def _no_number(word: str) -> NoReturn:
    # RFC 8259 section 6: Infinity and NaN are not permitted.
    raise _RefusedError(f"{word}, which is no JSON number")

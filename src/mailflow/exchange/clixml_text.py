"""Reading what Export-Clixml wrote, object by object, with the line on which each property stands.

The elements are those of [MS-PSRP] section 2.2.5. Values come out as ConvertTo-Json gives those of the same
object, except that an enumeration is its words, and what shows itself but has no members is what it shows.
Octets and secure strings are left out: nothing here needs the former, and passwords are not to be kept.

Nothing in the file makes the reader look at anything else: a document type, and with it every entity, is
refused. Objects may refer to each other, in circles too; a circle is cut.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn
from xml.parsers import expat

from mailflow.exchange.export_text import ExportTextError, Property, Written, shown

MAX_DEPTH = 200  # elements; each level of Export-Clixml -Depth, which is 2 unless told, takes up to four
MAX_DIGITS = 40  # .NET writes 29 for a Decimal and 17 for a double, with sign, point and exponent

# [MS-PSRP] 2.2.5.1, primitive types: By unsigned byte, SB signed byte, …; Sg single, Db double, D decimal.
_WHOLE = frozenset({"By", "SB", "U16", "I16", "U32", "I32", "U64", "I64"})
_REAL = frozenset({"Sg", "Db", "D"})
_AS_WRITTEN = frozenset({"S", "DT", "TS", "G", "URI", "Version", "XD", "SBK"})
_LEFT_OUT = frozenset({"BA", "SS"})  # octets in base64, secure strings
_PRIMITIVES = _WHOLE | _REAL | _AS_WRITTEN | _LEFT_OUT | {"B", "C", "Nil"}
# [MS-PSRP] 2.2.5.2, complex objects: lists, enumerables, stacks, queues; members that the type and that PowerShell
# gave; the names of types, which nothing here needs.
_LISTS = frozenset({"LST", "IE", "STK", "QUE"})
_VALUES = _PRIMITIVES | {"Obj", "Ref"}
_INSIDE: Mapping[str, frozenset[str]] = {
    "Objs": _VALUES,
    "Obj": _PRIMITIVES | _LISTS | {"DCT", "TN", "TNRef", "ToString", "Props", "MS"},
    "Props": _VALUES,
    "MS": _VALUES | {"MS"},
    "DCT": frozenset({"En"}),
    "En": _VALUES,
    "TN": frozenset({"T"}),
    **dict.fromkeys(_LISTS, _VALUES),
}
_CHARACTER = re.compile(r"_[xX]([0-9A-Fa-f]{4})_")  # [MS-PSRP] 2.2.5.3.2: one UTF-16 code unit
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
# What an object shows that has nothing to show: the name of its type.
_TYPE_NAME = ("System.", "Microsoft.", "Deserialized.")
_NOTHING = object()  # where null is a value
_ENDS_EARLY = frozenset(
    expat.errors.codes[each]
    for each in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def elements(text: str) -> Iterator[Written]:
    """Give the objects of an export in order, in time linear to its length.

    A list among them is the list that `Export-Clixml -InputObject` writes: its elements are given.

    Raises:
        ExportTextError: no XML, XML that is no CLIXML, a document type, or nesting without end.
            What was given before it stands.

    """
    reader = _Reader()
    wrong: ExportTextError | None = None
    try:
        # All at once: expat before 2.6 begins a token again with each piece that it is given.
        reader.parser.Parse(text, True)
    except ExportTextError as error:
        wrong = error
    except expat.ExpatError as error:
        ends = error.code in _ENDS_EARLY
        found = "a file that ends before its elements do" if ends else f"no XML ({expat.ErrorString(error.code)})"
        wrong = ExportTextError(error.lineno, found)
    yield from reader.found
    if wrong:
        raise wrong


class _Object(dict[str, object]):
    """The members of an object by name, as they are in JSON; and with their lines, for one that was exported.

    Among the names is "ToString" with what the object shows, where it shows anything: no type of .NET has a
    property of that name, as each has the method.
    """

    __slots__ = ("properties",)

    def __init__(self, properties: Mapping[str, Property], string: str = "") -> None:
        super().__init__((each.name, each.value) for each in properties.values())
        self.properties = properties
        if string:
            self["ToString"] = string


_EMPTY = _Object({})  # one for all of them: a file may hold millions


class _Open:
    """An element whose end has not been seen, and what stood in it so far."""

    __slots__ = ("body", "items", "line", "members", "name", "reference", "string", "tag")

    def __init__(self, tag: str, line: int, attributes: Mapping[str, str]) -> None:
        self.tag = tag
        self.line = line
        self.name = _text(attributes.get("N", ""))
        self.reference = attributes.get("RefId")
        self.members: dict[str, Property] = {}  # by lower case
        self.items: list[object] = []
        self.string = ""
        self.body: object = _NOTHING


class _Reader:
    """One way through the text, driven by expat. `found` is what was read."""

    def __init__(self) -> None:
        self.found: list[Written] = []
        self._open: list[_Open] = []
        self._referred: dict[str, object] = {}
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _doctype(self, *_declared: object) -> NoReturn:
        self._fail("a document type declaration, which may define entities")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        within = self._open[-1].tag if self._open else ""
        if tag not in _INSIDE.get(within, ()) and (within or tag != "Objs"):
            self._fail(f"the element {shown(tag)} {f'in {within}' if within else 'in place of Objs'}")
        if len(self._open) == MAX_DEPTH:
            self._fail("lists or objects nested without end")
        one = _Open(tag, self.parser.CurrentLineNumber, attributes)
        if tag == "Obj" and one.reference is not None:
            self._referred[one.reference] = _EMPTY  # for who refers to it from inside: a circle, cut here
        self._text.clear()
        self._open.append(one)

    def _characters(self, text: str) -> None:
        if self._open[-1].tag not in _INSIDE:
            self._text.append(text)
        elif text.strip():
            self._fail(f"{shown(text.strip())} between elements")

    def _end(self, tag: str) -> None:
        one = self._open.pop()
        if tag in _VALUES:
            self._value(one, self._open[-1])
        elif tag == "ToString":
            self._open[-1].string = _text("".join(self._text))
        elif tag in _LISTS:
            self._open[-1].body = one.items
        elif tag == "DCT":
            self._open[-1].body = _Object(one.members)
        elif tag == "En":
            self._entry(one, self._open[-1])
        elif tag == "Props":
            self._open[-1].members = one.members | self._open[-1].members
        elif tag == "MS" and self._open[-1].tag == "Obj":
            # PowerShell looks up what it added itself (MS) before what the type has (Props). An MS inside an MS
            # is a property set ([MS-PSRP] 2.2.5.2.9), which nothing here asks for.
            self._open[-1].members |= one.members

    def _value(self, one: _Open, within: _Open) -> None:
        if one.tag in _LEFT_OUT:
            return
        value = self._read(one)
        if within.tag == "Obj":
            within.body = value
        elif within.tag in ("Props", "MS", "En"):
            self._member(within, Property(one.name, value, one.line))
        else:
            within.items.append(value)
            # The list that is exported itself: Objs, Obj, LST.
            if within.tag == "Objs" or len(self._open) == 3:
                self._exported(one, value)

    def _exported(self, one: _Open, value: object) -> None:
        if value is None or (isinstance(value, list) and len(self._open) == 1):
            return  # null: the cmdlet found nothing; the elements of the list are there already
        properties = value.properties if isinstance(value, _Object) else None
        if one.tag == "Obj" and one.body is _NOTHING:
            properties = one.members  # an object, even if all its members were left out
        self.found.append(Written(one.line, properties))

    def _entry(self, one: _Open, dictionary: _Open) -> None:
        key, value = one.members.get("key"), one.members.get("value")
        if key is None or isinstance(key.value, list | dict):
            self._fail("an entry of a dictionary without a key", one.line)
        if value is not None:
            self._member(dictionary, Property(str(key.value), value.value, one.line))

    def _member(self, within: _Open, member: Property) -> None:
        if not member.name:
            self._fail("a property without a name", member.line)
        # PowerShell's names know no case; which of two counts is anybody's guess.
        if within.members.setdefault(member.name.lower(), member) is not member:
            self._fail(f"the property {shown(member.name)} a second time in one object", member.line)

    def _read(self, one: _Open) -> object:
        if one.tag == "Ref":
            if one.reference not in self._referred:
                self._fail(f"a reference to the object {shown(one.reference or '')}, which is not before it", one.line)
            return self._referred[one.reference]
        if one.tag == "Obj":
            value = _object(one)
            if one.reference is not None:
                self._referred[one.reference] = value
            return value
        try:
            return _primitive(one.tag, "".join(self._text))
        except ValueError:
            self._fail(f"{shown(''.join(self._text))} as {one.tag}", one.line)

    def _fail(self, found: str, line: int | None = None) -> NoReturn:
        raise ExportTextError(line or self.parser.CurrentLineNumber, found)


def _object(one: _Open) -> object:
    if one.body is not _NOTHING:
        # An enumeration: its number, and the words that Exchange Online would give.
        is_number = isinstance(one.body, int) and not isinstance(one.body, bool)
        return one.string if is_number and one.string else one.body
    if not one.members:
        return one.string or _EMPTY
    return _Object(one.members, "" if one.string.startswith(_TYPE_NAME) else one.string)


def _primitive(tag: str, text: str) -> object:
    """Read a value without members; ValueError where the text is none of its type."""
    if tag in _AS_WRITTEN:
        return _text(text)
    if tag == "Nil":
        return None
    text = text.strip()
    if tag == "B" and text in ("true", "false"):
        return text == "true"
    if tag in _REAL and len(text) <= MAX_DIGITS:
        return float(text)
    if tag in _WHOLE | {"C"} and _NUMBER.fullmatch(text):
        return chr(int(text)) if tag == "C" else int(text)
    raise ValueError(text)


def _text(written: str) -> str:
    """Undo the escapes of control characters, surrogates and _ before x: `_x000A_`, `_xD83D__xDE00_`, `_x005F_`."""
    if "_x" not in written and "_X" not in written:
        return written
    units = _CHARACTER.sub(lambda each: chr(int(each[1], 16)), written)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")

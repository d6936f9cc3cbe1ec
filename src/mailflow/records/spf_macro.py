"""The macro language of SPF (RFC 7208 section 7): `%{ir}.%{v}._spf.%{d2}`."""

import re
from collections.abc import Mapping
from urllib.parse import quote

# RFC 7208 section 7.1: macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
_MACRO = re.compile(r"%(?:([%_-])|\{([a-z])([0-9]*)(r?)([.+,/_=-]*)\})", re.ASCII | re.IGNORECASE)
_LITERALS = {"%": "%", "_": " ", "-": "%20"}

RECORD_LETTERS = frozenset("slodiphv")
EXPLANATION_LETTERS = RECORD_LETTERS | frozenset("crt")  # section 7.2: these three only in the text of exp=

# A record of 64 kB can name %{s} 16,000 times. No name and no SMTP reply is anywhere near this long.
_LONGEST = 65_536


class MacroError(ValueError):
    """The text is no macro-string; the message says where and why."""


def check_macros(text: str, letters: frozenset[str] = RECORD_LETTERS) -> None:
    """Say whether every `%` in the text begins a macro of RFC 7208 section 7.1.

    Raises:
        MacroError: it does not, or the macro's letter is not allowed here.

    """
    position = text.find("%")
    while position >= 0:
        macro = _MACRO.match(text, position)
        if macro is None:
            found = text[position : position + 12]
            raise MacroError(f"'{found}' is no macro: after a percent sign comes {{letter}}, %, _ or -")
        letter = macro[2]
        if letter and letter.lower() not in letters:
            raise MacroError(f"'{macro[0]}': there is no macro of the letter {letter!r} here")
        if macro[3] and not macro[3].strip("0"):
            raise MacroError(f"'{macro[0]}': the number of labels to keep must not be zero")  # section 7.3
        position = text.find("%", macro.end())


def ends_with_macro(text: str) -> bool:
    """Say whether the text ends with a macro: one of the two ends a domain-spec may have (section 7.1)."""
    return any(macro.end() == len(text) for macro in _MACRO.finditer(text))


def letters_in(text: str) -> frozenset[str]:
    """Name the macro letters that the text uses, in lower case."""
    return frozenset(macro[2].lower() for macro in _MACRO.finditer(text) if macro[2])


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace every macro. `values` maps each letter in lower case to its value.

    Raises:
        MacroError: the outcome would be longer than 65,536 characters.

    """
    length = 0

    def replacement(macro: re.Match[str]) -> str:
        nonlocal length
        found = _LITERALS[macro[1]] if macro[1] else _transform(macro, values[macro[2].lower()])
        length += len(found)
        if length > _LONGEST:
            raise MacroError(f"the macros of '{text[:40]}…' expand to more than {_LONGEST} characters")
        return found

    return _MACRO.sub(replacement, text)


def _transform(macro: re.Match[str], value: str) -> str:
    """Split, reverse, keep the right-hand parts, join with dots, escape: in the order of section 7.3."""
    _, letter, digits, reverse, delimiters = macro.groups()
    parts = re.split(f"[{re.escape(delimiters)}]", value) if delimiters else value.split(".")
    if reverse:
        parts.reverse()
    if digits and len(digits.lstrip("0")) < 5:  # five digits keep more labels than a name can have
        parts = parts[-int(digits) :]
    joined = ".".join(parts)
    return quote(joined, safe="") if letter.isupper() else joined

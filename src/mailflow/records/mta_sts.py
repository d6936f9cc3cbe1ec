"""MTA-STS (RFC 8461): the record that announces a policy, the policy, and which MX hosts it covers."""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailflow.records.mx import is_host_name

VERSION = "STSv1"
LONGEST_S = 31_557_600  # section 3.2: about a year
PATH = "/.well-known/mta-sts.txt"  # section 3.2

# Section 3.1: an extension's name and value; no blank, no semicolon, no second equals sign.
_FIELD = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(?P<value>[!-:<>-~]+)")
_ID = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_DELIMITER = re.compile(r"[ \t]*;[ \t]*")
# Section 3.2: name, colon, value; blanks before the value and at the end.
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(?P<value>[^\x00-\x20\x7f][^\x00-\x1f\x7f]*?)[ \t]*"
)
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
_KNOWN = ("version", "mode", "max_age", "mx")
_SHOWN = 60  # characters of what is wrong


class Mode(StrEnum):
    """What senders do with a host that fails (section 5)."""

    ENFORCE = "enforce"  # they do not deliver to it
    TESTING = "testing"  # they deliver, and report it
    NONE = "none"  # as if there were no policy


@dataclass(frozen=True, slots=True)
class StsRecord:
    """One TXT record that announces a policy."""

    text: str
    id: str  # changes with every policy; empty where there is none
    flaws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """One policy. Senders take none of it where it has a flaw."""

    mode: Mode | None
    max_age: int | None  # seconds for which a sender goes by it without asking again
    mx: tuple[str, ...]  # host names and wildcards, lower case
    flaws: tuple[str, ...]

    def covering(self, host: str) -> str | None:
        """Give the pattern that covers an MX host, None where there is none."""
        return next((pattern for pattern in self.mx if covers(pattern, host)), None)


def host_of(domain: str) -> str:
    """Name the host that hands out the policy of a domain (section 3.3)."""
    return f"mta-sts.{domain}"


def parse_record(text: str) -> StsRecord:
    """Read a record that begins with v=STSv1 (section 3.1). Never raises: what is wrong stands in `flaws`."""
    first, *fields = _DELIMITER.split(text)
    flaws = []
    if first != f"v={VERSION}" or not text.startswith(f"v={VERSION};"):
        flaws.append(f"it does not begin with v={VERSION};")
    if fields and not fields[-1]:
        fields.pop()  # a semicolon may stand at the end
    ids = []
    for field in fields:
        found = _FIELD.fullmatch(field)
        if found is None:
            flaws.append(f"'{_short(field)}' is no name=value")
        elif found["name"] == "id":
            ids.append(found["value"])
    if not ids:
        flaws.append("it has no id: senders cannot tell when the policy changes")
    elif not _ID.fullmatch(ids[0]):
        flaws.append(f"the id '{_short(ids[0])}' is not 1 to 32 letters and digits")
    return StsRecord(text, ids[0] if ids else "", tuple(flaws))


def parse_policy(text: str) -> StsPolicy:
    """Read a policy (section 3.2). Never raises: what is wrong stands in `flaws`, with its line."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()  # the end of the last line
    found: dict[str, str] = {}
    patterns: list[str] = []
    flaws = []
    for number, line in enumerate((line.removesuffix("\r") for line in lines), 1):
        field = _LINE.fullmatch(line)
        if field is None:
            flaws.append(f"line {number}, {_odd(line)}")
        elif field["name"] == "mx":
            patterns.append(field["value"].lower())
            if not is_host_name(patterns[-1].removeprefix("*.")) or patterns[-1].endswith("."):
                flaws.append(f"line {number}, mx: '{_short(field['value'])}' is no host name, nor '*.' and one")
        else:
            # Of a field that stands twice the first counts.
            found.setdefault(field["name"], field["value"])
    flaws += _lacking(found, patterns)
    mode = found.get("mode")
    age = found.get("max_age", "")
    return StsPolicy(
        Mode(mode) if mode in tuple(Mode) else None,
        int(age) if _SECONDS.fullmatch(age) else None,
        tuple(dict.fromkeys(patterns)),
        tuple(flaws),
    )


def _lacking(found: dict[str, str], patterns: list[str]) -> list[str]:
    flaws = []
    for name in _KNOWN:
        value = found.get(name)
        if name == "mx":
            if not patterns and found.get("mode") != Mode.NONE:
                flaws.append("it lists no mx")
        elif value is None:
            other = next((word for word in found if word.lower() == name), "")
            flaws.append(f"it has no {name}" + (f": '{other}' is another word" if other else ""))
        elif name == "version" and value != VERSION:
            flaws.append(f"version: '{_short(value)}' is not {VERSION}")
        elif name == "mode" and value not in tuple(Mode):
            flaws.append(f"mode: '{_short(value)}' is none of {', '.join(Mode)}")
        elif name == "max_age" and not (_SECONDS.fullmatch(value) and int(value) <= LONGEST_S):
            flaws.append(f"max_age: '{_short(value)}' is no number of seconds up to {LONGEST_S}")
    return flaws


def covers(pattern: str, host: str) -> bool:
    """Whether an mx pattern covers a host (section 4.1): a wildcard stands for one whole label, the first."""
    host = host.lower()
    if pattern.startswith("*."):
        label, _, above = host.partition(".")
        return bool(label) and above == pattern[2:]
    return host == pattern


def _odd(line: str) -> str:
    if line.startswith("\ufeff"):
        return "a byte order mark before the first word: save the file in UTF-8 without one"
    return f"'{_short(line)}': no name: value" if line.strip() else "empty: no name: value"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

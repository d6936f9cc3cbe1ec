"""What single words of an environment file may say, and how a wrong one is answered.

Every scalar comes in as the text that stands in the file (`yaml_text`). A type here reads it and, where it
cannot, raises what the user is told: what was expected, and how to mend it.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated, Any
from uuid import UUID

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from mailflow.environment.answers import Exit, Permission
from mailflow.environment.environment import Changes, DeviceWay
from mailflow.environment.scenario import DOCUMENTED, EXPECTED, WORD, ScenarioName, scenario_name
from mailflow.exchange.cloud import CLOUDS
from mailflow.exchange.online import Network
from mailflow.mail.address import Address, AddressError, domain_name

SPOKEN = "spoken"  # the type of errors that carry their own words
MICROSOFT_365 = "microsoft-365"  # in a list of networks: the published ranges of the tenant's cloud
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_YES = ("true", "yes", "on")  # what YAML 1.1 takes for true
_NO = ("false", "no", "off")


def spoken(expected: str, mend: str = "") -> PydanticCustomError:
    """Make the error that `file_mistakes` turns into a sentence."""
    return PydanticCustomError(SPOKEN, "{expected}", {"expected": expected, "mend": mend})


def nearest(word: str, words: Iterable[str]) -> str:
    """Ask `Did you mean '…'?` for the nearest right word; empty where none is near."""
    near = difflib.get_close_matches(word, list(words), 1, 0.6)
    return f"Did you mean '{near[0]}'?" if near else ""


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise spoken(expected)
    return value.strip()


def _domain(value: object) -> str:
    text = _text(value, "a domain name")
    try:
        return domain_name(text)
    except AddressError as wrong:
        bare = text.strip(". ").rpartition("@")[2]
        why = str(wrong).removeprefix(repr(text)).strip()
        raise spoken(f"a domain name (it {why})", _offer(bare, domain_name)) from wrong


def _pattern(value: object) -> str:
    text = _text(value, "'*', a domain or '*.' and a domain")
    if text == "*":
        return text
    return "*." + _domain(text[2:]) if text.startswith("*.") else _domain(text)


def _offer(text: str, read: Callable[[str], object]) -> str:
    try:
        read(text)
    except ValueError:
        return ""
    return f"Write '{text}'."


def _mailbox(value: object) -> Address:
    text = _text(value, "a mailbox address such as kate@contoso.com")
    try:
        return Address.parse(text)
    except AddressError as wrong:
        raise spoken("a mailbox address such as kate@contoso.com") from wrong


def _ip(value: object) -> IPv4Address | IPv6Address:
    # An IPv6 address with a scope (fe80::1%eth0) means something on one machine only.
    text = _text(value, "an IP address").replace("%", " ")
    try:
        return ip_address(text)
    except ValueError as wrong:
        raise spoken("an IP address such as 192.0.2.1 or 2001:db8::1") from wrong


def _network(value: object) -> Network | str:
    text = _text(value, "a network such as 192.0.2.0/24")
    if text == MICROSOFT_365:
        return text
    try:
        return ip_network(text)
    except ValueError as wrong:
        expected = f"a network such as 192.0.2.0/24, or the word {MICROSOFT_365}"
        raise spoken(expected, _without_host_bits(text)) from wrong


def _without_host_bits(text: str) -> str:
    try:
        return f"Write '{ip_network(text, strict=False)}'."
    except ValueError:
        return nearest(text, [MICROSOFT_365])


def _yes(value: object) -> bool:
    word = value.lower() if isinstance(value, str) else ""
    if word not in (*_YES, *_NO):
        raise spoken("true or false")
    return word in _YES


def _scenario(value: object) -> ScenarioName:
    expected = f"{EXPECTED}: the scenario of the domain"
    text = _text(value, expected)
    try:
        return scenario_name(text)
    except ValueError as wrong:
        raise spoken(expected, _offer(re.sub("[ _]+", "-", text.lower()), scenario_name)) from wrong


def _tenant(value: object) -> str:
    text = _text(value, "the tenant's name, such as contoso").lower()
    if not _LABEL.fullmatch(text):
        first = text.partition(".")[0]
        mend = f"Write '{first}'." if _LABEL.fullmatch(first) else ""
        raise spoken("the tenant's name, the first label of its onmicrosoft.com domain", mend)
    return text


def _uuid(value: object) -> str:
    try:
        return str(UUID(_text(value, "a GUID")))
    except ValueError as wrong:
        mend = "The overview page of the Microsoft Entra admin center shows it as 'Tenant ID'."
        raise spoken("the GUID of the tenant", mend) from wrong


def _identifier(value: object) -> str:
    # policy.requirement.IDENTIFIER is the rule; this only catches what can be no identifier at all.
    text = _text(value, "a requirement's identifier such as S4-MX-3")
    if not re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", text):
        raise spoken("a requirement's identifier such as S4-MX-3", _in_capitals(text))
    return text


def _in_capitals(text: str) -> str:
    upper = text.upper().replace("_", "-")
    return f"Write '{upper}'." if re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", upper) else ""


def _day(value: object) -> str:
    try:
        return date.fromisoformat(_text(value, "a day such as 2026-12-31")).isoformat()
    except ValueError as wrong:
        raise spoken("a day such as 2026-12-31") from wrong


def _moment(value: object) -> datetime:
    expected = "date, time and offset such as 2026-12-05T22:00+01:00"
    try:
        moment = datetime.fromisoformat(_text(value, expected))
    except ValueError as wrong:
        raise spoken(expected) from wrong
    if not 2000 <= moment.year < 2200:  # what is worked out from it has to stay a date
        raise spoken(expected)
    if moment.tzinfo is None:
        raise spoken(expected, f"Write '{value}Z' if the time is UTC." if "T" in str(value) else "")
    return moment


def _seconds(value: object) -> int:
    text = _text(value, "a number of seconds such as 300")
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) >= 1 << 31:  # RFC 2181 section 8
        raise spoken("a number of seconds such as 300")
    return int(text)


def _path(value: object) -> str:
    text = _text(value, "a path inside the folder")
    # Windows' own separator is no part of a name anywhere a plan is likely to be read.
    if "\\" in text:
        raise spoken("a path with forward slashes", f"Write '{text.replace(chr(92), '/')}'.")
    return text


def _record(value: object) -> str:
    text = _text(value, "a record such as contoso.com MX")
    name, _, kind = text.partition(" ")
    if not re.fullmatch(r"[A-Z]{1,8}", kind.strip()):
        raise spoken("the name and the type of a record, such as contoso.com MX")
    return f"{_domain(name)} {kind.strip()}"


def _word(words: Iterable[str]) -> Callable[[object], str]:
    known = list(words)

    def read(value: object) -> str:
        if value not in known:
            near = nearest(value, known) if isinstance(value, str) else ""
            raise spoken(f"{', '.join(known[:-1])} or {known[-1]}", near)
        return str(value)

    return read


def _schema(**words: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **words})


IP_SCHEMA = {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}

Text = Annotated[str, PlainValidator(lambda value: _text(value, "text")), _schema(minLength=1)]
DomainName = Annotated[str, PlainValidator(_domain), _schema(format="hostname")]
DomainPattern = Annotated[str, PlainValidator(_pattern), _schema(examples=["*", "contoso.com", "*.contoso.com"])]
RecordName = Annotated[str, PlainValidator(_record), _schema(examples=["contoso.com MX"])]
Mailbox = Annotated[Address, PlainValidator(_mailbox), _schema(format="email")]
IP = Annotated[IPv4Address | IPv6Address, PlainValidator(_ip), _schema(**IP_SCHEMA)]
NetworkOrWord = Annotated[Network | str, PlainValidator(_network), _schema(examples=["192.0.2.0/24", MICROSOFT_365])]
YesNo = Annotated[bool, PlainValidator(_yes), WithJsonSchema({"type": "boolean"})]
Scenario = Annotated[
    ScenarioName,
    PlainValidator(_scenario),
    WithJsonSchema({"anyOf": [{"enum": list(DOCUMENTED)}, {"type": "string", "pattern": f"^{WORD}$"}]}),
]
TenantName = Annotated[str, PlainValidator(_tenant), _schema(pattern="^[a-z0-9-]+$")]
Guid = Annotated[str, PlainValidator(_uuid), _schema(format="uuid")]
Identifier = Annotated[str, PlainValidator(_identifier), _schema(examples=["S4-MX-3"])]
Day = Annotated[str, PlainValidator(_day), _schema(format="date")]
Seconds = Annotated[int, PlainValidator(_seconds), WithJsonSchema({"type": "integer", "minimum": 0})]
Moment = Annotated[datetime, PlainValidator(_moment), _schema(format="date-time")]
FilePath = Annotated[str, PlainValidator(_path), _schema()]
CloudName = Annotated[str, PlainValidator(_word(CLOUDS)), _schema(enum=list(CLOUDS))]
Stage = Annotated[str, PlainValidator(_word(["before", "after"])), _schema(enum=["before", "after"])]
ExitWord = Annotated[Exit, PlainValidator(lambda v: Exit(_word(Exit)(v))), _schema(enum=list(Exit))]
ChangesWord = Annotated[Changes, PlainValidator(lambda v: Changes(_word(Changes)(v))), _schema(enum=list(Changes))]
DeviceWayWord = Annotated[
    DeviceWay, PlainValidator(lambda v: DeviceWay(_word(DeviceWay)(v))), _schema(enum=list(DeviceWay))
]
PermissionWord = Annotated[
    Permission, PlainValidator(lambda v: Permission(_word(Permission)(v))), _schema(enum=list(Permission))
]

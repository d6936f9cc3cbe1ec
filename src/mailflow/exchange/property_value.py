"""The values of Exchange's properties, in every form in which ConvertTo-Json and Export-Clixml write them.

Exchange Online gives strings. The management shell of Exchange Server gives numbers for enumerations and
objects for addresses, names and ranges, or the strings of their ToString(), depending on the session and
on -Depth. Each function here takes any of these forms and gives one value.

Every one raises Unfit where the value cannot be what the property holds, and Unclear where it may well be,
but nobody has written down what it means.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range
from typing import TypeVar

from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.export_text import shown
from mailflow.exchange.online import Network
from mailflow.exchange.server import INSIDE, AddressSpace, TlsCertificateName
from mailflow.mail.address import Address, AddressError, domain_name

Word = TypeVar("Word", bound=StrEnum)


class Unfit(ValueError):  # noqa: N818  # "Unfit" is what it says of the value; it never reaches a user as a class
    """The value is none that the property can hold."""

    def __init__(self, value: object, expected: str, mend: str = "") -> None:
        self.found = shown(value)
        self.expected = expected
        self.mend = mend or _cut_off(value)
        super().__init__(f"{self.found}; expected {expected}")


class Unclear(ValueError):  # noqa: N818  # as above
    """The property may hold the value, but what it means is not documented. The message is a predicate."""


def _cut_off(value: object) -> str:
    # ConvertTo-Json writes what lies deeper than -Depth (2 unless told) as its ToString().
    if isinstance(value, str) and value.startswith(("@{", "System.", "Microsoft.Exchange.")):
        return "It was cut off: export again with ConvertTo-Json -Depth 5."
    return ""


def boolean(value: object) -> bool:
    """Read true, false, or their names as strings."""
    if isinstance(value, bool):
        return value
    named = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
    if named is None:
        raise Unfit(value, "true or false")
    return named


def text(value: object) -> str:
    """Read a name, or an object that has one."""
    # CLIXML keeps what an object shows: EX01\Relay, where the Name of the same identity is Relay.
    found = _member(_get(value, "ToString") or value, "Name", "RawIdentity", "Identity")
    # A lone surrogate cannot be written to any file, a control character not to XML 1.0.
    if not found.isprintable() and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in found):
        raise Unfit(value, "a name without control characters")
    return found.strip()


def domain(value: object) -> str:
    """Read `contoso.com`, `*.contoso.com`, `*`, also as `smtp:contoso.com;1`; give it in lower case.

    `smtp:` and the cost are how Exchange Online shows SenderDomains (Set-InboundConnector).
    """
    found = _member(value, "Address", "Domain", "SmtpDomain", "DomainName")
    found = re.sub(r"^smtp:|;[0-9]+$", "", found.strip(), flags=re.IGNORECASE)
    if found == "*":
        return found
    whole = found.startswith("*.") or (_get(value, "IncludeSubDomains") is True and not _get(value, "Address"))
    try:
        return ("*." if whole else "") + domain_name(found.removeprefix("*."))
    except AddressError as wrong:
        raise Unfit(value, "a domain name, *. and a domain name, or *") from wrong


def certificate_domain(value: object) -> str:
    """Read the name that TlsSenderCertificateName asks of a certificate: `contoso.com`, `*.contoso.com`."""
    if isinstance(value, str) and value.lstrip().upper().startswith("<I>"):
        raise Unclear("names issuer and subject, for which Set-InboundConnector documents no comparison")
    return domain(value)


def address(value: object) -> Address:
    """Read a mailbox address: `kate@contoso.com`, `SMTP:kate@contoso.com`, or an SmtpAddress object."""
    local, at = _get(value, "Local"), _get(value, "Domain")
    if isinstance(local, str) and isinstance(at, str):
        found = f"{local}@{at}"
    else:
        found = _member(value, "SmtpAddress", "AddressString", "ProxyAddressString", "Address")
    try:
        return Address.parse(re.sub(r"^smtp:", "", found.strip(), flags=re.IGNORECASE))
    except AddressError as wrong:
        raise Unfit(value, "a mailbox address such as kate@contoso.com") from wrong


def proxy_address(value: object) -> Address | None:
    """Read one of EmailAddresses; None for an address that is not of SMTP (X500:, SIP:, SPO:, …)."""
    found = _member(value, "ProxyAddressString", "SmtpAddress", "AddressString", "Address")
    prefix, colon, _ = found.partition(":")
    if not colon:
        prefix = _member(_get(value, "PrefixString") or "smtp")
    return address(found) if prefix.strip().lower() == "smtp" else None


def host(value: object) -> str:
    """Read a smart host: a host name, an address, also as `[192.0.2.1]` or a SmartHost object; lower case."""
    if _get(value, "IsIPAddress") is True:
        value = _get(value, "Address")
    found = _member(value, "Domain", "IPAddressToString", "Address", "HostName").strip()
    try:
        return str(ip_address(found.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    try:
        # Set-OutboundConnector, SmartHosts: "a fully qualified domain name, an IP address or a CIDR range".
        name = str(ip_network(found, strict=False)) if "/" in found else domain_name(found)
    except ValueError as wrong:
        raise Unfit(value, "a host name or an address") from wrong
    if name.rpartition(".")[2].isdecimal() and "." in name:  # RFC 3696 section 2: no top-level domain is a number
        raise Unfit(value, "a host name or an address")
    return name


def address_range(value: object) -> AddressRange:
    """Read an IPRange: one address, `first-last`, `192.0.2.0/24`, `192.0.2.0(255.255.255.0)`, or the object."""
    low, high = _get(value, "LowerBound"), _get(value, "UpperBound")
    if low and high:
        found = f"{_member(low, 'IPAddressToString', 'Address')}-{_member(high, 'IPAddressToString', 'Address')}"
    else:
        found = _member(value, "Expression", "IPAddressToString", "Address")
    found = found.replace(" ", "")
    try:
        if "-" in found:
            start, end = map(ip_address, found.split("-"))
        else:
            # Exchange keeps what was typed: bits to the right of the mask do not matter.
            network = ip_network(re.sub(r"\((.*)\)$", r"/\1", found), strict=False)
            start, end = network[0], network[-1]
    except ValueError as wrong:
        raise Unfit(value, "an address, a range or a network") from wrong
    if start.version != end.version or int(start) > int(end):
        raise Unfit(value, "a range from a lower to a higher address of one family")
    return AddressRange(start.version, int(start), int(end))


def networks(value: object) -> tuple[Network, ...]:
    """Read the same as networks; a range that is none gives several."""
    span = address_range(value)
    family = IPv4Address if span.version == 4 else IPv6Address
    return tuple(summarize_address_range(family(span.first), family(span.last)))


def port(value: object) -> int:
    """Read the port of one of Bindings: `0.0.0.0:25`, `[::]:25`, or an IPBinding object."""
    found = _get(value, "Port")
    if found is None:
        found = _member(value, "Expression").rpartition(":")[2]
    number = _whole(found)
    if number is None or not 0 < number < 65536:
        raise Unfit(value, "an address and a port such as 0.0.0.0:25")
    return number


def port_number(value: object) -> int:
    """Read the Port of a send connector."""
    number = _whole(value)
    if number is None or not 0 < number < 65536:
        raise Unfit(value, "a port from 1 to 65535")
    return number


def scl(value: object) -> int:
    """Read a spam confidence level: -1 (not filtered) to 9 (Set-TransportRule, SetSCL)."""
    told = _get(value, "Value") if isinstance(value, Mapping) else value
    found = re.fullmatch(r"\s*(-1|[0-9])\s*", str(told)) if isinstance(told, (str, int)) else None
    if not found or isinstance(told, bool):
        raise Unfit(value, "a spam confidence level from -1 to 9")
    return int(found[1])


def address_space(value: object) -> AddressSpace | None:
    """Read `smtp:*;1` or an AddressSpace object; None for one that is not of SMTP.

    Set-SendConnector, AddressSpaces: type SMTP and cost 1 where they are left out, cost 1 to 100.
    """
    kind = _get(value, "Type")
    cost = _get(value, "Cost")
    name = value
    if isinstance(value, str):
        kind, colon, name = value.partition(":")
        kind, name = (kind, name) if colon else ("smtp", value)
        name, _, cost = name.partition(";")
    if isinstance(kind, str) and kind.strip().lower() != "smtp":
        return None
    number = 1 if cost in (None, "") else _whole(cost)
    if number is None or not 1 <= number <= 100:
        raise Unfit(value, "a cost from 1 to 100 behind the domain")
    try:
        return AddressSpace(INSIDE if _is_inside(name) else domain(name), number)
    except Unfit as wrong:
        raise Unfit(value, "an address space such as smtp:contoso.com;1") from wrong


def smart_host(value: object) -> str:
    """Read a smart host of a send connector: a host, or the sign of an Edge Subscription for the Mailbox servers."""
    return INSIDE if _is_inside(value) else host(value)


def _is_inside(value: object) -> bool:
    named = (value, *(_get(value, key) for key in ("Address", "Domain")))
    return any(isinstance(one, str) and one.strip() == INSIDE for one in named)


def certificate_name(value: object) -> TlsCertificateName:
    """Read `<I>CN=…<S>CN=…` or the object with CertificateIssuer and CertificateSubject."""
    issuer, subject = _get(value, "CertificateIssuer"), _get(value, "CertificateSubject")
    if isinstance(issuer, str) and isinstance(subject, str):
        return TlsCertificateName(text(issuer), text(subject))
    # Set-SendConnector, TlsCertificateName: "<I>X.500Issuer<S>X.500Subject".
    found = re.fullmatch(r"\s*<I>(.*)<S>(.*)", value, re.IGNORECASE) if isinstance(value, str) else None
    if not found:
        raise Unfit(value, "<I>, the issuer, <S>, the subject")
    return TlsCertificateName(text(found[1]), text(found[2]))


def capabilities(value: object) -> tuple[tuple[str, str], ...]:
    """Read one of TlsDomainCapabilities, `mail.protection.outlook.com:AcceptCloudServicesMail`, as pairs."""
    if isinstance(value, Mapping):
        name, words = domain(_get(value, "Domain")), _get(value, "Capabilities")
        if _whole(words) is not None:
            raise Unclear("gives capabilities as a number, and its meaning is not documented")
        words = _member(words)
    else:
        found, _, words = _member(value).rpartition(":")
        # A certificate in place of the domain: its colons are doubled, Exchange compares its common name.
        common = re.search(r"<S>.*?CN=([^,]*)", found, re.IGNORECASE)
        name = domain(common[1] if common else found)
    pairs = tuple((name, text(word)) for word in words.split(",") if word.strip())
    if not pairs:
        raise Unfit(value, "a domain, a colon and a capability such as AcceptCloudServicesMail")
    return pairs


def server_name(value: object) -> str:
    """Read the name of an Exchange server: `EX01`, also from its distinguished or canonical name, or its FQDN."""
    found = text(_get(value, "Name") or _member(value, "DistinguishedName", "Identity"))
    found = re.sub(r"^CN=([^,]*),.*", r"\1", found, flags=re.IGNORECASE)
    return found.rpartition("/")[2].partition(".")[0]


def server_of_identity(value: object) -> str:
    r"""Read the server in an identity: `EX01\Default Frontend EX01`, `ex01.contoso.com\F15C…`."""
    server, backslash, _ = text(value).partition("\\")
    if not backslash:
        raise Unclear("names no server")
    return server_name(server)


def moment(value: object) -> datetime:
    """Read `/Date(1772500523000)/` (Windows PowerShell, milliseconds since 1970 UTC) or ISO 8601 (PowerShell 7)."""
    found = _member(value, "value", "DateTime").strip()
    ticks = re.fullmatch(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/", found)
    try:
        if ticks:  # an offset behind the milliseconds says where they were written, not what they count
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(ticks[1]))
        read = datetime.fromisoformat(found)
        if read.tzinfo is not None:
            return read.astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Unfit(value, "a time such as 2027-01-31T23:59:59Z") from wrong
    raise Unclear(f"is {shown(found)}, and does not say in which time zone")


def word(kind: type[Word], value: object, numbers: Mapping[int, Word]) -> Word:
    """Read one word of an enumeration, in any case, or a number whose meaning is known."""
    value = _enumerated(value)
    number = _whole(value)
    if number is not None:
        if number not in numbers:
            raise Unclear(f"is the number {number}, whose meaning is not documented")
        return numbers[number]
    return kind(_spelled(value, [str(each) for each in kind]))


def flags(value: object, numbers: Mapping[int, str]) -> frozenset[str]:
    """Read a set of words: `Tls, Integrated`, a list of them, or the sum of their numbers (0: none)."""
    if isinstance(value, list):
        value = ",".join(_member(each) for each in value)
    value = _enumerated(value)
    number = _whole(value)
    if number is not None:
        if number < 0 or number & ~sum(numbers):
            raise Unclear(f"is the number {number}, whose meaning is not documented")
        return frozenset(named for bit, named in numbers.items() if number & bit)
    written = [each.strip() for each in _member(value).split(",")]
    words = (_spelled(each, ["None", *numbers.values()]) for each in written if each)
    return frozenset(words) - {"None"}


def _spelled(value: object, words: Iterable[str]) -> str:
    """Give the word as Exchange spells it."""
    words = list(words)
    by_case = {each.lower(): each for each in words}
    if not isinstance(value, str):
        raise Unfit(value, _one_of(words))
    found = by_case.get(value.strip().lower())
    if found is None:
        near = difflib.get_close_matches(value.strip().lower()[:60], by_case, n=1)
        raise Unfit(value, _one_of(words), f"Did you mean {by_case[near[0]]}?" if near else "")
    return found


def _one_of(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _enumerated(value: object) -> object:
    """Unwrap `{"value": 2, "Value": "Hub"}`, as Windows PowerShell writes an enumeration from another session."""
    if isinstance(value, Mapping):
        return value.get("Value", value.get("value", value))
    return value


def _whole(value: object) -> int | None:
    """Give a whole number, also from its digits; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,10}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _get(value: object, name: str) -> object:
    """Give the member of a nested object, whatever the case of its name; None where there is none."""
    if not isinstance(value, Mapping):
        return None
    return next((each for key, each in value.items() if str(key).lower() == name.lower()), None)


def _member(value: object, *names: str) -> str:
    """Give the text: the value itself, or the first of the members of these names that has one."""
    inner = value
    for _ in range(3):  # {"Domain": {"Domain": "contoso.com"}} occurs; deeper is nothing of Exchange's
        if isinstance(inner, str):
            return inner
        inner = next((found for name in names if (found := _get(inner, name))), None)
    if isinstance(inner, str):
        return inner
    raise Unfit(value, f"an object with {_one_of(list(names))}" if names and isinstance(value, Mapping) else "text")

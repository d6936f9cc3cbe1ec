"""The grammar of an SPF record (RFC 7208 sections 4.5, 4.6.1 and 12).

A syntax error anywhere in a record makes all of it invalid (section 4.6); `parse` finds every one of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from mailflow.records.spf_macro import MacroError, check_macros, ends_with_macro

MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
# Section 4.6.4: the terms that query DNS while the record is evaluated.
QUERYING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})

_VERSION = re.compile(r"v=spf1(?= |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_DIRECTIVE = re.compile(r"([+?~-]?)([^:/]+)(.*)", re.DOTALL)
_DUAL_CIDR = re.compile(r"(?::(?P<name>.*?))?(?:/(?P<ip4>[0-9]+))?(?://(?P<ip6>[0-9]+))?", re.DOTALL)
_MACRO_LITERALS = re.compile(r"[!-~]*")  # section 7.1: visible ASCII; the percent sign is checked apart
_TOP_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


class TermError(ValueError):
    """The text is no term of an SPF record; the message says why."""


@dataclass(frozen=True, slots=True)
class Directive:
    """A qualifier and a mechanism: `~include:spf.protection.outlook.com`."""

    text: str  # as written
    column: int  # in the record, from 1
    qualifier: str  # + - ~ ?
    mechanism: str  # one of MECHANISMS
    domain_spec: str = ""  # with its macros; empty: the domain whose record this is
    network: IPv4Network | IPv6Network | None = None  # of ip4 and ip6
    ip4_prefix: int = 32  # of a and mx
    ip6_prefix: int = 128


@dataclass(frozen=True, slots=True)
class Modifier:
    """A name and a value: `redirect=_spf.contoso.com`."""

    text: str
    column: int
    name: str  # in lower case
    value: str


Term = Directive | Modifier


@dataclass(frozen=True, slots=True)
class Fault:
    """A fragment of the record that the grammar does not allow, and why."""

    text: str
    column: int
    wrong: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a record says, term by term, in its order."""

    text: str
    directives: tuple[Directive, ...]
    modifiers: tuple[Modifier, ...]
    faults: tuple[Fault, ...]

    def modifier(self, name: str) -> str:
        """Give the domain-spec of redirect or exp; empty where there is none."""
        return next((modifier.value for modifier in self.modifiers if modifier.name == name), "")


def spf_records(texts: Iterable[object]) -> tuple[str, ...]:
    """Select the SPF records among the TXT records of a name (section 4.5): exactly one is right."""
    return tuple(text for text in texts if isinstance(text, str) and _VERSION.match(text))


@lru_cache(maxsize=512)  # one record is evaluated for many addresses
def parse(text: str) -> Record:
    """Read a record that begins with `v=spf1`; what is wrong with it stands in its faults."""
    directives: list[Directive] = []
    modifiers: list[Modifier] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for word in re.finditer(r"[^ ]+", text[len("v=spf1") :]):
        column = word.start() + len("v=spf1") + 1
        try:
            term = parse_term(word[0], column)
        except TermError as error:
            faults.append(Fault(word[0], column, str(error)))
            continue
        if isinstance(term, Directive):
            directives.append(term)
            continue
        # Section 6: redirect and exp MUST NOT appear in a record more than once each.
        if term.name in seen and term.name in ("redirect", "exp"):
            faults.append(Fault(word[0], column, f"'{term.name}=' stands in the record for the second time"))
        seen.add(term.name)
        modifiers.append(term)
    return Record(text, tuple(directives), tuple(modifiers), tuple(faults))


@lru_cache(maxsize=4096)  # a term is read with its record, and again by whoever says how to mend it
def parse_term(text: str, column: int = 1) -> Term:
    """Read one term of a record.

    Raises:
        TermError: it is neither a directive nor a modifier.

    """
    # Section 4.6.1: a modifier has "=" right after its name, before any ":" or "/".
    if modifier := _MODIFIER.fullmatch(text):
        return _modifier(text, column, modifier[1].lower(), modifier[2])
    directive = _DIRECTIVE.fullmatch(text)
    if directive is None:
        raise TermError("it does not begin with the name of a mechanism")
    return _directive(text, column, directive[1] or "+", directive[2], directive[3])


def _modifier(text: str, column: int, name: str, value: str) -> Modifier:
    if name in ("redirect", "exp"):
        _require_domain_spec(value, f"{name}=")
    else:
        _require_macro_string(value)  # section 6: an unknown modifier is ignored, but must be well formed
    return Modifier(text, column, name, value)


def _directive(text: str, column: int, qualifier: str, name: str, rest: str) -> Directive:
    """Read what follows the name of a mechanism (section 5)."""
    match mechanism := name.lower():
        case "all" | "ptr" if not rest:
            return Directive(text, column, qualifier, mechanism)
        case "all":
            raise TermError("'all' takes neither a domain nor a prefix length")
        case "ip4" | "ip6":
            return Directive(text, column, qualifier, mechanism, network=_network(mechanism, rest))
        case "include" | "exists" | "ptr":
            if rest.startswith("/"):
                raise TermError(f"'{mechanism}' takes no prefix length")
            _require_domain_spec(rest.removeprefix(":"), mechanism)
            return Directive(text, column, qualifier, mechanism, rest.removeprefix(":"))
        case "a" | "mx":
            dual = _DUAL_CIDR.fullmatch(rest)
            if dual is None:
                raise TermError(f"'{rest}' is no prefix length: /24, //64 or /24//64 is")
            if dual["name"] is not None:
                _require_domain_spec(dual["name"], mechanism)
            ip4, ip6 = _prefix(dual["ip4"], 32), _prefix(dual["ip6"], 128)
            return Directive(text, column, qualifier, mechanism, dual["name"] or "", None, ip4, ip6)
    raise TermError(f"there is no mechanism '{name}' in SPF")


def _network(mechanism: str, rest: str) -> IPv4Network | IPv6Network:
    """Read `:131.107.21.0/24` (sections 5.6 and 12)."""
    address, slash, prefix = rest.removeprefix(":").partition("/")
    if not address:  # nothing follows, or a slash does
        raise TermError(f"'{mechanism}' needs an address after a colon")
    kind: type[IPv4Address | IPv6Address] = IPv4Address if mechanism == "ip4" else IPv6Address
    try:
        if "%" in address:  # ipaddress reads a scope; the grammar of RFC 4291 section 2.2 has none
            raise TermError("an address in an SPF record has no scope")
        network = kind(address)
    except ValueError:
        raise TermError(f"'{address}' is no IPv{mechanism[2]} address") from None
    length = _prefix(prefix if slash else None, network.max_prefixlen)
    return ip_network((network, length), strict=False)


def _prefix(digits: str | None, longest: int) -> int:
    """Read a prefix length: "0" or up to three digits without a zero in front (section 12)."""
    if digits is None:
        return longest
    if not re.fullmatch(r"0|[1-9][0-9]{0,2}", digits) or int(digits) > longest:
        raise TermError(f"'/{digits}' is no prefix length from 0 to {longest}")
    return int(digits)


def _require_macro_string(text: str) -> None:
    if not _MACRO_LITERALS.fullmatch(text):
        raise TermError("it holds a character that is not visible ASCII")
    try:
        check_macros(text)
    except MacroError as error:
        raise TermError(str(error)) from None


def _require_domain_spec(text: str, of: str) -> None:
    """Demand domain-spec = macro-string ( "." toplabel [ "." ] / macro-expand ) (section 7.1)."""
    if not text:
        raise TermError(f"'{of}' needs a domain name after it")
    _require_macro_string(text)
    if ends_with_macro(text):
        return
    _, dot, top = text.removesuffix(".").rpartition(".")
    # toplabel: letters, digits and inner hyphens, not digits alone; this keeps addresses and ports out.
    if not dot or top.isdigit() or not _TOP_LABEL.fullmatch(top):
        raise TermError(f"'{text}' is no full domain name")

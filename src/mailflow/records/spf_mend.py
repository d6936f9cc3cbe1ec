"""What people write in place of a term of an SPF record, and what they mean by it.

Each rule knows one mistake. A rule gives the text without that mistake, so that several in one term are all named.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import NamedTuple

from mailflow.records.spf_syntax import MECHANISMS, Directive, Modifier, TermError, parse_term

# Word processors and web pages put these in; none is ASCII (RFC 7208 section 3.1).
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\uff5e\u02dc\u223c", "~"),
        **dict.fromkeys("\uff1a\ufe55\u2236", ":"),
        **dict.fromkeys("\uff0f\u2044", "/"),
        **dict.fromkeys("\uff1d", "="),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),  # not to be seen at all
    }
)
_ALIASES = {"ip", "ipv4", "ipv6", "ip-4", "ip-6", "ip_4", "ip_6", "ipv4address", "ip4address", "ip6address"}
_HOST = re.compile(r"(?=.*[a-z])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+\.?", re.ASCII | re.IGNORECASE)
_NAMED = re.compile(
    r"(([+?~-]?)(a|mx|ptr|include|exists|redirect|exp)(?:[:=]|\Z|(?=/)))(.*)", re.DOTALL | re.IGNORECASE
)
_TERM = re.compile(r"([+?~-]?)([^:/=]*)(:?)(.*)", re.DOTALL)


_ADVICE = "write a term that RFC 7208 section 12 knows, or take it out"


class Mending(NamedTuple):
    """One mistake in a term: what is wrong, how to mend it, and the term without it (None: nobody can tell)."""

    wrong: str
    mend: str
    text: str | None


def mend_term(text: str) -> list[Mending]:
    """Name every mistake in a term; the last one's text is the term mended. Empty: nothing is wrong."""
    found: list[Mending] = []
    for _ in range(6):  # more mistakes than that in one term are no term
        wrong = why_wrong(text)
        if not wrong:
            return found
        mending = next((made for rule in _RULES if (made := rule(text)) and made.text != text), None)
        found.append(mending or Mending(wrong, _ADVICE, None))
        if not found[-1].text:
            return found
        text = found[-1].text
    wrong = why_wrong(text)
    return [*found, Mending(wrong, _ADVICE, None)] if wrong else found


def why_wrong(text: str) -> str:
    """Say why a term is none, or why it names what no name in the DNS can be; empty where all is well."""
    try:
        term = parse_term(text)
    except TermError as error:
        return str(error)
    spec = term.value if isinstance(term, Modifier) and term.name in ("redirect", "exp") else ""
    spec = term.domain_spec if isinstance(term, Directive) else spec
    # The grammar lets any visible character stand in a domain-spec; a host name has letters, digits, - and _.
    if spec and "%" not in spec and not re.fullmatch(r"[A-Za-z0-9_.-]+", spec):
        return f"'{spec}' is no domain name"
    return ""


def _characters(text: str) -> Mending | None:
    plain = text.translate(_CHARACTERS)
    if not plain.isascii():
        if len(plain) > 253:
            return None
        try:
            head, colon, name = plain.partition(":")
            plain = head + colon + name.encode("idna").decode("ascii")
        except UnicodeError:
            return Mending("it holds a character that is not ASCII", "type the term anew, in plain ASCII", None)
    stripped = plain.strip("\"'")
    if stripped == text:
        return None
    if text.isascii():
        wrong, mend = (
            "quotation marks are part of the record",
            "take them out: the zone file needs them, the record not",
        )
    else:
        wrong, mend = "it holds characters that are not ASCII", "type it in plain ASCII; a domain name as its A-label"
    return Mending(wrong, mend, stripped or None)


def _punctuation(text: str) -> Mending | None:
    stripped = text.strip(",;").rstrip(".") or None
    if stripped == text:
        return None
    return Mending("it begins or ends with a punctuation mark", "terms are separated by blanks alone", stripped)


def _alias(text: str) -> Mending | None:
    """`ipv4:` of Microsoft's documentation, `ip:` and their like."""
    qualifier, name, _, value = _parts(text)
    if name.lower() not in _ALIASES:
        return None
    address = _address(value)
    right = f"ip{address.version}" if address else ("ip6" if "6" in name or value.count(":") > 1 else "ip4")
    return Mending(
        f"there is no mechanism '{name}' in SPF: it is called '{right}' (RFC 7208 section 5.6)",
        f"write {right}:",
        f"{qualifier}{right}:{value}",
    )


def _colon_for_equals(text: str) -> Mending | None:
    qualifier, name, colon, value = _parts(text)
    if name.lower() not in ("redirect", "exp") or not (colon or qualifier) or not value:
        return None
    value = value.removeprefix("=")
    return Mending(
        f"'{name}' is a modifier: it has no qualifier, and an equals sign follows its name",
        f"write {name.lower()}={value}",
        f"{name.lower()}={value}",
    )


def _bare(text: str) -> Mending | None:
    """An address or a host name without a mechanism."""
    qualifier, body = re.fullmatch(r"([+?~-]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr] # matches all
    if address := _address(body):
        mechanism = f"ip{address.version}"
        return Mending(
            f"an address stands without a mechanism: '{body}'",
            f"put {mechanism}: in front of it",
            f"{qualifier}{mechanism}:{body.strip('[]')}",
        )
    if not _HOST.fullmatch(body):
        return None
    # A name that begins so holds a record for others to include; of any other nobody can tell.
    if re.match(r"_?spf", body, re.IGNORECASE):
        wrong = f"a name stands without a mechanism: '{body}'"
        return Mending(wrong, "put include: in front of it", f"{qualifier}include:{body}")
    return Mending(
        f"a name stands without a mechanism: '{body}'",
        f"write a:{body} where the host's own addresses send, include:{body} where its SPF record is meant",
        None,
    )


def _misspelled(text: str) -> Mending | None:
    qualifier, name, colon, value = _parts(text)
    known = [*(word for word in MECHANISMS if len(word) > 2), "redirect", "exp"]
    if name.lower() in MECHANISMS or not (near := get_close_matches(name.lower()[:40], known, 1, 0.6)):
        return None
    right = near[0]
    mark = "=" if right in ("redirect", "exp") else colon
    right_text = f"{qualifier}{right}{mark}{value.removeprefix('=')}"
    return Mending(f"there is no mechanism '{name}' in SPF", f"write {right}", right_text)


def _wrong_value(text: str) -> Mending | None:
    """What stands after ip4: and ip6:."""
    qualifier, name, colon, value = _parts(text)
    if name.lower() not in ("ip4", "ip6"):
        return None
    if value.strip(":/") == "":
        return Mending(f"no address follows '{name}{colon}'", "write the address right after the colon", None)
    if not colon:
        return Mending(f"a colon is missing after '{name}'", f"write {name}:{value}", f"{qualifier}{name}:{value}")
    head = f"{qualifier}{name.lower()}:"
    address, slash, prefix = value.partition("/")
    if (found := _address(address)) and found.version != int(name[2]):
        right = f"ip{found.version}"
        return Mending(
            f"'{address}' is an IPv{found.version} address, and '{name}' is for IPv{name[2]}",
            f"write {right}:",
            f"{qualifier}{right}:{value}",
        )
    if found and address.startswith("["):
        return Mending("an address in SPF has no brackets", "take them out", head + str(found) + slash + prefix)
    if found:
        return _wrong_prefix(head + address, prefix, found)
    if port := re.fullmatch(r"([0-9.]+):[0-9]+", address):
        return Mending("SPF knows no ports", "take the port out", head + port[1] + slash + prefix)
    if _HOST.fullmatch(address):
        wrong = f"'{address}' is a host name, and '{name}' takes an address"
        return Mending(wrong, "write a: for a host name", f"{qualifier}a:{value}")
    form = "four numbers from 0 to 255, without zeros in front" if name[2] == "4" else "the form 2001:db8::1"
    return Mending(f"'{address}' is no IPv{name[2]} address", f"write it as {form}", None)


def _wrong_prefix(head: str, prefix: str, address: IPv4Address | IPv6Address) -> Mending | None:
    written, longest = prefix, address.max_prefixlen
    wrong = f"'/{written}' is no prefix length from 0 to {longest}"
    prefix = prefix.removeprefix("/")
    digits = prefix.lstrip("0") or prefix[:1]
    if re.fullmatch(r"[0-9]{1,3}", digits) and int(digits) <= longest:
        return Mending(wrong, f"write /{digits}", f"{head}/{digits}")
    if not prefix:
        return Mending("no prefix length follows the slash", "take the slash out", head)
    try:
        length = ip_interface(f"{address}/{prefix}").network.prefixlen
    except ValueError:
        mend = f"a single address needs none; a network has one from 0 to {longest}"
        return Mending(wrong, mend, None)
    return Mending("SPF has no netmasks", f"write the prefix length, /{length}", f"{head}/{length}")


def _no_name(text: str) -> Mending | None:
    """What stands in place of a domain name: nothing, an address, a URL, a mail address, a prefix length."""
    named = _NAMED.fullmatch(text)
    if named is None:
        return None
    head, qualifier, name, value = named.groups()
    lower = name.lower()
    if not value and lower in ("a", "mx", "ptr"):
        return Mending(f"no domain name follows '{head}'", f"write {head[:-1]} for the domain itself", head[:-1])
    if not value:
        return Mending(f"no domain name follows '{head}'", f"write one right after '{head}', or take it out", None)
    if lower not in ("exists", "exp") and (address := _address(value)):
        right = f"ip{address.version}"
        wrong = f"'{value}' is an address, and '{name}' takes a domain name"
        return Mending(wrong, f"write {right}:", f"{qualifier}{right}:{value.strip('[]')}")
    if url := re.match(r"[a-z][a-z0-9+.-]*://([^/:?#]+)", value, re.IGNORECASE):
        return Mending(f"'{value}' is a URL, and '{name}' takes a domain name", f"write {head}{url[1]}", head + url[1])
    if "@" in value:
        domain = value.rpartition("@")[2]
        wrong = f"'{value}' is a mail address, and '{name}' takes a domain name"
        return Mending(wrong, f"write {head}{domain}", head + domain)
    if lower in ("a", "mx") and (two := re.fullmatch(r"([^/]*/[0-9]+)/([0-9]+)", value)):
        wrong = "the prefix length for IPv6 stands after two slashes"
        return Mending(wrong, f"write {two[1]}//{two[2]}", f"{head}{two[1]}//{two[2]}")
    if lower not in ("a", "mx") and "/" in value:
        wrong = f"'{name}' takes a domain name and no prefix length or path"
        return Mending(wrong, "take out what begins with the slash", head + value.partition("/")[0])
    if "." not in value and "%" not in value:
        mend = f"write the name in full, as {head}{value.partition('/')[0]}.example.com"
        return Mending(f"'{value}' is no full domain name", mend, None)
    return None


def _after_all(text: str) -> Mending | None:
    bare = re.match(r"[+?~-]?all(?=[:/=])", text, re.IGNORECASE)
    return Mending("'all' takes neither a domain nor a prefix length", f"write {bare[0]}", bare[0]) if bare else None


def _round_brackets(text: str) -> Mending | None:
    mended = re.sub(r"%\(([^()]*)\)", r"%{\1}", text)
    return Mending("a macro stands in braces", "write %{…}", mended) if mended != text else None


_RULES: tuple[Callable[[str], Mending | None], ...] = (
    _characters,
    _punctuation,
    _alias,
    _colon_for_equals,
    _after_all,
    _bare,
    _wrong_value,
    _no_name,
    _round_brackets,
    _misspelled,
)


def _parts(text: str) -> tuple[str, str, str, str]:
    """Split into qualifier, name, colon and the rest."""
    qualifier, name, colon, value = _TERM.fullmatch(text).groups()  # type: ignore[union-attr] # it matches any text
    return qualifier, name, colon, value


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, in brackets or with something after a slash."""
    try:
        return ip_address(text.partition("/")[0].strip("[]"))
    except ValueError:
        return None

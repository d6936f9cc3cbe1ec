"""From what dnspython finds wrong in an entry of a zone file to what the user is told."""

import re
import unicodedata

from mailflow.environment.file_types import nearest
from mailflow.input_error import Mistake

# The documentation prints the MX record of scenario 4 as `.mail.contoso.com`.
_DOTTED_MX = re.compile(r"\bMX\s+\d+\s+(?P<name>\.[^\s;]+)", re.IGNORECASE)
_TYPE = re.compile(r"(?:^|\s)(?P<type>A|AAAA|MX|TXT|CNAME|NS|PTR|SOA|TLSA)\s")
_FORMS = {
    "A": "A 192.0.2.1",
    "AAAA": "AAAA 2001:db8::1",
    "MX": "MX 10 mail.contoso.com.",
    "TXT": 'TXT "v=spf1 -all"',
    "CNAME": "CNAME mail.contoso.com.",
    "NS": "NS ns1.contoso.com.",
    "PTR": "PTR mail.contoso.com.",
    "SOA": "SOA ns1.contoso.com. hostmaster.contoso.com. 2026112001 7200 3600 1209600 3600",
    "TLSA": "TLSA 3 1 1 0123…",
}
# What is found in the line, or in the words of the zone reader; and how to mend it.
_MENDS = (
    (re.compile(r"^\s*(#|//|--)"), "A comment begins with a semicolon."),
    (
        re.compile(r"\bAWS\s+ALIAS\b|\bA{1,4}\s+ALIAS\b|unknown rdatatype '(ALIAS|ANAME|AWS)'", re.IGNORECASE),
        "Such an alias is its provider's own: write the A and AAAA records that he answers with.",
    ),
    (re.compile(r"unknown rdatatype 'WINSR?'", re.IGNORECASE), "Windows DNS alone knows it: take the line out."),
    (
        re.compile(r"string too long"),
        'A string has at most 255 octets: write several in one record, "v=DKIM1; k=rsa; p=MIIB…" "…".',
    ),
    (
        re.compile(r"non-origin SOA"),
        "It is that of the whole zone: write '@' before it. Cloudflare exports the zone's name without its last dot.",
    ),
)
_OTHER_KINDS = (
    ("JSON", re.compile(r"[{\[]")),
    ("XML or HTML", re.compile(r"<")),
    ("a table (CSV)", re.compile(r'"?[A-Za-z ]+"?([,;]"?[A-Za-z ]+"?){2,}\s*[\r\n]')),
    ("a configuration file of BIND", re.compile(r'(zone\s+"|options\s*\{|acl\s)')),
)


def mistake(wrong: Exception, row: str, file: str, line: int) -> Mistake:
    """Say what is wrong with the entry that begins with `row`."""
    problem = str(wrong).strip().rstrip(".")
    # dnspython's Reader puts "file:line: " in front.
    problem = re.sub(rf"^{re.escape(file)}:\d+: ", "", problem)
    found = f"'{row.strip()[:120]}'" if row.strip() else "an entry that cannot be read"
    if dotted := _DOTTED_MX.search(row):
        name = dotted["name"]
        mend = f"No host name starts with a dot: write '{name.strip('.')}.'."
        return Mistake(file, line, f"the MX host '{name}'", "a host name", mend, "S4-MX-3")
    if row.lstrip().upper().startswith(("$INCLUDE", "$GENERATE")):
        return Mistake(file, line, found, "records written out in this file")
    if "TTL value" in problem:
        return Mistake(file, line, found, "a time to live", "Write '$TTL 3600' as the first line of the file.")
    if "quoted string" in problem:
        return Mistake(file, line, found, "a closing quotation mark", "Text stands in quotes, within one line.")
    if mend := next((mend for sign, mend in _MENDS if sign.search(row) or sign.search(problem)), ""):
        return Mistake(file, line, found, _expected(row), mend)
    if blank := next((each for each in row if each != " " and unicodedata.category(each) == "Zs"), ""):
        mend = f"U+{ord(blank):04X} is no blank: write a space, or a tab."
        return Mistake(file, line, found, _expected(row), mend)
    if unknown := re.fullmatch(r"unknown rdatatype '(.*)'", problem):
        return Mistake(file, line, found, "a record type that DNS knows", nearest(unknown[1].upper(), _FORMS))
    if "CNAME" in problem and ("compatible" in problem or "second" in problem):
        expected = "a name with an alias and nothing else, or without one (RFC 1034 section 3.6.2)"
        return Mistake(file, line, found, expected)
    if behind := re.search(r'expected EOL or EOF, got \d+ "(.*)"', problem):
        return Mistake(file, line, found, _expected(row), f"'{behind[1]}' stands behind a record that is whole.")
    return Mistake(file, line, found, _expected(row), f"A zone reader says: {problem}.")


def lookalike(text: str, file: str) -> Mistake | None:
    """Say that a file is of another kind altogether, by its beginning; None where it is not."""
    start = text.lstrip("\ufeff \t\r\n")[:2000]
    kind = next((kind for kind, beginning in _OTHER_KINDS if beginning.match(start)), "")
    expected = "a zone file (RFC 1035 section 5)"
    mend = (
        "Export the zone in the form that providers call BIND, or save what 'dig @<name server> <zone> AXFR' prints; "
        "where neither can be had, write its records by hand: '@ 300 IN MX 10 mail.contoso.com.'"
    )
    return Mistake(file, 1, kind, expected, mend) if kind else None


def _expected(row: str) -> str:
    kind = _TYPE.search(row.upper())
    return f"a record such as '{_FORMS[kind['type']]}'" if kind else "a record as in RFC 1035 section 5"

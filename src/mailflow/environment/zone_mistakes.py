"""From what dnspython finds wrong in an entry of a zone file to what the user is told."""

import re

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
    if unknown := re.fullmatch(r"unknown rdatatype '(.*)'", problem):
        return Mistake(file, line, found, "a record type that DNS knows", nearest(unknown[1].upper(), _FORMS))
    if "CNAME" in problem and "compatible" in problem:
        expected = "a name with an alias and nothing else, or without one (RFC 1034 section 3.6.2)"
        return Mistake(file, line, found, expected)
    kind = _TYPE.search(row.upper())
    expected = f"a record such as '{_FORMS[kind['type']]}'" if kind else "a record as in RFC 1035 section 5"
    return Mistake(file, line, found, expected, f"A zone reader says: {problem}.")

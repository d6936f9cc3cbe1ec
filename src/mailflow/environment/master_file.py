"""One zone file: a master file of RFC 1035 section 5, as name servers and providers write it."""

import re
from pathlib import PurePosixPath
from typing import NoReturn

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tokenizer
import dns.transaction
import dns.zone
import dns.zonefile

from mailflow.environment.folder import MEBIBYTE
from mailflow.environment.zone_mistakes import lookalike, mistake
from mailflow.input_error import InputError, Mistake
from mailflow.mail.address import AddressError, domain_name

SUFFIX = ".zone"
LIMIT = MEBIBYTE  # bytes; some 50,000 records
MISTAKES = 20  # who has more than that in one file starts with these
# $GENERATE can ask for billions of records, $INCLUDE for any file of the machine.
DIRECTIVES = ("$ORIGIN", "$TTL")
# What dnspython raises for what stands in a file.
_WRONG = (dns.exception.DNSException, ValueError, KeyError, IndexError, OverflowError)
# How Windows DNS begins the files it writes. It leaves out the TTL of a record where it is the default of the zone,
# which stands in the SOA record; elsewhere the last one that was written counts (RFC 1035 section 5.1).
_WINDOWS = re.compile(r"^;\s*Database file \S+ for \S+ zone", re.MULTILINE)
_TYPESET = re.compile("[\u201c\u201d\u201e\u00ab\u00bb]")  # “ ” „ « »
_AGE = re.compile(r"\[AGE:\d+\]")  # when Windows DNS last heard of the record; nothing that resolvers see


def read_zone(text: str, file: str) -> dns.zone.Zone:
    """Read one master file; its name says which zone it is.

    A name without its last dot (`mail.contoso.com` for `mail.contoso.com.`) is legal in a master file and means
    `mail.contoso.com.contoso.com.`; what follows from it is judged, not refused.

    Raises:
        InputError: all mistakes in the file, up to `MISTAKES`.

    """
    origin = zone_of_file(file)
    if other := lookalike(text, file):
        raise InputError(other)
    text = _AGE.sub("", text)
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # the line ends that dnspython counts
    mistakes: list[Mistake] = []
    while len(mistakes) < MISTAKES:
        entries = _Entries("\n".join(rows) + "\n", file, origin)
        zone = dns.zone.Zone(origin, relativize=False)
        try:
            with zone.writer(replacement=True) as change:
                change.check_put_rdataset(_demand_one_alias)
                reader = dns.zonefile.Reader(
                    entries, dns.rdataclass.IN, change, allow_include=False, allow_directives=DIRECTIVES
                )
                reader.rfc2308_ttl = not _WINDOWS.search(text)
                reader.read()
        except _WRONG as wrong:
            mistakes.append(entries.noticed or mistake(wrong, rows[entries.begin - 1], file, entries.begin))
        else:
            break
        # The file is read anew after each mistake: a small one often, one of the greatest size once.
        if not entries.can_be_left_out() or len(text) * len(mistakes) > LIMIT:
            break
        rows[entries.begin - 1] = ""
    if not mistakes and not zone.nodes:
        name = origin.to_text(omit_final_dot=True)
        mistakes.append(Mistake(file, None, "no record", f"the records of {name}, as they shall be published"))
    if mistakes:
        raise InputError(*mistakes)
    return zone


def _demand_one_alias(change: dns.transaction.Transaction, name: dns.name.Name, records: dns.rdataset.Rdataset) -> None:
    """Refuse a second CNAME of a name (RFC 2181 section 10.1); dnspython would keep the last one."""
    if records.rdtype == dns.rdatatype.CNAME:
        there = change.get(name, dns.rdatatype.CNAME)
        if there and there != records:
            raise ValueError("a second CNAME record")


class _Entries(dns.tokenizer.Tokenizer):
    """The words of a master file; knows in which line the entry begins that is being read.

    dnspython's own line is that of the next entry where it finds the mistake at the end of one.
    """

    def __init__(self, text: str, file: str, zone: dns.name.Name) -> None:
        super().__init__(text, file)
        self.begin = 1
        self.noticed: Mistake | None = None  # what dnspython passes over without a word
        self._zone = self._origin = zone
        self._first = ""

    def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
        fresh = self.ungotten_token is None
        line = self.line_number
        token = super().get(want_leading, want_comment)
        if want_leading and fresh and not token.is_eol_or_eof():
            self.begin = line
            self._first = token.value if token.is_identifier() else ""
            if self._first and not self._first.startswith("$"):
                self._demand_inside(self._first)
        elif token.is_identifier() and self._first.upper() == "$ORIGIN":
            self._move(token.value)
        elif token.is_identifier() and (quote := _TYPESET.search(token.value)):
            self._refuse(
                f"the quotation mark {quote[0]}", 'the quotation mark "', "Word processors and web pages turn it."
            )
        return token

    def can_be_left_out(self) -> bool:
        """Say whether the entry at fault can be blanked to look for more: one line, and nothing rests on it."""
        return self.line_number <= self.begin + 1 and not self._first.startswith("$")

    def _demand_inside(self, name: str) -> None:
        whole = _absolute(name, self._origin)
        if whole is not None and not whole.is_subdomain(self._zone):
            mend = "Its records belong into the file of their own zone."
            self._refuse(f"the name '{name}'", self._names_in_the_zone(), mend)

    def _move(self, name: str) -> None:
        """Take note of an $ORIGIN, which may be above the zone, as BIND writes it ($ORIGIN com.), not beside it."""
        whole = _absolute(name, self._origin)
        if whole is None:
            return
        meant = _absolute(f"{name.rstrip('.')}.", dns.name.root)
        doubled = meant is not None and meant.is_subdomain(self._zone) and self._origin.is_subdomain(self._zone)
        if doubled and not name.endswith("."):
            self._refuse(f"the $ORIGIN '{name}', which is {whole}", "a name with its last dot", f"Write '{name}.'.")
        if not whole.is_subdomain(self._zone) and not self._zone.is_subdomain(whole):
            self._refuse(f"the $ORIGIN '{name}'", self._names_in_the_zone())
        self._origin = whole

    def _names_in_the_zone(self) -> str:
        return f"names in {self._zone.to_text(omit_final_dot=True)}, after which the file is named"

    def _refuse(self, found: str, expected: str, mend: str = "") -> NoReturn:
        self.noticed = Mistake(self.filename, self.begin, found, expected, mend)
        raise ValueError(found)


def _absolute(name: str, origin: dns.name.Name) -> dns.name.Name | None:
    """Give the whole name; None where it is none, which dnspython says in its turn."""
    try:
        return dns.name.from_text(name, origin)
    except dns.exception.DNSException:
        return None


def zone_of_file(file: str) -> dns.name.Name:
    """Give the zone after which a file is named.

    Raises:
        InputError: it is named after none.

    """
    stem = PurePosixPath(file).name.removesuffix(SUFFIX)
    try:
        return dns.name.from_text(domain_name(stem) + ".")
    except (AddressError, dns.exception.DNSException) as wrong:
        expected = "a zone file named after its zone: contoso.com.zone"
        raise InputError(Mistake(file, None, f"the file name '{stem}'", expected)) from wrong

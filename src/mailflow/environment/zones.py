"""The planned zones of an environment: `zones/contoso.com.zone`, master files of RFC 1035 section 5."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdataset
import dns.tokenizer
import dns.zone
import dns.zonefile

from mailflow.environment.folder import MEBIBYTE, Folder
from mailflow.environment.zone_mistakes import mistake
from mailflow.input_error import InputError, Mistake
from mailflow.mail.address import AddressError, domain_name

SUFFIX = ".zone"
LIMIT = MEBIBYTE  # bytes; some 50,000 records
MISTAKES = 20  # who has more than that in one file starts with these
# $GENERATE can ask for billions of records, $INCLUDE for any file of the machine.
DIRECTIVES = ("$ORIGIN", "$TTL")
# What dnspython raises for what stands in a file.
_WRONG = (dns.exception.DNSException, ValueError, KeyError, IndexError, OverflowError)


def read_zones(folder: Folder, where: str) -> Mapping[str, dns.zone.Zone]:
    """Read every zone of a folder, by origin in lower case without a dot at the end. Mistakes are noted."""
    zones: dict[str, dns.zone.Zone] = {}
    for file in folder.files(where, f"*{SUFFIX}"):
        text = folder.text(file, LIMIT)
        if text is None:
            continue
        try:
            zone = read_zone(text, file)
        except InputError as error:
            folder.mistakes.extend(error.mistakes)
            continue
        name = _origin(file).to_text(omit_final_dot=True)
        if name in zones:
            folder.note(file, None, f"a second file of the zone {name}", "one file a zone")
        zones[name] = zone
    return zones


def find_records(zones: Mapping[str, dns.zone.Zone], name: str, rdtype: str) -> dns.rdataset.Rdataset | None:
    """Find the records of a name and type in the zone that it lies in; None where there are none, or no such zone."""
    zone = find_zone(zones, name)
    return zone.get_rdataset(dns.name.from_text(name), rdtype) if zone is not None else None


def names_below(zones: Mapping[str, dns.zone.Zone], name: str) -> tuple[str, ...]:
    """Give every name below another that has records in the zone that it lies in, sorted; wildcards as `*.…`."""
    zone = find_zone(zones, name)
    above = dns.name.from_text(name)
    nodes = () if zone is None else (node for node in zone.nodes if node != above and node.is_subdomain(above))
    return tuple(sorted(node.to_text(omit_final_dot=True).lower() for node in nodes))


class Soa(NamedTuple):
    """What the SOA record of a zone says of those who keep copies. Seconds."""

    refresh: int  # a secondary may serve what it has for so long before it asks for something newer
    negative: int  # a resolver keeps it for so long that something does not exist (RFC 2308 section 5)


def find_soa(zones: Mapping[str, dns.zone.Zone], name: str) -> Soa | None:
    """Read the SOA record of the zone that a name lies in; None where there is no such zone, or none in it."""
    zone = find_zone(zones, name)
    found = zone.get_rdataset(zone.origin, "SOA") if zone is not None and zone.origin is not None else None
    if not found:
        return None
    return Soa(found[0].refresh, min(found[0].minimum, found.ttl))


def find_zone(zones: Mapping[str, dns.zone.Zone], name: str) -> dns.zone.Zone | None:
    """Find the zone that a name lies in; None where there is no such zone."""
    labels = dns.name.from_text(name).labels
    above = (dns.name.Name(labels[start:]).to_text(omit_final_dot=True).lower() for start in range(len(labels) - 1))
    return next((zones[origin] for origin in above if origin in zones), None)


def read_zone(text: str, file: str) -> dns.zone.Zone:
    """Read one master file; its name says which zone it is.

    A name without its last dot (`mail.contoso.com` for `mail.contoso.com.`) is legal in a master file and means
    `mail.contoso.com.contoso.com.`; what follows from it is judged, not refused.

    Raises:
        InputError: all mistakes in the file, up to `MISTAKES`.

    """
    origin = _origin(file)
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # the line ends that dnspython counts
    mistakes: list[Mistake] = []
    while len(mistakes) < MISTAKES:
        entries = _Entries("\n".join(rows) + "\n", file, origin)
        zone = dns.zone.Zone(origin, relativize=False)
        try:
            with zone.writer(replacement=True) as change:
                dns.zonefile.Reader(
                    entries, dns.rdataclass.IN, change, allow_include=False, allow_directives=DIRECTIVES
                ).read()
        except _OutsideError as wrong:
            mistakes.append(wrong.args[0])
        except _WRONG as wrong:
            mistakes.append(mistake(wrong, rows[entries.begin - 1], file, entries.begin))
        else:
            break
        # The file is read anew after each mistake: a small one often, one of the greatest size once.
        if not entries.can_be_left_out() or len(text) * len(mistakes) > LIMIT:
            break
        rows[entries.begin - 1] = ""
    if mistakes:
        raise InputError(*mistakes)
    return zone


class _OutsideError(Exception):
    """A name outside the zone, with its Mistake; dnspython leaves such records out without a word."""


class _Entries(dns.tokenizer.Tokenizer):
    """The words of a master file; knows in which line the entry begins that is being read.

    dnspython's own line is that of the next entry where it finds the mistake at the end of one.
    """

    def __init__(self, text: str, file: str, origin: dns.name.Name) -> None:
        super().__init__(text, file)
        self.begin = 1
        self.origin = origin
        self._first = ""

    def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
        fresh = self.ungotten_token is None
        line = self.line_number
        token = super().get(want_leading, want_comment)
        if want_leading and fresh and not token.is_eol_or_eof():
            self.begin = line
            self._first = token.value if token.is_identifier() else ""
            self._demand_inside(self._first, "name")
        elif token.is_identifier() and self._first.upper() == "$ORIGIN":
            self._demand_inside(token.value, "$ORIGIN")
        return token

    def can_be_left_out(self) -> bool:
        """Say whether the entry at fault can be blanked to look for more: one line, and nothing rests on it."""
        return self.line_number <= self.begin + 1 and not self._first.startswith("$")

    def _demand_inside(self, name: str, what: str) -> None:
        if not name.endswith(".") or name.startswith("$"):
            return
        try:
            inside = dns.name.from_text(name).is_subdomain(self.origin)
        except dns.exception.DNSException:
            return  # dnspython will say so in its turn
        if not inside:
            zone = self.origin.to_text(omit_final_dot=True)
            expected = f"names in {zone}, after which the file is named"
            mend = "Its records belong into the file of their own zone." if what == "name" else ""
            raise _OutsideError(Mistake(self.filename, self.begin, f"the {what} '{name}'", expected, mend))


def _origin(file: str) -> dns.name.Name:
    stem = PurePosixPath(file).name.removesuffix(SUFFIX)
    try:
        return dns.name.from_text(domain_name(stem) + ".")
    except (AddressError, dns.exception.DNSException) as wrong:
        expected = "a zone file named after its zone: contoso.com.zone"
        raise InputError(Mistake(file, None, f"the file name '{stem}'", expected)) from wrong

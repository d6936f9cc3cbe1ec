"""The planned zones of an environment: `zones/contoso.com.zone`, master files of RFC 1035 section 5."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

import dns.name
import dns.rdataset
import dns.zone

from mailflow.environment.folder import Folder
from mailflow.environment.master_file import LIMIT, SUFFIX, read_zone, zone_of_file
from mailflow.input_error import InputError


def read_zones(folder: Folder, where: str) -> Mapping[str, dns.zone.Zone]:
    """Read every zone of a folder, by origin in lower case without a dot at the end. Mistakes are noted."""
    zones: dict[str, dns.zone.Zone] = {}
    for file in folder.files(where, "*"):
        if renamed := _under_another_name(PurePosixPath(file).name):
            expected = "zone files named after their zone: contoso.com.zone"
            folder.note(file, None, "a zone file under another name", expected, f"Rename it to {renamed}.")
    for file in folder.files(where, f"*{SUFFIX}"):
        text = folder.text(file, LIMIT)
        if text is None:
            continue
        try:
            zone = read_zone(text, file)
        except InputError as error:
            folder.mistakes.extend(error.mistakes)
            continue
        name = zone_of_file(file).to_text(omit_final_dot=True)
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


def _under_another_name(name: str) -> str:
    """Give the name that a zone file should have that is called as name servers and providers call it; else empty."""
    # Windows DNS: contoso.com.dns; BIND: db.contoso.com; downloads: contoso.com.txt, contoso.com.zone.txt
    found = re.fullmatch(r"(?:db\.(.+\..+)|(.+\..+)\.(?:dns|db|hosts|bind|txt))", name, re.IGNORECASE)
    zone = (found[1] or found[2]) if found else ""
    return zone and zone.removesuffix(SUFFIX) + SUFFIX


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

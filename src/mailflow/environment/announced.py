"""What the DNS and a web server show of the MTA-STS of a domain (RFC 8461), written into a first environment. Pure.

What came from a wire is written as it came: it is judged, not trusted.
"""

from dataclasses import dataclass

import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT

from mailflow.environment.certificates import LIMIT
from mailflow.environment.environment import IPAddress
from mailflow.records.mta_sts import host_of

_EXAMPLE = "131.107.21.232"
_STRING = 255  # octets of a character-string (RFC 1035 section 3.3)


@dataclass(frozen=True, slots=True)
class Announced:
    """The policy of one domain, as far as it was seen."""

    records: tuple[str, ...] = ()  # that announce it; senders take one alone
    addresses: tuple[IPAddress, ...] = ()  # of the host that hands it out
    policy: str = ""  # as it was handed out; empty: it was not
    certificate: str = ""  # PEM: the one that the host showed, and what it sent with it
    trouble: str = ""  # why it was not handed out, or what senders do not take of it

    @property
    def is_handed_out(self) -> bool:
        """Whether enough was seen for a plan to have the host."""
        return bool(self.policy and self.addresses) and 0 < len(self.certificate) <= LIMIT

    def files(self, domain: str) -> dict[str, str]:
        """Give the files of the host, by path in the folder of the environment."""
        if not self.is_handed_out:
            return {}
        return {_policy_file(domain): self.policy, _certificate_file(domain): self.certificate}

    def zone_lines(self) -> str:
        """Give the records of the domain's zone; none where none announces a policy."""
        if not self.records:
            return ""
        lines = ["; The MTA-STS policy: announced here, handed out by its host."]
        lines += [f"_mta-sts IN TXT {_master(record)}" for record in self.records]
        lines += [f"mta-sts IN {'A' if one.version == 4 else 'AAAA'} {one}" for one in self.addresses]
        return "\n" + "\n".join(lines) + "\n"


def section(domain: str, seen: Announced) -> tuple[tuple[str, ...], str]:
    """Give the section of environment.yaml: what is to be said above it, and its lines."""
    listed = ", ".join(f'"{one}"' for one in seen.addresses) or _EXAMPLE
    where = f"{{policy: {_policy_file(domain)}, certificate: {_certificate_file(domain)}, listens: [{listed}]}}"
    if seen.is_handed_out:
        told = ["GUESS: as it is handed out today; what the change of the MX record asks of it, AUTH-STS-2 says"]
        told += [f"today senders do not take it: {seen.trouble}"] * bool(seen.trouble)
        return tuple(told), f"mta_sts:\n  {domain}: {where}\n"
    unseen = f"a record announces a policy, which was not seen: {seen.trouble or 'nothing came that a file may hold'}"
    why = unseen if seen.records else "where there is a policy, who hands it out (MTA-STS)"
    return (f"FILL IN: {why}", "mta_sts:", f"  {domain}: {where}"), ""


def _policy_file(domain: str) -> str:
    return f"mta-sts/{domain}.txt"


def _certificate_file(domain: str) -> str:
    return f"certificates/{host_of(domain)}.pem"


def _master(text: str) -> str:
    """Write the strings of a TXT record for a master file, whatever stands in them."""
    octets = text.encode("utf-8", "backslashreplace")
    strings = [octets[start : start + _STRING] for start in range(0, len(octets), _STRING)]
    return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings).to_text()

"""The names of Microsoft 365 in each cloud: MX forms, SPF include, published ranges. Dated data, not code.

The data stand in microsoft_365.toml beside this file, with the date on which they were read and their
source; the report prints that date.
"""

from dataclasses import dataclass

from mailflow.exchange.known import Known
from mailflow.exchange.online import Network


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds."""

    name: str  # worldwide, gcc, gcc-high, dod, china
    mx_suffix: str  # mail.protection.outlook.com
    spf_include: str  # spf.protection.outlook.com
    ranges: Known[tuple[Network, ...]]  # from which it sends and at which it listens
    relay_pool: Known[tuple[Network, ...]]  # from which forwards may leave; not in the SPF include
    autodiscover: str
    read_on: str  # ISO date of the data
    source: str

    def mx_host(self, domain: str) -> str:
        """Derive the MX host of a domain: dots become hyphens.

        Source: Microsoft, "External DNS records for Office 365". Hosts under mx.microsoft cannot be derived.
        """
        return f"{domain.replace('.', '-')}.{self.mx_suffix}"

"""The names of Microsoft 365 in each cloud: MX forms, SPF include, published ranges. Dated data, not code.

The data stand in microsoft_365.toml beside this file, with the date on which they were read and their
source; the report prints that date.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from ipaddress import ip_network
from typing import Any

from mailflow.exchange.known import Known, Unknown
from mailflow.exchange.online import Network
from mailflow.mail.address import AddressError, domain_name, is_within

CLOUDS = ("worldwide", "gcc", "gcc-high", "dod", "china")

_NOT_DERIVED = ("gcc-high", "dod")


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

        Source: Microsoft, "External DNS records for Office 365". Hosts under mx.microsoft cannot be derived, nor can
        that of a domain with a hyphen: see `derives`.
        """
        return f"{domain.replace('.', '-')}.{self.mx_suffix}"

    def derives(self, domain: str) -> bool:
        """Say whether the derived host is the one that Microsoft assigns.

        For gcc-high and dod the documents do not agree. A domain with a hyphen gets a label of its own, such as
        `fourthcoffee-com01i` for fourth-coffee.com: the hosts of a-b.com and a.b.com would be one otherwise. No
        document says which label; the Microsoft 365 admin center shows it.
        """
        return self.name not in _NOT_DERIVED and "-" not in domain


@cache
def cloud(name: str) -> Cloud:
    """Give one of CLOUDS.

    Raises:
        KeyError: there is no cloud of this name.

    """
    entry = _data()["cloud"][name]
    entry = _data()["cloud"][entry["same_as"]] if "same_as" in entry else entry
    return Cloud(
        name=name,
        mx_suffix=entry["mx_suffix"],
        spf_include=entry["spf_include"],
        ranges=_networks(entry, "ranges", f"the published ranges of the cloud {name} are not in microsoft_365.toml"),
        relay_pool=_networks(entry, "relay_pool", f"the relay pool of the cloud {name} is not in microsoft_365.toml"),
        autodiscover=entry["autodiscover"],
        read_on=entry["read_on"],
        source=entry["source"],
    )


def is_microsoft_host(name: str) -> bool:
    """Say whether a host takes mail for Microsoft 365, in any cloud: `contoso-com.mail.protection.outlook.com`.

    Includes the hosts below mx.microsoft, excludes the retired ones.
    """
    return _host(name).endswith(_mx_suffixes())


@cache
def _mx_suffixes() -> tuple[str, ...]:
    return tuple(f".{suffix}" for suffix in (*(cloud(each).mx_suffix for each in CLOUDS), _data()["signed_mx_suffix"]))


def is_transport_host(name: str) -> bool:
    """Say whether a host of Exchange Online writes itself so in Received fields: front door, hub or mailbox server."""
    return any(is_within(_host(name), suffix) for suffix in _data()["transport_suffixes"])


def is_retired_host(name: str) -> bool:
    """Say whether a name once took mail for Microsoft 365 and no longer does: `mail.messaging.microsoft.com`."""
    return any(is_within(_host(name), retired) for retired in _data()["retired"])


def _host(name: str) -> str:
    try:
        return domain_name(name)
    except AddressError:
        return ""  # what is no host name is not Microsoft's either


def _networks(entry: dict[str, Any], key: str, why: str) -> Known[tuple[Network, ...]]:
    return tuple(ip_network(each) for each in entry[key]) if key in entry else Unknown(why)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(resources.files("mailflow.exchange").joinpath("microsoft_365.toml").read_text("utf-8"))

"""Smart hosts that are written as addresses."""

from collections.abc import Iterable
from ipaddress import ip_address

from mailflow.exchange.cloud import Cloud
from mailflow.exchange.known import Assumptions, Unknown


def note_addresses(hosts: Iterable[str], cloud: Cloud, assume: Assumptions) -> None:
    """Say where Microsoft 365 is named by an address: its host name leads to the region of the tenant, that may not.

    Source: Non-delivery reports, 451 4.4.62 ("wrong Office 365 region").
    """
    ranges = () if isinstance(cloud.ranges, Unknown) else cloud.ranges
    for host in hosts:
        try:
            address = ip_address(host.strip("[]"))
        except ValueError:
            continue
        if any(address in network for network in ranges):
            assume.note(
                f"whether Microsoft 365 takes mail at {address} rests on the region behind that address; its host name "
                "leads to the right one (Non-delivery reports, 451 4.4.62 ATTR35)"
            )

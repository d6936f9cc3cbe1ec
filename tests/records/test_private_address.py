"""Private addresses, and public ones beside them."""

from ipaddress import ip_address, ip_network

import pytest

from mailflow.records.private_address import is_private


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "fd00::1",
        "fe80::1",
        "::1",
    ],
)
def test_what_only_one_network_knows(text: str) -> None:
    assert is_private(ip_address(text))
    assert is_private(ip_network(text))


@pytest.mark.parametrize("text", ["9.255.255.255", "172.32.0.0", "100.128.0.0", "192.0.2.1", "2001:db8::1", "::2"])
def test_public_addresses_and_those_of_documentation(text: str) -> None:
    assert not is_private(ip_address(text))


def test_a_network_that_reaches_beyond_is_not_private() -> None:
    assert is_private(ip_network("10.1.0.0/16"))
    assert not is_private(ip_network("8.0.0.0/5"))
    assert not is_private(ip_network("::/0"))

"""The header by which a planned address reaches a simulated server; both writers of it agree with aiosmtpd's reader."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from aiosmtpd.proxy_protocol import get_proxy

from mailflow.observe.smtp import proxy_preamble
from mailflow.simulate.address_book import proxy_header


@pytest.mark.parametrize("write", [proxy_header, proxy_preamble])
@pytest.mark.parametrize(
    ("client", "server"),
    [("131.107.21.231", "40.92.0.36"), ("2001:db8::10", "2a01:111:f400::24"), ("0.0.0.0", "255.255.255.255")],
)
def test_what_is_written_is_read(write: object, client: str, server: str) -> None:
    async def read() -> object:
        reader = asyncio.StreamReader()
        reader.feed_data(write(ip_address(client), ip_address(server)) + b"EHLO")  # type: ignore[operator]  # either
        found = await get_proxy(reader)
        assert await reader.read(4) == b"EHLO"
        return found.version, found.src_addr, found.dst_addr, found.dst_port

    assert asyncio.run(read()) == (2, ip_address(client), ip_address(server), 25)


def test_the_octets_are_those_of_the_specification() -> None:
    """PROXY protocol section 2.2: signature, version and command, family, length, addresses, ports."""
    header = proxy_header(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
    assert header[:12] == b"\r\n\r\n\x00\r\nQUIT\n"
    assert header[12:16] == b"\x21\x11\x00\x0c"
    assert header[16:24] == bytes([192, 0, 2, 1, 192, 0, 2, 2])
    assert header[26:] == b"\x00\x19"


def test_two_families_do_not_meet() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.1 cannot reach 2001:db8::1: two address families"):
        proxy_header(IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))

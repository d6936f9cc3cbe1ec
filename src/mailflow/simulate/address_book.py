"""Where a planned address answers, and the PROXY header that carries the planned address of a client."""

import struct
from ipaddress import IPv4Address

from mailflow.environment.environment import IPAddress

# A planned public address, port 25 → the port on 127.0.0.1 where the simulated server listens.
AddressBook = dict[IPAddress, int]

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_PROXY_V2_TCP = {4: b"\x21\x11", 6: b"\x21\x21"}  # version 2, command PROXY; family, STREAM


def proxy_header(client: IPAddress, server: IPAddress) -> bytes:
    """Write a header of PROXY protocol version 2 (section 2.2): a connection from `client` to port 25 of `server`."""
    if isinstance(client, IPv4Address) != isinstance(server, IPv4Address):
        raise ValueError(f"{client} cannot reach {server}: two address families")
    block = client.packed + server.packed + struct.pack("!HH", 40025, 25)
    return _SIGNATURE + _PROXY_V2_TCP[client.version] + struct.pack("!H", len(block)) + block

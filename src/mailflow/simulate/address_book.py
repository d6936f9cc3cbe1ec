"""Where a planned address answers, and the PROXY header that carries the planned address of a client."""

import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from mailflow.environment.environment import IPAddress

# A planned public address → the port on 127.0.0.1 where the simulated server listens; for one port, 25 or 443.
AddressBook = dict[IPAddress, int]

# From one planned address to port 25 of another. ConnectionRefusedError: nobody listens there.
Connect = Callable[[IPAddress, IPAddress], socket.socket]

CONNECT_S = 10.0  # for a connection on loopback

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_PROXY_V2_TCP = {4: b"\x21\x11", 6: b"\x21\x21"}  # version 2, command PROXY; family, STREAM


def proxy_header(client: IPAddress, server: IPAddress) -> bytes:
    """Write a header of PROXY protocol version 2 (section 2.2): a connection from `client` to port 25 of `server`."""
    if isinstance(client, IPv4Address) != isinstance(server, IPv4Address):
        raise ValueError(f"{client} cannot reach {server}: two address families")
    block = client.packed + server.packed + struct.pack("!HH", 40025, 25)
    return _SIGNATURE + _PROXY_V2_TCP[client.version] + struct.pack("!H", len(block)) + block


def connect(book: AddressBook, client: IPAddress, server: IPAddress) -> socket.socket:
    """Connect to where a planned address answers, as a planned client: the header has to be the first bytes.

    Raises:
        ConnectionRefusedError: nobody in the environment listens there.

    """
    port = book.get(server)
    if port is None:
        raise ConnectionRefusedError(f"nobody listens at {server}")
    sock = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S)
    sock.sendall(proxy_header(client, server))
    return sock

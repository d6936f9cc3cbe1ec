"""The guard of tests/conftest.py guards."""

import asyncio
import socket
from typing import Any

import pytest


def test_connections_and_datagrams_beyond_loopback_are_noticed(beyond_loopback: list[Any]) -> None:
    with socket.socket() as stream, pytest.raises(AssertionError, match="a test stays on loopback"):
        stream.connect(("192.0.2.1", 25))
    with socket.socket(type=socket.SOCK_DGRAM) as datagram, pytest.raises(AssertionError):
        datagram.sendto(b"query", ("192.0.2.1", 53))
    assert beyond_loopback == [("192.0.2.1", 25), ("192.0.2.1", 53)]
    beyond_loopback.clear()


def test_asyncio_is_guarded_too(beyond_loopback: list[Any]) -> None:
    async def connect() -> None:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, "192.0.2.1", 25)

    with pytest.raises(AssertionError):
        asyncio.run(connect())
    assert beyond_loopback == [("192.0.2.1", 25)]
    beyond_loopback.clear()


def test_loopback_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()

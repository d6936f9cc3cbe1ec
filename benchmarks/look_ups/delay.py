"""A way to a DNS server that takes its time, in a process of its own: python benchmarks/look_ups/delay.py PORT MS."""

import asyncio
import contextlib
import socket
import sys


class Delay(asyncio.DatagramProtocol):
    """Passes datagrams on after a while: half of the round trip there, half of it back."""

    def __init__(self, port: int, round_trip_s: float) -> None:
        self._port = port
        self._half_s = round_trip_s / 2
        self._ways: dict[tuple[str, int], socket.socket] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way to the clients."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Pass a query on."""
        loop = asyncio.get_running_loop()
        if addr not in self._ways:
            way = self._ways[addr] = socket.socket(type=socket.SOCK_DGRAM)
            way.setblocking(False)
            way.connect(("127.0.0.1", self._port))
            loop.add_reader(way, self._back, way, addr)
            if len(self._ways) > 400:  # clients that are long gone
                old = next(iter(self._ways))
                loop.remove_reader(self._ways[old])
                self._ways.pop(old).close()
        self._ways[addr] = self._ways.pop(addr)  # the latest is the last to be let go
        loop.call_later(self._half_s, self._ways[addr].send, data)

    def _back(self, way: socket.socket, addr: tuple[str, int]) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                reply = way.recv(65535)
                asyncio.get_running_loop().call_later(self._half_s, self._transport.sendto, reply, addr)  # type: ignore[attr-defined]


async def delay(port: int, round_trip_s: float) -> None:
    """Run until ended; prints the port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Delay(port, round_trip_s), local_addr=("127.0.0.1", 0))
    sys.stdout.write(f"{transport.get_extra_info('sockname')[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(delay(int(sys.argv[1]), int(sys.argv[2]) / 1000))

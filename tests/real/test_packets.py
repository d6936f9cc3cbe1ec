"""A simulated run sends nothing beyond loopback: counted where a way out stands open."""

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.real.network import Host, Network

pytestmark = pytest.mark.real

PROJECT = Path(__file__).parents[2]
ALL = 3  # ETH_P_ALL of linux/if_ether.h
ICMPV6, KERNELS_OWN = 58, (133, 143)  # RFC 4861 router solicitation, RFC 3810 listener report: sent unasked


def is_the_kernels_own(frame: bytes) -> bool:
    """Whether the kernel announces an interface by it; no program made it do so."""
    (kind,) = struct.unpack_from("!H", frame, 12)
    if kind != 0x86DD:
        return False
    following, start = frame[20], 54
    if following == 0:  # hop-by-hop options (RFC 8200 section 4.3) stand before a listener report
        following, start = frame[54], 54 + 8 * (frame[55] + 1)
    return following == ICMPV6 and frame[start] in KERNELS_OWN


@contextmanager
def frames_of(network: Network, host: Host) -> Iterator[list[bytes]]:
    """Give the frames that leave a host, as they arrive at the router's end of its cable."""
    seen: list[bytes] = []

    def listen() -> socket.socket:
        # An unbound packet socket of protocol 0 hears nothing until it is bound (packet(7)).
        heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        heard.bind((host.interface, ALL))
        heard.setblocking(False)
        return heard

    with network.router.inside(listen) as heard:
        yield seen
        while True:
            try:
                frame, (_, __, direction, *___) = heard.recvfrom(2048)
            except BlockingIOError:
                return
            if direction != socket.PACKET_OUTGOING and not is_the_kernels_own(frame):
                seen.append(frame)


@pytest.fixture
def open_host() -> Iterator[tuple[Network, Host]]:
    """Give a host with a way to everywhere, over IPv4 and IPv6, and a resolver beyond it."""
    with Network() as network:
        addresses = (ip_address("198.18.0.7"), ip_address("2001:db8::7"))
        yield network, network.host("open", addresses, etc=[("resolv.conf", "nameserver 192.0.2.53\n")])


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1::1"])
def test_a_single_packet_would_be_seen(open_host: tuple[Network, Host], address: str) -> None:
    network, host = open_host

    def send() -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as out:
            out.sendto(b"?", (address, 53))

    with frames_of(network, host) as frames:
        host.inside(send)
    assert frames != []


def test_a_simulated_run_sends_nothing(open_host: tuple[Network, Host], tmp_path: Path) -> None:
    network, host = open_host
    run = (sys.executable, "-m", "pytest", "features", "-q", "-p", "no:cacheprovider", "--reports", str(tmp_path))
    with frames_of(network, host) as frames:
        done = subprocess.run(host.command(*run), cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "index.html").is_file()
    assert frames == []

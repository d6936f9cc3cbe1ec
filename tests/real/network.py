"""Hosts of a test, each in a network namespace of its own, around one router (ip-netns(8)). Needs root.

So every planned address is on an interface, ports 25 and 53 are free, and a server sends from its own address
without being told. Nothing leads out of the namespaces: the router knows the hosts and nobody else.
"""

import ctypes
import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from mailflow.environment.environment import IPAddress

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000  # setns(2)
_NAMESPACES = Path("/run/netns")
_ETC = Path("/etc/netns")  # ip-netns(8): files here stand in for those in /etc
_ROUTER = {4: "169.254.1.1", 6: "fe80::1"}  # RFC 3927, RFC 4291: never routed
_COUNT = itertools.count()


@dataclass(frozen=True)
class Host:
    """One host. What runs on it sees its addresses, its routes and its /etc/resolv.conf only."""

    namespace: str
    interface: str  # its end of the cable, at the router

    def command(self, *command: str | Path) -> list[str]:
        """Give the command line that runs a command here, in a process that is the command's own."""
        return ["ip", "netns", "exec", self.namespace, *map(str, command)]

    def enter(self) -> None:
        """Bring the thread that calls here, and all that it starts."""
        libc = ctypes.CDLL(None, use_errno=True)
        with (_NAMESPACES / self.namespace).open("rb") as place:
            if libc.setns(place.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter {self.namespace}")

    def inside(self, work: Callable[[], T]) -> T:
        """Carry something out here, in a thread of its own."""
        with ThreadPoolExecutor(1, initializer=self.enter) as pool:
            return pool.submit(work).result()


class Network:
    """A router, and the hosts around it; all gone at the exit."""

    def __init__(self) -> None:
        self._prefix = f"mailflow-{os.getpid()}-{next(_COUNT)}-"
        self._hosts: list[Host] = []
        self.router = Host(self._prefix + "router", "")

    def __enter__(self) -> Self:
        self._add(self.router)
        self.router.inside(_forward)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self._hosts:
            shutil.rmtree(_ETC / host.namespace, ignore_errors=True)
            ip("netns", "del", host.namespace)
        if _ETC.is_dir() and not any(_ETC.iterdir()):
            _ETC.rmdir()

    def host(
        self,
        name: str,
        addresses: Iterable[IPAddress],
        sends_from: Sequence[IPAddress] = (),
        etc: Iterable[tuple[str, str]] = (),
    ) -> Host:
        """Add a host with these addresses; by default it sends from the first of each family.

        `etc`: files that stand in for those in /etc, by name.
        """
        host = Host(self._prefix + name, f"v{len(self._hosts)}")
        self._add(host)
        for file, text in etc:
            (_ETC / host.namespace).mkdir(parents=True, exist_ok=True)
            (_ETC / host.namespace / file).write_text(text, encoding="utf-8")
        at, router = ("-n", host.namespace), ("-n", self.router.namespace)
        ip("link", "add", host.interface, "netns", router[1], "type", "veth", "peer", "name", "eth0", "netns", at[1])
        addresses = dict.fromkeys((*addresses, *sends_from))
        # No address is asked for twice before it is used (RFC 4862): that takes a second, and nobody else is there.
        lines = ["link set lo up", "link set eth0 addrgenmode none up", "addr add fe80::2/64 dev eth0 nodad"]
        # Without nodad an address is tentative until the kernel gets round to it, and no source of a route before.
        lines += [f"addr add {address} dev lo{' nodad' if address.version == 6 else ''}" for address in addresses]
        _batch(at, lines)
        lines = [f"link set {host.interface} addrgenmode none up"]
        lines += [f"addr add {_ROUTER[4]}/32 dev {host.interface}", f"addr add fe80::1/64 dev {host.interface} nodad"]
        # RFC 4861 section 7.2.3: a host is asked for the addresses of this interface only; the others lie behind it.
        behind = {4: "", 6: " via fe80::2"}
        lines += [f"route add {address}{behind[address.version]} dev {host.interface}" for address in addresses]
        _batch(router, lines)
        sources = {address.version: address for address in reversed((*sends_from, *addresses))}
        lines = [f"route add {_ROUTER[4]} dev eth0"]
        lines += [f"route add default via {_ROUTER[v]} dev eth0 src {source}" for v, source in sources.items()]
        _batch(at, lines)
        return host

    def _add(self, host: Host) -> None:
        ip("netns", "add", host.namespace)
        self._hosts.append(host)


def _forward() -> None:
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        Path("/proc/sys/net", setting).write_text("1", encoding="ascii")


def _batch(where: tuple[str, str], lines: Iterable[str]) -> None:
    """Carry out several commands at once; those with a colon are of IPv6."""
    text = "".join(f"{line}\n" for line in lines)
    for family in ("-4", "-6"):
        chosen = [line for line in text.splitlines(keepends=True) if ("-6" if ":" in line else "-4") == family]
        if chosen:
            ip(*where, family, "-batch", "-", text="".join(chosen))


def ip(*arguments: str, text: str = "") -> str:
    """Run ip(8); gives what it printed."""
    done = subprocess.run(["ip", *arguments], input=text, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()} {text}")
    return done.stdout

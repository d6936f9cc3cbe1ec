"""NSD and Unbound on loopback, on ports that are free, without a namespace."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

import dns.zone

from tests.real.network import Host
from tests.real.programs import Programs

T = TypeVar("T")
Where = tuple[str, int]

_HERE = IPv4Address("127.0.0.1")

_NSD = """\
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  pidfile: ""
  zonesdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  database: ""
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""

_UNBOUND = """\
server:
  interface: 127.0.0.1@{port}
  access-control: 127.0.0.0/8 allow_snoop
  do-not-query-localhost: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "validator iterator"
  qname-minimisation: no
  local-zone: "refused.example." refuse
{anchors}
remote-control:
  control-enable: no
{stubs}
"""


@dataclass(frozen=True)
class Here(Host):
    """This machine as it is, in place of a namespace."""

    namespace: str = ""
    interface: str = "lo"

    def command(self, *command: str | Path) -> list[str]:
        """Give the command as it is."""
        return [*map(str, command)]

    def inside(self, work: Callable[[], T]) -> T:
        """Carry it out."""
        return work()


def free_port() -> int:
    """Find a port that nobody has, by TCP and by UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def nsd(programs: Programs, name: str, zones: Mapping[str, dns.zone.Zone]) -> Where:
    """Start NSD with these zones."""
    folder, port = programs.folder / name, free_port()
    folder.mkdir()
    entries = []
    for number, (origin, zone) in enumerate(zones.items()):
        zone.to_file(str(folder / f"{number}.zone"), relativize=False)
        entries.append(f'zone:\n  name: "{origin}"\n  zonefile: "{number}.zone"\n')
    (folder / "nsd.conf").write_text(_NSD.format(port=port, folder=folder) + "".join(entries), encoding="utf-8")
    return _start(programs, name, port, "nsd", "-d", "-c", folder / "nsd.conf")


def unbound(programs: Programs, name: str, stubs: Mapping[str, Where], anchors: list[str]) -> Where:
    """Start Unbound, which asks these servers for these zones and trusts these keys."""
    folder, port = programs.folder / name, free_port()
    folder.mkdir()
    asked = "".join(
        f'stub-zone:\n  name: "{zone}."\n  stub-addr: {host}@{server}\n' for zone, (host, server) in stubs.items()
    )
    trusted = "\n".join(f'  trust-anchor: "{anchor}"' for anchor in anchors)
    text = _UNBOUND.format(port=port, folder=folder, anchors=trusted, stubs=asked)
    (folder / "unbound.conf").write_text(text, encoding="utf-8")
    return _start(programs, name, port, "unbound", "-d", "-c", folder / "unbound.conf")


def _start(programs: Programs, name: str, port: int, *command: str | Path) -> Where:
    programs.start(Here(), name, *command)
    programs.wait(Here(), [_HERE], port)
    return "127.0.0.1", port

"""NSD with every zone of an environment, and Unbound, which the hosts ask."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dns.zone

from mailflow.environment.environment import IPAddress

_NSD = """\
server:
{addresses}
  username: ""
  pidfile: ""
  zonesdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  database: ""
  server-count: 1
  verbosity: 1
remote-control:
  control-enable: no
{zones}
"""

# What no zone holds is refused, as in a simulation: the plan says nothing of it.
_UNBOUND = """\
server:
  interface: {resolver}
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  qname-minimisation: no
  local-zone: "." refuse
{names}
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: {authority}
{stubs}
"""


def write(
    folder: Path, zones: Mapping[str, dns.zone.Zone], authorities: Sequence[IPAddress], resolver: IPAddress
) -> None:
    """Write nsd.conf, unbound.conf and the zone files."""
    for number, zone in enumerate(zones.values()):
        zone.to_file(str(folder / f"{number}.zone"), relativize=False)
    entries = [f'zone:\n  name: "{name}"\n  zonefile: "{number}.zone"' for number, name in enumerate(zones)]
    listens = "\n".join(f"  ip-address: {address}" for address in authorities)
    (folder / "nsd.conf").write_text(
        _NSD.format(addresses=listens, folder=folder, zones="\n".join(entries)), encoding="utf-8"
    )
    names = "\n".join(f'  local-zone: "{name}." transparent' for name in zones)
    stubs = "\n".join(f'stub-zone:\n  name: "{name}."\n  stub-addr: {authorities[0]}' for name in zones)
    (folder / "unbound.conf").write_text(
        _UNBOUND.format(resolver=resolver, folder=folder, names=names, authority=authorities[0], stubs=stubs),
        encoding="utf-8",
    )

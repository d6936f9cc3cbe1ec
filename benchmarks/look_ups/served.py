"""What the contenders ask: NSD on loopback, with generated mail domains."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_READY_S = 60.0

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
  minimal-responses: yes
remote-control:
  control-enable: no
"""
_DOMAIN = """\
$TTL 600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
@ MX 20 backup
mail A 131.107.21.231
backup A 131.107.21.232
@ TXT "v=spf1 ip4:131.107.21.231 include:_spf.{name} include:spf.protection.outlook.com a:out.{name} -all"
@ TXT "MS=ms{number:08}"
_spf TXT "v=spf1 ip4:203.0.113.{octet} ip4:198.51.100.0/26 -all"
out A 192.0.2.{octet}
"""
_OUTLOOK = """\
$TTL 600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ TXT ( "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/14 ip4:104.47.0.0/17 "
  "ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/48 -all" )
"""
_REVERSE = """\
$TTL 600
@ SOA ns1.d0.example. hostmaster 1 7200 900 1209600 300
@ NS ns1.d0.example.
231 PTR mail.d0.example.
232 PTR backup.d0.example.
"""


def names(count: int) -> list[str]:
    """Name the domains."""
    return [f"d{number}.example" for number in range(count)]


def questions(name: str) -> list[tuple[str, str]]:
    """Everything that a judge of MX and SPF asks about one of them."""
    hosts = (f"mail.{name}", f"backup.{name}", f"out.{name}")
    asked = [(name, "MX"), (name, "TXT"), (f"_spf.{name}", "TXT"), ("spf.protection.outlook.com", "TXT")]
    return [*asked, *((host, kind) for host in hosts for kind in ("A", "AAAA"))]


@contextlib.contextmanager
def served(folder: Path, domains: list[str]) -> Iterator[int]:
    """Run NSD with all domains; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    conf = [_NSD.format(port=port, folder=folder)]
    zones = {name: _DOMAIN.format(name=name, number=n, octet=n % 250 + 1) for n, name in enumerate(domains)}
    for name, text in {**zones, "spf.protection.outlook.com": _OUTLOOK, "21.107.131.in-addr.arpa": _REVERSE}.items():
        (folder / f"{name}.zone").write_text(text, encoding="utf-8")
        conf.append(f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n')
    (folder / "nsd.conf").write_text("".join(conf), encoding="utf-8")
    server = subprocess.Popen(["nsd", "-d", "-c", str(folder / "nsd.conf")], stderr=subprocess.DEVNULL)  # noqa: S607
    try:
        until = time.monotonic() + _READY_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("NSD does not come up")
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(10)

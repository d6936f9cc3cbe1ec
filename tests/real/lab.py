"""A world of real servers for one environment: NSD, Unbound, Postfix for the own servers, Exim outside, OpenSSL's web.

Microsoft 365 is the simulated one on its planned addresses. Who looks from outside stands on the stranger's host.
"""

import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.rdatatype

from mailflow.environment.environment import Environment, IPAddress, PolicyHost
from mailflow.event_loop import EventLoopThread
from mailflow.observe.https import PORT
from mailflow.records.mta_sts import PATH
from mailflow.simulate.zones import STRANGER_ADDRESS, microsoft_365_addresses, relay_pool, zones
from tests.real import exim, name_servers, postfix
from tests.real.keys import Keys
from tests.real.microsoft_365 import Microsoft365
from tests.real.network import Host, Network
from tests.real.programs import Programs

RESOLVER = ip_address("198.18.0.53")  # RFC 2544: an address nobody on the Internet has
STRANGER_IPV6 = ip_address("2001:db8:99::99")  # RFC 3849
START_S = 30.0


class Lab:
    """The servers of one environment, up between entry and exit."""

    def __init__(self, environment: Environment, keys: Keys) -> None:
        self.environment = environment
        self.folder = Path(tempfile.mkdtemp(prefix="mailflow-real-"))
        self.folder.chmod(0o755)  # the servers give up root before they read
        self.own: dict[str, Host] = {}
        self.outside: dict[str, Host] = {}
        self.third_parties: dict[str, Host] = {}
        self._keys = keys
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder)
            self.network = stack.enter_context(Network())
            self.programs = stack.enter_context(Programs(self.folder))
            self._start_all(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _start_all(self, stack: ExitStack) -> None:
        waits = [self._name_servers()]
        waits += [self._own_server(number) for number in range(len(self.environment.on_premises.servers))]
        waits += [self._outside(number) for number in range(len(self.environment.outside))]
        waits += [self._policy_host(*one) for one in self.environment.policy_hosts.items()]
        self._microsoft_365(stack)
        for number, party in enumerate(self.environment.third_parties):
            self.third_parties[party.name] = self.host(f"third-{number}", party.sends_from)
        self.stranger = self.host("stranger", (STRANGER_ADDRESS, STRANGER_IPV6))
        for host, addresses, port in waits:
            self.programs.wait(host, addresses, port)

    def host(
        self, name: str, addresses: tuple[IPAddress, ...], sends_from: tuple[IPAddress, ...] = (), **etc: str
    ) -> Host:
        """Add a host whose resolver is that of the lab."""
        files = {"resolv.conf": f"nameserver {RESOLVER}\n", "hosts": "127.0.0.1 localhost\n", **etc}
        return self.network.host(name, addresses, sends_from, files.items())

    def room(self, name: str) -> Path:
        """Give the folder of a server by the name under which it is listed: queues, mailboxes, logs."""
        return self.folder / name

    def _room(self, name: str) -> Path:
        self.room(name).mkdir()
        return self.room(name)

    def _name_servers(self) -> tuple[Host, tuple[IPAddress, ...], int]:
        authorities = tuple(_authorities(self.environment))
        host = self.host("dns", (*authorities, RESOLVER))
        folder = self._room("dns")
        name_servers.write(folder, zones(self.environment), authorities, RESOLVER)
        self.programs.start(host, "nsd", "nsd", "-d", "-c", folder / "nsd.conf")
        self.programs.start(host, "unbound", "unbound", "-d", "-c", folder / "unbound.conf")
        return host, (*authorities, RESOLVER), 53

    def _own_server(self, number: int) -> tuple[Host, tuple[IPAddress, ...], int]:
        server = self.environment.on_premises.servers[number]
        host = self.own[server.name] = self.host(f"own-{number}", server.listens, server.sends_from)
        folder = self._room(server.name)
        postfix.write(folder, self.environment, server, self._keys)
        if self.environment.disturbed.get(server.name) == "silent":
            return host, (), 25
        self.programs.start(host, server.name, *postfix.command(folder))
        return host, server.listens, 25

    def _outside(self, number: int) -> tuple[Host, tuple[IPAddress, ...], int]:
        outside = self.environment.outside[number]
        etc = {file: Path("/etc", file).read_text(encoding="utf-8") for file in ("passwd", "group")}
        if "Debian-exim" not in {user.pw_name for user in pwd.getpwall()}:
            etc = {"passwd": etc["passwd"] + exim.USER, "group": etc["group"] + exim.GROUP}
        host = self.outside[outside.domain] = self.host(f"outside-{number}", outside.address, **etc)
        folder = self._room(outside.domain)
        program = exim.write(folder, outside, self._keys)
        self.programs.start(host, outside.domain, program, "-C", folder / "exim.conf", "-bdf", "-q10s")
        return host, outside.address, 25

    def _policy_host(self, domain: str, hosting: PolicyHost) -> tuple[Host, tuple[IPAddress, ...], int]:
        """Let OpenSSL's small web server hand out an MTA-STS policy: it gives files as text/plain."""
        (address,) = hosting.listens
        host = self.host("web", hosting.listens)
        folder = self._room(hosting.name)
        file = folder / PATH.lstrip("/")
        file.parent.mkdir()
        file.write_bytes(hosting.policy)
        leaf = Keys.write(folder / "web.pem", self._keys.twin(hosting.certificate))
        serve = ("s_server", "-quiet", "-WWW", "-accept", f"{address}:{PORT}", "-cert", leaf)
        self.programs.start(host, domain, "sh", "-c", 'cd "$0" && exec "$@"', folder, "openssl", *serve)
        return host, hosting.listens, PORT

    def _microsoft_365(self, stack: ExitStack) -> None:
        listens, sends_from = microsoft_365_addresses(self.environment)
        host = self.host("microsoft-365", (*listens, *relay_pool(self.environment)), sends_from)
        self.loop = stack.enter_context(loop_at(host))
        self.microsoft_365 = Microsoft365(self.environment, RESOLVER)
        self.loop.call(self.microsoft_365.start(), START_S)
        stack.callback(lambda: self.loop.call(self.microsoft_365.stop(), START_S))


@contextmanager
def loop_at(host: Host) -> Iterator[EventLoopThread]:
    """Give an event loop on a host: what it connects to, it reaches from there."""

    async def enter() -> None:
        host.enter()

    with EventLoopThread() as loop:
        loop.call(enter(), START_S)
        yield loop


def _authorities(environment: Environment) -> Iterator[IPAddress]:
    """Give the addresses of the planned name servers, as the planned zones themselves have them."""
    found = {}
    for zone in environment.zones.values():
        for name, rdataset in zone.iterate_rdatasets(dns.rdatatype.NS):
            if name == zone.origin:
                for record in rdataset:
                    for other in environment.zones.values():
                        for kind in ("A", "AAAA"):
                            addresses = other.get_rdataset(record.target, kind) or ()
                            found |= dict.fromkeys(ip_address(one.address) for one in addresses)
    return iter(found)

"""Postfix as an own server: what `other:` says of it in environment.yaml, in the words of postconf(5)."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from mailflow.environment.environment import Environment, OtherServer, Route, Server
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import Network
from mailflow.mail.address import Address
from tests.real.keys import Keys

_MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/conf
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
default_database_type = texthash
biff = no
myhostname = {server.greets_as}
myorigin = {server.name}
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8 {relays_for}
inet_interfaces = all
inet_protocols = {families}
smtpd_client_restrictions = {clients}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
# environment.yaml says for which domains it takes mail, and names no recipients: what it cannot deliver comes back.
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = {accepts_for}
virtual_mailbox_maps = $default_database_type:$config_directory/mailboxes
virtual_mailbox_base = {folder}
virtual_alias_maps = $default_database_type:$config_directory/aliases
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
transport_maps = $default_database_type:$config_directory/transport
smtpd_tls_received_header = yes
smtpd_tls_security_level = {offers_tls}
smtpd_tls_chain_files = {chain}
smtpd_tls_protocols = {protocols}
smtpd_tls_session_cache_database =
smtp_tls_security_level = may
smtp_tls_loglevel = 1
smtp_address_preference = ipv4
smtp_connect_timeout = 5s
smtputf8_enable = no
# The oldest protocols are not to be had otherwise: a fault of its own.
tls_medium_cipherlist = DEFAULT:@SECLEVEL={security_level}
"""

_MASTER = """\
smtp       inet  n - n - - smtpd
pickup     unix  n - n 60 1 pickup
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
verify     unix  - - n - 1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n - - proxymap
proxywrite unix  - - n - 1 proxymap
smtp       unix  - - n - - smtp
relay      unix  - - n - - smtp
showq      unix  n - n - - showq
error      unix  - - n - - error
retry      unix  - - n - - error
discard    unix  - - n - - discard
virtual    unix  - n n - - virtual
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
postlog    unix-dgram n - n - 1 postlogd
"""


def write(folder: Path, environment: Environment, server: Server, keys: Keys) -> None:
    """Write main.cf, master.cf and the tables of an own server into conf/; its mailboxes are below mail/."""
    facts = server.other
    if facts is None:
        raise ValueError(f"{server.name} is described by exports: Exchange Server cannot be had here")
    does = environment.disturbed.get(server.name)
    chain = keys.write(folder / "chain.pem", keys.twin(server.certificate)) if server.certificate else ""
    user = pwd.getpwnam("nobody")
    _make(folder / "mail", "nobody", "root", 0o755)
    _make(folder / "data", "postfix", "root", 0o700)
    _make_queue(folder / "queue")
    conf = folder / "conf"
    conf.mkdir()
    main = _MAIN.format(
        folder=folder,
        server=server,
        relays_for=_addresses(_relays_for(environment, facts)),
        families=", ".join(sorted({f"ipv{address.version}" for address in server.listens})),
        clients="permit_mynetworks, check_client_access cidr:$config_directory/clients, reject"
        if facts.accepts_from
        else "",
        accepts_for=" ".join(facts.accepts_for),
        user=user.pw_uid,
        group=user.pw_gid,
        offers_tls="may" if chain and facts.starttls and does != "no-starttls" else "none",
        chain=chain,
        protocols="<=TLSv1.1" if does == "tls-1.1" else ">=TLSv1.2",
        security_level=0 if does == "tls-1.1" else 2,
    )
    (conf / "main.cf").write_text(main, encoding="utf-8")
    (conf / "master.cf").write_text(_MASTER + "".join(_ways(facts.routes, chain)), encoding="utf-8")
    _table(conf / "clients", ((str(network), "OK") for network in facts.accepts_from or ()))
    mailboxes = environment.mailboxes
    kept = [*(a for a in mailboxes.on_premises if a not in mailboxes.forwards), *map(full_mailbox, facts.accepts_for)]
    _table(conf / "mailboxes", ((str(a), f"mail/{a}/") for a in kept))
    aliases = {a: mailboxes.forwards[a] for a in mailboxes.on_premises if a in mailboxes.forwards}
    _table(conf / "aliases", ((str(a), str(to)) for a, to in (aliases | dict(facts.routing_addresses)).items()))
    _table(conf / "transport", _transport(facts))
    for file in conf.iterdir():
        os.utime(file, (0, 0))  # Postfix waits a second or two for a file that has just been written (dict_load_file)


def command(folder: Path) -> tuple[str, ...]:
    """Give the command that becomes master(8): `postfix start-fg` would leave it behind, and checks for seconds."""
    return (f"{_daemons()}/master", "-c", str(folder / "conf"), "-d")


@cache
def _daemons() -> str:
    asked = ("postconf", "-dh", "daemon_directory")
    return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def _make_queue(queue: Path) -> None:
    """Make what `postfix check` would, in postfix-files(5)."""
    _make(queue, "root", "root", 0o755)
    _make(queue / "pid", "root", "root", 0o755)
    for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved"):
        _make(queue / name, "postfix", "root", 0o700)
    _make(queue / "trace", "postfix", "root", 0o700)
    _make(queue / "maildrop", "postfix", "postdrop", 0o730)
    _make(queue / "public", "postfix", "postdrop", 0o710)


def _make(folder: Path, user: str, group: str, mode: int) -> None:
    folder.mkdir()
    shutil.chown(folder, user, group)
    folder.chmod(mode)


def full_mailbox(domain: str) -> Address:
    """Name a mailbox that takes nothing more: what is sent there, the server returns."""
    return Address("full", domain)


def _relays_for(environment: Environment, facts: OtherServer) -> Iterator[Network]:
    yield from facts.relays_for
    ranges = environment.microsoft_365.cloud.ranges
    if facts.relays_for_microsoft_365 and not isinstance(ranges, Unknown):
        yield from ranges


def _addresses(networks: Iterable[Network]) -> str:
    """Write networks as postconf(5) has them in mynetworks: those of IPv6 in brackets."""
    return " ".join(
        f"[{network.network_address}]/{network.prefixlen}" if network.version == 6 else str(network)
        for network in networks
    )


def _ways(routes: Iterable[Route], chain: str) -> Iterator[str]:
    """Give each route a client of its own in master.cf: only there can TLS and certificate differ."""
    for number, route in enumerate(routes):
        yield f"route{number} unix - - n - - smtp\n"
        yield f"  -o smtp_tls_security_level={'encrypt' if route.require_tls else 'may'}\n"
        if route.presents_certificate and chain:
            yield f"  -o smtp_tls_chain_files={chain}\n"


def _transport(facts: OtherServer) -> Iterator[tuple[str, str]]:
    """Write transport(5). What the server takes for its own mailboxes stays, whatever the route of all others."""
    named = {route.domain for route in facts.routes}
    if both := named & set(facts.accepts_for):
        raise ValueError(f"a domain with mailboxes here and a route of its own is not built: {', '.join(both)}")
    yield from ((domain, "virtual:") for domain in facts.accepts_for)
    yield from ((str(full_mailbox(domain)), "error:5.2.2 Mailbox full") for domain in facts.accepts_for)
    for number, route in enumerate(facts.routes):
        hop = f"[{route.smart_host}]" if route.smart_host else ""
        yield route.domain.removeprefix("*") if route.domain != "*" else "*", f"route{number}:{hop}"


def _table(file: Path, entries: Iterable[tuple[str, str]]) -> None:
    file.write_text("".join(f"{key} {value}\n" for key, value in entries), encoding="utf-8")

"""Exim as the mail server of somebody outside: mailboxes of one domain, nothing relayed, sends by MX."""

import os
import shutil
from pathlib import Path

from mailflow.environment.environment import Outside
from tests.real.keys import Keys

# Debian's Exim gives up root for this user. It exists on the host of the test only, not on the machine.
USER = "Debian-exim:x:9125:9125::/nonexistent:/usr/sbin/nologin\n"
GROUP = "Debian-exim:x:9125:\n"
NUMBER = 9125

_CONFIGURATION = """\
exim_path = {program}
primary_hostname = {outside.host}
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%s.log
pid_file_path = {folder}/exim.pid
keep_environment =
local_interfaces = <; 127.0.0.1 ; {listens}
tls_advertise_hosts = *
tls_certificate = {chain}
tls_privatekey = {chain}
disable_ipv6 = false
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = recipient
smtp_accept_max = 50
# One user does everything here: no mailbox belongs to anybody else.
deliver_drop_privilege = true
never_users =

begin acl

recipient:
  accept hosts = 127.0.0.1
  accept domains = {outside.domain}
         verify = recipient
  deny   domains = {outside.domain}
         message = 5.1.1 User unknown
  deny   message = 5.7.1 Relaying denied

begin routers

here:
  driver = accept
  domains = {outside.domain}
  local_parts = {mailboxes}
  transport = maildir

nobody:
  driver = redirect
  domains = {outside.domain}
  allow_fail
  data = :fail: User unknown

elsewhere:
  driver = dnslookup
  transport = remote
  ignore_target_hosts = 127.0.0.0/8
  no_more

begin transports

maildir:
  driver = appendfile
  directory = {folder}/mail/${{local_part_data}}@{outside.domain}
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  user = Debian-exim

remote:
  driver = smtp
  connect_timeout = 5s

begin retry

* * F,1d,1h
"""


def program() -> Path:
    """Find Exim. Debian does not install it beside Postfix: MAILFLOW_EXIM names one that was only unpacked.

    Raises:
        FileNotFoundError: there is none.

    """
    found = os.environ.get("MAILFLOW_EXIM") or shutil.which("exim4") or shutil.which("exim")
    if not found or not Path(found).is_file():
        raise FileNotFoundError("no Exim: run tests/real/install_servers and name it in MAILFLOW_EXIM, or tox -e real")
    return Path(found)


def write(folder: Path, outside: Outside, keys: Keys) -> Path:
    """Write exim.conf of an outside party, whose mailboxes are below mail/; gives the program to run with it.

    It is a copy: without root Exim starts itself anew, from a place where its user may read (.tox/ is closed to it).
    """
    copied = folder / "exim4"
    shutil.copyfile(program(), copied)
    copied.chmod(0o755)
    keys.write(folder / "chain.pem", keys.authorities.issue(outside.host))
    for name in ("mail", "spool"):
        (folder / name).mkdir()
        shutil.chown(folder / name, NUMBER)
    shutil.chown(folder, NUMBER)
    shutil.chown(folder / "chain.pem", NUMBER)
    (folder / "exim.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            outside=outside,
            program=copied,
            listens=" ; ".join(map(str, outside.address)),
            chain=folder / "chain.pem",
            mailboxes=" : ".join(address.local for address in outside.mailboxes),
        ),
        encoding="utf-8",
    )
    return copied

"""Smart hosts that are written as addresses, and those that a connector cannot reach."""

from collections.abc import Iterable
from ipaddress import ip_address

from mailflow.exchange.cloud import Cloud, is_microsoft_host
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.server import SendConnector, SmartHostAuth
from mailflow.mail.reply import Reply
from mailflow.routing.decision import Hold, Rule

SMTP_PORT = 25


def note_addresses(hosts: Iterable[str], cloud: Cloud, assume: Assumptions) -> None:
    """Say where Microsoft 365 is named by an address: its host name leads to the region of the tenant, that may not.

    Source: Non-delivery reports, 451 4.4.62 ("wrong Office 365 region").
    """
    ranges = () if isinstance(cloud.ranges, Unknown) else cloud.ranges
    for host in hosts:
        try:
            address = ip_address(host.strip("[]"))
        except ValueError:
            continue
        if any(address in network for network in ranges):
            assume.note(
                f"whether Microsoft 365 takes mail at {address} rests on the region behind that address; its host name "
                "leads to the right one (Non-delivery reports, 451 4.4.62 ATTR35)"
            )


def out_of_reach(connector: SendConnector, hosts: tuple[str, ...], assume: Assumptions) -> Hold | None:
    """Let mail wait where a connector gets nowhere though its hosts are there: by its port, or by how it signs in.

    `hosts`: none with DNS routing. MX hosts listen on port 25 (RFC 5321 section 4.5.4.2), those of Microsoft 365 there
    alone, and offer no AUTH (Route mail); of another smart host nobody says.
    """
    port = assume(connector.port, SMTP_PORT)
    auth = assume(connector.smart_host_auth_mechanism, SmartHostAuth.NONE) if hosts else SmartHostAuth.NONE
    known = all(map(is_microsoft_host, hosts))
    if port != SMTP_PORT and known:
        why = Rule(f"send connector '{connector.name}' goes to port {port}, where nobody listens", "Set-SendConnector")
        return Hold(Reply(451, "4.4.1", f"no connection to port {port}"), why)
    if auth.signs_in and known:
        why = Rule(f"send connector '{connector.name}' signs in ({auth}) where nobody can", "Set-SendConnector")
        return Hold(Reply(451, "4.7.0", "AUTH is not offered"), why)
    if port != SMTP_PORT:
        assume.note(f"send connector '{connector.name}' goes to port {port}, and who listens there is not known")
    return None

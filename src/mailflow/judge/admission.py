"""Judges from which addresses the own servers take mail: from all of Microsoft 365, and from whom else."""

from collections.abc import Iterator, Sequence

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.exchange.address_range import EVERYTHING, AddressRange, networks, spanned, without
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import OutboundConnector
from mailflow.exchange.server import ReceiveConnector
from mailflow.judge import evidence
from mailflow.judge.outbound import next_servers
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.private_address import PRIVATE
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.router import own_router

_WIDE = 8  # whoever lets in more addresses than one network of this prefix has means nobody in particular
_SHOWN = 6  # networks in one sentence


def of_microsoft_365(environment: Environment, connector: OutboundConnector | None) -> Finding:
    """Judge whether the servers to which a connector hands over talk to every published address of Microsoft 365.

    Of each server as far as it listens: IPv4, IPv6. Source: Route mail, Prerequisites, steps 5 and 6.
    """
    asked = "the on-premises server takes mail from every address of Microsoft 365"
    if connector is None:
        return not_applicable(asked, "there is no such connector")
    servers = [server for server in next_servers(environment, connector) if server.listens]
    if not servers:
        return not_verified(asked, "no smart host of it is a server of the environment that listens")
    assume, published = Assumptions(), environment.microsoft_365.cloud.ranges
    wanted = EVERYTHING if isinstance(published, Unknown) else spanned(published)
    shown = tuple(line for server in servers for line in _shown(environment, server))
    missing = [(one, ranges) for one in servers if (ranges := _missing(environment, one, wanted, assume))]
    seen = "; ".join(f"{server.name} does not talk to {_told(ranges)}" for server, ranges in missing)
    if seen and isinstance(published, Unknown):
        assume.note(published.why)
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if seen:
        remedy = "\n".join(_let_in(environment, server, ranges) for server, ranges in missing)
        return non_compliant(asked, seen, *shown, remedy=remedy)
    return compliant(asked, f"{', '.join(server.name for server in servers)} does", *shown)


def _missing(
    environment: Environment, server: Server, wanted: Sequence[AddressRange], assume: Assumptions
) -> tuple[AddressRange, ...]:
    families = {address.version for address in server.listens}
    reachable = [one for one in wanted if one.version in families]
    return without(reachable, own_router(environment, server).takes_from(assume))


def _let_in(environment: Environment, server: Server, missing: Sequence[AddressRange]) -> str:
    """Say where the ranges that are missing are to be written."""
    written = [str(network) for network in networks(missing)]
    if server.other is not None:
        firewall = f"Let the firewall and {server.name} take mail (TCP port 25) from {', '.join(written)}"
        return f"{firewall}; accepts_from in environment.yaml says so"
    added = ",".join(f'"{one}"' for one in written)
    return (
        f"Let the firewall pass TCP port 25 from there, and a receive connector of {server.name} talk to it:\n"
        f'Set-ReceiveConnector "{_nearest(environment, server)}" -RemoteIPRanges @{{Add={added}}}'
    )


def _nearest(environment: Environment, server: Server) -> str:
    """Name the connector that has most of Microsoft's addresses already, as Exchange identifies it."""
    cloud = environment.microsoft_365.cloud
    published = () if isinstance(cloud.ranges, Unknown) else spanned(cloud.ranges)

    def lacks(one: ReceiveConnector) -> int:
        has = Assumptions().listed(one.remote_ip_ranges)
        return sum(left.size for left in without(published, has) if left.version == 4)

    connectors = ExchangeServerRouter(environment, server).receive_connectors(Assumptions())
    best = min(connectors, key=lacks, default=None)
    if best is None:
        return "<connector>"
    return best.name if isinstance(best.server, Unknown) else f"{best.server}\\{best.name}"


def of_nobody_else(environment: Environment, domain: Domain) -> Finding:
    """Judge whether the own servers take mail of a stranger from no address that is neither Microsoft's nor known.

    Known are the addresses that the environment names somebody for. Source: Lock-down.
    """
    asked = f"the on-premises servers take mail for {domain.name} from Microsoft 365 and known addresses alone"
    assume = Assumptions()
    servers = [server for server in environment.on_premises.servers if server.public_listens]
    if not servers:
        return not_verified(asked, "the environment names no public address at which an on-premises server listens")
    cloud = environment.microsoft_365.cloud
    microsoft = () if isinstance(cloud.ranges, Unknown) else cloud.ranges
    pool = () if isinstance(cloud.relay_pool, Unknown) else cloud.relay_pool
    known = (*spanned((*PRIVATE, *microsoft, *pool)), *_known(environment))
    shown = tuple(line for server in servers for line in _shown(environment, server))
    strange = [(one, ranges) for one in servers if (ranges := _strangers(environment, one, known, assume))]
    seen = "; ".join(f"{server.name} takes it from {_told(ranges)}" for server, ranges in strange)
    if any(_wide(ranges) for _, ranges in strange):
        return non_compliant(asked, seen, *shown)
    if strange and isinstance(cloud.ranges, Unknown):
        assume.note(f"{seen}; {cloud.ranges.why}")
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if strange:
        names = ", ".join(server.name for server, _ in strange)
        remedy = f"Name in environment.yaml who that is, or let {names} take no mail from there"
        return not_verified(asked, f"whom that is for is not known: {seen}", *shown, remedy=remedy)
    return compliant(asked, "from nobody else", *shown)


def _strangers(
    environment: Environment, server: Server, known: Sequence[AddressRange], assume: Assumptions
) -> tuple[AddressRange, ...]:
    return without(own_router(environment, server).takes_from(assume, anonymous=True), known)


def _known(environment: Environment) -> tuple[AddressRange, ...]:
    found = [address for server in environment.servers for address in server.sends_from]
    found += [address for party in environment.third_parties for address in party.sends_from]
    found += [address for device in environment.devices for address in device.sends_from]
    return spanned(found)


def _wide(ranges: Sequence[AddressRange]) -> bool:
    bits = {4: 32, 6: 128}
    return any(one.size > 2 ** (bits[one.version] - _WIDE) for one in ranges)


def _shown(environment: Environment, server: Server) -> Iterator[Evidence]:
    """Show what decides to whom a server talks."""
    if server.other is not None:
        allowed = server.other.accepts_from
        yield evidence.stated(
            server.origin, f"accepts_from of {server.name}", "anybody" if allowed is None else allowed
        )
        return
    for one in ExchangeServerRouter(environment, server).receive_connectors(Assumptions()):
        ranges = one.remote_ip_ranges
        told = ranges if isinstance(ranges, Unknown) else _told(ranges)
        yield evidence.setting(one.origin, "RemoteIPRanges", f"receive connector '{one.name}'", told)


def _told(ranges: Sequence[AddressRange]) -> str:
    written = list(map(str, networks(ranges)))
    more = f" and {len(written) - _SHOWN} networks more" if len(written) > _SHOWN else ""
    return ", ".join(written[:_SHOWN]) + more

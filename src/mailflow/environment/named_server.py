"""Which own servers stand behind a name that a connector hands over to."""

from mailflow.environment.environment import Environment, Server
from mailflow.environment.zones import find_records


def servers_named(environment: Environment, host: str) -> tuple[Server, ...]:
    """Find the own servers that a smart host names: by name or address, or by a name that the plan gives to them alone.

    Several servers behind one name (`mail.contoso.com` with an address record of each) are common.
    """
    plain = host.strip("[]")
    servers = environment.on_premises.servers
    named = tuple(server for server in servers if plain == server.name or plain in map(str, server.listens))
    if named or plain != host:
        return named
    records = [find_records(environment.zones, host, kind) or () for kind in ("A", "AAAA")]
    addresses = {record.address for found in records for record in found}
    behind = tuple(server for server in servers if addresses & {*map(str, server.listens)})
    strange = addresses - {str(address) for server in behind for address in server.listens}
    return () if strange else behind

"""The rules for each own server, by what it is, and for those of a filtering service."""

from datetime import UTC, datetime

from mailflow.environment.environment import Environment, Server
from mailflow.exchange.known import Unknown
from mailflow.routing.edge_server import EdgeServerRouter
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.other_server import OtherServerRouter


def own_router(
    environment: Environment, server: Server, now: datetime | None = None
) -> ExchangeServerRouter | OtherServerRouter:
    """Give the rules of an own server; certificates are in date or not at `now` (aware; default: this moment)."""
    if server.other is not None:
        return OtherServerRouter(environment, server, server.other)
    store = environment.on_premises.exchange.certificates
    moment = now or datetime.now(UTC)
    dated = () if isinstance(store, Unknown) else store
    expired = {c.thumbprint for c in dated if not isinstance(c.not_after, Unknown) and c.not_after < moment}
    shown = server.certificate
    shown_expired = shown is not None and shown.leaf.not_valid_after_utc < moment
    rules = EdgeServerRouter if server.is_edge else ExchangeServerRouter
    return rules(environment, server, frozenset(expired), shown_expired)


def filter_router(environment: Environment, server: Server) -> OtherServerRouter:
    """Give the rules of a server of a filtering service.

    Raises:
        ValueError: nobody said what it does.

    """
    if server.other is None:
        raise ValueError(f"{server.name} is no server of a filtering service")
    return OtherServerRouter(environment, server, server.other, has_mailboxes=False)

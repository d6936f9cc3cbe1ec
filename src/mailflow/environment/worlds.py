"""The worlds around a change of the MX record, beside the planned one: made of the plan and of what was before.

What the record of the time before does not hold (mailboxes, accepted domains, servers that are not Exchange) is
taken as planned. Pure.
"""

from dataclasses import fields, replace
from enum import StrEnum
from typing import TypeVar

from mailflow.environment.environment import Before, Domain, Environment
from mailflow.environment.mailboxes import Home
from mailflow.environment.message import STRANGER, Kind, TestMessage, messages
from mailflow.environment.zones import find_records
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ExchangeOnline
from mailflow.exchange.server import ExchangeServer
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope

Exports = TypeVar("Exports", ExchangeOnline, ExchangeServer)


class World(StrEnum):
    """Which world it is."""

    ROLLBACK = "everything as before the change"
    OVERLAP = "the MX record as planned, the side of the old MX hosts as before the change"


# Mail between mailboxes and the Internet: what must go on whatever the MX record says.
CLASSES = (
    Kind.INTERNET_TO_CLOUD,
    Kind.INTERNET_TO_ON_PREMISES,
    Kind.INTERNET_TO_BOTH,
    Kind.CLOUD_TO_INTERNET,
    Kind.CLOUD_TO_ON_PREMISES,
    Kind.CLOUD_TO_CLOUD,
    Kind.ON_PREMISES_TO_INTERNET,
    Kind.ON_PREMISES_TO_CLOUD,
)


def old_mx_hosts(environment: Environment, domain: Domain) -> tuple[str, ...]:
    """Give the hosts that the MX record of a domain named before the change; none where that is not recorded."""
    found = find_records(environment.before.zones, domain.name, "MX") if environment.before else None
    return tuple(sorted({record.exchange.to_text(omit_final_dot=True).lower() for record in found or ()}))


def is_own(environment: Environment, host: str) -> bool:
    """Whether a host is one of the own servers."""
    return any(server.name == host for server in environment.on_premises.servers)


def in_world(environment: Environment, world: World) -> Environment:
    """Give an environment as it is in another world.

    In the overlap senders still use the old MX record while the new one is published. The planned end state may
    lock the old side, and lock-downs come last: so that side is as it was.

    Raises:
        ValueError: what was before is not recorded.

    """
    before = environment.before
    if before is None:
        raise ValueError(f"{environment.name} does not record what was before the change")
    if world is World.ROLLBACK:
        changed = _tenant_as_before(_own_servers_as_before(environment, before), before)
        return replace(changed, zones={**environment.zones, **before.zones})
    old = {host for domain in environment.domains for host in old_mx_hosts(environment, domain)}
    if any(is_own(environment, host) for host in old):
        environment = _own_servers_as_before(environment, before)
    if any(map(is_microsoft_host, old)):
        environment = _tenant_as_before(environment, before)
    return environment


def _tenant_as_before(environment: Environment, before: Before) -> Environment:
    tenant = environment.microsoft_365
    return replace(environment, microsoft_365=replace(tenant, online=_as_before(tenant.online, before.online)))


def _own_servers_as_before(environment: Environment, before: Before) -> Environment:
    own = environment.on_premises
    return replace(environment, on_premises=replace(own, exchange=_as_before(own.exchange, before.exchange)))


def _as_before(planned: Exports, before: Exports) -> Exports:
    held = {one.name: getattr(before, one.name) for one in fields(before)}
    return replace(planned, **{name: value for name, value in held.items() if not isinstance(value, Unknown)})


def messages_in(environment: Environment, domain: Domain, world: World) -> tuple[TestMessage, ...]:
    """Give the messages that tell whether a domain's mail gets through in another world."""
    if world is World.ROLLBACK:
        return tuple(message for kind in CLASSES for message in messages(environment, domain, kind))
    places = ((Kind.INTERNET_TO_CLOUD, Home.CLOUD), (Kind.INTERNET_TO_ON_PREMISES, Home.ON_PREMISES))
    return tuple(
        TestMessage(kind, STRANGER, Envelope(Address("somebody", STRANGER), (recipient,)), host)
        for host in old_mx_hosts(environment, domain)
        if is_own(environment, host) or is_microsoft_host(host)
        for kind, home in places
        for recipient in environment.mailboxes_in(domain, home)
    )

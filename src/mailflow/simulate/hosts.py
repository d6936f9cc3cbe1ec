"""Who there is in a simulated world: Microsoft 365, the own servers, the outside, third parties, a stranger."""

from collections.abc import Iterator

import trustme

from mailflow.environment.environment import Device, Environment, Server
from mailflow.environment.message import MICROSOFT_365, STRANGER
from mailflow.exchange.replies import cannot_connect, no_tls_channel
from mailflow.routing.decision import Client, Reception, Router
from mailflow.routing.device import device_router
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.microsoft_365 import Microsoft365Router
from mailflow.routing.outside import OutsideRouter, StrangerRouter, SwallowingRouter
from mailflow.routing.router import filter_router, own_router
from mailflow.simulate.certificates import Authorities
from mailflow.simulate.mta import Mta, World
from mailflow.simulate.zones import STRANGER_ADDRESS, STRANGER_ADDRESS_6, microsoft_365_addresses, relay_pool


def hosts(environment: Environment, authorities: Authorities, world: World) -> dict[str, Mta]:
    """Give every MTA under the names by which test messages are submitted."""
    found: dict[str, Mta] = {}
    for mta, *names in _hosts(environment, authorities, world):
        for name in (mta.name, *names):
            found.setdefault(name, mta)
    return found


def _hosts(environment: Environment, authorities: Authorities, world: World) -> Iterator[tuple[Mta, *tuple[str, ...]]]:
    others = (outside.domain for outside in environment.outside if outside.tenant_id)
    yield _microsoft_365(environment, authorities, world), *others
    for server in environment.on_premises.servers:
        yield (_server(environment, server, own_router(environment, server), authorities, world),)
    for outside in environment.outside:
        if not outside.tenant_id:
            leaf = authorities.issue(outside.host)
            yield (
                Mta(
                    name=outside.host,
                    greets_as=outside.host,
                    router=OutsideRouter(outside.mailboxes, outside.host),
                    listens=outside.address,
                    sends_from=outside.address,
                    world=world,
                    tls_failure=no_tls_channel,
                    server_context=authorities.server_context(leaf),
                ),
                outside.domain,
            )
    for party in environment.third_parties:
        for server in party.servers:
            yield (_server(environment, server, filter_router(environment, server), authorities, world),)
        if party.sends_as:
            router = OutsideRouter((), party.greets_as, party.dkim)
            yield Mta(party.greets_as, party.greets_as, router, (), party.sends_from, world, no_tls_channel), party.name
    for device in environment.devices:
        if device.hands_over:
            yield (_device(environment, device, authorities, world),)
    stranger = Mta(
        name=STRANGER,
        greets_as=STRANGER,
        router=StrangerRouter((), STRANGER),
        listens=(STRANGER_ADDRESS,),
        sends_from=(STRANGER_ADDRESS, STRANGER_ADDRESS_6),
        world=world,
        tls_failure=no_tls_channel,
    )
    yield (stranger,)


def _microsoft_365(environment: Environment, authorities: Authorities, world: World) -> Mta:
    suffix = environment.microsoft_365.cloud.mx_suffix
    listens, sends_from = microsoft_365_addresses(environment)
    leaf = authorities.issue(suffix, f"*.{suffix}")
    return Mta(
        name=MICROSOFT_365,
        greets_as=f"am6eur05ft012.{suffix}",
        router=Microsoft365Router(environment),
        listens=listens,
        sends_from=sends_from,
        relay_pool=relay_pool(environment),
        world=world,
        tls_failure=cannot_connect,
        stamps=_stamps,
        leaf=leaf,
        server_context=authorities.server_context(leaf),
    )


def _stamps(reception: Reception) -> tuple[tuple[str, str], ...]:
    """Header fields by which a passage through Microsoft 365 is recognised (anti-spam message headers)."""
    entity = "HybridOnPrem" if reception.from_on_premises else "Hosted" if reception.submitted else "Internet"
    return (
        ("X-MS-Exchange-Organization-MessageDirectionality", reception.direction.value),
        ("X-MS-Exchange-CrossTenant-FromEntityHeader", entity),
        ("X-MS-Exchange-CrossTenant-Id", reception.tenant_id),
    )


def _device(environment: Environment, device: Device, authorities: Authorities, world: World) -> Mta:
    leaf = authorities.twin(device.certificate) if device.certificate else None
    router = device_router(environment, device)
    return Mta(device.name, device.greets_as, router, (), device.sends_from, world, no_tls_channel, leaf=leaf)


def _server(environment: Environment, server: Server, router: Router, authorities: Authorities, world: World) -> Mta:
    leaf: trustme.LeafCert | None = authorities.twin(server.certificate) if server.certificate else None
    does = environment.disturbed.get(server.name)  # what a fault makes it do
    starttls = does != "no-starttls" and (server.other is None or server.other.starttls)
    if isinstance(router, ExchangeServerRouter):
        # This matters to Microsoft 365 only, which hands over by TLS or not at all.
        _, hands_over_from = microsoft_365_addresses(environment)
        starttls = starttls and all(router.offers_starttls(Client(address)) for address in hands_over_from)
    unsupplied = f"the environment names no certificate for {server.name}" if starttls and leaf is None else ""
    return Mta(
        name=server.name,
        greets_as=server.greets_as,
        router=SwallowingRouter(router) if does == "swallows" else router,
        listens=() if does == "silent" else server.listens,
        sends_from=server.sends_from,
        world=world,
        tls_failure=no_tls_channel,
        leaf=leaf,
        server_context=authorities.server_context(leaf) if leaf is not None and starttls else None,
        outdated=does == "tls-1.1",
        unsupplied=unsupplied,
    )

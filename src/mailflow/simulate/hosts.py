"""Who there is in a simulated world: Microsoft 365, the own servers, the outside, third parties, a stranger."""

from collections.abc import Iterator
from dataclasses import dataclass

import trustme

from mailflow.environment.environment import Environment, Server
from mailflow.environment.message import MICROSOFT_365, STRANGER
from mailflow.exchange.known import Assumptions
from mailflow.exchange.replies import cannot_connect, no_tls_channel
from mailflow.mail.address import Address
from mailflow.routing.decision import (
    Action,
    Client,
    Deliver,
    Direction,
    Held,
    Reception,
    Refuse,
    Relay,
    Router,
    Rule,
)
from mailflow.routing.microsoft_365 import Microsoft365Router
from mailflow.routing.outside import OutsideRouter
from mailflow.routing.router import own_router
from mailflow.simulate.certificates import Authorities
from mailflow.simulate.mta import Mta, World
from mailflow.simulate.zones import STRANGER_ADDRESS, microsoft_365_addresses

_STRANGERS_OWN = Rule("the stranger takes whatever reaches it", "the test")


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
        yield (_own_server(environment, server, authorities, world),)
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
        router = OutsideRouter((), party.greets_as)
        yield Mta(party.greets_as, party.greets_as, router, (), party.sends_from, world, no_tls_channel), party.name
    stranger = Mta(
        name=STRANGER,
        greets_as=STRANGER,
        router=TakesEverything((), STRANGER),
        listens=(STRANGER_ADDRESS,),
        sends_from=(STRANGER_ADDRESS,),
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


def _own_server(environment: Environment, server: Server, authorities: Authorities, world: World) -> Mta:
    leaf: trustme.LeafCert | None = authorities.twin(server.certificate) if server.certificate else None
    starttls = leaf is not None and (server.other is None or server.other.starttls)
    return Mta(
        name=server.name,
        greets_as=server.greets_as,
        router=own_router(environment, server),
        listens=server.listens,
        sends_from=server.sends_from,
        world=world,
        tls_failure=no_tls_channel,
        leaf=leaf,
        server_context=authorities.server_context(leaf) if leaf is not None and starttls else None,
    )


class TakesEverything(OutsideRouter):
    """The stranger's own server: whatever reaches it shows what somebody relayed for the stranger."""

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """Take it."""
        return Reception(Direction.INCOMING, _STRANGERS_OWN)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Keep what others handed over; send what it submits itself."""
        if held.reception.submitted:
            return super().actions(held, assume)
        return (Deliver(held.recipient, _STRANGERS_OWN),)


@dataclass(frozen=True, slots=True)
class Straight:
    """Somebody's rules, but for the next hop: straight to one host, whatever MX records say."""

    host: str
    helo: str
    usual: Router

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """As usual."""
        return self.usual.connection(client, assume)

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """As usual."""
        return self.usual.recipient(client, mail_from, recipient, assume)

    def hop_limit(self) -> tuple[int, Refuse]:
        """As usual."""
        return self.usual.hop_limit()

    def submission(self, mail_from: Address | None) -> Reception:
        """As usual."""
        return self.usual.submission(mail_from)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Straight to the host."""
        return (Relay((self.host,), held.mail_from, Rule("handed over directly, past MX", "the test"), helo=self.helo),)

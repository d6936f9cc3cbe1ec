"""A server that is not Exchange, own or of a filtering service, as an MTA: from the facts in environment.yaml."""

from dataclasses import dataclass

from mailflow.environment.environment import Environment, OtherServer, Route, Server
from mailflow.environment.mailboxes import Home
from mailflow.exchange.address_range import EVERYTHING, AddressRange, spanned
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.mail.address import Address, is_within
from mailflow.mail.reply import Reply
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import (
    OPPORTUNISTIC,
    Action,
    Client,
    Content,
    Deliver,
    Direction,
    Held,
    Hold,
    Reception,
    Redirect,
    Refuse,
    Relay,
    Return,
    Rule,
    TlsDemand,
    Treatment,
)
from mailflow.routing.own_treatment import own_treatment
from mailflow.routing.smart_host import note_addresses

_STATED = "environment.yaml"


@dataclass(frozen=True, slots=True)
class OtherServerRouter:
    """The rules of one server that exports do not describe."""

    environment: Environment
    server: Server
    facts: OtherServer
    has_mailboxes: bool = True  # those on-premises; a filtering service has none

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """`accepts_from`: a firewall that lets only these through."""
        allowed = self.facts.accepts_from
        if allowed is None or any(client.address in network for network in allowed):
            return None
        why = Rule(f"{client.address} is not in accepts_from ({self.server.origin})", _STATED)
        return Refuse(Reply(421, "4.3.2", "Service not available"), why)

    def takes_from(self, assume: Assumptions, *, anonymous: bool = False) -> tuple[AddressRange, ...]:
        """Give the addresses to which it talks: `accepts_from`. Nobody needs to sign in."""
        return EVERYTHING if self.facts.accepts_from is None else spanned(self.facts.accepts_from)

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """`accepts_for` from anybody, `relays_for` to anywhere."""
        if self.accepts(recipient.domain, assume):
            why = Rule(f"accepts_for has {recipient.domain} ({self.server.origin})", _STATED)
            return Reception(Direction.INCOMING, why)
        if any(client.address in network for network in self.facts.relays_for) or self._is_tenant(client, assume):
            why = Rule(f"relays_for has the client ({self.server.origin})", _STATED)
            return Reception(Direction.ORIGINATING, why)
        why = Rule(f"{recipient.domain} is not in accepts_for, the client not in relays_for", _STATED)
        return Refuse(Reply(554, "5.7.1", "Relay access denied"), why)

    def _is_tenant(self, client: Client, assume: Assumptions) -> bool:
        if not self.facts.relays_for_microsoft_365:
            return False
        cloud = self.environment.microsoft_365.cloud
        if client.tls and client.tls.client_trusted and answers_to(client.tls.client_names, cloud.mx_suffix):
            return True
        if isinstance(cloud.ranges, Unknown):
            assume.note(cloud.ranges.why)
            return False
        return any(client.address in network for network in cloud.ranges)

    def accepts(self, name: str, assume: Assumptions) -> bool:
        """Whether it takes mail for a domain from anybody."""
        return any(name == own or (own.startswith("*.") and is_within(name, own[2:])) for own in self.facts.accepts_for)

    def hop_limit(self) -> tuple[int, Refuse]:
        """At least 100 (RFC 5321 section 6.3)."""
        loop = Rule("too many Received fields: a loop", "RFC 5321 section 6.3")
        return 100, Refuse(Reply(554, "5.4.6", "Too many hops"), loop)

    def submission(self, mail_from: Address | None) -> Reception:
        """A mailbox of the server sends, or the server itself."""
        mail, report = Rule("submitted on-premises", "Routing"), Rule("a report of its own", "RFC 5321 section 6.1")
        return Reception(Direction.ORIGINATING, mail if self.has_mailboxes else report, submitted=True)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Decide for one recipient: forwards, mailboxes, routing addresses, routes."""
        mailboxes = self.environment.mailboxes
        if held.resolved:
            return (self._send(held, assume),)
        gateway = self.environment.on_premises.hands_on(self.server, held.recipient.domain)
        if self.has_mailboxes and not gateway and mailboxes.home_of(held.recipient) is Home.ON_PREMISES:
            target = mailboxes.forwards.get(held.recipient)
            if target:
                return (Redirect(target, Rule(f"{held.recipient} forwards", _STATED), forward=True),)
            return (Deliver(held.recipient, Rule("the mailbox is on-premises", _STATED)),)
        routing = self.facts.routing_addresses.get(held.recipient)
        if routing:
            return (Redirect(routing, Rule("routing_addresses names its place in the tenant", _STATED)),)
        route = self._route(held.recipient.domain)
        if self.accepts(held.recipient.domain, assume) and (route is None or route.domain == "*"):
            why = Rule(f"{held.recipient} is unknown here", "RFC 5321 section 3.6.2")
            return (Return(Reply(550, "5.1.1", "User unknown"), why),)
        return (self._send(held, assume),)

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        """What the environment states: exports do not show who signs, nor what other software changes."""
        return own_treatment(self.environment, self.server, content, held, assume)

    def to_internet(self, assume: Assumptions) -> Action:
        """What it does with mail for a domain that no route names."""
        return self._send(Held(Address("somebody", "elsewhere.invalid"), None, self.submission(None)), Assumptions())

    def _send(self, held: Held, assume: Assumptions) -> Action:
        route = self._route(held.recipient.domain)
        if route is None:
            why = Rule(f"no route covers {held.recipient.domain} ({self.server.origin})", _STATED)
            return Hold(Reply(451, "4.4.4", "no route"), why)
        hosts = self._hosts(route.smart_host) if route.smart_host else ()
        tls = TlsDemand(required=True) if route.require_tls else OPPORTUNISTIC
        why = Rule(f"route for {route.domain} ({self.server.origin})", _STATED)
        if route.presents_certificate and self.server.certificate is None:
            assume.note(f"the environment names no certificate for {self.server.name}")
        note_addresses(hosts, self.environment.microsoft_365.cloud, assume)
        shows = route.presents_certificate and self.server.certificate is not None
        return Relay(hosts, held.mail_from, why, "", tls, self.server.greets_as, shows)

    def _hosts(self, smart_host: str) -> tuple[str, ...]:
        """Give a smart host; one behind the gateway by its addresses, as the DNS outside does not know it."""
        inner = (one for one in self.environment.on_premises.servers if one.name == smart_host and not one.is_outer)
        return next((tuple(map(str, one.listens)) for one in inner if one.listens), (smart_host,))

    def _route(self, name: str) -> Route | None:
        covering = [
            r
            for r in self.facts.routes
            if r.domain in (name, "*") or (r.domain.startswith("*.") and is_within(name, r.domain[2:]))
        ]
        return max(covering, key=lambda r: (r.domain == name, len(r.domain)), default=None)

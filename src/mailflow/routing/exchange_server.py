"""Exchange Server as an MTA: what one own server does with a message, from the exported settings."""

from dataclasses import dataclass
from functools import cached_property

from mailflow.environment.environment import Environment, Server
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import AcceptedDomain, DomainType, Mailbox
from mailflow.exchange.replies import (
    CERTIFICATE_NOT_FOUND,
    HOPS_EXCEEDED_ON_PREMISES,
    RECIPIENT_NOT_FOUND_ON_PREMISES,
    UNABLE_TO_RELAY,
)
from mailflow.exchange.server import (
    ExchangeServer,
    ReceiveConnector,
    RemoteMailbox,
    SendConnector,
    TlsAuthLevel,
)
from mailflow.mail.address import Address, is_within
from mailflow.mail.reply import Reply
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import (
    OPPORTUNISTIC,
    Action,
    Client,
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
    Verification,
)

# Set-ReceiveConnector, TlsDomainCapabilities: the first is Exchange 2013 and newer, the second Edge and 2010.
CLOUD_CAPABILITIES = frozenset({"acceptcloudservicesmail", "acceptoorgprotocol"})

_SOMEBODY_ELSEWHERE = Address("somebody", "elsewhere.invalid")  # RFC 2606: a domain that nobody has


@dataclass(frozen=True)
class ExchangeServerRouter:
    """The rules of one own Exchange server."""

    environment: Environment
    server: Server
    expired: frozenset[str] = frozenset()  # thumbprints of certificates that are out of date at the time of the run

    @property
    def _exports(self) -> ExchangeServer:
        return self.environment.on_premises.exchange

    def receive_connector(self, client: Client, assume: Assumptions) -> ReceiveConnector | None:
        """Choose the receive connector on port 25: the most specific of RemoteIPRanges (Set-ReceiveConnector)."""
        found = []
        for connector in assume.listed(self._exports.receive_connectors):
            if not assume(connector.enabled, False) or not self._is_mine(assume(connector.server, "")):
                continue
            if 25 not in assume(connector.bindings_ports, (25,)):
                continue
            found += [
                (r.size, connector)
                for r in assume.listed(connector.remote_ip_ranges)
                if r.version == client.address.version and r.first <= int(client.address) <= r.last
            ]
        return min(found, key=lambda f: f[0])[1] if found else None

    def _is_mine(self, name: str) -> bool:
        """Compare the server's name in an export; an environment with one Exchange server may leave it unsaid."""
        return not self.server.exchange_name or not name or name.casefold() == self.server.exchange_name.casefold()

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """No receive connector for the client's address: the server does not talk to it."""
        if self.receive_connector(client, assume):
            return None
        why = Rule(f"no receive connector has {client.address} in RemoteIPRanges", "Set-ReceiveConnector")
        return Refuse(Reply(421, "4.3.2", "Service not available"), why)

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """Take mail for accepted domains from anybody the connector lets in; relay only for whom it trusts."""
        connector = self.receive_connector(client, assume)
        if connector is None:
            return Refuse(UNABLE_TO_RELAY, Rule("no receive connector", "Set-ReceiveConnector"))
        cloud = trusts_cloud(connector, client, assume)
        anonymous = "anonymoususers" in {g.lower() for g in assume(connector.permission_groups, frozenset())}
        if not cloud and not anonymous:
            why = Rule(f"receive connector '{connector.name}' admits no anonymous senders", "Set-ReceiveConnector")
            return Refuse(Reply(530, "5.7.57", "Client not authenticated to send mail"), why)
        if self._accepted(recipient.domain, assume):
            why = Rule(f"{recipient.domain} is accepted; receive connector '{connector.name}'", "Accepted domains")
            return Reception(Direction.INCOMING, why, connector.name)
        if cloud:
            why = Rule(
                f"receive connector '{connector.name}' takes mail of the tenant for the organization's own "
                "(TlsDomainCapabilities)",
                "Hybrid mail: when is a message internal",
            )
            return Reception(Direction.ORIGINATING, why, connector.name)
        if assume(connector.anonymous_may_relay, False):
            why = Rule(f"receive connector '{connector.name}' lets anybody relay", "Set-ReceiveConnector")
            return Reception(Direction.INCOMING, why, connector.name)
        if "externalauthoritative" in {m.lower() for m in assume(connector.auth_mechanism, frozenset())}:
            why = Rule(f"receive connector '{connector.name}' is externally secured", "Set-ReceiveConnector")
            return Reception(Direction.ORIGINATING, why, connector.name)
        why = Rule(
            f"{recipient.domain} is not accepted, and the client is nobody's who may relay",
            "Set-ReceiveConnector",
        )
        return Refuse(UNABLE_TO_RELAY, why)

    def hop_limit(self) -> tuple[int, Refuse]:
        """MaxHopCount, 60 by default."""
        loop = Rule("too many Received fields: a loop (MaxHopCount)", "Set-ReceiveConnector")
        return 60, Refuse(HOPS_EXCEEDED_ON_PREMISES, loop)

    def submission(self, mail_from: Address | None) -> Reception:
        """A mailbox of the server sends, or the server itself."""
        return Reception(Direction.ORIGINATING, Rule("submitted on-premises", "Routing"), submitted=True)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Decide for one recipient: the directory, then the send connectors."""
        if held.resolved:
            return (self._send(held, assume),)
        entry = self._entry(held.recipient, assume)
        if isinstance(entry, Mailbox):
            return self._into_mailbox(entry, assume)
        if isinstance(entry, RemoteMailbox):
            routing = assume(entry.remote_routing_address, None)
            if routing is None:
                why = Rule(f"remote mailbox {held.recipient} has no routing address", "KB2685437")
                return (Return(RECIPIENT_NOT_FOUND_ON_PREMISES, why),)
            why = Rule(f"{held.recipient} is a remote mailbox; its routing address", "Routing")
            return (Redirect(routing, why),)
        domain = self._accepted(held.recipient.domain, assume)
        if domain and assume(domain.domain_type, DomainType.AUTHORITATIVE) is DomainType.AUTHORITATIVE:
            why = Rule(f"{held.recipient} is unknown, and its domain is Authoritative", "Accepted domains")
            return (Return(RECIPIENT_NOT_FOUND_ON_PREMISES, why),)
        return (self._send(held, assume),)

    def _into_mailbox(self, mailbox: Mailbox, assume: Assumptions) -> tuple[Action, ...]:
        address = mailbox.primary_smtp_address
        stated = self.environment.mailboxes.forwards.get(address)
        target = stated or assume(mailbox.forwarding_smtp_address, None)
        deliver = Deliver(address, Rule("the mailbox is on-premises", "Routing"))
        if target is None:
            return (deliver,)
        # The reverse-path stays the original sender's: Multiple locations, scenario 4, kate@contoso.com.
        forward = Redirect(target, Rule(f"{address} forwards", "Multiple locations"), forward=True)
        keeps = not stated and assume(mailbox.deliver_to_mailbox_and_forward, False)
        return (deliver, forward) if keeps else (forward,)

    def _entry(self, address: Address, assume: Assumptions) -> Mailbox | RemoteMailbox | None:
        for listed in (self._exports.mailboxes, self._exports.remote_mailboxes):
            if isinstance(listed, Unknown):
                assume.note(listed.why)
        return self._directory.get(address)

    @cached_property
    def _directory(self) -> dict[Address, Mailbox | RemoteMailbox]:
        found: dict[Address, Mailbox | RemoteMailbox] = {}
        read = Assumptions()
        entries: tuple[Mailbox | RemoteMailbox, ...] = (
            *read.listed(self._exports.remote_mailboxes),
            *read.listed(self._exports.mailboxes),
        )
        for entry in entries:
            for address in (entry.primary_smtp_address, *read.listed(entry.email_addresses)):
                found[address] = entry
        return found

    def _accepted(self, name: str, assume: Assumptions) -> AcceptedDomain | None:
        """Find the accepted domain for a name; on-premises `*.contoso.com` is written into the name itself."""
        for domain in assume.listed(self._exports.accepted_domains):
            own = domain.domain_name
            if own in (name, "*") or (own.startswith("*.") and is_within(name, own[2:])):
                return domain
            if is_within(name, own) and assume(domain.match_sub_domains, False):
                return domain
        return None

    def send_connector(self, name: str, assume: Assumptions) -> SendConnector | None:
        """Choose by address space, the most specific first, then by cost (Set-SendConnector)."""
        found = []
        for connector in assume.listed(self._exports.send_connectors):
            if not assume(connector.enabled, True):
                continue
            for space in assume.listed(connector.address_spaces):
                if space.domain == "*":
                    found.append((0, -space.cost, connector))
                elif space.domain == name or (space.domain.startswith("*.") and is_within(name, space.domain[2:])):
                    found.append(
                        (
                            len(space.domain.removeprefix("*.")) + (space.domain == name),
                            -space.cost,
                            connector,
                        )
                    )
        return max(found, key=lambda f: f[:2])[2] if found else None

    def to_internet(self, assume: Assumptions) -> Action:
        """What it does with mail for a domain of which no connector knows."""
        nobody = Held(_SOMEBODY_ELSEWHERE, None, self.submission(None))
        return self._send(nobody, assume)

    def _send(self, held: Held, assume: Assumptions) -> Action:
        connector = self.send_connector(held.recipient.domain, assume)
        if connector is None:
            why = Rule(f"no send connector covers {held.recipient.domain}", "Set-SendConnector")
            return Hold(Reply(451, "4.4.0", "Unreachable: no send connector"), why)
        sources = assume.listed(connector.source_transport_servers)
        if self.server.exchange_name and sources:
            other = self._other_source(sources)
            if other:
                why = Rule(f"send connector '{connector.name}' starts at {other.name}", "Set-SendConnector")
                return Relay((other.name,), held.mail_from, why, helo=self.server.greets_as)
        if not self._has_certificate(connector, assume):
            why = Rule(
                f"the certificate that send connector '{connector.name}' names is not on the server, or out of date "
                f"({connector.origin.of('TlsCertificateName')})",
                "TLS certificates in hybrid",
            )
            return Hold(CERTIFICATE_NOT_FOUND, why)
        by_dns = assume(connector.dns_routing_enabled, True)
        hosts = () if by_dns else assume.listed(connector.smart_hosts)
        if not by_dns and not hosts:
            why = Rule(f"send connector '{connector.name}' names no smart host", "Set-SendConnector")
            return Hold(Reply(451, "4.4.0", "no next hop"), why)
        return Relay(
            hosts,
            held.mail_from,
            Rule(f"send connector '{connector.name}'", "Set-SendConnector"),
            connector.name,
            _tls_demand(connector, assume),
            assume(connector.fqdn, None) or self.server.greets_as,
            shows_certificate=self.server.certificate is not None,
            cloud_services_mail=assume(connector.cloud_services_mail_enabled, False),
        )

    def _other_source(self, sources: tuple[str, ...]) -> Server | None:
        """Give the server at which a connector starts, where that is another one."""
        named = {s.casefold() for s in sources}
        if self.server.exchange_name.casefold() in named:
            return None
        servers = self.environment.on_premises.servers
        return next((s for s in servers if s.is_exchange and s.exchange_name.casefold() in named), None)

    def _has_certificate(self, connector: SendConnector, assume: Assumptions) -> bool:
        """Look for the certificate by issuer and subject, as Exchange does (TLS certificates in hybrid)."""
        wanted = assume(connector.tls_certificate_name, None)
        if wanted is None:
            return True
        store = self._exports.certificates
        if isinstance(store, Unknown):
            assume.note(store.why)
            return True
        return any(
            certificate.thumbprint not in self.expired
            for certificate in store
            if assume(certificate.subject, "").casefold() == wanted.subject.casefold()
            and assume(certificate.issuer, "").casefold() == wanted.issuer.casefold()
        )


def trusts_cloud(connector: ReceiveConnector, client: Client, assume: Assumptions) -> bool:
    """Whether a receive connector takes this client for the tenant: by the name on its certificate (KB3156771)."""
    if client.tls is None or not client.tls.client_trusted:
        return False
    return any(
        capability.lower() in CLOUD_CAPABILITIES and answers_to(client.tls.client_names, domain)
        for domain, capability in assume.listed(connector.tls_domain_capabilities)
    )


def _tls_demand(connector: SendConnector, assume: Assumptions) -> TlsDemand:
    """Read RequireTLS, TlsAuthLevel and TlsDomain (Set-SendConnector)."""
    if not assume(connector.require_tls, False):
        return OPPORTUNISTIC
    level = assume(connector.tls_auth_level, None)
    if level is TlsAuthLevel.DOMAIN_VALIDATION:
        return TlsDemand(True, Verification.NAME, assume(connector.tls_domain, None) or "")
    if level is TlsAuthLevel.CERTIFICATE_VALIDATION:
        return TlsDemand(True, Verification.TRUST)
    return TlsDemand(required=True)

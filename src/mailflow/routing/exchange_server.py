"""Exchange Server as an MTA: what one own server does with a message, from the exported settings."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailflow.environment.environment import Environment, Server
from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.known import Assumptions, Known, Unknown
from mailflow.exchange.online import AcceptedDomain, DomainType, Mailbox
from mailflow.exchange.replies import (
    CERTIFICATE_NOT_FOUND,
    HOPS_EXCEEDED_ON_PREMISES,
    RECIPIENT_NOT_FOUND_ON_PREMISES,
    STARTTLS_FIRST,
    UNABLE_TO_RELAY,
)
from mailflow.exchange.server import (
    ExchangeCertificate,
    ExchangeServer,
    ReceiveConnector,
    RemoteMailbox,
    SendConnector,
    TlsAuthLevel,
    TlsCertificateName,
)
from mailflow.mail.address import Address, is_within, lineage
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
    Verification,
)
from mailflow.routing.own_treatment import own_treatment
from mailflow.routing.smart_host import note_addresses, out_of_reach

# Set-ReceiveConnector, TlsDomainCapabilities: the first is Exchange 2013 and newer, the second Edge and 2010.
CLOUD_CAPABILITIES = frozenset({"acceptcloudservicesmail", "acceptoorgprotocol"})

_SOMEBODY_ELSEWHERE = Address("somebody", "elsewhere.invalid")  # RFC 2606: a domain that nobody has


@dataclass(frozen=True)
class ExchangeServerRouter:
    """The rules of one own Exchange server."""

    environment: Environment
    server: Server
    expired: frozenset[str] = frozenset()  # thumbprints of certificates that are out of date at the time of the run
    shown_expired: bool = False  # so is the one that the server shows

    @property
    def _exports(self) -> ExchangeServer:
        return self.environment.on_premises.exchange

    def receive_connector(self, client: Client, assume: Assumptions) -> ReceiveConnector | None:
        """Choose the receive connector on port 25: the most specific of RemoteIPRanges (Set-ReceiveConnector)."""
        found = [
            (r.size, connector)
            for connector in self.receive_connectors(assume)
            for r in assume.listed(connector.remote_ip_ranges)
            if r.version == client.address.version and r.first <= int(client.address) <= r.last
        ]
        return min(found, key=lambda f: f[0])[1] if found else None

    def receive_connectors(self, assume: Assumptions) -> Iterator[ReceiveConnector]:
        """Give the receive connectors by which mail servers reach this server: enabled, on port 25."""
        for connector in assume.listed(self._exports.receive_connectors):
            if not assume(connector.enabled, False) or not self._is_mine(connector.server, assume):
                continue
            if 25 in assume(connector.bindings_ports, (25,)):
                yield connector

    def takes_from(self, assume: Assumptions, *, anonymous: bool = False) -> tuple[AddressRange, ...]:
        """Give the addresses to which it talks (Set-ReceiveConnector); `anonymous`: even with who does not sign in."""
        talking = (one for one in self.receive_connectors(assume) if not anonymous or _admits_strangers(one, assume))
        return tuple(r for one in talking for r in assume.listed(one.remote_ip_ranges))

    def _is_mine(self, server: Known[str], assume: Assumptions) -> bool:
        """Compare the server's name in an export; an environment with one Exchange server may leave it unsaid."""
        mine = self.server.exchange_name
        return not mine or assume(server, mine).casefold() == mine.casefold()

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """No receive connector for the client's address: the server does not talk to it."""
        if self._colleague(client):
            return None
        return None if self.receive_connector(client, assume) else _unserved(client)

    def _colleague(self, client: Client) -> bool:
        """Say whether another Exchange server of the organization is the client, as far as its address tells."""
        there = [one for one in self.environment.on_premises.servers if client.address in one.sends_from]
        # Behind one address there may be a gateway too, which is none.
        return any(one != self.server for one in there) and all(one.is_exchange for one in there)

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """Take mail for accepted domains from anybody the connector lets in; relay only for whom it trusts."""
        if self._colleague(client):
            # Between Transport services they authenticate, and what one of them has taken another does not refuse.
            why = Rule(
                "another Exchange server of the organization hands it over (ExchangeServer)", "Set-ReceiveConnector"
            )
            return Reception(Direction.ORIGINATING, why, promotes=True)
        connector = self.receive_connector(client, assume)
        if connector is None:
            return _unserved(client)
        if client.tls is None and assume(connector.require_tls, False):
            why = Rule(f"receive connector '{connector.name}' takes mail over TLS only", "Set-ReceiveConnector")
            return Refuse(STARTTLS_FIRST, why)
        cloud = trusts_cloud(connector, client, assume)
        secured = not cloud and _secured(connector, assume)
        if not cloud and not _admits_strangers(connector, assume):
            why = Rule(f"receive connector '{connector.name}' admits no anonymous senders", "Set-ReceiveConnector")
            return Refuse(Reply(530, "5.7.57", "Client not authenticated to send mail"), why)
        if self._accepted(recipient.domain, assume):
            why = Rule(f"{recipient.domain} is accepted; receive connector '{connector.name}'", "Accepted domains")
            return Reception(Direction.INCOMING, why, connector.name, promotes=cloud)
        if cloud:
            why = Rule(
                f"receive connector '{connector.name}' takes mail of the tenant for the organization's own "
                "(TlsDomainCapabilities)",
                "Internal mail",
            )
            return Reception(Direction.ORIGINATING, why, connector.name, promotes=True)
        if secured:
            why = Rule(f"receive connector '{connector.name}' is externally secured", "Set-ReceiveConnector")
            return Reception(Direction.ORIGINATING, why, connector.name)
        if assume(connector.anonymous_may_relay, False):
            why = Rule(f"receive connector '{connector.name}' lets anybody relay", "Set-ReceiveConnector")
            return Reception(Direction.INCOMING, why, connector.name)
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
        return Reception(Direction.ORIGINATING, Rule("submitted on-premises", "Routing"), submitted=True, internal=True)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Decide for one recipient: the directory, then the send connectors."""
        if held.resolved:
            return (self._send(held, assume),)
        entry = self._exports.recipients.find(held.recipient, assume)
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

    def accepts(self, name: str, assume: Assumptions) -> bool:
        """Whether it takes mail for a domain from anybody."""
        return self._accepted(name, assume) is not None

    def _accepted(self, name: str, assume: Assumptions) -> AcceptedDomain | None:
        """Find the accepted domain for a name, the most specific; `*.contoso.com` is written into the name itself."""
        assume.listed(self._exports.accepted_domains)
        named = self._exports.accepted_by_name
        covering = ("*", *(written for above in lineage(name) for written in (above, f"*.{above}")))
        near = [domain for written in covering for domain in named.get(written, ())]
        for domain in sorted(near, key=lambda d: (d.domain_name != name, -len(d.domain_name))):
            own = domain.domain_name
            if own == name or own.startswith("*") or assume(domain.match_sub_domains, False):
                return domain
        return None

    def send_connector(self, name: str, assume: Assumptions) -> SendConnector | None:
        """Choose by address space, the most specific first, then by cost, proximity and name.

        A connector that starts at this server is nearer than any other; of others the sites in Active Directory decide,
        which no export shows.

        Source: Connector selection.
        """
        found = [
            (fit, -space.cost, connector)
            for connector in assume.listed(self._exports.send_connectors)
            if assume(connector.enabled, True)
            for space in assume.listed(connector.address_spaces)
            if (fit := self._fit(space.domain, connector, name, assume)) is not None
        ]
        if not found:
            return None
        best = max(key for *key, _ in found)
        alike = {connector.name: connector for *key, connector in found if key == best}
        if len(alike) == 1:
            return next(iter(alike.values()))
        starts = {one: assume.listed(connector.source_transport_servers) for one, connector in alike.items()}
        here = [one for one, sources in starts.items() if any(self._is_mine(source, assume) for source in sources)]
        if not here and len({frozenset(map(str.casefold, sources)) for sources in starts.values()}) > 1:
            assume.note(
                f"which of the send connectors {', '.join(alike)} takes mail for {name} at {self.server.name}: space "
                "and cost are equal, and none starts there"
            )
        return alike[min(here or alike, key=str.casefold)]

    def _fit(self, space: str, connector: SendConnector, name: str, assume: Assumptions) -> int | None:
        """Tell how closely an address space names a domain; None: not at all."""
        if space == "*":
            return 0
        if space == name or (space.startswith("*.") and is_within(name, space[2:])):
            return len(space.removeprefix("*.")) + (space == name)
        return None

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        """What the environment states: exports do not show who signs, nor what other software changes."""
        return own_treatment(self.environment, self.server, content, held, assume)

    def to_internet(self, assume: Assumptions) -> Action:
        """Where its settings lead mail for a domain of which no connector knows; certificates left aside."""
        nobody = Held(_SOMEBODY_ELSEWHERE, None, self.submission(None))
        connector = self.send_connector(nobody.recipient.domain, assume)
        return self._by_connector(nobody, connector, assume) if connector else self._send(nobody, assume)

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
                # They find each other in Active Directory, whatever the DNS outside says.
                hosts = tuple(map(str, other.listens)) or (other.name,)
                return Relay(hosts, held.mail_from, why, helo=self.server.greets_as, cloud_services_mail=True)
        if not self._has_certificate(connector, assume):
            why = Rule(
                f"the certificate that send connector '{connector.name}' names is not on the server, or out of date "
                f"({connector.origin.of('TlsCertificateName')})",
                "TLS certificates",
            )
            return Hold(CERTIFICATE_NOT_FOUND, why)
        if self.server.certificate is None and assume(connector.require_tls, False):
            assume.note(f"the environment names no certificate for {self.server.name}")
        return self._by_connector(held, connector, assume)

    def _by_connector(self, held: Held, connector: SendConnector, assume: Assumptions) -> Action:
        by_dns = assume(connector.dns_routing_enabled, True)
        hosts = () if by_dns else assume.listed(connector.smart_hosts)
        if not by_dns and not hosts:
            why = Rule(f"send connector '{connector.name}' names no smart host", "Set-SendConnector")
            return Hold(Reply(451, "4.4.0", "no next hop"), why)
        note_addresses(hosts, self.environment.microsoft_365.cloud, assume)
        if waits := out_of_reach(connector, hosts, assume):
            return waits
        return Relay(
            hosts,
            held.mail_from,
            Rule(f"send connector '{connector.name}'", "Set-SendConnector"),
            connector.name,
            _tls_demand(connector, held.recipient.domain if by_dns else "", assume),
            assume(connector.fqdn, None) or self.server.greets_as,
            shows_certificate=self.server.certificate is not None,
            # Where it is unknown HYB-TRUST-1 says so; no path rests on it.
            cloud_services_mail=connector.cloud_services_mail_enabled is True,
        )

    def _other_source(self, sources: tuple[str, ...]) -> Server | None:
        """Give the server at which a connector starts, where that is another one."""
        named = {s.casefold() for s in sources}
        if self.server.exchange_name.casefold() in named:
            return None
        servers = self.environment.on_premises.servers
        return next((s for s in servers if s.is_exchange and s.exchange_name.casefold() in named), None)

    def _has_certificate(self, connector: SendConnector, assume: Assumptions) -> bool:
        """Look for the certificate by issuer and subject, as Exchange does (TLS certificates)."""
        wanted = assume(connector.tls_certificate_name, None)
        if wanted is None:
            return True
        if self.shown_expired:
            return False
        stored = self._stored(wanted, assume)
        if stored is None:
            return True
        named = [c for c in stored if c.thumbprint not in self.expired]
        if all(isinstance(c.not_after, Unknown) for c in named):
            for certificate in named:
                assume(certificate.not_after, None)
        return bool(named)

    def _stored(self, wanted: TlsCertificateName, assume: Assumptions) -> list[ExchangeCertificate] | None:
        """Find the server's certificates of that issuer and subject; None where nothing is known of its store."""
        store = self._exports.certificates
        if isinstance(store, Unknown):
            assume.note(store.why)
            return None
        return [
            c
            for c in store
            if assume(c.subject, "").casefold() == wanted.subject.casefold()
            and assume(c.issuer, "").casefold() == wanted.issuer.casefold()
            and self._is_mine(c.server, assume)
        ]

    def offers_starttls(self, client: Client) -> bool:
        """Whether it can: without the certificate that the receive connector names it does not (TLS certificates).

        Only what is known counts: what the server shows where nothing is known stands in the environment file.
        """
        assume = Assumptions()
        connector = self.receive_connector(client, assume)
        wanted = assume(connector.tls_certificate_name, None) if connector else None
        return wanted is None or bool(self._stored(wanted, assume)) or bool(assume.made)


def _unserved(client: Client) -> Refuse:
    why = Rule(f"no receive connector has {client.address} in RemoteIPRanges", "Set-ReceiveConnector")
    return Refuse(Reply(421, "4.3.2", "Service not available"), why)


def trusts_cloud(connector: ReceiveConnector, client: Client, assume: Assumptions) -> bool:
    """Whether a receive connector takes this client for the tenant: by the name on its certificate (KB3156771)."""
    if client.tls is None or not client.tls.client_trusted:
        return False
    return any(
        capability.lower() in CLOUD_CAPABILITIES and answers_to(client.tls.client_names, domain)
        for domain, capability in assume.listed(connector.tls_domain_capabilities)
    )


def _secured(connector: ReceiveConnector, assume: Assumptions) -> bool:
    """Whether it takes whoever reaches it for one of the own servers (Set-ReceiveConnector, ExternalAuthoritative)."""
    return _has(connector.auth_mechanism, "ExternalAuthoritative", assume)


def _admits_strangers(connector: ReceiveConnector, assume: Assumptions) -> bool:
    return _secured(connector, assume) or _has(connector.permission_groups, "AnonymousUsers", assume)


def _has(flags: Known[frozenset[str]], flag: str, assume: Assumptions) -> bool:
    return flag.casefold() in map(str.casefold, assume(flags, frozenset()))


def _tls_demand(connector: SendConnector, recipient_domain: str, assume: Assumptions) -> TlsDemand:
    """Read RequireTLS, TlsAuthLevel and TlsDomain; without that, DNS routing compares the recipient's domain.

    Source: Set-SendConnector.
    """
    if not assume(connector.require_tls, False):
        return OPPORTUNISTIC
    level = assume(connector.tls_auth_level, None)
    if level is TlsAuthLevel.DOMAIN_VALIDATION:
        return TlsDemand(True, Verification.NAME, assume(connector.tls_domain, None) or recipient_domain)
    if level is TlsAuthLevel.CERTIFICATE_VALIDATION:
        return TlsDemand(True, Verification.TRUST)
    return TlsDemand(required=True)

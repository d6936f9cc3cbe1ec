"""Microsoft 365 as an MTA: what Exchange Online does with a message, from the settings of the tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import (
    AcceptedDomain,
    AutoForwardingMode,
    ConnectorType,
    DomainType,
    Mailbox,
    MailUser,
    OutboundConnector,
    RemoteDomain,
    TlsSettings,
)
from mailflow.exchange.replies import (
    FORWARDING_BLOCKED,
    HOPS_EXCEEDED_ONLINE,
    RECIPIENT_NOT_FOUND_ONLINE,
    RECIPIENT_REJECTED,
)
from mailflow.mail.address import LONGEST_LOCAL, Address, lineage
from mailflow.mail.reply import Reply
from mailflow.routing.attribution import Tenants, accepted_domain, attribute
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
    Sign,
    TlsDemand,
    Treatment,
    Verification,
)
from mailflow.routing.outbound_connector import centralized, covering
from mailflow.routing.transport_rule import chosen_connector

_CMT = "Routing; Centralized transport exceptions"


@dataclass(frozen=True)
class Microsoft365Router:
    """The rules of Microsoft 365 for the organization's tenant, and as far as mail meets them, for other tenants."""

    environment: Environment
    now: datetime = field(default_factory=lambda: datetime.now(UTC))  # aware: which key the tenant signs with

    @cached_property
    def tenants(self) -> Tenants:
        """Who is in this cloud."""
        others = tuple(o for o in self.environment.outside if o.tenant_id)
        return Tenants(self.environment.microsoft_365, others)

    def connection(self, client: Client, assume: Assumptions) -> Refuse | None:
        """The front door talks to everybody."""
        return None

    def recipient(
        self, client: Client, mail_from: Address | None, recipient: Address, assume: Assumptions
    ) -> Reception | Refuse:
        """Attribute, then let Directory-Based Edge Blocking look the recipient up."""
        reception = attribute(self.tenants, client, mail_from, recipient, assume)
        if isinstance(reception, Refuse):
            return reception
        if reception.tenant_id != self.tenants.own.tenant_id:
            known = any(recipient in other.mailboxes for other in self.tenants.others)
        else:
            domain = accepted_domain(self.tenants.own, recipient.domain, assume)
            known = (
                domain is None
                or domain.domain_type is DomainType.INTERNAL_RELAY
                or self.tenants.own.online.recipients.find(recipient, assume) is not None
                or assume(domain.domain_type, DomainType.AUTHORITATIVE) is not DomainType.AUTHORITATIVE
            )
        if known:
            return reception
        unknown = Rule(
            f"{recipient} is unknown, and {recipient.domain} is Authoritative",
            "Edge blocking",
        )
        return Refuse(RECIPIENT_REJECTED, unknown)

    def hop_limit(self) -> tuple[int, Refuse]:
        """The number is not documented; 60, as Exchange Server's MaxHopCount. Only the end of a loop rests on it."""
        loop = Rule("too many Received fields: a loop", "NDR 5.4.6")
        return 60, Refuse(HOPS_EXCEEDED_ONLINE, loop)

    def submission(self, mail_from: Address | None) -> Reception:
        """A mailbox of the tenant sends, or the service itself."""
        why = Rule("submitted in the tenant", "Routing")
        others = {o.domain: o.tenant_id for o in self.tenants.others if o.tenant_id}
        tenant = others.get(mail_from.domain) if mail_from else None
        own = tenant or self.tenants.own.tenant_id
        return Reception(Direction.ORIGINATING, why, tenant_id=own, submitted=True, internal=True)

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """Decide for one recipient: centralized transport first, then the directory, then the connectors."""
        if held.reception.tenant_id != self.tenants.own.tenant_id:
            return (self._of_another_tenant(held),)
        by_rule = self._by_rule(held, assume)
        if by_rule is not None:
            return (by_rule,)
        domain = accepted_domain(self.tenants.own, held.recipient.domain, assume)
        central = centralized(self.tenants.own, assume)
        if central and domain and held.reception.direction is Direction.INCOMING:
            # Both kinds of recipient go to the own servers first; those send back what is for the cloud.
            why = Rule("centralized mail transport: Internet mail goes to the own servers first", "Routing")
            return (self._by_connector(held, central, why, assume),)
        if domain is None:
            return (self._outbound(held, assume),)
        return self._resolve(held, domain, assume)

    def _of_another_tenant(self, held: Held) -> Action:
        if any(held.recipient in other.mailboxes for other in self.tenants.others):
            return Deliver(held.recipient, Rule("a mailbox of another tenant", "Attribution"))
        by_mx = Rule("another tenant sends by the MX records of the recipient's domain", "Routing")
        return Relay((), held.mail_from, by_mx, helo=self.egress_name)

    def _resolve(self, held: Held, domain: AcceptedDomain, assume: Assumptions) -> tuple[Action, ...]:
        if held.resolved:
            return (self._outbound(held, assume),)
        entry = self.tenants.own.online.recipients.find(held.recipient, assume)
        if isinstance(entry, Mailbox):
            return self._into_mailbox(entry, assume)
        if isinstance(entry, MailUser):
            external = assume(entry.external_email_address, held.recipient) or held.recipient
            why = Rule(f"{held.recipient} is a mail user: its mailbox is elsewhere", "Routing")
            return (Redirect(external, why),)
        if assume(domain.domain_type, DomainType.AUTHORITATIVE) is DomainType.AUTHORITATIVE:
            why = Rule(f"{held.recipient} is unknown, and its domain is Authoritative", "Accepted domains")
            return (Return(RECIPIENT_NOT_FOUND_ONLINE, why),)
        return (self._outbound(held, assume),)

    def _into_mailbox(self, mailbox: Mailbox, assume: Assumptions) -> tuple[Action, ...]:
        address = mailbox.primary_smtp_address
        stated = self.environment.mailboxes.forwards.get(address)
        target = stated or assume(mailbox.forwarding_smtp_address, None)
        deliver = Deliver(address, Rule("the mailbox is in the tenant", "Routing"))
        if target is None:
            return (deliver,)
        forward = self._forward(target, assume)
        keeps = not stated and assume(mailbox.deliver_to_mailbox_and_forward, False)
        return (deliver, forward) if keeps else (forward,)

    def _forward(self, target: Address, assume: Assumptions) -> Action:
        if accepted_domain(self.tenants.own, target.domain, assume):
            return Redirect(target, Rule("the mailbox forwards inside", "SRS"), forward=True)
        online = self.tenants.own.online
        policies = assume.listed(online.outbound_spam_filter_policies)
        policy = next((p for p in policies if assume(p.is_default, False)), None)
        mode = assume(policy.auto_forwarding_mode, AutoForwardingMode.ON) if policy else AutoForwardingMode.ON
        if policy is None:
            assume.note("no default policy stands in Get-HostedOutboundSpamFilterPolicy.json")
        if mode is AutoForwardingMode.AUTOMATIC:
            assume.note("what AutoForwardingMode Automatic means for this tenant is not documented firmly")
        off = Return(
            FORWARDING_BLOCKED, Rule("automatic forwarding outside is off", "External forwarding; Set-RemoteDomain")
        )
        if mode is AutoForwardingMode.OFF:
            return off  # whatever the remote domain says
        assume.listed(online.remote_domains)
        settings = _remote_domain(online.remote_by_name, target.domain)
        if settings and not assume(settings.auto_forward_enabled, True):
            return off
        return Redirect(target, Rule("the mailbox forwards outside", "SRS"), forward=True)

    def _outbound(self, held: Held, assume: Assumptions) -> Action:
        came_from_own = held.reception.from_on_premises
        connector = covering(self.tenants.own, held.recipient.domain, came_from_own, assume)
        if connector is None:
            mail_from = self._rewritten(held, assume)
            pooled = self._relayed_for_others(held, mail_from, assume)
            by_mx = Rule("no outbound connector covers it: by the MX records of the recipient's domain", "Routing")
            from_pool = Rule(
                "by MX, from the relay pool: sent on for a sender whose domain is not accepted", "Outbound pools"
            )
            why = from_pool if pooled else by_mx
            return Relay((), mail_from, why, helo=self.egress_name, relay_pool=pooled)
        central = assume(connector.route_all_messages_via_on_premises, False)
        if central and held.forwarded and not came_from_own:
            assume.note(
                "whether a forward of a cloud mailbox follows centralized transport is told both ways "
                "(SRS; OfficeDocs-Exchange issue 799)"
            )
        covers = f"outbound connector '{connector.name}' covers {held.recipient.domain}"
        rule = Rule(f"centralized mail transport: {covers}", _CMT) if central else Rule(covers, "Connectors")
        return self._by_connector(held, connector, rule, assume)

    def _by_connector(self, held: Held, connector: OutboundConnector, why: Rule, assume: Assumptions) -> Action:
        by_mx = assume(connector.use_mx_record, True)
        hosts = () if by_mx else assume.listed(connector.smart_hosts)
        if not by_mx and not hosts:
            nothing = Rule(f"outbound connector '{connector.name}' names no smart host", "Set-OutboundConnector")
            return Hold(Reply(450, "4.4.4", "no next hop"), nothing)
        own = assume(connector.connector_type, ConnectorType.ON_PREMISES) is ConnectorType.ON_PREMISES
        rewrites = not own or assume(connector.sender_rewriting_enabled, False)
        return Relay(
            hosts,
            self._rewritten(held, assume) if rewrites else held.mail_from,
            why,
            connector.name,
            _tls_demand(connector, assume),
            self.egress_name,
            shows_certificate=True,
            # Where it is unknown HYB-TRUST-1 says so; no path rests on it.
            cloud_services_mail=connector.cloud_services_mail_enabled is True,
        )

    def _rewritten(self, held: Held, assume: Assumptions) -> Address | None:
        """Rewrite the reverse-path of a forward that leaves for the Internet (SRS)."""
        if not held.forwarded or held.mail_from is None:
            return held.mail_from
        if accepted_domain(self.tenants.own, held.mail_from.domain, assume):
            return held.mail_from
        domains = assume.listed(self.tenants.own.online.accepted_domains)
        default = next((d.domain_name for d in domains if assume(d.default, False)), None)
        if default is None:
            assume.note("no domain in Get-AcceptedDomain.json is Default; the reverse-path of a forward names it")
        sender = held.mail_from
        # How long a local part may be: RFC 5321 section 4.5.3.1.1.
        local = f"bounces+srs={sender.domain.replace('.', '-')}={sender.local}"[:LONGEST_LOCAL].rstrip(".")
        return Address(local, default or sender.domain)

    def _relayed_for_others(self, held: Held, mail_from: Address | None, assume: Assumptions) -> bool:
        """Whether it leaves from the relay pool, which tells the Internet that Microsoft 365 does not vouch for it.

        A sender whose SPF or DKIM passed on the way in is let off; that is not simulated, and a note says so
        (judge.spf_arrival). Source: Outbound pools.
        """
        sent_on = held.forwarded or held.reception.from_on_premises
        names = [address.domain for address in (mail_from, held.recipient) if address]
        return (
            sent_on and mail_from is not None and not any(accepted_domain(self.tenants.own, n, assume) for n in names)
        )

    def treatment(self, content: Content, held: Held, assume: Assumptions) -> tuple[Treatment, ...]:
        """Sign what goes to recipients outside, as the domain of its author, else as the tenant's first domain."""
        tenant = self.environment.microsoft_365
        if held.reception.tenant_id != tenant.tenant_id:
            return ()  # what other tenants sign is theirs to say
        if accepted_domain(self.tenants.own, held.recipient.domain, Assumptions()):
            return ()  # DKIM setup: no signature between domains that one organization controls
        assume.listed(tenant.online.dkim_signing_configs)
        own = tenant.online.dkim_by_name.get(content.author_domain, ())
        if len(own) > 1:
            assume.note(f"Get-DkimSigningConfig has several configurations of {content.author_domain}")
        if not own or not assume(own[0].enabled, False):
            initial = tenant.initial_domain
            as_initial = Rule(
                f"Microsoft 365 signs as {initial}: it has no signing configuration of the author's domain, or a "
                "disabled one",
                "DKIM setup",
            )
            return (Sign(initial, initial_selector(initial), as_initial),)
        selector = assume(own[0].selector_at(self.now), "")
        if not selector:
            return ()
        why = Rule(f"Microsoft 365 signs as {content.author_domain} ({own[0].origin.of('Enabled')})", "DKIM setup")
        return (Sign(content.author_domain, selector, why),)

    def _by_rule(self, held: Held, assume: Assumptions) -> Action | None:
        """Let a transport rule choose the connector (Conditional mail routing), before anything else is decided."""
        own = accepted_domain(self.tenants.own, held.recipient.domain, assume) is not None
        rules = assume.listed(self.tenants.own.online.transport_rules)
        chosen = chosen_connector(rules, held, to_own_domain=own, assume=assume)
        return self._by_named_connector(held, chosen[0].name, chosen[1], assume) if chosen else None

    def _by_named_connector(self, held: Held, rule: str, name: str, assume: Assumptions) -> Action | None:
        for connector in assume.listed(self.tenants.own.online.outbound_connectors):
            if connector.name == name and assume(connector.enabled, False):
                why = Rule(f"transport rule '{rule}' sends it by outbound connector '{name}'", "Conditional routing")
                return self._by_connector(held, connector, why, assume)
        assume.note(f"transport rule '{rule}' names outbound connector '{name}', which is not there or disabled")
        return None

    @property
    def egress_name(self) -> str:
        """The name with which it greets the next host."""
        return f"eur05-obe.outbound.{self.tenants.own.cloud.mx_suffix.removeprefix('mail.')}"


def initial_selector(initial_domain: str) -> str:
    """Give the selector with which Microsoft 365 signs as the tenant's first domain; its key is Microsoft's to publish.

    Exports and messages show this form; no document promises it, and no requirement rests on it.
    """
    return f"selector1-{initial_domain.replace('.', '-')}"


def _remote_domain(domains: Mapping[str, tuple[RemoteDomain, ...]], name: str) -> RemoteDomain | None:
    """Find the settings for a domain: the most specific, `*.contoso.com` for it and all below, else `*`."""
    covering = (name, *(f"*.{above}" for above in lineage(name)), "*")
    return next((domains[written][0] for written in covering if written in domains), None)


def _tls_demand(connector: OutboundConnector, assume: Assumptions) -> TlsDemand:
    """Read TlsSettings and TlsDomain (Set-OutboundConnector): null is opportunistic."""
    settings = assume(connector.tls_settings, None)
    if settings is None:
        return OPPORTUNISTIC
    if settings is TlsSettings.ENCRYPTION_ONLY:
        return TlsDemand(required=True)
    if settings is TlsSettings.CERTIFICATE_VALIDATION:
        return TlsDemand(required=True, verification=Verification.TRUST)
    name = assume(connector.tls_domain, None)
    if not name and not isinstance(connector.tls_domain, Unknown):
        assume.note(
            f"what DomainValidation compares without TlsDomain is not documented ({connector.origin.of('TlsDomain')})"
        )
    return TlsDemand(True, Verification.NAME, name or "")

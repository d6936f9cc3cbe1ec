"""The kinds of message that the documentation speaks of, as messages between the people of an environment.

Each kind of the catalogue is a message. Every listed mailbox of a kind is used, not one of them; where there
is none, the kind has no message, and nothing is said of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mailflow.environment.environment import Device, Domain, Environment, Outside
from mailflow.environment.mailboxes import Home
from mailflow.environment.names_below import devices_of, domain_of, third_parties_below
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope

MICROSOFT_365 = "Microsoft 365"  # the name under which the tenant submits a message of its own
STRANGER = "stranger.example"  # a host on the Internet that nobody in the environment knows


class Kind(StrEnum):
    """Which message it is. The words are those of the feature files."""

    INTERNET_TO_CLOUD = "from the Internet to a cloud mailbox"
    INTERNET_TO_ON_PREMISES = "from the Internet to an on-premises mailbox"
    INTERNET_TO_UNKNOWN = "from the Internet to an unknown recipient"
    CLOUD_TO_UNKNOWN = "from a cloud mailbox to an unknown recipient"
    ON_PREMISES_TO_UNKNOWN = "from an on-premises mailbox to an unknown recipient"
    INTERNET_TO_BOTH = "one message from the Internet to a cloud mailbox and an on-premises mailbox"
    CLOUD_TO_INTERNET = "from a cloud mailbox to the Internet"
    CLOUD_TO_ON_PREMISES = "from a cloud mailbox to an on-premises mailbox"
    CLOUD_TO_CLOUD = "from a cloud mailbox to a cloud mailbox"
    ON_PREMISES_TO_INTERNET = "from an on-premises mailbox to the Internet"
    ON_PREMISES_TO_CLOUD = "from an on-premises mailbox to a cloud mailbox"
    ON_PREMISES_FORWARD = "from the Internet, forwarded to the Internet by an on-premises mailbox"
    CLOUD_FORWARD = "from the Internet, forwarded to the Internet by a cloud mailbox"
    ON_PREMISES_NDR = "non-delivery report from an on-premises server to the Internet"
    FOREIGN_SENDER = "from an on-premises mailbox to the Internet for a domain that is not owned"
    THIRD_PARTY = "from a third party that sends for the organization, to its mailboxes"
    DEVICE_TO_CLOUD = "from a device to a cloud mailbox"
    DEVICE_TO_ON_PREMISES = "from a device to an on-premises mailbox"
    DEVICE_TO_INTERNET = "from a device to the Internet"
    STRANGER_AS_DEVICE = "from a stranger who poses as a device, to another stranger"
    STRANGER_TO_MICROSOFT_365 = "from a stranger, handed directly to Microsoft 365"
    STRANGER_TO_ON_PREMISES = "from a stranger, handed directly to the on-premises servers"
    STRANGER_RELAY = "from a stranger to another stranger, offered to Microsoft 365 and the on-premises servers"
    STRANGER_RELAY_BY_FILTER = "from a stranger to another stranger, offered to the third-party filter"

    @property
    def of_a_stranger(self) -> bool:
        """Whether somebody sends it who is not of the organization, whatever name he uses."""
        return self.name.startswith("STRANGER_")

    @property
    def mark(self) -> str:
        """The short name by which files and marks of received messages say the kind: `internet-to-cloud`."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class TestMessage:
    """A message to send: who submits it, with which envelope, and whether by MX or straight to a host."""

    __test__ = False  # not a test case for pytest

    kind: Kind
    submitted_at: (
        str  # Microsoft 365, the name of an own server or a device, an outside domain, a third party, STRANGER
    )
    envelope: Envelope
    direct_to: str = ""  # a host name: straight to it, whatever MX records say
    first: str = ""  # of several MX hosts with one preference, the one that its sender tries first; empty: any
    author: Address | None = None  # whom its From field names, where that is not the reverse-path

    @property
    def written_by(self) -> Address | None:
        """The mailbox in the From field (RFC 5322 section 3.6.2); None: nobody's that counts."""
        return self.author or self.envelope.mail_from

    def __str__(self) -> str:
        way = (
            f", straight to {self.direct_to}"
            if self.direct_to
            else f", trying {self.first} first,"
            if self.first
            else ""
        )
        return f"{self.envelope}, submitted at {self.submitted_at}{way}"


def messages(environment: Environment, domain: Domain, kind: Kind) -> tuple[TestMessage, ...]:
    """Give every message of one kind for one domain; none where the environment has nobody to send or get it."""
    return _KINDS[kind](environment, domain)


def stranger_to(domain: Domain) -> Address:
    """A recipient outside the organization and outside Microsoft 365 whom only a stranger knows."""
    return Address("somebody", f"{domain.name.replace('.', '-')}.other.{STRANGER}")


def _correspondents(environment: Environment) -> tuple[tuple[Outside, Address], ...]:
    """One person of every outside party, where there is a choice not one to whom a mailbox forwards."""
    targets = environment.mailboxes.forwarded_to
    return tuple(
        (outside, next((a for a in outside.mailboxes if a not in targets), outside.mailboxes[0]))
        for outside in environment.outside
        if outside.mailboxes
    )


def _one(environment: Environment) -> tuple[tuple[Outside, Address], ...]:
    return _correspondents(environment)[:1]


def _from_internet(kind: Kind, environment: Environment, recipients: tuple[Address, ...]) -> tuple[TestMessage, ...]:
    return tuple(
        TestMessage(kind, outside.domain, Envelope(sender, (recipient,)))
        for outside, sender in _one(environment)
        for recipient in recipients
    )


def _internet_to(kind: Kind, home: Home) -> Callable[[Environment, Domain], tuple[TestMessage, ...]]:
    return lambda e, d: _from_internet(kind, e, e.mailboxes_in(d, home))


def _nobody(domain: Domain) -> Address:
    return Address("mailflow-nobody-of-this-name", domain.name)


def _internet_to_unknown(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    return _from_internet(Kind.INTERNET_TO_UNKNOWN, environment, (_nobody(domain),))


def _internet_to_both(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    cloud = environment.mailboxes_in(domain, Home.CLOUD)[:1]
    own = environment.mailboxes_in(domain, Home.ON_PREMISES)[:1]
    if not (cloud and own):
        return ()
    return tuple(
        TestMessage(Kind.INTERNET_TO_BOTH, outside.domain, Envelope(sender, cloud + own))
        for outside, sender in _one(environment)
    )


def _submitting_server(environment: Environment) -> str:
    """Where mailboxes of the own side hand in their mail: Exchange, where there is one; gateway and Edge hold none."""
    servers = environment.on_premises.mailbox_servers or environment.on_premises.servers
    return servers[0].name if servers else ""


def _between(
    kind: Kind, senders: Home, recipients: Home | str
) -> Callable[[Environment, Domain], tuple[TestMessage, ...]]:
    """Messages from every listed mailbox of one side to every recipient of another, sender and recipient apart."""

    def build(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
        at = MICROSOFT_365 if senders is Home.CLOUD else _submitting_server(environment)
        to: tuple[Address, ...]
        if isinstance(recipients, Home):
            to = environment.mailboxes_in(domain, recipients)
        elif recipients == "internet":
            to = tuple(address for _, address in _correspondents(environment))
        else:
            to = (_nobody(domain),)
        return tuple(
            TestMessage(kind, at, Envelope(sender, (recipient,)))
            for sender in environment.mailboxes_in(domain, senders)
            for recipient in to
            if sender != recipient
        )

    return build


def _forward(kind: Kind, home: Home) -> Callable[[Environment, Domain], tuple[TestMessage, ...]]:
    def build(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
        forwards = environment.mailboxes.forwards
        return _from_internet(
            kind,
            environment,
            tuple(
                a
                for a in environment.mailboxes.of(domain.name, home)
                if a in forwards and forwards[a].domain not in environment.domain_names
            ),
        )

    return build


def _ndr(environment: Environment, _: Domain) -> tuple[TestMessage, ...]:
    postmaster = Address("postmaster", environment.with_mail[0].name)
    return tuple(
        TestMessage(Kind.ON_PREMISES_NDR, server.name, Envelope(None, (address,)), author=postmaster)
        for server in environment.on_premises.servers
        for _, address in _one(environment)
    )


def _foreign(environment: Environment, _: Domain) -> tuple[TestMessage, ...]:
    at = _submitting_server(environment)
    everybody = [address for outside in environment.outside for address in outside.mailboxes]
    return tuple(
        TestMessage(Kind.FOREIGN_SENDER, at, Envelope(Address("news", foreign), (recipient,)))
        for foreign in environment.conditions.sends_for_foreign_domains or ()
        for recipient in [a for a in everybody if a.domain != foreign][:1]
        if at
    )


def _third_party(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    recipients = environment.mailboxes_in(domain, Home.CLOUD) + environment.mailboxes_in(domain, Home.ON_PREMISES)
    return tuple(
        TestMessage(
            Kind.THIRD_PARTY,
            party.name,
            Envelope(party.returns_to or party.sends_as, (recipient,)),
            author=party.sends_as if party.returns_to else None,
        )
        for party in (*environment.third_parties_of(domain), *third_parties_below(environment, domain))
        for recipient in recipients
    )


def device_host(environment: Environment, device: Device) -> str:
    """To whom a device hands its mail: an own server, or the host of the tenant (Devices, options 2 and 3).

    That is the host of a domain of the tenant, whatever name below it the device writes.
    """
    return device.server or environment.tenant_host(domain_of(environment, device.sends_as.domain))


def _from_device(kind: Kind, home: Home | None) -> Callable[[Environment, Domain], tuple[TestMessage, ...]]:
    """Messages of every device that sends without signing in; `home` None: to people outside, those that have to."""

    def build(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
        outside = tuple(a for o, a in _correspondents(environment) if o.tenant_id is None)
        return tuple(
            TestMessage(kind, device.name, Envelope(device.sends_as, (recipient,)))
            for device in devices_of(environment, domain)
            if device.hands_over and (home or device.sends_outside)
            for recipient in (environment.mailboxes_in(domain, home) if home else outside)
        )

    return build


def _stranger_as_device(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    """The sender that a device writes, at the host to which it hands over: whoever reads its mail knows both."""
    return tuple(
        TestMessage(Kind.STRANGER_AS_DEVICE, STRANGER, Envelope(device.sends_as, (stranger_to(domain),)), host)
        for device in devices_of(environment, domain)
        if device.hands_over
        for host in [device_host(environment, device)]
    )


def _stranger_to_microsoft_365(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    """Whoever it claims to be from: a stranger's own name, the organization's, and nobody's."""
    host = environment.tenant_host(domain.name)
    senders = (Address("somebody", STRANGER), Address("postmaster", domain.name), None)
    return tuple(
        TestMessage(Kind.STRANGER_TO_MICROSOFT_365, STRANGER, Envelope(sender, (recipient,)), host)
        for recipient in environment.mailboxes_in(domain, Home.CLOUD)
        for sender in senders
    )


def _stranger_to_on_premises(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    return tuple(
        TestMessage(
            Kind.STRANGER_TO_ON_PREMISES,
            STRANGER,
            Envelope(Address("somebody", STRANGER), (recipient,)),
            server.name,
        )
        for server in environment.on_premises.outer_servers
        for recipient in environment.mailboxes_in(domain, Home.ON_PREMISES)
    )


def _stranger_relay(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    if not domain.has_mail:  # the host by which the tenant would be asked need not exist
        return ()
    host = environment.tenant_host(domain.name)
    hosts = (host, *(server.name for server in environment.on_premises.outer_servers))
    envelope = Envelope(Address("somebody", STRANGER), (stranger_to(domain),))
    return tuple(TestMessage(Kind.STRANGER_RELAY, STRANGER, envelope, host) for host in hosts)


def _stranger_relay_by_filter(environment: Environment, domain: Domain) -> tuple[TestMessage, ...]:
    """A stranger in his own name, and in the organization's: a service may take the name for its customer."""
    senders = (Address("somebody", STRANGER), Address("postmaster", domain.name))
    return tuple(
        TestMessage(
            Kind.STRANGER_RELAY_BY_FILTER, STRANGER, Envelope(sender, (stranger_to(domain),)), direct_to=server.name
        )
        for server in environment.filter_servers
        for sender in senders
    )


_KINDS: dict[Kind, Callable[[Environment, Domain], tuple[TestMessage, ...]]] = {
    Kind.INTERNET_TO_CLOUD: _internet_to(Kind.INTERNET_TO_CLOUD, Home.CLOUD),
    Kind.INTERNET_TO_ON_PREMISES: _internet_to(Kind.INTERNET_TO_ON_PREMISES, Home.ON_PREMISES),
    Kind.INTERNET_TO_UNKNOWN: _internet_to_unknown,
    Kind.INTERNET_TO_BOTH: _internet_to_both,
    Kind.CLOUD_TO_UNKNOWN: _between(Kind.CLOUD_TO_UNKNOWN, Home.CLOUD, "unknown"),
    Kind.ON_PREMISES_TO_UNKNOWN: _between(Kind.ON_PREMISES_TO_UNKNOWN, Home.ON_PREMISES, "unknown"),
    Kind.CLOUD_TO_INTERNET: _between(Kind.CLOUD_TO_INTERNET, Home.CLOUD, "internet"),
    Kind.CLOUD_TO_ON_PREMISES: _between(Kind.CLOUD_TO_ON_PREMISES, Home.CLOUD, Home.ON_PREMISES),
    Kind.CLOUD_TO_CLOUD: _between(Kind.CLOUD_TO_CLOUD, Home.CLOUD, Home.CLOUD),
    Kind.ON_PREMISES_TO_INTERNET: _between(Kind.ON_PREMISES_TO_INTERNET, Home.ON_PREMISES, "internet"),
    Kind.ON_PREMISES_TO_CLOUD: _between(Kind.ON_PREMISES_TO_CLOUD, Home.ON_PREMISES, Home.CLOUD),
    Kind.ON_PREMISES_FORWARD: _forward(Kind.ON_PREMISES_FORWARD, Home.ON_PREMISES),
    Kind.CLOUD_FORWARD: _forward(Kind.CLOUD_FORWARD, Home.CLOUD),
    Kind.ON_PREMISES_NDR: _ndr,
    Kind.FOREIGN_SENDER: _foreign,
    Kind.THIRD_PARTY: _third_party,
    Kind.DEVICE_TO_CLOUD: _from_device(Kind.DEVICE_TO_CLOUD, Home.CLOUD),
    Kind.DEVICE_TO_ON_PREMISES: _from_device(Kind.DEVICE_TO_ON_PREMISES, Home.ON_PREMISES),
    Kind.DEVICE_TO_INTERNET: _from_device(Kind.DEVICE_TO_INTERNET, None),
    Kind.STRANGER_AS_DEVICE: _stranger_as_device,
    Kind.STRANGER_TO_MICROSOFT_365: _stranger_to_microsoft_365,
    Kind.STRANGER_TO_ON_PREMISES: _stranger_to_on_premises,
    Kind.STRANGER_RELAY: _stranger_relay,
    Kind.STRANGER_RELAY_BY_FILTER: _stranger_relay_by_filter,
}

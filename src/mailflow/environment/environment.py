"""One organization and the world around it, as frozen values.

`load.py` makes an `Environment` from a folder. What is configured (zones, exports, certificates) comes from
files an engineer really has; `environment.yaml` says who is who and what is expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import dns.zone
from cryptography import x509
from cryptography.x509 import Certificate as X509  # noqa: N814 - Certificate is our own noun here
from cryptography.x509.oid import NameOID

from mailflow.environment.answers import Conditions, Expects
from mailflow.environment.layout import all_in_the_cloud
from mailflow.environment.mailboxes import Home, Mailboxes
from mailflow.environment.scenario import DOCUMENTED, PARKED, ScenarioName
from mailflow.exchange.cloud import Cloud, is_microsoft_host
from mailflow.exchange.online import ExchangeOnline, Network, by_name
from mailflow.exchange.server import ExchangeServer
from mailflow.mail.address import Address
from mailflow.records.mx_change import Lowered
from mailflow.records.private_address import is_private

IPAddress = IPv4Address | IPv6Address


class Changes(StrEnum):
    """Whether a server sends on what it got: footers, rewritten links and subjects are changes."""

    NEVER = "never"
    BEFORE_SIGNING = "before-signing"  # where it signs at all
    AFTER_SIGNING = "after-signing"


class Stage(StrEnum):
    """What a run looks at, as seen from the change of the MX record."""

    PLAN = "plan"  # a simulation: what will be true
    BEFORE = "before"  # what is there, before the change
    AFTER = "after"  # what is there, after it


@dataclass(frozen=True, slots=True)
class Cutover:
    """The change of the MX record."""

    stage: Stage  # before or after: where the organization stands
    at: datetime  # when it is due, aware
    changes: tuple[str, ...] | None = None  # the records it alters: "contoso.com MX"; None: the MX of every domain
    lowered: Lowered | None = None  # when the TTL of the old MX record is lowered, and to what; None: nobody says


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """How things were before the change, as somebody wrote it down. What it does not hold is Unknown."""

    folder: str  # before
    zones: Mapping[str, dns.zone.Zone]  # by origin, as `Environment.zones`
    online: ExchangeOnline
    exchange: ExchangeServer


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain of the organization and the scenario it is meant to follow."""

    name: str
    scenario: ScenarioName
    mx: tuple[str, ...]  # planned MX hosts; for scenarios 1 and 2 empty unless the name cannot be derived

    @property
    def has_mail(self) -> bool:
        """Whether it is meant to send and get mail."""
        return self.scenario != PARKED


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that a server shows, from a PEM file: the leaf first, then what it sends with it."""

    file: str
    leaf: X509
    chain: tuple[X509, ...]
    trusted: bool  # a path leads to a public authority or to one that the environment names, dates left aside
    distrust: str  # why not, in a sentence; empty where trusted

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names of the subject alternative names, or the common name where there are none; lower case."""
        return certificate_names(self.leaf)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a server that is not Exchange sends mail for a domain ("*": any other)."""

    domain: str  # "*", "contoso.com", "*.contoso.com"
    smart_host: str | None  # None: by MX
    require_tls: bool
    presents_certificate: bool  # as TLS client, the server's own certificate


@dataclass(frozen=True, slots=True)
class OtherServer:
    """The facts of an own server that is not Exchange, in place of exports."""

    accepts_for: tuple[str, ...]  # domains it takes from anyone
    relays_for: tuple[Network, ...]  # who may send through it to anywhere
    relays_for_microsoft_365: bool  # the same for the tenant: its published addresses or its certificate
    accepts_from: tuple[Network, ...] | None  # None: whoever connects; else a firewall lets only these through
    routes: tuple[Route, ...]
    routing_addresses: Mapping[Address, Address]  # cloud mailbox → its address in the tenant
    starttls: bool


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the organization."""

    name: str  # the host name, as MX records and certificates write it
    listens: tuple[IPAddress, ...]
    sends_from: tuple[IPAddress, ...]
    greets_as: str  # the name in EHLO and in the greeting
    exchange_name: str  # as exports call it: EX01; empty: the only Exchange server, or none
    certificate: Certificate | None
    other: OtherServer | None  # the facts in place of exports; None for Exchange
    origin: str  # environment.yaml:12
    dkim: Mapping[str, str] = field(default_factory=dict)  # domain → selector with which it signs that domain's mail
    changes_messages: Changes | None = None  # None: nobody says
    is_edge: bool = False  # an Edge Transport server: it has no mailboxes, and hands to the servers that have

    @property
    def is_exchange(self) -> bool:
        """Exports describe it."""
        return self.other is None

    @property
    def is_outer(self) -> bool:
        """Whether the Internet or Microsoft 365 sees it; others are behind a gateway."""
        return bool(self.public_listens or self.public_sends_from)

    @property
    def public_listens(self) -> tuple[IPAddress, ...]:
        """Where the Internet and Microsoft 365 reach it."""
        return tuple(address for address in self.listens if not is_private(address))

    @property
    def public_sends_from(self) -> tuple[IPAddress, ...]:
        """As whom the Internet and Microsoft 365 see it."""
        return tuple(address for address in self.sends_from if not is_private(address))


@dataclass(frozen=True, slots=True)
class PolicyHost:
    """What hands out the MTA-STS policy of a domain over HTTPS (RFC 8461 section 3.3)."""

    name: str  # mta-sts.contoso.com
    listens: tuple[IPAddress, ...]
    certificate: Certificate
    file: str  # mta-sts/contoso.com.txt
    policy: bytes  # what stands in it: it is judged, not trusted


@dataclass(frozen=True, slots=True)
class OnPremises:
    """The organization's own side."""

    servers: tuple[Server, ...]
    exchange: ExchangeServer

    @property
    def outer_servers(self) -> tuple[Server, ...]:
        """Those that the Internet or Microsoft 365 sees."""
        return tuple(server for server in self.servers if server.is_outer)

    @property
    def mailbox_servers(self) -> tuple[Server, ...]:
        """The Exchange servers that hold mailboxes: all but Edge Transport servers."""
        return tuple(server for server in self.servers if server.is_exchange and not server.is_edge)

    def hands_on(self, server: Server, domain: str) -> bool:
        """Whether a server that is not Exchange is a gateway for a domain: its route leads to another own server."""
        names = {one.name for one in self.servers if one != server}
        routes = server.other.routes if server.other else ()
        return any(route.domain == domain and route.smart_host in names for route in routes)


@dataclass(frozen=True, slots=True)
class Microsoft365:
    """The organization's tenant."""

    cloud: Cloud
    tenant: str  # contoso: contoso.onmicrosoft.com, contoso.mail.onmicrosoft.com
    tenant_id: str
    online: ExchangeOnline

    @property
    def initial_domain(self) -> str:
        """The tenant's first domain."""
        return f"{self.tenant}.onmicrosoft.com"

    @property
    def coexistence_domain(self) -> str:
        """The domain of routing addresses, by which the own servers reach a mailbox in the tenant."""
        return f"{self.tenant}.mail.onmicrosoft.com"


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Somebody who sends for the organization, as a newsletter service does, or a service that filters its mail."""

    name: str
    sends_from: tuple[IPAddress, ...]
    sends_as: Address | None  # None: it sends nothing of its own
    greets_as: str
    servers: tuple[Server, ...] = ()  # of a filtering service; what they do stands in `other`, nothing is exported
    dkim: Mapping[str, str] = field(default_factory=dict)  # as `Server.dkim`
    returns_to: Address | None = None  # the reverse-path where it is not `sends_as`: a service's own, for its reports


class DeviceWay(StrEnum):
    """By which way a device sends (Devices, options 1 to 3, and the use of an own server)."""

    CLIENT_SUBMISSION = "client-submission"  # it signs in at Microsoft 365 with a mailbox (SMTP AUTH)
    DIRECT_SEND = "direct-send"  # to the MX host of the tenant, as anybody could
    RELAY = "relay"  # to the same host, recognised by an inbound connector
    OWN_SERVER = "own-server"  # by a server of the organization


@dataclass(frozen=True, slots=True)
class Device:
    """A printer, scanner or application of the organization that hands over its mail itself."""

    name: str
    way: DeviceWay
    sends_from: tuple[IPAddress, ...]  # empty for client submission: it may be anywhere
    sends_as: Address
    greets_as: str
    sends_outside: bool  # it has to reach people outside the organization, too
    server: str  # the own server that takes its mail; empty in the other ways
    certificate: Certificate | None  # that it shows as TLS client
    signs_in_as: Address  # the mailbox of client submission

    @property
    def hands_over(self) -> bool:
        """Whether it sends without signing in, as anybody with its address could."""
        return self.way is not DeviceWay.CLIENT_SUBMISSION


@dataclass(frozen=True, slots=True)
class Outside:
    """A party on the Internet that plays the outside in a simulation."""

    domain: str
    mailboxes: tuple[Address, ...]
    host: str  # its mail server
    address: tuple[IPAddress, ...]  # where that listens and from where it sends
    tenant_id: str | None  # it is a tenant of Microsoft 365 itself; None: it has a server of its own


@dataclass(frozen=True, slots=True)
class Waiver:
    """A risk that somebody accepted (waivers.yaml). Days count whole, in UTC, first and last included."""

    id: str  # the requirement
    domain: str | None
    reason: str
    risk: str
    approver: str
    ticket: str
    starts: str  # "from" in the file, ISO date
    until: str  # ISO date
    origin: str


@dataclass(frozen=True, eq=False)
class Environment:
    """The world of one organization."""

    name: str  # the folder's name
    folder: Path
    organization: str
    domains: tuple[Domain, ...]
    microsoft_365: Microsoft365
    on_premises: OnPremises
    third_parties: tuple[ThirdParty, ...]
    mailboxes: Mailboxes
    conditions: Conditions
    expects: Expects
    outside: tuple[Outside, ...]
    zones: Mapping[str, dns.zone.Zone]  # by origin, lower case, no dot at the end
    authorities: tuple[X509, ...]  # certification authorities trusted beside the public ones
    waivers: tuple[Waiver, ...]
    digest: str  # SHA-256 over every file of the folder that was read, hexadecimal
    lines: Mapping[str, int]  # line in environment.yaml by dotted path: "domains.contoso.com"
    devices: tuple[Device, ...] = ()
    cutover: Cutover | None = None
    before: Before | None = None  # None: nothing was written down
    signed_zones: frozenset[str] = frozenset()  # with DNSSEC, and a DS record in the zone above
    policy_hosts: Mapping[str, PolicyHost] = field(default_factory=dict)  # by domain, as far as the plan has them
    files: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of each of these files, by name
    disturbed: Mapping[str, str] = field(
        default_factory=dict
    )  # server or policy host → what it does otherwise; by faults only
    unfilled: tuple[str, ...] = ()  # where a draft still waits to be filled in: "environment.yaml:12 tenant_id"

    def line(self, path: str) -> str:
        """Name the line of a key, as evidence: `environment.yaml:12`."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return f"environment.yaml:{self.lines.get(path, 1)}"

    def planned_mx(self, domain: Domain) -> tuple[str, ...]:
        """The hosts that the MX records of a domain are to name; where none is listed, the tenant's.

        None where the domain is parked.
        """
        return domain.mx or ((self.tenant_host(domain.name),) if domain.has_mail else ())

    def tenant_host(self, domain: str) -> str:
        """The host of Microsoft 365 for a domain: as the environment says it, else derived.

        Where it cannot be derived and the MX record names others, nobody has to know it: the host of the coexistence
        domain takes what a hybrid organization has to hand over as well.
        """
        its = next((one for one in self.domains if one.name == domain), None)
        assigned = [host for host in (its.mx if its else ()) if is_microsoft_host(host)]
        tenant = self.microsoft_365
        hybrid = its is not None and its.mx and its.scenario in DOCUMENTED
        name = domain if tenant.cloud.derives(domain) or not hybrid else tenant.coexistence_domain
        return assigned[0] if assigned else tenant.cloud.mx_host(name)

    @cached_property
    def with_mail(self) -> tuple[Domain, ...]:
        """The domains that are not parked; all of them, where each is."""
        return tuple(domain for domain in self.domains if domain.has_mail) or self.domains

    def mailboxes_in(self, domain: Domain, home: Home) -> tuple[Address, ...]:
        """The listed mailboxes of one domain at one of both places, without those that forward."""
        return tuple(a for a in self.mailboxes.of(domain.name, home) if a not in self.mailboxes.forwards)

    def own_servers_take_part(self, domain: Domain) -> bool:
        """Whether they have a part in a domain's mail; where its mailboxes are in the cloud, only others need them."""
        apart = all_in_the_cloud(domain.scenario) and not self.mailboxes.of(domain.name, Home.ON_PREMISES)
        return domain.has_mail and bool(self.on_premises.servers) and not apart

    def third_parties_of(self, domain: Domain) -> tuple[ThirdParty, ...]:
        """Those who send as somebody of one domain."""
        return self._third_parties.get(domain.name, ())

    @cached_property
    def filter_servers(self) -> tuple[Server, ...]:
        """The servers of third parties that filter the organization's mail; never own ones."""
        return tuple(server for party in self.third_parties for server in party.servers)

    @property
    def servers(self) -> tuple[Server, ...]:
        """Every server that it describes: the own ones, and those of a filter."""
        return (*self.on_premises.servers, *self.filter_servers)

    @cached_property
    def domain_names(self) -> frozenset[str]:
        """The names of all its domains."""
        return frozenset(domain.name for domain in self.domains)

    @cached_property
    def microsoft_365_hosts(self) -> frozenset[str]:
        """The host of its tenant for each of its domains, as MX records name it."""
        return frozenset(map(self.tenant_host, self.domain_names))

    @cached_property
    def _third_parties(self) -> Mapping[str, tuple[ThirdParty, ...]]:
        return by_name(self.third_parties, lambda party: party.sends_as.domain if party.sends_as else "")


def certificate_names(certificate: X509) -> tuple[str, ...]:
    """Give the DNS names that a certificate stands for (RFC 6125 section 6.4), lower case."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(name.value).lower() for name in common)
    return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))

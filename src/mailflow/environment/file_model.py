"""The words of environment.yaml: one class a section, one field a key, each with its meaning.

`environment.schema.json` is made from these classes (`mailflow.environment.schema`), so that editors complete
and check the file while it is written.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from mailflow.environment.file_types import (
    IP,
    ChangesWord,
    CloudName,
    Day,
    DeviceWayWord,
    DomainName,
    DomainPattern,
    ExitWord,
    FilePath,
    Guid,
    Identifier,
    Mailbox,
    Moment,
    NetworkOrWord,
    PermissionWord,
    RecordName,
    Scenario,
    Seconds,
    Stage,
    TenantName,
    Text,
    YesNo,
)


class _Section(BaseModel):
    """A mapping that knows its keys. A key with nothing behind it counts as not written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_written(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in content.items() if value is not None or key not in known}


class DomainSection(_Section):
    """A mail domain of the organization."""

    scenario: Scenario = Field(
        description="The scenario that the domain is meant to follow: 1 to 4, or the word of another layout."
    )
    mx: tuple[DomainName, ...] = Field(
        (),
        description="Planned MX hosts. Scenarios 3 and 4: names of servers under on_premises. Behind a filtering "
        "service: names of its servers. Otherwise only where the host that Microsoft 365 assigned cannot be derived: "
        "below mx.microsoft, or of a domain with a hyphen.",
    )


class Microsoft365Section(_Section):
    """The organization's tenant."""

    cloud: CloudName = Field("worldwide", description="Which of Microsoft's clouds holds the tenant.")
    tenant: TenantName = Field(description="contoso, where the tenant's first domain is contoso.onmicrosoft.com.")
    tenant_id: Guid = Field(description="The tenant's GUID; message headers and traces show it.")
    exports: FilePath = Field(
        "exchange-online/",
        description="Folder of the tenant's exports: Get-AcceptedDomain.json, Get-InboundConnector.json, …",
    )


class RouteSection(_Section):
    """Where a server that is not Exchange sends mail for a domain."""

    domain: DomainPattern = Field(description='"*" (any other), contoso.com or "*.contoso.com".')
    smart_host: DomainName | None = Field(None, description="The next server; without it the MX records decide.")
    require_tls: YesNo = Field(False, description="The mail waits rather than go without TLS.")
    presents_certificate: YesNo = Field(False, description="The server shows its own certificate when it connects.")


class OtherSection(_Section):
    """The facts of a server that is not Exchange, in place of exports."""

    accepts_for: tuple[DomainName, ...] = Field(description="Domains for which it takes mail from anyone.")
    relays_for: tuple[NetworkOrWord, ...] = Field(
        (), description="Networks that may send through it to anywhere; microsoft-365 for the tenant."
    )
    accepts_from: tuple[NetworkOrWord, ...] | None = Field(
        None,
        description="Networks that a firewall lets connect; microsoft-365 for the published ranges. "
        "Without it anyone may connect.",
    )
    routes: tuple[RouteSection, ...] = Field(description="Where it sends, the first fitting route decides.")
    routing_addresses: dict[Mailbox, Mailbox] = Field(
        default_factory=dict, description="Mailbox in the tenant: its address in <tenant>.mail.onmicrosoft.com."
    )
    starttls: YesNo = Field(description="It offers STARTTLS.")


class ServerSection(_Section):
    """A server of the organization, under its host name."""

    listens: tuple[IP, ...] = Field(description="Public addresses at which it takes mail; [] for none.")
    sends_from: tuple[IP, ...] | None = Field(
        None, description="Public addresses from which it connects; behind NAT they differ. Default: listens."
    )
    greets_as: DomainName | None = Field(None, description="Its name in EHLO and greeting. Default: its host name.")
    exchange_name: Text = Field("", description="Its name in exports: EX01. Default: the only Exchange server.")
    edge_exports: FilePath | None = Field(
        None,
        description="For an Edge Transport server with an Edge Subscription: folder of what it exports itself, "
        "Get-ReceiveConnector.json and Get-ExchangeCertificate.json. No other server lists these.",
    )
    certificate: FilePath | None = Field(
        None, description="PEM file with the certificate that it shows, then its intermediates; no private key."
    )
    dkim: dict[DomainName, DomainName] = Field(
        default_factory=dict,
        description="Domains for whose mail to the Internet it makes a DKIM signature, each with the selector. "
        "Exchange Server itself makes none; a transport agent may.",
    )
    changes_messages: ChangesWord | None = Field(
        None,
        description="Whether it changes messages that it sends on (footers, rewritten links or subjects), and on which "
        "side of its own signing. Without it nobody knows what becomes of a signature that others made.",
    )
    other: OtherSection | None = Field(None, description="For a server that is not Exchange: what it does.")


class OnPremisesSection(_Section):
    """The organization's own side."""

    exports: FilePath = Field(
        "exchange-server/",
        description="Folder of the own Exchange servers' exports: Get-SendConnector.json, …",
    )
    servers: dict[DomainName, ServerSection] = Field(description="The servers, by host name.", min_length=1)


class FilterServerSection(ServerSection):
    """A server of a filtering service, under its host name."""

    other: OtherSection = Field(description="What it does: for which domains it takes mail, where it hands it on.")


class ThirdPartySection(_Section):
    """Somebody who sends for the organization, or a service that filters its mail."""

    sends_from: tuple[IP, ...] = Field(
        (), description="Addresses from which it connects. Default: those of its servers."
    )
    sends_as: Mailbox | None = Field(
        None,
        alias="as",
        description="The sender it writes: an address in a domain of the organization, or in a name below one. "
        "Left out where it only hands mail on.",
    )
    greets_as: DomainName | None = Field(None, description="Its name in EHLO. Default: [its address].")
    servers: dict[DomainName, FilterServerSection] = Field(
        default_factory=dict,
        description="Of a filtering service: the servers to which MX records point, by host name.",
    )
    dkim: dict[DomainName, DomainName] = Field(
        default_factory=dict, description="Domains for whose mail it makes a DKIM signature, each with the selector."
    )
    returns_to: Mailbox | None = Field(
        None, description="The reverse-path, where reports go to the service itself. Default: the sender it writes."
    )


class DeviceSection(_Section):
    """A printer, scanner or application of the organization that hands over its mail itself."""

    way: DeviceWayWord = Field(
        description="client-submission: it signs in with a mailbox; direct-send: to the MX host of the tenant, as "
        "anybody could; relay: to the same host, by an inbound connector; own-server: by a server under on_premises."
    )
    sends_from: tuple[IP, ...] = Field((), description="Public addresses from which it connects.")
    sends_as: Mailbox = Field(
        alias="as",
        description="The sender it writes: an address in a domain of the organization, or in a name below one.",
    )
    greets_as: DomainName | None = Field(None, description="Its name in EHLO. Default: [its address].")
    sends_outside: YesNo = Field(description="It has to reach people outside the organization, too.")
    server: DomainName | None = Field(
        None, description="own-server: the server that takes its mail. Default: the only one."
    )
    certificate: FilePath | None = Field(None, description="relay: PEM file with the certificate that it shows.")
    signs_in_as: Mailbox | None = Field(None, description="client-submission: its mailbox. Default: as.")


class MailboxesSection(_Section):
    """Test mailboxes: one of each kind is enough, an address book is not asked for."""

    cloud: tuple[Mailbox, ...] = Field((), description="Mailboxes in the tenant.")
    on_premises: tuple[Mailbox, ...] = Field((), description="Mailboxes on the own servers.")
    forwards: dict[Mailbox, Mailbox] = Field(
        default_factory=dict, description="Listed mailbox: address to which its mail goes on."
    )


class ConditionsSection(_Section):
    """What the documentation asks of the organization. Unanswered makes requirements not verified."""

    sends_for_foreign_domains: tuple[DomainName, ...] | None = Field(
        None, description="Domains of others for which the organization sends; [] for none."
    )
    users_forward_outside: YesNo | None = Field(
        None, description="Users forward mail to addresses outside the organization."
    )


class ExpectsSection(_Section):
    """Which of several documented ways the organization has chosen."""

    outbound_exit: ExitWord | None = Field(
        None, description="Scenario 2, where the documents disagree: from where mail enters the Internet."
    )
    cloud_forwarding: PermissionWord | None = Field(
        None, description="Mailboxes in the tenant that forward outside: allowed or refused."
    )


class OutsideSection(_Section):
    """A party that plays the Internet in a simulation, under its mail domain."""

    mailboxes: tuple[Mailbox, ...] = Field(description="Its mailboxes.", min_length=1)
    host: DomainName = Field(description="The host name of its mail server.")
    address: tuple[IP, ...] = Field(description="Where that listens and from where it sends.", min_length=1)
    tenant_id: Guid | None = Field(None, description="Its own tenant of Microsoft 365, where it has one.")


class MtaStsSection(_Section):
    """What hands out the MTA-STS policy of a domain, at https://mta-sts.<domain>/.well-known/mta-sts.txt."""

    policy: FilePath = Field(description="File with the policy as it is handed out: mta-sts/contoso.com.txt.")
    certificate: FilePath = Field(
        description="PEM file with the certificate that mta-sts.<domain> shows, then its intermediates; no private key."
    )
    listens: tuple[IP, ...] = Field(description="Public addresses at which it answers.", min_length=1)


class LoweredSection(_Section):
    """The lowering of the old MX record's TTL."""

    ttl: Seconds = Field(description="The lowered TTL, in seconds.")
    at: Moment = Field(description="When it is published, with offset; before the change.")


class CutoverSection(_Section):
    """When the MX record is changed."""

    stage: Stage = Field(description="before or after the change.")
    at: Moment = Field(description="When the change is due, with offset.")
    changes: tuple[RecordName, ...] | None = Field(
        None, description="The records that it alters, name and type. Default: the MX records of all domains."
    )
    before: FilePath | None = Field(
        None,
        description="Folder with how things were before the change: zones/, exchange-online/, exchange-server/.",
    )
    lowered: LoweredSection | None = Field(None, description="When the TTL of the old MX record is lowered, to what.")


class EnvironmentFile(_Section):
    """An environment of Mailflow: one organization and the world around its mail."""

    organization: Text = Field(description="The organization's name, as the report prints it.")
    domains: dict[DomainName, DomainSection] = Field(description="Its mail domains, by name.", min_length=1)
    microsoft_365: Microsoft365Section = Field(description="The organization's tenant.")
    on_premises: OnPremisesSection = Field(
        default_factory=lambda: OnPremisesSection.model_construct(servers={}),
        description="The organization's own side; left out where it has no mail server of its own.",
    )
    third_parties: dict[Text, ThirdPartySection] = Field(
        default_factory=dict, description="Who else sends for it: a newsletter service, a ticket system."
    )
    devices: dict[Text, DeviceSection] = Field(
        default_factory=dict, description="Printers, scanners and applications that send; {} for none."
    )
    mailboxes: MailboxesSection = Field(description="Mailboxes between which test messages go.")
    conditions: ConditionsSection = Field(
        default_factory=ConditionsSection, description="Asked, never guessed: true, false or a list."
    )
    expects: ExpectsSection = Field(
        default_factory=ExpectsSection, description="Where several ways are documented: the one chosen."
    )
    outside: dict[DomainName, OutsideSection] = Field(
        default_factory=dict, description="Who plays the Internet in a simulation."
    )
    mta_sts: dict[DomainName, MtaStsSection] = Field(
        default_factory=dict, description="Who hands out MTA-STS policies, by the domain whose policy it is."
    )
    cutover: CutoverSection | None = Field(None, description="When the MX record is changed.")
    authorities: tuple[FilePath, ...] = Field(
        (), description="PEM files of certification authorities to trust beside the public ones."
    )
    signed_zones: tuple[DomainName, ...] = Field(
        (), description="Zones that are signed with DNSSEC and have a DS record in the zone above them."
    )
    zones: FilePath = Field("zones/", description="Folder of the planned zones: contoso.com.zone, …")


class WaiverSection(_Section):
    """A risk that somebody accepted."""

    id: Identifier = Field(description="The requirement: S4-MX-3.")
    domain: DomainName | None = Field(None, description="For which domain. Default: where the tenant is meant.")
    reason: Text = Field(description="Why the requirement is not met.")
    risk: Text = Field(description="What may happen.")
    approver: Text = Field(description="Who accepted it.")
    ticket: Text = Field(description="Where that is recorded.")
    starts: Day = Field(alias="from", description="First day, UTC.")
    until: Day = Field(description="Last day, UTC.")


class WaiversFile(RootModel[tuple[WaiverSection, ...]]):
    """waivers.yaml: a list of accepted risks."""

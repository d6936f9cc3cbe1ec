"""Judges devices and applications that send: whether the way that each uses is open to it, and to nobody else.

Source: "How to set up a multifunction device or application to send email using Microsoft 365 or Office 365" (Devices),
options 1 to 3. That mail arrives is judged by its path.
"""

from collections.abc import Iterator, Sequence

from mailflow.environment.environment import Device, DeviceWay, Domain, Environment
from mailflow.environment.mailboxes import Home
from mailflow.environment.names_below import devices_of
from mailflow.exchange.known import Assumptions, Known, Unknown
from mailflow.exchange.online import CasMailbox, ConnectorType
from mailflow.judge import evidence
from mailflow.judge.inbound import show_connectors
from mailflow.judge.spf import Drive, all_pass, missing_terms
from mailflow.judge.spf_below import Sender, SpfBelow, evaluated, passes_record
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.routing.attribution import Tenants, attribute
from mailflow.routing.decision import Client, Reception, Refuse, Tls

_NONE = "the environment names no such device"
_ELSEWHERE = Address("somebody", "elsewhere.invalid")  # RFC 2606: a domain that nobody has
_AT_MICROSOFT_365 = (DeviceWay.DIRECT_SEND, DeviceWay.RELAY)
_NOT_SEEN = (
    "whether the device can sign in at all, no export tells: Microsoft has announced the end of basic authentication "
    "for client submission, and security defaults or a policy may forbid it today"
)


def sends(environment: Environment, domain: Domain, *ways: DeviceWay, outside: bool = False) -> Finding:
    """Whether a device sends under this domain, by one of these ways; `outside`: to people outside, too."""
    asked = f"a device sends for {domain.name}, by {' or '.join(ways)}" + (
        ", and has to reach people outside" * outside
    )
    named = [f"{one.name} ({one.way})" for one in _of(environment, domain, *ways) if one.sends_outside or not outside]
    shown = evidence.stated(environment.line("devices"), asked, named)
    if not named and "devices" not in environment.lines:
        why = "nobody has answered this question in environment.yaml"
        return not_verified(asked, why, remedy="Add to environment.yaml: devices: {} for none, or each with its way")
    if not named:
        return not_applicable(asked, "the environment names none", shown)
    return compliant(asked, ", ".join(named), shown)


def has_own_mailboxes(environment: Environment, domain: Domain) -> Finding:
    """Whether the domain has mailboxes on own servers."""
    asked = f"mailboxes of {domain.name} are on the on-premises servers"
    listed = environment.mailboxes_in(domain, Home.ON_PREMISES)
    shown = evidence.stated(environment.line("mailboxes"), asked, listed)
    if listed:
        return compliant(asked, ", ".join(map(str, listed)), shown)
    if not environment.own_servers_take_part(domain):
        return not_applicable(asked, "no on-premises server has a part in its mail", shown)
    remedy = "List a mailbox of the on-premises servers below mailboxes in environment.yaml"
    return not_verified(asked, "the environment lists none", shown, remedy=remedy)


def _of(environment: Environment, domain: Domain, *ways: DeviceWay) -> list[Device]:
    return [device for device in devices_of(environment, domain) if device.way in ways]


def recognised(environment: Environment, domain: Domain) -> Finding:
    """Judge whether an inbound connector recognises every device that relays (Devices, option 3)."""
    asked = "an inbound connector of type OnPremises recognises every device that relays"
    assume, shown = Assumptions(), tuple(show_connectors(environment, ConnectorType.ON_PREMISES))
    seen, strange = [], []
    for device, client, taken in _attributed(environment, domain, DeviceWay.RELAY, assume):
        if isinstance(taken, Reception):
            seen.append(f"{device.name} [{client.address}] by '{taken.connector}'")
        else:
            names = ", ".join(client.tls.client_names) if client.tls else ""
            shows = f", with a certificate for {names}" if names else ""
            strange.append(f"{device.name} [{client.address}]{shows}: {taken.reply} ({taken.rule.why})")
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not seen and not strange:
        return not_applicable(asked, _NONE)
    if strange:
        addresses = ", ".join(str(a) for one in _of(environment, domain, DeviceWay.RELAY) for a in one.sends_from)
        remedy = (
            'New-InboundConnector -Name "Devices" -ConnectorType OnPremises -SenderDomains * '
            f"-SenderIPAddresses {addresses}\nor, for a device with a certificate, -TlsSenderCertificateName <its name>"
        )
        return non_compliant(asked, "; ".join(strange), *shown, remedy=remedy)
    return compliant(asked, "; ".join(seen), *shown)


def uses_no_connector(environment: Environment, domain: Domain) -> Finding:
    """Judge whether no connector takes a device that uses Direct Send for an own server (Devices, option 2)."""
    asked = "no inbound connector of type OnPremises matches a device that uses Direct Send"
    assume, shown = Assumptions(), tuple(show_connectors(environment, ConnectorType.ON_PREMISES))
    asking = list(_attributed(environment, domain, DeviceWay.DIRECT_SEND, assume))
    matched = [
        f"{device.name} [{client.address}] matches '{taken.connector}'"
        for device, client, taken in asking
        if isinstance(taken, Reception)
    ]
    if assume.made:
        return not_verified(asked, "; ".join(assume.made), *shown)
    if not asking:
        return not_applicable(asked, _NONE)
    if matched:
        remedy = "Take its address out of SenderIPAddresses, or write way: relay in environment.yaml, if that is meant"
        return non_compliant(asked, "; ".join(matched), *shown, remedy=remedy)
    return compliant(asked, "none does", *shown)


def _attributed(
    environment: Environment, domain: Domain, way: DeviceWay, assume: Assumptions
) -> Iterator[tuple[Device, Client, Reception | Refuse]]:
    """Every device of a way as Microsoft 365 attributes its mail for outside, which it takes from own servers alone."""
    for device in _of(environment, domain, way):
        shown = device.certificate
        tls = Tls("TLSv1.3", shown.names, shown.trusted) if shown else None
        for address in device.sends_from:
            client = Client(address, device.greets_as, tls)
            tenants = Tenants(environment.microsoft_365, ())
            yield device, client, attribute(tenants, client, device.sends_as, _ELSEWHERE, assume)


def connectors_of_devices(environment: Environment, assume: Assumptions) -> frozenset[str]:
    """Name the inbound connectors by which Microsoft 365 takes mail of the devices that relay."""
    return frozenset(
        taken.connector
        for domain in environment.domains
        for _, _, taken in _attributed(environment, domain, DeviceWay.RELAY, assume)
        if isinstance(taken, Reception)
    )


def look_up_spf(environment: Environment, domain: Domain, drive: Drive) -> SpfBelow:
    """Ask what SPF makes of mail from each address from which a device reaches Microsoft 365 itself.

    A name below the domain has a record of its own, or none: SPF is not inherited (RFC 7208 section 3).
    """
    asked = (
        Sender(device.sends_as.domain, address, str(device.sends_as), device.greets_as)
        for device in _of(environment, domain, *_AT_MICROSOFT_365)
        for address in device.sends_from
    )
    return evaluated(asked, drive)


def passes_spf(domain: Domain, seen: SpfBelow) -> list[Finding]:
    """Judge whether each of these addresses passes: else its mail lands in Junk (Devices, options 2 and 3)."""
    asked = f"every address from which a device reaches Microsoft 365 itself passes the SPF record of {domain.name}"
    if not seen:
        return [not_applicable(asked, _NONE)]
    below = [passes_record(domain, name, "device", one) for name, one in seen.items() if name != domain.name]
    own = seen.get(domain.name)
    if own is None:
        return below
    add = f"Add {missing_terms(own)} to the SPF record of {domain.name}, before its end"
    return [all_pass(asked, domain, own, add), *below]


def may_sign_in(environment: Environment, domain: Domain) -> Finding:
    """Judge whether SMTP AUTH is enabled for the mailbox of every device that signs in (SMTP AUTH).

    The setting of the mailbox goes before that of the organization.
    """
    asked = "SMTP AUTH is enabled for the mailbox of every device that signs in"
    shown: list[Evidence] = []
    allowed: list[str] = []
    forbidden: list[str] = []
    unknown: list[str] = []
    mailboxes = dict.fromkeys(one.signs_in_as for one in _of(environment, domain, DeviceWay.CLIENT_SUBMISSION))
    for mailbox in mailboxes:
        disabled, seen = _disabled(environment, mailbox)
        shown += seen
        if isinstance(disabled, Unknown):
            unknown.append(disabled.why)
        else:
            (forbidden if disabled else allowed).append(str(mailbox))
    if not mailboxes:
        return not_applicable(asked, _NONE)
    if forbidden:
        remedy = "\n".join(f"Set-CASMailbox {one} -SmtpClientAuthenticationDisabled $false" for one in forbidden)
        return non_compliant(asked, f"it is disabled for {', '.join(forbidden)}", *shown, remedy=remedy)
    if unknown:
        return not_verified(asked, "; ".join(dict.fromkeys(unknown)), *shown)
    return compliant(asked, f"it is enabled for {', '.join(allowed)}", *shown, notes=(_NOT_SEEN,))


def _disabled(environment: Environment, mailbox: Address) -> tuple[Known[bool], Sequence[Evidence]]:
    online = environment.microsoft_365.online
    if isinstance(online.cas_mailboxes, Unknown):
        return online.cas_mailboxes, ()
    found: CasMailbox | None = next((o for o in online.cas_mailboxes if o.primary_smtp_address == mailbox), None)
    if found is None:
        return Unknown(f"Get-CASMailbox lists no mailbox {mailbox} of the tenant"), ()
    prop = "SmtpClientAuthenticationDisabled"
    own = found.smtp_client_authentication_disabled
    shown = [evidence.setting(found.origin, prop, f"mailbox {mailbox}", own)]
    if own is not None:
        return own, shown
    config = online.transport_config
    if isinstance(config, Unknown):
        return config, shown
    of_all = config.smtp_client_authentication_disabled
    return of_all, [*shown, evidence.setting(config.origin, prop, "the organization", of_all)]

"""What mends the failure that a reply of the own servers tells of, where the reply alone tells it."""

import re
from collections.abc import Iterable
from itertools import pairwise

from mailflow.environment.message import Kind
from mailflow.exchange.replies import (
    CERTIFICATE_NOT_FOUND,
    CONNECTION_REFUSED,
    HOPS_EXCEEDED_ON_PREMISES,
    HOPS_EXCEEDED_ONLINE,
    RECIPIENT_NOT_FOUND_ON_PREMISES,
    RECIPIENT_NOT_FOUND_ONLINE,
    RECIPIENT_REJECTED,
    UNABLE_TO_RELAY,
)
from mailflow.observe.path import Disposition, MailPath, Place
from mailflow.records.answer import Answer

_CERTIFICATE = """Let the Send connector name a certificate that the server has (Exchange Management Shell):
$new = Get-ExchangeCertificate <thumbprint>
Set-SendConnector "<connector>" -TlsCertificateName "<I>$($new.Issuer)<S>$($new.Subject)\""""

_CAPABILITY = """Let the own servers know the tenant by its certificate (Exchange Management Shell):
Set-ReceiveConnector "<connector>" -TlsDomainCapabilities mail.protection.outlook.com:AcceptCloudServicesMail"""

_ACCEPTED = """Let the own servers accept the domain (Exchange Management Shell):
New-AcceptedDomain -Name <domain> -DomainName <domain> -DomainType Authoritative"""

_RANGES = """Let a receive connector of the server talk to the sender (Exchange Management Shell):
Set-ReceiveConnector "<connector>" -Enabled $true -RemoteIPRanges <ranges of the senders>"""

_ANONYMOUS = """Let the receive connector that the Internet reaches admit senders who do not authenticate:
Set-ReceiveConnector "<connector>" -PermissionGroups AnonymousUsers,ExchangeServers,ExchangeLegacyServers"""

_LOCK = """The MX record leads to a lock: end the restriction, or narrow it to the domains with other MX records:
Set-InboundConnector "<partner connector>" -Enabled $false
Set-InboundConnector "<partner connector>" -AssociatedAcceptedDomains <those domains>"""

_CONNECTION = """Let the host listen at the address to which its name leads, and every firewall pass TCP port 25:
<server>. IN A <address>"""

_EXIT = """Let the own servers hand mail for the Internet to Microsoft 365 (Exchange Management Shell):
  Set-SendConnector "<connector for *>" -DNSRoutingEnabled $false `
    -SmartHosts <label>.mail.protection.outlook.com -Fqdn <name on the certificate> `
    -RequireTLS $true -TlsAuthLevel CertificateValidation -CloudServicesMailEnabled $true
Where another connector for * costs less, or comes first in the alphabet, switch it off:
  Set-SendConnector "<connector>" -Enabled $false"""

# Causes that have a row of their own, which says more.
_TLS = (
    "Mend first what the outbound connector demands and the server shows (HYB-CONN-2, HYB-CONN-4, HYB-TLS-1, HYB-TLS-3)"
)
_UNKNOWN = "Mend first what each side knows of the other's mailboxes (HYB-DOMAIN-2, HYB-MAILBOX-2)"
_LOOP = (
    "Mend first what leads it round: the outbound connector (HYB-CONN-2), or how Microsoft 365 recognises the own "
    "servers when mail comes back (S1-CONN-1, S2-CONN-1, S3-CONN-1, S4-CONN-1)"
)
_MX_LEADS_NOWHERE = "Mend first where the MX record leads (S1-MX-1, S2-MX-1, S3-MX-1, S4-MX-1, CLOUD-MX-1, FILTER-MX-1)"

_SEND = "No message was seen that shows it. To see one (docs/live-messages.md), then judge again:"

_FROM_OWN_SERVERS = (
    Kind.ON_PREMISES_TO_INTERNET,
    Kind.ON_PREMISES_FORWARD,
    Kind.ON_PREMISES_NDR,
    Kind.FOREIGN_SENDER,
)
_TO_NOBODY = (Kind.INTERNET_TO_UNKNOWN, Kind.CLOUD_TO_UNKNOWN, Kind.ON_PREMISES_TO_UNKNOWN)
_TO_THE_MX = (Kind.INTERNET_TO_UNKNOWN, Kind.ON_PREMISES_FORWARD, Kind.THIRD_PARTY)  # and these:
_FROM_THE_INTERNET = (Kind.INTERNET_TO_CLOUD, Kind.INTERNET_TO_ON_PREMISES, Kind.INTERNET_TO_BOTH, Kind.CLOUD_FORWARD)

# As simulate.locate, simulate.mta and simulate.transfer say it.
_SMART_HOST = re.compile(r"DNS: no address for smart host (?P<hosts>.+)")
_MX_HOST = re.compile(r"DNS: no address for .+, the MX of (?P<domain>\S+)")
_NO_FAMILY = re.compile(r"the sender has no (?P<family>IPv[46]) address")
_NO_ZONE = re.compile(r"DNS: no answer for (?P<name>\S+) \S+ \([^)]*\): the plan has no zone for it")

_BY_REPLY = {CONNECTION_REFUSED: _CONNECTION, CERTIFICATE_NOT_FOUND: _CERTIFICATE}
_BY_CODE = {"4.4.317": _TLS, "5.7.57": _ANONYMOUS}
_OF_KNOWN_RECIPIENTS = {
    RECIPIENT_REJECTED: _UNKNOWN,
    RECIPIENT_NOT_FOUND_ONLINE: _UNKNOWN,
    RECIPIENT_NOT_FOUND_ON_PREMISES: _UNKNOWN,
    HOPS_EXCEEDED_ONLINE: _LOOP,
    HOPS_EXCEEDED_ON_PREMISES: _LOOP,
}


def mends(paths: Iterable[MailPath]) -> str:
    """Tell how to mend what ended these messages; empty where the requirement's own remedy has to say it."""
    return "\n".join(dict.fromkeys(filter(None, map(_mend, paths))))


def _leaves_directly(one: MailPath) -> bool:
    """Whether own servers handed it to the Internet themselves: what then fails asks for Microsoft 365 on its way."""
    if one.message.kind not in _FROM_OWN_SERVERS or one.disposition is not Disposition.DELIVERED:
        return False
    return any(a.place is Place.ON_PREMISES and b.place is Place.INTERNET for a, b in pairwise(one.hops))


def _mend(one: MailPath) -> str:
    if _leaves_directly(one):
        return _EXIT
    if one.reply is None:
        return ""
    if mend := _BY_REPLY.get(one.reply) or _BY_CODE.get(one.reply.enhanced):
        return mend
    if poor := _NO_FAMILY.fullmatch(one.reply.text):
        at = one.hops[-1].host if one.hops else "the sender"
        return f"Give {at} an {poor['family']} address to send from (sends_from), or a smart host that has one"
    if lost := _SMART_HOST.fullmatch(one.reply.text):
        hosts = "; ".join(f"{host}. IN A <address>" for host in lost["hosts"].split(", "))
        exists = "Or let SmartHosts of the connector name a host that exists; where none is meant, switch it off"
        return f"Publish: {hosts}\n{exists}"
    if (lost := _MX_HOST.fullmatch(one.reply.text)) and one.message.kind in (*_TO_THE_MX, *_FROM_THE_INTERNET):
        own = one.message.envelope.rcpt_to[0].domain == lost["domain"]  # not that to which it is forwarded
        return _MX_LEADS_NOWHERE if own else ""
    if one.reply == UNABLE_TO_RELAY:
        if one.message.kind is Kind.DEVICE_TO_INTERNET:
            return ""  # it is the device that may not relay
        return _CAPABILITY if one.hops and one.hops[-1].place is Place.MICROSOFT_365 else _ACCEPTED
    if one.message.kind not in _TO_NOBODY and (mend := _OF_KNOWN_RECIPIENTS.get(one.reply)):
        return mend
    if one.reply.enhanced == "5.7.51" and one.message.kind in _FROM_THE_INTERNET:
        # Where an own server or a filter was refused, the rows on the lock say how it is let in; of the old MX hosts,
        # to which a message goes straight, the row says in which order the locks come.
        by_mx = one.hops and one.hops[-1].place is Place.INTERNET and not one.message.direct_to
        return _LOCK if by_mx else ""
    # In place of a greeting (RFC 5321 section 3.1): no receive connector has the client's address.
    return _RANGES if one.reply.enhanced == "4.4.2" and "421 4.3.2" in one.reply.text else ""


def to_be_seen(paths: Iterable[MailPath], why: str) -> str:
    """Say what would show the ways of messages: zones that a plan lacks, messages to send; empty where neither does.

    Nothing is known to be wrong, so there is nothing to mend in anybody's console.
    """
    to_send = list(dict.fromkeys(one.to_send for one in paths if one.to_send))
    told = (supply(dict.fromkeys(_NO_ZONE.findall(why))), *([_SEND] if to_send else []), *to_send)
    return "\n".join(filter(None, told))


def unanswered(answers: Iterable[Answer]) -> str:
    """Say what to do where look-ups failed; empty where none did."""
    return supply(dict.fromkeys((one.question.name, *one.aliases)[-1] for one in answers if one.failed))


def supply_certificates(servers: Iterable[str]) -> str:
    """Say what shows the certificates of servers of which the environment has none."""
    return f"Add the PEM file of {', '.join(servers)} to environment.yaml as certificate:"


def supply(names: Iterable[str]) -> str:
    """Say what to do where nothing is known of names; a plan may hold the zones of others as well."""
    told = ", ".join(names)
    return f"Find out what the DNS says of {told}; where a plan is judged, supply the zone (zones/)" if told else ""

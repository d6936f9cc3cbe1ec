"""What mends the failure that a reply of the own servers tells of, where the reply alone tells it."""

from collections.abc import Iterable

from mailflow.exchange.replies import CERTIFICATE_NOT_FOUND, UNABLE_TO_RELAY
from mailflow.observe.path import MailPath, Place

_CERTIFICATE = """Let the Send connector name a certificate that the server has (Exchange Management Shell):
$new = Get-ExchangeCertificate <thumbprint>
Set-SendConnector "<connector>" -TlsCertificateName "<I>$($new.Issuer)<S>$($new.Subject)\""""

_CAPABILITY = """Let the own servers know the tenant by its certificate (Exchange Management Shell):
Set-ReceiveConnector "<connector>" -TlsDomainCapabilities mail.protection.outlook.com:AcceptCloudServicesMail"""

_ACCEPTED = """Let the own servers accept the domain (Exchange Management Shell):
New-AcceptedDomain -Name <domain> -DomainName <domain> -DomainType Authoritative"""

_RANGES = """Let a receive connector of the server talk to the sender (Exchange Management Shell):
Set-ReceiveConnector "<connector>" -Enabled $true -RemoteIPRanges <ranges of the senders>"""


def mends(paths: Iterable[MailPath]) -> str:
    """Tell how to mend what ended these messages; empty where the requirement's own remedy has to say it."""
    return "\n".join(dict.fromkeys(filter(None, map(_mend, paths))))


def _mend(one: MailPath) -> str:
    if one.reply is None:
        return ""
    if one.reply == CERTIFICATE_NOT_FOUND:
        return _CERTIFICATE
    if one.reply == UNABLE_TO_RELAY:
        return _CAPABILITY if one.hops[-1].place is Place.MICROSOFT_365 else _ACCEPTED
    # In place of a greeting (RFC 5321 section 3.1): no receive connector has the client's address.
    return _RANGES if one.reply.enhanced == "4.4.2" and "421 4.3.2" in one.reply.text else ""

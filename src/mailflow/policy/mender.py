"""Who mends a finding: told by the tools that its remedy names, and nowhere else.

A cmdlet, a record and a file each belong to one console. Where a remedy names none, nobody is named: that is for the
owner of the change to find out, and the report says so.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from mailflow.policy.requirement import IDENTIFIER


class Mender(StrEnum):
    """The party in whose tools a remedy is carried out."""

    DNS = "DNS"
    MICROSOFT_365 = "Microsoft 365"
    ON_PREMISES = "on-premises"
    OWNER = "owner of the change"  # who answers for environment.yaml, exports and decisions, and talks to services


# Set-OutboundConnector and the like: the cmdlets of Exchange Online and of Exchange Server, by their nouns.
_CLOUD = (
    "DkimSigningConfig|InboundConnector|OutboundConnector|HostedOutboundSpamFilterPolicy|RemoteDomain|TransportRule|"
    "MailUser|CASMailbox"
)
_OWN = "SendConnector|ReceiveConnector|RemoteMailbox|ExchangeCertificate|ADPermission"
_SHARED = "AcceptedDomain|MoveRequest|Mailbox|OrganizationConfig|TransportConfig"  # both have them
_VERB = r"\b(?:Add|Disable|Enable|Get|Import|New|Remove|Set)-"

_TOOLS = (
    (
        Mender.DNS,
        re.compile(
            r"\bIN (?:A|AAAA|CNAME|MX|NS|TLSA|TXT)\b|\b(?:SPF|TXT) record|"
            r"\b(?:Point|Delete) (?:the|every other) MX record|\bfrom the zone of\b|\bPublish\b|\bip[46]:"
        ),
    ),
    (
        Mender.MICROSOFT_365,
        re.compile(rf"{_VERB}(?:{_CLOUD})\b|Microsoft 365 admin center|\b(?:inbound|outbound) connector\b"),
    ),
    (
        Mender.ON_PREMISES,
        re.compile(
            rf"{_VERB}(?:{_OWN})\b|Exchange Management Shell|Hybrid Configuration wizard|SChannel|firewall|"
            r"\b(?:[Rr]eceive|Send) connector\b|\bOn the own servers\b|\bweb server\b"
        ),
    ),
    (
        Mender.OWNER,
        re.compile(
            r"environment\.yaml|waivers\.yaml|\b(?:zones|messages)/|"
            r"ConvertTo-Json|Export-Clixml|\b[Ee]xport |"
            r"\badministration of the service\b|\b(?:[Aa]sk|[Rr]eport it to) the service\b"
        ),
    ),
)
_AMBIGUOUS = re.compile(rf"{_VERB}(?:{_SHARED})\b")


def menders(remedy: str, remedies: Mapping[str, str]) -> tuple[Mender, ...]:
    """Name who has to act for a remedy, in the order of the parties.

    Args:
        remedy: in the reader's tools.
        remedies: of all requirements, by identifier: "Point the MX record at the own servers (S4-MX-1)" sends on to
            another one where it names no tool itself.

    """
    return _menders(remedy, remedies, frozenset())


def _menders(remedy: str, remedies: Mapping[str, str], seen: frozenset[str]) -> tuple[Mender, ...]:
    found = {mender for mender, tools in _TOOLS if tools.search(remedy)}
    if _AMBIGUOUS.search(remedy) and Mender.ON_PREMISES not in found:
        found.add(Mender.MICROSOFT_365)
    if not found:
        named = {match[0] for match in IDENTIFIER.finditer(remedy)} & remedies.keys() - seen
        for name in named:
            found.update(_menders(remedies[name], remedies, seen | named))
    return tuple(mender for mender in Mender if mender in found)

"""The replies with which Microsoft 365 and Exchange Server say what is wrong, each with its source.

The texts are those that mail engineers find in their logs; docs/behaviours.md lists what each one means.
"""

from collections.abc import Mapping
from enum import StrEnum

from mailflow.mail.reply import Reply


class Stage(StrEnum):
    """At which command of a transaction a refusal comes (RFC 5321 section 4.1.1)."""

    RCPT = "RCPT TO"
    END_OF_DATA = "end of data"
    UNKNOWN = "not documented"  # the simulation then says it at RCPT TO; nothing rests on that


# Fix NDR 550 5.7.64: the connection matched no inbound connector of type OnPremises.
RELAY_DENIED = Reply(550, "5.7.64", "TenantAttribution; Relay Access Denied SMTP")
# KB3169958: a connector matched, but neither the sender's domain nor that of the certificate is accepted.
RELAY_DENIED_ATTR36 = Reply(550, "5.7.64", "Relay Access Denied ATTR36")
# Set-InboundConnector, RestrictDomainsToIPAddresses and RestrictDomainsToCertificate.
PARTNER_RESTRICTION = Reply(
    550,
    "5.7.51",
    "TenantInboundAttribution; There is a partner connector configured that matched the message's recipient "
    "domain. The connector had either the RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set",
)
# Exchange Team, "Introducing more control over Direct Send".
DIRECT_SEND_REJECTED = Reply(
    550,
    "5.7.68",
    "TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources",
)
# "Use Directory-Based Edge Blocking".
RECIPIENT_REJECTED = Reply(550, "5.4.1", "Recipient address rejected: Access denied")
# "Fix NDR 5.4.6 through 5.4.20": the first is Exchange Server's, the second Exchange Online's.
HOPS_EXCEEDED_ON_PREMISES = Reply(554, "5.4.6", "Hop count exceeded - possible mail loop")
HOPS_EXCEEDED_ONLINE = Reply(554, "5.4.14", "Hop count exceeded - possible mail loop ATTR34")
# KB2685437: no mailbox, no remote mailbox.
RECIPIENT_NOT_FOUND_ON_PREMISES = Reply(550, "5.1.1", "RESOLVER.ADR.RecipNotFound; not found")
RECIPIENT_NOT_FOUND_ONLINE = Reply(
    550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
)
# Receive connector that does not take the tenant's mail for mail of the own organization.
UNABLE_TO_RELAY = Reply(550, "5.7.1", "Unable to relay")
# RFC 3207 section 4: a connector that takes mail over TLS only, and a client that has not asked for it.
STARTTLS_FIRST = Reply(530, "5.7.0", "Must issue a STARTTLS command first")
# "Control automatic external email forwarding": outbound spam filter policy.
FORWARDING_BLOCKED = Reply(
    550, "5.7.520", "Access denied, Your organization does not allow external forwarding. AS(7550)"
)
# Exchange Team, "TLS Certificates in Exchange Hybrid": a certificate that a send connector names is gone or expired.
CERTIFICATE_NOT_FOUND = Reply(
    454, "4.7.5", "The certificate specified in TlsCertificateName of the SendConnector could not be found"
)


def cannot_connect(message: str) -> Reply:
    """What Exchange Online notes when TLS with the next host fails: SubjectMismatch, UntrustedRoot, … (450 4.4.317)."""
    return Reply(450, "4.4.317", f"Cannot connect to remote server [Message={message}]")


def no_tls_channel(message: str) -> Reply:
    """What Exchange Server notes when the TLS that a send connector requires cannot be had (454 4.7.0)."""
    return Reply(454, "4.7.0", f"Failed to establish appropriate TLS channel: {message}")


CONNECTION_REFUSED = Reply(450, "4.4.316", "Connection refused [Message=Socket error code 10061]")
STARTTLS_REQUIRED = "451 5.7.3 STARTTLS is required to send mail"

# A 250 at RCPT TO proves nothing about a refusal that comes, or may come, after the message.
SAID_AT: Mapping[Reply, Stage] = {
    RELAY_DENIED: Stage.UNKNOWN,
    RELAY_DENIED_ATTR36: Stage.UNKNOWN,
    PARTNER_RESTRICTION: Stage.UNKNOWN,
    DIRECT_SEND_REJECTED: Stage.UNKNOWN,
    RECIPIENT_REJECTED: Stage.RCPT,  # "rejected at the edge", before the message is taken
    HOPS_EXCEEDED_ON_PREMISES: Stage.END_OF_DATA,  # the hops stand in the header section
    HOPS_EXCEEDED_ONLINE: Stage.END_OF_DATA,
    UNABLE_TO_RELAY: Stage.RCPT,
    STARTTLS_FIRST: Stage.UNKNOWN,
}

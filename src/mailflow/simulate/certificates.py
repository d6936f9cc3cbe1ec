"""Certificates of the simulated servers: twins of the planned ones.

The kit has no private keys and wants none. A twin carries the names and dates of the planned certificate;
it is issued by an authority that the simulation trusts where the planned one leads to a trusted authority,
and by one that nobody trusts where it does not. So a handshake in the simulation ends as it would in life.
"""

import re
import ssl
from dataclasses import dataclass
from functools import cache

import trustme

from mailflow.environment.environment import Certificate

# RFC 5280 section 4.2.1.6: letters, digits, hyphens. A certificate without alternative names may be called anything,
# "Microsoft Exchange Server Auth Certificate" for one.
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}")
_COMMON_NAME = 64  # RFC 5280 appendix A.1, ub-common-name

_SIMULATION = "Mailflow simulation"
UNTRUSTED = "authority that nobody trusts"


@dataclass(frozen=True)
class Authorities:
    """The two authorities of the simulations of one process, and what they issued."""

    trusted: trustme.CA
    untrusted: trustme.CA

    @classmethod
    @cache
    def make(cls) -> "Authorities":
        """Make both, with new keys; once for a process, as they protect nothing but loopback."""
        return cls(
            trustme.CA(organization_name=_SIMULATION, organization_unit_name="public authority"),
            trustme.CA(organization_name=_SIMULATION, organization_unit_name=UNTRUSTED),
        )

    @property
    def trusted_pem(self) -> str:
        """What a client of the simulation has to trust, as PEM."""
        return self.trusted.cert_pem.bytes().decode("ascii")

    @cache  # noqa: B019  of the one instance: see `make`
    def twin(self, certificate: Certificate) -> trustme.LeafCert:
        """Issue the twin of a planned certificate."""
        authority = self.trusted if certificate.trusted else self.untrusted
        return authority.issue_cert(
            *filter(_DNS_NAME.fullmatch, certificate.names),
            common_name=(certificate.names or ("nameless",))[0][:_COMMON_NAME] or "nameless",
            organization_name=_SIMULATION,
            organization_unit_name="twin of a planned certificate",
            not_before=certificate.leaf.not_valid_before_utc,
            not_after=certificate.leaf.not_valid_after_utc,
        )

    @cache  # noqa: B019  of the one instance: see `make`
    def issue(self, *names: str) -> trustme.LeafCert:
        """Issue a certificate for a server that is not the organization's: trusted, in date."""
        return self.trusted.issue_cert(
            *names,
            common_name=names[0],
            organization_name=_SIMULATION,
            organization_unit_name="server of somebody else",
        )

    @cache  # noqa: B019  of the one instance: see `make`
    def server_context(self, leaf: trustme.LeafCert) -> ssl.SSLContext:
        """Show this certificate, and look at what a client shows without demanding it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        # Both: a certificate of the second is seen and then not trusted, instead of ending the handshake.
        self.trusted.configure_trust(context)
        self.untrusted.configure_trust(context)
        return context

    @cache  # noqa: B019  of the one instance: see `make`
    def client_context(self, *, verify: bool, shown: trustme.LeafCert | None) -> ssl.SSLContext:
        """Verify the server's chain and dates or not; names are compared by the connector's own rule afterwards."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        self.trusted.configure_trust(context)
        if shown is not None:
            shown.configure_cert(context)
        return context


def is_trusted(peer: dict[str, object]) -> bool:
    """Whether a certificate, as `getpeercert()` tells it, comes from the trusted authority."""
    return UNTRUSTED not in str(peer.get("issuer", ""))


def names_of(peer: dict[str, object]) -> tuple[str, ...]:
    """The DNS names of a certificate, as `getpeercert()` tells it."""
    names = peer.get("subjectAltName", ())
    return tuple(value.lower() for kind, value in names if kind == "DNS") if isinstance(names, tuple) else ()

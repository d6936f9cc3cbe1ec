"""What hands out MTA-STS policies, from its section of environment.yaml, the policy files and the certificates."""

from collections.abc import Mapping, Sequence

from cryptography import x509

from mailflow.environment.certificates import read_certificate
from mailflow.environment.environment import PolicyHost
from mailflow.environment.file_model import MtaStsSection
from mailflow.environment.folder import MEBIBYTE, Folder
from mailflow.records.mta_sts import host_of

LIMIT = MEBIBYTE  # bytes; what is more than senders read is judged, not refused


def read_policy_hosts(
    folder: Folder, sections: Mapping[str, MtaStsSection], authorities: Sequence[x509.Certificate]
) -> dict[str, PolicyHost]:
    """Read them all, by the domain whose policy they hand out. Mistakes are noted."""
    found = {}
    for domain, section in sections.items():
        policy = folder.read(section.policy, LIMIT)
        certificate = read_certificate(folder, section.certificate, authorities)
        if policy is not None and certificate is not None:
            found[domain] = PolicyHost(host_of(domain), section.listens, certificate, section.policy, policy)
    return found

"""Keys and certificates of the servers: twins of the planned ones, by the simulation's authorities (decision 4)."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from trustme import LeafCert

from mailflow.environment.environment import Certificate, Environment
from mailflow.simulate.certificates import Authorities


@dataclass(frozen=True)
class Keys:
    """One twin for each planned certificate, whoever asks."""

    authorities: Authorities = field(default_factory=Authorities.make)
    _twins: dict[bytes, LeafCert] = field(default_factory=dict)

    def twin(self, certificate: Certificate) -> LeafCert:
        """Give the twin of a planned certificate."""
        planned = certificate.leaf.tbs_certificate_bytes
        if planned not in self._twins:
            twin = self._twins[planned] = self.authorities.twin(certificate)
            # Where the plan has been given the twin (`plan`), it is its own.
            shown = x509.load_pem_x509_certificate(twin.cert_chain_pems[0].bytes())
            self._twins[shown.tbs_certificate_bytes] = twin
        return self._twins[planned]

    @staticmethod
    def write(file: Path, leaf: LeafCert) -> str:
        """Write key and chain, as Postfix (smtpd_tls_chain_files) and Exim take them; gives the file's name."""
        file.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
        return str(file)

    def plan(self, environment: Environment, folder: Path) -> None:
        """Let the files of an environment name the certificates that its servers show here, and who issued them."""
        for server in environment.on_premises.servers:
            if server.certificate:
                chain = b"".join(part.bytes() for part in self.twin(server.certificate).cert_chain_pems)
                (folder / server.certificate.file).write_bytes(chain)
        for host in environment.policy_hosts.values():
            (folder / host.certificate.file).write_bytes(
                b"".join(part.bytes() for part in self.twin(host.certificate).cert_chain_pems)
            )
        (folder / "certificates" / "authority.pem").write_text(self.authorities.trusted_pem, encoding="ascii")

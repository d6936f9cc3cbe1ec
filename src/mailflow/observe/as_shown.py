"""An environment as it can be judged in a live run: with the certificates that its servers showed. Pure.

The PEM files of an environment are the plan. What a server shows on the wire is what Microsoft 365 will see, so in a
live run that takes their place; where nothing was shown, nothing is known. A filtering service may hand on from other
hosts than those at which it listens: what these will show as clients, its PEM file says still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mailflow.environment.environment import Certificate, Environment, Server
from mailflow.observe.smtp import TlsSession

# OpenSSL's words (X509_verify_cert_error_string): the chain is trusted, the day is wrong; dates are judged apart.
DATES = ("certificate has expired", "certificate is not yet valid")


def as_shown(environment: Environment, sessions: Mapping[str, Sequence[TlsSession]]) -> Environment:
    """Put what was shown in the place of what was planned. `sessions`: by the name of the own server."""
    servers = tuple(_with(server, sessions.get(server.name, ())) for server in environment.on_premises.servers)
    return replace(environment, on_premises=replace(environment.on_premises, servers=servers))


def _with(server: Server, sessions: Sequence[TlsSession]) -> Server:
    shown = [_certificate(server, session) for session in sessions if session.chain]
    # Of a server that shows one thing here and another there, nothing is known that would hold at both.
    same = len({one.leaf for one in shown}) == 1
    return replace(server, certificate=shown[0] if same else None)


def _certificate(server: Server, session: TlsSession) -> Certificate:
    leaf, *chain = session.chain
    distrust = "" if session.distrust in DATES else session.distrust
    return Certificate(
        f"shown by {server.name} [{session.address}]", leaf, tuple(chain), trusted=not distrust, distrust=distrust
    )

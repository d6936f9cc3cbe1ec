"""Judges the certificates in the store of own servers that connectors name by issuer and subject (TLS certificates)."""

from collections.abc import Iterator

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Assumptions, export_again
from mailflow.exchange.server import ExchangeCertificate, ReceiveConnector, SendConnector, TlsCertificateName
from mailflow.judge import evidence
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.policy.readiness import NO_CHANGE, end_of_change


def outlive_the_change(environment: Environment) -> Finding:
    """Judge whether each connector finds one that is still valid when the old hosts may stop taking mail.

    Of several with one issuer and subject on one server the longest counts: a renewed one stands beside the old one
    for a while. Each server has a store of its own.
    """
    asked = "every certificate that a connector of the own servers names is valid until the change is over"
    end = end_of_change(environment)
    if end is None:
        return not_applicable(asked, NO_CHANGE)
    asked += f", {end.isoformat()}"
    assume = Assumptions()
    named = dict(_named(environment, assume))
    if not named and not assume.made:
        return not_applicable(asked, "no connector names one")
    store = assume.listed(environment.on_premises.exchange.certificates)
    shown: list[Evidence] = []
    ending = []
    for name, connectors in named.items():
        found = [one for one in store if _is(one, name, assume)]
        for one in found:
            owner = f"certificate {one.thumbprint}, which {connectors} names"
            shown.append(evidence.setting(one.origin, "NotAfter", owner, one.not_after))
        for server in dict.fromkeys(one.server for one in found):
            last = max(assume(one.not_after, end) for one in found if one.server == server)
            if last < end:
                ending.append(f"the one that {connectors} names ends on {last:%Y-%m-%d at %H:%M} UTC")
    if ending:
        return non_compliant(asked, "; ".join(ending), *shown)
    if assume.made:
        why = "; ".join(assume.made)
        return not_verified(asked, why, *shown, remedy=export_again(why))
    if not shown:
        return not_applicable(asked, "the store has none of those that connectors name")
    return compliant(asked, f"so {'are' if len(shown) > 1 else 'is'} {len(shown)}", *shown)


def _named(environment: Environment, assume: Assumptions) -> Iterator[tuple[TlsCertificateName, str]]:
    """Give each name that an enabled connector has, with the first of these connectors."""
    exports = environment.on_premises.exchange
    if not any(server.is_exchange for server in environment.on_premises.servers):
        return
    connectors: list[tuple[str, SendConnector | ReceiveConnector]] = [
        *(("Send", one) for one in assume.listed(exports.send_connectors)),
        *(("Receive", one) for one in assume.listed(exports.receive_connectors)),
    ]
    told: dict[TlsCertificateName, str] = {}
    for what, one in connectors:
        name = assume(one.tls_certificate_name, None)
        if name and assume(one.enabled, True):
            told.setdefault(name, f"{what} connector '{one.name}'")
    yield from told.items()


def _is(one: ExchangeCertificate, name: TlsCertificateName, assume: Assumptions) -> bool:
    subject, issuer = assume(one.subject, name.subject), assume(one.issuer, name.issuer)
    return (subject.casefold(), issuer.casefold()) == (name.subject.casefold(), name.issuer.casefold())

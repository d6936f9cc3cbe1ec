"""Judges whether mail of a domain reaches the Internet with a signature of it that verifies there (RFC 6376)."""

from collections.abc import Collection, Iterable, Sequence

from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.known import export_again
from mailflow.judge import evidence
from mailflow.judge.arrival import Arrival, to_the_internet
from mailflow.judge.mend import to_be_seen
from mailflow.mail.envelope import path as angle
from mailflow.observe.path import Disposition, MailPath
from mailflow.observe.signature import Verified
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified

_NOT_LOOKED = "nobody looked at its signatures where it arrived"


def verifies(arrival: Arrival, domains: Collection[str]) -> bool:
    """Whether it bears a signature of one of these domains that verifies, with nothing taken for granted of it."""
    hop = arrival.hop
    sure = hop.signatures[: hop.newest] if hop.signatures and hop.signatures_assumed else hop.signatures
    return any(one.verified is Verified.PASS and one.domain in domains for one in sure or ())


def unknown(arrival: Arrival, domains: Collection[str]) -> tuple[str, ...]:
    """Tell why nobody knows whether it does; empty where that is known."""
    if arrival.hop.signatures is None:
        return (_NOT_LOOKED,)
    of_them = [one for one in arrival.hop.signatures if one.domain in domains]
    untried = (one.why for one in of_them if one.verified is Verified.UNKNOWN)
    return (*arrival.hop.signatures_assumed, *untried)


def every_arrival_is_signed(
    environment: Environment, domain: Domain, paths: Iterable[MailPath], arrivals: Sequence[Arrival]
) -> Finding:
    """Judge whether everything that authors in the domain send to the Internet bears a valid signature of the domain.

    What others wrote and the organization forwards bears theirs, or none.
    """
    asked = (
        f"every message of an author in {domain.name} reaches the Internet with a valid DKIM signature of the domain"
    )
    sent = to_the_internet(environment, domain, paths)
    ours = [one for one in arrivals if one.author_domain == domain.name and not one.assumed]
    unsure = {why: None for one in ours for why in unknown(one, [domain.name]) if not verifies(one, [domain.name])}
    failing = [one for one in ours if not verifies(one, [domain.name]) and not unknown(one, [domain.name])]
    shown = tuple(map(arrived, failing or ours))
    if failing:
        told = dict.fromkeys(f"{one.path.message.kind}, from {one.hop.client}: {_told(one)}" for one in failing)
        return non_compliant(asked, "; ".join(told), *shown, remedy=_remedy(environment, domain, failing))
    if unsure:
        why = "; ".join(unsure)
        return not_verified(asked, why, *shown, remedy=export_again(why))
    if open_ := [one for one in sent if one.assumptions]:
        why = "; ".join(dict.fromkeys(assumption for one in open_ for assumption in one.assumptions))
        return not_verified(asked, why, *map(evidence.path, open_), remedy=to_be_seen(open_, why))
    if not ours:
        lost = [one for one in sent if one.disposition is not Disposition.DELIVERED]
        return not_verified(asked, "no message of the domain left the organization", *map(evidence.path, lost))
    kinds = ", ".join(dict.fromkeys(str(one.path.message.kind) for one in ours))
    return compliant(asked, f"so did every one that arrived ({len(ours)}): {kinds}", *shown)


def arrived(arrival: Arrival) -> Evidence:
    """Show a message as its receiver saw it."""
    hop, message = arrival.hop, arrival.path.message
    told = f"from {hop.client} as {angle(hop.mail_from)}, EHLO {hop.helo or 'not shown'}, author {message.written_by}"
    signatures = tuple(map(str, hop.signatures or ())) or ("no DKIM signature",)
    seen = (_NOT_LOOKED,) if hop.signatures is None else (*signatures, *hop.signatures_assumed)
    return Evidence("path", f"message {message}, as {hop.host} got it", arrival.path.source, (told, *seen))


def _told(arrival: Arrival) -> str:
    return "; ".join(map(str, arrival.hop.signatures or ())) or "no signature"


def _remedy(environment: Environment, domain: Domain, failing: Iterable[Arrival]) -> str:
    """Say what lets the servers sign by which the failing messages left."""
    addresses = {arrival.hop.client for arrival in failing}
    left = [s for s in environment.on_premises.servers if addresses & {str(a) for a in s.sends_from}]
    lines = [
        f"On the own servers: let {server.name} sign what it sends, after everything that changes messages (Exchange "
        f"Server by a transport agent of others), and publish the key: <selector>._domainkey.{domain.name}. IN "
        "TXT; or let it send through Microsoft 365, which signs"
        for server in left
    ]
    if len(lines) < len(addresses):
        lines.append(
            f"Set-DkimSigningConfig {domain.name} -Enabled $true, with the selectors that AUTH-DKIM-1 asks for"
        )
    return "\n".join(lines)

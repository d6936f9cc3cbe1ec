"""Judges what SPF makes of the mail that really arrived, by the identity that its receiver judges (RFC 7208)."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.known import Unknown
from mailflow.judge import evidence, spf_remedy
from mailflow.judge.arrival import NOT_OURS, Arrival, to_the_internet
from mailflow.judge.mend import to_be_seen
from mailflow.judge.spf import own_addresses
from mailflow.observe.path import Disposition, MailPath
from mailflow.policy.finding import Finding, compliant, non_compliant, not_verified
from mailflow.records.mx import is_address_literal
from mailflow.records.spf import Evaluation, Result


def is_judged(environment: Environment, domain: Domain, arrival: Arrival) -> bool:
    """Whether SPF judges a message by a name of this domain: an own reverse-path, or an own server's EHLO name."""
    if arrival.hop.mail_from:
        return arrival.hop.mail_from.domain == domain.name
    own = {str(address) for address in own_addresses(environment)}
    return arrival.hop.client in own


def every_one_passes(
    environment: Environment,
    domain: Domain,
    paths: Sequence[MailPath],
    results: Sequence[tuple[Arrival, Evaluation]],
) -> Finding:
    """Judge whether all mail that names the domain as its sender passes SPF where it arrives.

    What forwards and foreign senders meet is a note: no record of this domain can change it.
    """
    asked = f"every message that names {domain.name} as its sender passes SPF where it arrives"
    ours = [(a, e) for a, e in results if is_judged(environment, domain, a) and not a.path.assumptions]
    notes = tuple(
        dict.fromkeys(
            f"{a.path.message.kind}: SPF of {a.identity} for {a.hop.client} gives {e.result}"
            for a, e in results
            if not is_judged(environment, domain, a) and e.result is not Result.PASS
        )
    ) + _relay_pool(environment, [a for a, _ in results])
    sent = to_the_internet(environment, domain, paths)  # of others that were not seen nothing is asked
    unseen = [p for p in paths if p.disposition is Disposition.UNSEEN and p not in sent]
    open_ = [p for p in paths if p.assumptions and p.message.kind not in NOT_OURS and p not in unseen]
    failing = [(a, e) for a, e in ours if e.result not in (Result.PASS, Result.TEMPERROR)]
    unknown = [(a, e) for a, e in ours if e.result is Result.TEMPERROR]
    shown = tuple(
        item
        for a, e in (failing or unknown or ours)
        for item in (evidence.path(a.path), evidence.evaluation(e, f"SPF of {a.identity} for {a.hop.client}"))
    )
    if failing:
        told = "; ".join(
            dict.fromkeys(f"{a.path.message.kind}, from {a.hop.client} as {a.identity}: {e}" for a, e in failing)
        )
        remedy = "\n".join(dict.fromkeys(_publish(environment, domain, a, e) for a, e in failing))
        return non_compliant(asked, told, *shown, remedy=remedy, notes=notes)
    if unknown:
        why = "; ".join(dict.fromkeys(e.reason for _, e in unknown))
        return not_verified(asked, why, *shown, remedy=spf_remedy.answer_look_ups(e for _, e in unknown))
    if open_:
        why = "; ".join(dict.fromkeys(assumption for p in open_ for assumption in p.assumptions))
        return not_verified(asked, why, *(evidence.path(p) for p in open_), remedy=to_be_seen(open_, why))
    if not ours:
        lost = [p for p in paths if p.disposition is not Disposition.DELIVERED]
        why = "no message with an own reverse-path left the organization"
        return not_verified(asked, why, *(evidence.path(p) for p in lost))
    kinds = ", ".join(dict.fromkeys(f"{a.path.message.kind}" for a, _ in ours))
    return compliant(asked, f"so did every message that arrived ({len(ours)}): {kinds}", *shown, notes=notes)


def _relay_pool(environment: Environment, found: Iterable[Arrival]) -> tuple[str, ...]:
    """Note what may leave Microsoft 365 by addresses that its SPF include does not list (Outbound delivery pools)."""
    cloud = environment.microsoft_365.cloud
    if isinstance(cloud.ranges, Unknown) or isinstance(cloud.relay_pool, Unknown):
        return ()
    ranges, pool = (*cloud.ranges, *cloud.relay_pool), ", ".join(map(str, cloud.relay_pool))
    kinds = dict.fromkeys(
        str(a.path.message.kind)
        for a in found
        if a.hop.mail_from
        and a.hop.mail_from.domain not in environment.domain_names
        and any(ip_address(a.hop.client) in network for network in ranges)
    )
    return tuple(
        f"{kind}: may leave Microsoft 365 from its relay pool ({pool}), which no SPF record lists" for kind in kinds
    )


def _publish(environment: Environment, domain: Domain, arrival: Arrival, found: Evaluation) -> str:
    """Say which record lets a message pass that did not."""
    client = ip_address(arrival.hop.client)
    cloud = environment.microsoft_365.cloud
    by_microsoft = not isinstance(cloud.ranges, Unknown) and any(client in network for network in cloud.ranges)
    term = f"include:{cloud.spf_include}" if by_microsoft else f"ip{client.version}:{client}"
    if arrival.identity == domain.name:
        add = f"Add {term} to the SPF record of {domain.name}, before its end"
        return spf_remedy.mend_first(domain.name, [found]) or add
    if "." not in arrival.identity or is_address_literal(arrival.identity):
        # RFC 5321 section 4.1.1.1: EHLO takes the client's fully qualified domain name.
        return f"Let the server that connects from {client} greet with a full host name: Set-SendConnector -Fqdn"
    return f'Publish: {arrival.identity}. 3600 IN TXT "v=spf1 {term} -all"'

"""Judges the MTA-STS policy of a domain: its record, how it is handed out, and which MX hosts it covers (RFC 8461)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from mailflow.environment.environment import Domain, Environment, Stage
from mailflow.environment.worlds import old_mx_hosts
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.judge.mx import expected_hosts
from mailflow.observe.https import NO_WAY, Fetched
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.policy.readiness import window_of
from mailflow.records.answer import Answer
from mailflow.records.mta_sts import VERSION, Mode, StsPolicy, host_of, parse_policy, parse_record
from mailflow.records.mx import by_preference
from mailflow.records.mx_change import SPREAD
from mailflow.records.tag_list import versions

_SHORT_S = 86400  # section 3.2 expects weeks; what is kept for less than a day protects hardly anybody
_DAY_S = 86400
_DOES = {
    Mode.ENFORCE: "senders that know it do not deliver there: they wait, and return the mail in the end",
    Mode.TESTING: "senders deliver there all the same, and report it",
}


class Sts(NamedTuple):
    """What there is of MTA-STS for a domain."""

    txt: Answer  # of _mta-sts.<domain>
    fetched: Fetched
    mx: Answer  # of the domain

    @property
    def records(self) -> tuple[str, ...]:
        """The records that announce a policy."""
        return versions(self.txt.values, VERSION)

    @property
    def policy(self) -> StsPolicy | None:
        """What was handed out; None where nothing was that could be read."""
        return None if self.fetched.body is None else parse_policy(self.fetched.body)


def one_valid_record(domain: Domain, sts: Sts) -> Finding:
    """Judge whether exactly one record announces a policy (section 3.1)."""
    asked = f"one valid MTA-STS record stands at {sts.txt.question.name}"
    shown = evidence.dns(sts.txt)
    if sts.txt.failed:
        return not_verified(asked, f"the look-up of {sts.txt.question} failed", shown, remedy=unanswered([sts.txt]))
    if len(sts.records) != 1:
        seen = f"{len(sts.records)} records: senders take none of them" if sts.records else "there is none"
        return non_compliant(asked, seen, shown, remedy=f"{_publish(domain)}, and nothing else there")
    record = parse_record(sts.records[0])
    if record.flaws:
        return non_compliant(asked, "; ".join(record.flaws), shown, remedy=_publish(domain))
    return compliant(asked, f"its id is {record.id}", shown)


def is_handed_out(domain: Domain, sts: Sts) -> Finding:
    """Judge whether senders can fetch the policy (section 3.3): 200, no redirect, text, a trusted certificate."""
    got = sts.fetched
    asked = f"the policy is handed out at {got.url}, over HTTPS with a certificate for that name"
    if not sts.records and not sts.txt.failed:
        return not_applicable(asked, "no record announces a policy, so no sender asks for one")
    shown = _evidence(got)
    if got.from_here:
        return not_verified(asked, got.from_here, shown, remedy=_supply(domain, sts))
    if got.ending in NO_WAY and not got.distrust:
        return not_verified(asked, got.trouble, shown)
    if got.refused:
        return non_compliant(asked, got.refused, shown, remedy=_answer(domain, got))
    return compliant(asked, f"it comes from {got.address}", shown)


def is_valid(sts: Sts) -> Finding:
    """Judge whether senders can read the policy (section 3.2)."""
    asked = "senders can read the policy"
    shown = _evidence(sts.fetched)
    policy = sts.policy
    if policy is None:
        if not sts.records and not sts.txt.failed:
            return not_applicable(asked, "no record announces a policy, so no sender asks for one")
        return not_verified(asked, f"there is none to read: {_why_none(sts.fetched)}", shown)
    if policy.flaws:
        return non_compliant(asked, "; ".join(policy.flaws), shown)
    notes = []
    if policy.mode is Mode.TESTING:
        notes.append("mode testing: senders deliver whatever they meet, and report it; it protects nobody yet")
    if policy.mode is Mode.NONE:
        notes.append("mode none: senders go on as if there were no policy")
    if (policy.max_age or 0) < _SHORT_S:
        notes.append(f"max_age {policy.max_age} s: RFC 8461 section 3.2 expects weeks, once no change is due")
    return compliant(asked, f"mode {policy.mode}, max_age {_span(policy.max_age or 0)}", shown, notes=tuple(notes))


def covers_mx_hosts(environment: Environment, domain: Domain, sts: Sts, stage: Stage, now: datetime) -> Finding:
    """Judge whether the policy covers every host to which senders may go (section 4.1).

    Those are the hosts of the MX record; before the change those of the plan; and those of the old MX record, as long
    as resolvers or queues may still hold it.
    """
    asked = f"the policy of {domain.name} lists every MX host"
    shown: tuple[Evidence, ...] = (evidence.dns(sts.txt), _evidence(sts.fetched), evidence.dns(sts.mx))
    if not sts.records and not sts.txt.failed:
        return not_applicable(asked, "no record announces a policy, so senders know none", *shown)
    policy = sts.policy
    if policy is None:
        return not_verified(asked, f"no policy holds: {_why_none(sts.fetched)}", *shown)
    if policy.flaws or sts.fetched.distrust or len(sts.records) != 1 or parse_record(sts.records[0]).flaws:
        return not_verified(asked, "no policy holds: senders do not take what there is (AUTH-STS-1)", *shown)
    if policy.mode is Mode.NONE:
        return not_applicable(asked, "mode none: senders go on as if there were no policy", *shown)
    if sts.mx.failed:
        why = f"the look-up of {sts.mx.question} failed"
        return not_verified(asked, why, *shown, remedy=unanswered([sts.mx]))
    if not any(record.exchange != "." for record in by_preference(sts.mx)):
        return not_verified(asked, f"{domain.name} has no MX host", *shown)
    hosts, old, unknown = _hosts(environment, domain, sts.mx, stage, now)
    shown = (*shown, *old)
    uncovered = {host: why for host, why in hosts.items() if policy.covering(host) is None}
    if uncovered:
        told = ", ".join(f"{host} ({why})" for host, why in uncovered.items())
        seen = f"it does not list {told}; mode {policy.mode}: {_DOES[policy.mode or Mode.ENFORCE]}"
        remedy = _order(environment, domain, sts, policy, tuple(uncovered))
        return non_compliant(asked, seen, *shown, remedy=remedy)
    if unknown:
        return not_verified(asked, unknown, *shown, remedy=_record_before(domain))
    told = ", ".join(f"{host} by {policy.covering(host)}" for host in hosts)
    return compliant(asked, f"it lists {told}; mode {policy.mode}", *shown, notes=_due(environment, policy))


def _hosts(
    environment: Environment, domain: Domain, mx: Answer, stage: Stage, now: datetime
) -> tuple[dict[str, str], tuple[Evidence, ...], str]:
    """Give every host to which senders may go and why, what tells the old ones, and what is not known of these."""
    hosts = {record.exchange: "MX record" for record in by_preference(mx) if record.exchange != "."}
    if stage is Stage.BEFORE:
        for host in domain.mx or expected_hosts(environment, domain):
            hosts.setdefault(host, "planned MX host")
    cutover = environment.cutover
    if cutover is None:
        return hosts, (), ""
    window = window_of(environment, domain.name)
    until = window.change.keep_old_until if window else cutover.at + SPREAD
    if stage is Stage.AFTER and now >= until:
        return hosts, (), ""
    old = old_mx_hosts(environment, domain)
    for host in old:
        hosts.setdefault(host, "MX record before the change")
    if not old and stage is not Stage.BEFORE:  # before it, what is published is the old record
        return hosts, (), "which MX hosts there were before the change is not recorded: senders still go to them"
    folder = environment.before.folder if environment.before else ""
    shown = evidence.config(f"{folder}/zones", f"hosts of the MX record of {domain.name} before", old)
    return hosts, (shown,) if old else (), ""


def _order(environment: Environment, domain: Domain, sts: Sts, policy: StsPolicy, uncovered: Sequence[str]) -> str:
    """Tell the steps around a change, in their order and with their times (sections 5.1 and 8.1)."""
    age = _span(policy.max_age or 0)
    lines = [
        f"1. On the web server, add to the policy ({sts.fetched.url}) beside what stands there:",
        *(f"  mx: {host}" for host in uncovered),
        "2. Only then let senders fetch it anew, by another id:",
        _publish(domain),
    ]
    if environment.cutover is None:
        return "\n".join((*lines, f"Senders that do not look at the id go by the old policy for max_age more ({age})."))
    by = environment.cutover.at - timedelta(seconds=policy.max_age or 0)
    window = window_of(environment, domain.name)
    until = f": after {_moment(window.change.keep_old_until)}" if window else ""
    lines += [
        f"3. Change the MX record when nobody has the old policy, max_age ({age}) after step 2: that by {_moment(by)}",
        f"4. Take old hosts out once neither resolvers nor queues lead to them{until}; with another id",
    ]
    if policy.mode is Mode.ENFORCE:
        lines.append("Where that time is not left, publish mode: testing, until the change is over.")
    return "\n".join(lines)


def _due(environment: Environment, policy: StsPolicy) -> tuple[str, ...]:
    """Tell by when the policy has to stand: it was read from what there is, not from what senders remember."""
    cutover = environment.cutover
    if cutover is None or cutover.stage is not Stage.BEFORE:
        return ()
    by = _moment(cutover.at - timedelta(seconds=policy.max_age or 0))
    return (f"senders keep a policy for max_age: this one has to stand, with its id, by {by}, before the change",)


def _evidence(got: Fetched) -> Evidence:
    return Evidence("https", f"GET {got.url}", str(got.address or "nobody"), got.dialogue)


def _why_none(got: Fetched) -> str:
    return got.from_here or got.trouble or f"status {got.status}"


def _publish(domain: Domain) -> str:
    return f'Publish: _mta-sts.{domain.name}. IN TXT "v={VERSION}; id=<letters and digits, other ones for each policy>"'


def _answer(domain: Domain, got: Fetched) -> str:
    host = host_of(domain.name)
    shows = f"a certificate of a public authority for {host}, with its intermediates"
    answer = f"Let the web server answer {got.url} itself: status 200, text/plain, no redirect, and {shows}"
    if got.chain:
        return answer
    return f"{answer}\nPublish: {host}. IN A <address of the web server>"  # nobody was met who speaks TLS


def _supply(domain: Domain, sts: Sts) -> str:
    if sts.txt.failed:
        return unanswered([sts.txt])
    return (
        f"Name in environment.yaml what hands it out: mta_sts: {{{domain.name}: {{policy: mta-sts/{domain.name}.txt, "
        f"certificate: certificates/{host_of(domain.name)}.pem, listens: [<address>]}}}}"
    )


def _record_before(domain: Domain) -> str:
    return f"Write down how it was (cutover.before): before/zones/{domain.name}.zone with the MX record"


def _moment(at: datetime) -> str:
    return at.isoformat(" ", "minutes")


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, _DAY_S)
    return f"{seconds} s" + (f", {days} day{'s' * (days != 1)}" if days and not rest else "")

"""Judges what must be so around the change of the MX record: TTL, name servers, Autodiscover."""

from collections.abc import Callable, Iterable, Sequence

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.mailboxes import Home
from mailflow.judge import evidence
from mailflow.mail.address import is_within
from mailflow.observe.eye import AuthoritativeAnswer
from mailflow.observe.reached import Reached
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.policy.readiness import AS_IT_IS, NO_CHANGE, NoWindow, Window, window
from mailflow.records.answer import Answer, Outcome, Value
from mailflow.records.spf_syntax import spf_records

Said = Sequence[AuthoritativeAnswer]
Around = Window | NoWindow | None  # the time around the change; None: the environment names no change

_LONGEST_S = 3600  # "Cutover migration": an hour or less

# What a server that can be reached says when the zone is not its own; the others may be the network's doing.
_NOT_SERVED = (Outcome.REFUSED, Outcome.LAME)


def short_ttl(domain: Domain, said: Said) -> Finding:
    """Judge whether every name server lets resolvers forget the MX record within an hour."""
    asked = f"every name server gives the MX records of {domain.name} a TTL of at most {_LONGEST_S} s"
    shown = tuple(map(_evidence, said))
    long = [f"{one.server} says {one.answer.ttl} s" for one in said if (one.answer.ttl or 0) > _LONGEST_S]
    if long:
        return non_compliant(asked, "; ".join(long), *shown)
    silent = _failed(said)
    if silent:
        return not_verified(asked, "; ".join(silent), *shown)
    found = [one.answer.ttl for one in said if one.answer.ttl is not None]
    if not found:
        return not_verified(asked, f"{domain.name} has no MX record", *shown)
    return compliant(asked, f"{max(found)} s at the most", *shown)


def around(environment: Environment, domain: Domain) -> Around:
    """Give the time around the change of a domain's MX record."""
    return window(environment, environment.cutover, domain.name) if environment.cutover else None


def changes_when_lowered(environment: Environment, domain: Domain, around: Around) -> Finding:
    """Judge whether the lowered TTL of the old MX record is everywhere when the new one is published."""
    asked = f"at the change no resolver keeps the old MX record of {domain.name} for longer than {_LONGEST_S} s"
    line = environment.line("cutover")
    if around is None:
        return not_applicable(asked, NO_CHANGE, evidence.stated(line, "cutover", None))
    if isinstance(around, NoWindow):
        return not_applicable(asked, around.why) if around.why == AS_IT_IS else not_verified(asked, around.why)
    change = around.change
    lowered = change.lowered
    shown = (
        evidence.stated(line, "cutover.at", change.at.isoformat()),
        evidence.stated(line, "cutover.lowered", f"{lowered.ttl} s at {lowered.at.isoformat()}" if lowered else None),
        evidence.config("the zone before the change", f"TTL of the MX record of {domain.name}", f"{change.old_ttl} s"),
        evidence.config("the zone before the change", "SOA refresh of its name servers", f"{change.refresh} s"),
    )
    if lowered is None:
        if change.old_ttl <= _LONGEST_S:
            return compliant(asked, f"{change.old_ttl} s as it is", *shown)
        remedy = (
            f"Lower it by {change.lower_by.isoformat()} and write it into environment.yaml: "
            f"cutover: {{…, lowered: {{ttl: {_LONGEST_S}, at: <day and time>}}}}"
        )
        why = f"it is {change.old_ttl} s, and environment.yaml does not say when it is lowered (cutover.lowered)"
        return not_verified(asked, why, *shown, remedy=remedy)
    if change.too_early and change.lowered_everywhere:
        everywhere = change.lowered_everywhere.astimezone(change.at.tzinfo).isoformat()
        planned = change.at.isoformat()
        seen = f"until {everywhere} some may keep it for {change.old_ttl} s; the change is planned for {planned}"
        remedy = f"Make the change at {everywhere} or later, or lower the TTL by {change.lower_by.isoformat()}"
        return non_compliant(asked, seen, *shown, remedy=f"{remedy} (environment.yaml: cutover)")
    if lowered.ttl > _LONGEST_S:
        return non_compliant(asked, f"it is lowered to {lowered.ttl} s", *shown)
    told = change.lowered_everywhere.isoformat() if change.lowered_everywhere else ""
    return compliant(asked, f"{lowered.ttl} s, everywhere from {told}", *shown)


def all_answer(said: Sequence[Said]) -> Finding:
    """Judge whether every name server answers for the zone, at each of its addresses.

    Where none of them answers, the network may be what is silent: then nothing is known.
    """
    everything = [one for several in said for one in several]
    asked = "every name server of the domain answers for it"
    shown = tuple(map(_evidence, everything))
    failed = list(dict.fromkeys(_failed(everything)))
    if not everything:
        return not_verified(asked, "no name server was asked")
    if not failed:
        return compliant(asked, f"{len({(one.server, one.address) for one in everything})} do", *shown)
    if any(one.answer.outcome in _NOT_SERVED or not one.answer.failed for one in everything):
        return non_compliant(asked, "; ".join(failed), *shown)
    return not_verified(asked, "; ".join(failed), *shown)


def all_agree(mx: Said, txt: Said, soa: Said = ()) -> Finding:
    """Judge whether the name servers that answer give the same MX records and the same SPF record.

    Different serials in the SOA record are a note: who has not fetched the last zone may not fetch the next in time,
    but servers that are not fed from each other count apart.
    """
    asked = "all name servers of the domain give the same MX records and the same SPF record"
    shown = tuple(map(_evidence, (*mx, *txt)))
    notes = _serials(soa)
    wrong = [*_differences("MX", mx, lambda answer: answer.values), *_differences("SPF", txt, _spf)]
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown, notes=notes)
    silent = _failed((*mx, *txt)) or ([] if mx and txt else ["no name server was asked"])
    if silent:
        return not_verified(asked, "; ".join(dict.fromkeys(silent)), *shown)
    return compliant(asked, f"all {len({one.server for one in mx})} do", *shown, notes=notes)


def _serials(soa: Said) -> tuple[str, ...]:
    """Note who has which serial, where they differ (RFC 1035 section 3.3.13: the third field of an SOA record)."""
    said = [
        (one.server, fields[2])
        for one in soa
        for value in one.answer.values
        if len(fields := str(value).split()) == 7  # MNAME, RNAME and five numbers
    ]
    if len({serial for _, serial in said}) < 2:
        return ()
    told = "; ".join(dict.fromkeys(f"{server} has {serial}" for server, serial in said))
    return (f"the serials of the zone differ ({told}): let it be the same everywhere before the change",)


def _differences(what: str, said: Said, of: Callable[[Answer], Iterable[Value]]) -> list[str]:
    """Tell who says what, where not all who answer say the same."""
    versions: dict[tuple[str, ...], list[str]] = {}
    for one in said:
        if not one.answer.failed:
            versions.setdefault(tuple(sorted(map(_told, of(one.answer)))), []).append(one.server)
    if len(versions) < 2:
        return []
    return [
        f"{' and '.join(dict.fromkeys(servers))}: {what} {', '.join(records) or 'none'}"
        for records, servers in versions.items()
    ]


def _spf(answer: Answer) -> Iterable[Value]:
    return spf_records(value for value in answer.values if isinstance(value, str))


def _told(value: Value) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _failed(said: Iterable[AuthoritativeAnswer]) -> list[str]:
    return [
        f"{one.server or 'no name server'}{f' [{one.address}]' if one.address else ''}: "
        f"{'; '.join(one.answer.text) or one.answer.outcome}"
        for one in said
        if one.answer.failed
    ]


def _evidence(one: AuthoritativeAnswer) -> Evidence:
    return evidence.dns(one.answer)


def takes_known_recipients(
    environment: Environment, domain: Domain, reached: Sequence[Reached], addresses: Sequence[Answer]
) -> Finding:
    """Judge whether every planned MX host takes a connection, and refuses no recipient that it should know.

    `addresses`: what the DNS says of those hosts. Where it says nothing of one kind of address, whoever listens there
    was not met. A 250 at RCPT is all that is asked: what becomes of a message, the rows on paths say.
    """
    asked = f"every planned MX host of {domain.name} takes a connection and refuses no known recipient"
    if not reached:
        return not_verified(asked, "no planned MX host has an address, or none was contacted")
    shown = tuple(evidence.session(one.session) for one in reached)
    unseen = [f"{one.host} [{one.address}]: {one.unseen}" for one in reached if one.unseen]
    met = {one.host for one in reached}
    unseen += [
        f"{host}: it has no address, or none that was contacted"
        for host in environment.planned_mx(domain)
        if host not in met
    ]
    unseen += [f"nobody knocked at the {_failure(answer)}" for answer in addresses if answer.failed]
    wrong = [f"{one.host} [{one.address}]: {one.wrong}" for one in reached if one.wrong and not one.unseen]
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown)
    if unseen:
        return not_verified(asked, "; ".join(unseen), *shown)
    if not any(one.envelope.rcpt_to for one in reached):
        return not_verified(asked, f"the environment lists no mailbox of {domain.name} to ask about", *shown)
    return compliant(asked, f"so it is at {', '.join(f'{one.host} [{one.address}]' for one in reached)}", *shown)


def autodiscover_stays(
    environment: Environment, domain: Domain, found: Sequence[Answer], microsoft: Sequence[Answer]
) -> Finding:
    """Judge whether Autodiscover leads to the own servers as long as they have mailboxes.

    `found`: both kinds of address of autodiscover.<domain>, with the aliases that led to them; `microsoft`: those of
    Microsoft's own name for it, as the same run looked them up. An address record leads there as well as an alias.
    """
    name, cloud = f"autodiscover.{domain.name}", environment.microsoft_365.cloud.autodiscover
    asked = f"{name} does not lead to Microsoft 365 while mailboxes remain on the on-premises servers"
    shown = tuple(map(evidence.dns, found))
    if not environment.mailboxes.of(domain.name, Home.ON_PREMISES):
        return not_applicable(asked, f"no on-premises mailbox of {domain.name} is listed", *shown)
    # Microsoft has several such names, all beside the documented one.
    _, _, theirs = cloud.partition(".")
    for alias in (alias for answer in found for alias in answer.aliases if is_within(alias, theirs)):
        return non_compliant(asked, f"it leads to {alias}", *shown)
    addresses = [value for answer in found for value in answer.values]
    for address in (value for answer in microsoft for value in answer.values if value in addresses):
        both = (*shown, *map(evidence.dns, microsoft))
        return non_compliant(asked, f"it leads to {address}, an address of {cloud}", *both)
    if failed := [answer for answer in found if answer.failed]:
        return not_verified(asked, "; ".join(map(_failure, failed)), *shown)
    if not addresses:
        why = "there is no such record, and where Outlook asks then (the domain itself, SRV records) is not looked at"
        return not_verified(asked, why, *shown)
    own = {address for server in environment.on_premises.servers for address in server.listens}
    if strange := [str(address) for address in addresses if address not in own]:
        shown = (*shown, *map(evidence.dns, microsoft))
        silent = [answer for answer in microsoft if answer.failed]
        if silent or not any(answer.values for answer in microsoft):
            why = "; ".join(map(_failure, silent or microsoft))
            return not_verified(asked, f"whether {' and '.join(strange)} is Microsoft's is not known: {why}", *shown)
    return compliant(asked, f"it leads to {' and '.join(dict.fromkeys(map(str, addresses)))}", *shown)


def _failure(answer: Answer) -> str:
    return f"{answer.question.type} addresses of {answer.question.name}: {'; '.join(answer.text) or answer.outcome}"

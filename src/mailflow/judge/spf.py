"""Judges the SPF record of a domain, and whom it lets pass (RFC 7208)."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol, TypeVar

from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.environment.message import STRANGER
from mailflow.exchange.cloud import CLOUDS, Cloud
from mailflow.exchange.cloud import cloud as cloud_of_name
from mailflow.exchange.known import Unknown
from mailflow.judge import evidence, spf_remedy
from mailflow.judge.mend import unanswered
from mailflow.policy.finding import Evidence, Finding, Verdict, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer, Question
from mailflow.records.spf import Evaluation, Result, check_host
from mailflow.records.spf_count import TermCount, count_terms
from mailflow.records.spf_diagnosis import diagnose, select_record
from mailflow.records.spf_syntax import spf_records

T = TypeVar("T")

STRANGER_ADDRESS = IPv4Address("198.18.0.99")  # RFC 2544: an address that nobody on the Internet has
_TERMS, _VOID = 10, 2  # RFC 7208 section 4.6.4


@dataclass(frozen=True, slots=True)
class SpfSeen:
    """What was looked up: the TXT records, every include, and what becomes of mail from each address."""

    txt: Answer
    count: TermCount
    microsoft_365: Mapping[IPAddress, Evaluation]
    own: Mapping[IPAddress, Evaluation]
    third_parties: Mapping[str, Mapping[IPAddress, Evaluation]]
    stranger: Evaluation


class Drive(Protocol):
    """Answers the questions of several evaluations, all at once (observe.door.Door.drive)."""

    def __call__(self, evaluations: Sequence[Generator[Question, Answer, T]]) -> tuple[T, ...]:
        """Give their results, in the same order."""


def look(environment: Environment, domain: Domain, txt: Answer, drive: Drive) -> SpfSeen:
    """Evaluate the record of a domain for everybody who sends, or might, in its name."""
    microsoft = microsoft_365_samples(environment)
    own = own_addresses(environment)
    parties = {p.name: p.sends_from for p in environment.third_parties_of(domain)}
    everybody = dict.fromkeys(
        (*microsoft, *own, *(a for several in parties.values() for a in several), STRANGER_ADDRESS)
    )
    asking = [check_host(a, domain.name, f"postmaster@{domain.name}", STRANGER) for a in everybody]
    results = dict(zip(everybody, drive(asking), strict=True))
    (count,) = drive([count_terms(domain.name)])
    return SpfSeen(
        txt,
        count,
        {a: results[a] for a in microsoft},
        {a: results[a] for a in own},
        {name: {a: results[a] for a in several} for name, several in parties.items()},
        results[STRANGER_ADDRESS],
    )


def microsoft_365_samples(environment: Environment) -> tuple[IPAddress, ...]:
    """Give the first and last address of every range that Microsoft publishes for this cloud."""
    ranges = environment.microsoft_365.cloud.ranges
    return () if isinstance(ranges, Unknown) else tuple(a for n in ranges for a in (n[0], n[-1]))


def own_addresses(environment: Environment) -> tuple[IPAddress, ...]:
    """Give every address from which others see the own servers send."""
    return tuple(dict.fromkeys(a for server in environment.on_premises.servers for a in server.public_sends_from))


def exactly_one(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge the number of SPF records (RFC 7208 section 4.5)."""
    asked = f"{domain.name} has exactly one SPF record"
    shown = evidence.dns(seen.txt)
    if seen.txt.failed:
        return not_verified(asked, _failed((seen.txt,)), shown, remedy=unanswered((seen.txt,)))
    record, flaws = select_record(seen.txt.values)
    if not record:
        remedy = flaws[0].mend if flaws else ""
        if flaws and flaws[0].corrected:
            remedy = f'{remedy}: {domain.name}. 3600 IN TXT "{flaws[0].corrected}"'
        told = "; ".join(flaw.wrong for flaw in flaws) or "it has none"
        return non_compliant(asked, told, shown, remedy=remedy)
    return compliant(asked, "it has", shown)


def valid(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge the syntax, and say what is wrong in words that lead to the mend."""
    asked = f"the SPF record of {domain.name} is valid"
    shown = evidence.dns(seen.txt)
    if seen.txt.failed:
        return not_verified(asked, _failed((seen.txt,)), shown, remedy=unanswered((seen.txt,)))
    records = spf_records(seen.txt.values)
    if not records:
        return not_applicable(asked, "there is no SPF record", shown)
    flaws = [flaw for record in records for flaw in diagnose(record)]
    invalid = [flaw for flaw in flaws if flaw.invalid]
    notes = tuple(f"{flaw.fragment}: {flaw.wrong}. {flaw.mend}" for flaw in flaws if not flaw.invalid)
    if invalid:
        seen_ = "; ".join(f"{flaw.fragment!r} (column {flaw.column}): {flaw.wrong}" for flaw in invalid)
        mends = [flaw.mend for flaw in invalid if flaw.mend]
        corrected = next((flaw.corrected for flaw in invalid if flaw.corrected), "")
        if corrected:
            mends.append(f'Publish: {domain.name}. 3600 IN TXT "{corrected}"')
        return non_compliant(asked, seen_, shown, remedy="\n".join(dict.fromkeys(mends)), notes=notes)
    broken = _broken(seen.count)
    if broken and len(records) == 1:
        remedy = spf_remedy.broken(domain.name, seen.count)
        return non_compliant(asked, "; ".join(broken), shown, remedy=remedy, notes=notes)
    if seen.count.failed:
        remedy = unanswered(seen.count.failed)
        return not_verified(asked, _failed(seen.count.failed), shown, remedy=remedy)
    return compliant(asked, "it is", shown, notes=notes)


def _broken(count: TermCount) -> tuple[str, ...]:
    """Tell why receivers cannot evaluate the record, or what it includes; failed look-ups left aside."""
    return tuple(term.problem for term in count.walk() if term.problem and not any(a.failed for a in term.answers))


def _failed(answers: Iterable[Answer]) -> str:
    return "the look-up failed: " + ", ".join(dict.fromkeys(f"{a.question}: {a.outcome}" for a in answers if a.failed))


def within_limits(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge the number of look-ups through every include, whatever the sender (RFC 7208 section 4.6.4)."""
    asked = f"the SPF record of {domain.name} needs at most {_TERMS} querying terms and {_VOID} void look-ups"
    if seen.txt.failed:
        return not_verified(asked, _failed((seen.txt,)), evidence.dns(seen.txt), remedy=unanswered((seen.txt,)))
    if len(spf_records(seen.txt.values)) != 1:
        return not_applicable(asked, "there is not exactly one SPF record", evidence.dns(seen.txt))
    terms = seen.count.querying_terms
    void = seen.count.void_lookups(4)
    tree = tuple(f"{term.text}  ({term.querying_terms})" for term in seen.count.walk() if term.text)
    shown = Evidence("dns", f"querying terms of {domain.name}", "every include and redirect", tree or ("none",))
    said = f"it needs {_counted(terms, 'querying term')} and {_counted(void, 'void look-up')}"
    if terms > _TERMS or void > _VOID:
        mends = [spf_remedy.shorter(domain.name, seen.count)] if terms > _TERMS else []
        mends += [spf_remedy.void(domain.name, seen.count)] if void > _VOID else []
        return non_compliant(asked, f"{said}: receivers give up (permerror)", shown, remedy="\n".join(mends))
    if seen.count.failed:
        remedy = unanswered(seen.count.failed)
        return not_verified(asked, _failed(seen.count.failed), shown, remedy=remedy)
    if broken := _broken(seen.count):
        return not_verified(asked, f"it cannot be counted to its end: {'; '.join(broken)}", shown)
    notes = tuple(
        f"{text} depends on the message and was not counted through" for text in seen.count.depends_on_message
    )
    if seen.count.void_lookups(6) > _VOID:
        # A host without AAAA is void for a sender that comes by IPv6; HYB-SPF-2 falls where that is Microsoft 365.
        notes += (f"for a sender that comes by IPv6 it is {seen.count.void_lookups(6)} void look-ups: permerror",)
    return compliant(asked, said, shown, notes=notes)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def microsoft_365_passes(environment: Environment, domain: Domain, seen: SpfSeen) -> Finding:
    """Judge whether mail of the tenant passes, by the include of its cloud (SPF setup)."""
    cloud = environment.microsoft_365.cloud
    asked = f"Microsoft 365 passes the SPF record of {domain.name} by include:{cloud.spf_include}"
    remedy = f"Add include:{cloud.spf_include} to the SPF record of {domain.name}, before its end"
    if mistaken := _of_another_cloud(cloud, seen.count):
        told = f"it includes {mistaken}, which lists the addresses of another cloud, and not {cloud.spf_include}"
        mend = f"Write include:{cloud.spf_include} in place of include:{mistaken} in the SPF record of {domain.name}"
        return non_compliant(asked, told, evidence.dns(seen.txt), remedy=mend)
    if isinstance(cloud.ranges, Unknown):
        return not_verified(asked, cloud.ranges.why, evidence.dns(seen.txt))
    found = all_pass(asked, domain, seen.microsoft_365, remedy)
    reached = any(cloud.spf_include in one.records for one in seen.microsoft_365.values())
    if found.verdict is Verdict.COMPLIANT and not reached:
        told = "the ranges of today pass, but not by the include: it alone follows Microsoft's changes"
        return non_compliant(asked, told, *found.evidence, remedy=remedy)
    return found


def _of_another_cloud(cloud: Cloud, count: TermCount) -> str:
    """Name another cloud's include that stands where the own one is missing, whatever its look-up said; else nothing.

    Behind any other name whose look-up failed the own include may stand.
    """
    others = {each.spf_include for each in map(cloud_of_name, CLOUDS)} - {cloud.spf_include}
    named = [term.domain for term in count.walk()]
    hidden = any(answer.question.name not in others for answer in count.failed)
    if hidden or cloud.spf_include in named:
        return ""
    return next((name for name in named if name in others), "")


def own_servers_pass(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge whether every address from which the own servers send passes."""
    asked = f"every address from which the on-premises servers send passes the SPF record of {domain.name}"
    remedy = f"Add {missing_terms(seen.own)} to the SPF record of {domain.name}, before its end"
    return all_pass(asked, domain, seen.own, remedy)


def third_parties_pass(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge whether every address of every third party that sends for this domain passes."""
    asked = f"every third party that sends for {domain.name} passes its SPF record"
    if not seen.third_parties:
        return not_applicable(asked, "the environment names none", evidence.dns(seen.txt))
    together = {address: one for party in seen.third_parties.values() for address, one in party.items()}
    failing = [name for name, party in seen.third_parties.items() if missing_terms(party)]
    remedy = (
        f"Add {missing_terms(together)}, or the include that {', '.join(failing)} names, to the SPF record of "
        f"{domain.name}, before its end"
    )
    return all_pass(asked, domain, together, remedy)


def missing_terms(evaluations: Mapping[IPAddress, Evaluation]) -> str:
    """Write the terms that let the addresses pass that do not."""
    return " ".join(f"ip{a.version}:{a}" for a, one in evaluations.items() if one.result is not Result.PASS)


def stranger_fails(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge whether an address of nobody fails: the record ends with -all."""
    asked = f"a stranger's address fails the SPF record of {domain.name}"
    shown = evidence.evaluation(seen.stranger, f"SPF of {domain.name} for {STRANGER_ADDRESS}")
    result = seen.stranger.result
    if result is Result.TEMPERROR:
        return not_verified(asked, seen.stranger.reason, shown, remedy=spf_remedy.answer_look_ups([seen.stranger]))
    if result is not Result.FAIL:
        narrower = spf_remedy.passing_everybody(seen.stranger)
        end = f"End the SPF record of {domain.name} with -all"
        remedy = spf_remedy.mend_first(domain.name, [seen.stranger]) or narrower or end
        return non_compliant(asked, str(seen.stranger), shown, remedy=remedy)
    return compliant(asked, "it fails", shown)


def all_pass(asked: str, domain: Domain, evaluations: Mapping[IPAddress, Evaluation], remedy: str) -> Finding:
    """Judge whether each of these addresses passes the record of a domain."""
    if not evaluations:
        return not_verified(asked, "the environment names no such address that is public")
    failing = {a: one for a, one in evaluations.items() if one.result not in (Result.PASS, Result.TEMPERROR)}
    unknown = {a: one for a, one in evaluations.items() if one.result is Result.TEMPERROR}
    shown = tuple(evidence.evaluation(one, f"SPF for {a}") for a, one in (failing or unknown or evaluations).items())
    if failing:
        alike: dict[str, list[str]] = {}
        for address, one in failing.items():
            alike.setdefault(str(one), []).append(str(address))
        told = "; ".join(f"{', '.join(several)}: {result}" for result, several in alike.items())
        return non_compliant(asked, told, *shown, remedy=spf_remedy.mend_first(domain.name, failing.values()) or remedy)
    if unknown:
        why = "; ".join(dict.fromkeys(one.reason for one in unknown.values()))
        return not_verified(asked, why, *shown, remedy=spf_remedy.answer_look_ups(unknown.values()))
    return compliant(asked, f"so it does from {', '.join(map(str, evaluations))}", *shown)

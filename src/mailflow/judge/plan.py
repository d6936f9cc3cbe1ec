"""Judges whether what is published is what the plan says; before the change, what differs must be meant to change."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import dns.name
import dns.rdatatype
import dns.zone

from mailflow.environment.environment import Domain, Environment, Stage
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.mail.address import is_within
from mailflow.observe.dns_answer import value
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified
from mailflow.records.answer import Answer, MxRecord, Question, Value

_ADDRESSES = ("A", "AAAA")
# Names below a domain at which every record is about mail: RFC 6376, RFC 9989, RFC 8461, RFC 8460, and Outlook's.
_MAIL_NAMES = ("_domainkey", "_dmarc", "_mta-sts", "mta-sts", "_smtp._tls", "autodiscover", "_autodiscover._tcp")
_SPF = "v=spf1"


@dataclass(frozen=True, slots=True)
class Planned:
    """The records of one name and type in the plan, as far as they are about mail; perhaps none."""

    question: Question
    values: frozenset[Value]
    written: tuple[str, ...] = ()  # as the zone has them

    def published(self, answer: Answer) -> frozenset[Value]:
        """Give what an answer holds in its place."""
        if self.question.type == "CNAME" or not answer.aliases:
            return frozenset(_of_mail(self.question, answer.values))
        return frozenset(answer.aliases[:1])  # the records of another name


def planned(environment: Environment, domain: Domain) -> tuple[Planned, ...]:
    """Give the mail records that the plan has for a domain; none where it has no zone for it.

    The MX and SPF records of the domain itself and both kinds of address of its mail hosts are always among them: that
    there is none is planned too.
    """
    found: dict[Question, Planned] = {}
    for zone in environment.zones.values():
        if zone.origin is not None and _is_of(zone.origin, domain):
            found |= {one.question: one for one in _mail_records(zone, environment, domain)}
    if not found:
        return ()
    hosts = dict.fromkeys(question.name for question in found if question.type in _ADDRESSES)
    addresses = (Question(host, kind) for host in hosts for kind in _ADDRESSES)
    for question in (Question(domain.name, "MX"), Question(domain.name, "TXT"), *addresses):
        found.setdefault(question, Planned(question, frozenset()))
    return tuple(found[question] for question in sorted(found, key=lambda one: (one.name != domain.name, str(one))))


def published_as_planned(
    environment: Environment, domain: Domain, plan: Sequence[Planned], answers: Sequence[Answer], stage: Stage
) -> Finding:
    """Judge every record of the plan against what is published.

    Before the change a difference that `cutover.changes` names is no mistake: it is what the change will do.
    """
    asked = f"the mail records of {domain.name} are published as planned"
    if stage is Stage.BEFORE:
        asked += ", or are on the list of changes to make"
    if not plan:
        why = f"the plan has no zone for {domain.name}"
        return not_verified(asked, why, remedy=f"Supply the planned zone: zones/{domain.name}.zone")
    shown: list[Evidence] = []
    wrong: list[str] = []
    meant: list[str] = []
    records: list[str] = []
    for one, answer in zip(plan, answers, strict=True):
        if answer.failed or one.published(answer) == one.values:
            continue
        told = f"{one.question}: planned {_told(one.values)}, published {_told(one.published(answer))}"
        shown.append(evidence.dns(answer))
        if stage is Stage.BEFORE and str(one.question) in _changes(environment):
            meant.append(told)
        else:
            wrong.append(told)
            records += one.written or (f"no {one.question.type} record at {one.question.name}",)
    notes = tuple(f"to change: {told}" for told in meant)
    failed = [answer for answer in answers if answer.failed]
    if wrong:
        remedy = "\n".join(("Publish, or correct the plan or cutover.changes:", *records))
        return non_compliant(asked, "; ".join(wrong), *shown, remedy=remedy, notes=notes)
    if failed:
        why = "; ".join(f"the look-up of {answer.question} failed" for answer in failed)
        return not_verified(asked, why, *map(evidence.dns, failed), remedy=unanswered(failed))
    shown = shown or [evidence.dns(answer) for answer in answers[:2]]
    if meant:
        return compliant(asked, f"{len(meant)} to change, {len(plan) - len(meant)} as planned", *shown, notes=notes)
    return compliant(asked, f"all {len(plan)} are", *shown)


def _changes(environment: Environment) -> frozenset[str]:
    """What the change will alter: as the environment says, or the MX records of its domains."""
    if environment.cutover and environment.cutover.changes is not None:
        return frozenset(environment.cutover.changes)
    return frozenset(f"{domain.name} MX" for domain in environment.domains)


def _is_of(origin: dns.name.Name, domain: Domain) -> bool:
    name = origin.to_text(omit_final_dot=True).lower()
    return is_within(domain.name, name) or is_within(name, domain.name)


def _mail_records(zone: dns.zone.Zone, environment: Environment, domain: Domain) -> Iterator[Planned]:
    hosts = {server.name for server in environment.on_premises.servers}
    hosts |= {_host(record.exchange) for _, rdataset in zone.iterate_rdatasets(dns.rdatatype.MX) for record in rdataset}
    for name, rdataset in zone.iterate_rdatasets():
        question = Question(_host(name), dns.rdatatype.to_text(rdataset.rdtype))
        if not is_within(question.name, domain.name):
            continue
        values = frozenset(_of_mail(question, map(value, rdataset)))
        if not values or not (question.type in ("MX", "TXT") or _of_mail_name(question, hosts)):
            continue
        written = tuple(f"{question.name}. {rdataset.ttl} IN {question.type} {record.to_text()}" for record in rdataset)
        yield Planned(question, values, written)


def _of_mail_name(question: Question, hosts: Iterable[str]) -> bool:
    if question.type in _ADDRESSES and question.name in hosts:
        return True
    if question.type == "TLSA":
        return question.name.startswith("_25._tcp.")  # RFC 7672 section 2.2.3
    labels = f".{question.name}."
    return question.type in ("CNAME", "SRV", *_ADDRESSES) and any(f".{name}." in labels for name in _MAIL_NAMES)


def _of_mail(question: Question, values: Iterable[Value]) -> Iterator[Value]:
    """Leave out the text records that are about something else."""
    everything = any(f".{name}." in f".{question.name}." for name in _MAIL_NAMES)
    for one in values:
        if question.type != "TXT" or everything or (isinstance(one, str) and one.lower().startswith(_SPF)):
            yield one


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _told(values: frozenset[Value]) -> str:
    told = (f"{one.preference} {one.exchange}" if isinstance(one, MxRecord) else str(one) for one in values)
    return " and ".join(sorted(told)) or "nothing"

"""Judges whether those who send as a name below a domain pass the SPF record of that name (RFC 7208)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from mailflow.environment.environment import Domain, Environment, IPAddress
from mailflow.environment.message import STRANGER
from mailflow.environment.names_below import senders_below
from mailflow.judge import evidence
from mailflow.judge.spf import Drive, all_pass, missing_terms
from mailflow.policy.finding import Finding, compliant, not_applicable, not_verified
from mailflow.records.spf import Evaluation, Result, check_host


class Sender(NamedTuple):
    """Who sends with a name in the reverse-path."""

    name: str
    address: IPAddress
    sender: str  # the reverse-path
    greets_as: str


SpfBelow = Mapping[str, Mapping[IPAddress, Evaluation]]  # by name: what its record makes of each address


def third_party_sends_below(environment: Environment, domain: Domain) -> Finding:
    """Whether a third party sends with a reverse-path in a name below the domain."""
    asked = f"a third party sends with a reverse-path below {domain.name}"
    told = [f"{party.name} as {name}" for name, found in senders_below(environment, domain).items() for party in found]
    shown = evidence.stated(environment.line("third_parties"), asked, told)
    if not told and "third_parties" not in environment.lines:
        remedy = "Name them below third_parties in environment.yaml, with returns_to; third_parties: {} for none"
        return not_verified(asked, "nobody has answered this question in environment.yaml", shown, remedy=remedy)
    return compliant(asked, ", ".join(told), shown) if told else not_applicable(asked, "none does", shown)


def look(environment: Environment, domain: Domain, drive: Drive) -> SpfBelow:
    """Evaluate the record of every such name for everybody who sends with it."""
    asked = (
        Sender(name, address, f"postmaster@{name}", STRANGER)
        for name, parties in senders_below(environment, domain).items()
        for address in dict.fromkeys(address for party in parties for address in party.sends_from)
    )
    return evaluated(asked, drive)


def evaluated(senders: Iterable[Sender], drive: Drive) -> SpfBelow:
    """Evaluate the record of each name for everybody who sends with it."""
    asked = list(senders)
    results = drive([check_host(one.address, one.name, one.sender, one.greets_as) for one in asked])
    found: dict[str, dict[IPAddress, Evaluation]] = {one.name: {} for one in asked}
    for one, result in zip(asked, results, strict=True):
        found[one.name][one.address] = result
    return found


def pass_their_records(domain: Domain, seen: SpfBelow) -> list[Finding]:
    """Judge every name by itself: SPF is not inherited, each name needs a record of its own."""
    if not seen:
        return [not_verified(f"every third party below {domain.name} passes SPF", "nobody was found who sends so")]
    return [passes_record(domain, name, "third party", evaluations) for name, evaluations in seen.items()]


def passes_record(domain: Domain, name: str, who: str, evaluations: Mapping[IPAddress, Evaluation]) -> Finding:
    """Judge whether everybody who sends as a name below a domain passes the record of that name."""
    asked = f"every {who} that sends with a reverse-path in {name} passes the SPF record of {name}"
    terms = missing_terms(evaluations)
    bare = all(one.result is Result.NONE for one in evaluations.values())
    publish = f'Publish: {name}. 3600 IN TXT "v=spf1 {terms} -all"'
    add = f"Add {terms}, or the include that it names, to the SPF record of {name}, before its end"
    return all_pass(asked, replace(domain, name=name), evaluations, publish if bare else add)

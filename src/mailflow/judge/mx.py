"""Judges whether the MX records name the hosts that the scenario demands, and nothing else (RFC 5321 section 5.1)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from mailflow.environment.environment import Domain, Environment
from mailflow.judge import evidence
from mailflow.policy.finding import Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer
from mailflow.records.mx import by_preference, has_address, is_address_literal, is_alias, is_null_mx

# For these clouds the documents do not agree on how the host is derived.
_NOT_DERIVED = ("gcc-high", "dod")

# What was looked up: the MX answer, and for each exchange its A and AAAA answers.
Addresses = dict[str, tuple[Answer, Answer]]


def microsoft_365_host(environment: Environment, domain: Domain) -> str:
    """Give the host that stands for a domain: from the environment, else derived by Microsoft's rule.

    Hosts under mx.microsoft cannot be derived ("How SMTP DANE works"); the environment names them.
    """
    return domain.mx[0] if domain.mx else environment.microsoft_365.cloud.mx_host(domain.name)


def expected_hosts(environment: Environment, domain: Domain) -> tuple[str, ...]:
    """Give the hosts that the scenario demands: Microsoft 365's in 1 and 2, the planned own ones in 3 and 4."""
    return (microsoft_365_host(environment, domain),) if domain.scenario in (1, 2) else domain.mx


def names_microsoft_365(environment: Environment, domain: Domain, mx: Answer, addresses: Addresses) -> Finding:
    """Judge whether the domain's own Microsoft 365 host is among the MX records."""
    host = microsoft_365_host(environment, domain)
    cloud = environment.microsoft_365.cloud
    asked = f"the MX records of {domain.name} name {host}"
    if not domain.mx and cloud.name in _NOT_DERIVED:
        why = f"in {cloud.name} the documents derive the host from the tenant's name or from the domain's"
        return not_verified(asked, why, evidence.dns(mx), remedy=f"Write it into environment.yaml: mx of {domain.name}")
    remedy = f"Publish: {domain.name}. 3600 IN MX 0 {host}."
    return _named(asked, (host,), mx, addresses, remedy)


def names_own_servers(environment: Environment, domain: Domain, mx: Answer, addresses: Addresses) -> Finding:
    """Judge whether every planned own server is among the MX records, by name and with its own addresses."""
    asked = f"the MX records of {domain.name} name {', '.join(domain.mx)}, each with its planned addresses"
    listens = {server.name: server.listens for server in environment.on_premises.servers}
    records = "; ".join(f"{domain.name}. 3600 IN MX 10 {host}." for host in domain.mx)
    planned = "; ".join(
        f"{host}. IN {'A' if address.version == 4 else 'AAAA'} {address}"
        for host in domain.mx
        for address in listens.get(host, ())
    )
    remedy = f"Publish: {records} with {planned}"
    found = _named(asked, domain.mx, mx, addresses, remedy)
    if found.verdict != "compliant":
        return found
    for host in domain.mx:
        published = [
            v for answer in addresses[host] for v in answer.values if isinstance(v, (IPv4Address, IPv6Address))
        ]
        strange = [str(address) for address in published if address not in listens.get(host, ())]
        if strange:
            where = environment.line("on_premises.servers")
            shown = (*found.evidence, evidence.stated(where, f"{host} listens", listens.get(host, ())))
            seen = f"{host} has the address {', '.join(strange)}, where that server does not listen"
            return non_compliant(asked, seen, *shown, remedy=remedy)
    return found


def names_no_other(domain: Domain, mx: Answer, expected: Sequence[str]) -> Finding:
    """Judge whether the MX set holds nothing beside what the scenario demands."""
    asked = f"the MX records of {domain.name} name no host but {', '.join(expected)}"
    if mx.failed:
        return _no_answer(asked, mx)
    if not mx.values:
        return not_applicable(asked, f"{domain.name} has no MX record", evidence.dns(mx))
    others = [record.exchange for record in by_preference(mx) if record.exchange not in expected]
    if others:
        seen = f"they also name {', '.join(other if other != '.' else 'the null MX' for other in others)}"
        remedy = f"Remove from the zone of {domain.name}: " + "; ".join(
            f"MX {record.preference} {record.exchange}." for record in by_preference(mx) if record.exchange in others
        )
        return non_compliant(asked, seen, evidence.dns(mx), remedy=remedy)
    return compliant(asked, "they name no other", evidence.dns(mx))


def has_documented_name(domain: Domain, mx: Answer) -> Finding:
    """Judge whether an MX host has the form that the documentation of scenario 4 gives.

    The documentation prints `.mail.contoso.com`, which is no host name; `mail.contoso.com` is meant.
    """
    host = f"mail.{domain.name}"
    asked = f"an MX record of {domain.name} names {host}, the form of the documentation"
    if mx.failed:
        return _no_answer(asked, mx)
    named = [record.exchange for record in by_preference(mx)]
    if host in named:
        return compliant(asked, "one does", evidence.dns(mx))
    seen = f"they name {', '.join(named)}" if named else "there is no MX record"
    return non_compliant(asked, seen, evidence.dns(mx), remedy=f"Publish: {domain.name}. 3600 IN MX 10 {host}.")


def _named(asked: str, hosts: Sequence[str], mx: Answer, addresses: Addresses, remedy: str) -> Finding:
    """Judge whether every host of a list is an MX host that senders can reach."""
    shown = [evidence.dns(mx)]
    if mx.failed:
        return _no_answer(asked, mx)
    if not hosts:
        return not_verified(asked, "the environment names no host for this domain", *shown)
    records = by_preference(mx)
    if not records:
        return non_compliant(asked, "there is no MX record", *shown, remedy=remedy)
    if mx.aliases:
        # RFC 2181 section 10.1: a name with an alias has no other records; senders see those of the other name.
        return non_compliant(asked, f"the domain is an alias of {', '.join(mx.aliases)}", *shown, remedy=remedy)
    if is_null_mx(records):
        return non_compliant(asked, "the null MX says that the domain takes no mail", *shown, remedy=remedy)
    named = [record.exchange for record in records]
    for host in hosts:
        if host not in named:
            literals = [name for name in named if is_address_literal(name)]
            seen = f"they name {', '.join(named)}"
            if literals:
                seen += f"; {', '.join(literals)} is an address, an MX record takes a host name"
            return non_compliant(asked, seen, *shown, remedy=remedy)
        answers = addresses[host]
        shown += [evidence.dns(answer) for answer in answers]
        if is_alias(*answers):
            seen = f"{host} is an alias (CNAME), which RFC 2181 section 10.3 forbids for an MX host"
            return non_compliant(asked, seen, *shown, remedy=f"Publish A or AAAA records for {host} itself")
        reachable = has_address(*answers)
        if reachable is None:
            return not_verified(asked, f"the look-up of the addresses of {host} failed", *shown)
        if not reachable:
            return non_compliant(asked, f"{host} has no address", *shown, remedy=remedy)
    return compliant(asked, f"they name {', '.join(named)}", *shown)


def _no_answer(asked: str, answer: Answer) -> Finding:
    return not_verified(asked, f"the look-up of {answer.question} failed: {answer.outcome}", evidence.dns(answer))

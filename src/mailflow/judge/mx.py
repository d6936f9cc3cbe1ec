"""Judges whether the MX records name the hosts that the scenario demands, and nothing else (RFC 5321 section 5.1)."""

from collections.abc import Callable, Sequence

from mailflow.environment.environment import Domain, Environment, IPAddress, Server
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.policy.finding import Evidence, Finding, Verdict, compliant, non_compliant, not_verified
from mailflow.records.answer import Answer, MxRecord, Question
from mailflow.records.mx import by_preference, has_address, is_address_literal, is_alias, is_null_mx
from mailflow.records.private_address import is_private

_NO_HOST = "the environment names no host for this domain"
_DEAF = "where that server does not listen"

# What was looked up: the MX answer, and for each exchange its A and AAAA answers.
Addresses = dict[str, tuple[Answer, Answer]]


def addresses_of(mx: Answer, lookups: Callable[[Sequence[Question]], tuple[Answer, ...]]) -> Addresses:
    """Look up the addresses of every host that the MX records name, all at once."""
    hosts = [record.exchange for record in by_preference(mx)]
    answers = lookups([Question(host, kind) for host in hosts for kind in ("A", "AAAA")])
    return dict(zip(hosts, zip(answers[::2], answers[1::2], strict=True), strict=True))


def microsoft_365_host(environment: Environment, domain: Domain) -> str:
    """Give the host that stands for a domain: from the environment, else derived by Microsoft's rule.

    Hosts under mx.microsoft cannot be derived ("How SMTP DANE works"); the environment names them.
    """
    return domain.mx[0] if domain.mx else environment.tenant_host(domain.name)


def expected_hosts(environment: Environment, domain: Domain) -> tuple[str, ...]:
    """Give the hosts that are to be named: Microsoft 365's in scenarios 1 and 2, else those that are planned.

    Where none is planned it is Microsoft 365's; none where nobody knows it.
    """
    if domain.scenario in (3, 4) or (domain.mx and domain.scenario not in (1, 2)):
        return domain.mx
    return () if _unknown(environment, domain) else (microsoft_365_host(environment, domain),)


def _write_it(domain: str) -> str:
    shown = "that of Microsoft 365 the Microsoft 365 admin center shows, Settings, Domains"
    return f"Write it into environment.yaml: mx of {domain} ({shown})"


def _unknown(environment: Environment, domain: Domain) -> bool:
    return not domain.mx and not environment.microsoft_365.cloud.derives(domain.name)


def names_microsoft_365(environment: Environment, domain: Domain, mx: Answer, addresses: Addresses) -> Finding:
    """Judge whether the domain's own Microsoft 365 host is among the MX records."""
    host = microsoft_365_host(environment, domain)
    cloud = environment.microsoft_365.cloud
    asked = f"the MX records of {domain.name} name {host}"
    if _unknown(environment, domain):
        asked = f"the MX records of {domain.name} name the host that Microsoft 365 assigned to it"
        why = (
            "no document says which host a domain with a hyphen gets"
            if "-" in domain.name
            else f"in {cloud.name} the documents derive the host from the tenant's name or from the domain's"
        )
        return not_verified(asked, why, evidence.dns(mx), remedy=_write_it(domain.name))
    remedy = f"Publish: {domain.name}. 3600 IN MX 0 {host}."
    unpublished = (
        f"Microsoft publishes {host} once the domain is added to the tenant; compare the name with that in the "
        "Microsoft 365 admin center, Settings, Domains"
    )
    return _named(asked, (host,), mx, addresses, remedy=remedy, unpublished=unpublished)


def names_own_servers(environment: Environment, domain: Domain, mx: Answer, addresses: Addresses) -> Finding:
    """Judge whether every planned own server is among the MX records, by name and with its own addresses."""
    where = environment.line("on_premises.servers")
    return _names_servers(environment.on_premises.servers, where, domain, mx, addresses)


def names_filter(environment: Environment, domain: Domain, mx: Answer, addresses: Addresses) -> Finding:
    """Judge the same of the planned servers of a filtering service ("Third-party filter", step 3)."""
    servers = environment.filter_servers
    if not domain.mx or not {*domain.mx} <= {server.name for server in servers}:
        asked = f"the MX records of {domain.name} name the servers of the third-party filter"
        why = "environment.yaml does not say which servers of a third-party filter they are to name"
        remedy = "Add the servers below third_parties, and their names as mx of the domain"
        return not_verified(asked, why, evidence.dns(mx), remedy=remedy)
    return _names_servers(servers, environment.line("third_parties"), domain, mx, addresses)


def _names_servers(servers: Sequence[Server], where: str, domain: Domain, mx: Answer, addresses: Addresses) -> Finding:
    asked = f"the MX records of {domain.name} name {', '.join(domain.mx)}, each with addresses at which it listens"
    listens = {server.name: server.public_listens for server in servers}
    records = "; ".join(f"{domain.name}. 3600 IN MX 10 {host}." for host in domain.mx)
    planned = "; ".join(
        f"{host}. IN {'A' if address.version == 4 else 'AAAA'} {address}"
        for host in domain.mx
        for address in listens.get(host, ())
    )
    remedy = (
        f"Publish: {records} with {planned or 'the public address of each host, in listens of environment.yaml too'}"
    )
    found = _named(asked, domain.mx, mx, addresses, remedy=remedy, unpublished=f"Publish: {planned}")
    if found.verdict is not Verdict.COMPLIANT:
        return found
    shown, notes = [*found.evidence], []
    wrong: list[str] = []
    delete: list[str] = []
    for host in domain.mx:
        here = listens.get(host, ())
        published = [v for answer in addresses[host] for v in answer.values if isinstance(v, IPAddress)]
        shown.append(evidence.stated(where, f"{host} listens", here))
        for address in published:
            if address not in here:
                why = "which is private: nobody on the Internet reaches it" if is_private(address) else _DEAF
                wrong.append(f"{host} has the address {address}, {why}")
                delete.append(f"{host}. IN {'AAAA' if ':' in str(address) else 'A'} {address}")
        if published and all(address.version == 6 for address in published):
            notes.append(f"{host} has IPv6 addresses only: who sends over IPv4 alone, as many do, does not reach it")
        notes += [f"{host} also listens at {v}, which no record names" for v in here if v not in published]
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown, remedy=f"{remedy}; delete {'; '.join(delete)}")
    failed = [answer for host in domain.mx for answer in addresses[host] if answer.failed]
    if failed:
        why = f"the look-up of {', '.join(str(answer.question) for answer in failed)} failed"
        return not_verified(asked, why, *shown, remedy=unanswered(failed))
    return compliant(asked, found.seen, *shown, notes=tuple(notes))


def names_no_other(domain: Domain, mx: Answer, expected: Sequence[str]) -> Finding:
    """Judge whether the MX set holds nothing beside what the scenario demands."""
    asked = f"the MX records of {domain.name} name no host but {', '.join(expected)}"
    if mx.failed:
        return _no_answer(asked, mx)
    records = by_preference(mx)
    if not records:
        remedy = f"Publish an MX record of {domain.name} that names {', '.join(expected) or 'a host'}"
        return not_verified(asked, f"{domain.name} has no MX record", evidence.dns(mx), remedy=remedy)
    if not expected:
        return not_verified(asked, _NO_HOST, evidence.dns(mx), remedy=_write_it(domain.name))
    others = [record for record in records if record.exchange not in expected]
    if others:
        also = " also" if len(others) < len(records) else ""
        remedy = f"Remove from the zone of {domain.name}: " + "; ".join(
            f"MX {record.preference} {record.exchange.removesuffix('.')}." for record in others
        )
        return non_compliant(asked, f"they{also} name {_exchanges(others)}", evidence.dns(mx), remedy=remedy)
    return compliant(asked, "they name no other", evidence.dns(mx))


def has_documented_name(domain: Domain, mx: Answer) -> Finding:
    """Judge whether an MX host has the form that the documentation of scenario 4 gives.

    The documentation prints `.mail.contoso.com`, which is no host name; `mail.contoso.com` is meant.
    """
    host = f"mail.{domain.name}"
    asked = f"an MX record of {domain.name} names {host}, the form of the documentation"
    if mx.failed:
        return _no_answer(asked, mx)
    records = by_preference(mx)
    if any(record.exchange == host for record in records):
        return compliant(asked, "one does", evidence.dns(mx))
    seen = f"they name {_exchanges(records)}" if records else "there is no MX record"
    return non_compliant(asked, seen, evidence.dns(mx), remedy=f"Publish: {domain.name}. 3600 IN MX 10 {host}.")


def _exchanges(records: Sequence[MxRecord]) -> str:
    return ", ".join("the null MX" if record.exchange == "." else record.exchange for record in records)


def _named(
    asked: str, hosts: Sequence[str], mx: Answer, addresses: Addresses, *, remedy: str, unpublished: str
) -> Finding:
    """Judge whether every host of a list is an MX host that senders can reach.

    `remedy` mends the MX records, `unpublished` a host without an address.
    """
    shown = [evidence.dns(mx)]
    if mx.failed:
        return _no_answer(asked, mx)
    if not hosts:
        return not_verified(asked, _NO_HOST, *shown, remedy=_write_it(mx.question.name))
    records = by_preference(mx)
    if not records:
        return non_compliant(asked, "there is no MX record", *shown, remedy=remedy)
    if mx.aliases:
        # RFC 2181 section 10.1: a name with an alias has no other records; senders see those of the other name.
        return non_compliant(asked, f"the domain is an alias of {', '.join(mx.aliases)}", *shown, remedy=remedy)
    if is_null_mx(records):
        return non_compliant(asked, "the null MX says that the domain takes no mail", *shown, remedy=remedy)
    named = [record.exchange for record in records]
    missing = [host for host in hosts if host not in named]
    if missing:
        seen = f"they name {_exchanges(records)}, not {', '.join(missing)}"
        for literal in filter(is_address_literal, named):
            seen += f"; {literal} is an address, and an MX record takes a host name"
        return non_compliant(asked, seen, *shown, remedy=remedy)
    looked = {host: addresses[host] for host in hosts}
    shown += [evidence.dns(answer) for answers in looked.values() for answer in answers]
    found = _unreachable(asked, looked, shown, unpublished)
    return found or compliant(asked, f"they name {', '.join(named)}", *shown)


def _unreachable(asked: str, looked: Addresses, shown: Sequence[Evidence], unpublished: str) -> Finding | None:
    """Judge whether senders reach these hosts; what is wrong with one is said before what nobody knows of another."""
    for host, answers in looked.items():
        if is_alias(*answers):
            seen = f"{host} is an alias (CNAME), which RFC 2181 section 10.3 forbids for an MX host"
            return non_compliant(asked, seen, *shown, remedy=f"Publish A or AAAA records for {host} itself")
        if has_address(*answers) is False:
            return non_compliant(asked, f"{host} has no address", *shown, remedy=unpublished)
    for host, answers in looked.items():
        if has_address(*answers) is None:
            why = f"the look-up of the addresses of {host} failed"
            return not_verified(asked, why, *shown, remedy=unanswered(answers))
    return None


def _no_answer(asked: str, answer: Answer) -> Finding:
    why = f"the look-up of {answer.question} failed: {answer.outcome}"
    return not_verified(asked, why, evidence.dns(answer), remedy=unanswered((answer,)))

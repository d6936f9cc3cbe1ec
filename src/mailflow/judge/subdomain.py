"""Judges whether mail for names below a domain is led to somebody who takes it (RFC 5321 section 5.1, RFC 7505).

At a change of the MX record the names below the domain are forgotten: theirs still lead to the old side, or to a
tenant that refuses them. What each side takes is told by the rules by which it is simulated (routing): one place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mailflow.environment.environment import Domain, Environment, Server
from mailflow.environment.names_below import NameBelow, mx_names_below, zone_is_supplied
from mailflow.environment.worlds import old_mx_hosts
from mailflow.exchange.cloud import is_microsoft_host, is_retired_host
from mailflow.exchange.known import Assumptions, Unknown, export_again
from mailflow.exchange.online import AcceptedDomain, DomainType
from mailflow.judge import evidence, outbound
from mailflow.judge.client import ELSEWHERE, STRANGER_CLIENT
from mailflow.judge.mend import unanswered
from mailflow.judge.powershell import quoted
from mailflow.mail.address import Address, lineage
from mailflow.policy.finding import (
    Evidence,
    Finding,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    not_verified,
)
from mailflow.records.answer import Answer, Question
from mailflow.records.mx import by_preference, has_address, is_address_literal, is_null_mx
from mailflow.routing.attribution import accepted_domain, attribute
from mailflow.routing.decision import Reception, Refuse
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.microsoft_365 import Microsoft365Router
from mailflow.routing.other_server import OtherServerRouter
from mailflow.routing.outbound_connector import covering
from mailflow.routing.router import filter_router, own_router


class Seen(NamedTuple):
    """What the DNS says of one name: its MX records, and the A and AAAA answers of each host."""

    name: NameBelow
    mx: Answer
    addresses: dict[str, tuple[Answer, Answer]]


def look(
    environment: Environment, domain: Domain, lookups: Callable[[Sequence[Question]], tuple[Answer, ...]]
) -> tuple[Seen, ...]:
    """Look up where mail for every name below the domain goes."""
    names = mx_names_below(environment, domain)
    answers = lookups([Question(one.asked, "MX") for one in names])
    hosts = list(dict.fromkeys(record.exchange for mx in answers for record in by_preference(mx)))
    found = lookups([Question(host, kind) for host in hosts if host != "." for kind in ("A", "AAAA")])
    of = dict(zip((host for host in hosts if host != "."), zip(found[::2], found[1::2], strict=True), strict=True))
    return tuple(
        Seen(name, mx, {record.exchange: of[record.exchange] for record in by_preference(mx) if record.exchange in of})
        for name, mx in zip(names, answers, strict=True)
    )


def are_led_to_takers(environment: Environment, domain: Domain, seen: Sequence[Seen]) -> list[Finding]:
    """Judge every name, and of each name every host that its MX records name."""
    asked = f"mail for names below {domain.name} is led to somebody who takes it, or the name says that it takes none"
    if not zone_is_supplied(environment, domain):
        remedy = f"Supply the planned zone: zones/{domain.name}.zone"
        return [not_verified(asked, f"the zone of {domain.name} was not supplied", remedy=remedy)]
    if not seen:
        told = evidence.config("zones/", f"names below {domain.name} with MX records", ())
        return [not_applicable(asked, f"the planned zone has MX records for no name below {domain.name}", told)]
    return [finding for one in seen for finding in _of_name(environment, domain, one)]


def _of_name(environment: Environment, domain: Domain, one: Seen) -> Iterator[Finding]:
    name = one.name.name
    asked = f"mail for {name} is led to somebody who takes it, or the name says that it takes none"
    shown = evidence.dns(one.mx)
    records = by_preference(one.mx)
    if one.mx.failed:
        why = f"the look-up of {one.mx.question} failed: {one.mx.outcome}"
        yield not_verified(asked, why, shown, remedy=unanswered((one.mx,)))
    elif not records:
        was = f"; before the change it named {', '.join(one.name.before)}" if one.name.before else ""
        remedy = f"Publish its MX record, or, where it takes no mail any more: {name}. 3600 IN MX 0 ."
        yield non_compliant(asked, f"it has no MX record{was}", shown, remedy=remedy)
    elif is_null_mx(records):
        yield compliant(asked, "the null MX says that it takes none", shown)
    else:
        for record in records:
            yield _of_host(_Led(environment, domain, one, record.exchange))


@dataclass(frozen=True, slots=True)
class _Led:
    """A host to which the MX records of a name lead, and what may be said of it."""

    environment: Environment
    domain: Domain
    seen: Seen
    host: str

    @property
    def name(self) -> str:
        """The name, as the zone writes it."""
        return self.seen.name.name

    @property
    def recipient(self) -> Address:
        """To whom a stranger writes."""
        return Address("somebody", self.seen.name.asked)

    def taken(self, how: str, *shown: Evidence, note: str = "") -> Finding:
        return compliant(self._asked, how, *self._shown, *shown, notes=(note,) if note else ())

    def wrong(self, why: str, *shown: Evidence, remedy: str = "") -> Finding:
        """Without a remedy: lead it to the hosts of the domain."""
        hosts = self.environment.planned_mx(self.domain)
        there = "\n".join(f"{self.name}. 3600 IN MX {10 * number} {host}." for number, host in enumerate(hosts, 1))
        return non_compliant(self._asked, why, *self._shown, *shown, remedy=remedy or there)

    def unknown(self, why: str, *shown: Evidence, remedy: str = "") -> Finding:
        return not_verified(self._asked, why, *self._shown, *shown, remedy=remedy or export_again(why))

    @property
    def addresses(self) -> tuple[Answer, Answer] | None:
        """Its A and AAAA answers; None for what is no host."""
        return self.seen.addresses.get(self.host)

    def among(self, servers: Sequence[Server]) -> Server | None:
        """Find the server that it is, by its name or by an address at which that listens."""
        values = {value for answer in self.addresses or () for value in answer.values}
        return next((one for one in servers if one.name == self.host or values.intersection(one.listens)), None)

    @property
    def _asked(self) -> str:
        return f"{self.host}, to which mail for {self.name} is led, takes it"

    @property
    def _shown(self) -> tuple[Evidence, ...]:
        return (evidence.dns(self.seen.mx), *map(evidence.dns, self.addresses or ()))


def _of_host(led: _Led) -> Finding:
    """Tell by whose host it is whether it takes the mail."""
    host, environment = led.host, led.environment
    if led.addresses is None or is_address_literal(host):
        # RFC 7505 section 3: a root beside other records is no null MX.
        return led.wrong("it is no host name")
    if is_microsoft_host(host):
        return _of_tenant(led)
    if server := led.among(environment.on_premises.servers):
        return _of_server(led, server, own_router(environment, server))
    if server := led.among(environment.filter_servers):
        return _of_server(led, server, filter_router(environment, server))
    if is_retired_host(host):
        return led.wrong("Microsoft withdrew it")
    if host in old_mx_hosts(environment, led.domain) and host not in environment.planned_mx(led.domain):
        return led.wrong(f"it took the mail of {led.domain.name} before the change, and the plan does without it")
    if has_address(*led.addresses) is False:
        return led.wrong("it has no address")
    if not environment.domain_names.isdisjoint(lineage(host)):
        why = "environment.yaml names no such server: nobody here knows what it does with mail"
        return led.unknown(why, remedy=f"Add {host} to environment.yaml, under on_premises if it is your own")
    return led.taken(
        "it is a host of others", note=f"{led.name}: whether {host}, a host of others, takes the mail they know"
    )


def _of_server(led: _Led, server: Server, router: ExchangeServerRouter | OtherServerRouter) -> Finding:
    """Judge an own server, or one of a filter: whether the name is accepted there, and strangers are let in."""
    assume = Assumptions()
    accepts = router.accepts(led.recipient.domain, assume)
    unserved = router.connection(STRANGER_CLIENT, assume)
    answer = unserved or router.recipient(STRANGER_CLIENT, ELSEWHERE, led.recipient, assume)
    if assume.made:
        return led.unknown("; ".join(assume.made))
    if not accepts:
        return led.wrong(f"{server.name} does not accept {led.name}", remedy=_accept(server, led.name))
    if isinstance(answer, Refuse):
        return led.wrong(f"{server.name} refuses it from strangers: {answer.reply} ({answer.rule})")
    return led.taken(str(answer.rule))


def _accept(server: Server, name: str) -> str:
    if not server.is_exchange:
        return f"Let {server.name} accept {name}, and say so in environment.yaml (accepts_for), or lead it elsewhere"
    return (
        "Let the own servers accept it (Exchange Management Shell), or lead it elsewhere:\n"
        f'New-AcceptedDomain -Name "{name.replace("*.", "below ")}" -DomainName {name} -DomainType Authoritative'
    )


def _of_tenant(led: _Led) -> Finding:
    """Judge Microsoft 365: whether it takes mail for the name from a stranger, and whose it is then."""
    router, assume = Microsoft365Router(led.environment), Assumptions()
    accepted = accepted_domain(router.tenants.own, led.recipient.domain, assume)
    answer = attribute(router.tenants, STRANGER_CLIENT, ELSEWHERE, led.recipient, assume)
    if assume.made:
        return led.unknown("; ".join(assume.made))
    if isinstance(answer, Reception) and answer.tenant_id != router.tenants.own.tenant_id:
        return led.taken("another tenant does, says environment.yaml (outside)")
    owner = f"accepted domain {accepted.domain_name}" if accepted else ""
    shown = (
        (
            evidence.setting(accepted.origin, "DomainType", owner, accepted.domain_type),
            evidence.setting(accepted.origin, "MatchSubDomains", owner, accepted.match_sub_domains),
        )
        if accepted
        else ()
    )
    if isinstance(answer, Refuse):
        seen = f"Microsoft 365 refuses it: {answer.reply} ({answer.rule})"
        # A lock refuses it from strangers, whatever the tenant accepts.
        return led.wrong(seen, *shown, remedy="" if accepted else _add_to_tenant(led))
    if led.addresses and has_address(*led.addresses) is False:
        # Microsoft publishes one for each accepted domain ("External DNS records for Office 365").
        return led.wrong("it has no address", *shown, remedy=_own_host_of_tenant(led))
    return _passed_on(led, accepted, shown) if accepted else led.taken(str(answer.rule))


def _add_to_tenant(led: _Led) -> str:
    above = led.domain.name
    if led.seen.name.is_wildcard:
        own = f"Take the wildcard out of the zone, or let it say that nobody takes mail: {led.name}. 3600 IN MX 0 ."
    else:
        own = f"Add {led.name} in the Microsoft 365 admin center, Settings, Domains"
    if not led.environment.on_premises.servers:
        return own
    return (
        f"{own}\nOr let Microsoft 365 take mail for everything below the domain, and the connector to the own servers "
        "carry it:\n"
        f"Set-AcceptedDomain {above} -DomainType InternalRelay\n"
        f"Set-AcceptedDomain {above} -MatchSubDomains $true\n"
        f'Set-OutboundConnector "<connector>" -RecipientDomains @{{Add="*.{above}"}}'
    )


def _own_host_of_tenant(led: _Led) -> str:
    host = led.environment.tenant_host(led.domain.name)
    return f"{led.name}. 3600 IN MX 0 {host}."


def _passed_on(led: _Led, accepted: AcceptedDomain, shown: tuple[Evidence, ...]) -> Finding:
    """Judge what the tenant does with mail that it took: an internal relay domain needs a connector ("Subdomains")."""
    environment, name = led.environment, led.recipient.domain
    if isinstance(accepted.domain_type, Unknown):
        return led.unknown(accepted.domain_type.why, *shown)
    matched = accepted.domain_name != name
    if accepted.domain_type is not DomainType.INTERNAL_RELAY:
        if not matched:
            return led.taken("Microsoft 365 does, and knows its recipients", *shown)
        # "In order to enable match subdomains, an accepted domain must be set up as an internal relay domain."
        seen = f"{accepted.domain_name} is {accepted.domain_type}: an internal relay domain alone matches subdomains"
        return led.wrong(seen, *shown, remedy=f"Set-AcceptedDomain {accepted.domain_name} -DomainType InternalRelay")
    assume = Assumptions()
    connector = covering(environment.microsoft_365, name, from_on_premises=False, assume=assume)
    if assume.made:
        return led.unknown("; ".join(assume.made), *shown)
    if connector is None:
        seen = f"Microsoft 365 passes it on, as {accepted.domain_name} is InternalRelay, and no connector covers it"
        covered = f"*.{accepted.domain_name}" if matched else name
        remedy = f'Set-OutboundConnector "<connector to the own servers>" -RecipientDomains @{{Add="{covered}"}}'
        return led.wrong(seen, *shown, remedy=remedy)
    handed = outbound.hands_to_own_server(environment, connector)
    shown += handed.evidence
    by = f"Microsoft 365 passes it on by '{connector.name}'"
    if handed.verdict is Verdict.NOT_VERIFIED:
        return led.unknown(handed.seen, *shown)
    if handed.verdict is Verdict.NON_COMPLIANT:
        remedy = f"Set-OutboundConnector {quoted(connector.name)} -UseMXRecord $false -SmartHosts <own server>"
        return led.wrong(f"{by}: {handed.seen}", *shown, remedy=remedy)
    servers = outbound.next_servers(environment, connector)
    for server in servers:
        doubts = Assumptions()
        if not own_router(environment, server).accepts(name, doubts) and not doubts.made:
            seen = f"{by} to {server.name}, which does not accept {led.name}"
            return led.wrong(seen, *shown, remedy=_accept(server, led.name))
        for doubt in doubts.made:
            assume.note(doubt)
    if assume.made:
        return led.unknown("; ".join(assume.made), *shown)
    return led.taken(f"{by} to {', '.join(one.name for one in servers)}", *shown)

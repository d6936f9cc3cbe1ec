"""Judges whether TLSA records fit the certificates that the MX hosts show, where DNSSEC proves them (RFC 7672)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from mailflow.environment.environment import Domain, Environment, Stage, certificate_names
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.judge.mx import expected_hosts
from mailflow.mail.address import is_within, lineage
from mailflow.observe.reached import Reached
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer, Outcome, Question
from mailflow.records.mx import by_preference
from mailflow.records.tlsa import Tlsa, Usage, fitting, has_known_key, parse, written
from mailflow.routing.certificate import answers_to

Lookups = Callable[[Sequence[Question]], tuple[Answer, ...]]
Chain = tuple[x509.Certificate, ...]


class Host(NamedTuple):
    """One MX host: what the DNS says of it, and what it shows."""

    name: str
    base: str  # the name at which its TLSA records stand: for an alias its end, or itself (section 2.2.3)
    own: bool  # a server of the organization, or a name in its domain
    addresses: tuple[Answer, ...]  # A and AAAA
    tlsa: Answer
    chains: Mapping[str, Chain]  # what it shows at STARTTLS, by where that is known from; none: it is not known


class Dane(NamedTuple):
    """The MX hosts of a domain."""

    mx: Answer
    delegation: Answer | None  # the DS records of the domain's zone, asked where the MX answer is not proven
    hosts: tuple[Host, ...]


def look(environment: Environment, domain: Domain, lookups: Lookups, stage: Stage, reached: Sequence[Reached]) -> Dane:
    """Look up the MX record, and of each host its addresses and TLSA records; before the change of the planned too.

    `reached`: the sessions of a live run with the planned MX hosts.
    """
    (mx,) = lookups([Question(domain.name, "MX")])
    names = [record.exchange for record in by_preference(mx) if record.exchange != "."]
    if stage is Stage.BEFORE:
        names += domain.mx or expected_hosts(environment, domain)
    names = list(dict.fromkeys(names))
    answers = lookups([Question(name, kind) for name in names for kind in ("A", "AAAA")])
    addresses = dict(zip(names, zip(answers[::2], answers[1::2], strict=True), strict=True))
    found = {name: _tlsa(name, addresses[name], lookups) for name in names}
    own = {server.name for server in environment.on_premises.servers}
    hosts = (
        Host(
            name,
            base,
            base in own or is_within(name, domain.name),
            addresses[name],
            tlsa,
            _chains(environment, base, reached),
        )
        for name, (base, tlsa) in found.items()
    )
    delegation = None if mx.authentic or mx.failed else _delegation(domain.name, lookups)
    return Dane(mx, delegation, tuple(hosts))


def _tlsa(name: str, addresses: Sequence[Answer], lookups: Lookups) -> tuple[str, Answer]:
    """Look up the TLSA records of a host, and give the name at which they stand.

    Section 2.2.3: of an alias first at its end, and where there are none at the name itself.
    """
    end = next((answer.aliases[-1] for answer in addresses if answer.values and answer.aliases), name)
    there, here = lookups([Question(f"_25._tcp.{base}", "TLSA") for base in (end, name)])
    return (name, here) if there.absent and not here.absent else (end, there)


def _chains(environment: Environment, host: str, reached: Sequence[Reached]) -> dict[str, Chain]:
    """Give what a host shows: an own server as its file or its session says, others as they did in sessions."""
    for server in environment.on_premises.servers:
        if server.name == host:
            shown = server.certificate
            return {shown.file: (shown.leaf, *shown.chain)} if shown else {}
    return {f"shown at {one.address}": one.session.chain for one in reached if one.host == host and one.session.chain}


def _delegation(name: str, lookups: Lookups) -> Answer | None:
    """Look up the DS records of the zone in which a name lies: they tell that it is signed, whoever is asked."""
    for zone in lineage(name)[:-1]:
        soa, ds = lookups([Question(zone, "SOA"), Question(zone, "DS")])
        if soa.outcome is Outcome.FOUND and not soa.aliases:
            return ds
    return None


@dataclass
class _Seen:
    """What came of the hosts, in words."""

    fits: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)  # to which DANE does not apply
    notes: list[str] = field(default_factory=list)
    publish: list[str] = field(default_factory=list)
    shown: list[Evidence] = field(default_factory=list)
    failed: list[Answer] = field(default_factory=list)


def fits(domain: Domain, found: Dane, now: datetime) -> Finding:
    """Judge whether each MX host has a TLSA record that fits what it shows at STARTTLS."""
    asked = f"the TLSA records of the MX hosts of {domain.name} fit the certificates that these show"
    mx = evidence.dns(found.mx)
    if found.mx.failed:
        why = f"the look-up of {found.mx.question} failed"
        return not_verified(asked, why, mx, remedy=unanswered([found.mx]))
    if not found.mx.authentic:
        return _unsigned(asked, domain, found, mx)
    seen = _Seen(shown=[mx])
    for host in found.hosts:
        _of_host(domain, host, seen, now)
    if seen.wrong:
        lines = ("Publish, and at a renewal the record of the next certificate a TTL before it:", *seen.publish)
        remedy = "\n".join(dict.fromkeys(lines))
        return non_compliant(asked, "; ".join(seen.wrong), *seen.shown, remedy=remedy, notes=tuple(seen.notes))
    if seen.unknown:
        return not_verified(asked, "; ".join(seen.unknown), *seen.shown, remedy=unanswered(seen.failed))
    if seen.fits:
        notes = (*seen.notes, *(f"{one}: senders cannot check it by DANE" for one in seen.plain))
        return compliant(asked, "; ".join(seen.fits), *seen.shown, notes=notes)
    if seen.plain:
        return not_applicable(asked, "; ".join(seen.plain), *seen.shown)
    return not_verified(asked, f"{domain.name} has no MX host", *seen.shown)


def _unsigned(asked: str, domain: Domain, found: Dane, mx: Evidence) -> Finding:
    ds = found.delegation
    shown = (mx, evidence.dns(ds)) if ds else (mx,)
    if ds and ds.outcome is Outcome.FOUND:
        why = f"{ds.question.name} is signed, and the resolver does not say that DNSSEC proves its answers"
        return not_verified(asked, why, *shown, remedy="Ask a resolver that validates: --resolver <its address>")
    return not_applicable(asked, f"the zone of {domain.name} is not signed", *shown)


def _of_host(domain: Domain, host: Host, seen: _Seen, now: datetime) -> None:
    """Note what one host has; section 2.2.2: only a name whose addresses are proven is looked at."""
    there = [answer for answer in host.addresses if answer.values]
    seen.shown += map(evidence.dns, (*(there or host.addresses), host.tlsa))
    if not there:
        seen.unknown.append(f"{host.name} has no address that could be found")
        seen.failed += [answer for answer in host.addresses if answer.failed]
    elif not all(answer.authentic for answer in there):
        seen.plain.append(f"the zone of {host.name} is not signed")
    elif host.tlsa.failed:  # section 2.1.2: senders that ask then do not deliver to it
        seen.unknown.append(f"the look-up of {host.tlsa.question} failed")
        seen.failed.append(host.tlsa)
    elif not host.tlsa.authentic:
        seen.plain.append(f"DNSSEC does not prove what TLSA records {host.name} has")
    elif host.tlsa.absent and host.own:
        seen.wrong.append(f"{host.name} has no TLSA record, though its zone is signed")
        seen.publish += _records(host)
    elif host.tlsa.absent:
        seen.plain.append(f"whoever runs {host.name} publishes no TLSA record")
    else:
        records = [record for value in host.tlsa.values if (record := parse(str(value)))]
        _compare(host, records, (host.base, host.name, domain.name), seen, now)


def _compare(host: Host, records: Sequence[Tlsa], names: Sequence[str], seen: _Seen, now: datetime) -> None:
    """Hold records against what a host shows. `names`: one of them a certificate below an authority has to have."""
    usable = [record for record in records if not record.unusable]
    aside = [f"{host.name}: senders leave {_short(one)} aside: {one.unusable}" for one in records if one.unusable]
    if not usable:
        seen.wrong.append("; ".join((f"none of the TLSA records of {host.name} is one that senders use", *aside)))
        seen.publish += _records(host)
        return
    if not host.chains:
        seen.unknown.append(f"what certificate {host.name} shows is not known")
        return
    seen.notes += aside
    used: set[Tlsa] = set()
    for where, chain in host.chains.items():
        known = has_known_key(chain[0])
        own = written(chain[0]) if known else "a key of a kind that cannot be read here"
        seen.shown.append(evidence.config(where, f"certificate of {host.name}, as a TLSA record", own))
        whys = {record: _misfit(record, chain, names, now) for record in usable}
        good = [record for record, why in whys.items() if not why]
        used.update(good)
        if good:
            seen.fits.append(f"{_short(good[0])} fits {host.name} ({where})")
        elif not known:
            seen.unknown.append(f"{host.name} shows {own} ({where})")
        else:
            told = "; ".join(f"{_short(record)}: {why}" for record, why in whys.items())
            seen.wrong.append(f"no TLSA record fits what {host.name} shows ({where}), so senders that ask wait: {told}")
            seen.publish += _records(host)
    if used:
        seen.notes += [f"{host.name}: {_short(one)} fits nothing that it shows" for one in usable if one not in used]


def _misfit(record: Tlsa, chain: Chain, names: Sequence[str], now: datetime) -> str:
    """Tell why a record does not vouch for a chain; empty where it does.

    Sections 3.1.1 and 3.1.2: of the server's own certificate neither name nor dates count, below an authority both.
    """
    if fitting(record, chain) is None:
        return "another certificate"
    if record.usage == Usage.DANE_EE:
        return ""
    leaf = chain[0]
    if not any(answers_to(certificate_names(leaf), name) for name in names):
        return f"the certificate below that authority names {', '.join(certificate_names(leaf)) or 'nobody'}"
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        return f"the certificate below that authority is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return ""


def _records(host: Host) -> list[str]:
    known = [chain[0] for chain in host.chains.values() if has_known_key(chain[0])]
    records = [written(leaf) for leaf in known] or ["3 1 1 <SHA-256 of its public key>"]
    return [f"_25._tcp.{host.base}. IN TLSA {record}" for record in records]


def _short(record: Tlsa) -> str:
    text = " ".join(record.text.split())
    return text if len(text) <= 24 else f"{text[:23]}…"

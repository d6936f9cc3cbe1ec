"""What was asked, of whom, and what came back, as evidence for a finding."""

from mailflow.exchange.known import Known, Origin, Unknown
from mailflow.mail.address import lineage
from mailflow.observe.dialogue import timed
from mailflow.observe.path import MailPath
from mailflow.observe.smtp import TlsSession
from mailflow.policy.finding import Evidence
from mailflow.policy.way import Hop, Way
from mailflow.records.answer import Answer
from mailflow.records.spf import Evaluation

_LONG = 20  # domains


def dns(answer: Answer) -> Evidence:
    """A DNS answer, or the way in which there was none."""
    lines = answer.text or tuple(str(value) for value in answer.values) or (str(answer.outcome),)
    alias = tuple(f"alias of {name}" for name in answer.aliases)
    ttl = (f"TTL {answer.ttl} s",) if answer.ttl is not None else ()
    tries = tuple(f"tried before: {one}" for one in answer.tries)
    proof = ("authentic by DNSSEC, says the resolver",) if answer.authentic else ()
    return Evidence("dns", str(answer.question), answer.server or "DNS", (*tries, *alias, *lines, *ttl, *proof))


def config(where: str, what: str, value: object) -> Evidence:
    """What settings amount to, where it is not one property of one object."""
    return Evidence("config", what, where, (_plain(value),))


def setting(origin: Origin, prop: str, owner: str, value: object) -> Evidence:
    """A property of an object of Exchange, with file and line."""
    return Evidence("config", f"{prop} of {owner}", origin.of(prop), (_plain(value),))


def about(name: str, domains: Known[tuple[str, ...]]) -> Known[tuple[str, ...]]:
    """Shorten a long list of domains, as a connector has them, to those that cover a name; the file has the others.

    A thousand domains would otherwise each show a thousand.
    """
    if isinstance(domains, Unknown) or len(domains) <= _LONG:
        return domains
    covering = {"*", name, *(f"*.{above}" for above in lineage(name))}
    kept = tuple(domain for domain in domains if domain in covering)
    return (*kept, f"and {len(domains) - len(kept):,} others" if kept else f"{len(domains):,} others")


def stated(where: str, what: str, value: object) -> Evidence:
    """Something that the environment file says."""
    return Evidence("environment", what, where, (_plain(value),))


def path(one: MailPath) -> Evidence:
    """The way a message took, a hop a line, and what tells it: header fields of the copy that arrived, or a session."""
    told = (*(f"Received: {text}" for text in one.trace), *one.stamps, *one.dialogue)
    asked = f"message {one.message} for {one.recipient}"
    return Evidence("path", asked, one.source, (*one.lines(), *told), way(one))


def way(one: MailPath) -> Way:
    """The way a message took, as values."""
    return Way(
        str(one.message.kind),
        str(one.recipient),
        tuple(Hop(hop.host, str(hop.place), hop.tls, hop.sent_by, hop.attributed) for hop in one.hops),
        str(one.disposition),
        str(one.ended_at or ""),
        str(one.reply or ""),
        bool(one.assumptions),
    )


def session(one: TlsSession) -> Evidence:
    """A dialogue with a server, with the seconds since it began where they were noted."""
    lines = timed(one.dialogue, one.times) or (one.from_here or one.trouble,)
    return Evidence("smtp", f"session with {one.address}", str(one.address), lines)


def evaluation(one: Evaluation, asked: str) -> Evidence:
    """An SPF evaluation, term by term."""
    lines = tuple(
        f"{'  ' * entry.depth}{entry.domain}: {entry.text or 'no SPF record'}"
        + {True: ": matches", False: ": does not match", None: ""}[entry.matched]
        for entry in one.trace
    )
    ending = f"result {one.result}, {one.querying_terms} querying terms, {one.void_lookups} void look-ups"
    return Evidence("dns", asked, "SPF evaluation (RFC 7208)", (*lines, ending, *filter(None, (one.reason,))))


def _plain(value: object) -> str:
    if value is None:
        return "(not set)"
    if isinstance(value, Unknown):
        return value.why
    if isinstance(value, frozenset):
        return _plain(sorted(value))
    # Only these two: a network is iterable as well, and 0.0.0.0/0 has four billion addresses.
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_plain, value)) or "(empty)"
    return str(value)

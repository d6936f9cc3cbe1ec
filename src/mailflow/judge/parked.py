"""Judges a domain that neither sends nor gets mail: whether its records say so, and nobody uses it all the same."""

from collections.abc import Iterator, Sequence

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.mailboxes import Home
from mailflow.environment.signers import signers_of
from mailflow.environment.zones import names_below
from mailflow.exchange.directory import Recipient
from mailflow.exchange.known import Assumptions, Known, export_again
from mailflow.judge import evidence
from mailflow.judge.dkim import SELECTORS
from mailflow.judge.mend import unanswered
from mailflow.judge.spf import SpfSeen
from mailflow.mail.address import Address, is_within, lineage
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer, MxRecord, Question
from mailflow.records.dkim_key import parse as parse_key
from mailflow.records.mx import by_preference, is_null_mx
from mailflow.records.spf_syntax import parse, spf_records

_ANY_SELECTOR = "mailflow-selector-of-this-name"  # what a wildcard record below _domainkey says of every name


def takes_no_mail(domain: Domain, mx: Answer) -> Finding:
    """Judge whether the one MX record of the domain is the null MX (RFC 7505 section 3)."""
    asked = f"the MX record of {domain.name} is the null MX, and there is no other"
    shown = evidence.dns(mx)
    if mx.failed:
        return not_verified(asked, f"the look-up of {mx.question} failed", shown, remedy=unanswered((mx,)))
    records = by_preference(mx)
    if not records:
        # RFC 5321 section 5.1: without an MX record the domain's own address is tried.
        return non_compliant(asked, "there is no MX record: senders try the address of the domain itself", shown)
    if not is_null_mx(records):
        return non_compliant(asked, f"there is {_told(records)}", shown)
    preference = records[0].preference
    notes = (f"its preference is {preference}; RFC 7505 section 3 writes 0",) if preference else ()
    return compliant(asked, "it is", shown, notes=notes)


def _told(records: Sequence[MxRecord]) -> str:
    return " and ".join(f"MX {one.preference} {one.exchange.removesuffix('.')}." for one in records)


def spf_lets_nobody_pass(domain: Domain, seen: SpfSeen) -> Finding:
    """Judge whether the record, and each to which it redirects, says -all and nothing else (RFC 7208 section 5.1)."""
    asked = f"the SPF record of {domain.name} lets nobody pass"
    shown = evidence.dns(seen.txt)
    if len(spf_records(seen.txt.values)) != 1:
        return not_applicable(asked, "there is not exactly one SPF record", shown)
    if seen.count.failed:
        return not_verified(asked, "a look-up failed", shown, remedy=unanswered(seen.count.failed))
    records = [term.record for term in seen.count.walk() if term.mechanism in ("", "redirect")]
    terms = [directive.text for record in records for directive in parse(record).directives]
    if terms != ["-all"]:
        return non_compliant(asked, f"it says {' '.join(terms) or 'nothing of anybody'}", shown)
    return compliant(asked, "it says -all and nothing else", shown)


def selectors(environment: Environment, domain: Domain) -> tuple[Question, ...]:
    """Ask for the key of every selector that is known of a domain, and of one that nobody has: for a wildcard.

    Known are those of Microsoft 365, those in the planned zone, and those with which somebody is said to sign.
    """
    below = f"_domainkey.{domain.name}"
    said = (one.key_at for one in signers_of(environment, domain))
    planned = (name for name in names_below(environment.zones, below) if not name.startswith("*"))
    ours, anybodys = (f"{selector}.{below}" for selector in SELECTORS), f"{_ANY_SELECTOR}.{below}"
    return tuple(Question(name, "TXT") for name in dict.fromkeys((*ours, *said, anybodys, *planned)))


def no_usable_key(domain: Domain, keys: Sequence[Answer]) -> Finding:
    """Judge whether no signature of the domain can be verified (empty p: a revoked key, RFC 6376 section 3.6.1)."""
    asked = f"no known DKIM selector of {domain.name} leads to a usable key"
    shown = tuple(map(evidence.dns, keys))
    usable = [
        answer.question.name
        for answer in keys
        if any(not key.wrong and not key.testing for key in map(parse_key, map(str, answer.values)))
    ]
    if usable:
        return non_compliant(asked, f"{' and '.join(usable)} does", *shown)
    if failed := [answer for answer in keys if answer.failed]:
        why = "; ".join(f"the look-up of {answer.question} failed" for answer in failed)
        return not_verified(asked, why, *shown, remedy=unanswered(failed))
    return compliant(asked, "none does", *shown)


def nobody_sends(environment: Environment, domain: Domain) -> Finding:
    """Judge whether nobody has a primary address in the domain or below it, and no service or device writes as it.

    RFC 7505 section 4.2: a domain with a null MX should not be a sender's; some receivers refuse it for that.
    """
    asked = f"nobody has a primary address in {domain.name}, and nothing sends as it"
    shown: list[Evidence] = []
    found = []
    assume, listed, unsaid = Assumptions(), 0, list[str]()
    for what, path, senders in _said(environment, domain):
        if senders:
            found.append(f"{what}: {', '.join(senders)}")
            shown.append(evidence.stated(environment.line(path), what, senders))
        if path not in environment.lines:
            assume.note(f"nobody has said which {what} there are")
            unsaid.append(f"Add to environment.yaml: {path}: {{}} for none, or each with the address that it writes")
    for what, recipients in _exported(environment):
        for one in assume.listed(recipients):
            listed += 1
            if _is_of(environment, domain, one.primary_smtp_address):
                found.append(f"{what} {one.primary_smtp_address}")
                shown.append(evidence.setting(one.origin, "PrimarySmtpAddress", what, one.primary_smtp_address))
    if found:
        return non_compliant(asked, "; ".join(found), *shown)
    if assume.made:
        why = "; ".join(assume.made)
        return not_verified(asked, why, remedy="\n".join(filter(None, (*unsaid, export_again(why)))))
    sides = ", ".join(what for what, _ in _exported(environment))
    seen = f"nobody of the {listed} recipients that the exports list has"
    return compliant(asked, seen, evidence.config(sides, f"senders in {domain.name}", ()))


def _said(environment: Environment, domain: Domain) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Give who writes as the domain by what the environment file says."""
    mailboxes = (address for home in Home for address in environment.mailboxes.of(domain.name, home))
    yield "mailboxes", "mailboxes", tuple(map(str, mailboxes))
    parties = {party.name: (party.sends_as, party.returns_to) for party in environment.third_parties}
    devices = {device.name: (device.sends_as,) for device in environment.devices}
    for what, path, senders in (("third parties", "third_parties", parties), ("devices", "devices", devices)):
        named = (name for name, several in senders.items() if any(_is_of(environment, domain, a) for a in several))
        yield what, path, tuple(named)


def _is_of(environment: Environment, domain: Domain, address: Address | None) -> bool:
    """Whether an address is in the domain or below it, and in no nearer domain of the organization."""
    if address is None or not is_within(address.domain, domain.name):
        return False
    nearest = (name for name in lineage(address.domain) if name == domain.name or name in environment.domain_names)
    return next(nearest) == domain.name


def _exported(environment: Environment) -> Iterator[tuple[str, Known[tuple[Recipient, ...]]]]:
    """Give the recipients of both sides, by cmdlet."""
    online, own = environment.microsoft_365.online, environment.on_premises
    yield "mailbox in the tenant", online.mailboxes
    yield "mail user", online.mail_users
    if any(server.is_exchange for server in own.servers):
        yield "on-premises mailbox", own.exchange.mailboxes
        yield "remote mailbox", own.exchange.remote_mailboxes

"""Judges the DMARC record that holds for a domain (RFC 9989), and whether its reports may go where it sends them."""

from collections.abc import Sequence

from mailflow.environment.environment import Domain
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.mail.address import is_within
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer, Question
from mailflow.records.dmarc import VERSION, Dmarc, Found, Policy, at_least, report_domain
from mailflow.records.tag_list import versions


def _shown(found: Found) -> tuple[Evidence, ...]:
    return tuple(map(evidence.dns, found.answers))


def one_valid(domain: Domain, found: Found) -> Finding:
    """Judge whether exactly one record holds for the domain, and receivers understand all of it."""
    asked = f"one valid DMARC record holds for {domain.name}"
    if found.several:
        seen = f"{len(found.several)} records at _dmarc.{domain.name}: receivers take none of them"
        return non_compliant(asked, seen, *_shown(found), remedy=f"Leave one: _dmarc.{domain.name}. IN TXT <record>")
    if found.unanswered:
        why = f"the look-up of {found.unanswered.question} failed"
        return not_verified(asked, why, *_shown(found), remedy=unanswered([found.unanswered]))
    if found.record is None:
        return non_compliant(asked, "there is none", *_shown(found))
    if found.record.flaws:
        return non_compliant(asked, "; ".join(found.record.flaws), *_shown(found), notes=found.record.notes)
    return compliant(asked, f"found at _dmarc.{found.domain}", *_shown(found), notes=found.record.notes)


def asks_for_action(domain: Domain, found: Found) -> Finding:
    """Judge whether receivers are asked to do something with mail that fails: quarantine or reject."""
    asked = f"receivers are asked to quarantine or reject what fails for {domain.name}"
    if found.record is None or found.record.tags.flaws:
        return _without(asked, found)
    policy = found.record.policy("p" if found.domain == domain.name else "sp")
    seen = f"the policy is {policy}{_milder(found.record)}"
    if at_least(policy, Policy.QUARANTINE):
        return compliant(asked, seen, *_shown(found))
    return non_compliant(asked, seen, *_shown(found))


def asks_for_action_below(domain: Domain, found: Found) -> Finding:
    """Judge the same for names below the domain, those that exist and those that somebody makes up.

    `found` is the record that holds for them; one that has a record of its own is not meant.
    """
    asked = f"receivers are asked to quarantine or reject what fails for names below {domain.name}"
    if found.record is None or found.record.tags.flaws:
        return _without(asked, found, _ends_the_walk(domain, found))
    there, made_up = found.record.policy("sp"), found.record.policy("np")
    policies = str(there) if there is made_up else f"{there} where the name exists, {made_up} where it does not"
    seen = f"the policy of _dmarc.{found.domain} for them is {policies}{_milder(found.record)}"
    if at_least(there, Policy.QUARANTINE) and at_least(made_up, Policy.QUARANTINE):
        return compliant(asked, seen, *_shown(found))
    return non_compliant(asked, seen, *_shown(found), remedy=_stricter(found.domain, found.record))


def asks_for_rejection(domain: Domain, found: Found) -> Finding:
    """Judge whether receivers are asked to reject what fails, for a domain without mail and every name below it.

    Names below it are judged by sp, those that do not exist by np, where they have no record of their own (section
    4.7).
    """
    asked = f"receivers are asked to reject what fails for {domain.name} and every name below it"
    if found.record is None or found.record.tags.flaws:
        return _without(asked, found)
    tags = ("p", "sp", "np") if found.domain == domain.name else ("sp", "np")
    seen = ", ".join(f"{found.record.policy(tag)} by {tag}" for tag in tags)
    if all(found.record.policy(tag) is Policy.REJECT for tag in tags):
        return compliant(asked, seen, *_shown(found))
    return non_compliant(asked, f"what is asked for is {seen}{_milder(found.record)}", *_shown(found))


def _ends_the_walk(domain: Domain, found: Found) -> str:
    """Say how a domain with a record of its own keeps what stands above it from mattering (section 4.10, step 2)."""
    own, *above = found.answers
    if not above or len(versions(own.values, VERSION)) != 1:
        return ""
    return f"Or let the record of {domain.name} say that it is the organization's own: psd=n"


def _without(asked: str, found: Found, or_else: str = "") -> Finding:
    """Say that no record asks receivers for anything, or that nobody knows of one."""
    if found.unanswered:
        why = f"the look-up of {found.unanswered.question} failed"
        remedy = "\n".join(filter(None, (unanswered([found.unanswered]), or_else)))
        return not_verified(asked, why, *_shown(found), remedy=remedy)
    # Of a tag that stands twice receivers take either, or none.
    seen = "; ".join(found.record.tags.flaws) if found.record else "no single record holds"
    return non_compliant(asked, seen, *_shown(found))


def _milder(record: Dmarc) -> str:
    return ", as t=y makes it milder by a step" if record.is_tried else ""


def _stricter(name: str, record: Dmarc) -> str:
    """Give the same record with one policy for everything below it; a public suffix is not theirs to change."""
    if record.psd == "y":
        return ""
    told = (record.tags.get("p") or "").lower()
    policy = Policy.REJECT if told == Policy.REJECT else Policy.QUARANTINE
    kept = [f"{tag}={value}" for tag, value in record.tags.tags if tag not in ("v", "p", "sp", "np", "t")]
    return f'_dmarc.{name}. 3600 IN TXT "{"; ".join((f"v={VERSION}", f"p={policy}", *kept))}"'


def authorisations(found: Found) -> tuple[Question, ...]:
    """Give what has to be asked about report addresses elsewhere (RFC 9990 section 4)."""
    if found.record is None:
        return ()
    domains = dict.fromkeys(map(report_domain, found.record.reports_to))
    return tuple(
        Question(f"{found.domain}._report._dmarc.{other}", "TXT")
        for other in domains
        if other and not is_within(other, found.domain)
    )


def reports_are_authorised(domain: Domain, found: Found, answers: Sequence[Answer]) -> Finding:
    """Judge whether every domain elsewhere that gets reports agrees to it: else receivers send it none."""
    asked = f"every domain elsewhere to which the reports of {domain.name} go has agreed to get them"
    shown = (*_shown(found), *map(evidence.dns, answers))
    if found.unanswered:
        return not_verified(asked, f"the look-up of {found.unanswered.question} failed", *shown)
    if found.record is None or not found.record.reports_to:
        return not_applicable(asked, "no record asks for reports", *shown)
    if not answers:
        told = ", ".join(found.record.reports_to)
        return compliant(asked, f"none goes elsewhere: {told}", *shown)
    silent = [answer for answer in answers if not answer.failed and not versions(answer.values, VERSION)]
    if silent:
        remedy = "\n".join(f'There: {answer.question.name}. IN TXT "v={VERSION}"' for answer in silent)
        seen = "; ".join(f"no record at {answer.question.name}" for answer in silent)
        return non_compliant(asked, seen, *shown, remedy=remedy)
    failed = [answer for answer in answers if answer.failed]
    if failed:
        why = "; ".join(f"the look-up of {answer.question} failed" for answer in failed)
        return not_verified(asked, why, *shown, remedy=unanswered(failed))
    return compliant(asked, f"{len(answers)} agreed", *shown)

"""Judges the TLS-RPT record of a domain (RFC 8460)."""

from mailflow.environment.environment import Domain
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.policy.finding import Finding, compliant, non_compliant, not_verified
from mailflow.records.answer import Answer
from mailflow.records.tag_list import versions
from mailflow.records.tls_rpt import VERSION, parse


def one_valid(domain: Domain, txt: Answer) -> Finding:
    """Judge whether exactly one record says where reports about failing TLS go (section 3)."""
    asked = f"one valid TLS-RPT record stands at {txt.question.name}"
    shown = evidence.dns(txt)
    if txt.failed:
        return not_verified(asked, f"the look-up of {txt.question} failed", shown, remedy=unanswered([txt]))
    records = versions(txt.values, VERSION)
    if len(records) != 1:
        remedy = f'Publish: {txt.question.name}. IN TXT "v={VERSION}; rua=mailto:<address in {domain.name}>"'
        seen = f"{len(records)} records: senders take none of them" if records else "there is none"
        return non_compliant(asked, seen, shown, remedy=remedy)
    record = parse(records[0])
    if record.flaws:
        return non_compliant(asked, "; ".join(record.flaws), shown)
    return compliant(asked, f"reports go to {', '.join(record.reports_to)}", shown)

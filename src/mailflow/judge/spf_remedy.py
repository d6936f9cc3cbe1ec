"""Says how to mend an SPF record: which term of which record to take out, replace or look up."""

from collections.abc import Iterable, Iterator

from mailflow.exchange.cloud import CLOUDS, cloud
from mailflow.judge.mend import unanswered
from mailflow.records.spf import Evaluation, Result
from mailflow.records.spf_count import TermCount


def mend_first(domain: str, failing: Iterable[Evaluation]) -> str:
    """Give the remedy where the record cannot be evaluated: no further term helps before that is mended."""
    if any(one.result is Result.PERMERROR for one in failing):
        return f"Mend the SPF record of {domain} first; HYB-SPF-1 tells what is wrong with it"
    return ""


def answer_look_ups(unknown: Iterable[Evaluation]) -> str:
    """Give the remedy where look-ups failed."""
    return unanswered(answer for one in unknown for entry in one.trace for answer in entry.answers)


def broken(domain: str, count: TermCount) -> str:
    """Mend what makes receivers give up: a term that leads to no record, to an invalid one, or in a circle."""
    told = []
    for at, term in _with_record(domain, count):
        if not term.problem or any(answer.failed for answer in term.answers):
            continue
        # In a circle, and at what is no name, nothing was looked up and nothing can be published.
        if not term.answers or term.mechanism not in ("include", "redirect"):
            told.append(f"Take {term.text} out of the SPF record of {at}")
        else:
            told.append(f"Mend the SPF record of {term.domain}, or take {term.text} out of that of {at}")
    return "\n".join(dict.fromkeys(told))


def void(domain: str, count: TermCount) -> str:
    """Take out the terms whose names have no address (RFC 7208 section 4.6.4)."""
    by_record: dict[str, list[str]] = {}
    for at, term in _with_record(domain, count):
        if any(answer.absent and answer.question.type != "AAAA" for answer in term.answers):
            by_record.setdefault(at, []).append(term.text)
    return "\n".join(f"Take {' '.join(terms)} out of the SPF record of {at}" for at, terms in by_record.items())


def shorter(domain: str, count: TermCount) -> str:
    """Name the terms that can go; those of Microsoft 365 are to stay, as only they follow its changes."""
    stay = {cloud(name).spf_include for name in CLOUDS}
    costs = sorted((-term.querying_terms, term.text) for term in count.terms if term.domain not in stay)
    listed = ", ".join(f"{text} ({-cost})" for cost, text in costs)
    return f"Take out of the SPF record of {domain} what no longer sends, or write its addresses: {listed}"


def passing_everybody(found: Evaluation) -> str:
    """Name the term that lets a stranger pass, where it is another than `all`; else nothing."""
    matched = [entry for entry in found.trace if entry.matched and entry.text]
    if not matched or matched[-1].text.lstrip("+-~?").lower() == "all":
        return ""
    return f"Narrow {matched[-1].text} in the SPF record of {matched[-1].domain}: it matches a stranger"


def _with_record(domain: str, count: TermCount) -> Iterator[tuple[str, TermCount]]:
    """Give every term with the domain in whose record it stands, in the order of evaluation."""
    for term in count.terms:
        yield domain, term
        yield from _with_record(term.domain, term)

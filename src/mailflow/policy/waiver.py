"""Risks that somebody accepted: which results they cover, and which of them cover nothing. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from mailflow.environment.environment import Waiver
from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Result

WAIVABLE = (Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED)


def waive(result: Result, waivers: Iterable[Waiver], today: date) -> Result:
    """Give the result as waived where a waiver that is valid today (UTC) covers it, else as it is."""
    if result.verdict not in WAIVABLE:
        return result
    for waiver in waivers:
        if _covers(waiver, result) and not untimely(waiver, today):
            return replace(
                result,
                verdict=Verdict.WAIVED,
                beneath=result.verdict,
                waiver=_acceptance(waiver),
                accepted=waiver,
            )
    return result


def untimely(waiver: Waiver, today: date) -> str:
    """Say why a waiver does not count today; empty where it does. First and last day are included."""
    if today < date.fromisoformat(waiver.starts):
        return f"begins only on {waiver.starts}"
    if today > date.fromisoformat(waiver.until):
        return f"expired with {waiver.until}"
    return ""


def mistakes(
    waivers: Iterable[Waiver],
    results: Iterable[Result],
    planned: Iterable[tuple[str, str | None]] | None,
    today: date,
) -> tuple[str, ...]:
    """Say, a sentence each, which waivers cover nothing: untimely, unknown, or of a row that needs none.

    Args:
        waivers: of the environment.
        results: of this run, waived or not. A waiver of a row that was not judged is neither used nor unused.
        planned: identifier and domain of every row there is; None where a feature file could not be read.
        today: in UTC.

    """
    judged = {(result.requirement.id, result.domain): result.verdict for result in results}
    rows = None if planned is None else set(planned)
    told = []
    for waiver in waivers:
        key = (waiver.id, waiver.domain)
        if rows is not None and key not in rows:
            why = "names no row of this environment"
            if near := sorted(domain or "(no domain)" for identifier, domain in rows if identifier == waiver.id):
                why += f"; {waiver.id} is asked for {', '.join(near)}"
        elif not (why := untimely(waiver, today)):
            if judged.get(key) not in (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE):
                continue
            why = f"is not needed: the row is {str(judged[key]).replace('-', ' ')}"
        told.append(f"{waiver.origin}: the waiver of {waiver.id}{_for(waiver.domain)} {why}")
    return tuple(told)


def _covers(waiver: Waiver, result: Result) -> bool:
    return (waiver.id, waiver.domain) == (result.requirement.id, result.domain)


def _for(domain: str | None) -> str:
    return f" for {domain}" if domain else ""


def _acceptance(waiver: Waiver) -> str:
    told = f"{waiver.approver} accepted this until {waiver.until}: {waiver.reason}"
    if waiver.risk:
        told += f" Risk: {waiver.risk}"
    if waiver.ticket:
        told += f" Ticket: {waiver.ticket}"
    return f"{told} ({waiver.origin})"

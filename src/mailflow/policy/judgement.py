"""From the findings of a scenario's sentences to the verdict of its row. Pure."""

from collections.abc import Iterable, Sequence

from mailflow.exchange.known import export_again
from mailflow.policy.finding import Finding, Verdict, worst
from mailflow.policy.requirement import Requirement, Result, Step

# What a Given may say. Compliant: the condition holds, go on.
CONDITIONS = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE, Verdict.NOT_VERIFIED)


def decisive(findings: Sequence[Finding]) -> Finding:
    """Give the first finding of the worst verdict. Compliant outranks not applicable.

    Raises:
        ValueError: there is none.

    """
    verdict = worst(finding.verdict for finding in findings)
    return next(finding for finding in findings if finding.verdict is verdict)


def unmet(conditions: Iterable[Finding]) -> Finding | None:
    """Give the condition that takes the row out of judgement, or None.

    A condition that does not hold settles it, whatever is unknown of the others.
    """
    told = list(conditions)
    for verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_VERIFIED):
        for finding in told:
            if finding.verdict is verdict:
                return finding
    return None


def judge(
    requirement: Requirement,
    domain: str | None,
    conditions: Sequence[Finding],
    findings: Sequence[Finding],
    steps: Sequence[Step],
) -> Result:
    """Say the verdict of a scenario that ran to its end.

    Where a condition is not met, what was seen all the same is told as notes.

    Raises:
        ValueError: no condition settles it and there is no finding; nothing is true of an empty set.

    """
    settled = unmet(conditions)
    basis = [settled] if settled else list(findings)
    decides = decisive(basis)
    everything = [*conditions, *findings]
    notes = [note for finding in everything for note in finding.notes]
    if settled:
        notes += [f"{finding.asked}: {finding.seen}" for finding in findings if finding.evidence]
    return Result(
        requirement,
        domain,
        decides.verdict,
        decides.seen or decides.asked,
        _remedy(requirement, [finding for finding in basis if finding.verdict is decides.verdict]),
        tuple(dict.fromkeys(notes)),
        tuple(steps),
        tuple(dict.fromkeys(evidence for finding in everything for evidence in finding.evidence)),
    )


def _remedy(requirement: Requirement, findings: Iterable[Finding]) -> str:
    """Give every finding's own remedy, else the requirement's: one round of mending is to be enough.

    Where an export lacks something nothing is known to be wrong: the remedy is to supply it.
    """
    told = list(findings)
    if told[0].verdict in (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE):
        return ""
    lacking = [export_again(one.seen) if one.verdict is Verdict.NOT_VERIFIED else "" for one in told]
    remedies = (one.remedy or again or requirement.remedy for one, again in zip(told, lacking, strict=True))
    return "\n".join(dict.fromkeys(remedies))


def add_up(rows: Sequence[Result]) -> Result:
    """Add the rows of an outline up to the worst of them; the steps of all are kept.

    Raises:
        ValueError: there is none.

    """
    if len(rows) == 1:
        return rows[0]
    verdict = worst(row.verdict for row in rows)
    decisive_rows = [row for row in rows if row.verdict is verdict]
    return Result(
        rows[0].requirement,
        rows[0].domain,
        verdict,
        decisive_rows[0].reason,
        "\n".join(dict.fromkeys(row.remedy for row in decisive_rows if row.remedy)),
        tuple(dict.fromkeys(note for row in rows for note in row.notes)),
        tuple(step for row in rows for step in row.steps),
        tuple(dict.fromkeys(evidence for row in rows for evidence in row.evidence)),
    )

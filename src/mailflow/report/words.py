"""The words and symbols of the report: one place, so that HTML, index and JUnit say the same."""

from collections.abc import Sequence

from mailflow.policy.comparison import Comparison, Kind
from mailflow.policy.finding import Verdict
from mailflow.policy.misfit import Misfit
from mailflow.policy.requirement import Level, Result
from mailflow.policy.run import Decision, Run

# No meaning rests on colour alone (WCAG 2.2, 1.4.1), and none of these has an emoji form.
SYMBOLS = {
    Verdict.NON_COMPLIANT: "✕",
    Verdict.NOT_VERIFIED: "?",
    Verdict.WAIVED: "△",
    Verdict.COMPLIANT: "✓",
    Verdict.NOT_APPLICABLE: "\N{EN DASH}",
}

MEANINGS = {
    Verdict.NON_COMPLIANT: "Something else was seen than what the documentation demands.",
    Verdict.NOT_VERIFIED: "Nothing could be seen, for the reason given. It never counts as compliant.",
    Verdict.WAIVED: "It does not hold, or could not be seen; the risk was accepted by name and until a date.",
    Verdict.COMPLIANT: "What the documentation demands was seen; the evidence stands beside it.",
    Verdict.NOT_APPLICABLE: "It is demanded under a condition that does not hold here.",
}

DECISIONS = {
    Decision.READY: ("✓", "Ready"),
    Decision.READY_WITH_ACCEPTED_RISKS: ("△", "Ready, with accepted risks"),
    Decision.NOT_READY: ("✕", "Not ready"),
    Decision.INCOMPLETE: ("?", "Incomplete"),
}

MODES = {
    "simulated": "It judges the plan: what will be true after the change, on servers simulated from the "
    "files of this environment. It says nothing of what is published or configured today.",
    "live": "It judges what was published and configured when the run looked.",
    "recorded": "It judges again what an earlier run observed; “Observed” below says how and when that was.",
}


CHANGES = {
    Kind.NEW: ("new", "It was good and is open now."),
    Kind.WORSE: ("worse", "The verdict is graver than it was."),
    Kind.REMOVED: ("removed", "It was judged then, and is not now."),
    Kind.ADDED: ("added", "It was not judged then, and is now."),
    Kind.BETTER: ("better", "The verdict is milder than it was, and not good yet."),
    Kind.MENDED: ("mended", "It was open or accepted and is good now."),
    Kind.OTHERWISE: ("seen otherwise", "It is as good or bad as it was, and something else differs."),
}


def spoken(status: str) -> str:
    """Write a verdict as people read it; the hyphen of non-compliant belongs to the word.

    `status`: a verdict, or how a sentence ended that led to none.
    """
    return status.replace("-", " ") if status in (Verdict.NOT_VERIFIED, Verdict.NOT_APPLICABLE) else str(status)


def number(count: int, singular: str, plural: str = "") -> str:
    """`1 requirement`, `1,200 requirements`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def sentence(run: Run) -> str:
    """Say in one sentence, or two, why the decision is what it is."""
    blocking = run.blocking()
    failed = [result for result in blocking if result.verdict is Verdict.NON_COMPLIANT]
    unseen = [result for result in blocking if result.verdict is not Verdict.NON_COMPLIANT]
    waived = run.counts()[Verdict.WAIVED]
    missing = run.completeness.planned - run.completeness.judged

    causes = []
    if failed:
        causes.append(_each_domain(failed, "requirement fails", "requirements fail"))
    if run.waiver_mistakes:
        count = len(run.waiver_mistakes)
        causes.append(f"{number(count, 'waiver')} {'does' if count == 1 else 'do'} not hold")
    if unseen:
        causes.append(_each_domain(unseen, "requirement could not be verified", "requirements could not be verified"))
    if missing > 0:
        causes.append(f"{number(missing, 'planned row was', 'planned rows were')} not judged")

    match run.decision:
        case Decision.NOT_READY:
            why = _sum_up(causes)
        case Decision.INCOMPLETE if not run.completeness.judged:
            why = "Nothing was judged, so nothing can be said"
        case Decision.INCOMPLETE:
            why = f"No requirement fails, but {_sum_up(causes or ['the numbers of the run do not add up'])}"
        case Decision.READY_WITH_ACCEPTED_RISKS:
            why = f"Every requirement holds or does not apply, apart from {number(waived, 'accepted risk')}"
        case _:
            why = "Everything planned was judged, and every requirement holds or does not apply"
    return f"{why}.{_recommendations(run)}"


def misfit(found: Misfit) -> str:
    """Say of which domains the plan contradicts the scenario that they declare, and what it fits instead."""
    first, *others = found.domains
    who = f"{first} and {number(len(others), 'more domain')} declare" if others else f"{first} declares"
    return f"{who} scenario {found.declared}: {found.words}"


def changed(found: Comparison) -> str:
    """Say in one sentence, or two, what became of a run since another."""
    told = [f"{count:,} {CHANGES[kind][0]}" for kind, count in found.counts().items() if count]
    if not found.common:
        rows = "No row was judged in both runs"
    elif told:
        rows = f"Of the rows {_sum_up(told)}; {found.same:,} the same"
    else:
        rows = f"{'The one row is' if found.same == 1 else f'All {found.same:,} rows are'} the same"
    before, after = found.before.decision, found.after.decision
    if before is after:
        return f"{rows}."
    return f"{rows}. The decision was '{DECISIONS[before][1]}' and is '{DECISIONS[after][1]}'."


def _sum_up(causes: list[str]) -> str:
    *first, last = causes
    return f"{', '.join(first)} and {last}" if first else last


def _each_domain(results: Sequence[Result], singular: str, plural: str) -> str:
    """Count requirements as the list beside it has them, once each; where that is fewer, the rows too."""
    count = len({result.requirement.id for result in results})
    rows = "" if count == len(results) else f" ({len(results):,} counting each domain)"
    return f"{number(count, singular, plural)}{rows}"


def _recommendations(run: Run) -> str:
    """Rows of level `should` that fail or could not be seen; unless the run is strict, they do not block."""
    blocks = (Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED)
    open_ones = [r for r in run.results if r.requirement.level is Level.SHOULD and r.verdict in blocks]
    if run.strict or not open_ones:
        return ""
    those = _each_domain(open_ones, "recommendation is open", "recommendations are open")
    return f" {those}; by itself that does not block."

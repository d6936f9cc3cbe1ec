"""What a verdict is for pytest: failed or passed, its word and letter, and the text of a failure."""

from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Result
from mailflow.report.printable import for_console
from mailflow.report.words import spoken

Status = tuple[str, str, tuple[str, dict[str, bool]]]

ERROR = "error"  # a step raised: no verdict
# Verdict of what did not fail for pytest → category in the closing line, letter, word with its colour.
_PASSED: dict[str, Status] = {
    Verdict.COMPLIANT: ("passed", ".", ("COMPLIANT", {"green": True})),
    Verdict.NOT_APPLICABLE: ("not applicable", "-", ("NOT APPLICABLE", {"cyan": True})),
    Verdict.WAIVED: ("waived", "w", ("WAIVED", {"yellow": True})),
    Verdict.NON_COMPLIANT: ("non-compliant (should)", "f", ("NON-COMPLIANT (SHOULD)", {"yellow": True})),
    Verdict.NOT_VERIFIED: ("not verified (should)", "?", ("NOT VERIFIED (SHOULD)", {"yellow": True})),
}
_FAILED: dict[str, Status] = {
    Verdict.NON_COMPLIANT: ("failed", "F", ("NON-COMPLIANT", {"red": True})),
    Verdict.NOT_VERIFIED: ("failed", "F", ("NOT VERIFIED", {"red": True})),
    ERROR: ("error", "E", ("ERROR", {"red": True})),
}


class Blocked(Exception):  # noqa: N818  # it says what became of the change; nothing erred
    """A result that keeps the change from going ahead."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"{result.requirement.id} {spoken(result.verdict)}: {result.reason}")


def status(verdict: str, *, failed: bool) -> Status | None:
    """Give pytest's status of a finished scenario: category, letter, word."""
    return (_FAILED if failed else _PASSED).get(verdict)


def told(result: Result) -> str:
    """Tell a result that blocks, for the terminal: what was demanded, what was seen, what mends it."""
    requirement = result.requirement
    lines = [
        f"{spoken(result.verdict).capitalize()} ({requirement.level}): {requirement.title}",
        f"  {requirement.path}:{requirement.line}",
    ]
    for step in result.steps:
        lines.append(f"  {step.keyword} {step.text}")
        if step.status == result.verdict:
            lines += [f"      asked: {step.asked}", f"      seen:  {step.seen}"]
    if result.remedy:
        lines += ["  Remedy:", *(f"      {line}" for line in result.remedy.splitlines())]
    lines += [f"  Note: {note}" for note in result.notes]
    return for_console("\n".join(lines))

"""What is left to do before the change: each open row, each row that was not judged, each waiver that does not hold."""

from dataclasses import dataclass

from mailflow.policy.comparison import OPEN
from mailflow.policy.mender import Mender, menders
from mailflow.policy.requirement import Level, Result
from mailflow.policy.run import Run
from mailflow.report.words import spoken


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One thing to do. What is empty does not apply to it. Its texts may come from a wire or a stranger's file."""

    id: str
    domain: str
    level: str
    verdict: str  # as people read it; for what is no row: not judged, waiver
    blocks: bool
    title: str
    seen: str
    remedy: str
    who: str  # who mends it
    source: str
    waivable: bool
    file: str  # the feature file, relative to the project
    line: int


def open_items(run: Run) -> tuple[OpenItem, ...]:
    """Give what is left to do: what blocks first, then what does not, each in the order of the features."""
    blocking = run.blocking()
    known = {id(result) for result in blocking}
    remedies = {result.requirement.id: _remedy(result) for result in run.results}
    rest = [result for result in run.results if result.verdict in OPEN and id(result) not in known]
    rest.sort(key=lambda result: result.requirement.level is not Level.MUST)
    return (
        *(_row(result, remedies, blocks=True) for result in blocking),
        *(_missing(name) for name in _names(run)),
        *(_waiver(told) for told in run.waiver_mistakes),
        *(_row(result, remedies, blocks=False) for result in rest),
    )


def check_again(run: Run) -> str:
    """Say how the same is judged once more. All of it: a part would leave an incomplete report."""
    return f"pipx run tox -- {run.again}" if run.again else "pipx run tox"


def _remedy(result: Result) -> str:
    return result.remedy or result.requirement.remedy


def _row(result: Result, remedies: dict[str, str], *, blocks: bool) -> OpenItem:
    demanded = result.requirement
    return OpenItem(
        demanded.id,
        result.domain or "the tenant",
        demanded.level.value,
        spoken(result.verdict),
        blocks,
        demanded.title,
        result.reason,
        _remedy(result),
        ", ".join(menders(_remedy(result), remedies)),
        "; ".join(f"{source.document}, {source.section} ({source.standing})" for source in demanded.sources),
        True,
        demanded.path,
        demanded.line,
    )


def _names(run: Run) -> tuple[str, ...]:
    done = run.completeness
    named = (*done.deselected, *done.undefined, *done.errors)
    missing = done.planned - done.judged - len(named)
    if missing > 0:
        return (*named, f"{missing} more planned rows, of which nothing is known")
    return named or (() if done.judged else ("no row at all was planned",))


def _missing(name: str) -> OpenItem:
    remedy = "Judge everything that is planned; that something was not judged cannot be waived."
    return OpenItem("", "", "", "not judged", True, name, "", remedy, "", "", False, "", 0)


def _waiver(told: str) -> OpenItem:
    remedy = "Renew the waiver or remove it from waivers.yaml."
    return OpenItem("", "", "", "waiver", True, told, "", remedy, Mender.OWNER, "", False, "", 0)

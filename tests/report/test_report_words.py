import pytest

from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Level
from mailflow.policy.run import Completeness, Decision
from mailflow.report.words import DECISIONS, MEANINGS, SYMBOLS, number, sentence

ONE_OPEN = " 1 recommendation is open; by itself that does not block."
TWO_OPEN = " 1 recommendation is open (2 counting each domain); by itself that does not block."
BAD, UNSEEN, WAIVED, GOOD, NONE = reversed(Verdict)


@pytest.mark.parametrize(
    ("verdicts", "fields", "decision", "expected"),
    [
        (([GOOD, NONE], [GOOD]), {}, Decision.READY,
         "Everything planned was judged, and every requirement holds or does not apply."),
        (([GOOD], [BAD, UNSEEN]), {}, Decision.READY,
         "Everything planned was judged, and every requirement holds or does not apply." + TWO_OPEN),
        (([GOOD, WAIVED], []), {}, Decision.READY_WITH_ACCEPTED_RISKS,
         "Every requirement holds or does not apply, apart from 1 accepted risk."),
        (([BAD], []), {}, Decision.NOT_READY, "1 requirement fails."),
        (([BAD, BAD, UNSEEN], [BAD]), {}, Decision.NOT_READY,
         "1 requirement fails (2 counting each domain) and 1 requirement could not be verified." + ONE_OPEN),
        (([GOOD], [BAD]), {"strict": True}, Decision.NOT_READY, "1 requirement fails."),
        (([BAD], []), {"waiver_mistakes": ("a", "b"), "missing": 2}, Decision.NOT_READY,
         "1 requirement fails, 2 waivers do not hold and 2 planned rows were not judged."),
        (([GOOD, UNSEEN], []), {"missing": 1}, Decision.INCOMPLETE,
         "No requirement fails, but 1 requirement could not be verified and 1 planned row was not judged."),
        (([GOOD], []), {"missing": -1}, Decision.INCOMPLETE,
         "No requirement fails, but the numbers of the run do not add up."),
    ],
)  # fmt: skip
def test_the_sentence_says_why(build, row, verdicts, fields, decision, expected) -> None:  # noqa: PLR0917  # a table
    musts, shoulds = verdicts
    results = [row(verdict, "A-1", level=Level.MUST) for verdict in musts]
    results += [row(verdict, "A-2", level=Level.SHOULD) for verdict in shoulds]
    fields = {"waiver_mistakes": (), **fields}
    done = Completeness(len(results) + fields.pop("missing", 0), len(results))
    run = build(results=results, completeness=done, **fields)
    assert run.decision is decision
    assert sentence(run) == expected


def test_nothing_judged_says_nothing(build) -> None:
    run = build(results=[], completeness=Completeness(0, 0), waiver_mistakes=())
    assert run.decision is Decision.INCOMPLETE
    assert sentence(run) == "Nothing was judged, so nothing can be said."


def test_every_verdict_and_decision_has_its_own_symbol() -> None:
    assert set(SYMBOLS) == set(MEANINGS) == set(Verdict)
    assert len(set(SYMBOLS.values())) == len(Verdict)
    assert set(DECISIONS) == set(Decision)
    assert len(set(DECISIONS.values())) == len({symbol for symbol, _ in DECISIONS.values()}) == len(Decision)


def test_number() -> None:
    assert [number(1, "row"), number(0, "row"), number(1200, "row was", "rows were")] == [
        "1 row",
        "0 rows",
        "1,200 rows were",
    ]

"""The driver of the generators that ask."""

from collections.abc import Generator

import pytest

from mailflow.records.answer import Answer, Outcome, Question, drive

FIRST, SECOND = Question("contoso.com", "MX"), Question("contoso.com", "TXT")


def asking() -> Generator[Question, Answer, list[Outcome]]:
    first = yield FIRST
    second = yield SECOND
    return [first.outcome, second.outcome]


def test_each_question_is_answered_in_its_turn() -> None:
    outcomes = {FIRST: Outcome.NO_DATA, SECOND: Outcome.TIMEOUT}
    assert drive(asking(), lambda question: Answer(question, outcomes[question])) == [Outcome.NO_DATA, Outcome.TIMEOUT]


def test_what_the_answering_raises_is_not_swallowed() -> None:
    def refuse(question: Question) -> Answer:
        raise OSError(str(question))

    with pytest.raises(OSError, match=r"contoso\.com MX"):
        drive(asking(), refuse)


@pytest.mark.parametrize(
    ("outcome", "absent", "failed"),
    [
        (Outcome.FOUND, False, False),
        (Outcome.NO_DATA, True, False),
        (Outcome.NXDOMAIN, True, False),
        (Outcome.SERVFAIL, False, True),
        (Outcome.REFUSED, False, True),
        (Outcome.TIMEOUT, False, True),
        (Outcome.LAME, False, True),
        (Outcome.UNUSABLE, False, True),
        (Outcome.UNREACHABLE, False, True),
    ],
)
def test_only_two_outcomes_say_that_there_is_no_record(outcome: Outcome, absent: bool, failed: bool) -> None:
    answer = Answer(FIRST, outcome)
    assert (answer.absent, answer.failed) == (absent, failed)

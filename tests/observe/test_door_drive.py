"""The door answers evaluations: what is known at once, what is not for all of them together."""

import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.environment import Stage
from mailflow.environment.load import load
from mailflow.event_loop import EventLoopThread
from mailflow.observe.door import Door
from mailflow.observe.eye import AuthoritativeAnswer, Eye
from mailflow.records.answer import Answer, Outcome, Question

SCENARIO_4 = Path(__file__).parents[2] / "fixtures" / "scenario-4"


class Remembering(Eye):
    """Knows what it was asked before; notes which questions it had to look up, in the order of looking."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []
        self._known: dict[Question, Answer] = {}

    async def lookup(self, question: Question) -> Answer:
        if question not in self._known:
            self.looked_up.append(question.name)
            self._known[question] = Answer(question, Outcome.FOUND, (question.name.upper(),))
        return self._known[question]

    def known(self, question: Question) -> Answer | None:
        return self._known.get(question)

    async def authoritative(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        raise AssertionError

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(self._known.values())

    @property
    def authoritative_answers(self) -> tuple[AuthoritativeAnswer, ...]:
        return ()


def evaluation(*names: str) -> Generator[Question, Answer, list[Any]]:
    seen: list[Any] = []
    for name in names:
        answer = yield Question(name, "TXT")
        seen += answer.values or answer.text
    return seen


def drive(eye: Eye, *evaluations: Generator[Question, Answer, list[Any]]) -> tuple[list[Any], ...]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with EventLoopThread() as loop:
        post: Any = None
        door = Door(
            load(SCENARIO_4), "live", Stage.AFTER, loop, eye, post, lambda _: None, context, "", lambda: None, post
        )
        return door.drive(evaluations)


def test_several_evaluations_are_answered_in_step_and_each_gets_its_own() -> None:
    eye = Remembering()
    assert drive(eye, evaluation("a", "b", "c"), evaluation(), evaluation("x", "b"), evaluation("a", "z")) == (
        ["A", "B", "C"],
        [],
        ["X", "B"],
        ["A", "Z"],
    )
    assert eye.looked_up == ["a", "x", "b", "z", "c"]  # the first of each, then the second, then the third


def test_none_to_drive() -> None:
    assert drive(Remembering()) == ()


def test_what_takes_too_long_gets_no_further_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailflow.observe.door.EVALUATION_S", 0.0)
    eye = Remembering()
    assert drive(eye, evaluation("a", "b")) == (["not asked: 40 s are over"] * 2,)
    assert eye.looked_up == []

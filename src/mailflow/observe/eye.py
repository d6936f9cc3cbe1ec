"""What answers questions about the DNS: the network, or what an earlier run saw there."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import NamedTuple, TypeVar

from mailflow.records.answer import Answer, Outcome, Question

T = TypeVar("T")

EVALUATION_S = 40.0  # an SPF record can ask for dozens of look-ups, one after the other


class AuthoritativeAnswer(NamedTuple):
    """What one name server of a zone says by itself. `address` is empty where nobody could be asked."""

    server: str
    address: str
    answer: Answer


class Eye(ABC):
    """Answers each question about the DNS, always the same way. Use it in one event loop."""

    @abstractmethod
    async def lookup(self, question: Question) -> Answer:
        """Look one thing up. Never raises: what went wrong is the answer's outcome."""

    def known(self, question: Question) -> Answer | None:  # noqa: ARG002  for those who remember
        """Give an answer that there is already, None where it has to be looked up; to be called from any thread."""
        return None

    @abstractmethod
    async def authoritative(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        """Ask every name server of the nearest zone at or above the question's name, at each of its addresses.

        Never raises, never empty. Only answers with authority count; a server that is lame, silent, refusing or
        without an address has an entry that says so.
        """

    @property
    @abstractmethod
    def answers(self) -> tuple[Answer, ...]:
        """Every answer so far, in the order of asking."""

    @property
    @abstractmethod
    def authoritative_answers(self) -> tuple[AuthoritativeAnswer, ...]:
        """What every name server said so far, in the order of asking."""

    async def drive(self, evaluation: Generator[Question, Answer, T]) -> T:
        """Answer the questions of an evaluation until it has its result."""
        clock = asyncio.get_running_loop().time
        until = clock() + EVALUATION_S
        try:
            question = next(evaluation)
            while True:
                question = evaluation.send(await self.lookup(question) if clock() < until else late(question))
        except StopIteration as done:
            result: T = done.value
            return result


def late(question: Question) -> Answer:
    """Stand for an answer for which there is no time left."""
    return Answer(question, Outcome.TIMEOUT, text=(f"not asked: {EVALUATION_S:g} s are over",))

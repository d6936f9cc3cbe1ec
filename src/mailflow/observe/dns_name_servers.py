"""Which servers answer for a zone by themselves, and at which addresses."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple

from mailflow.records.answer import Answer, Outcome, Question

_ADDRESSES = 64  # of one zone that are asked; the root has 26

Lookup = Callable[[Question], Awaitable[Answer]]


class NameServer(NamedTuple):
    """A server of a zone at one of its addresses, or why there is none that could be asked."""

    name: str
    address: str
    unasked: Answer | None = None


async def name_servers(lookup: Lookup, question: Question) -> list[NameServer]:
    """Find every name server of the nearest zone at or above a name, at every address. Never empty."""
    found = await _zone(lookup, question.name)
    if found.outcome is not Outcome.FOUND:
        return [NameServer("", "", replace(found, question=question))]
    # The values of an NS answer are names.
    servers = await asyncio.gather(*(_addresses(lookup, name, question) for name in sorted(map(str, found.values))))
    every = [entry for entries in servers for entry in entries]
    late = Answer(
        question, Outcome.UNUSABLE, text=(f"not asked: the zone has more than {_ADDRESSES} server addresses",)
    )
    return [*every[:_ADDRESSES], *(NameServer(one.name, "", late) for one in every[_ADDRESSES:])]


async def _zone(lookup: Lookup, name: str) -> Answer:
    """Look up the NS records of the nearest zone at or above a name (RFC 1034 section 4.2), below the last label."""
    labels = name.rstrip(".").split(".")
    for cut in range(max(1, len(labels) - 1)):
        candidate = ".".join(labels[cut:])
        found = await lookup(Question(candidate, "NS"))
        if found.failed:
            words = f"the name servers of {candidate} are not known: {'; '.join(found.text)}"
            return replace(found, text=(words,))
        if found.outcome is Outcome.FOUND and not found.aliases:
            return found
    return Answer(found.question, Outcome.UNUSABLE, text=(f"no zone at or above {name} has name servers",))


async def _addresses(lookup: Lookup, name: str, question: Question) -> list[NameServer]:
    answers = await asyncio.gather(*(lookup(Question(name, kind)) for kind in ("A", "AAAA")))
    found = [NameServer(name, str(value)) for answer in answers for value in answer.values]
    # What could not be looked up may exist: it is told beside what was found.
    found += [NameServer(name, "", replace(answer, question=question)) for answer in answers if answer.failed]
    if not found:
        why = "; ".join(f"{answer.question.type}: {line}" for answer in answers for line in answer.text)
        words = f"{name} has no address ({why})"
        found.append(NameServer(name, "", Answer(question, Outcome.UNREACHABLE, text=(words,))))
    return found

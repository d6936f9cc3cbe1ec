"""What one run observed of an environment, as text: so that it can be judged again anywhere, offline.

The text is part of `evidence.json`. It holds observations only, no verdict: who reads it judges for himself.
It may come from a stranger: what does not fit is refused as a whole, with the place.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from mailflow.environment.environment import Stage
from mailflow.environment.message import Kind
from mailflow.environment.worlds import World
from mailflow.input_error import InputError, Mistake
from mailflow.observe.eye import AuthoritativeAnswer
from mailflow.observe.https import Fetched
from mailflow.observe.path import MailPath
from mailflow.observe.pieces import Pieces, as_text
from mailflow.observe.reached import Reached
from mailflow.observe.smtp import TlsSession
from mailflow.records.answer import Answer, MxRecord, Outcome

FORM = 1  # of the text; another number is another form
_MISTAKES = 5
_MARK = "="
_BY_KIND = TypeAdapter(Mapping[Kind, tuple[MailPath, ...]])
_IN_A_WORLD = TypeAdapter(tuple[MailPath, ...])
_VALUES: Mapping[str, type] = {"A": IPv4Address, "AAAA": IPv6Address, "MX": MxRecord}  # of other types: text


class Recording(BaseModel):
    """The observations of one environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: int = FORM
    mode: Literal["simulated", "live"]  # how they were made
    stage: Stage
    at: AwareDatetime  # when
    vantage: str = ""  # from where, as far as it is known
    environment: str  # name and digest of the environment's folder, when they were made
    digest: str
    answers: tuple[Answer, ...] = ()
    authoritative: tuple[AuthoritativeAnswer, ...] = ()  # what name servers said by themselves
    tls: Mapping[str, tuple[TlsSession, ...]] = {}  # by own server
    reached: Mapping[str, tuple[Reached, ...]] = {}  # by domain: its planned MX hosts
    policies: Mapping[str, Fetched] = {}  # by domain: its MTA-STS policy
    paths: Mapping[str, Mapping[Kind, tuple[MailPath, ...]]] = {}  # by domain
    worlds: Mapping[World, Mapping[str, tuple[MailPath, ...]]] = {}  # by domain, in worlds beside the planned one

    def joined(self, other: "Recording") -> "Recording":
        """Put what two processes observed of one environment together; where both asked, the first holds."""
        mine = {answer.question for answer in self.answers}
        asked = {one.answer.question for one in self.authoritative}
        return self.model_copy(
            update={
                "answers": (*self.answers, *(answer for answer in other.answers if answer.question not in mine)),
                "authoritative": (
                    *self.authoritative,
                    *(one for one in other.authoritative if one.answer.question not in asked),
                ),
                "tls": {**other.tls, **self.tls},
                "reached": {**other.reached, **self.reached},
                "policies": {**other.policies, **self.policies},
                "paths": {
                    name: {**other.paths.get(name, {}), **self.paths.get(name, {})}
                    for name in {**other.paths, **self.paths}
                },
                "worlds": {
                    world: {**other.worlds.get(world, {}), **self.worlds.get(world, {})}
                    for world in World
                    if world in other.worlds or world in self.worlds
                },
            }
        )


def written(recording: Recording) -> Pieces:
    """Write it as what JSON has; the paths, which are most of it, piece by piece, a domain each."""
    marked = recording.model_copy(update=_each(recording, _marked))
    large = {
        "paths": Pieces(marked.paths, _paths),
        "worlds": Pieces(marked.worlds, lambda domains: Pieces(domains, _in_a_world)),
    }
    small = marked.model_dump(mode="json", exclude=set(large))
    return Pieces({name: large.get(name, small.get(name)) for name in Recording.model_fields}, lambda part: part)


def _paths(of_a_domain: Mapping[Kind, tuple[MailPath, ...]]) -> Any:
    return _BY_KIND.dump_python(of_a_domain, mode="json")


def _in_a_world(of_a_domain: tuple[MailPath, ...]) -> Any:
    return _IN_A_WORLD.dump_python(of_a_domain, mode="json")


def digest(content: Mapping[str, Any]) -> str:
    """Give SHA-256 over what `written` gave, hexadecimal: whoever judges by it notices what was cut out or changed."""
    whole = hashlib.sha256()
    for name, part in sorted(content.items()):
        for piece in (f"{json.dumps(name)}: ", *as_text(part, sort_keys=True), "\n"):
            whole.update(piece.encode("ascii"))
    return whole.hexdigest()


def read(content: object, file: str) -> Recording:
    """Read what `written` gave.

    Raises:
        InputError: it is something else; `file` names it in the mistakes.

    """
    expected = "observations as Mailflow writes them into evidence.json"
    try:
        found = Recording.model_validate_json(json.dumps(content))  # as JSON, where a list may stand for a tuple
        unmarked = _each(found, _unmarked)
    except ValidationError as wrong:
        raise InputError(
            *(
                Mistake(file, None, f"{'.'.join(map(str, error['loc'])) or 'the whole'}: {error['msg']}", expected)
                for error in wrong.errors(include_url=False, include_input=False)[:_MISTAKES]
            )
        ) from wrong
    except ValueError as wrong:
        raise InputError(Mistake(file, None, str(wrong), expected)) from wrong
    if found.form != FORM:
        mend = "Judge it with the version of Mailflow that wrote it."
        raise InputError(Mistake(file, None, f"observations in form {found.form}", f"form {FORM}", mend))
    return found.model_copy(update=unmarked)


def _each(recording: Recording, change: Callable[[Answer], Answer]) -> dict[str, Any]:
    return {
        "answers": tuple(map(change, recording.answers)),
        "authoritative": tuple(one._replace(answer=change(one.answer)) for one in recording.authoritative),
    }


def _marked(answer: Answer) -> Answer:
    """Mark text, or a TXT record that holds an address would be read as one."""
    return replace(answer, values=tuple(_MARK + v if isinstance(v, str) else v for v in answer.values))


def _unmarked(answer: Answer) -> Answer:
    for value in answer.values:
        if isinstance(value, str) and not value.startswith(_MARK):
            raise ValueError(f"{answer.question}: {value!r} is neither address nor marked text")
    if bool(answer.values) != (answer.outcome is Outcome.FOUND):
        raise ValueError(f"{answer.question}: '{answer.outcome}' with {len(answer.values)} values")
    if not all(isinstance(value, _VALUES.get(answer.question.type, str)) for value in answer.values):
        raise ValueError(f"{answer.question}: values that no such record has")
    return replace(answer, values=tuple(v.removeprefix(_MARK) if isinstance(v, str) else v for v in answer.values))

"""The eye for DKIM signatures: what a receiver makes of those that a message bears (RFC 6376 section 6).

dkimpy verifies; which key it gets is looked up here, through whatever answers questions about the DNS. A message may
come from a stranger: what would take long is not tried.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum

from mailflow.mail.received import header_fields
from mailflow.records.answer import Answer, Question
from mailflow.records.dkim_key import LONGEST_BITS, parse
from mailflow.records.tag_list import read

_FIELD = "dkim-signature"
_MANY = 5  # signatures of one message that are looked at, the newest first; section 6.1 lets a receiver choose
_LONGEST = 4096  # octets of one signature; one by an RSA key of 4096 bits has 700 and its list of fields
_LARGEST = 1 << 20  # octets of a message
_LONGEST_HEADER = 1 << 16
_LINE = 998  # octets of a line (RFC 5322 section 2.1.1); time grows with the square of longer ones


class Verified(StrEnum):
    """What came of a signature."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "fail"
    UNKNOWN = "unknown"  # it could not be tried: the key was not answered, or is of another kind


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, as whoever received the message can judge it."""

    domain: str  # d=
    selector: str  # s=
    verified: Verified
    why: str = ""  # why it does not verify, or could not be tried
    changed: bool = False  # it does not, by the octets that one has of the message: others may still have been signed

    def __str__(self) -> str:
        return f"DKIM signature of {self.domain} ({self.selector}): {self.verified}" + (
            f", {self.why}" * bool(self.why)
        )


def check(message: bytes, stand_in: str = "") -> Generator[Question, Answer, tuple[Signature, ...]]:
    """Ask for the keys of the signatures of a message, and give what comes of each, the newest first.

    `stand_in`: the key record to try in the place of every usable one that is answered, where signers have another key
    than the one that is published: in a simulation.
    """
    fields = header_fields(message)
    found = []
    for number, text in enumerate([body for name, body in fields if name.lower() == _FIELD][:_MANY]):
        tags = read(text)
        domain, selector = ((tags.get(name) or "").lower() for name in ("d", "s"))
        if not domain or not selector or len(text) > _LONGEST:
            why = "it has no d or no s" if len(text) <= _LONGEST else f"it has more than {_LONGEST} octets"
            found.append(Signature(domain[:100], selector[:100], Verified.FAIL, why))
            continue
        answer = yield Question(f"{selector}._domainkey.{domain}", "TXT")
        found.append(Signature(domain, selector, *_verified(message, number, answer, stand_in)))
    return tuple(found)


_Outcome = tuple[Verified, str] | tuple[Verified, str, bool]


def _verified(message: bytes, number: int, answer: Answer, stand_in: str) -> _Outcome:
    """Say whether the signature with this number verifies with the key that was answered, and why not."""
    if answer.failed:
        return Verified.UNKNOWN, f"the look-up of {answer.question} failed"
    if len(answer.values) != 1:  # section 3.6.2.2: with several the result is undefined
        return Verified.FAIL, f"{answer.question.name} has {len(answer.values) or 'no'} keys"
    text = str(answer.values[0])
    key = parse(text)
    if key.wrong or key.testing:  # section 3.6.1: mail under t=y counts as unsigned
        return Verified.FAIL, f"{answer.question.name}: {key.wrong or 'it says t=y'}"
    if not stand_in and (not key.bits or key.bits > LONGEST_BITS):
        return Verified.UNKNOWN, f"{answer.question.name} has a key that is not tried here: {key.bits or 'Ed25519'}"
    if too_much := _too_much(message):
        return Verified.UNKNOWN, too_much
    return _tried(message, number, stand_in or text)


def _too_much(message: bytes) -> str:
    head = re.split(rb"\r?\n\r?\n", message[: _LONGEST_HEADER + 1], maxsplit=1)[0]
    if len(message) > _LARGEST or len(head) > _LONGEST_HEADER:
        return f"it is larger than {_LARGEST} octets, or its header than {_LONGEST_HEADER}"
    if any(len(line) > _LINE + 1 for line in message.split(b"\n")):
        return f"it has a line of more than {_LINE} octets"
    return ""


def _tried(message: bytes, number: int, key: str) -> _Outcome:
    import dkim  # noqa: PLC0415  a tenth of a second that only runs with signed mail pay

    try:
        record = key.encode("ascii")
        passed = dkim.DKIM(message).verify(number, dnsfunc=lambda _, timeout=0: record)  # noqa: ARG005
    except dkim.ValidationError as wrong:
        changed = "body hash" in str(wrong)
        return Verified.FAIL, "the body was changed" if changed else _short(wrong), changed
    except Exception as wrong:  # noqa: BLE001  whatever a stranger's signature does to its parser, it verifies nothing
        return Verified.FAIL, f"it cannot be read ({_short(wrong)})"
    return (Verified.PASS, "") if passed else (Verified.FAIL, "the header was changed, or the key is another one", True)


def _short(wrong: Exception) -> str:
    return f"{type(wrong).__name__}: {wrong}"[:100]

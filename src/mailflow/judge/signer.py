"""Judges whether whoever signs beside Microsoft 365 has one usable key where receivers look for it (RFC 6376)."""

from collections.abc import Mapping, Sequence

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.signers import Signer, signers_of
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.mail.address import is_within
from mailflow.policy.finding import Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.records.answer import Answer, Question
from mailflow.records.dkim_key import DkimKey, mended, parse

_PLACEHOLDER = "v=DKIM1; k=rsa; p=<its public key, 2048 bits>"


def somebody_signs(environment: Environment, domain: Domain) -> Finding:
    """Whether the environment says of anybody beside Microsoft 365 that he signs as the domain."""
    asked = f"somebody beside Microsoft 365 signs as {domain.name}"
    found = signers_of(environment, domain)
    told = [f"{one.name} ({one.key_at})" for one in found]
    shown = evidence.stated(found[0].origin if found else environment.line("third_parties"), asked, told)
    if not told and "third_parties" not in environment.lines:
        remedy = "Name them below third_parties in environment.yaml, with dkim; third_parties: {} for none"
        return not_verified(asked, "nobody has answered this question in environment.yaml", shown, remedy=remedy)
    return compliant(asked, ", ".join(told), shown) if told else not_applicable(asked, "nobody is said to", shown)


def questions(environment: Environment, domain: Domain) -> tuple[Question, ...]:
    """Give what is asked: each selector once, whoever signs with it."""
    return tuple(Question(name, "TXT") for name in _by_key(environment, domain))


def have_one_usable_key_each(environment: Environment, domain: Domain, keys: Sequence[Answer]) -> list[Finding]:
    """Judge every selector by itself, from the answers to `questions`."""
    if not keys:
        return [not_verified(f"every signer of {domain.name} has a usable key", "nobody was found who signs")]
    signers = _by_key(environment, domain)
    return [_judged(domain, signers[answer.question.name], answer) for answer in keys]


def _by_key(environment: Environment, domain: Domain) -> Mapping[str, tuple[Signer, ...]]:
    found: dict[str, tuple[Signer, ...]] = {}
    for one in signers_of(environment, domain):
        found[one.key_at] = (*found.get(one.key_at, ()), one)
    return found


def _judged(domain: Domain, signers: Sequence[Signer], answer: Answer) -> Finding:
    name, who = answer.question.name, " and ".join(one.name for one in signers)
    asked = f"{name}, the selector with which {who} signs, leads to exactly one usable key"
    shown = (
        evidence.dns(answer),
        *(evidence.stated(one.origin, f"the selector of {one.name}", one.key_at) for one in signers),
    )
    if answer.failed:
        why = f"the look-up of {answer.question} failed"
        return not_verified(asked, why, *shown, remedy=unanswered((answer,)))
    keys = [parse(str(text)) for text in answer.values]
    wrong = _wrong(answer, keys)
    if wrong:
        return non_compliant(asked, wrong, *shown, remedy=_remedy(domain, who, answer))
    (key,) = keys
    kind = f"an RSA key of {key.bits} bits" if key.bits else "an Ed25519 key"
    notes = tuple(f"{name} {remark}" for remark in key.remarks)
    if not key.bits:  # RFC 8463 section 6: beside it mail may bear a signature by RSA, with another selector
        notes += (f"{name} has an Ed25519 key: receivers that know RSA alone see no signature (RFC 8463)",)
    return compliant(asked, kind, *shown, notes=notes)


def _wrong(answer: Answer, keys: Sequence[DkimKey]) -> str:
    """Say why receivers verify nothing with what they find; empty where they can."""
    if not keys:
        end = f"it is an alias of {answer.aliases[-1]}, where there is none" if answer.aliases else "there is none"
        return f"{end}: {answer.outcome}"
    if len(keys) > 1:  # RFC 6376 section 3.6.2.2: the results are undefined
        return f"{len(keys)} TXT records stand there, and each receiver takes another one, or none"
    (key,) = keys
    # RFC 6376 section 3.6.1: receivers must not treat mail under t=y differently from unsigned mail.
    return key.wrong or ("it says t=y: receivers treat the mail as unsigned" if key.testing else "")


def _remedy(domain: Domain, who: str, answer: Answer) -> str:
    """Write the record to publish: with the key that is there where one is good, else with the signer's."""
    good = {record for text in answer.values if (record := mended(str(text)))}
    record = good.pop() if len(good) == 1 else _PLACEHOLDER
    name = answer.question.name
    end = answer.aliases[-1] if answer.aliases else name
    alone = "Publish this record, and delete every other TXT record of that name" if answer.values else "Publish"
    here = f'{end}. 3600 IN TXT "{record}"'
    if not is_within(end, domain.name):
        elsewhere = f"Ask the service that keeps the key of {who} there whether the name is right. It publishes:"
        return f"{elsewhere}\n{here}\nOr publish:\n{name}. 3600 IN CNAME <the name that {who} gives>"
    whose = f"{alone}; the key is that of {who}"
    told = f"{whose}:\n{here}"
    if record == _PLACEHOLDER and end == name:
        told += f"\nOr, where {who} keeps it:\n{name}. 3600 IN CNAME <the name that {who} gives>"
    return told

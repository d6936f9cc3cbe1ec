"""How much an SPF record asks of its receivers, whoever sends (RFC 7208 section 4.6.4).

check_host() stops at the first match, so an address may pass today and the next one run into the limit.
This walk follows every include and redirect that some address reaches.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Literal

from mailflow.records.answer import Answer, MxRecord, Question
from mailflow.records.spf import LIMITS, is_askable
from mailflow.records.spf_macro import MacroError, expand, letters_in
from mailflow.records.spf_syntax import QUERYING, Directive, parse, spf_records

# A tree of includes can grow without end. Ten terms are allowed; who has a hundred need not know how many more.
_MOST = 100
_OF_EVERY_MESSAGE = frozenset("do")  # the macro letters whose value is known without a message


@dataclass(frozen=True, slots=True)
class TermCount:
    """A querying term and what it leads to; at the top of the tree, with no text, the domain itself."""

    text: str  # as written
    mechanism: str  # include a mx ptr exists redirect
    domain: str  # the name that the term means; empty where it depends on the message
    record: str = ""  # found at that name, for include and redirect
    answers: tuple[Answer, ...] = ()
    terms: tuple["TermCount", ...] = ()
    problem: str = ""  # a sentence: why the record cannot be evaluated, or not be counted, beyond here

    @property
    def querying_terms(self) -> int:
        """The term itself and all below it."""
        return bool(self.text) + sum(term.querying_terms for term in self.terms)

    def void_lookups(self, version: Literal[4, 6]) -> int:
        """Count the look-ups that find nothing for a sender of this IP version.

        Each look-up counts, as in the receivers' libraries: of an mx term each host without an address, too.
        """
        other = "AAAA" if version == 4 else "A"
        asked = (answer for answer in self.answers if self.mechanism == "exists" or answer.question.type != other)
        own = sum(answer.absent for answer in asked) if self.text else 0
        return own + sum(term.void_lookups(version) for term in self.terms)

    def walk(self) -> Iterator["TermCount"]:
        """Give this term and all below it, in the order of evaluation."""
        yield self
        for term in self.terms:
            yield from term.walk()

    @property
    def failed(self) -> tuple[Answer, ...]:
        """The look-ups that failed; where any did, nobody knows the counts."""
        return tuple(answer for term in self.walk() for answer in term.answers if answer.failed)

    @property
    def depends_on_message(self) -> tuple[str, ...]:
        """The terms whose name no one knows without a message (`%{i}`, ptr); the counts are the least."""
        return tuple(term.text for term in self.walk() if term.text and not term.domain)


def count_terms(domain: str) -> Generator[Question, Answer, TermCount]:
    """Walk every include and redirect of a domain's record and count what is asked on the way."""
    domain = domain.lower().removesuffix(".")
    return (yield from _Walk(domain).record("", "", domain, ()))


class _Walk:
    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._counted = 0

    def record(
        self, text: str, mechanism: str, domain: str, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TermCount]:
        """Count the record of a domain; `above` are the domains on the way to it."""
        if domain in above:
            return TermCount(text, mechanism, domain, problem=f"a loop: {' → '.join((*above, domain))}")
        if not is_askable(domain):
            return TermCount(text, mechanism, domain, problem=f"'{domain}' is no domain name")
        answer = yield Question(domain, "TXT")
        found = spf_records(answer.values)
        if answer.failed:
            problem = f"the look-up of {answer.question} failed: {answer.outcome}"
        elif len(found) != 1:
            problem = f"{domain} has {len(found) or 'no'} SPF record{'s' if found else ''}"
        elif faults := parse(found[0]).faults:
            problem = f"the SPF record of {domain} is invalid at '{faults[0].text}': {faults[0].wrong}"
        else:
            terms = yield from self._terms(found[0], domain, (*above, domain))
            return TermCount(text, mechanism, domain, found[0], (answer,), terms)
        return TermCount(text, mechanism, domain, "", (answer,), problem=problem)

    def _terms(
        self, text: str, domain: str, above: tuple[str, ...]
    ) -> Generator[Question, Answer, tuple[TermCount, ...]]:
        record = parse(text)
        terms: list[TermCount] = []
        for directive in record.directives:
            if directive.mechanism == "all":  # section 5.1: what follows is never tested, nor is redirect
                return tuple(terms)
            if directive.mechanism in QUERYING:
                terms.append((yield from self._term(directive, domain, above)))
        if redirect := record.modifier("redirect"):
            terms.append((yield from self._led(f"redirect={redirect}", "redirect", redirect, domain, above)))
        return tuple(terms)

    def _term(
        self, directive: Directive, domain: str, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TermCount]:
        text, mechanism = directive.text, directive.mechanism
        if mechanism == "include":
            return (yield from self._led(text, mechanism, directive.domain_spec, domain, above))
        self._counted += 1
        name = "" if mechanism == "ptr" else self._name(directive.domain_spec, domain)
        if self._counted > _MOST or not is_askable(name):  # of ptr nothing is asked before a message comes
            return TermCount(text, mechanism, name, problem=self._beyond())
        if mechanism == "exists":
            return TermCount(text, mechanism, name, answers=((yield Question(name, "A")),))
        if mechanism == "a":
            return TermCount(text, mechanism, name, answers=(yield from _addresses(name)))
        answer = yield Question(name, "MX")
        hosts = [value.exchange for value in answer.values if isinstance(value, MxRecord)]
        if len(hosts) > LIMITS.mx_names:
            problem = f"{name} has {len(hosts)} MX records; an mx term allows {LIMITS.mx_names}"
            return TermCount(text, mechanism, name, answers=(answer,), problem=problem)
        answers = [answer]
        for host in filter(is_askable, hosts):
            answers += yield from _addresses(host)
        return TermCount(text, mechanism, name, answers=tuple(answers))

    def _led(
        self, text: str, mechanism: str, domain_spec: str, domain: str, above: tuple[str, ...]
    ) -> Generator[Question, Answer, TermCount]:
        self._counted += 1
        name = self._name(domain_spec, domain)
        if self._counted > _MOST or not name:
            return TermCount(text, mechanism, name, problem=self._beyond())
        return (yield from self.record(text, mechanism, name, above))

    def _beyond(self) -> str:
        """Say once that the walk goes no further."""
        return f"more than {_MOST} querying terms; the rest is not looked up" if self._counted == _MOST + 1 else ""

    def _name(self, domain_spec: str, domain: str) -> str:
        """Give the name that a term means; empty where it takes a message to know it."""
        if not letters_in(domain_spec) <= _OF_EVERY_MESSAGE:
            return ""
        try:
            name = expand(domain_spec, {"d": domain, "o": self._domain}) or domain
        except MacroError:
            return ""
        return name.lower().removesuffix(".")


def _addresses(name: str) -> Generator[Question, Answer, tuple[Answer, Answer]]:
    ip4 = yield Question(name, "A")
    ip6 = yield Question(name, "AAAA")
    return ip4, ip6

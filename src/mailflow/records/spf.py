"""May this address send for this domain, and how was that decided? check_host() of RFC 7208.

Sans I/O: the generator yields each question to the DNS and is sent the answer.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from mailflow.records.answer import Answer, MxRecord, Question
from mailflow.records.spf_macro import EXPLANATION_LETTERS, MacroError, check_macros, expand, letters_in
from mailflow.records.spf_syntax import QUERYING, Directive, parse, spf_records

Address = IPv4Address | IPv6Address


class Result(StrEnum):
    """The seven results of RFC 7208 section 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - the word of the RFC, no password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    PERMERROR = "permerror"
    TEMPERROR = "temperror"


QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one evaluation may ask (RFC 7208 section 4.6.4). To exceed one of the first three is permerror."""

    querying_terms: int = 10
    void_lookups: int = 2
    mx_names: int = 10  # of one mx term
    ptr_names: int = 10  # further names are ignored: the sender's domain has no hand in them


LIMITS = Limits()


class TraceEntry(NamedTuple):  # a thousand domains make 100,000 of them, at a fifth of what a frozen dataclass costs
    """A record or a term of it, as it was evaluated. What an include or a redirect led to follows, deeper."""

    depth: int  # 0: the record of the domain itself
    domain: str  # whose record it is
    text: str  # the record or the term as written; empty: the domain has no SPF record
    answers: tuple[Answer, ...]  # what was asked for it, and what came back
    matched: bool | None  # None: a record, or a term that ended in an error
    querying_terms: int  # so far
    void_lookups: int  # so far


_OPEN = TraceEntry(0, "", "", (), None, 0, 0)  # keeps the place of a term until it is known what came of it


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What check_host() found."""

    result: Result
    trace: tuple[TraceEntry, ...]
    records: dict[str, str]  # every domain whose record was reached, in order, and the record
    querying_terms: int
    void_lookups: int
    reason: str = ""  # of permerror and temperror: a sentence
    explanation: str = ""  # of fail: the text to which exp= leads (section 6.2)

    def __str__(self) -> str:
        return f"{self.result} ({self.reason})" if self.reason else str(self.result)


def check_host(
    ip: Address,
    domain: str,
    sender: str,
    helo: str,
    *,
    limits: Limits = LIMITS,
    receiver: str = "unknown",
    timestamp: int = 0,
) -> Generator[Question, Answer, Evaluation]:
    """Evaluate the SPF policy of a domain for a message (RFC 7208 section 4).

    For the null reverse-path the domain is the HELO name and `sender` is empty (section 2.4). Names are
    A-labels. `receiver` (the host that checks) and `timestamp` (seconds since 1970) appear in explanations only.
    """
    check = _Check(ip, limits, lambda: _macros(ip, domain, sender, helo) | {"r": receiver, "t": str(timestamp)})
    reason = explanation = ""
    try:
        result, exp, of = yield from check.record(domain.removesuffix("."), 0)
    except _Failure as failure:
        result, reason = failure.result, failure.reason
    else:
        if result is Result.FAIL and exp:
            explanation = yield from check.explanation(exp, of)
    return Evaluation(
        result, tuple(check.trace), check.records, check.querying_terms, check.void_lookups, reason, explanation
    )


class _Failure(Exception):  # noqa: N818 - not an error of the program: a result that ends the evaluation
    def __init__(self, result: Result, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


def _permerror(reason: str) -> _Failure:
    return _Failure(Result.PERMERROR, reason)


def _temperror(answer: Answer) -> _Failure:
    return _Failure(Result.TEMPERROR, f"the look-up of {answer.question} failed: {answer.outcome}")


class _Check:
    """One run of check_host(): what is known of the message, and what has been used up."""

    def __init__(self, ip: Address, limits: Limits, macros: Callable[[], dict[str, str]]) -> None:
        self.ip = _unmapped(ip)
        self.limits = limits
        self.trace: list[TraceEntry] = []
        self.records: dict[str, str] = {}
        self.querying_terms = 0
        self.void_lookups = 0
        self._macros = macros  # few records have any
        self._asked: list[Answer] = []  # for the term at hand
        self._address_type = "A" if isinstance(self.ip, IPv4Address) else "AAAA"

    def record(self, domain: str, depth: int) -> Generator[Question, Answer, tuple[Result, str, str]]:
        """Evaluate the record of a domain: the result, and the domain-spec of exp= with the domain it is for."""
        text = yield from self._find(domain, depth)
        if text is None:
            return Result.NONE, "", domain
        record = parse(text)
        if record.faults:  # section 4.6: a syntax error anywhere makes the whole record invalid
            fault = record.faults[0]
            raise _permerror(f"the SPF record of {domain} is invalid at '{fault.text}': {fault.wrong}")
        for directive in record.directives:
            if directive.network is not None:  # ip4 and ip6 (section 5.6): nothing is asked, and most terms are these
                matched = self.ip in directive.network
                self._note(depth, domain, directive.text, matched=matched)
            else:
                matched = yield from self._directive(directive, domain, depth)
            if matched:
                return QUALIFIERS[directive.qualifier], record.modifier("exp"), domain
        if redirect := record.modifier("redirect"):
            return (yield from self._redirect(redirect, domain, depth))
        return Result.NEUTRAL, "", domain  # section 4.7

    def explanation(self, exp: str, domain: str) -> Generator[Question, Answer, str]:
        """Fetch the text of exp= (section 6.2). Whatever goes wrong: as if there were no exp=."""
        void_lookups = self.void_lookups
        try:
            name = yield from self._target(exp, domain)
            if not is_askable(name):
                return ""
            answer = yield Question(name.lower(), "TXT")
            texts = [value for value in answer.values if isinstance(value, str)]
            if len(texts) != 1:
                return ""
            check_macros(texts[0], EXPLANATION_LETTERS)
            text = expand(texts[0], (yield from self._values(texts[0], domain)))
        except (_Failure, MacroError):
            return ""
        finally:
            self.void_lookups = void_lookups  # the limit is for evaluating the record; that is over
        # It is meant for an SMTP reply: visible ASCII and blanks, although sender and HELO name are in it.
        return text if text.isascii() and text.isprintable() else ""

    def _find(self, domain: str, depth: int) -> Generator[Question, Answer, str | None]:
        """Look up and select the record (sections 4.3 to 4.5)."""
        if not is_askable(domain) or "." not in domain or domain.startswith("["):
            self._note(depth, domain, "")
            return None
        answer = yield Question(domain.lower(), "TXT")
        # Section 4.6.4 limits the void look-ups of terms; the first question belongs to none.
        self.void_lookups += answer.absent and depth > 0
        found = spf_records(answer.values)
        self._note(depth, domain, found[0] if len(found) == 1 else "", answer)
        if answer.failed:
            raise _temperror(answer)
        self._demand_void_limit(answer)
        if len(found) > 1:
            raise _permerror(f"{domain} has {len(found)} SPF records; there must be exactly one")
        if not found:
            return None
        self.records.setdefault(domain, found[0])
        return found[0]

    def _redirect(self, redirect: str, domain: str, depth: int) -> Generator[Question, Answer, tuple[Result, str, str]]:
        """Evaluate another domain's record in place of this one (section 6.1)."""
        self._asked = []
        self.querying_terms += 1
        target = yield from self._target(redirect, domain)
        self._note(depth, domain, f"redirect={redirect}", *self._asked, matched=True)
        self._demand_term_limit(domain, f"redirect={redirect}")
        found = yield from self.record(target, depth + 1)
        if found[0] is Result.NONE:
            raise _permerror(f"redirect={redirect} of {domain} leads to {target}, which has no SPF record")
        return found

    def _directive(self, directive: Directive, domain: str, depth: int) -> Generator[Question, Answer, bool]:
        """Say whether the directive matches; write it into the trace before what it leads to."""
        asked = self._asked = []
        voids = self.void_lookups
        self.querying_terms += directive.mechanism in QUERYING
        place, terms = len(self.trace), self.querying_terms
        self.trace.append(_OPEN)
        matched = None
        try:
            self._demand_term_limit(domain, directive.text)
            matched = yield from self._matches(directive, domain, depth)
        finally:
            voids += sum(answer.absent for answer in asked)
            self.trace[place] = TraceEntry(depth, domain, directive.text, tuple(asked), matched, terms, voids)
        return matched

    def _matches(self, directive: Directive, domain: str, depth: int) -> Generator[Question, Answer, bool]:
        if directive.mechanism == "all":
            return True
        target = yield from self._target(directive.domain_spec, domain)
        if directive.mechanism == "include":
            return (yield from self._included(directive, target, domain, depth))
        if directive.mechanism == "ptr":
            return any(_is_within(name, target) for name in (yield from self._validated_names()))
        # Section 4.8 leaves open what a name that cannot be asked for means; as in 4.3 it does not exist.
        if not is_askable(target):
            return False
        if directive.mechanism == "mx":
            return (yield from self._mx(directive, target))
        # Section 5.7: exists asks for A whatever the address of the sender is.
        of_type = "A" if directive.mechanism == "exists" else self._address_type
        answer = yield from self._demand(target, of_type)
        return bool(answer.values) if directive.mechanism == "exists" else self._is_near(answer, directive)

    def _included(
        self, directive: Directive, target: str, domain: str, depth: int
    ) -> Generator[Question, Answer, bool]:
        """Evaluate the included record; only its pass is a match (section 5.2)."""
        result, _, _ = yield from self.record(target, depth + 1)
        if result is Result.NONE:
            raise _permerror(f"'{directive.text}' of {domain} leads to {target}, which has no SPF record")
        return result is Result.PASS

    def _mx(self, directive: Directive, target: str) -> Generator[Question, Answer, bool]:
        """Compare with the addresses of the MX hosts (section 5.4); there is no implicit MX here."""
        answer = yield from self._demand(target, "MX")
        hosts = sorted(value for value in answer.values if isinstance(value, MxRecord))
        if len(hosts) > self.limits.mx_names:
            raise _permerror(
                f"'{directive.text}': {target} has {len(hosts)} MX records; {self.limits.mx_names} are allowed"
            )
        for host in hosts:
            if is_askable(host.exchange):  # "." is the null MX of RFC 7505
                addresses = yield from self._demand(host.exchange, self._address_type)
                if self._is_near(addresses, directive):
                    return True
        return False

    def _validated_names(self) -> Generator[Question, Answer, list[str]]:
        """Name the hosts that the address names and that name the address (section 5.5); errors skip a name."""
        pointers = yield from self._ask(self.ip.reverse_pointer, "PTR")
        names = [name for name in pointers.values if isinstance(name, str) and is_askable(name)]
        validated = []
        for name in names[: self.limits.ptr_names]:
            addresses = yield from self._ask(name, self._address_type)
            if self.ip in addresses.values:
                validated.append(name)
        return validated

    def _target(self, domain_spec: str, domain: str) -> Generator[Question, Answer, str]:
        """Give the name that a term means (sections 4.8 and 7.3)."""
        if "%" not in domain_spec:
            return domain_spec.removesuffix(".") or domain
        try:
            name = expand(domain_spec, (yield from self._values(domain_spec, domain))).removesuffix(".")
        except MacroError as error:
            raise _permerror(str(error)) from None
        while len(name) > 253 and "." in name:  # section 7.3: labels go from the left
            name = name.partition(".")[2]
        return name

    def _values(self, text: str, domain: str) -> Generator[Question, Answer, dict[str, str]]:
        """Give the values of the macro letters, asking for %{p} only where the text has it."""
        values = self._macros() | {"d": domain}
        if "p" in letters_in(text):
            names = yield from self._validated_names()
            # Section 7.3: the domain itself is preferred, then a name below it, then any.
            names.sort(key=lambda name: (name.lower() != domain.lower(), not _is_within(name, domain)))
            values["p"] = names[0] if names else "unknown"
        return values

    def _ask(self, name: str, of_type: str) -> Generator[Question, Answer, Answer]:
        answer = yield Question(name.lower().removesuffix("."), of_type)
        self._asked.append(answer)
        self.void_lookups += answer.absent
        self._demand_void_limit(answer)
        return answer

    def _demand(self, name: str, of_type: str) -> Generator[Question, Answer, Answer]:
        """Ask where a failure ends the evaluation (section 5)."""
        answer = yield from self._ask(name, of_type)
        if answer.failed:
            raise _temperror(answer)
        return answer

    def _demand_term_limit(self, domain: str, text: str) -> None:
        if self.querying_terms > self.limits.querying_terms:
            raise _permerror(
                f"'{text}' of {domain} is querying term number {self.querying_terms}; "
                f"{self.limits.querying_terms} are allowed"
            )

    def _demand_void_limit(self, answer: Answer) -> None:
        if self.void_lookups > self.limits.void_lookups:
            raise _permerror(
                f"{answer.question} ({answer.outcome}) is void look-up number {self.void_lookups}; "
                f"{self.limits.void_lookups} are allowed"
            )

    def _is_near(self, answer: Answer, directive: Directive) -> bool:
        """Compare the high-order bits (section 5.3: as many as the prefix length says)."""
        four = isinstance(self.ip, IPv4Address)
        shift = self.ip.max_prefixlen - (directive.ip4_prefix if four else directive.ip6_prefix)
        return any(
            int(value) >> shift == int(self.ip) >> shift for value in answer.values if isinstance(value, type(self.ip))
        )

    def _note(self, depth: int, domain: str, text: str, *answers: Answer, matched: bool | None = None) -> None:
        self.trace.append(TraceEntry(depth, domain, text, answers, matched, self.querying_terms, self.void_lookups))


def _unmapped(ip: Address) -> Address:
    """Take an IPv4-mapped IPv6 address for the IPv4 address that it is (section 5)."""
    return (ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip


def _macros(ip: Address, domain: str, sender: str, helo: str) -> dict[str, str]:
    """Give the macro letters that are the same in every record (section 7.2)."""
    ip = _unmapped(ip)
    four = isinstance(ip, IPv4Address)
    local, at, of = sender.rpartition("@")
    local, of = local or "postmaster", of if at else sender or domain  # section 4.3
    return {
        "s": f"{local}@{of}",
        "l": local,
        "o": of,
        "i": str(ip) if four else ".".join(ip.exploded.replace(":", "").upper()),
        "v": "in-addr" if four else "ip6",
        "h": helo,
        "c": str(ip),
    }


@lru_cache(maxsize=1024)  # the same few names for every address
def is_askable(name: str) -> bool:
    """Say whether a question can hold the name: RFC 1035 section 2.3.4, and ASCII (RFC 8616 section 4)."""
    return len(name) <= 253 and name.isascii() and all(0 < len(label) < 64 for label in name.split("."))


def _is_within(name: str, parent: str) -> bool:
    return f".{name.lower()}".endswith(f".{parent.lower()}")

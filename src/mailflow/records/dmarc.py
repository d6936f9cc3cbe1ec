"""DMARC records (RFC 9989): syntax, what they ask receivers to do, where reports go, the tree walk."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailflow.records import report_uri
from mailflow.records.answer import Answer, Question
from mailflow.records.tag_list import TagList, read, versions

VERSION = "DMARC1"
_LABELS = 8  # section 4.10: names with more labels than this are cut to seven at the second query
_POLICY_TAGS = ("p", "sp", "np")
_WORDS = {"adkim": ("r", "s"), "aspf": ("r", "s"), "psd": ("y", "n", "u"), "t": ("y", "n")}
_FAILURES = frozenset("01ds")
_REMOVED = {"pct": "t=y says that a policy is only tried", "rf": "there is one form", "ri": "once a day is usual"}


class Policy(StrEnum):
    """What receivers are asked to do with mail that fails (section 4.7). In the order of severity."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


_SEVERITY = {policy: number for number, policy in enumerate(Policy)}


@dataclass(frozen=True, slots=True)
class Dmarc:
    """One DMARC record."""

    text: str
    tags: TagList
    flaws: tuple[str, ...]  # what makes receivers ignore it, or a part of it
    notes: tuple[str, ...]  # what they ignore and nobody misses

    def policy(self, tag: str = "p") -> Policy:
        """Give the policy that a tag asks for: sp falls back to p, np to sp (section 4.7).

        Testing (t=y) asks receivers to treat it one step milder (section 4.7).
        """
        told = {name: value.lower() for name in _POLICY_TAGS if (value := self.tags.get(name)) is not None}
        # Section 4.10.1: without a valid p, or with an sp or np that is none, the record counts as p=none.
        if "p" not in told or not set(told.values()) <= set(Policy):
            return Policy.NONE
        chain = _POLICY_TAGS[_POLICY_TAGS.index(tag) :: -1]
        asked = next(Policy(told[name]) for name in chain if name in told)
        return list(Policy)[max(_SEVERITY[asked] - 1, 0)] if self.is_tried else asked

    @property
    def is_tried(self) -> bool:
        """Whether it says that its policy is only being tested (t=y)."""
        return (self.tags.get("t") or "n").lower() == "y"

    @property
    def reports_to(self) -> tuple[str, ...]:
        """The addresses of aggregate and failure reports, as URIs."""
        told = (self.tags.get(name) or "" for name in ("rua", "ruf"))
        return tuple(uri.strip() for value in told for uri in value.split(",") if uri.strip())

    @property
    def psd(self) -> str:
        """Whether the domain is a public suffix: y, n, or u for unsaid."""
        return (self.tags.get("psd") or "u").lower()


def at_least(policy: Policy, wanted: Policy) -> bool:
    """Say whether a policy is as severe as another."""
    return _SEVERITY[policy] >= _SEVERITY[wanted]


def parse(text: str) -> Dmarc:
    """Read a record that begins with v=DMARC1."""
    tags = read(text)
    flaws = list(tags.flaws)
    notes = []
    if not tags.tags or tags.tags[0] != ("v", VERSION):
        flaws.append(f"it does not begin with v={VERSION}")
    policy = tags.get("p")
    if policy is None:
        flaws.append("it has no p: receivers read p=none where reports are wanted, and else no record at all")
    for name in _POLICY_TAGS:
        value = tags.get(name)
        if value is not None and value.lower() not in list(Policy):
            flaws.append(f"{name}={value} is no policy; there are {', '.join(Policy)}")
    for name, words in _WORDS.items():
        value = tags.get(name)
        if value is not None and value.lower() not in words:
            flaws.append(f"{name}={value} is none of {', '.join(words)}")
    failures = tags.get("fo")
    if failures is not None and not {part.strip().lower() for part in failures.split(":")} <= _FAILURES:
        flaws.append(f"fo={failures} is no list of 0, 1, d, s")
    for name in ("rua", "ruf"):
        uris = [uri.strip() for uri in (tags.get(name) or "").split(",") if uri.strip()]
        flaws += (f"{name}: '{uri}' is no mailto: address" for uri in uris if not report_uri.read(uri).is_mail)
    notes += [f"{name} means nothing any more (RFC 9989): {why}" for name, why in _REMOVED.items() if tags.get(name)]
    return Dmarc(text, tags, tuple(flaws), tuple(notes))


def report_domain(uri: str) -> str:
    """Give the domain to which a report goes, lower case; empty where the URI has none."""
    return report_uri.read(uri).domain


@dataclass(frozen=True, slots=True)
class Found:
    """The record that holds for a domain, and how it was found."""

    domain: str  # where it was found; empty: nowhere
    record: Dmarc | None
    several: tuple[str, ...]  # records of one name, where there were more than one: then none of them counts
    answers: tuple[Answer, ...]  # everything that was asked, in order

    @property
    def unanswered(self) -> Answer | None:
        """The look-up that failed, so that nobody knows whether there is a record.

        What a top-level domain says, or does not, is no record of the organization's own.
        """
        return next((a for a in self.answers if a.failed and "." in a.question.name.removeprefix("_dmarc.")), None)


def discover(domain: str) -> Generator[Question, Answer, Found]:
    """Find the record that holds for the mail of a domain: its own, else that of its organization (section 4.10)."""
    return (yield from _walk(_names(domain), domain))


def discover_below(domain: str) -> Generator[Question, Answer, Found]:
    """Find the record that holds for names below a domain without one: their organization's (section 4.10.1).

    It need not be the domain's: receivers ignore sp and np of a record that is not the organization's (section 4.7).
    """
    first, *above = _names(f"any.{domain}")
    return (yield from _walk(above, first))


def _walk(names: Sequence[str], author: str) -> Generator[Question, Answer, Found]:
    """Walk up the tree from the author's domain, or from the name above it, where that has no record of its own."""
    answers: list[Answer] = []
    found: list[tuple[str, Dmarc]] = []
    first: tuple[str, ...] = ()
    for name in names:
        answer = yield Question(f"_dmarc.{name}", "TXT")
        answers.append(answer)
        if answer.failed:
            break  # nobody knows what stands here, nor whether to go on
        records = versions(answer.values, VERSION)
        if name == names[0]:
            first = records if len(records) > 1 else ()
        if len(records) == 1:
            found.append((name, parse(records[0])))
            if name == author or found[-1][1].psd in ("y", "n"):
                break
    if not found or Found("", None, first, tuple(answers)).unanswered:
        return Found("", None, first, tuple(answers))
    at, record = found[-1]  # the fewest labels: the organization's own
    if record.psd == "y" and at != author:
        # A public suffix: the organization's domain has one label more, and its record comes before the suffix's.
        at, record = next((one for one in found if one[0].count(".") == at.count(".") + 1), (at, record))
    return Found(at, record, first, tuple(answers))


def organizational_domain(domain: str) -> Generator[Question, Answer, str | None]:
    """Find the domain of the organization to which a name belongs (section 4.10.2); None: a look-up failed."""
    found = domain  # without any record a name stands for itself
    for name in _names(domain):
        answer = yield Question(f"_dmarc.{name}", "TXT")
        if answer.failed and "." in name:  # what a top-level domain says, or does not, is no record of theirs
            return None
        records = versions(answer.values, VERSION)
        if len(records) != 1:
            continue
        psd = parse(records[0]).psd
        if psd == "n":
            return name
        if psd == "y" and name != domain:
            return ".".join(domain.split(".")[-(name.count(".") + 2) :])
        found = name
    return found


def _names(domain: str) -> list[str]:
    """Give the names that the tree walk asks, the domain itself first (section 4.10, steps 1 to 7)."""
    labels = domain.split(".")
    rest = labels[1:] if len(labels) <= _LABELS else labels[-(_LABELS - 1) :]
    return [domain, *(".".join(rest[start:]) for start in range(len(rest)))]

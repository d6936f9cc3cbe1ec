"""What stands on the page of a run, in the order of a reader's questions. Pure; the templates write it down."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, takewhile

from mailflow.environment.scenario import ScenarioName, in_order
from mailflow.policy.disagreement import Disagreement, concerning
from mailflow.policy.documents import Document, documents
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.mender import Mender, menders
from mailflow.policy.requirement import IDENTIFIER, Level, Requirement, Result
from mailflow.policy.run import Run
from mailflow.report.drawing import Drawing, draw
from mailflow.report.matrix import Row, rows
from mailflow.report.passage import UNSEEN, Passage, passages

_LINE = 160  # characters that say what to do first
_WRAPPED = 80  # characters, from which a line of words in a feature file goes on in the next
_LONG = 80  # characters, from which a text is worth to be referred to
_COUNTED = re.compile(r"^\d+ of \d+: ")  # how many messages it is said of


@dataclass(frozen=True, slots=True)
class Blocker:
    """A requirement that blocks, with the rows in which it does."""

    rows: tuple[Row, ...]
    menders: tuple[Mender, ...]
    follows: tuple[str, ...]  # others that block the same domains: its remedy sends on to theirs, or is the same
    effects: tuple["Blocker", ...] = ()  # what falls with it

    @property
    def requirement(self) -> Requirement:
        """What is demanded."""
        return self.rows[0].result.requirement

    @property
    def to_do(self) -> str:
        """What to do first, in a line: the first sentence of its remedy, with the command that it announces."""
        lines = self.rows[0].result.remedy.splitlines()
        words = takewhile(lambda line: len(line) > _WRAPPED and not line.startswith(" "), lines)
        wrapped = min(len(list(words)) + 1, len(lines))  # a line that is as long as that goes on in the next
        # The dot at the end of a name in a record ends no sentence: `mail.contoso.com. IN A`.
        begins = re.split(r"(?<=[^\s.]\.) (?!IN )(?=[A-Z])", " ".join(lines[:wrapped]), maxsplit=1)[0]
        if begins.endswith(":") and len(lines) > wrapped:
            begins += f" {lines[wrapped].strip(' `')}"
            begins += " …" if any(line.startswith(" ") for line in lines[wrapped + 1 : wrapped + 2]) else ""
        return textwrap.shorten(begins.strip(" `"), _LINE, placeholder=" …")


@dataclass(frozen=True, slots=True)
class Design:
    """Domains whose messages are asked the same and go the same way; None is the tenant."""

    scenario: ScenarioName | None
    title: str  # of the feature that states the scenario
    domains: tuple[str | None, ...]
    passages: tuple[Passage, ...]  # of the first of these domains
    drawing: Drawing

    @property
    def differing(self) -> tuple[Passage, ...]:
        """Those in which something is not as demanded."""
        return tuple(passage for passage in self.passages if passage.differs)

    @property
    def told(self) -> str:
        """Say the drawing in a sentence or two."""
        wrong = "; ".join(f"{passage.kind} ({'; '.join(passage.seen)})" for passage in self.differing)
        ways = f"Not as demanded: {wrong}." if wrong else "Every way that was seen is the one that is demanded."
        return f"{len(self.passages)} kinds of message. {ways}"


def seen(result: Result) -> tuple[tuple[str, str, str], ...]:
    """Give what decided the verdict: asked, seen, status; what was told already is not told again."""
    status = str(result.beneath or result.verdict)
    answered: dict[str, list[str]] = {}  # what was asked, by what was seen
    for step in result.steps:
        if step.status == status and (step.asked or step.seen):
            answered.setdefault(step.seen, []).append(step.asked)
    found: list[tuple[str, str, str]] = []
    told: list[str] = []
    for text, asked in answered.items():
        shown = text
        for before in told:
            shown = shown.replace(before, "as above")
        found.append(("; ".join(dict.fromkeys(filter(None, asked))), shown, status))
        told += [_COUNTED.sub("", text)] if len(text) > _LONG else []
    return tuple(found) or (("", result.reason, status),)


class Page:
    """A run, arranged for reading."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.rows = rows(run.results)
        self._remedies = {result.requirement.id: result.requirement.remedy for result in run.results}
        self._anchors = {id(row.result): row for row in self.rows}

    def menders(self, result: Result) -> tuple[Mender, ...]:
        """Name who mends a finding."""
        return menders(result.remedy or result.requirement.remedy, self._remedies)

    @cached_property
    def shown(self) -> tuple[Row, ...]:
        """The rows that stand on the page as findings, from top to bottom."""
        return tuple(
            row for part in (Verdict.NON_COMPLIANT, Verdict.WAIVED, Verdict.NOT_VERIFIED) for row in self.of(part)
        )

    @cached_property
    def _first(self) -> dict[object, Row]:
        """Where on the page a piece of evidence, or a disagreement of documents, stands in full."""
        found: dict[object, Row] = {}
        for row in self.shown:
            for told in (*row.result.evidence, *concerning(row.result.requirement.id)):
                found.setdefault(told, row)
        return found

    def evidence(self, row: Row) -> tuple[tuple[Evidence, ...], tuple[tuple[Row, int], ...]]:
        """Give the evidence of a finding: what stands here, and how much of it at which finding above.

        Of a message that was not seen there is no more to show than the reason, which the finding tells.
        """
        observed = [one for one in dict.fromkeys(row.result.evidence) if not _is_unseen(one)]
        above: dict[str, tuple[Row, int]] = {}
        for first in (self._first[one] for one in observed):
            above[first.anchor] = (first, above.get(first.anchor, (first, 0))[1] + 1)
        above.pop(row.anchor, None)
        return tuple(one for one in observed if self._first[one] is row), tuple(above.values())

    def disagreements(self, row: Row) -> tuple[tuple[Disagreement, Row | None], ...]:
        """Give where documents disagree about a finding, each with the finding above where that stands in full."""
        found = concerning(row.result.requirement.id)
        return tuple((one, None if self._first[one] is row else self._first[one]) for one in found)

    @cached_property
    def blockers(self) -> tuple[Blocker, ...]:
        """What blocks, a requirement once: causes, each with what falls with it."""
        blocking = [self._anchors[id(result)] for result in self.run.blocking()]
        grouped: dict[str, list[Row]] = {}
        for row in blocking:
            grouped.setdefault(row.result.requirement.id, []).append(row)
        found = {name: self._blocker(name, group, grouped) for name, group in grouped.items()}

        def cause(name: str) -> str:
            seen = [name]
            while further := next((one for one in found[name].follows if one not in seen), None):
                seen.append(name := further)
            return name

        # Of two that send on to each other both are causes.
        causes = {name: one for name, one in found.items() if cause(cause(name)) != cause(name) or cause(name) == name}
        after = {
            name: [one for each, one in found.items() if each not in causes and cause(each) == name] for name in causes
        }
        told = [replace(one, effects=tuple(after[name])) for name, one in causes.items()]
        known = (Verdict.NON_COMPLIANT,)  # what is wrong before what is not known
        return tuple(sorted(told, key=lambda one: (one.rows[0].result.verdict not in known, -len(one.effects))))

    def _blocker(self, identifier: str, group: Sequence[Row], grouped: Mapping[str, Sequence[Row]]) -> Blocker:
        named = [match[0] for row in group for match in IDENTIFIER.finditer(row.result.remedy)]
        domains = {row.result.domain for row in group}
        mends = {(row.result.domain, row.result.remedy) for row in group}
        if all(remedy for _, remedy in mends):
            above = takewhile(lambda name: name != identifier, grouped)
            same = (one for one in above if mends <= {(row.result.domain, row.result.remedy) for row in grouped[one]})
            named += [next(same, identifier)]
        follows = tuple(
            name
            for name in dict.fromkeys(named)
            if name != identifier and name in grouped and domains <= {row.result.domain for row in grouped[name]}
        )
        acting = {mender for row in group for mender in self.menders(row.result)}
        return Blocker(tuple(group), tuple(mender for mender in Mender if mender in acting), follows)

    @cached_property
    def work(self) -> tuple[tuple[Mender | None, tuple[str, ...]], ...]:
        """Who has to mend which requirements before the change; None: no remedy names a tool of anybody's."""
        told = [
            (mender, tuple(one.requirement.id for one in self.blockers if mender in (one.menders or (None,))))
            for mender in (*Mender, None)
        ]
        return tuple((mender, identifiers) for mender, identifiers in told if identifiers)

    def of(self, *verdicts: Verdict) -> tuple[Row, ...]:
        """Give the rows of these verdicts, `must` before `should`, else in the order of the features."""
        found = [row for row in self.rows if row.result.verdict in verdicts]
        return tuple(sorted(found, key=lambda row: row.result.requirement.level is not Level.MUST))

    @property
    def by_scenario(self) -> tuple[tuple[ScenarioName, int], ...]:
        """How many domains declare each scenario."""
        counted = Counter(self.run.domains.values())
        return tuple((name, counted[name]) for name in in_order(counted.keys()))

    @cached_property
    def designs(self) -> tuple[Design, ...]:
        """The ways of messages, domains together whose drawings are alike; those that differ first."""
        groups: dict[object, list[tuple[str | None, tuple[Passage, ...]]]] = {}
        order: dict[str | None, int] = {domain: number for number, domain in enumerate(self.run.domains)}
        order[None] = len(order) + 1  # the tenant comes last, after domains that the environment does not name
        ordered = sorted(self.rows, key=lambda row: order.get(row.result.domain, len(order) - 1))
        for domain, of_domain in groupby(ordered, key=lambda row: row.result.domain):
            found = passages(of_domain)
            scenario = self.run.domains.get(domain) if domain else None
            if found:
                groups.setdefault((scenario, *(one.shape for one in found)), []).append((domain, found))
        designs = [self._design(group) for group in groups.values()]
        return tuple(sorted(designs, key=lambda design: (design.scenario is None, not design.differing)))

    @cached_property
    def _titles(self) -> tuple[str, ...]:
        """Every feature of which a row comes, once."""
        return tuple(dict.fromkeys(row.result.requirement.scenario for row in self.rows))

    def _design(self, group: Sequence[tuple[str | None, tuple[Passage, ...]]]) -> Design:
        first, found = group[0]
        scenario = self.run.domains.get(first) if first else None
        title = next((title for title in self._titles if scenario and title.startswith(f"Scenario {scenario} ")), "")
        drawing = draw(found, own_first=scenario in (3, 4, None))
        return Design(scenario, title, tuple(domain for domain, _ in group), found, drawing)

    @cached_property
    def notes(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        """What is worth saying without being a verdict, each once, with the rows where it was said."""
        told: dict[str, list[Row]] = {}
        for row in self.rows:
            for note in row.result.notes:
                told.setdefault(note, []).append(row)
        return tuple((note, tuple(where)) for note, where in told.items())

    @property
    def sources(self) -> tuple[Document, ...]:
        """Every document of the library on which a row rests, in the order of the library."""
        named = {source.document for result in self.run.results for source in result.requirement.sources}
        return tuple(document for key, document in documents().items() if key in named)

    @cached_property
    def texts(self) -> tuple["Text", ...]:
        """Every requirement with its sentences and what came of each, in the order of the features."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.result.requirement.id, []).append(row)
        return tuple(map(_text, found.values()))


def _is_unseen(one: Evidence) -> bool:
    return one.way is not None and one.way.ending == UNSEEN and all(line.startswith(UNSEEN) for line in one.answer)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows in which every sentence ended alike, and for the same reason."""

    rows: tuple[Row, ...]

    @property
    def result(self) -> Result:
        """Any of them."""
        return self.rows[0].result


@dataclass(frozen=True, slots=True)
class Text:
    """A scenario of a feature file and its outcomes."""

    requirement: Requirement
    outcomes: tuple[Outcome, ...]
    sentences: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...]  # keyword, text, how often it ended how


def _text(group: Sequence[Row]) -> Text:
    outcomes: dict[object, list[Row]] = {}
    for row in group:
        told = tuple((step.keyword, step.text, step.status, step.asked, step.seen) for step in row.result.steps)
        outcomes.setdefault((row.result.verdict, row.result.reason, told), []).append(row)
    return Text(
        group[0].result.requirement,
        tuple(Outcome(tuple(them)) for them in outcomes.values()),
        _sentences(row.result for row in group),
    )


def _sentences(results: Iterable[Result]) -> tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...]:
    """Take the same sentence of all rows together, with the ways in which it ended."""
    ended: dict[tuple[int, str, str], dict[str, int]] = {}
    for result in results:
        for number, step in enumerate(result.steps):
            counted = ended.setdefault((number, step.keyword, step.text), {})
            counted[step.status] = counted.get(step.status, 0) + 1
    return tuple((keyword, text, tuple(counted.items())) for (_, keyword, text), counted in sorted(ended.items()))

"""From one feature file to requirements, with every mistake in it.

The rules that pytest-bdd leaves to its users, and whose breach can turn red into green, are enforced here: two
scenarios of one title (pytest-bdd keeps the last and drops the others), a scenario without steps or without
Then (it would pass), an outline without rows (it would run once, with its placeholders).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gherkin.dialect import Dialect
from pytest_bdd.gherkin_parser import Feature as Parsed
from pytest_bdd.gherkin_parser import Scenario as ParsedScenario
from pytest_bdd.gherkin_parser import Step, Tag
from pytest_bdd.types import STEP_TYPE_BY_PARSER_KEYWORD

from mailflow.input_error import InputError, Mistake
from mailflow.policy import description, selection
from mailflow.policy.documents import Document
from mailflow.policy.feature import Example, Feature, Scenario, slug
from mailflow.policy.gherkin_file import parse, scenarios
from mailflow.policy.requirement import Requirement
from mailflow.policy.selection import Selection, Tags

_PLACEHOLDER = re.compile(r"<([^<>]+)>")


def read(path: Path, root: Path, library: Mapping[str, Document]) -> Feature:
    """Read one feature file.

    Raises:
        InputError: with every mistake in it.

    """
    reader = _Reader(path, path.relative_to(root).as_posix(), library)
    feature = reader.feature(parse(path, reader.path))
    if reader.mistakes:
        raise InputError(*dict.fromkeys(reader.mistakes))  # those of a rule are found once a scenario
    return feature


class _Reader:
    """Turns the syntax tree of one file into values and gathers what is wrong."""

    def __init__(self, file: Path, path: str, library: Mapping[str, Document]) -> None:
        self.file = file
        self.path = path
        self.library = library
        self.mistakes: list[Mistake] = []
        self.scenario_tags: dict[str, int] = {}

    def note(self, line: int, found: str, expected: str, mend: str = "") -> None:
        self.mistakes.append(Mistake(self.path, line, found, expected, mend))

    def feature(self, parsed: Parsed) -> Feature:
        outlines = Dialect.for_name(parsed.language)
        self.outline_words = outlines.scenario_outline_keywords if outlines else []
        outer = self.tags(parsed.tags, "feature")
        told: list[Scenario] = []
        for scenario, rule_tags, background in scenarios(parsed):
            rule = self.tags(rule_tags, "rule")
            tags = self.tags(scenario.tags, "scenario")
            self.steps(scenario, background)
            chosen = tags.selection.within(rule.selection).within(outer.selection)
            words = {_word(tag) for tag in (*parsed.tags, *rule_tags, *scenario.tags)}
            requirement = self.requirement(parsed, scenario, tags, (outer, rule, tags))
            examples = tuple(self.examples(scenario, background, chosen))
            if requirement:
                told.append(Scenario(requirement, examples, frozenset(words), chosen))
        self.titles(parsed)
        introduces = outer.selection.scenarios or frozenset()
        return Feature(self.path, parsed.name, tuple(told), self.file, introduces, self.scenario_tags)

    def tags(self, tags: list[Tag], where: str) -> Tags:
        """Sort the tags of one level; an identifier belongs to a scenario."""
        found = selection.sort(_word(tag) for tag in tags)
        lines = {_word(tag): tag.location.line for tag in tags}
        for tag, mend in found.unknown:
            self.note(lines[tag], f"the unknown tag @{tag}", "a tag with a meaning", mend)
        for tag in found.of_scenarios:
            self.scenario_tags.setdefault(tag, lines[tag])
        if where != "scenario":
            for tag in found.identifiers:
                self.note(lines[tag], f"the identifier @{tag} on a {where}", "it on one scenario")
        if where == "examples" and found.levels:
            self.note(tags[0].location.line, "a level on examples", "it on the scenario")
        return found

    def requirement(
        self, feature: Parsed, scenario: ParsedScenario, tags: Tags, levels: tuple[Tags, ...]
    ) -> Requirement | None:
        line = scenario.location.line
        if len(tags.identifiers) != 1:
            found = " and ".join(f"@{tag}" for tag in tags.identifiers) or f"no identifier on '{scenario.name}'"
            self.note(line, found, "one identifier, such as @CONTOSO-MX-1")
        weights = [level for part in levels for level in part.levels]
        if len(weights) != 1:
            found = " and ".join(f"@{level}" for level in weights) or f"no level on '{scenario.name}'"
            self.note(line, found, "@must or @should")
        told = description.read(scenario.description, self.library)
        for flaw in told.flaws:
            self.note(line, flaw.found, flaw.expected, flaw.mend)
        if len(tags.identifiers) != 1 or len(weights) != 1:
            return None
        return Requirement(
            tags.identifiers[0],
            weights[0],
            scenario.name,
            feature.name,
            told.sources,
            told.remedy,
            told.why,
            self.path,
            line,
        )

    def steps(self, scenario: ParsedScenario, background: list[Step]) -> None:
        line = scenario.location.line
        if not scenario.steps:
            self.note(line, f"no steps in '{scenario.name}'", "When and Then")
            return
        for first in (background[:1], scenario.steps[:1]):
            if first and first[0].keyword_type not in STEP_TYPE_BY_PARSER_KEYWORD:
                self.note(first[0].location.line, f"'{first[0].keyword}' first", "Given, When or Then")
        kinds = [step.keyword_type for step in (*background, *scenario.steps)]
        if "Outcome" not in kinds:
            self.note(line, f"no Then in '{scenario.name}'", "a Then, which says what must be true")
        if kinds.count("Action") > 1:
            self.note(line, f"{kinds.count('Action')} When in '{scenario.name}'", "one", "Split the scenario.")

    def examples(self, scenario: ParsedScenario, background: list[Step], chosen: Selection) -> Iterator[Example]:
        if not scenario.examples:
            if scenario.keyword in self.outline_words:
                self.note(scenario.location.line, f"no Examples in '{scenario.name}'", "Examples with rows")
            yield Example({}, chosen, slug(scenario.name))
            return
        wanted = set(_PLACEHOLDER.findall("\n".join(_texts(scenario, background))))
        number = 0
        for table in scenario.examples:
            line = table.location.line
            columns = [cell.value for cell in table.table_header.cells] if table.table_header else []
            if not table.table_body:
                self.note(line, "Examples without rows", "a row or more")
            if missing := sorted(wanted - set(columns)):
                self.note(line, f"no column for <{'>, <'.join(missing)}>", "a column for each placeholder")
            if unused := sorted(set(columns) - wanted):
                self.note(line, f"the unused column '{', '.join(unused)}'", "columns that a step names")
            inner = self.tags(table.tags, "examples").selection.within(chosen)
            for row in table.table_body or ():
                number += 1
                values = dict(zip(columns, (cell.value for cell in row.cells), strict=True))
                told = _PLACEHOLDER.sub(lambda found, v=values: v.get(found[1], found[0]), scenario.name)  # type: ignore[misc]  # mypy cannot infer the bound default
                yield Example(values, inner, f"{slug(told)}-row-{number}")

    def titles(self, feature: Parsed) -> None:
        told = [scenario for scenario, _, _ in scenarios(feature)]
        if not told:
            self.note(feature.location.line, f"no scenario in '{feature.name}'", "one or more")
        first: dict[str, ParsedScenario] = {}
        for scenario in told:
            line = scenario.location.line
            if not slug(scenario.name):
                self.note(line, f"the title '{scenario.name}'", "a sentence")
            elif (before := first.setdefault(slug(scenario.name), scenario)) is not scenario:
                self.note(
                    line,
                    f"the title '{scenario.name}' once more",
                    "titles that differ in their letters or digits",
                    f"Line {before.location.line} has '{before.name}'.",
                )


def _word(tag: Tag) -> str:
    return tag.name.removeprefix("@")


def _texts(scenario: ParsedScenario, background: Iterable[Step]) -> Iterator[str]:
    """Give every text in which a placeholder of an outline may stand."""
    yield scenario.name
    for step in (*background, *scenario.steps):
        yield step.text
        if step.docstring:
            yield step.docstring.content
        if step.datatable:
            yield from (cell.value for row in step.datatable.rows for cell in row.cells)

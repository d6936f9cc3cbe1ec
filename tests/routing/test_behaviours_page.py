"""docs/behaviours.md lists every rule of the simulated servers, and nothing that is not one."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mailflow.policy.documents import documents
from tests.simulate.test_sent import CASES, same

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "behaviours.md").read_text(encoding="utf-8")
ROUTING = sorted((PROJECT / "src" / "mailflow" / "routing").glob("*.py"))
REPLIES = PROJECT / "src" / "mailflow" / "exchange" / "replies.py"
TESTS = Path(__file__).parent


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def texts(file: Path) -> dict[str, ast.expr]:
    """Give the names that stand for a text in a module."""
    return {
        node.targets[0].id: node.value
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, (ast.Constant, ast.JoinedStr))
    }


def words(node: ast.expr, named: dict[str, ast.expr]) -> str:
    """Give a text as the page writes it: … for what only a message fills in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name) and node.id in named:
        return words(named[node.id], named)
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part, named) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return words(node.value, named) if isinstance(node.value, ast.Name) and node.value.id in named else "…"
    raise AssertionError(f"line {node.lineno}: write the text where the rule is made: {ast.unparse(node)}")


def calls(file: Path, function: str) -> Iterator[ast.Call]:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == function:
            yield node


def rules_made() -> set[tuple[str, str]]:
    return {
        (words(call.args[0], texts(file)), words(call.args[1], texts(file)))
        for file in ROUTING
        for call in calls(file, "Rule")
    }


def notes_made() -> set[str]:
    """Give the sentences that routing itself assumes; those of exports come with the property."""
    return {
        words(call.args[0], texts(file))
        for file in ROUTING
        for call in calls(file, "assume.note")
        if isinstance(call.args[0], (ast.Constant, ast.JoinedStr))
    }


def replies_made() -> set[str]:
    """Give code and enhanced code of every reply that routing gives."""
    constants = {
        node.targets[0].id: node.value
        for node in parsed(REPLIES).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
    }
    used = {node.id for file in ROUTING for node in ast.walk(parsed(file)) if isinstance(node, ast.Name)}
    made = [constants[name] for name in sorted(used & set(constants))]
    made += [call for file in ROUTING for call in calls(file, "Reply")]
    return {f"{code.value} {enhanced.value}" for code, enhanced in (call.args[:2] for call in made)}  # type: ignore[attr-defined]


def rows(columns: str) -> list[tuple[str, ...]]:
    """Give the rows of every table with these columns."""
    found: list[tuple[str, ...]] = []
    for table in re.findall(rf"^\| {re.escape(columns)} \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", PAGE, re.M):
        found += [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()]
    return found


RULES = rows("rule | decides | reply | source | test | sent")
NOTES = rows("sentence | meanwhile | test | sent")
LISTED = dict(rows("source | document"))


def test_the_page_lists_every_rule_once_and_nothing_else() -> None:
    on_page = [(row[0], row[3]) for row in RULES]
    assert set(on_page) == rules_made()
    assert len(on_page) == len(set(on_page))


def test_the_page_lists_every_assumption_that_routing_makes() -> None:
    sentences = [row[0] for row in NOTES]
    assert set(sentences) == notes_made()
    assert len(sentences) == len(set(sentences))


def test_the_page_lists_every_reply() -> None:
    assert {reply for row in RULES for reply in re.findall(r"`([^`]+)`", row[2])} == replies_made()


def keys(source: str) -> list[str]:
    """Give the documents that a source names: `Routing; RFC 5321 section 4.4` names Routing and RFC 5321."""
    return [re.sub(r" sections? .*", "", part) for part in source.split("; ")]


def test_every_source_is_a_document_that_can_be_found() -> None:
    named = {key for _, source in rules_made() for key in keys(source)}
    assert named - set(documents()) - set(LISTED) == set()


def test_every_source_line_of_a_docstring_names_such_a_document() -> None:
    told = [
        said for file in ROUTING for said in re.findall(r"Source(?: for [a-z ]+)?: ([^.(\n]+)", file.read_text("utf-8"))
    ]
    assert told
    for said in told:
        assert any(said.startswith(key) for key in {*documents(), *LISTED}), said


def test_no_document_is_listed_in_vain() -> None:
    assert not set(LISTED) & set(documents())
    text = "\n".join(file.read_text(encoding="utf-8") for file in ROUTING)
    assert [key for key in LISTED if key not in text] == []


@pytest.mark.parametrize("row", [*RULES, *NOTES], ids=lambda row: row[0][:40])
def test_every_rule_has_a_test_that_demands_its_words(row: tuple[str, ...]) -> None:
    link = re.fullmatch(r"\[(\w+)\]\(\.\./tests/routing/(\w+\.py)\)", row[-2])
    assert link
    tested = parsed(TESTS / link[2])
    assert link[1] in {node.name for node in tested.body if isinstance(node, ast.FunctionDef)}
    # The longest piece of the rule that no message fills in stands in the file of the test.
    piece = max(re.split("…|: ", row[0]), key=len).strip(" '():;,")
    said = "\n".join(
        "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        if isinstance(node, ast.JoinedStr)
        else str(node.value)
        for node in ast.walk(tested)
        if isinstance(node, (ast.JoinedStr, ast.Constant))
    )
    assert piece in said


def sent_case(cell: str) -> dict[str, Any]:
    """Give the case to which the page links: what is configured, what is sent, what comes back."""
    link = re.fullmatch(r"\[([a-z0-9-]+)\]\(\.\./tests/simulate/sent/(\w+)\.toml\)", cell)
    assert link
    return CASES[f"{link[2]}/{link[1]}"]


@pytest.mark.parametrize("row", RULES, ids=lambda row: row[0][:40])
def test_every_rule_is_met_by_a_message(row: tuple[str, ...]) -> None:
    case = sent_case(row[-1])
    assert same(row[0], case["rule"])
    replies = re.findall(r"`([^`]+)`", row[2])
    assert not replies or any(reply in case["ends"] for reply in replies), case["ends"]


@pytest.mark.parametrize("row", NOTES, ids=lambda row: row[0][:40])
def test_every_assumption_travels_with_a_message(row: tuple[str, ...]) -> None:
    case = sent_case(row[-1])
    told = [*case.get("assumes", []), *case.get("of_signatures", [])]
    assert any(same(row[0], sentence) for sentence in told)


def test_no_message_meets_a_rule_that_is_not_on_the_page() -> None:
    assert [case["rule"] for case in CASES.values() if not any(same(row[0], case["rule"]) for row in RULES)] == []

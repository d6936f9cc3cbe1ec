"""One feature file as a syntax tree; what cannot be parsed is said without a traceback."""

from collections.abc import Iterator
from pathlib import Path

from pytest_bdd.exceptions import GherkinParseError
from pytest_bdd.gherkin_parser import Feature, Scenario, Step, Tag, get_gherkin_document

from mailflow.input_error import InputError, Mistake

ENCODING = "utf-8-sig"  # UTF-8, and Notepad's mark at its beginning does no harm
LARGEST = 1 << 20  # bytes; the largest of ours has 30,000


def parse(path: Path, name: str) -> Feature:
    """Parse a feature file; `name` is its path for people.

    Raises:
        InputError: unreadable, too large, not UTF-8, empty, or not Gherkin.

    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(Mistake(name, None, f"more than {LARGEST:,} bytes", "a feature file"))
        if not path.read_text(encoding=ENCODING).strip():
            raise InputError(Mistake(name, None, "an empty file", "a Feature with scenarios"))
        return get_gherkin_document(str(path), ENCODING).feature
    except GherkinParseError as error:
        found = f"'{error.line_content.strip()}'" if error.line_content.strip() else "the end of a block"
        raise InputError(Mistake(name, error.line, found, "Gherkin", error.message)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found = f"a byte that is no UTF-8 (0x{error.object[error.start]:02x})"
        raise InputError(Mistake(name, line, found, "text in UTF-8", "Save the file in the encoding UTF-8.")) from error
    except OSError as error:
        raise InputError(Mistake(name, None, error.strerror or str(error), "a readable file")) from error
    except KeyError as error:  # pytest-bdd's answer to a file of comments only
        raise InputError(Mistake(name, None, "no Feature", "a Feature with scenarios")) from error


def scenarios(feature: Feature) -> Iterator[tuple[Scenario, list[Tag], list[Step]]]:
    """Give every scenario with its rule's tags and the steps of the backgrounds before it, as pytest-bdd has them."""
    outer: list[Step] = []
    for child in feature.children:
        if child.background:
            outer = child.background.steps
        elif child.scenario:
            yield child.scenario, [], outer
        elif child.rule:
            own = next((inner.background.steps for inner in child.rule.children if inner.background), [])
            for inner in child.rule.children:
                if inner.scenario:
                    yield inner.scenario, child.rule.tags, [*outer, *own]

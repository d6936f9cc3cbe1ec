"""The simulation does not know which scenario a domain declares: what it does can disagree with what is expected."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailflow.door import open_door
from mailflow.environment.answers import Expects
from mailflow.environment.environment import Environment
from mailflow.environment.find import find
from mailflow.environment.message import Kind

SOURCE = Path(__file__).parents[2] / "src" / "mailflow"
MODULES = [
    *(path for room in ("simulate", "routing", "observe") for path in sorted((SOURCE / room).glob("*.py"))),
    SOURCE / "environment" / "message.py",
]
SHIPPED = [folder.name for folder in find(SOURCE.parents[1], [])]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_module_reads_what_is_expected(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert read & {"scenario", "expects", "__getattribute__"} == set()
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported & {"mailflow.environment.layout", "mailflow.environment.resemblance"} == set()
    assert called & {"getattr", "vars", "asdict", "astuple"} == set()  # the ways round


def test_the_modules_are_found() -> None:
    assert {"mta.py", "follow.py", "microsoft_365.py", "message.py"} <= {module.name for module in MODULES}


def paths(environment: Environment) -> dict[tuple[str, str], list[str]]:
    with open_door(environment) as door:
        return {
            (domain.name, kind): [f"{path} {path.assumptions} {path.mailbox}" for path in door.paths(domain, kind)]
            for domain in environment.domains
            for kind in Kind
        }


@pytest.mark.parametrize("name", SHIPPED)
def test_another_declared_scenario_changes_no_path(scenario: Callable[[str], Environment], name: str) -> None:
    environment = scenario(name)
    # That a domain has no mail at all says who is who; what is expected of those that have some is not looked at.
    others = tuple(
        replace(domain, scenario="another" if domain.scenario == 1 else 1) if domain.has_mail else domain
        for domain in environment.domains
    )
    told = paths(environment)
    assert sum(map(len, told.values())) > 15
    assert paths(replace(environment, domains=others, expects=Expects(None, None))) == told

"""Real servers in network namespaces: what these tests send reaches nobody else, so it may leave loopback."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from tests.real import exim, plans
from tests.real.keys import Keys
from tests.real.lab import Lab

_UP = pytest.StashKey[Lab]()


@pytest.fixture(autouse=True)
def beyond_loopback() -> list[Any]:
    """Take the place of the guard of all other tests: a namespace has no way out."""
    return []


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """Fail where a server is missing: a test that was not run has proved nothing."""
    missing = [name for name in ("ip", "nsd", "unbound", "postfix", "dig", "swaks") if not shutil.which(name)]
    assert not missing, f"not installed: {', '.join(missing)}; tests/real/install_servers does it"
    assert exim.program()
    assert os.geteuid() == 0, "network namespaces need root"


@pytest.fixture(scope="session")
def keys() -> Keys:
    """Make the authorities and keys of all labs."""
    return Keys()


@pytest.fixture(scope="module")
def lab_of(keys: Keys, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Start a lab for a shipped environment; ended with the module."""
    with ExitStack() as stack:

        def start(scenario: str) -> Lab:
            folder = plans.copy(scenario, tmp_path_factory.mktemp("plan") / scenario)
            lab = stack.enter_context(Lab(planned(folder, keys), keys))
            request.node.stash[_UP] = lab
            return lab

        yield start


def planned(folder: Path, keys: Keys) -> Environment:
    """Load an environment whose certificates are those that the lab's servers show."""
    keys.plan(load(folder), folder)
    return load(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the logs of the servers for a test that fails."""
    report = yield
    lab = item.parent.stash.get(_UP, None) if item.parent else None
    if report.failed and lab is not None:
        report.sections.append(("Servers", lab.programs.printed()))
    return report

"""What a sentence may ask for: the world it speaks of, the door to it, and where it says what it found."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from mailflow.environment.environment import Domain, Environment
from mailflow.plugin.collect import ScenarioItem
from mailflow.plugin.doors import DOORS
from mailflow.policy.finding import Finding

Say = Callable[[Finding | Iterable[Finding]], None]


def _scenario(request: pytest.FixtureRequest) -> ScenarioItem:
    if not isinstance(request.node, ScenarioItem):
        raise TypeError(f"{request.fixturename} is for scenarios of feature files")
    return request.node


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> Environment:
    """The environment that the scenario asks, as far as it could be observed."""
    return request.config.stash[DOORS].observed(_scenario(request).environment)


@pytest.fixture
def domain(request: pytest.FixtureRequest) -> Domain:
    """The domain that the scenario asks. A scenario tagged @tenant has none: LookupError."""
    return _scenario(request).domain


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Any:
    """The way to observe the environment; opened at first use, one for all scenarios of the environment."""
    return request.config.stash[DOORS].door(_scenario(request).environment)


@pytest.fixture
def conclude(request: pytest.FixtureRequest) -> Say:
    """Takes the findings of a Then sentence: `conclude(spf.valid(answer))`. It raises no verdict."""
    return _scenario(request).record.conclude


@pytest.fixture
def condition(request: pytest.FixtureRequest) -> Say:
    """Takes what a Given sentence says of a condition of the documentation."""
    return _scenario(request).record.condition

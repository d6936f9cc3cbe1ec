"""What a sentence may ask for: the world it speaks of, the door to it, and where it says what it found."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from mailflow.environment.environment import Domain, Environment
from mailflow.plugin.collect import ScenarioItem
from mailflow.policy.finding import Finding

Say = Callable[[Finding | Iterable[Finding]], None]


def _known(request: pytest.FixtureRequest) -> Any:
    """Give what stands under the fixture's name."""
    if not isinstance(request.node, ScenarioItem):
        raise TypeError(f"{request.fixturename} is for scenarios of feature files")
    return request.node.known[str(request.fixturename)]()


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> Environment:
    """The environment that the scenario asks, as far as it could be observed."""
    known: Environment = _known(request)
    return known


@pytest.fixture
def domain(request: pytest.FixtureRequest) -> Domain:
    """The domain that the scenario asks. A scenario tagged @tenant has none: LookupError."""
    known: Domain = _known(request)
    return known


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Any:
    """The way to observe the environment; opened at first use, one for all scenarios of the environment."""
    return _known(request)


@pytest.fixture
def conclude(request: pytest.FixtureRequest) -> Say:
    """Takes the findings of a Then sentence: `conclude(spf.valid(answer))`. It raises no verdict."""
    known: Say = _known(request)
    return known


@pytest.fixture
def condition(request: pytest.FixtureRequest) -> Say:
    """Takes what a Given sentence says of a condition of the documentation."""
    known: Say = _known(request)
    return known

"""Carrying out one scenario: its sentences in their order, each by its definition.

pytest-bdd's own runner searches the definition of a sentence at every step; the vocabulary knows it since
collection. The hooks of pytest-bdd are called as it calls them, so other plugins see an ordinary run.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from pytest_bdd.parser import Scenario, Step
from pytest_bdd.steps import StepFunctionContext
from pytest_bdd.utils import get_required_args

from mailflow.plugin.record import Record
from mailflow.plugin.vocabulary import Vocabulary

# Words of pytest that would end a scenario without a verdict. A sentence says what it found instead.
_WAYS_OUT = (pytest.skip.Exception, pytest.xfail.Exception)


def carry_out(
    request: pytest.FixtureRequest,
    scenario: Scenario,
    vocabulary: Vocabulary,
    record: Record,
    known: Mapping[str, Callable[[], object]],
) -> None:
    """Run every step and note what it concludes.

    `known`: fixtures whose values are at hand. Nearly every sentence asks for two of them, and pytest would set each
    of them up and tear it down.

    Raises:
        Exception: whatever a step raises; the record says at which.

    """
    __tracebackhide__ = True
    hook = request.config.hook
    about: dict[str, Any] = {"request": request, "feature": scenario.feature, "scenario": scenario}
    values: dict[str, object] = {}
    hook.pytest_bdd_before_scenario(**about)
    try:
        for step in scenario.steps:
            record.begin()
            definition = vocabulary.definition(step.type, step.name)
            try:
                returned = _carry_out(step, definition, values, known, about)
            except _WAYS_OUT as error:
                raise RuntimeError(f"a sentence may not skip: {error}") from error
            if definition.target_fixture:
                values[definition.target_fixture] = returned
            record.end()
    finally:
        hook.pytest_bdd_after_scenario(**about)


def _carry_out(
    step: Step,
    definition: StepFunctionContext,
    values: Mapping[str, object],
    known: Mapping[str, Callable[[], object]],
    about: dict[str, Any],
) -> object:
    __tracebackhide__ = True
    request = about["request"]
    hook = request.config.hook
    function = definition.step_func
    about = {**about, "step": step, "step_func": function}
    hook.pytest_bdd_before_step(**about)
    arguments: dict[str, object] = {}
    about["step_func_args"] = arguments
    try:
        arguments |= _read(step, definition)
        for name in _required(function):
            if name in values and name not in arguments:
                arguments[name] = values[name]
            elif name not in arguments:
                arguments[name] = known[name]() if name in known else request.getfixturevalue(name)
        hook.pytest_bdd_before_step_call(**about)
        returned = function(**arguments)
    except Exception as error:
        hook.pytest_bdd_step_error(exception=error, **about)
        raise
    hook.pytest_bdd_after_step(**about)
    return returned


def _read(step: Step, definition: StepFunctionContext) -> dict[str, object]:
    """Read the arguments out of a sentence and of what stands below it, as far as the function takes them."""
    parsed = definition.parser.parse_arguments(step.name) or {}
    told: dict[str, object] = {
        name: definition.converters[name](value) if name in definition.converters else value
        for name, value in parsed.items()
    }
    if step.datatable is not None:
        told["datatable"] = step.datatable.raw()
    if step.docstring is not None:
        told["docstring"] = step.docstring
    return {name: value for name, value in told.items() if name in _taken(definition.step_func)}


# A definition is looked into once, not at each of the 100,000 sentences of a large run.
@cache
def _required(function: Callable[..., object]) -> tuple[str, ...]:
    return tuple(get_required_args(function))


@cache
def _taken(function: Callable[..., object]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)

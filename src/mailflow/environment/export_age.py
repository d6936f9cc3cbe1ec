"""What exports are worth in a live run: they count while they are new, and evidence says of which day. Pure."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ExchangeOnline
from mailflow.exchange.server import ExchangeServer

Exports = TypeVar("Exports", ExchangeOnline, ExchangeServer)

OLDEST = timedelta(days=14)  # connectors are changed in the weeks before a cutover, not in years
_AHEAD = timedelta(days=1)  # clocks go wrong; more than that is no date


def without_stale_exports(environment: Environment, now: datetime) -> Environment:
    """Make unknown what the exports say of either side where they are too old, or nobody knows how old. `now` aware.

    What is in a simulation the plan, is in a live run an observation, and that has a date.
    """
    own, tenant = environment.on_premises, environment.microsoft_365
    return replace(
        environment,
        microsoft_365=replace(tenant, online=_worth(tenant.online, "the exports of Microsoft 365", now)),
        on_premises=replace(own, exchange=_worth(own.exchange, "the exports of the own Exchange servers", now)),
    )


def _worth(exports: Exports, which: str, now: datetime) -> Exports:
    why = _stale(exports.exported, which, now)
    changed: dict[str, Any] = {}
    for one in fields(exports):
        value = getattr(exports, one.name)
        if one.name == "exported" or isinstance(value, Unknown):  # what was not supplied stays so
            continue
        changed[one.name] = Unknown(why) if why else _dated(value, str(exports.exported and exports.exported.date()))
    return replace(exports, **changed)


def _stale(made: datetime | None, which: str, now: datetime) -> str:
    """Tell why exports say nothing of today; empty where they do."""
    if made is None:
        return f"nobody says when {which} were made: there is no exported.json beside them"
    if made > now + _AHEAD:
        return f"{which} are of {made.date()} (exported.json), which is in the future"
    if now - made > OLDEST:
        return f"{which} are of {made.date()} (exported.json), more than {OLDEST.days} days old"
    return ""


def _dated(value: Any, day: str) -> Any:
    """Let every object of an export say in evidence when it was exported."""
    if isinstance(value, tuple):
        return tuple(_dated(one, day) for one in value)
    return replace(value, origin=replace(value.origin, exported=day))

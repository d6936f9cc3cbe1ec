"""How each environment of a run is looked at, from the options of the command line."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from mailflow.door.look import LIVE, RECORDED, SIMULATED, Look
from mailflow.environment.environment import Environment, Stage
from mailflow.input_error import InputError, Mistake
from mailflow.mail.address import AddressError, domain_name
from mailflow.observe.dns_server import resolver, resolvers_of_the_system
from mailflow.observe.recording import Recording
from mailflow.observe.saved_message import read_saved

_CLOCKS = timedelta(days=1)  # by which clocks may differ
_OF_MODE = {  # options that only one mode knows
    "stage": LIVE,
    "resolver": LIVE,
    "vantage": LIVE,
    "look_as": LIVE,
    "dry_run": LIVE,
    "evidence": RECORDED,
    "fault": SIMULATED,
}


def recordings(config: pytest.Config) -> dict[str, Recording]:
    """Read what is to be judged again, by the name of its environment; none where the mode is another.

    Raises:
        pytest.UsageError: options that do not go together.
        InputError: a file is no evidence.json.

    """
    mode = config.getoption("mode")
    for option, its in _OF_MODE.items():
        if config.getoption(option) and mode != its:
            raise pytest.UsageError(f"--{option.replace('_', '-')} is for --mode {its}, not for --mode {mode}")
    files = config.getoption("evidence")
    if mode == RECORDED and not files:
        raise pytest.UsageError("--mode recorded needs --evidence FILE, the evidence.json of an earlier run")
    from mailflow.report.read import read_recording  # noqa: PLC0415  # only recorded runs read reports

    found: dict[str, Recording] = {}
    for file in files:
        recording = read_recording(config.invocation_params.dir / file)
        if recording.environment in found:
            mistake = Mistake(file, None, f"a second recording of {recording.environment}", "one an environment")
            raise InputError(mistake)
        found[recording.environment] = recording
    return found


def looks(
    config: pytest.Config, environments: Mapping[str, Environment], recorded: Mapping[str, Recording]
) -> dict[str, Look]:
    """Say for each environment how it is looked at.

    Raises:
        pytest.UsageError: an option that cannot be read.
        InputError: a recording is not of the folder as it is, or there is none of an environment; a saved message
            cannot be read; a live run of a draft.

    """
    mode = config.getoption("mode")
    if mode == RECORDED:
        _same(environments, recorded)
        return {name: Look(mode, Stage(recorded[name].stage), recorded[name]) for name in environments}
    if mode == SIMULATED:
        return dict.fromkeys(environments, Look())
    try:
        station = Look(
            mode,
            resolvers=tuple(map(resolver, config.getoption("resolver"))) or resolvers_of_the_system(),
            vantage=tuple(map(ip_address, config.getoption("vantage"))),
            looks_as=domain_name(config.getoption("look_as")) if config.getoption("look_as") else "",
        )
    except (ValueError, AddressError) as wrong:
        raise pytest.UsageError(str(wrong)) from wrong
    _no_drafts(environments)
    for environment in environments.values():
        read_saved(environment.folder)  # what is wrong with a saved message is said before anybody is contacted
    asked = config.getoption("stage")
    return {name: station.at(_stage(environment, asked)) for name, environment in environments.items()}


def _stage(environment: Environment, asked: str | None) -> Stage:
    if asked:
        return Stage(asked)
    return environment.cutover.stage if environment.cutover else Stage.AFTER


def _no_drafts(environments: Mapping[str, Environment]) -> None:
    """Contact nobody for a draft: its addresses are nobody's, or of this machine."""
    mistakes = [
        Mistake(f"fixtures/{name}", None, f"still to be filled in: {place}", "no placeholder in a live run")
        for name, environment in environments.items()
        for place in environment.unfilled
    ]
    if mistakes:
        raise InputError(*mistakes)


def _same(environments: Mapping[str, Environment], recorded: Mapping[str, Recording]) -> None:
    """Demand that each recording was made of the folder as it is now: it says nothing of another plan."""
    if missing := sorted(environments.keys() - recorded.keys()):
        raise InputError(Mistake("--evidence", None, f"no recording of {', '.join(missing)}", "one an environment"))
    for name, recording in recorded.items():
        environment = environments.get(name)
        if environment is None:
            told = f"a recording of '{name}'", f"one of {', '.join(environments)}"
        elif environment.digest != recording.digest:
            told = (
                f"a recording of {name} with the digest {recording.digest[:12]}…",
                f"one of the folder as it is ({environment.digest[:12]}…)",
            )
        elif recording.at > datetime.now(UTC) + _CLOCKS:
            told = f"a recording of {name} made at {recording.at:%Y-%m-%d %H:%M} UTC, in the future", "one of the past"
        else:
            continue
        raise InputError(Mistake("--evidence", None, *told, "Judge it beside the folder of which it was made."))

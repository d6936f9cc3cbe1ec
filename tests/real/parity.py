"""Judging one configuration both ways: in a simulation, and live before real servers."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from mailflow.environment.environment import Environment
from mailflow.environment.fault_change import Change, apply
from mailflow.environment.load import load
from tests.real import plans
from tests.real.cases import CASES, PROJECT, Case, faults
from tests.real.keys import Keys
from tests.real.lab import Lab
from tests.real.post import send_and_save

Verdicts = Mapping[str, str]  # requirement → verdict

_OPEN = "not-verified"
_RUN_S = 300.0
_QUIET_S = 6.0  # after which what has not come in a broken configuration will not come


def prepare(case: Case, folder: Path, keys: Keys) -> Environment:
    """Write the environment of a case, as both will read it, and load it as the lab does."""
    fault = faults()[case.fault].file if case.fault else None
    changes = [change for change in (fault.given, fault.change) if change] if fault else []
    plans.copy(case.scenario, folder, lambda copy: _change(copy, changes, dict(case.facts)))
    keys.plan(load(folder), folder)
    does = {change.server.name: change.server.does for change in changes if change.server}
    return replace(load(folder), disturbed=does)


def _change(folder: Path, changes: Iterable[Change], facts: Mapping[str, Any]) -> None:
    for change in changes:
        apply(change, folder)
    if facts:
        file = folder / "environment.yaml"
        told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        (server,) = told["on_premises"]["servers"].values()
        server["other"] = {key: value for key, value in (server["other"] | facts).items() if value is not None}
        file.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")


def judge_live(case: Case, environment: Environment, keys: Keys) -> Verdicts:
    """Set the servers up, send every message, and let `--mode live` look from a stranger's host."""
    with Lab(environment, keys) as lab:
        for domain in environment.domains:
            waits = {"quiet_s": _QUIET_S} if case.broken else {}
            send_and_save(lab, domain, environment.folder / "messages", **waits)
        (found,) = _judge(lab.stranger.command, [environment.folder], "--mode", "live", "--stage", "after").values()
    return found


def judge_simulated(environments: Mapping[Case, Environment], place: Path) -> dict[Case, Verdicts]:
    """Judge copies of the same folders in a simulation: together, but for those in which a server misbehaves."""
    folders = {}
    for case, environment in environments.items():
        # What a server does otherwise stands in no file: --fault says it, to an environment of a shipped name.
        name = f"{case.name}/{case.scenario}" if environment.disturbed else case.name
        folders[case] = shutil.copytree(environment.folder, place / name)
    alone = [case for case, environment in environments.items() if environment.disturbed]
    together = _judge(_here, [folder for case, folder in folders.items() if case not in alone])
    found = {case: together[case.name] for case in environments if case not in alone}
    for case in alone:
        (found[case],) = _judge(_here, [folders[case]], "--fault", case.fault).values()
    return found


def _here(*command: object) -> list[str]:
    return list(map(str, command))


def _judge(command: Callable[..., list[str]], folders: Iterable[Path], *options: str) -> dict[str, Verdicts]:
    """Run the features as a user does, and read the verdicts from report.json, by environment."""
    reports = Path(tempfile.mkdtemp(prefix="mailflow-parity-"))
    run = (sys.executable, "-m", "pytest", "features", "-q", "-p", "no:cacheprovider", "--reports", reports)
    chosen = (option for folder in folders for option in ("--environment", folder))
    try:
        done = subprocess.run(
            command(*run, *chosen, *options),
            cwd=PROJECT,
            env=os.environ | {"PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=_RUN_S,
            check=False,
        )
        found = {}
        for file in reports.glob("**/report.json"):
            told = json.loads(file.read_text(encoding="utf-8"))
            found[told["environment"]["name"]] = {row["id"]: row["verdict"] for row in told["requirements"]}
        assert found, f"{done.stdout}\n{done.stderr}"
        return found
    finally:
        shutil.rmtree(reports)


@dataclass(frozen=True)
class Compared:
    """The verdicts of one configuration, side by side."""

    case: Case
    simulated: Verdicts
    live: Verdicts

    def pairs(self) -> list[tuple[str, str, str]]:
        """Give every row that both were asked, with what the simulation said of it and what the live run."""
        return [(row, verdict, self.live[row]) for row, verdict in self.simulated.items() if row in self.live]

    def both(self, *verdicts: str) -> list[str]:
        """Name the rows that both decided alike, by one of these verdicts."""
        return [row for row, simulated, live in self.pairs() if simulated == live and live in verdicts]

    @property
    def apart(self) -> list[str]:
        """Name the rows that both decided, and not alike."""
        return [row for row, *two in self.pairs() if _OPEN not in two and two[0] != two[1]]

    @property
    def open(self) -> list[str]:
        """Name the rows that one of them decided, or none."""
        return [row for row, *two in self.pairs() if _OPEN in two]


def compare(keys: Keys, place: Path) -> list[Compared]:
    """Judge every case both ways, several at a time: most of it is waiting."""
    environments = {case: prepare(case, place / "live" / case.name, keys) for case in CASES}
    with ThreadPoolExecutor(4) as pool:
        simulated = pool.submit(judge_simulated, environments, place / "simulated")
        live = {case: pool.submit(judge_live, case, environment, keys) for case, environment in environments.items()}
        return [Compared(case, simulated.result()[case], live[case].result()) for case in CASES]

"""The configurations for which a simulation and real servers are compared, and judging each of them both ways."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mailflow.environment.environment import Environment
from mailflow.environment.fault import Fault, read_all
from mailflow.environment.fault_change import Change, apply
from mailflow.environment.load import load
from tests.real import plans
from tests.real.keys import Keys
from tests.real.lab import Lab
from tests.real.post import send_and_save

PROJECT = Path(__file__).parents[2]
Verdicts = Mapping[str, str]  # requirement → verdict

_RUN_S = 120.0


@dataclass(frozen=True)
class Case:
    """One configuration, and the rows that must be non-compliant both ways."""

    scenario: str
    fault: str = ""  # of fixtures/faults; empty: correct, or the facts of the own server changed
    wrong: str = ""  # what is wrong, where no fault says it
    facts: tuple[tuple[str, Any], ...] = ()  # of the own server, as environment.yaml has them; None: absent
    falls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name it as the page does: its environment's folder."""
        words = self.fault or "-".join(key for key, _ in self.facts)
        return f"{self.scenario}.{words}" if words else self.scenario

    @property
    def title(self) -> str:
        """Say in words what is wrong."""
        return faults()[self.fault].file.title if self.fault else self.wrong or "as documented"


def _routes(*, exit_by_mx: bool, shows_certificate: bool) -> list[dict[str, str]]:
    shown = {"require_tls": "true", "presents_certificate": "true" if shows_certificate else "false"}
    everywhere = {} if exit_by_mx else {"smart_host": "contoso-com.mail.protection.outlook.com", **shown}
    return [{"domain": "contoso.mail.onmicrosoft.com", **shown}, {"domain": "*", **everywhere}]


CASES = (
    *(Case(scenario) for scenario in plans.FACTS),
    Case("scenario-4", "mx-names-an-alias", falls=("S4-MX-1", "S4-MX-2", "S4-MX-3")),
    Case("scenario-1", "mx-old-server-kept", falls=("S1-MX-2",)),
    Case("scenario-3", "mx-host-without-final-dot", falls=("S3-MX-1",)),
    Case("scenario-4", "dns-mail-host-gone", falls=("S4-MX-1",)),
    Case("scenario-4", "spf-ipv4-typo", falls=("HYB-SPF-1", "HYB-SPF-3")),
    Case("scenario-2", "spf-two-records", falls=("HYB-SPF-1",)),
    Case("scenario-3", "spf-eleventh-look-up", falls=("HYB-SPF-1",)),
    Case("scenario-4", "certificate-expired", falls=("HYB-TLS-5",)),
    Case("scenario-3", "certificate-of-another-name", falls=("HYB-TLS-4",)),
    Case("scenario-4", "certificate-self-signed", falls=("HYB-TLS-3",)),
    Case("scenario-3", "server-offers-no-starttls", falls=("HYB-TLS-1", "HYB-TLS-2")),
    Case("scenario-4", "server-speaks-tls-1.1", falls=("HYB-TLS-2",)),
    Case("scenario-4", "server-silent"),
    Case("scenario-4", "lock-absent", falls=("S4-LOCK-2",)),
    Case("scenario-3", "lock-disabled", falls=("S3-LOCK-2",)),
    Case("scenario-3", "cmt-off", falls=("S3-PATH-3",)),
    Case("scenario-4", wrong="The own server relays for anybody", facts=(("relays_for", ["0.0.0.0/0"]),), falls=()),
    Case("scenario-1", wrong="The own server takes mail from anybody", facts=(("accepts_from", None),)),
    Case(
        "scenario-4",
        wrong="The own server sends to the Internet past Microsoft 365",
        facts=(("routes", _routes(exit_by_mx=True, shows_certificate=True)),),
        falls=("S4-PATH-3", "S4-PATH-5", "S4-PATH-7"),
    ),
    Case(
        "scenario-3",
        wrong="The own server shows no certificate to Microsoft 365",
        facts=(("routes", _routes(exit_by_mx=True, shows_certificate=False)),),
        falls=(),
    ),
)


@cache
def faults() -> Mapping[str, Fault]:
    """Read fixtures/faults."""
    return read_all(PROJECT)


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
            send_and_save(lab, domain, environment.folder / "messages")
        (found,) = _judge(lab.stranger.command, [environment.folder], "--mode", "live").values()
    return found


def judge_simulated(case: Case, environment: Environment) -> Verdicts:
    """Judge the same folder in a simulation."""
    folder, fault = environment.folder, ()
    if environment.disturbed:  # it stands in no file: --fault says it, to an environment of a shipped name
        fault = ("--fault", case.fault)
        folder = folder.with_name(f"{case.name}-as-shipped") / case.scenario
        shutil.copytree(environment.folder, folder)
    (found,) = _judge(lambda *command: list(map(str, command)), [folder], *fault, "--mode", "simulated").values()
    return found


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

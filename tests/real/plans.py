"""The shipped environments with Postfix in place of Exchange Server: what its exports say, as facts under `other:`."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

FIXTURES = Path(__file__).parents[2] / "fixtures"

_SERVER = "mail.contoso.com"
_TENANT = "contoso.mail.onmicrosoft.com"
_CLOUD = ("chris", "sara", "lee")


def _facts(*, exit_at_microsoft_365: bool, relays_for_microsoft_365: bool, talks_to_everybody: bool) -> dict[str, Any]:
    shown = {"require_tls": "true", "presents_certificate": "true"}
    elsewhere = {"domain": "*"}
    if exit_at_microsoft_365:
        elsewhere |= {"smart_host": "contoso-com.mail.protection.outlook.com", **shown}
    facts: dict[str, Any] = {
        "accepts_for": ["contoso.com", "eu.contoso.com"],
        "routes": [{"domain": _TENANT, **shown}, elsewhere],
        "routing_addresses": {f"{name}@contoso.com": f"{name}@{_TENANT}" for name in _CLOUD},
        "starttls": "true",
    }
    if relays_for_microsoft_365:
        facts["relays_for"] = ["microsoft-365"]
    if not talks_to_everybody:
        facts["accepts_from"] = ["microsoft-365"]
    return facts


FACTS = {
    "scenario-1": _facts(exit_at_microsoft_365=True, relays_for_microsoft_365=False, talks_to_everybody=False),
    "scenario-2": _facts(exit_at_microsoft_365=True, relays_for_microsoft_365=True, talks_to_everybody=False),
    "scenario-2-direct-exit": _facts(
        exit_at_microsoft_365=False, relays_for_microsoft_365=True, talks_to_everybody=False
    ),
    "scenario-3": _facts(exit_at_microsoft_365=False, relays_for_microsoft_365=True, talks_to_everybody=True),
    "scenario-4": _facts(exit_at_microsoft_365=True, relays_for_microsoft_365=False, talks_to_everybody=True),
}


def copy(scenario: str, folder: Path, change: Callable[[Path], None] = lambda _: None) -> Path:
    """Copy an environment to a folder, with Postfix, and change something in the copy."""
    shutil.copytree(FIXTURES / scenario, folder)
    shutil.rmtree(folder / "exchange-server")  # there is no Exchange Server to export anything
    shutil.rmtree(folder / "messages", ignore_errors=True)  # what is received there, was sent here
    file = folder / "environment.yaml"
    told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    del told["on_premises"]["exports"]
    told.pop("signed_zones", None)  # the resolver here validates nothing
    now = datetime.now(UTC)
    # The change is made, and resolvers have forgotten what was before: what arrives now, arrives after it.
    told["cutover"] = {"stage": "after", "at": (now - timedelta(days=10)).isoformat(timespec="seconds")}
    shutil.rmtree(folder / "before", ignore_errors=True)
    server = told["on_premises"]["servers"][_SERVER]
    del server["exchange_name"]
    for signer in (server, *told["third_parties"].values()):
        signer.pop("dkim", None)  # nobody signs here but Microsoft 365
    server["other"] = FACTS[scenario]
    file.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (folder / "exchange-online" / "exported.json").write_text(
        json.dumps({"at": now.isoformat(timespec="seconds")}), encoding="utf-8"
    )
    change(folder)
    return folder

"""A shipped environment with other settings, written as the cmdlets that would make them."""

import json
import shlex
import shutil
from collections.abc import Iterable, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from mailflow.environment.environment import Environment
from mailflow.environment.load import load

FIXTURES = Path(__file__).parents[2] / "fixtures"
_NAMES = ("DomainName", "PrimarySmtpAddress", "Name", "Identity", "Thumbprint")


def configured(
    name: str,
    place: Path,
    *,
    online: Iterable[str] = (),
    server: Iterable[str] = (),
    environment: Iterable[Sequence[Any]] = (),
    zone: str = "",
) -> Environment:
    """Load a copy of a shipped environment after some cmdlets.

    `Set-InboundConnector "Inbound from *" -Enabled $false` changes the one object of that name in
    Get-InboundConnector.json, `Remove-…` takes it away, `New-…` and `Add-…` add one like the first there is.
    `environment` gives ways into environment.yaml, the new value last; `zone` is added to contoso.com.zone.
    """
    folder = place / name
    shutil.copytree(FIXTURES / name, folder)
    for side, cmdlets in (("exchange-online", online), ("exchange-server", server)):
        for cmdlet in cmdlets:
            _run(cmdlet, folder / side)
    _edit(folder / "environment.yaml", environment)
    with (folder / "zones" / "contoso.com.zone").open("a", encoding="utf-8") as file:
        file.write(zone)
    return load(folder)


def _run(cmdlet: str, folder: Path) -> None:
    command, name, *rest = shlex.split(cmdlet)
    verb, _, noun = command.partition("-")
    path = folder / f"Get-{noun}.json"
    exported = json.loads(path.read_text(encoding="utf-8"))
    objects: list[dict[str, Any]] = exported if isinstance(exported, list) else [exported]
    if verb in ("New", "Add"):
        like = objects[0] if objects else {"Name": "", **{key.removeprefix("-"): None for key in rest[::2]}}
        one = {**like, next(key for key in _NAMES if key in like): name}
        objects.append(one)
    else:
        (one,) = [other for other in objects if fnmatchcase(_name(other), name)]
    if verb == "Remove":
        objects.remove(one)
    for key, value in zip(rest[::2], rest[1::2], strict=True):
        one[_property(one, key.removeprefix("-"))] = _value(value)
    path.write_text(json.dumps(objects), encoding="utf-8")


def _name(one: dict[str, Any]) -> str:
    name = next(one[key] for key in _NAMES if key in one)
    return str(name.get("Address", name) if isinstance(name, dict) else name)


def _property(one: dict[str, Any], key: str) -> str:
    assert key in one, f"{key} is none of {', '.join(one)}"
    return key


def _value(told: str) -> Any:
    if told in ("$true", "$false", "$null"):
        return {"$true": True, "$false": False, "$null": None}[told]
    if told.startswith("@("):
        return [part.strip() for part in told[2:-1].split(",") if part.strip()]
    return told


def _edit(path: Path, ways: Iterable[Sequence[Any]]) -> None:
    told = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    for *above, key, value in ways:
        inner = told
        for step in above:
            inner = inner[step]
        if value == "":
            del inner[key]
        else:
            inner[key] = deepcopy(value)  # a later way may lead into it
    path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")

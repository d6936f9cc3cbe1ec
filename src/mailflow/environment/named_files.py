"""The files and folders that environment.yaml names: there, and inside the environment's folder."""

import pathlib
from collections.abc import Iterator, Mapping

from mailflow.environment.file_mistakes import Path, line_of
from mailflow.environment.file_model import EnvironmentFile
from mailflow.environment.file_types import nearest
from mailflow.environment.folder import Folder
from mailflow.exchange import exported
from mailflow.exchange.export_file import FORMS

# In the folder that holds how things were before the change.
ZONES, ONLINE, SERVER = "zones", "exchange-online", "exchange-server"


def note_absent(folder: Folder, file: EnvironmentFile, lines: Mapping[str, int], where: str) -> None:
    """Note each that is not there, or leads out of the folder, with its line in `where`; exports by their own name."""
    for path, name, is_folder in _named(folder, file):
        line = line_of(lines, path)
        if folder.inside(name) is None:
            folder.note(where, line, f"'{name}', a path out of the folder", "a path inside it")
        elif is_folder and not folder.is_folder(name):
            folder.note(where, line, f"'{name}', which is no folder here", "a folder inside this one")
        elif not is_folder and not folder.is_file(name):
            beside = [other for other in folder.files(name.rpartition("/")[0] or ".", "*") if folder.is_file(other)]
            folder.note(where, line, f"'{name}', which is no file here", "a file inside it", nearest(name, beside))
    for name in exports(folder, file):
        if folder.inside(name) is None:
            folder.note(name, None, "a path out of the environment's folder", "a file inside it")


def exports(folder: Folder, file: EnvironmentFile) -> list[str]:
    """List the exports, and what says when they were made, as the digest counts them in."""
    edges = [server.edge_exports for server in file.on_premises.servers.values() if server.edge_exports]
    places = [file.microsoft_365.exports, file.on_premises.exports, *edges]
    if file.cutover and file.cutover.before:
        places += [below(file.cutover.before, name) for name in (ONLINE, SERVER, *edges)]
    return [name for place in places for name in folder.files(place, "*") if _is_export(folder.path / name)]


def below(folder: str, name: str) -> str:
    """Name a folder in the one that holds how things were before the change."""
    return f"{folder.rstrip('/')}/{name}"


def _is_export(path: pathlib.Path) -> bool:
    export = path.name.lower().startswith("get-") and path.suffix.lower() in FORMS
    return (export or path.name == exported.FILE) and path.is_file()


def _named(folder: Folder, file: EnvironmentFile) -> Iterator[tuple[Path, str, bool]]:
    """Give path of the key, name, and whether it is a folder. A default that is not there is no mistake."""
    for section, key in (
        (("microsoft_365",), "exports"),
        (("on_premises",), "exports"),
        ((), "zones"),
    ):
        part = getattr(file, section[0]) if section else file
        name = getattr(part, key)
        if key in part.model_fields_set or (folder.path / name).exists():
            yield (*section, key), name, True
    for host, server in file.on_premises.servers.items():
        if server.edge_exports:
            yield ("on_premises", "servers", host, "edge_exports"), server.edge_exports, True
    if file.cutover and file.cutover.before:
        yield ("cutover", "before"), file.cutover.before, True
    yield from ((path, name, False) for path, name in _certificates_and_policies(file))
    for i, name in enumerate(file.authorities):
        yield ("authorities", i), name, False


def _certificates_and_policies(file: EnvironmentFile) -> Iterator[tuple[Path, str]]:
    for name, server in file.on_premises.servers.items():
        if server.certificate:
            yield ("on_premises", "servers", name, "certificate"), server.certificate
    for domain, host in file.mta_sts.items():
        yield ("mta_sts", domain, "policy"), host.policy
        yield ("mta_sts", domain, "certificate"), host.certificate
    for party, third_party in file.third_parties.items():
        for name, server in third_party.servers.items():
            if server.certificate:
                yield ("third_parties", party, "servers", name, "certificate"), server.certificate
    for name, device in file.devices.items():
        if device.certificate:
            yield ("devices", name, "certificate"), device.certificate

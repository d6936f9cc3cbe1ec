"""Devices and applications that send, from the section `devices` of environment.yaml."""

from collections.abc import Iterator, Sequence

from cryptography import x509

from mailflow.environment.certificates import read_certificate
from mailflow.environment.environment import Device, DeviceWay
from mailflow.environment.file_mistakes import Path
from mailflow.environment.file_model import DeviceSection, EnvironmentFile
from mailflow.environment.file_types import nearest
from mailflow.environment.folder import Folder
from mailflow.environment.message import MICROSOFT_365, STRANGER
from mailflow.mail.address import is_within


def read_devices(folder: Folder, file: EnvironmentFile, authorities: Sequence[x509.Certificate]) -> tuple[Device, ...]:
    """Read them all. Mistakes are noted."""
    return tuple(
        Device(
            name=name,
            way=device.way,
            sends_from=device.sends_from,
            sends_as=device.sends_as,
            # RFC 5321 section 4.1.4: a client without a name greets with its address literal.
            greets_as=device.greets_as or (f"[{device.sends_from[0]}]" if device.sends_from else ""),
            sends_outside=device.sends_outside,
            server=_server(file, device),
            certificate=read_certificate(folder, device.certificate, authorities) if device.certificate else None,
            signs_in_as=device.signs_in_as or device.sends_as,
        )
        for name, device in file.devices.items()
    )


def _server(file: EnvironmentFile, device: DeviceSection) -> str:
    if device.way is not DeviceWay.OWN_SERVER:
        return ""
    return device.server or next(iter(file.on_premises.servers), "")


def contradictions(file: EnvironmentFile) -> Iterator[tuple[Path, str, str, str]]:
    """Find where they contradict themselves or the other sections: path of the key, found, expected, mend."""
    taken = {*file.on_premises.servers, *file.third_parties, *file.outside, MICROSOFT_365, STRANGER}
    strangers = {address: name for name, party in file.third_parties.items() for address in party.sends_from}
    strangers |= {
        a: name for name, party in file.third_parties.items() for s in party.servers.values() for a in s.listens
    }
    strangers |= {address: name for name, party in file.outside.items() for address in party.address}
    for name, device in file.devices.items():
        path: Path = ("devices", name)
        if name in taken:
            yield path, f"a device '{name}'", "a name of its own, which nobody else has", ""
        if not any(is_within(device.sends_as.domain, domain) for domain in file.domains):
            expected = f"a sender in a domain of the organization ({', '.join(file.domains)})"
            yield (*path, "as"), f"'{device.sends_as}'", expected, ""
        for address in device.sends_from:
            if address in strangers:
                found = f"{address}, an address of '{strangers[address]}'"
                yield (*path, "sends_from"), found, "an address of the organization's own", ""
        yield from _of_its_way(file, path, device)


def _of_its_way(file: EnvironmentFile, path: Path, device: DeviceSection) -> Iterator[tuple[Path, str, str, str]]:
    servers = list(file.on_premises.servers)
    if device.way is not DeviceWay.CLIENT_SUBMISSION and not device.sends_from:
        yield path, f"{device.way} with no address", "the addresses from which it connects under sends_from", ""
    if device.way is DeviceWay.OWN_SERVER:
        if device.server is None and len(servers) != 1:
            yield (
                path,
                f"{device.way} without server",
                "the name of the server under on_premises that takes its mail",
                "",
            )
        elif device.server is not None and device.server not in servers:
            expected = "the name of a server under on_premises"
            yield (*path, "server"), f"'{device.server}'", expected, nearest(device.server, servers)
    only = {"server": DeviceWay.OWN_SERVER, "certificate": DeviceWay.RELAY, "signs_in_as": DeviceWay.CLIENT_SUBMISSION}
    for key, way in only.items():
        if getattr(device, key) is not None and device.way is not way:
            yield (*path, key), f"{key} of a device that uses {device.way}", f"it with {way} only", ""

"""A device or an application: it takes no mail, and hands what it writes to one host."""

from dataclasses import dataclass

from mailflow.environment.environment import Device, Environment
from mailflow.environment.message import device_host
from mailflow.exchange.known import Assumptions
from mailflow.routing.decision import Action, Held, Relay, Rule
from mailflow.routing.outside import AsUsualRouter, OutsideRouter


def device_router(environment: Environment, device: Device) -> "DeviceRouter":
    """Give the rules of a device. An own server it finds by address, which the zones of the Internet need not show."""
    host = device_host(environment, device)
    address = next((str(a) for s in environment.on_premises.servers if s.name == host for a in s.listens), host)
    usual = OutsideRouter((), device.greets_as)
    return DeviceRouter(usual, address, device.greets_as, shows_certificate=device.certificate is not None)


@dataclass(frozen=True, slots=True)
class DeviceRouter(AsUsualRouter):
    """The rules of a device: everything to one host, over TLS where that offers it (Devices: TLS is optional)."""

    host: str
    helo: str
    shows_certificate: bool

    def actions(self, held: Held, assume: Assumptions) -> tuple[Action, ...]:
        """To the host in its settings."""
        why = Rule("the device hands its mail to the host that stands in its settings", "Devices")
        return (Relay((self.host,), held.mail_from, why, helo=self.helo, shows_certificate=self.shows_certificate),)

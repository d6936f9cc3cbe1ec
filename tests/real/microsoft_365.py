"""The simulated Microsoft 365 on its planned addresses: everything it says goes through a real network."""

import asyncio
import socket
from ipaddress import ip_address

from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.message import MICROSOFT_365
from mailflow.simulate.locate import Locator
from mailflow.simulate.simulation import Simulation
from mailflow.simulate.smtp import SmtpServer

_CONNECT_S = 5.0
_NOBODY = ip_address("0.0.0.0")  # no client has this address: it is overwritten before the greeting


class _Server(SmtpServer):
    """Knows a client by the address that it really comes from, as no PROXY header says another."""

    async def _handle_client(self) -> None:
        self._hooks._address = ip_address(self.transport.get_extra_info("peername")[0])
        await super()._handle_client()


class Microsoft365(Simulation):
    """Of all the hosts of a simulation only Microsoft 365 runs; all others it reaches by DNS and port 25."""

    def __init__(self, environment: Environment, resolver: IPAddress) -> None:
        super().__init__(environment)
        self.mta = self.mtas[MICROSOFT_365]
        self._resolver = resolver

    async def start(self) -> None:
        """Listen on port 25 of every planned address."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._note)
        self._locator = Locator(53, str(self._resolver))
        mta = self.mta
        server = await loop.create_server(
            lambda: self._front(
                _Server(mta, _NOBODY, loop=loop, hostname=mta.greets_as, tls_context=mta.server_context)
            ),
            [str(address) for address in mta.listens],
            25,
        )
        self._servers.append(server)

    async def stop(self) -> None:
        """Let every client go."""
        await self._let_go()

    def connect(self, client: IPAddress, server: IPAddress) -> socket.socket:
        """Connect for real."""
        return socket.create_connection((str(server), 25), timeout=_CONNECT_S, source_address=(str(client), 0))

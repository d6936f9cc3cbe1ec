"""How an environment is looked at."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mailflow.environment.environment import IPAddress, Stage
from mailflow.observe.contacts import PORT
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns_server import DnsServer
from mailflow.observe.https import PORT as HTTPS_PORT
from mailflow.observe.https import Reach
from mailflow.observe.manners import Manners
from mailflow.observe.recording import Recording

SIMULATED, LIVE, RECORDED = "simulated", "live", "recorded"


@dataclass(frozen=True, slots=True)
class Look:
    """The mode, and what it needs."""

    mode: str = SIMULATED
    stage: Stage = Stage.PLAN
    recording: Recording | None = None  # for the recorded mode: what was observed
    say: Callable[[str], None] = lambda _: None  # hears, a line each, whom a live run is about to contact
    # Of a live run only:
    resolvers: tuple[DnsServer, ...] = ()  # to ask; without them those of this machine
    vantage: tuple[IPAddress, ...] = ()  # the public addresses from which it looks, as far as somebody named them
    looks_as: str = ""  # the name in EHLO and of the stranger who sends: one that the DNS knows
    manners: Callable[[], Manners] = Manners  # how often and how much it may knock
    name_server: Callable[[str], tuple[str, int]] = DnsServer  # where the name server with this address answers
    endpoint: Callable[[IPAddress], Endpoint] = lambda address: Endpoint(str(address), PORT)
    web: Reach = lambda address: Endpoint(str(address), HTTPS_PORT)  # the same for HTTPS

    def at(self, stage: Stage) -> "Look":
        """Give the same at a stage."""
        return replace(self, stage=stage)

    def telling(self, say: Callable[[str], None]) -> "Look":
        """Give the same with somebody who hears of it."""
        return replace(self, say=say)

"""The configurations for which a simulation and real servers are compared."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mailflow.environment.fault import Fault, read_all

PROJECT = Path(__file__).parents[2]
Facts = tuple[tuple[str, Any], ...]  # of the own server, as environment.yaml has them; None: absent


@cache
def faults() -> dict[str, Fault]:
    """Read fixtures/faults."""
    return read_all(PROJECT)


@dataclass(frozen=True, eq=False)
class Case:
    """One configuration, and the rows that must be non-compliant both ways."""

    scenario: str
    fault: str = ""  # of fixtures/faults; empty: correct, or the facts of the own server changed
    wrong: str = ""  # what is wrong, where no fault says it
    facts: Facts = ()
    falls: tuple[str, ...] = ()  # of a correct one: what Postfix here cannot do
    open: tuple[str, ...] = ()  # of a correct one: rows that received messages leave open
    apart: tuple[str, ...] = ()  # rows decided otherwise, for a reason that stands here

    @property
    def broken(self) -> bool:
        """Whether something is wrong."""
        return bool(self.fault or self.facts)

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
    # Where a message passes Microsoft 365 twice, its fields do not say which passage they tell of. A simulation of a
    # change whose old MX hosts nobody wrote down leaves AUTH-STS-2 open; a live run long after it asks for them no
    # more. Nobody signs at the own exit of scenarios 2 (direct exit) and 3.
    Case("scenario-1", open=("AUTH-STS-2", "S1-PATH-5")),
    Case("scenario-2", open=("AUTH-STS-2", "S2-PATH-1")),
    Case("scenario-2-direct-exit", falls=("AUTH-DKIM-2",), open=("AUTH-STS-2", "S2-PATH-1")),
    Case("scenario-3", falls=("AUTH-DKIM-2",), open=("AUTH-STS-2",)),
    Case("scenario-4", open=("AUTH-STS-2",)),
    Case("scenario-4", "mx-names-an-alias", falls=("S4-MX-1", "S4-MX-2", "S4-MX-3")),
    Case("scenario-1", "mx-old-server-kept", falls=("S1-MX-2",)),
    # Of a domain whose MX host has no address, Exim returns mail at once; the simulated sender keeps it for a while.
    Case("scenario-3", "mx-host-without-final-dot", falls=("S3-MX-1",), apart=("HYB-ADDR-1",)),
    Case("scenario-4", "dns-mail-host-gone", falls=("S4-MX-1",), apart=("HYB-ADDR-1",)),
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
    # RCPT is accepted: that alone does not show that a message would be relayed, or delivered.
    Case("scenario-4", wrong="The own server relays for anybody", facts=(("relays_for", ["0.0.0.0/0"]),)),
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
        falls=("S3-PATH-1", "HYB-PATH-2"),
    ),
)

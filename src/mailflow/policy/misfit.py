"""Whether the zones and connectors of an environment fit the documented scenario that its domains declare.

A note for whoever decides, never a verdict: the requirements of the declared scenario judge the plan, and where it was
laid out by another one, this says by which. Only what the files of the environment tell. Pure; nothing that routes mail
knows of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailflow.environment.environment import Environment
from mailflow.environment.layout import NOT_KNOWN, NULL_MX, Fact, Guess, Resemblance, compare, spoken
from mailflow.environment.zones import find_records, find_soa
from mailflow.exchange.cloud import is_microsoft_host, is_retired_host
from mailflow.exchange.known import Assumptions
from mailflow.routing.decision import Relay
from mailflow.routing.outbound_connector import centralized
from mailflow.routing.router import own_router


@dataclass(frozen=True, slots=True)
class Misfit:
    """Domains that declare one scenario while what is planned for them contradicts it."""

    domains: tuple[str, ...]
    declared: str  # the scenario
    words: str  # what they fit instead, or most resemble, and what speaks against the one that they declare
    layouts: tuple[Resemblance, ...]  # what speaks for and against each documented scenario

    @property
    def nearest(self) -> tuple[Resemblance, ...]:
        """The scenario that is declared, and those that the plan most resembles: what a reader compares."""
        ranks = {one.scenario: (len(one.contradicts), -len(one.fits)) for one in self.layouts}
        least = min(ranks.values(), default=None)
        return tuple(one for one in self.layouts if one.scenario == self.declared or ranks[one.scenario] == least)


# Of a domain with all of its mailboxes in the cloud, in an organization that has own servers for others.
_APART = (
    Fact("exit", "nowhere", "own servers have no part in its mail"),
    Fact("mailboxes", "cloud", "every listed mailbox of the domain is in the cloud"),
    Fact("servers", "none", "own servers have no part in its mail"),
)


def misfits(environment: Environment) -> tuple[Misfit, ...]:
    """Find the domains whose plan contradicts the scenario that they declare, those that are alike together."""
    common = (_centralized(environment), _exit(environment), _mailboxes(environment), _servers(environment))
    alike: dict[tuple[str, tuple[Fact, ...]], list[str]] = {}
    for domain in environment.domains:
        apart = environment.on_premises.servers and not environment.own_servers_take_part(domain)
        beside = (common[0], *_APART) if apart else common  # of a domain without mail they tell nothing
        facts = (_mx(environment, domain.name), *(beside if domain.has_mail else ()))
        alike.setdefault((str(domain.scenario), facts), []).append(domain.name)
    return tuple(
        Misfit(tuple(domains), declared, _words(declared, told), told.resemblances)
        for (declared, facts), domains in alike.items()
        if (told := compare(facts)).of(declared).contradicts
    )


def _words(declared: str, told: Guess) -> str:
    if told.fitting:
        said = f"what is planned fits {spoken(told.fitting)}, not {declared}"
    elif declared in told.nearest:
        said = f"what is planned fits no documented scenario; it most resembles {spoken(told.nearest)}"
    elif told.nearest:
        said = f"what is planned fits no documented scenario; it most resembles {spoken(told.nearest)}, not {declared}"
    else:
        said = "what is planned fits no documented scenario"
    against = "; ".join(told.of(declared).contradicts)
    unsaid = f" Not known: {'; '.join(told.not_known)}." if told.not_known else ""
    return f"{said}. Against {declared}: {against}.{unsaid}"


def _mx(environment: Environment, domain: str) -> Fact:
    found = find_records(environment.zones, domain, "MX")
    if found is None and find_soa(environment.zones, domain) is None:
        return Fact("mx", NOT_KNOWN, "where the MX record points, for there is no zone of the domain")
    hosts = sorted(record.exchange.to_text(omit_final_dot=True).lower() for record in found or ())
    own = [host for host in hosts if host in {server.name for server in environment.on_premises.servers}]
    others = [host for host in hosts if host not in own and not is_microsoft_host(host) and not is_retired_host(host)]
    if hosts in (["@"], ["."]):
        return Fact("mx", "null", NULL_MX)
    if not hosts:
        return Fact("mx", "nowhere", "no MX record names a host")
    told = {
        "microsoft-365": "Microsoft 365" if len(own) + len(others) < len(hosts) else "",
        "own-servers": f"own servers ({', '.join(own)})" if own else "",
        "others": f"hosts of others ({', '.join(others)})" if others else "",
    }
    values = [value for value, words in told.items() if words]
    return Fact("mx", values[0] if len(values) == 1 else "several", f"the MX record names {_and(told.values())}")


def _centralized(environment: Environment) -> Fact:
    assume = Assumptions()
    connector = centralized(environment.microsoft_365, assume)
    if assume.made:
        return Fact("centralized", NOT_KNOWN, f"centralized mail transport ({'; '.join(assume.made)})")
    if connector:
        return Fact("centralized", "on", f"centralized mail transport is on (outbound connector '{connector.name}')")
    return Fact("centralized", "off", "centralized mail transport is off")


def _exit(environment: Environment) -> Fact:
    assume = Assumptions()
    found = dict.fromkeys(_exits(environment, assume))
    if assume.made:
        return Fact("exit", NOT_KNOWN, f"where own servers hand mail for the Internet ({'; '.join(assume.made)})")
    if not found:
        return Fact("exit", "nowhere", "own servers hand mail for the Internet to nobody")
    told = {
        "microsoft-365": "to Microsoft 365",
        "recipient": "to the hosts of its recipients",
        "others": "to smart hosts of others",
    }
    value = next(iter(found)) if len(found) == 1 else "several"
    return Fact(
        "exit", value, f"own servers hand mail for the Internet {_and(told[one] for one in told if one in found)}"
    )


def _exits(environment: Environment, assume: Assumptions) -> Iterator[str]:
    """Follow every own server out; what one hands to another own server is counted there."""
    own = {name for server in environment.on_premises.servers for name in (server.name, *map(str, server.listens))}
    for server in environment.on_premises.servers:
        action = own_router(environment, server).to_internet(assume)
        if not isinstance(action, Relay):
            continue
        hosts = [host.strip("[]").lower() for host in action.hosts]
        if not hosts:
            yield "recipient"
        elif any(map(is_microsoft_host, hosts)):
            yield "microsoft-365"
        elif not own.issuperset(hosts):
            yield "others"


def _mailboxes(environment: Environment) -> Fact:
    listed = environment.mailboxes
    if listed.cloud and listed.on_premises:
        return Fact("mailboxes", "both", "mailboxes are listed in the cloud and on own servers")
    if listed.cloud:
        return Fact("mailboxes", "cloud", "every listed mailbox is in the cloud")
    if listed.on_premises:
        return Fact("mailboxes", "own-servers", "every listed mailbox is on own servers")
    return Fact("mailboxes", NOT_KNOWN, "where the mailboxes are, for none is listed")


def _servers(environment: Environment) -> Fact:
    names = [server.name for server in environment.on_premises.servers]
    if names:
        return Fact("servers", "some", f"there are own servers: {', '.join(names)}")
    return Fact("servers", "none", "there is no own server")


def _and(words: Iterable[str]) -> str:
    return " and ".join(filter(None, words))

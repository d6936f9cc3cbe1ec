"""Where the sections of an environment file contradict each other. Mistakes of the writer, never verdicts."""

from collections.abc import Iterable, Iterator, Mapping

from mailflow.environment.device_sections import contradictions as of_devices
from mailflow.environment.draft import ASSIGNED
from mailflow.environment.environment import IPAddress
from mailflow.environment.file_mistakes import Path
from mailflow.environment.file_model import DomainSection, EnvironmentFile
from mailflow.environment.file_types import nearest
from mailflow.environment.scenario import DOCUMENTED, PARKED
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.mail.address import Address, lineage

Contradiction = tuple[Path, str, str, str]  # path of the key, found, expected, mend


def contradictions(file: EnvironmentFile) -> Iterator[Contradiction]:
    """Find them all, in the order of the file."""
    yield from _domains(file)
    yield from _servers(file)
    yield from _edge_servers(file)
    yield from _addresses(file)
    yield from _third_parties(file)
    yield from of_devices(file)
    yield from _mailboxes(file)
    yield from _outside(file)
    for name in file.mta_sts:
        if name not in file.domains:
            expected = f"a domain of the environment ({', '.join(file.domains)})"
            yield ("mta_sts", name), f"an MTA-STS policy of '{name}'", expected, nearest(name, file.domains)
    above = {zone for domain in file.domains for zone in lineage(domain)}
    for i, name in enumerate(file.signed_zones):
        if name not in above and file.domains.keys().isdisjoint(lineage(name)):
            expected = f"the zone of a domain of the environment ({', '.join(file.domains)})"
            yield ("signed_zones", i), f"the signed zone '{name}'", expected, nearest(name, file.domains)
    lowered = file.cutover.lowered if file.cutover else None
    if file.cutover and lowered and lowered.at >= file.cutover.at:
        found = f"a TTL that is lowered at {lowered.at.isoformat()}"
        yield ("cutover", "lowered", "at"), found, f"a moment before the change ({file.cutover.at.isoformat()})", ""


def _domains(file: EnvironmentFile) -> Iterator[Contradiction]:
    servers = list(file.on_premises.servers)
    for name, domain in file.domains.items():
        if domain.scenario in DOCUMENTED and not servers:
            found = f"no on_premises, and scenario {domain.scenario} for '{name}'"
            yield ("domains", name, "scenario"), found, "the own servers, which the four scenarios are about", ""
        elif domain.scenario in (3, 4):
            yield from _own_mx(name, domain, servers)
        elif domain.scenario == PARKED and domain.mx:
            found = f"the MX host '{domain.mx[0]}' of '{name}', which is parked"
            yield ("domains", name, "mx"), found, "no mx: the null MX, which takes no mail, is planned in its zone", ""
        elif domain.scenario not in DOCUMENTED:
            known = [*servers, *(host for party in file.third_parties.values() for host in party.servers)]
            for host in (h for h in domain.mx if h not in known and not is_microsoft_host(h) and h != ASSIGNED):
                expected = "a server under on_premises or third_parties, or a host of Microsoft 365"
                yield ("domains", name, "mx"), f"the MX host '{host}'", expected, nearest(host, known)


def _own_mx(name: str, domain: DomainSection, servers: list[str]) -> Iterator[Contradiction]:
    path: Path = ("domains", name, "mx")
    expected = f"the name of a server under on_premises, where the MX of scenario {domain.scenario} points"
    if not domain.mx:
        yield path, f"no mx for '{name}'", expected, ""
    for host in domain.mx:
        if host not in servers:
            yield path, f"the MX host '{host}'", expected, nearest(host, servers)


def _edge_servers(file: EnvironmentFile) -> Iterator[Contradiction]:
    servers = file.on_premises.servers
    behind = [server for server in servers.values() if server.other is None and not server.edge_exports]
    for name, server in servers.items():
        path: Path = ("on_premises", "servers", name)
        if server.edge_exports and server.other is not None:
            found = f"'{name}' with both edge_exports and other"
            yield path, found, "one of them: an Edge Transport server is Exchange", ""
        elif server.edge_exports and not server.exchange_name:
            yield path, f"'{name}' with edge_exports and no exchange_name", "its name in the exports", ""
        elif server.edge_exports and not behind:
            expected = "an Exchange server beside it that holds the mailboxes; it may have a private address"
            yield path, f"the Edge Transport server '{name}' alone", expected, ""


def _servers(file: EnvironmentFile) -> Iterator[Contradiction]:
    exchange = {name: s for name, s in file.on_premises.servers.items() if s.other is None}
    names: dict[str, str] = {}
    for name, server in file.on_premises.servers.items():
        path: Path = ("on_premises", "servers", name)
        if not server.listens and not server.sends_from:
            yield path, f"'{name}' with no address", "addresses under listens or sends_from", ""
        if server.other is not None:
            if server.exchange_name:
                found = f"'{name}' with both exchange_name and other"
                yield path, found, "one of them: exports describe an Exchange server", ""
            for mailbox in server.other.routing_addresses:
                if mailbox not in file.mailboxes.cloud:
                    below = (*path, "other", "routing_addresses", str(mailbox))
                    yield below, f"'{mailbox}'", "a mailbox listed under mailboxes.cloud", ""
        elif len(exchange) > 1 and not server.exchange_name:
            expected = "its exchange_name, as there are several Exchange servers"
            yield path, f"'{name}' without a name in the exports", expected, ""
        elif (other := names.setdefault(server.exchange_name.lower(), name)) != name:
            found = f"the exchange_name '{server.exchange_name}' a second time (first: '{other}')"
            yield (*path, "exchange_name"), found, "one name for each server", ""


def _addresses(file: EnvironmentFile) -> Iterator[Contradiction]:
    """One address, one party: the simulation and the evidence tell them apart by nothing else.

    Two own servers may send from one address (NAT); at one address only one of them can listen.
    """
    listeners: dict[object, str] = {}
    own: dict[object, str] = {}
    for name, server in file.on_premises.servers.items():
        for address in _filled(server.listens):
            if (other := listeners.setdefault(address, name)) != name:
                yield _own(name, "listens"), f"{address}, where '{other}' listens too", "one server at an address", ""
        own |= dict.fromkeys(_filled((*server.listens, *(server.sends_from or ()))), name)
    yield from _addresses_of_third_parties(file, own, listeners)
    for domain, outside in file.outside.items():
        for address in outside.address:
            other = own.get(address) or listeners.setdefault(address, domain)
            if other != domain:
                path: Path = ("outside", domain, "address")
                yield path, f"{address}, an address of '{other}'", "one party at an address", ""


def _addresses_of_third_parties(
    file: EnvironmentFile, own: dict[object, str], listeners: dict[object, str]
) -> Iterator[Contradiction]:
    expected = "an address of the third party's own"
    for name, party in file.third_parties.items():
        path: Path = ("third_parties", name, "sends_from")
        for address in party.sends_from:
            if address in own:
                yield path, f"{address}, an address of '{own[address]}'", expected, ""
        for host, server in party.servers.items():
            path = ("third_parties", name, "servers", host, "listens")
            for address in _filled(server.listens):
                if (other := own.get(address) or listeners.setdefault(address, host)) != host:
                    yield path, f"{address}, an address of '{other}'", expected, ""


def _filled(addresses: Iterable[IPAddress]) -> Iterator[IPAddress]:
    """Leave out what stands in a draft for an address that nobody has said yet (`draft.NO_ADDRESS`)."""
    return (address for address in addresses if not address.is_unspecified)


def _own(name: str, key: str) -> Path:
    return ("on_premises", "servers", name, key)


def _third_parties(file: EnvironmentFile) -> Iterator[Contradiction]:
    for name, party in file.third_parties.items():
        if not party.servers and not (party.sends_from and party.sends_as):
            missing = "sends_from" if not party.sends_from else "as"
            expected = "from where it sends, and as whom; or the servers of a service that filters"
            yield ("third_parties", name), f"no {missing} under '{name}'", expected, ""
        if party.sends_as and not any(above in file.domains for above in lineage(party.sends_as.domain)):
            expected = f"a sender in a domain of the organization ({', '.join(file.domains)})"
            yield ("third_parties", name, "as"), f"'{party.sends_as}'", expected, ""


def _mailboxes(file: EnvironmentFile) -> Iterator[Contradiction]:
    listed: dict[Address, str] = {}
    for place, mailboxes in (("cloud", file.mailboxes.cloud), ("on_premises", file.mailboxes.on_premises)):
        for i, mailbox in enumerate(mailboxes):
            path: Path = ("mailboxes", place, i)
            if mailbox.domain not in file.domains:
                expected = f"a mailbox in a domain of the environment ({', '.join(file.domains)})"
                yield path, f"'{mailbox}'", expected, _in_nearest_domain(mailbox, file)
            if place == "on_premises" and not file.on_premises.servers:
                yield path, f"'{mailbox}' without own servers", "on_premises with the server that holds it", ""
            if mailbox in listed:
                expected = f"each mailbox once (it stands under {listed[mailbox]})"
                yield path, f"'{mailbox}' a second time", expected, ""
            listed[mailbox] = place
    for mailbox, target in file.mailboxes.forwards.items():
        path = ("mailboxes", "forwards", str(mailbox))
        if mailbox not in listed:
            mend = nearest(str(mailbox), map(str, listed))
            yield path, f"a forward from '{mailbox}'", "a mailbox listed under cloud or on_premises", mend
        if mailbox == target:
            yield path, f"a forward from '{mailbox}' to itself", "another address", ""
        elif mailbox in _onward(target, file.mailboxes.forwards):
            yield path, f"a forward from '{mailbox}' that comes back to it", "forwards that end at a mailbox", ""


def _onward(recipient: Address, forwards: Mapping[Address, Address]) -> list[Address]:
    """Follow mail for a recipient from forward to forward; in a circle, once round."""
    passed = [recipient]
    while (further := forwards.get(passed[-1])) and further not in passed:
        passed.append(further)
    return passed


def _in_nearest_domain(mailbox: Address, file: EnvironmentFile) -> str:
    return nearest(str(mailbox), [f"{mailbox.local}@{domain}" for domain in file.domains])


def _outside(file: EnvironmentFile) -> Iterator[Contradiction]:
    for domain, party in file.outside.items():
        if domain in file.domains:
            yield ("outside", domain), f"'{domain}', a domain of the organization", "a domain of others", ""
        for i, mailbox in enumerate(party.mailboxes):
            if mailbox.domain != domain:
                yield ("outside", domain, "mailboxes", i), f"'{mailbox}'", f"a mailbox in {domain}", ""
    for domain in file.conditions.sends_for_foreign_domains or ():
        if domain in file.domains:
            path = ("conditions", "sends_for_foreign_domains")
            yield path, f"'{domain}', a domain of the organization", "domains of others, [] for none", ""

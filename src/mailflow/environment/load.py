"""From a folder to an `Environment`: everything that is wrong with it is said at once, nothing is guessed."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from mailflow.environment.answers import Conditions, Expects
from mailflow.environment.certificates import read_authorities
from mailflow.environment.contradictions import contradictions
from mailflow.environment.device_sections import read_devices
from mailflow.environment.draft import unfilled
from mailflow.environment.environment import (
    Before,
    Cutover,
    Domain,
    Environment,
    Microsoft365,
    OnPremises,
    Outside,
    Server,
    Stage,
    ThirdParty,
)
from mailflow.environment.file_mistakes import line_of, read_model
from mailflow.environment.file_model import CutoverSection, EnvironmentFile, ThirdPartySection
from mailflow.environment.find import find
from mailflow.environment.folder import FILE, MEBIBYTE, Folder, digest
from mailflow.environment.mailboxes import Mailboxes
from mailflow.environment.named_files import ONLINE, SERVER, ZONES, below, exports, note_absent
from mailflow.environment.own_servers import note_unknown_names, read_servers
from mailflow.environment.policy_hosts import read_policy_hosts
from mailflow.environment.waivers import read_waivers
from mailflow.environment.yaml_text import YamlText, read_yaml
from mailflow.environment.zones import read_zones
from mailflow.exchange.cloud import cloud
from mailflow.exchange.export import read_exchange_online, read_exchange_server, with_edge_server
from mailflow.exchange.server import ExchangeServer
from mailflow.records.mx_change import Lowered

__all__ = ["find", "load"]

LIMIT = MEBIBYTE  # bytes; a domain with five mailboxes takes about 420


def load(path: Path) -> Environment:
    """Load one environment from its folder.

    Where environment.yaml itself cannot be understood, its mistakes and those of waivers.yaml are reported; what
    it names (zones, exports, certificates) is read once it can.

    Raises:
        InputError: every mistake found; files are named by `path` and the way from there.

    """
    folder = Folder(path)
    text = folder.text(FILE, LIMIT)
    document = folder.attempt(lambda: read_yaml(text, FILE)) if text is not None else None
    file = folder.attempt(lambda: read_model(EnvironmentFile, document, FILE)) if document else None
    if document is None or file is None:
        read_waivers(folder)
        raise folder.error()
    for steps, found, expected, mend in contradictions(file):
        folder.note(FILE, line_of(document.lines, steps), found, expected, mend)
    note_absent(folder, file, document.lines, FILE)
    if folder.mistakes:
        read_waivers(folder)
        raise folder.error()
    return _environment(folder, file, document)


def _environment(folder: Folder, file: EnvironmentFile, document: YamlText) -> Environment:
    microsoft_365 = file.microsoft_365
    its_cloud = cloud(microsoft_365.cloud)
    online = folder.attempt(lambda: read_exchange_online(folder.path / microsoft_365.exports, folder.path))
    exchange = folder.attempt(lambda: read_exchange_server(folder.path / file.on_premises.exports, folder.path))
    exchange = exchange and _with_edge_servers(folder, file, exchange)
    zones = read_zones(folder, file.zones)
    before = _before(folder, file, file.cutover.before) if file.cutover and file.cutover.before else None
    authorities = read_authorities(folder, file.authorities)
    servers = read_servers(folder, file.on_premises.servers, document.lines, authorities, its_cloud)
    policy_hosts = read_policy_hosts(folder, file.mta_sts, authorities)
    third_parties = tuple(
        _third_party(
            name,
            party,
            read_servers(
                folder, party.servers, document.lines, authorities, its_cloud, place=("third_parties", name, "servers")
            ),
        )
        for name, party in file.third_parties.items()
    )
    devices = read_devices(folder, file, authorities)
    waivers = read_waivers(folder)
    if exchange is not None:
        note_unknown_names(folder, servers, exchange, document.lines)
    if folder.mistakes or online is None or exchange is None:
        raise folder.error()
    files = folder.digests(*exports(folder, file))
    mailboxes, conditions, expects = file.mailboxes, file.conditions, file.expects
    made = Environment(
        name=folder.path.resolve().name,
        folder=folder.path,
        organization=file.organization,
        domains=tuple(Domain(name, domain.scenario, domain.mx) for name, domain in file.domains.items()),
        microsoft_365=Microsoft365(its_cloud, microsoft_365.tenant, microsoft_365.tenant_id, online),
        on_premises=OnPremises(servers, exchange),
        third_parties=third_parties,
        mailboxes=Mailboxes(mailboxes.cloud, mailboxes.on_premises, mailboxes.forwards),
        conditions=Conditions(conditions.sends_for_foreign_domains, conditions.users_forward_outside),
        expects=Expects(expects.outbound_exit, expects.cloud_forwarding),
        outside=tuple(
            Outside(domain, party.mailboxes, party.host, party.address, party.tenant_id)
            for domain, party in file.outside.items()
        ),
        zones=zones,
        authorities=authorities,
        waivers=waivers,
        digest=digest(files),
        files=files,
        lines=document.lines,
        devices=devices,
        cutover=_cutover(file.cutover) if file.cutover else None,
        before=before,
        signed_zones=frozenset(file.signed_zones),
        policy_hosts=policy_hosts,
    )
    return replace(made, unfilled=unfilled(made))


def _with_edge_servers(
    folder: Folder, file: EnvironmentFile, exchange: ExchangeServer, within: str = "."
) -> ExchangeServer | None:
    """Add what each Edge Transport server exports; None where that has mistakes, which are noted."""
    found: ExchangeServer | None = exchange
    for server in file.on_premises.servers.values():
        if server.edge_exports and found:
            place = folder.path / within / server.edge_exports
            found = folder.attempt(partial(with_edge_server, found, place, folder.path, server.exchange_name))
    return found


def _third_party(name: str, section: ThirdPartySection, servers: tuple[Server, ...]) -> ThirdParty:
    sends_from = section.sends_from or tuple(dict.fromkeys(a for server in servers for a in server.sends_from))
    # RFC 5321 section 4.1.4: a client without a name greets with its address literal.
    greets_as = section.greets_as or (servers[0].greets_as if servers else f"[{sends_from[0]}]")
    return ThirdParty(name, sends_from, section.sends_as, greets_as, servers, section.dkim, section.returns_to)


def _cutover(section: CutoverSection) -> Cutover:
    lowered = Lowered(section.lowered.ttl, section.lowered.at) if section.lowered else None
    return Cutover(Stage(section.stage), section.at, section.changes, lowered)


def _before(folder: Folder, file: EnvironmentFile, name: str) -> Before | None:
    """Read how things were before the change, in the same forms; None where that has mistakes, which are noted."""
    online, server = (folder.path / below(name, side) for side in (ONLINE, SERVER))
    zones = read_zones(folder, below(name, ZONES))
    old_online = folder.attempt(lambda: read_exchange_online(online, folder.path))
    old_exchange = folder.attempt(lambda: read_exchange_server(server, folder.path))
    old_exchange = old_exchange and _with_edge_servers(folder, file, old_exchange, name)
    if old_online is None or old_exchange is None:
        return None
    return Before(name.rstrip("/"), zones, old_online, old_exchange)

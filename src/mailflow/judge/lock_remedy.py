"""What mends a lock of the tenant: the connector, its property, and the very name or addresses to put there.

Each change is tried by the rules by which the simulated Microsoft 365 takes mail before it is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any, NamedTuple

from mailflow.environment.environment import IPAddress, Microsoft365
from mailflow.exchange.known import Assumptions, Origin
from mailflow.exchange.online import ConnectorType, InboundConnector
from mailflow.judge.client import STRANGER_CLIENT
from mailflow.judge.powershell import quoted
from mailflow.mail.address import Address
from mailflow.routing.attribution import Tenants, accepted_domain, attribute, restricts
from mailflow.routing.certificate import answers_to
from mailflow.routing.decision import Client, Reception


class _Change(NamedTuple):
    """A change to a connector, as a cmdlet makes it and as it is afterwards."""

    switches: tuple[str, ...]
    fields: dict[str, Any]


# As New-InboundConnector makes one for everybody, before it restricts anybody.
_NEW = InboundConnector(
    name="",
    enabled=True,
    connector_type=ConnectorType.PARTNER,
    sender_domains=("*",),
    sender_ip_addresses=(),
    tls_sender_certificate_name=None,
    require_tls=True,
    restrict_domains_to_certificate=False,
    restrict_domains_to_ip_addresses=False,
    cloud_services_mail_enabled=False,
    associated_accepted_domains=(),
    ef_skip_last_ip=False,
    ef_skip_ips=(),
    ef_users=(),
    origin=Origin("", 0),
)


def lock_remedy(
    own: Microsoft365,
    recipient: Address,
    *,
    claims: Sequence[Address | None],
    meant: Sequence[Client],
    also: Sequence[Client],
    name: str,
) -> str:
    """Name the one change with which a connector refuses a stranger and nobody else; empty: none is known.

    Args:
        own: the tenant.
        recipient: to whom all of them send.
        claims: as whom a stranger may come.
        meant: whom the lock has to let in.
        also: who has to get through beside them.
        name: of a connector, where one has to be made.

    """
    for connector in Assumptions().listed(own.online.inbound_connectors):
        if not _may_become_the_lock(own, connector):
            continue
        for switches, fields in _changes(connector, recipient, meant):
            changed = replace(connector, **fields)
            if switches and _locks(_with(own, connector, changed), recipient, claims, (*meant, *also)):
                return f"Set-InboundConnector {quoted(connector.name)} {' '.join(switches)}"
    for switches, fields in (*_by_certificate(_NEW, meant, Assumptions()), _by_address(_NEW, meant, Assumptions())):
        made = replace(_NEW, **fields)
        if switches and _locks(_with(own, None, made), recipient, claims, (*meant, *also)):
            new = f'New-InboundConnector -Name "{name}" -ConnectorType Partner -SenderDomains * -RequireTls $true'
            return f"{new} {' '.join(switches)}"
    return ""


def _may_become_the_lock(own: Microsoft365, connector: InboundConnector) -> bool:
    """Whether it is neither the one for the own servers nor one for the mail of a real partner."""
    assume = Assumptions()
    for_servers = connector.connector_type is not ConnectorType.PARTNER and not restricts(connector, assume)
    partners = [
        name
        for name in assume.listed(connector.sender_domains)
        if name != "*" and not accepted_domain(own, name.removeprefix("*."), assume)
    ]
    return not for_servers and not partners


def _with(own: Microsoft365, connector: InboundConnector | None, changed: InboundConnector) -> Microsoft365:
    """Give the tenant with one of its connectors changed; None: with one more."""
    others = Assumptions().listed(own.online.inbound_connectors)
    connectors = tuple(changed if one is connector else one for one in others)
    connectors = connectors if connector else (*connectors, changed)
    return replace(own, online=replace(own.online, inbound_connectors=connectors))


def _locks(own: Microsoft365, recipient: Address, claims: Sequence[Address | None], clients: Sequence[Client]) -> bool:
    def taken(client: Client, claim: Address | None) -> bool:
        return isinstance(attribute(Tenants(own, ()), client, claim, recipient, Assumptions()), Reception)

    return not any(taken(STRANGER_CLIENT, claim) for claim in claims) and all(
        taken(client, claim) for client in clients for claim in claims
    )


def _changes(connector: InboundConnector, recipient: Address, meant: Sequence[Client]) -> Iterator[_Change]:
    """Give the changes that may make a lock of a connector, the smallest first."""
    assume = Assumptions()
    scope = _scope(connector, recipient, assume)
    yield scope
    by_address = assume(connector.restrict_domains_to_ip_addresses, False)
    first, then = _by_certificate(connector, meant, assume), [_by_address(connector, meant, assume)]
    for one in (*then, *first) if by_address else (*first, *then):
        if one.switches:
            yield _Change((*scope.switches, *one.switches), scope.fields | one.fields)


def _scope(connector: InboundConnector, recipient: Address, assume: Assumptions) -> _Change:
    """Say what makes a connector look at whatever a stranger sends."""
    switches: list[str] = []
    fields: dict[str, Any] = {}
    if not assume(connector.enabled, False):
        switches.append("-Enabled $true")
        fields["enabled"] = True
    if connector.connector_type is not ConnectorType.PARTNER:
        switches.append("-ConnectorType Partner")
        fields["connector_type"] = ConnectorType.PARTNER
    if "*" not in assume.listed(connector.sender_domains):
        switches.append("-SenderDomains *")
        fields["sender_domains"] = ("*",)
    only_for = assume.listed(connector.associated_accepted_domains)
    if only_for and recipient.domain not in only_for:
        switches.append(f'-AssociatedAcceptedDomains @{{Add="{recipient.domain}"}}')
        fields["associated_accepted_domains"] = (*only_for, recipient.domain)
    return _Change(tuple(switches), fields)


def _by_certificate(connector: InboundConnector, meant: Sequence[Client], assume: Assumptions) -> Iterator[_Change]:
    switches = (
        [] if assume(connector.restrict_domains_to_certificate, False) else ["-RestrictDomainsToCertificate $true"]
    )
    if assume(connector.restrict_domains_to_ip_addresses, False):
        switches.append("-RestrictDomainsToIPAddresses $false")
    fields = {"restrict_domains_to_certificate": True, "restrict_domains_to_ip_addresses": False}
    if assume(connector.tls_sender_certificate_name, None):
        yield _Change(tuple(switches), fields)
    for name in _names(meant):
        told = (*switches, f"-TlsSenderCertificateName {name}")
        yield _Change(told, {**fields, "tls_sender_certificate_name": name})


def _by_address(connector: InboundConnector, meant: Sequence[Client], assume: Assumptions) -> _Change:
    addresses, listed = _addresses(meant), assume.listed(connector.sender_ip_addresses)
    missing = [one for one in addresses if not any(one in network for network in listed)]
    if not addresses:
        return _Change((), {})
    switches = []
    if not assume(connector.restrict_domains_to_ip_addresses, False):
        switches.append("-RestrictDomainsToIPAddresses $true")
    if assume(connector.restrict_domains_to_certificate, False):
        switches.append("-RestrictDomainsToCertificate $false")
    if missing and listed:
        added = ",".join(f'"{one}"' for one in missing)
        switches.append(f"-SenderIPAddresses @{{Add={added}}}")
    elif missing:
        switches.append(f"-SenderIPAddresses {','.join(map(str, missing))}")
    fields = {
        "restrict_domains_to_ip_addresses": True,
        "restrict_domains_to_certificate": False,
        "sender_ip_addresses": (*listed, *map(ip_network, missing)),
    }
    return _Change(tuple(switches), fields)


def _names(meant: Sequence[Client]) -> Iterator[str]:
    """Give the names to which the certificate of each of them answers; wildcards of the domain above last."""
    shown = [client.tls.client_names for client in meant if client.tls and client.tls.client_trusted]
    if len(shown) < len(meant):
        return
    exact = dict.fromkeys(name for names in shown for name in names)
    for wanted in dict.fromkeys((*exact, *(f"*.{name.partition('.')[2]}" for name in exact))):
        if all(answers_to(names, wanted) for names in shown):
            yield wanted


def _addresses(meant: Sequence[Client]) -> tuple[IPAddress, ...]:
    """Give the addresses of them all; none where one is of IPv6, which SenderIPAddresses does not take."""
    addresses = tuple(dict.fromkeys(client.address for client in meant))
    return addresses if all(address.version == 4 for address in addresses) else ()

"""Organizations that nobody would set up: whatever the settings, a message comes to an end, and the same one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind, messages
from mailflow.exchange.online import AutoForwardingMode, DomainType, TlsSettings
from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.observe.follow import follow, records
from mailflow.observe.path import Disposition, MailPath
from mailflow.routing import journal
from mailflow.routing.decision import Client, Rule
from mailflow.simulate.simulation import Simulation
from tests.routing.test_behaviours_page import RULES
from tests.simulate.test_sent import same

ROOT = Path(__file__).parents[2]
SHIPPED = [load(ROOT / "fixtures" / f"scenario-{number}") for number in (1, 2, 3, 4)]

OUTBOUND: dict[str, list[Any]] = {
    "enabled": [False],
    "use_mx_record": [True],
    "smart_hosts": [(), ("mail.fabrikam.com",), ("192.0.2.200",)],
    "recipient_domains": [("*",), ("contoso.com",), ("fabrikam.com",)],
    "route_all_messages_via_on_premises": [True, False],
    "all_accepted_domains": [True],
    "tls_settings": [None, TlsSettings.ENCRYPTION_ONLY],
    "tls_domain": ["old.contoso.com"],
}
INBOUND: dict[str, list[Any]] = {
    "enabled": [False],
    "tls_sender_certificate_name": [None, "*.contoso.com", "old.contoso.com"],
    "restrict_domains_to_certificate": [True, False],
    "sender_domains": [("contoso.com",), ("*",)],
}
ACCEPTED: dict[str, list[Any]] = {"domain_type": [DomainType.AUTHORITATIVE, DomainType.INTERNAL_RELAY]}
SEND: dict[str, list[Any]] = {
    "enabled": [False],
    "dns_routing_enabled": [True, False],
    "smart_hosts": [(), ("contoso-com.mail.protection.outlook.com",), ("mail.contoso.com",)],
    "require_tls": [True, False],
}
RECEIVE: dict[str, list[Any]] = {"enabled": [False], "anonymous_may_relay": [True], "tls_domain_capabilities": [()]}
REMOTE: dict[str, list[Any]] = {
    "remote_routing_address": [None, Address("chris", "contoso.com"), Address("nobody", "contoso.mail.onmicrosoft.com")]
}
FORWARDS: dict[str, list[Any]] = {
    "forwarding_smtp_address": [
        Address("kate", "contoso.com"),
        Address("chris", "contoso.com"),
        Address("lee", "tailspintoys.com"),
        Address("nobody", "fabrikam.com"),
    ],
    "deliver_to_mailbox_and_forward": [True],
}
MX = ("mail.contoso.com.", "contoso-com.mail.protection.outlook.com.", "mail.fabrikam.com.", "gone.contoso.com.")


def some(options: Mapping[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Up to two other values."""
    pairs = st.sampled_from([(name, value) for name, values in options.items() for value in values])
    return st.lists(pairs, max_size=2).map(dict)


@st.composite
def organizations(draw: st.DrawFn) -> Environment:
    environment = draw(st.sampled_from(SHIPPED))

    def other(objects: Any, options: Mapping[str, list[Any]]) -> Any:
        return tuple(replace(one, **draw(some(options))) for one in objects)

    online, servers = environment.microsoft_365.online, environment.on_premises.exchange
    policies = other(online.outbound_spam_filter_policies, {"auto_forwarding_mode": [AutoForwardingMode.OFF]})
    online = replace(
        online,
        outbound_connectors=other(online.outbound_connectors, OUTBOUND),
        inbound_connectors=other(online.inbound_connectors, INBOUND),
        accepted_domains=other(online.accepted_domains, ACCEPTED),
        mailboxes=other(online.mailboxes, FORWARDS),
        outbound_spam_filter_policies=policies,
    )
    servers = replace(
        servers,
        send_connectors=other(servers.send_connectors, SEND),
        receive_connectors=other(servers.receive_connectors, RECEIVE),
        accepted_domains=other(servers.accepted_domains, ACCEPTED),
        mailboxes=other(servers.mailboxes, FORWARDS),
        remote_mailboxes=other(servers.remote_mailboxes, REMOTE),
    )
    in_microsoft_365 = draw(st.booleans())
    outside = [
        replace(one, tenant_id="9a6d4c1e" if in_microsoft_365 and one.domain == "fabrikam.com" else one.tenant_id)
        for one in environment.outside
    ]
    return replace(
        environment,
        microsoft_365=replace(environment.microsoft_365, online=online),
        on_premises=replace(environment.on_premises, exchange=servers),
        mailboxes=replace(environment.mailboxes, forwards={}),
        outside=tuple(outside),
        zones={
            **environment.zones,
            "contoso.com": leading_to(environment, draw(st.sets(st.sampled_from(MX), max_size=2))),
        },
    )


def leading_to(environment: Environment, hosts: set[str]) -> dns.zone.Zone:
    """Give the zone with other MX records; with none of the given ones it stays."""
    lines = environment.zones["contoso.com"].to_text().splitlines()
    if hosts:
        lines = [line for line in lines if " MX " not in line]
        lines += [f"contoso.com. 3600 IN MX 10 {host}" for host in sorted(hosts)]
    return dns.zone.from_text("\n".join(lines), "contoso.com.", relativize=False, check_origin=False)


def run(environment: Environment) -> tuple[list[MailPath], list[journal.Entry]]:
    """Send every message of every kind; gives the paths, and what all servers wrote down."""

    async def scene() -> tuple[list[MailPath], list[journal.Entry]]:
        simulation = Simulation(environment)
        await simulation.start()
        try:
            sent = [one for kind in Kind for one in messages(environment, environment.domains[0], kind)]
            posted = await simulation.post(sent)
        finally:
            await simulation.stop()
        seen = records(simulation.journal, simulation.mailboxes)
        paths = [path for one in posted for path in follow(environment, seen, one.message, one.queue_id)]
        return paths, simulation.journal

    return asyncio.run(scene())


def left_open(entries: Sequence[journal.Entry]) -> list[tuple[str, Address]]:
    """Give what a server took, or made of an address, and then neither delivered, sent, redirected nor gave up."""
    taken: set[tuple[str, Address]] = set()
    ended: set[tuple[str, Address]] = set()
    for entry in entries:
        match entry:
            case journal.Received():
                taken |= {(entry.queue_id, recipient) for recipient in entry.recipients}
            case journal.Redirected():
                ended.add((entry.queue_id, entry.recipient))
                taken.add((entry.queue_id, entry.became))
            case journal.Sent() | journal.Delivered() | journal.Failed():
                ended.add((entry.queue_id, entry.recipient))
    return sorted(taken - ended, key=str)


# What a rule on docs/behaviours.md must decide for an entry of each kind to rest on it.
DECIDES = {
    journal.Received: ("taken",),
    journal.Refused: ("refused", "not talked to"),
    journal.Redirected: ("on to",),
    journal.Treated: ("signed", "a line is added"),
    journal.Sent: ("relayed",),
    journal.Delivered: ("delivered",),
    journal.Failed: ("returned", "waits", "relayed", "on to"),  # the next host refused; or a circle of addresses
}


@cache
def allows(rule: Rule, kind: type[journal.Entry]) -> bool:
    """Whether the page has the rule, and what it decides is what was done."""
    decided = [row[1] for row in RULES if same(row[0], rule.why) and row[3] == rule.source]
    return any(word in one for one in decided for word in DECIDES[kind])


def unruled(entries: Sequence[journal.Entry]) -> list[str]:
    """Give what was done by a rule that does not allow it."""
    made = [(entry, entry.reception.rule if isinstance(entry, journal.Received) else entry.rule) for entry in entries]
    return [f"{type(entry).__name__} by '{rule}'" for entry, rule in made if not allows(rule, type(entry))]


@pytest.mark.slow
@settings(max_examples=15, derandomize=True)
@given(organizations())
def test_every_message_ends_and_every_hop_has_its_rule(environment: Environment) -> None:
    found, entries = run(environment)

    assert found
    assert [str(one) for one in found if one.disposition is Disposition.VANISHED] == []
    assert left_open(entries) == []
    assert unruled(entries) == []
    for one in found:
        assert one.hops[0].client == ""  # somebody submitted it
        assert all(hop.why for hop in one.hops[1:])
        assert one.why
        assert one.disposition is Disposition.DELIVERED or one.reply is not None
        assert len(one.hops) <= 101  # RFC 5321 section 6.3: loops end

    told = [(one.message, one.recipient, one.disposition, one.hops, one.reply) for one in found]
    again = [(one.message, one.recipient, one.disposition, one.hops, one.reply) for one in run(environment)[0]]
    assert again == told


def test_what_vanishes_and_what_no_rule_allows_is_noticed() -> None:
    _, entries = run(SHIPPED[0])
    (lost, *_) = [entry for entry in entries if isinstance(entry, journal.Delivered)]
    assert left_open([entry for entry in entries if entry is not lost]) == [(lost.queue_id, lost.recipient)]
    assert unruled([replace(lost, rule=Rule("because", "nobody says so"))]) == [
        "Delivered by 'because [nobody says so]'"
    ]
    mailbox = Rule("the mailbox is in the tenant", "Routing")
    assert unruled([replace(lost, rule=mailbox)]) == []
    assert (
        unruled(
            [journal.Refused(lost.host, Client(ip_address("192.0.2.1")), None, (), Reply(550, "5.0.0", ""), mailbox)]
        )
        != []
    )

"""Organizations that nobody would set up: whatever the settings, a message comes to an end, and the same one."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.door import open_door
from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.exchange.online import DomainType, TlsSettings
from mailflow.observe.path import Disposition, MailPath

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
    online = replace(
        online,
        outbound_connectors=other(online.outbound_connectors, OUTBOUND),
        inbound_connectors=other(online.inbound_connectors, INBOUND),
        accepted_domains=other(online.accepted_domains, ACCEPTED),
    )
    servers = replace(
        servers,
        send_connectors=other(servers.send_connectors, SEND),
        receive_connectors=other(servers.receive_connectors, RECEIVE),
        accepted_domains=other(servers.accepted_domains, ACCEPTED),
    )
    return replace(
        environment,
        microsoft_365=replace(environment.microsoft_365, online=online),
        on_premises=replace(environment.on_premises, exchange=servers),
    )


def paths(environment: Environment) -> list[MailPath]:
    with open_door(environment) as door:
        return [path for kind in Kind for path in door.paths(environment.domains[0], kind)]


@settings(max_examples=12, deadline=None, derandomize=True)
@given(organizations())
def test_every_message_ends_and_every_hop_has_its_rule(environment: Environment) -> None:
    found = paths(environment)

    assert found
    assert [str(one) for one in found if one.disposition is Disposition.VANISHED] == []
    for one in found:
        assert one.hops[0].client == ""  # somebody submitted it
        assert all(hop.why for hop in one.hops[1:])
        assert one.why
        assert one.disposition is Disposition.DELIVERED or one.reply is not None
        assert len(one.hops) <= 101  # RFC 5321 section 6.3: loops end

    told = [(one.message, one.recipient, one.disposition, one.hops, one.reply) for one in found]
    again = [(one.message, one.recipient, one.disposition, one.hops, one.reply) for one in paths(environment)]
    assert again == told

"""A third-party filter in front of the tenant: MX records, the lock that lets it in, Enhanced Filtering."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ConnectorType
from mailflow.judge import enhanced_filtering, inbound, lock, mx
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Question

LOCK = 1  # the second of the inbound connectors
NAME = "Reject mail not routed through MX (filter.example)"
HOSTS = {"mx1.filter.example": "203.0.113.10", "mx2.filter.example": "203.0.113.11"}


@pytest.fixture
def front(world: Any) -> Any:
    return world("third-party-filter")


def told(found: Finding) -> tuple[Verdict, str]:
    return found.verdict, found.seen


def test_the_mx_records_name_the_filter(front: Any, answer: Any) -> None:
    def judged(*records: Any, where: Any = front, addresses: dict[str, str] = HOSTS) -> Finding:
        said = answer("contoso.com MX", *records)

        def look(asked: list[Question]) -> tuple[Any, ...]:
            return tuple(
                answer(str(q), *([addresses[q.name]] if q.type == "A" and q.name in addresses else [])) for q in asked
            )

        return mx.names_filter(where.environment, where.domain, said, mx.addresses_of(said, look))

    both = [(10, "mx1.filter.example"), (20, "mx2.filter.example")]
    assert told(judged(*both)) == (Verdict.COMPLIANT, "they name mx1.filter.example, mx2.filter.example")
    one = judged(both[0])
    assert told(one) == (Verdict.NON_COMPLIANT, "they name mx1.filter.example, not mx2.filter.example")
    elsewhere = judged(*both, addresses=HOSTS | {"mx2.filter.example": "203.0.113.99"})
    assert elsewhere.seen == "mx2.filter.example has the address 203.0.113.99, where that server does not listen"
    for unsaid in (front.declare(mx=()), front.change(third_parties=())):
        assert told(judged(*both, where=unsaid)) == (
            Verdict.NOT_VERIFIED,
            "environment.yaml does not say which servers of a third-party filter they are to name",
        )


def test_what_is_planned_may_be_named_and_nothing_else(front: Any, world: Any) -> None:
    assert mx.expected_hosts(front.environment, front.domain) == tuple(HOSTS)
    cloud = world("all-in-cloud")
    assert mx.expected_hosts(cloud.environment, cloud.domain) == ("contoso-com.mail.protection.outlook.com",)


def locked(world: Any) -> tuple[Verdict, str]:
    return told(lock.locked_behind_filter(world.environment, world.domain))


def test_the_lock(front: Any, unknown: Unknown) -> None:
    assert locked(front) == (Verdict.COMPLIANT, "refused as each of them, and the filter is let in")
    assert locked(front.item("inbound_connectors", LOCK, enabled=False))[0] is Verdict.NON_COMPLIANT
    assert locked(front.item("inbound_connectors", LOCK, connector_type=unknown))[0] is Verdict.NOT_VERIFIED
    assert locked(front.change(third_parties=())) == (
        Verdict.NOT_VERIFIED,
        "the environment names no server of a third-party filter",
    )


def test_a_lock_by_address_has_to_hold_every_address_of_the_filter(front: Any) -> None:
    by_address = {"restrict_domains_to_certificate": False, "restrict_domains_to_ip_addresses": True}
    one, both = ((ip_network(f"203.0.113.{number}") for number in numbers) for numbers in ((10,), (10, 11)))
    lock = front.item("inbound_connectors", LOCK, **by_address, sender_ip_addresses=tuple(both))
    assert locked(lock)[0] is Verdict.COMPLIANT
    verdict, seen = locked(front.item("inbound_connectors", LOCK, **by_address, sender_ip_addresses=tuple(one)))
    assert verdict is Verdict.NON_COMPLIANT
    assert "mx2.filter.example [203.0.113.11] as a foreign sender" in seen
    assert "mx1" not in seen


def test_a_filter_that_shows_no_certificate_is_shut_out(front: Any) -> None:
    party = front.environment.third_parties[0]
    facts = party.servers[0].other
    mute = replace(facts, routes=tuple(replace(route, presents_certificate=False) for route in facts.routes))
    servers = (replace(party.servers[0], other=mute), party.servers[1])
    changed = front.change(third_parties=(replace(party, servers=servers),))
    verdict, seen = locked(changed)
    assert (verdict, "mx1.filter.example [203.0.113.10]" in seen, "mx2" in seen) == (Verdict.NON_COMPLIANT, True, False)


def test_a_connector_for_own_servers_that_matches_the_filter_is_seen(front: Any) -> None:
    assert inbound.lets_no_stranger_pass(front.environment).verdict is Verdict.COMPLIANT
    on_premises = front.item("inbound_connectors", LOCK, connector_type=ConnectorType.ON_PREMISES)
    found = inbound.lets_no_stranger_pass(on_premises.environment)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"'{NAME}' with certificate name mx1.filter.example also matches mx1.filter.example",
    )
    assert found.remedy == f'Set-InboundConnector "{NAME}" -ConnectorType Partner'


@pytest.mark.parametrize(
    ("change", "verdict", "seen"),
    [
        ({}, Verdict.COMPLIANT, "it does"),
        ({"ef_skip_last_ip": False}, Verdict.NON_COMPLIANT, f"'{NAME}' does not skip 203.0.113.10, 203.0.113.11"),
        (
            {"ef_skip_last_ip": False, "ef_skip_ips": (ip_network("203.0.113.10"),)},
            Verdict.NON_COMPLIANT,
            f"'{NAME}' does not skip 203.0.113.11",
        ),
        (
            {"ef_skip_last_ip": False, "ef_skip_ips": (ip_network("203.0.113.8/29"),)},
            Verdict.COMPLIANT,
            "it does",
        ),
        ({"enabled": False}, Verdict.NON_COMPLIANT, "no inbound connector takes its mail"),
    ],
)
def test_enhanced_filtering(front: Any, change: dict[str, Any], verdict: Verdict, seen: str) -> None:
    changed = front.item("inbound_connectors", LOCK, **change)
    found = enhanced_filtering.filter_is_skipped(changed.environment, front.domain)
    assert told(found) == (verdict, seen)


def test_enhanced_filtering_without_a_filter_or_its_export(front: Any, unknown: Unknown) -> None:
    alone = front.change(third_parties=()).environment
    assert told(enhanced_filtering.filter_is_skipped(alone, front.domain)) == (
        Verdict.NOT_VERIFIED,
        "the environment names no server of a third-party filter",
    )
    (party,) = (one for one in front.environment.third_parties if one.servers)
    bare = replace(party, servers=tuple(replace(server, certificate=None) for server in party.servers))
    others = tuple(one for one in front.environment.third_parties if not one.servers)
    found = enhanced_filtering.filter_is_skipped(front.change(third_parties=(*others, bare)).environment, front.domain)
    why = "; ".join(f"the environment names no certificate for {server.name}" for server in party.servers)
    assert told(found) == (Verdict.NOT_VERIFIED, why)
    hidden = front.item("inbound_connectors", LOCK, ef_skip_last_ip=unknown).environment
    assert told(enhanced_filtering.filter_is_skipped(hidden, front.domain)) == (
        Verdict.NOT_VERIFIED,
        "the export lacks it",
    )

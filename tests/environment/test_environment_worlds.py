"""The worlds around a change: which side is as it was in each, and what is sent there."""

from dataclasses import replace
from pathlib import Path

import dns.zone
import pytest

from mailflow.environment.environment import Before, Environment
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.environment.worlds import World, in_world, messages_in, old_mx_hosts
from mailflow.environment.zones import find_soa
from mailflow.exchange.known import Unknown

FIXTURES = Path(__file__).parents[2] / "fixtures"
ONE, THREE = load(FIXTURES / "scenario-1"), load(FIXTURES / "scenario-3")


def before(environment: Environment) -> Before:
    assert environment.before is not None
    return environment.before


def sides(environment: Environment) -> tuple[object, ...]:
    """What the record of the time before holds of both sides."""
    exchange, online = environment.on_premises.exchange, environment.microsoft_365.online
    return exchange.send_connectors, exchange.receive_connectors, online.inbound_connectors, online.outbound_connectors


def of_before(environment: Environment) -> tuple[object, ...]:
    old = before(environment)
    return (
        old.exchange.send_connectors,
        old.exchange.receive_connectors,
        old.online.inbound_connectors,
        old.online.outbound_connectors,
    )


@pytest.mark.parametrize("environment", [ONE, THREE], ids=lambda environment: environment.name)
def test_on_the_way_back_everything_is_as_it_was(environment: Environment) -> None:
    there = in_world(environment, World.ROLLBACK)
    assert sides(there) == of_before(environment)
    assert there.zones["contoso.com"] is before(environment).zones["contoso.com"]
    assert there.zones["21.107.131.in-addr.arpa"] is environment.zones["21.107.131.in-addr.arpa"]
    # What the record does not hold is as planned.
    assert there.on_premises.exchange.accepted_domains == environment.on_premises.exchange.accepted_domains
    assert there.microsoft_365.online.mailboxes == environment.microsoft_365.online.mailboxes
    assert there.mailboxes == environment.mailboxes


def test_in_the_overlap_only_the_side_of_the_old_mx_hosts_is_as_it_was() -> None:
    one, three = in_world(ONE, World.OVERLAP), in_world(THREE, World.OVERLAP)
    assert sides(one) == (*of_before(ONE)[:2], *sides(ONE)[2:])
    assert sides(three) == (*sides(THREE)[:2], *of_before(THREE)[2:])
    assert (one.zones, three.zones) == (ONE.zones, THREE.zones)


def test_a_world_of_which_nothing_is_recorded() -> None:
    with pytest.raises(ValueError, match="does not record what was before"):
        in_world(replace(ONE, before=None), World.ROLLBACK)


def test_what_goes_to_the_old_hosts_goes_to_every_mailbox() -> None:
    (domain,) = ONE.domains
    sent = messages_in(ONE, domain, World.OVERLAP)
    told = {(one.kind, *map(str, one.envelope.rcpt_to), one.direct_to) for one in sent}
    assert told == {
        (Kind.INTERNET_TO_CLOUD, "chris@contoso.com", "mail.contoso.com"),
        (Kind.INTERNET_TO_CLOUD, "sara@contoso.com", "mail.contoso.com"),
        (Kind.INTERNET_TO_ON_PREMISES, "david@contoso.com", "mail.contoso.com"),
    }


def test_nothing_goes_to_a_host_of_others() -> None:
    (domain,) = ONE.domains
    text = "@ 3600 SOA ns. hostmaster. 1 7200 3600 1209600 600\n@ 86400 MX 10 in.filter.example.\n"
    zone = dns.zone.from_text(text, "contoso.com.", relativize=False, check_origin=False)
    made = replace(ONE, before=replace(before(ONE), zones={"contoso.com": zone}))
    assert old_mx_hosts(made, domain) == ("in.filter.example",)
    assert messages_in(made, domain, World.OVERLAP) == ()
    assert sides(in_world(made, World.OVERLAP)) == sides(ONE)


def test_what_was_before_is_read_and_counts_in_the_digest() -> None:
    old = before(ONE)
    assert old.folder == "before"
    assert old.zones["contoso.com"].get_rdataset("contoso.com.", "MX").ttl == 86_400
    assert find_soa(old.zones, "contoso.com") == (7200, 3600)
    assert old.online.mailboxes == Unknown("before/exchange-online/Get-Mailbox.json was not supplied")
    assert {name for name in ONE.files if name.startswith("before/")} == {
        "before/exchange-online/Get-InboundConnector.json",
        "before/exchange-online/Get-OutboundConnector.json",
        "before/exchange-server/Get-ADPermission.json",
        "before/exchange-server/Get-ReceiveConnector.json",
        "before/exchange-server/Get-SendConnector.json",
        "before/zones/contoso.com.zone",
    }

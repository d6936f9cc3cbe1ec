"""By which outbound connector Microsoft 365 sends, and that nobody knows it where two cover a domain alike."""

from typing import Any

import pytest

from mailflow.environment.environment import Microsoft365
from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import ConnectorType, OutboundConnector
from mailflow.routing.outbound_connector import centralized, covering
from tests.routing.conftest import centralized as carrying
from tests.routing.conftest import online, organization, outbound


def tenant(*connectors: OutboundConnector) -> Microsoft365:
    return organization(online(outbound_connectors=connectors)).microsoft_365


def chosen(name: str, *connectors: OutboundConnector, from_on_premises: bool = False) -> str | None:
    assume = Assumptions()
    connector = covering(tenant(*connectors), name, from_on_premises, assume)
    assert assume.made == ()
    return connector.name if connector else None


EVERYTHING = outbound("*", recipient_domains=("*",), connector_type=ConnectorType.PARTNER)
OWN = outbound("own", recipient_domains=(), all_accepted_domains=True)
BELOW = outbound("below", recipient_domains=("*.contoso.com",))
EXACT = outbound("exact", recipient_domains=("fabrikam.com", "contoso.com", "e.contoso.com"))


@pytest.mark.parametrize(
    ("name", "connector"),
    [
        ("contoso.com", "exact"),
        ("e.contoso.com", "exact"),  # as long as *.contoso.com, and still the more specific
        ("eu.contoso.com", "below"),
        ("a.eu.contoso.com", "below"),
        ("contoso.mail.onmicrosoft.com", "own"),
        ("notcontoso.com", "*"),
        ("tailspintoys.com", "*"),
    ],
)
def test_the_most_specific_connector_carries_a_message(name: str, connector: str) -> None:
    for order in ((EVERYTHING, OWN, BELOW, EXACT), (EXACT, BELOW, OWN, EVERYTHING)):
        assert chosen(name, *order) == connector


@pytest.mark.parametrize(
    "cover", [{}, {"recipient_domains": (), "all_accepted_domains": True}, {"recipient_domains": ("*",)}], ids=str
)
def test_of_connectors_that_cover_a_domain_alike_nobody_knows_which_is_chosen(cover: dict[str, Any]) -> None:
    assume = Assumptions()
    one, other = outbound("one", **cover), outbound("other", **cover)
    connector = covering(tenant(one, other, outbound("off", enabled=False, **cover)), "contoso.com", False, assume)
    assert (connector, assume.made) == (
        one,
        ("which of the outbound connectors one, other takes mail for contoso.com: they cover it alike",),
    )


def test_without_a_connector_none_is_chosen() -> None:
    assert chosen("tailspintoys.com", OWN, BELOW, EXACT) is None
    assert chosen("contoso.com", BELOW) is None


@pytest.mark.parametrize(
    "off", [{"enabled": False}, {"is_transport_rule_scoped": True}], ids=["disabled", "by rule only"]
)
@pytest.mark.parametrize("connector", [{}, {"recipient_domains": ("*",)}, {"all_accepted_domains": True}])
def test_a_connector_that_is_off_or_for_rules_carries_nothing(off: dict[str, Any], connector: dict[str, Any]) -> None:
    assert chosen("contoso.com", outbound(**(connector | off))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"route_all_messages_via_on_premises": False},
        {"connector_type": ConnectorType.PARTNER},
        {"is_transport_rule_scoped": True},
    ],
    ids=str,
)
def test_centralized_mail_transport_has_four_conditions(change: dict[str, Any]) -> None:
    one, assume = carrying(), Assumptions()
    assert centralized(tenant(carrying("other", **change), one), assume) is one
    assert (centralized(tenant(carrying(**change)), assume), assume.made) == (None, ())


def test_without_every_recipient_domain_nobody_knows_what_it_does() -> None:
    assume = Assumptions()
    assert centralized(tenant(carrying(recipient_domains=("fabrikam.com",))), assume) is None
    (told,) = assume.made
    assert told.startswith("what RouteAllMessagesViaOnPremises does without recipient domain * is not documented (")

"""A third-party filter on the way of a received message: placed by the address that Microsoft 365 saw."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.mail.received import read_received
from mailflow.observe.exchange_fields import ExchangeFields
from mailflow.observe.path import Place
from mailflow.observe.received_path import Sent, hops
from mailflow.observe.trace import trace

FIXTURES = Path(__file__).parents[2] / "fixtures"
FRONT = "AM6EUR05FT003.mail.protection.outlook.com"
WHEN = "Mon, 1 Jun 2026 10:00:00 +0000"


@pytest.fixture
def environment() -> Environment:
    return load(FIXTURES / "third-party-filter")


@pytest.fixture
def places(environment: Environment) -> Callable[[str, str], list[tuple[str, Place]]]:
    def read(name: str, address: str) -> list[tuple[str, Place]]:
        handed = f"from {name} ({address}) by {FRONT} (10.233.240.11) with Microsoft SMTP Server (version=TLS1_3) id 1"
        written_by_the_filter = f"from mail.fabrikam.com (192.0.2.25) by {name} with ESMTPS id 2"
        fields = [read_received(f"{text}; {WHEN}") for text in (handed, written_by_the_filter)]
        traced = trace(environment, fields, own_mailbox=True)
        said = ExchangeFields.read([("X-MS-Exchange-CrossTenant-Id", environment.microsoft_365.tenant_id)])
        found, untold = hops(environment, traced, said, Sent(None, from_outside=True), None)
        assert untold == ()
        return [(hop.host, hop.place) for hop in found]

    return read


def test_the_filter_is_the_first_host_that_is_believed(places: Callable[..., list[tuple[str, Place]]]) -> None:
    way = [("mx2.filter.example", Place.FILTER), ("Microsoft 365", Place.MICROSOFT_365)]
    assert places("mx2.filter.example", "203.0.113.11") == way


def test_its_name_alone_makes_nobody_the_filter(places: Callable[..., list[tuple[str, Place]]]) -> None:
    way = [("mx2.filter.example", Place.INTERNET), ("Microsoft 365", Place.MICROSOFT_365)]
    assert places("mx2.filter.example", "198.51.100.99") == way

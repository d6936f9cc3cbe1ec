"""The own tenant on the way to another one: where it only stood between, what a message does not show, and the note."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.judge.another_tenant import asked_for, of_its_own_accord, told_of_tenants
from mailflow.observe.path import Place
from mailflow.policy.finding import compliant

FOUND = compliant("it never passes Microsoft 365", "it did not")


@pytest.fixture
def by_the_tenant(path: Any, hop: Any) -> Any:
    """A message that the own tenant took on the way to a tenant of the same host, to another host, or perhaps."""

    def build(for_another: bool | None, then: str) -> Any:
        cloud = hop("cloud", for_another_tenant=for_another)
        return path([hop("own"), cloud, replace(hop("out"), host=then)])

    return build


@pytest.mark.parametrize(
    ("for_another", "then", "places"),
    [
        (True, "Microsoft 365", [Place.ON_PREMISES, Place.INTERNET]),
        (None, "Microsoft 365", [Place.ON_PREMISES, Place.INTERNET]),
        (True, "mail.tailspintoys.com", [Place.ON_PREMISES, Place.MICROSOFT_365, Place.INTERNET]),
        (False, "Microsoft 365", [Place.ON_PREMISES, Place.MICROSOFT_365, Place.INTERNET]),
    ],
)
def test_it_counts_unless_it_only_stood_between(
    by_the_tenant: Any, for_another: bool | None, then: str, places: list[Place]
) -> None:
    one = by_the_tenant(for_another, then)
    assert [hop.place for hop in of_its_own_accord(one)] == places
    assert bool(told_of_tenants(FOUND, [one]).notes) is (len(places) == 2)


def test_where_the_way_ends_in_the_tenant_that_is_its_end(path: Any, hop: Any) -> None:
    one = path([hop("own"), hop("cloud", for_another_tenant=True)])
    assert of_its_own_accord(one) == one.hops
    assert told_of_tenants(FOUND, [one]) is FOUND


def test_a_saved_message_does_not_show_whose_host_it_was_handed_to(by_the_tenant: Any) -> None:
    one = by_the_tenant(None, "Microsoft 365")
    assert asked_for(Place.MICROSOFT_365)(one).startswith(
        "session records does not show to whose host of Microsoft 365"
    )
    assert asked_for(Place.ON_PREMISES)(one) == ""
    assert asked_for(Place.MICROSOFT_365)(by_the_tenant(True, "Microsoft 365")) == ""

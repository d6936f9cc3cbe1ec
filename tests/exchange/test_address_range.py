"""What is left of ranges when others are taken away, compared with doing it address by address."""

from ipaddress import ip_address, ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailflow.exchange.address_range import EVERYTHING, AddressRange, networks, spanned, without

TOP = {4: 2**32 - 1, 6: 2**128 - 1}


@st.composite
def ranges(draw: st.DrawFn) -> AddressRange:
    """Ranges near the beginning and the end of both families, so that they meet and overlap."""
    version = draw(st.sampled_from((4, 6)))
    start = draw(st.sampled_from((0, TOP[version] - 40)))
    first, last = sorted((draw(st.integers(0, 40)), draw(st.integers(0, 40))))
    return AddressRange(version, start + first, start + last)


def addresses(given_: list[AddressRange] | tuple[AddressRange, ...]) -> set[tuple[int, int]]:
    return {(one.version, number) for one in given_ for number in range(one.first, one.last + 1)}


@given(st.lists(ranges()), st.lists(ranges()))
def test_what_is_left_is_what_no_other_holds(some: list[AddressRange], others: list[AddressRange]) -> None:
    left = without(some, others)
    assert addresses(left) == addresses(some) - addresses(others)
    assert list(left) == sorted(left, key=lambda one: (one.version, one.first))
    assert all(a.version != b.version or a.last + 1 < b.first for a, b in pairwise(left))


@given(st.lists(ranges()))
def test_networks_hold_the_same_addresses(some: list[AddressRange]) -> None:
    whole = without(some, ())
    assert without(whole, spanned(networks(whole))) == ()
    assert without(spanned(networks(whole)), whole) == ()


def test_in_the_words_of_firewalls() -> None:
    published = spanned(map(ip_network, ("40.92.0.0/15", "52.100.0.0/14", "2a01:111:f400::/48")))
    listed = spanned((ip_network("40.92.0.0/16"), ip_network("52.0.0.0/8"), ip_address("2a01:111:f400::1")))
    left = list(map(str, networks(without(published, listed))))
    assert left[:3] == ["40.93.0.0/16", "2a01:111:f400::/128", "2a01:111:f400::2/127"]
    assert without(published, EVERYTHING) == () == without((), published)

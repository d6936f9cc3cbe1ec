"""check_host() against pyspf, an independent implementation, over generated worlds.

The worlds leave out what pyspf is known to do otherwise than RFC 7208 says or leaves open: it counts a redirect that
is not followed (4.6.4), refuses an include of the record's own domain at once, looks up all MX hosts before it compares
(5.4), keeps %{p} of the first record for the others (7.3), ends ptr with temperror (5.5), and refuses any modifier that
appears twice (6).
"""

import socket
import warnings
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from mailflow.records.answer import Answer, MxRecord, Outcome, Question, drive
from mailflow.records.spf import Result, check_host

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # invalid escape sequences in pyspf's source
    import spf as pyspf

TIMEOUT = "TIMEOUT"
ADDRESSES = [ip_address(text) for text in ("192.0.2.1", "192.0.2.200", "198.51.100.7", "203.0.113.9")]
ADDRESSES6 = [ip_address(text) for text in ("2001:db8::1", "2001:db8::ff:1", "2001:db8:1::1")]
CLIENTS = [*ADDRESSES, *ADDRESSES6, ip_address("::ffff:192.0.2.1")]
DOMAINS = ["contoso.com", "a.contoso.com", "b.contoso.com", "c.contoso.com"]
HOSTS = ["h1.contoso.com", "h2.contoso.com"]

World = dict[tuple[str, str], Any]

QUALIFIERS = st.sampled_from(["", "+", "-", "~", "?"])
PREFIXES = st.sampled_from(["", "/24", "//64", "/16//32", "/0", "//0", "/32//128"])
TARGETS = st.sampled_from([*DOMAINS, *HOSTS, *HOSTS, "x.contoso.com", "%{d}", "%{l}.%{d2}", "%{h}", "slow.contoso.com"])


def terms(domain: str) -> st.SearchStrategy[str]:
    included = st.sampled_from([name for name in DOMAINS if name != domain])
    mechanisms = st.one_of(
        st.builds("ip4:{}{}".format, st.sampled_from(ADDRESSES), st.sampled_from(["", "/24", "/0", "/32"])),
        st.builds("ip6:{}{}".format, st.sampled_from(ADDRESSES6), st.sampled_from(["", "/64", "/0", "/128"])),
        st.builds("{}{}".format, st.sampled_from(["a", "mx"]), PREFIXES),
        st.builds("{}:{}{}".format, st.sampled_from(["a", "A", "mx"]), TARGETS, PREFIXES),
        st.builds("include:{}".format, included),
        st.builds("exists:{}".format, st.one_of(TARGETS, st.just("%{ir}.%{v}.x.contoso.com"))),
        st.sampled_from(["ptr", "ptr:contoso.com", "ptr:h1.contoso.com"]),
    )
    return st.builds("{}{}".format, QUALIFIERS, mechanisms)


BROKEN = st.sampled_from(
    ["ipv4:192.0.2.1", "ip4:192.0.2.1/33", "ip4:", "a:", "include:", "exists", "all:x", "a/33", "moo", "ip6:192.0.2.1"]
)
ENDS = st.sampled_from(["-all", "~all", "?all", "all", "", "x=1 -all"])


@st.composite
def records(draw: st.DrawFn, domain: str) -> str:
    if draw(st.integers(0, 5)) == 0:
        address = draw(st.sampled_from(ADDRESSES))
        return f"v=spf1 ip4:{address} redirect={draw(st.sampled_from(DOMAINS))}"
    words = draw(st.lists(terms(domain), max_size=5))
    if draw(st.integers(0, 9)) == 0:
        words.append(draw(BROKEN))
    return " ".join(["v=spf1", *words, draw(ENDS)]).strip()


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world: World = {("slow.contoso.com", "A"): TIMEOUT, ("slow.contoso.com", "AAAA"): TIMEOUT}
    for host in HOSTS:
        world[host, "A"] = draw(st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True))
        world[host, "AAAA"] = draw(st.lists(st.sampled_from(ADDRESSES6), min_size=1, max_size=2, unique=True))
    for domain in DOMAINS:
        world[domain, "TXT"] = [draw(records(domain))]
        if domain != DOMAINS[0] and draw(st.integers(0, 7)) == 0:
            world[domain, "TXT"] = draw(st.sampled_from([[], TIMEOUT, ["v=spf1 -all", "v=spf1 a -all"]]))
        if draw(st.booleans()):
            world[domain, "A"] = [draw(st.sampled_from(ADDRESSES))]
            world[domain, "MX"] = [MxRecord(n, host) for n, host in enumerate(draw(st.permutations(HOSTS)))]
    for address in CLIENTS[:-1]:
        world[address.reverse_pointer, "PTR"] = draw(st.lists(st.sampled_from(HOSTS), max_size=2, unique=True))
    return world


def ours(world: World, question: Question) -> Answer:
    values = world.get((question.name, question.type), [])
    if values == TIMEOUT:
        return Answer(question, Outcome.TIMEOUT)
    return Answer(question, Outcome.FOUND if values else Outcome.NXDOMAIN, tuple(values))


def theirs(world: World, name: str, of_type: str) -> Iterator[tuple[tuple[str, str], object]]:
    values = world.get((name.lower(), of_type), [])
    if values == TIMEOUT:
        raise pyspf.TempError("DNS timeout")
    for value in values:
        found: object = value if of_type == "MX" else str(value)
        if of_type == "TXT":
            found = (value.encode(),)
        if isinstance(value, IPv6Address):
            found = socket.inet_pton(socket.AF_INET6, str(value))
        yield (name, of_type), found


@settings(max_examples=150, deadline=None)
@given(worlds(), st.sampled_from(CLIENTS), st.sampled_from(["kate", "h1", ""]))
def test_it_agrees_with_pyspf(world: World, client: Any, local: str) -> None:
    sender, helo = f"{local}@contoso.com", "h2.contoso.com"
    found = drive(check_host(client, "contoso.com", sender, helo), lambda question: ours(world, question))

    pyspf.DNSLookup = lambda name, of_type, *_, **__: theirs(world, name, of_type)
    result, _, reason = pyspf.query(i=str(client), s=sender, h=helo, strict=True).check()
    event(result)
    assert (found.result, found.reason) == (Result(result), found.reason), reason

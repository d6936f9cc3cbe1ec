"""The eye against NSD and Unbound: what real servers answer means what the simulated ones mean by it."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from typing import Any, NamedTuple

import dns.dnssec
import dns.dnssectypes
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mailflow.observe.dns import DnsEye
from mailflow.observe.eye import AuthoritativeAnswer
from mailflow.records.answer import Answer, MxRecord, Outcome, Question
from tests.real.dns_on_loopback import Where, nsd, unbound
from tests.real.programs import Programs

pytestmark = pytest.mark.real

_LONG = " ".join(f'"{"x" * 250}"' for _ in range(12))
_CONTOSO = f"""
@ 600 SOA ns1 hostmaster 1 7200 900 1209600 300
@ 600 NS ns1
@ 600 NS ns2
@ 600 NS ns3
@ 600 NS ns4
@ 600 NS ns5
ns1 600 A 192.0.2.1
ns2 600 A 192.0.2.2
ns3 600 A 192.0.2.3
ns4 600 A 192.0.2.4
ns5 600 A 192.0.2.5
@ 600 MX 10 mail
@ 600 TXT "v=spf1 -all"
mail 600 A 131.107.21.231
alias 600 CNAME mail
gone 600 CNAME nobody
big 600 TXT {_LONG}
*.wild 600 TXT "any name"
xn--bcher-kva 600 TXT "books"
"""
_SIGNED = """
@ 600 SOA ns1 hostmaster 1 7200 900 1209600 300
@ 600 NS ns1
ns1 600 A 192.0.2.1
@ 600 MX 10 mail.contoso.com.
"""


class Servers(NamedTuple):
    """Where they answer."""

    nsd: Where
    older: Where  # NSD that has the domain's records as they were
    other: Where  # NSD that has no zone of the domain
    unbound: Where
    silent: Where


def zone(origin: str, text: str) -> dns.zone.Zone:
    return dns.zone.from_text(text, origin + ".", relativize=False)


def signed(origin: str) -> tuple[dns.zone.Zone, str]:
    """Give a signed zone, and its key as a resolver's trust anchor."""
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257)
    one = zone(origin, _SIGNED)
    with one.writer() as transaction:
        dns.dnssec.sign_zone(one, transaction, keys=[(private, key)], dnskey_ttl=600, lifetime=86400)
    return one, f"{origin}. 600 IN DNSKEY {key.to_text()}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    proven, anchor = signed("signed.example")
    forged, _ = signed("forged.example")
    _, anchor_of_another = signed("forged.example")
    with Programs(tmp_path_factory.mktemp("dns")) as programs, socket.socket(type=socket.SOCK_DGRAM) as silent:
        zones = {"contoso.com": zone("contoso.com", _CONTOSO), "signed.example": proven, "forged.example": forged}
        authority = nsd(programs, "nsd", zones)
        older = _CONTOSO.replace("MX 10 mail", "MX 10 old").replace("hostmaster 1 ", "hostmaster 0 ")
        silent.bind(("127.0.0.1", 0))
        stubs = {**dict.fromkeys(zones, authority), "lame.example": authority}
        yield Servers(
            authority,
            nsd(programs, "older", {"contoso.com": zone("contoso.com", older)}),
            nsd(programs, "other", {"signed.example": proven}),
            unbound(programs, "unbound", stubs, [anchor, anchor_of_another]),
            silent.getsockname(),
        )


def look(where: Where, name: str, rdtype: str) -> Answer:
    return asyncio.run(DnsEye([where], 10.0).lookup(Question(name, rdtype)))


RESOLVED = [
    ("contoso.com", "MX", Outcome.FOUND, (MxRecord(10, "mail.contoso.com"),), ()),
    ("alias.contoso.com", "A", Outcome.FOUND, (IPv4Address("131.107.21.231"),), ("mail.contoso.com",)),
    ("big.contoso.com", "TXT", Outcome.FOUND, ("x" * 3000,), ()),
    ("any.wild.contoso.com", "TXT", Outcome.FOUND, ("any name",), ()),
    ("bücher.contoso.com", "TXT", Outcome.FOUND, ("books",), ()),
    ("mail.contoso.com", "AAAA", Outcome.NO_DATA, (), ()),
    ("wild.contoso.com", "TXT", Outcome.NO_DATA, (), ()),
    ("alias.contoso.com", "MX", Outcome.NO_DATA, (), ("mail.contoso.com",)),
    ("nobody.contoso.com", "A", Outcome.NXDOMAIN, (), ()),
    ("gone.contoso.com", "A", Outcome.NXDOMAIN, (), ("nobody.contoso.com",)),
]


@pytest.mark.parametrize("server", ["nsd", "unbound"])
@pytest.mark.parametrize("case", RESOLVED, ids=lambda case: f"{case[0]} {case[1]}")
def test_both_servers_tell_the_same(servers: Servers, server: str, case: tuple[str, str, Outcome, Any, Any]) -> None:
    name, rdtype, *expected = case
    where = getattr(servers, server)
    found = look(where, name, rdtype)
    assert [found.outcome, found.values, found.aliases] == expected
    assert (found.server, found.tries) == (f"127.0.0.1:{where[1]}", ())


REFUSED = "REFUSED from it by TCP: it knows nothing of this name, or nothing for us"
SERVFAIL = "SERVFAIL from it by TCP"


@pytest.mark.parametrize(
    ("server", "name", "outcome", "words"),
    [
        ("nsd", "fabrikam.com", Outcome.REFUSED, REFUSED),
        ("unbound", "refused.example", Outcome.REFUSED, REFUSED),
        ("unbound", "forged.example", Outcome.SERVFAIL, SERVFAIL),
        ("unbound", "lame.example", Outcome.SERVFAIL, SERVFAIL),
    ],
)
def test_failures_of_real_servers(servers: Servers, server: str, name: str, outcome: Outcome, words: str) -> None:
    where = getattr(servers, server)
    found = look(where, name, "MX")
    told = [line.replace(f"127.0.0.1:{where[1]}", "it") for line in (*found.tries, *found.text)]
    assert (found.outcome, told) == (outcome, [words.replace("TCP", "UDP"), words])


def test_what_dnssec_proves_is_authentic_and_nothing_else_is(servers: Servers) -> None:
    proven = look(servers.unbound, "signed.example", "MX")
    assert (proven.values, proven.authentic) == ((MxRecord(10, "mail.contoso.com"),), True)
    assert look(servers.unbound, "signed.example", "AAAA").authentic  # that there is none
    assert not look(servers.unbound, "contoso.com", "MX").authentic
    assert not look(servers.nsd, "signed.example", "MX").authentic


def test_the_name_servers_of_a_zone_are_told_apart(servers: Servers) -> None:
    places = dict(zip((f"192.0.2.{n}" for n in range(1, 6)), (*servers[:4], servers.silent), strict=True))
    reach: Callable[[str], Where] = places.__getitem__

    async def ask() -> tuple[AuthoritativeAnswer, ...]:
        eye = DnsEye([servers.unbound], 1.0, reach=reach)
        await eye.lookup(Question("contoso.com", "MX"))  # now Unbound has it, without authority
        return await eye.authoritative(Question("contoso.com", "MX"))

    assert [(one.server, one.answer.outcome, one.answer.values) for one in asyncio.run(ask())] == [
        ("ns1.contoso.com", Outcome.FOUND, (MxRecord(10, "mail.contoso.com"),)),
        ("ns2.contoso.com", Outcome.FOUND, (MxRecord(10, "old.contoso.com"),)),
        ("ns3.contoso.com", Outcome.REFUSED, ()),
        ("ns4.contoso.com", Outcome.LAME, ()),
        ("ns5.contoso.com", Outcome.TIMEOUT, ()),
    ]

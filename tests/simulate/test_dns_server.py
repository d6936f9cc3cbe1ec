"""The simulated DNS answers as RFC 1034, 2308, 4592, 6891 and 7766 say, and survives whatever it is sent."""

import asyncio
import struct
from collections.abc import Iterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.simulate.dns import DnsServer

CONTOSO = """
$TTL 600
@ SOA ns1 hostmaster 1 7200 900 1209600 300
@ NS ns1
@ MX 10 mail
mail A 131.107.21.231
alias CNAME second
second CNAME mail
out CNAME elsewhere.fabrikam.com.
gone CNAME nobody
here CNAME there
there CNAME here
a.empty TXT "below an empty non-terminal"
* TXT "any name"
host1 A 192.0.2.1
_ssh._tcp.host1 SRV 0 0 22 host1
*.sub TXT "any name below sub"
x.sub A 192.0.2.9
*.aliases CNAME mail
lab NS ns.lab
ns.lab A 192.0.2.53
big TXT "{long}"
"""


def zone(origin: str, text: str) -> dns.zone.Zone:
    return dns.zone.from_text(text, origin + ".", relativize=False, check_origin=False)


@pytest.fixture(scope="module")
def server() -> DnsServer:
    long = '" "'.join(["x" * 250] * 8)
    return DnsServer(
        {
            "contoso.com": zone("contoso.com", CONTOSO.replace("{long}", long)),
            "deeper.contoso.com": zone("deeper.contoso.com", "@ 60 SOA ns1 h 1 2 3 4 5\n@ 60 TXT deeper"),
            "soaless.example": zone("soaless.example", "@ 60 TXT nothing-else"),
        }
    )


def ask(server: DnsServer, name: str, rdtype: str, limit: int | None = None, **options: int) -> dns.message.Message:
    wire = server.respond(dns.message.make_query(name, rdtype, **options).to_wire(), limit)
    assert wire is not None
    return dns.message.from_wire(wire)


def answers(response: dns.message.Message) -> list[str]:
    return [f"{rrset.name} {rdata.to_text()}".lower() for rrset in response.answer for rdata in rrset]


def outcome(response: dns.message.Message) -> tuple[str, list[str], list[str]]:
    authority = [f"{rrset.name} {rrset.ttl} {rrset[0].rdtype.name}" for rrset in response.authority]
    return dns.rcode.to_text(response.rcode()), answers(response), authority


NEGATIVE = ["contoso.com. 300 SOA"]  # RFC 2308 section 3: the lesser of the SOA's TTL, 600, and its MINIMUM


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        ("contoso.com", "MX", ("NOERROR", ["contoso.com. 10 mail.contoso.com."], [])),
        ("CONTOSO.com", "MX", ("NOERROR", ["contoso.com. 10 mail.contoso.com."], [])),
        ("contoso.com", "AAAA", ("NOERROR", [], NEGATIVE)),
        ("mail.contoso.com", "AAAA", ("NOERROR", [], NEGATIVE)),
        ("nobody.sub2.deeper.contoso.com", "A", ("NXDOMAIN", [], ["deeper.contoso.com. 5 SOA"])),
        ("deeper.contoso.com", "TXT", ("NOERROR", ['deeper.contoso.com. "deeper"'], [])),
        ("fabrikam.com", "A", ("REFUSED", [], [])),
        ("com", "NS", ("REFUSED", [], [])),
        (".", "NS", ("REFUSED", [], [])),
        ("nobody.soaless.example", "A", ("NXDOMAIN", [], [])),
    ],
)
def test_what_is_published_and_what_is_not(
    server: DnsServer, name: str, rdtype: str, expected: tuple[str, list[str], list[str]]
) -> None:
    assert outcome(ask(server, name, rdtype)) == expected


@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        # RFC 4592 section 2.2.1, in the names of this zone.
        ("any.contoso.com", "TXT", ("NOERROR", ['any.contoso.com. "any name"'], [])),
        ("any.any.contoso.com", "TXT", ("NOERROR", ['any.any.contoso.com. "any name"'], [])),
        ("any.contoso.com", "MX", ("NOERROR", [], NEGATIVE)),
        ("host1.contoso.com", "TXT", ("NOERROR", [], NEGATIVE)),
        ("_tcp.host1.contoso.com", "TXT", ("NOERROR", [], NEGATIVE)),
        ("_telnet._tcp.host1.contoso.com", "SRV", ("NXDOMAIN", [], NEGATIVE)),
        ("any.host1.contoso.com", "TXT", ("NXDOMAIN", [], NEGATIVE)),
        ("empty.contoso.com", "TXT", ("NOERROR", [], NEGATIVE)),
        ("other.empty.contoso.com", "TXT", ("NXDOMAIN", [], NEGATIVE)),
        ("sub.contoso.com", "TXT", ("NOERROR", [], NEGATIVE)),
        ("y.sub.contoso.com", "TXT", ("NOERROR", ['y.sub.contoso.com. "any name below sub"'], [])),
        ("x.sub.contoso.com", "TXT", ("NOERROR", [], NEGATIVE)),
        ("*.contoso.com", "TXT", ("NOERROR", ['*.contoso.com. "any name"'], [])),
    ],
)
def test_wildcards_and_empty_non_terminals(
    server: DnsServer, name: str, rdtype: str, expected: tuple[str, list[str], list[str]]
) -> None:
    assert outcome(ask(server, name, rdtype)) == expected


def test_aliases_are_followed_in_order(server: DnsServer) -> None:
    found = outcome(ask(server, "alias.contoso.com", "A"))
    assert found == (
        "NOERROR",
        [
            "alias.contoso.com. second.contoso.com.",
            "second.contoso.com. mail.contoso.com.",
            "mail.contoso.com. 131.107.21.231",
        ],
        [],
    )
    synthesized = outcome(ask(server, "any.aliases.contoso.com", "A"))
    assert synthesized[1] == ["any.aliases.contoso.com. mail.contoso.com.", "mail.contoso.com. 131.107.21.231"]
    assert answers(ask(server, "alias.contoso.com", "CNAME")) == ["alias.contoso.com. second.contoso.com."]


def test_an_alias_that_leads_to_nothing_or_out_or_round(server: DnsServer) -> None:
    # RFC 6604 section 3: the code is that of the last name. The wildcard covers "nobody", but has no address.
    assert outcome(ask(server, "gone.contoso.com", "A")) == (
        "NOERROR",
        ["gone.contoso.com. nobody.contoso.com."],
        NEGATIVE,
    )
    assert outcome(ask(server, "out.contoso.com", "A")) == (
        "REFUSED",
        ["out.contoso.com. elsewhere.fabrikam.com."],
        [],
    )
    circle = ask(server, "here.contoso.com", "A")
    assert circle.rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("name", ["lab.contoso.com", "ns.lab.contoso.com", "host.deep.lab.contoso.com"])
def test_what_is_delegated_is_not_known_here(server: DnsServer, name: str) -> None:
    assert outcome(ask(server, name, "A")) == ("REFUSED", [], [])


def test_flags_and_echo(server: DnsServer) -> None:
    query = dns.message.make_query("contoso.com", "MX")
    wire = server.respond(query.to_wire(), None)
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert query.is_response(response)
    assert response.flags & dns.flags.AA
    assert response.flags & dns.flags.RD
    assert not ask(server, "fabrikam.com", "A").flags & dns.flags.AA


def test_other_classes_and_other_operations(server: DnsServer) -> None:
    chaos = dns.message.make_query("contoso.com", "TXT", rdclass="CH")
    assert dns.message.from_wire(server.respond(chaos.to_wire(), None) or b"").rcode() == dns.rcode.REFUSED
    notify = dns.message.make_query("contoso.com", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert dns.message.from_wire(server.respond(notify.to_wire(), None) or b"").rcode() == dns.rcode.NOTIMP


@pytest.mark.parametrize(
    ("options", "limit", "truncated"),
    [
        ({}, 1232, True),  # RFC 1035 section 4.2.1: 512 octets
        ({"use_edns": 0, "payload": 4096}, 1232, True),  # no fragments, whatever the client would take
        ({"use_edns": 0, "payload": 4096}, None, False),  # TCP
        ({}, None, False),
    ],
)
def test_truncation(server: DnsServer, options: dict[str, int], limit: int | None, truncated: bool) -> None:
    response = ask(server, "big.contoso.com", "TXT", limit, **options)
    assert bool(response.flags & dns.flags.TC) is truncated
    assert len(response.answer) == (0 if truncated else 1)


def test_edns_is_answered_with_edns(server: DnsServer) -> None:
    assert ask(server, "contoso.com", "MX", use_edns=0).edns == 0
    assert ask(server, "contoso.com", "MX").edns == -1


def _unreadable() -> Iterator[bytes]:
    good = dns.message.make_query("contoso.com", "MX").to_wire()
    yield b""
    yield good[:11]
    yield good[:-1]
    yield good[:2] + bytes([good[2] | 0x80]) + good[3:]  # a response
    yield good[:4] + b"\0\0" + good[6:12]  # no question
    yield good[:4] + b"\0\2" + good[6:] + good[12:]  # two
    yield good[:12] + b"\xc0\x0c" + good[-4:]  # a name that points at itself


@pytest.mark.parametrize("wire", list(_unreadable()))
def test_what_is_no_question_gets_no_answer(server: DnsServer, wire: bytes) -> None:
    assert server.respond(wire, None) is None


@given(st.binary(max_size=200))
def test_arbitrary_octets_never_raise(wire: bytes) -> None:
    SMALL.respond(wire, 512)


@given(st.data())
def test_spoilt_questions_never_raise(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["contoso.com", "a.contoso.com", "here.contoso.com", "fabrikam.com"]))
    rdtype = data.draw(st.integers(0, 65535))
    good = bytearray(dns.message.make_query(name, "A", use_edns=data.draw(st.sampled_from([-1, 0]))).to_wire())
    place = 12 + len(name) + 2
    good[place : place + 2] = struct.pack("!H", rdtype)
    for _ in range(data.draw(st.integers(0, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    SMALL.respond(bytes(good), data.draw(st.sampled_from([None, 512, 1232])))


SMALL = DnsServer({"contoso.com": zone("contoso.com", CONTOSO.replace("{long}", "x"))})


def test_udp_and_tcp_share_a_port_and_tcp_follows_truncation(server: DnsServer) -> None:
    async def look() -> None:
        await server.start()
        try:
            query = dns.message.make_query("big.contoso.com", "TXT")
            response, by_tcp = await dns.asyncquery.udp_with_fallback(query, "127.0.0.1", 5, server.port)
            assert by_tcp
            assert [len(text) for text in response.answer[0][0].strings] == [250] * 8
        finally:
            await server.stop()

    asyncio.run(look())


def test_garbage_on_the_wire_harms_no_other_client(server: DnsServer) -> None:
    async def look() -> None:
        await server.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(struct.pack("!H", 5) + b"12345")
            assert await reader.read() == b""  # let go, without an answer
            writer.close()
            _, half_writer = await asyncio.open_connection("127.0.0.1", server.port)
            half_writer.write(b"\x40")  # and then nothing: it keeps nobody else waiting
            query = dns.message.make_query("contoso.com", "MX")
            response = await dns.asyncquery.tcp(query, "127.0.0.1", 5, server.port)
            assert answers(response) == ["contoso.com. 10 mail.contoso.com."]
            response = await dns.asyncquery.udp(query, "127.0.0.1", 5, server.port)
            assert answers(response) == ["contoso.com. 10 mail.contoso.com."]
            half_writer.close()
        finally:
            await server.stop()

    asyncio.run(look())


def test_several_questions_in_one_tcp_connection(server: DnsServer) -> None:
    """RFC 7766 section 6.2.1."""

    async def look() -> list[list[str]]:
        await server.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            found = []
            for rdtype in ("MX", "NS"):
                wire = dns.message.make_query("contoso.com", rdtype).to_wire()
                writer.write(struct.pack("!H", len(wire)) + wire)
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                found.append(answers(dns.message.from_wire(await reader.readexactly(length))))
            writer.close()
            return found
        finally:
            await server.stop()

    assert asyncio.run(look()) == [["contoso.com. 10 mail.contoso.com."], ["contoso.com. ns1.contoso.com."]]


SIGNED = {
    "contoso.com": "@ 60 SOA n h 1 2 3 4 5\n@ 60 MX 1 m\nin 60 CNAME m\nm 60 A 192.0.2.1\nout 60 CNAME m.plain.example."
}
PLAIN = {
    "plain.example": "@ 60 SOA n h 1 2 3 4 5\nm 60 A 192.0.2.2\nin 60 CNAME m.contoso.com.\ngone 60 CNAME m.nobody."
}


@pytest.mark.parametrize(
    ("name", "rdtype", "proven"),
    [
        ("contoso.com", "MX", True),
        ("contoso.com", "TXT", True),  # that there is none is proven too
        ("nobody.contoso.com", "A", True),
        ("in.contoso.com", "A", True),
        ("out.contoso.com", "A", False),  # all of it, or none (RFC 4035 section 3.2.3)
        ("in.plain.example", "A", False),
        ("m.plain.example", "A", False),
        ("gone.plain.example", "A", False),
        ("fabrikam.com", "A", False),
    ],
)
def test_what_a_zone_that_is_said_to_be_signed_holds_is_proven(name: str, rdtype: str, proven: bool) -> None:
    zones = {origin: zone(origin, text) for origin, text in (SIGNED | PLAIN).items()}
    server = DnsServer(zones, {"contoso.com"})
    wants = ask(server, name, rdtype, flags=dns.flags.RD | dns.flags.AD)
    assert bool(wants.flags & dns.flags.AD) is proven
    assert not ask(server, name, rdtype).flags & dns.flags.AD  # RFC 6840 section 5.7: nobody asked
    assert not ask(DnsServer(zones), name, rdtype, flags=dns.flags.RD | dns.flags.AD).flags & dns.flags.AD

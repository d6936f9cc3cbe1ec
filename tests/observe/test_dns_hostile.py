"""Whatever comes back: nothing crashes, nothing hangs, and what is forged is not believed."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.observe.dns import DnsEye
from mailflow.observe.dns_answer import read
from mailflow.observe.dns_port import Query
from mailflow.records.answer import MxRecord, Outcome, Question
from tests.observe.dns_scripts import Scripted, answer, look

QUESTION = Question("contoso.com", "MX")
QUERY = dns.message.make_query("contoso.com", "MX", use_edns=0, payload=1232)
WIRE = QUERY.to_wire()
GOOD = answer(QUERY, "contoso.com. CNAME a.example.", "a.example. MX 10 mail.contoso.com.", 'a.example. TXT "x"')
ASKED = Query(WIRE[2:], WIRE[12:29])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good answer with some octets changed, cut out or put in."""
    octets = bytearray(GOOD)
    for place in draw(st.lists(st.integers(0, len(GOOD) - 1), min_size=1, max_size=8)):
        match draw(st.integers(0, 2)):
            case 0:
                octets[place % len(octets)] = draw(st.integers(0, 255))
            case 1:
                del octets[place % len(octets) :][: draw(st.integers(1, 4))]
            case _:
                octets[place % len(octets) : 0] = draw(st.binary(max_size=4))
    return bytes(octets)


@given(st.one_of(st.binary(max_size=200), damaged(), st.binary(max_size=80).map(lambda tail: GOOD[:28] + tail)))
def test_every_message_is_read_as_something(wire: bytes) -> None:
    for authoritative in (False, True):
        found = read(QUESTION, wire, "192.0.2.53:53", "192.0.2.53:53 by UDP", authoritative=authoritative)
        assert found.question == QUESTION
        assert (found.values != ()) == (found.outcome is Outcome.FOUND)
        assert found.text != ()


@given(st.one_of(st.binary(max_size=60), damaged()))
def test_a_reply_belongs_to_its_question_or_is_none(wire: bytes) -> None:
    if not ASKED.is_answered_by(wire):
        return
    if wire[4:6] == b"\0\0":  # an error's bare header
        assert (len(wire), wire[3] & 15 in (1, 2, 4, 5)) == (12, True)
    else:
        assert wire[12:29].lower() == b"\7contoso\3com\0\0\x0f\0\1"
    assert wire[2] & 0xF8 == 0x80


@pytest.mark.parametrize(
    ("change", "answered"),
    [
        (lambda wire: wire, True),
        (lambda wire: wire.replace(b"contoso", b"CONtoso", 1), True),
        (lambda wire: wire.replace(b"contoso", b"contosa", 1), False),
        (lambda wire: wire[:26] + b"\x10" + wire[27:], False),  # TXT
        (lambda wire: wire[:28] + b"\3" + wire[29:], False),  # class CHAOS
        (lambda wire: bytes([*wire[:2], wire[2] & 0x7F]) + wire[3:], False),  # a query
        (lambda wire: bytes([*wire[:2], wire[2] | 0x28]) + wire[3:], False),  # an UPDATE
        (lambda wire: wire[:4] + b"\0\2" + wire[6:], False),  # two questions
        (lambda wire: wire[:11], False),
        (lambda wire: wire[:3] + b"\2\0\0" + bytes(6), True),  # SERVFAIL and nothing else
        (lambda wire: wire[:3] + b"\3\0\0" + bytes(6), False),  # NXDOMAIN of what?
        (lambda wire: wire[:3] + b"\0\0\0" + bytes(6), False),
    ],
)
def test_what_counts_as_a_reply(change: Callable[[bytes], bytes], answered: bool) -> None:
    assert ASKED.is_answered_by(change(GOOD)) is answered


def test_a_forger_who_guesses_neither_id_nor_question_is_not_believed_and_holds_nothing_up() -> None:
    def flooded(query: dns.message.Message, _: bool) -> list[bytes]:
        forged = answer(query, "contoso.com. MX 10 forged.example.")
        wrong = [(query.id + 1 + n & 0xFFFF).to_bytes(2) + forged[2:] for n in range(2000)]
        return [*wrong[:100], answer(query, "contoso.com. MX 10 mail."), *wrong[100:], forged]

    (found,), server = look(flooded, QUESTION)
    assert found.values == (MxRecord(10, "mail"),)
    assert server.asked == {"contoso.com. UDP": 1}


def test_ids_and_source_ports_change() -> None:
    questions = [Question(f"host{n}.contoso.com", "A") for n in range(300)]
    _, server = look(lambda query, _: answer(query, f"{query.question[0].name} A 192.0.2.1"), *questions)
    assert len(server.ports) >= 5
    assert max(server.ports.values()) <= 64
    assert min(server.ports) >= 1024
    assert len(set(server.ids)) > 280  # of 65,536: some fall together by chance, never in one port at a time


def test_a_source_port_is_closed_when_its_last_question_is_answered() -> None:
    async def scene() -> None:
        async with Scripted(lambda query, _: answer(query, "contoso.com. MX 10 mail.")) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            await eye.lookup(QUESTION)
            await eye.lookup(Question("contoso.com", "TXT"))
            assert len(server.ports) == 2
            assert all(port._transport and port._transport.is_closing() for port in eye._ports._open.values())

    asyncio.run(scene())


def test_nobody_listens() -> None:
    async def scene() -> None:
        async with Scripted(lambda query, _: None) as server:
            port = server.port
        found = await DnsEye([("127.0.0.1", port)]).lookup(QUESTION)
        assert found.outcome is Outcome.UNREACHABLE
        (udp,), (tcp,) = found.tries, found.text
        assert udp.startswith(f"no way to 127.0.0.1:{port} by UDP: ")
        assert tcp.startswith(f"no way to 127.0.0.1:{port} by TCP: ")

    asyncio.run(scene())


def test_an_answer_by_tcp_octet_by_octet_is_not_waited_for_for_ever() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while not reader.at_eof():
                writer.write(b"\xff")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(), 0.05)

    async def scene() -> None:
        server = await asyncio.start_server(trickle, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            found = await DnsEye([("127.0.0.1", port)], 0.4).lookup(QUESTION)
        assert (found.outcome, found.text) == (
            Outcome.TIMEOUT,
            (f"no answer from 127.0.0.1:{port} by TCP within 0.4 s",),
        )

    asyncio.run(scene())


def test_a_record_of_64_kib_is_judged_whole_and_kept_in_part() -> None:
    long = " ".join(f'"{"x" * 255}"' for _ in range(250))

    def script(query: dns.message.Message, by_tcp: bool) -> bytes:
        return answer(query, f"contoso.com. TXT {long}") if by_tcp else answer(query, flags=dns.flags.TC)

    (found,), _ = look(script, Question("contoso.com", "TXT"))
    assert found.values == ("x" * 255 * 250,)
    assert [len(line) for line in found.text] == [2000]
    assert found.text[0].endswith("…")


def test_a_resolver_is_asked_by_ipv6_too() -> None:
    async def scene() -> None:
        try:
            server = await asyncio.start_server(lambda _, __: None, "::1", 0)
        except OSError:
            pytest.skip("this machine has no ::1")
        port = server.sockets[0].getsockname()[1]
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("::1", port))
        async with server:
            found = await DnsEye([("::1", port)]).lookup(QUESTION)
        transport.close()
        assert (found.values, found.server) == ((MxRecord(10, "mail"),), f"[::1]:{port}")

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            self._transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self._transport.sendto(answer(dns.message.from_wire(data), "contoso.com. MX 10 mail."), addr)

    assert socket.has_ipv6
    asyncio.run(scene())

"""The eye tells the ways of getting no record apart, asks once, and is harmed by nothing that comes back."""

import asyncio
import struct
from collections import Counter
from collections.abc import Callable, Generator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailflow.observe.dns import DnsEye
from mailflow.records.answer import Answer, MxRecord, Outcome, Question

Reply = bytes | None
Script = Callable[[dns.message.Message, bool], Reply]  # the query and whether it came by TCP


class Scripted(asyncio.DatagramProtocol):
    """A DNS server that answers as a test says, by UDP and TCP on one port."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0

    async def __aenter__(self) -> "Scripted":
        loop = asyncio.get_running_loop()
        while True:
            self._tcp = await asyncio.start_server(self._stream, "127.0.0.1", 0)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
            except OSError:  # somebody has that UDP port: another try
                self._tcp.close()
            else:
                return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()

    def _reply(self, wire: bytes, by_tcp: bool) -> Reply:
        query = dns.message.from_wire(wire)
        self.asked[f"{query.question[0].name} {'TCP' if by_tcp else 'UDP'}"] += 1
        return self._script(query, by_tcp)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        reply = self._reply(data, by_tcp=False)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

        def send() -> None:
            self.at_once -= 1
            if reply is not None:
                self._udp.sendto(reply, addr)

        asyncio.get_running_loop().call_later(0.005, send)  # long enough for questions to pile up

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        reply = self._reply(await reader.readexactly(length), by_tcp=True)
        if reply is not None:
            writer.write(struct.pack("!H", len(reply)) + reply)
        writer.close()


def answer(query: dns.message.Message, *records: str, rcode: str = "NOERROR", flags: int = 0) -> bytes:
    """Write a reply; each record is "name type data"."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA | flags
    response.set_rcode(dns.rcode.from_text(rcode))
    for record in records:
        name, rdtype, data = record.split(" ", 2)
        response.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, data))
    return response.to_wire(max_size=65535)


def look(script: Script, *questions: Question, lifetime_s: float = 5.0) -> tuple[list[Answer], Scripted]:
    async def scene() -> tuple[list[Answer], Scripted]:
        async with Scripted(script) as server:
            eye = DnsEye([("127.0.0.1", server.port)], try_s=lifetime_s / 2, lifetime_s=lifetime_s)
            return list(await asyncio.gather(*map(eye.lookup, questions))), server

    return asyncio.run(scene())


def one(script: Script, name: str = "contoso.com", rdtype: str = "MX", lifetime_s: float = 5.0) -> Answer:
    (found,), _ = look(script, Question(name, rdtype), lifetime_s=lifetime_s)
    return found


@pytest.mark.parametrize(
    ("rdtype", "data", "value"),
    [
        ("MX", "10 Mail.Contoso.com.", MxRecord(10, "mail.contoso.com")),
        ("MX", "0 .", MxRecord(0, ".")),
        ("A", "131.107.21.231", IPv4Address("131.107.21.231")),
        ("AAAA", "2001:db8::1", IPv6Address("2001:db8::1")),
        ("TXT", '"v=spf1 " "-all"', "v=spf1 -all"),
        ("PTR", "Mail.Contoso.com.", "mail.contoso.com"),
        ("NS", "NS1.contoso.com.", "ns1.contoso.com"),
        ("CNAME", "Elsewhere.example.", "elsewhere.example"),
        ("SOA", "ns1. host. 1 2 3 4 5", "ns1. host. 1 2 3 4 5"),
    ],
)
def test_each_type_has_its_value(rdtype: str, data: str, value: object) -> None:
    found = one(lambda query, _: answer(query, f"contoso.com. {rdtype} {data}"), rdtype=rdtype)
    assert (found.outcome, found.values, found.ttl, found.aliases) == (Outcome.FOUND, (value,), 60, ())
    assert found.server.startswith("127.0.0.1:")
    assert [line.lower() for line in found.text] == [f"contoso.com. {rdtype} {data}".lower()]


def test_the_chain_of_aliases_is_kept() -> None:
    chain = ("contoso.com. CNAME a.example.", "a.example. CNAME B.example.", "B.example. A 192.0.2.1")
    found = one(lambda query, _: answer(query, *chain), rdtype="A")
    assert (found.values, found.aliases) == ((IPv4Address("192.0.2.1"),), ("a.example", "b.example"))
    assert found.text == ("B.example. A 192.0.2.1",)


def silence(query: dns.message.Message, by_tcp: bool) -> None:
    return None


def foreign(query: dns.message.Message, by_tcp: bool) -> bytes:
    """A reply to another question, as a forger would send it."""
    other = dns.message.make_query("contoso.com", "MX")
    return answer(other, "contoso.com. MX 10 forged.example.")


@pytest.mark.parametrize(
    ("script", "outcome", "text"),
    [
        (lambda q, _: answer(q, rcode="NXDOMAIN"), Outcome.NXDOMAIN, "NXDOMAIN: the name does not exist"),
        (lambda q, _: answer(q), Outcome.NO_DATA, "no MX record"),
        (lambda q, _: answer(q, "contoso.com. A 192.0.2.1"), Outcome.NO_DATA, "no MX record"),
        (lambda q, _: answer(q, rcode="SERVFAIL"), Outcome.SERVFAIL, "SERVFAIL from Do53:127.0.0.1@PORT"),
        (
            lambda q, _: answer(q, rcode="REFUSED"),
            Outcome.REFUSED,
            "REFUSED from Do53:127.0.0.1@PORT: it knows nothing of this name",
        ),
        (lambda q, _: answer(q, rcode="NOTIMP"), Outcome.SERVFAIL, "NOTIMP from Do53:127.0.0.1@PORT"),
        (
            lambda q, _: answer(q, rcode="YXDOMAIN"),
            Outcome.SERVFAIL,
            "no usable answer: The DNS query name is too long after DNAME substitution.",
        ),
        (silence, Outcome.TIMEOUT, "no answer within 0.2 s"),
        (lambda q, _: b"no DNS at all", Outcome.TIMEOUT, "no answer within 0.2 s"),
        (foreign, Outcome.TIMEOUT, "no answer within 0.2 s"),
    ],
)
def test_no_record_and_why(script: Script, outcome: Outcome, text: str) -> None:
    found = one(script, lifetime_s=0.2)
    assert (found.outcome, found.values, found.ttl) == (outcome, (), None)
    (line,) = found.text
    (start, _, port_and_end) = line.partition("@")
    assert text in (line, f"{start}@PORT{port_and_end.lstrip('0123456789')}")


@pytest.mark.parametrize(
    ("rcode", "outcome"), [("NXDOMAIN", Outcome.NXDOMAIN), ("NOERROR", Outcome.NO_DATA), ("REFUSED", Outcome.REFUSED)]
)
def test_where_an_alias_led_is_known_even_if_it_led_to_nothing(rcode: str, outcome: Outcome) -> None:
    found = one(lambda query, _: answer(query, "contoso.com. CNAME gone.example.", rcode=rcode))
    assert (found.outcome, found.aliases) == (outcome, ("gone.example",))


@pytest.mark.parametrize("name", ["a..example", "x" * 64 + ".example", ".".join(["x" * 60] * 5), "\udcff.example"])
def test_a_name_that_dns_cannot_hold_is_not_asked(name: str) -> None:
    (found,), server = look(silence, Question(name, "A"))
    assert found.outcome is Outcome.NXDOMAIN
    assert found.text[0].startswith("no name that DNS can hold: ")
    assert server.asked == {}


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    def script(query: dns.message.Message, by_tcp: bool) -> bytes:
        return answer(query, "contoso.com. MX 10 mail.") if by_tcp else answer(query, flags=dns.flags.TC)

    (found,), server = look(script, Question("contoso.com", "MX"))
    assert found.values == (MxRecord(10, "mail"),)
    assert server.asked == {"contoso.com. UDP": 1, "contoso.com. TCP": 1}


def test_garbage_by_tcp_is_no_record() -> None:
    def script(query: dns.message.Message, by_tcp: bool) -> bytes:
        return b"\x00\x01garbage" if by_tcp else answer(query, flags=dns.flags.TC)

    found = one(script, lifetime_s=0.3)
    assert found.failed
    assert found.values == ()


def test_hostile_octets_of_a_txt_record_become_text() -> None:
    def script(query: dns.message.Message, _: bool) -> bytes:
        return answer(query, r'contoso.com. TXT "\255\000<script>\027[2J" "ä"'.encode("ascii", "ignore").decode())

    found = one(script, rdtype="TXT")
    assert found.values == ("\\xff\x00<script>\x1b[2J",)
    assert found.text == (r'contoso.com. TXT "\255\000<script>\027[2J" ""',)


def test_thousands_of_records_are_all_seen_and_some_kept_as_evidence() -> None:
    many = " ".join(f"192.0.{n // 250}.{n % 250}" for n in range(3000)).split()

    def script(query: dns.message.Message, by_tcp: bool) -> bytes:
        if not by_tcp:
            return answer(query, flags=dns.flags.TC)
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text_list("contoso.com.", 60, "IN", "A", many))
        return response.to_wire(max_size=65535)

    found = one(script, rdtype="A")
    assert len(found.values) == 3000
    assert len(found.text) == 200


def test_each_question_is_asked_once() -> None:
    same = [Question("contoso.com", "MX")] * 20
    answers, server = look(lambda query, _: answer(query, "contoso.com. MX 10 mail."), *same)
    assert server.asked == {"contoso.com. UDP": 1}
    assert len({id(one) for one in answers}) == 1


def test_a_failure_is_remembered_too() -> None:
    async def scene() -> Counter[str]:
        async with Scripted(lambda query, _: answer(query, rcode="REFUSED")) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            for _ in range(3):
                assert (await eye.lookup(Question("contoso.com", "MX"))).outcome is Outcome.REFUSED
            return server.asked

    assert asyncio.run(scene()) == {"contoso.com. UDP": 1}


def test_not_more_than_32_questions_are_under_way() -> None:
    questions = [Question(f"host{n}.contoso.com", "A") for n in range(100)]
    answers, server = look(lambda query, _: answer(query, f"{query.question[0].name} A 192.0.2.1"), *questions)
    assert [one.values for one in answers] == [(IPv4Address("192.0.2.1"),)] * 100
    assert 2 <= server.most_at_once <= 32


def test_the_second_server_is_asked_where_the_first_refuses() -> None:
    async def scene() -> Answer:
        async with (
            Scripted(lambda query, _: answer(query, rcode="REFUSED")) as first,
            Scripted(lambda query, _: answer(query, "contoso.com. MX 10 mail.")) as second,
        ):
            eye = DnsEye([("127.0.0.1", first.port), ("127.0.0.1", second.port)])
            found = await eye.lookup(Question("contoso.com", "MX"))
            assert found.server == f"127.0.0.1:{second.port}"
            return found

    assert asyncio.run(scene()).values == (MxRecord(10, "mail"),)


def test_whoever_waits_for_a_question_may_go_without_the_others() -> None:
    async def scene() -> Answer:
        async with Scripted(lambda query, _: answer(query, "contoso.com. MX 10 mail.")) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            impatient = asyncio.create_task(eye.lookup(Question("contoso.com", "MX")))
            patient = asyncio.create_task(eye.lookup(Question("contoso.com", "MX")))
            await asyncio.sleep(0)
            impatient.cancel()
            return await patient

    assert asyncio.run(scene()).values == (MxRecord(10, "mail"),)


def test_an_evaluation_gets_the_answers_to_what_it_asks() -> None:
    def evaluation() -> Generator[Question, Answer, list[object]]:
        seen: list[object] = []
        for name in ("a.example", "b.example"):
            seen += (yield Question(name, "A")).values
        return seen

    def no_question() -> Generator[Question, Answer, str]:
        return "nothing to ask"
        yield

    async def scene() -> tuple[list[object], str]:
        script = lambda query, _: answer(query, f"{query.question[0].name} A 192.0.2.{len(query.question)}")  # noqa: E731
        async with Scripted(script) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            return await eye.drive(evaluation()), await eye.drive(no_question())

    assert asyncio.run(scene()) == ([IPv4Address("192.0.2.1")] * 2, "nothing to ask")

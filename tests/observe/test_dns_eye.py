"""The eye tells the ways of getting no record apart, asks once, and once more elsewhere where that failed."""

import asyncio
from collections import Counter
from collections.abc import Generator
from ipaddress import IPv4Address, IPv6Address

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from mailflow.observe.dns import DnsEye
from mailflow.records.answer import Answer, MxRecord, Outcome, Question
from tests.observe.dns_scripts import Script, Scripted, answer, look, one


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


@pytest.mark.parametrize(
    ("rcode", "outcome"), [("NXDOMAIN", Outcome.NXDOMAIN), ("NOERROR", Outcome.NO_DATA), ("REFUSED", Outcome.REFUSED)]
)
def test_where_an_alias_led_is_known_even_if_it_led_to_nothing(rcode: str, outcome: Outcome) -> None:
    found = one(lambda query, _: answer(query, "contoso.com. CNAME gone.example.", rcode=rcode))
    assert (found.outcome, found.aliases) == (outcome, ("gone.example",))


@pytest.mark.parametrize("name", ["a..example", "x" * 64 + ".example", ".".join(["x" * 60] * 5), "\udcff.example"])
def test_a_name_that_dns_cannot_hold_is_not_asked(name: str) -> None:
    (found,), server = look(lambda query, _: None, Question(name, "A"))
    assert found.outcome is Outcome.NXDOMAIN
    assert found.text[0].startswith("no name that DNS can hold: ")
    assert server.asked == {}


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

    assert asyncio.run(scene()) == {"contoso.com. UDP": 1, "contoso.com. TCP": 1}


def test_not_more_than_64_questions_are_under_way() -> None:
    questions = [Question(f"host{n}.contoso.com", "A") for n in range(200)]
    answers, server = look(lambda query, _: answer(query, f"{query.question[0].name} A 192.0.2.1"), *questions)
    assert [one.values for one in answers] == [(IPv4Address("192.0.2.1"),)] * 200
    assert 2 <= server.most_at_once <= 64


def test_the_second_server_is_asked_where_the_first_refuses() -> None:
    async def scene() -> Answer:
        async with (
            Scripted(lambda query, _: answer(query, rcode="REFUSED")) as first,
            Scripted(lambda query, _: answer(query, "contoso.com. MX 10 mail.")) as second,
        ):
            eye = DnsEye([("127.0.0.1", first.port), ("127.0.0.1", second.port)])
            found = await eye.lookup(Question("contoso.com", "MX"))
            assert found.server == f"127.0.0.1:{second.port}"
            refusal = f"REFUSED from 127.0.0.1:{first.port} by UDP: it knows nothing of this name, or nothing for us"
            assert found.tries == (refusal,)
            assert (await eye.lookup(Question("fabrikam.com", "MX"))).tries == ()  # who answered is asked first now
            assert first.asked == {"contoso.com. UDP": 1}
            return found

    assert asyncio.run(scene()).values == (MxRecord(10, "mail"),)


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("SERVFAIL", "REFUSED", Outcome.REFUSED),
        ("REFUSED", None, Outcome.REFUSED),  # that somebody refused tells more than that nobody spoke
        (None, "SERVFAIL", Outcome.SERVFAIL),
        (None, None, Outcome.TIMEOUT),
    ],
)
def test_of_two_failures_the_one_that_tells_more_stands(first: str | None, second: str | None, stands: Outcome) -> None:
    async def scene() -> None:
        def as_told(rcode: str | None) -> Script:
            return lambda query, _: rcode and answer(query, rcode=rcode)

        async with Scripted(as_told(first)) as one, Scripted(as_told(second)) as two:
            eye = DnsEye([("127.0.0.1", one.port), ("127.0.0.1", two.port)], 0.2)
            found = await eye.lookup(Question("contoso.com", "MX"))
            assert found.outcome is stands
            told = sorted(f"{port}" in line for port in (one.port, two.port) for line in found.tries + found.text)
            assert told == [False, False, True, True]  # a line each
            assert one.asked == two.asked == {"contoso.com. UDP": 1}

    asyncio.run(scene())


def test_the_ad_bit_is_asked_for_and_told() -> None:
    asked: list[dns.message.Message] = []

    def validating(query: dns.message.Message, _: bool) -> bytes:
        asked.append(query)
        return answer(query, "contoso.com. MX 10 mail.", flags=dns.flags.AD)

    assert one(validating).authentic
    (query,) = asked
    assert query.flags == dns.flags.RD | dns.flags.AD
    assert (query.edns, query.payload) == (0, 1232)
    assert not one(lambda query, _: answer(query, "contoso.com. MX 10 mail.")).authentic
    assert one(lambda query, _: answer(query, flags=dns.flags.AD)).authentic  # that there is none is proven too


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("bücher.example", "xn--bcher-kva.example."),
        ("BÜCHER.example", "xn--bcher-kva.example."),
        ("straße.example", "xn--strae-oqa.example."),  # IDNA 2003 would have asked for strasse.example
        ("xn--bcher-kva.example", "xn--bcher-kva.example."),
        ("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example."),
    ],
)
def test_letters_beyond_ascii_are_asked_for_as_idna_2008_has_it(name: str, asked: str) -> None:
    (found,), server = look(lambda query, _: answer(query, f'{query.question[0].name} TXT "x"'), Question(name, "TXT"))
    assert (found.values, found.question.name) == (("x",), name)
    assert server.asked == {f"{asked} UDP": 1}


def test_without_the_package_idna_such_a_name_is_not_asked_and_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns.name, "have_idna_2008", False)
    (found,), server = look(lambda query, _: None, Question("bücher.example", "TXT"))
    words = "not asked: a name with letters beyond ASCII needs the package idna, which is not installed"
    assert (found.outcome, found.text, found.failed) == (Outcome.UNUSABLE, (words,), True)
    assert server.asked == {}


def test_an_eye_without_a_resolver_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one resolver"):
        DnsEye([])


def test_an_evaluation_has_an_end_though_every_look_up_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailflow.observe.eye.EVALUATION_S", 0.0)

    def evaluation() -> Generator[Question, Answer, Answer]:
        return (yield Question("contoso.com", "TXT"))

    async def scene() -> tuple[Answer, Counter[str]]:
        async with Scripted(lambda query, _: None) as server:
            return await DnsEye([("127.0.0.1", server.port)]).drive(evaluation()), server.asked

    found, asked = asyncio.run(scene())
    assert (found.outcome, found.text, asked) == (Outcome.TIMEOUT, ("not asked: 0 s are over",), {})


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
        yield from ()
        return "nothing to ask"

    async def scene() -> tuple[list[object], str]:
        script = lambda query, _: answer(query, f"{query.question[0].name} A 192.0.2.{len(query.question)}")  # noqa: E731
        async with Scripted(script) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            return await eye.drive(evaluation()), await eye.drive(no_question())

    assert asyncio.run(scene()) == ([IPv4Address("192.0.2.1")] * 2, "nothing to ask")

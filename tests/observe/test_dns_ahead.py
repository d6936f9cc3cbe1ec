"""What steps will ask is asked beforehand, for all domains at once; steps find it there."""

import asyncio
from collections import Counter

import dns.message
import pytest

from mailflow.observe.dns import DnsEye
from mailflow.observe.dns_ahead import look_ahead
from mailflow.records.answer import MxRecord, Outcome, Question
from tests.observe.dns_scripts import Scripted, answer

RECORDS = {
    "MX": "10 mail.contoso.com.",
    "TXT": '"v=spf1 include:_spf.contoso.com -all"',
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
}


def published(query: dns.message.Message, _: bool) -> bytes:
    (asked,) = query.question
    if asked.name.to_text() == "_spf.contoso.com.":
        return answer(query, '_spf.contoso.com. TXT "v=spf1 ip4:192.0.2.1 -all"')
    return answer(query, f"{asked.name} {asked.rdtype.name} {RECORDS[asked.rdtype.name]}")


def test_mx_records_their_addresses_and_the_whole_spf_record() -> None:
    async def scene() -> tuple[Counter[str], list[str]]:
        async with Scripted(published) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            await look_ahead(eye, ["contoso.com", "fabrikam.com"])
            return server.asked, sorted(str(one.question) for one in eye.answers)

    asked, answers = asyncio.run(scene())
    assert answers == [
        "_spf.contoso.com TXT",
        "contoso.com MX",
        "contoso.com TXT",
        "fabrikam.com MX",
        "fabrikam.com TXT",
        "mail.contoso.com A",
        "mail.contoso.com AAAA",
    ]
    assert asked.total() == 7


def test_nobody_waits_for_it_and_what_it_found_is_known() -> None:
    async def scene() -> None:
        async with Scripted(published) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            mx = Question("contoso.com", "MX")
            await eye.look_ahead(["contoso.com"])
            assert (eye.known(mx), server.asked) == (None, {})
            assert (await eye.lookup(mx)).values == (MxRecord(10, "mail.contoso.com"),)
            assert eye.known(mx) is await eye.lookup(mx)
            assert server.asked["contoso.com. UDP"] == 2  # MX and TXT, each once

    asyncio.run(scene())


def test_where_nobody_answers_the_questions_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailflow.observe.dns._SILENCES", 5)
    answering = False

    def script(query: dns.message.Message, _: bool) -> bytes | None:
        return answer(query, f"{query.question[0].name} A 192.0.2.1") if answering else None

    async def scene() -> None:
        nonlocal answering
        async with Scripted(script) as server:
            eye = DnsEye([("127.0.0.1", server.port)], 0.1)
            silent = await asyncio.gather(*(eye.lookup(Question(f"host{n}.test", "A")) for n in range(200)))
            assert {one.outcome for one in silent} == {Outcome.TIMEOUT}
            unasked = [one.text[0] for one in silent if one.text[0].startswith("not asked")]
            assert len(unasked) > 100
            assert all("of the last" in text and "questions got any answer" in text for text in unasked)
            answering = True
            found = await eye.lookup(Question("again.test", "A"))  # one question at a time is still tried
            assert found.outcome is Outcome.FOUND
            found = await asyncio.gather(*(eye.lookup(Question(f"more{n}.test", "A")) for n in range(10)))
            assert {one.outcome for one in found} == {Outcome.FOUND}

    asyncio.run(scene())


def test_a_step_does_not_wait_behind_everything_that_is_looked_up_ahead() -> None:
    async def scene() -> None:
        async with Scripted(published) as server:
            eye = DnsEye([("127.0.0.1", server.port)])
            await eye.look_ahead(f"d{n}.example" for n in range(500))
            await eye.lookup(Question("d0.example", "MX"))
            assert (await eye.lookup(Question("d499.example", "MX"))).outcome is Outcome.FOUND
            assert eye.known(Question("d250.example", "MX")) is None  # far from done

    asyncio.run(scene())

"""Every name server of a zone is asked by itself; the lame, the silent and the refusing are told apart."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import dns.flags
import dns.message
import dns.rrset

from mailflow.observe.dns import DnsEye
from mailflow.observe.eye import AuthoritativeAnswer
from mailflow.records.answer import MxRecord, Outcome, Question
from tests.observe.dns_scripts import Script, Scripted, answer

MX = Question("contoso.com", "MX")


def zones(records: dict[str, list[str]]) -> Script:
    """A resolver that knows these records, by "name type"; a name without a record does not exist."""

    def resolve(query: dns.message.Message, _: bool) -> bytes:
        (asked,) = query.question
        name = asked.name.to_text(omit_final_dot=True)
        kind = asked.rdtype.name
        found = [f"{name}. {kind} {data}" for data in records.get(f"{name} {kind}", [])]
        exists = any(key.startswith(f"{name} ") for key in records)
        return answer(query, *found, rcode="NOERROR" if exists else "NXDOMAIN")

    return resolve


def ask(
    resolver: Script, servers: dict[str, Script], question: Question = MX, *, times: int = 1, try_s: float = 10.0
) -> tuple[tuple[AuthoritativeAnswer, ...], dict[str, Scripted], Scripted]:
    async def scene() -> tuple[tuple[AuthoritativeAnswer, ...], dict[str, Scripted], Scripted]:
        async with AsyncExitStack() as stack:
            of_all = await stack.enter_async_context(Scripted(resolver))
            running = {a: await stack.enter_async_context(Scripted(script)) for a, script in servers.items()}
            reach: Callable[[str], tuple[str, int]] = lambda address: ("127.0.0.1", running[address].port)  # noqa: E731
            eye = DnsEye([("127.0.0.1", of_all.port)], try_s, reach=reach)
            told = [await eye.authoritative(question) for _ in range(times)]
            return told[-1], running, of_all

    return asyncio.run(scene())


def knows(query: dns.message.Message, _: bool) -> bytes:
    return answer(query, "contoso.com. MX 10 mail.contoso.com.")


def lame(query: dns.message.Message, _: bool) -> bytes:
    return answer(query, "contoso.com. MX 10 mail.contoso.com.", authority=False)


def refers(query: dns.message.Message, _: bool) -> bytes:
    response = dns.message.make_response(query)
    response.authority.append(dns.rrset.from_text("com.", 60, "IN", "NS", "b.gtld-servers.net.", "a.gtld-servers.net."))
    return response.to_wire()


def told(found: tuple[AuthoritativeAnswer, ...]) -> list[tuple[str, str, Outcome, str]]:
    return [(one.server, one.address, one.answer.outcome, one.answer.text[-1].replace(":53", "")) for one in found]


def test_each_server_is_told_apart() -> None:
    published = {
        "contoso.com NS": [f"ns{n}.contoso.com." for n in (6, 5, 4, 3, 2, 1)] + ["gone.contoso.com."],
        "ns1.contoso.com A": ["192.0.2.1"],
        "ns1.contoso.com AAAA": ["2001:db8::1"],
        **{f"ns{n}.contoso.com A": [f"192.0.2.{n}"] for n in (2, 3, 4, 5, 6)},
    }
    servers: dict[str, Script] = {
        "192.0.2.1": knows,
        "2001:db8::1": lambda query, _: answer(query, "contoso.com. MX 20 old.contoso.com."),
        "192.0.2.2": lame,
        "192.0.2.3": refers,
        "192.0.2.4": lambda query, _: answer(query, rcode="REFUSED"),
        "192.0.2.5": lambda query, _: None,
        "192.0.2.6": lambda query, _: answer(query, rcode="SERVFAIL"),
    }
    found, running, _ = ask(zones(published), servers, try_s=0.5)
    port = {address: server.port for address, server in running.items()}

    def said(one: AuthoritativeAnswer) -> str:
        (line,) = one.answer.text
        return line.replace(f"127.0.0.1:{port.get(one.address)} by TCP", "it")

    absent = "NXDOMAIN: the name does not exist"
    assert [(one.server[:3], one.address, one.answer.outcome, said(one)) for one in found] == [
        ("gon", "", Outcome.UNREACHABLE, f"gone.contoso.com has no address (A: {absent}; AAAA: {absent})"),
        ("ns1", "192.0.2.1", Outcome.FOUND, "contoso.com. MX 10 mail.contoso.com."),
        ("ns1", "2001:db8::1", Outcome.FOUND, "contoso.com. MX 20 old.contoso.com."),
        ("ns2", "192.0.2.2", Outcome.LAME, "it answers without authority (no AA bit)"),
        ("ns3", "192.0.2.3", Outcome.LAME, "it does not know and refers to a.gtld-servers.net, b.gtld-servers.net"),
        ("ns4", "192.0.2.4", Outcome.REFUSED, "REFUSED from it: it knows nothing of this name, or nothing for us"),
        ("ns5", "192.0.2.5", Outcome.TIMEOUT, "no answer from it within 0.5 s"),
        ("ns6", "192.0.2.6", Outcome.SERVFAIL, "SERVFAIL from it"),
    ]
    assert [one.answer.values for one in found[1:3]] == [
        (MxRecord(10, "mail.contoso.com"),),
        (MxRecord(20, "old.contoso.com"),),
    ]
    assert {one.answer.question for one in found} == {MX}
    assert [len(one.answer.tries) for one in found] == [0, 0, 0, 1, 1, 1, 1, 1]


ONE = {"contoso.com NS": ["ns1.contoso.com."], "ns1.contoso.com A": ["192.0.2.1"], "www.contoso.com A": ["192.0.2.9"]}


def test_name_servers_are_not_asked_to_recurse() -> None:
    asked: list[dns.message.Message] = []

    def remembering(query: dns.message.Message, _: bool) -> bytes:
        asked.append(query)
        return knows(query, _)

    ask(zones(ONE), {"192.0.2.1": remembering})
    assert [query.flags & (dns.flags.RD | dns.flags.AD) for query in asked] == [0]


def test_the_nearest_zone_above_a_name_counts() -> None:
    www = Question("www.contoso.com", "A")
    servers: dict[str, Script] = {"192.0.2.1": lambda query, _: answer(query, "www.contoso.com. A 192.0.2.9")}
    found, _, resolver = ask(zones(ONE), servers, www)
    assert [(one.server, one.answer.outcome) for one in found] == [("ns1.contoso.com", Outcome.FOUND)]
    assert [name for name in resolver.asked if "ns1" not in name] == ["www.contoso.com. UDP", "contoso.com. UDP"]


def test_an_alias_is_no_zone() -> None:
    def resolve(query: dns.message.Message, by_tcp: bool) -> bytes:
        if query.question[0].name.to_text() == "www.contoso.com.":
            return answer(query, "www.contoso.com. CNAME fabrikam.com.", "fabrikam.com. NS ns1.fabrikam.com.")
        reply = zones(ONE)(query, by_tcp)
        assert isinstance(reply, bytes)
        return reply

    found, _, _ = ask(resolve, {"192.0.2.1": knows}, Question("www.contoso.com", "MX"))
    assert [one.server for one in found] == ["ns1.contoso.com"]


def test_nobody_asks_the_name_servers_of_com() -> None:
    known = {"com NS": ["a.gtld-servers.net."], "a.gtld-servers.net A": ["192.0.2.1"]}
    found, _, resolver = ask(zones(known), {}, Question("www.contoso.com", "MX"))
    words = "no zone at or above www.contoso.com has name servers"
    assert told(found) == [("", "", Outcome.UNUSABLE, words)]
    assert "com. UDP" not in resolver.asked


def test_where_the_name_servers_cannot_be_looked_up_none_is_asked() -> None:
    found, _, _ = ask(lambda query, _: answer(query, rcode="SERVFAIL"), {})
    ((server, address, failed),) = found
    assert (server, address, failed.outcome, failed.question) == ("", "", Outcome.SERVFAIL, MX)
    assert failed.text[0].startswith("the name servers of contoso.com are not known: SERVFAIL from 127.0.0.1:")


def test_an_address_that_could_not_be_looked_up_is_told_beside_the_one_that_could() -> None:
    def resolve(query: dns.message.Message, by_tcp: bool) -> bytes:
        if query.question[0].rdtype.name == "AAAA":
            return answer(query, rcode="SERVFAIL")
        reply = zones(ONE)(query, by_tcp)
        assert isinstance(reply, bytes)
        return reply

    found, _, _ = ask(resolve, {"192.0.2.1": knows})
    assert [(one.address, one.answer.outcome) for one in found] == [
        ("192.0.2.1", Outcome.FOUND),
        ("", Outcome.SERVFAIL),
    ]


def test_a_zone_with_servers_without_number_is_asked_in_bounds() -> None:
    crowd = {"contoso.com NS": ["ns1.contoso.com."], "ns1.contoso.com A": [f"192.0.2.{n}" for n in range(1, 71)]}
    found, running, _ = ask(zones(crowd), {f"192.0.2.{n}": knows for n in range(1, 65)})
    assert [one.answer.outcome for one in found] == [Outcome.FOUND] * 64 + [Outcome.UNUSABLE] * 6
    assert found[-1].answer.text == ("not asked: the zone has more than 64 server addresses",)
    assert all(server.asked == {"contoso.com. UDP": 1} for server in running.values())


def test_each_server_is_asked_once() -> None:
    _, running, resolver = ask(zones(ONE), {"192.0.2.1": knows}, times=3)
    assert running["192.0.2.1"].asked == {"contoso.com. UDP": 1}
    assert resolver.asked["contoso.com. UDP"] == 1


def test_a_name_that_dns_cannot_hold_has_no_server() -> None:
    found, _, resolver = ask(zones(ONE), {}, Question("a..example", "A"))
    assert told(found) == [("", "", Outcome.NXDOMAIN, "no name that DNS can hold: A DNS label is empty.")]
    assert resolver.asked == {}

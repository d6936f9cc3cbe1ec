"""docs/answers-dns.md: what comes back from the DNS, and what the report says of it. Every row is played here."""

import asyncio
import re
import struct
from collections.abc import Callable
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.load import load
from mailflow.judge.mx import names_own_servers
from mailflow.observe.dns import DnsEye
from mailflow.policy.finding import Finding
from mailflow.records.answer import Answer, Outcome, Question
from tests.observe.dns_scripts import Reply, Script, Scripted, answer

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "answers-dns.md"
MX = "contoso.com. MX 10 mail.contoso.com."
ALIAS = "contoso.com. CNAME a.example."


def steadily(rcode: str = "NOERROR", *records: str, flags: int = 0) -> Script:
    return lambda query, _: answer(query, *records, rcode=rcode, flags=flags)


def by_udp_then_by_tcp(
    udp: Callable[[dns.message.Message], Reply], tcp: Callable[[dns.message.Message], Reply]
) -> Script:
    return lambda query, by_tcp: (tcp if by_tcp else udp)(query)


def cut(query: dns.message.Message) -> bytes:
    return answer(query, flags=dns.flags.TC)


def found(query: dns.message.Message) -> bytes:
    return answer(query, MX)


def other_id(query: dns.message.Message) -> bytes:
    return bytes([found(query)[0] ^ 1]) + found(query)[1:]


def other_question(query: dns.message.Message) -> bytes:
    forged = dns.message.make_query("www.contoso.com", "MX", id=query.id)
    return answer(forged, "www.contoso.com. MX 10 forged.example.")


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def referral(query: dns.message.Message) -> bytes:
    response = dns.message.make_response(query)
    response.authority.append(dns.rrset.from_text("com.", 60, "IN", "NS", "a.gtld-servers.net."))
    return response.to_wire()


def follows(query: dns.message.Message, _: bool) -> bytes:
    if query.question[0].name.to_text() == "contoso.com.":
        return answer(query, ALIAS)
    return answer(query, "a.example. MX 10 mail.contoso.com.")


def round_trip(query: dns.message.Message, _: bool) -> bytes:
    there = {"contoso.com.": "a.example.", "a.example.": "contoso.com."}
    name = query.question[0].name.to_text()
    return answer(query, f"{name} CNAME {there[name]}")


def many(query: dns.message.Message) -> bytes:
    response = dns.message.make_response(query)
    hosts = [f"{n} host{n}.contoso.com." for n in range(400)]
    response.answer.append(dns.rrset.from_text_list("contoso.com.", 60, "IN", "MX", [*hosts, "10 mail.contoso.com."]))
    return response.to_wire(max_size=65535)


def no_edns(query: dns.message.Message, _: bool) -> bytes:
    return found(query) if query.edns < 0 else struct.pack("!HHHHHH", query.id, 0x8001, 0, 0, 0, 0)


# What comes back, as the page says it, and a server that does so.
ROWS: dict[str, Script] = {
    "the record": steadily("NOERROR", MX),
    "the record, the AD bit set": steadily("NOERROR", MX, flags=dns.flags.AD),
    "the record, cut short by UDP and whole by TCP": by_udp_then_by_tcp(cut, found),
    "the record among 400 others": by_udp_then_by_tcp(cut, many),
    "the record, once asked without EDNS": no_edns,
    "the record, after a datagram with another id": lambda q, _: [other_id(q), found(q)],
    "the record, after an answer to another question": lambda q, _: [other_question(q), found(q)],
    "the record, with octets behind the end": lambda q, _: found(q) + b"junk",
    "an alias and the record of the other name": steadily("NOERROR", ALIAS, "a.example. MX 10 mail.contoso.com."),
    "an alias only; the record when asked for the other name": follows,
    "an alias to a name that does not exist": steadily("NXDOMAIN", "contoso.com. CNAME gone.example."),
    "nothing of this type": steadily(),
    "NXDOMAIN": steadily("NXDOMAIN"),
    "SERVFAIL, then the record by TCP": by_udp_then_by_tcp(lambda q: answer(q, rcode="SERVFAIL"), found),
    "SERVFAIL twice": steadily("SERVFAIL"),
    "REFUSED twice": steadily("REFUSED"),
    "NOTIMP": steadily("NOTIMP"),
    "YXDOMAIN": steadily("YXDOMAIN"),
    "NOTAUTH": steadily("NOTAUTH"),
    "silence": lambda q, _: None,
    "silence by UDP, the record by TCP": by_udp_then_by_tcp(lambda q: None, found),
    "cut short by UDP, silence by TCP": by_udp_then_by_tcp(cut, lambda q: None),
    "cut short by TCP too": lambda q, by_tcp: bytearray(framed(found(q))[:-4]) if by_tcp else cut(q),
    "a TCP connection that ends without a word": lambda q, by_tcp: bytearray() if by_tcp else cut(q),
    "a length of 65,535 and no more by TCP": lambda q, by_tcp: bytearray(b"\xff\xff") if by_tcp else cut(q),
    "another id by TCP": lambda q, by_tcp: other_id(q) if by_tcp else cut(q),
    "only datagrams with another id": lambda q, _: [other_id(q)] * 3,
    "only answers to another question": lambda q, _: [other_question(q)],
    "our own query, sent back": lambda q, _: [q.to_wire()],
    "octets that are no DNS": lambda q, _: [b"no DNS at all", b"no", b"\0"],
    "an answer that breaks off in a record": lambda q, _: found(q)[:45],
    "a referral": lambda q, _: referral(q),
    "NXDOMAIN together with the record": steadily("NXDOMAIN", MX),
    "aliases that go round within one answer": steadily("NOERROR", ALIAS, "a.example. CNAME contoso.com."),
    "aliases that go round over several answers": round_trip,
}  # fmt: skip

_SILENT = re.compile("silence|only datagrams|only answers|our own query|octets that are no DNS")


def play(what: str) -> tuple[Answer, float]:
    try_s = 0.5 if _SILENT.search(what) else 10.0

    async def scene() -> Answer:
        async with Scripted(ROWS[what]) as server, asyncio.timeout(30):  # none hangs
            return await DnsEye([("127.0.0.1", server.port)], try_s).lookup(Question("contoso.com", "MX"))

    return asyncio.run(scene()), try_s


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load(PROJECT / "fixtures" / "scenario-4")


def judged(environment: Environment, mx: Answer) -> Finding:
    (domain,) = [one for one in environment.domains if one.name == "contoso.com"]
    none = Answer(Question("mail.contoso.com", "AAAA"), Outcome.NO_DATA)
    a = Answer(Question("mail.contoso.com", "A"), Outcome.FOUND, (environment.on_premises.servers[0].listens[0],))
    return names_own_servers(environment, domain, mx, {"mail.contoso.com": (a, none)})


def words(finding: Finding, try_s: float) -> str:
    """What the evidence says of the look-up, without what differs from run to run."""
    lines = [line for line in finding.evidence[0].answer if not line.startswith("TTL")]
    if len(lines) > 3:
        lines = [lines[0], f"… and {len(lines) - 1} more lines"]
    return re.sub(r"127\.0\.0\.1:\d+", "192.0.2.53:53", "; ".join(lines)).replace(f"{try_s:g} s", "3 s")


def row(environment: Environment, what: str) -> str:
    mx, try_s = play(what)
    finding = judged(environment, mx)
    return f"| {what} | {mx.outcome} | {finding.verdict.value.replace('-', ' ')} | {words(finding, try_s)} |"


@pytest.mark.parametrize("what", ROWS)
def test_the_page_says_what_the_report_says(environment: Environment, what: str) -> None:
    assert row(environment, what) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_no_other_row() -> None:
    rows = re.findall(r"^\| (.+?) \| .+ \| .+ \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == ["what comes back", *ROWS]

"""A live run: whom it contacts, what it says, what it makes of the answers; nothing is asked twice."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.load import load
from mailflow.environment.message import STRANGER, Kind, messages
from mailflow.judge.disposition import refused_or_returned
from mailflow.mail.address import Address, AddressError
from mailflow.mail.envelope import Envelope
from mailflow.observe.contacts import OFFERED, Plan, contacts
from mailflow.observe.dialogue import Ending, timed
from mailflow.observe.eye import AuthoritativeAnswer, Eye
from mailflow.observe.live_post import LivePost
from mailflow.observe.manners import Manners
from mailflow.observe.path import Disposition, Hop, MailPath, Place
from mailflow.observe.smtp import TlsSession
from mailflow.observe.visits import Visited, Visitor
from mailflow.policy.finding import Verdict
from mailflow.records.answer import Answer, MxRecord, Outcome, Question, Value
from tests.observe.smtp_server import Peer, Script, answering, serving

OWN, TENANT, TENANT_6, FILTER = map(ip_address, ("131.107.21.231", "52.101.1.1", "2a01:111:f403::1", "198.51.100.99"))
HOST = "contoso-com.mail.protection.outlook.com"
HERE = ip_address("192.0.2.7")  # as the servers see it
ZONES: dict[str, tuple[Value, ...]] = {
    "contoso.com MX": (MxRecord(10, "mail.contoso.com"),),
    "mail.contoso.com A": (OWN,),
    f"{HOST} A": (ip_address("52.101.9.9"), TENANT),
    f"{HOST} AAAA": (TENANT_6,),
}
AUTHORITY = trustme.CA()
UNLIKE = {b"RCPT TO:<mailflow-nobody": b"550 5.1.1 no such user"}  # what an unknown recipient gets
LOCKED = b"550 5.7.51 TenantInboundAttribution; there is a partner connector"


def server(answers: Mapping[bytes, bytes] | None = None, heard: list[bytes] | None = None) -> Script:
    """A server with TLS and a certificate that is trusted, which answers as usual but for what is named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("mail.example").configure_cert(context)
    return answering(UNLIKE | (answers or {}), context, heard)


USUAL: dict[IPAddress, Script] = dict.fromkeys((OWN, TENANT, TENANT_6), server())


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load(Path(__file__).parents[2] / "fixtures" / "scenario-4")


@dataclass
class Zones(Eye):
    """A DNS that knows a few names, and that nobody knows the rest."""

    records: Mapping[str, tuple[Value, ...]]
    outcome: Outcome = Outcome.NXDOMAIN
    asked: list[str] = field(default_factory=list)
    silent: str = ""  # the one question that nobody answers

    async def lookup(self, question: Question) -> Answer:
        self.asked.append(str(question))
        values = self.records.get(str(question), ())
        if str(question) == self.silent:
            return Answer(question, Outcome.TIMEOUT)
        return Answer(question, Outcome.FOUND if values else self.outcome, values)

    async def authoritative(self, question: Question) -> tuple[AuthoritativeAnswer, ...]:
        raise NotImplementedError

    answers = ()
    authoritative_answers = ()


@dataclass
class Run:
    """What a live run saw."""

    plan: Plan
    visited: Visited
    paths: dict[Kind, tuple[MailPath, ...]]
    looks: dict[IPAddress, TlsSession]

    def told(self, kind: Kind) -> list[tuple[Disposition, str]]:
        """How each message ended, and why it is open; left out are the host that said so, and the hint to send one."""
        return [
            (
                one.disposition,
                "; ".join(why.removeprefix(f"{one.ended_by}: ") for why in one.assumptions if why != SEND),
            )
            for one in self.paths[kind]
        ]


def run(
    environment: Environment,
    servers: Mapping[IPAddress, Script] = USUAL,
    zones: Mapping[str, tuple[Value, ...]] = ZONES,
    received: Sequence[MailPath] = (),
    **options: Any,
) -> Run:
    """Run against these servers; whoever has none refuses the connection."""

    async def unhurried(_: float) -> None:
        pass

    async def scene() -> Run:
        async with AsyncExitStack() as stack, asyncio.timeout(20):
            at = {address: await stack.enter_async_context(serving(s)) for address, s in servers.items()}
            async with serving(USUAL[OWN]) as closed:
                pass
            roots = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            roots.check_hostname = False
            AUTHORITY.configure_trust(roots)
            visitor = Visitor(
                roots,
                clock=iter(range(10_000)).__next__,
                looks_as=options.get("looks_as", "looker.example"),
                manners=options.get("manners") or Manners(rest=unhurried),
                endpoint=lambda address: at.get(address, closed),
                reply_s=options.get("reply_s", 2.0),
                session_s=5.0,
                run_s=options.get("run_s", 10.0),
            )
            by_kind: dict[Kind, tuple[MailPath, ...]] = {}
            for one in received:
                by_kind[one.message.kind] = (*by_kind.get(one.message.kind, ()), one)
            now = datetime(2026, 11, 25, tzinfo=UTC)
            eye = Zones(zones, options.get("outcome", Outcome.NXDOMAIN), silent=options.get("silent", ""))
            post = LivePost(environment, eye, visitor, lambda *_: by_kind, now, options.get("given", ()))
            found, *_ = await asyncio.gather(*(post.paths(environment, environment.domains[0]) for _ in range(3)))
            plan = await post.plan()
            visited = await post.visited()
            return Run(plan, visited, found, {address: several[0] for address, several in visited.sessions.items()})

    return asyncio.run(scene())


def test_the_plan_names_everybody_and_everything_before_anything_is_said(environment: Environment) -> None:
    eye = Zones(ZONES)
    plan = asyncio.run(contacts(environment, eye, "looker.example"))
    assert [(one.host, one.address, one.why) for one in plan.contacts] == [
        (HOST, TENANT, "the tenant's host"),
        (HOST, TENANT_6, "the tenant's host"),
        ("mail.contoso.com", OWN, environment.on_premises.servers[0].origin),
    ]
    relay = "  MAIL FROM:<somebody@looker.example> RCPT TO:<somebody@contoso-com.other.looker.example> RSET"
    senders = ("<somebody@looker.example>", "<postmaster@contoso.com>", "<>")
    to_tenant = [
        *(f"  MAIL FROM:{s} RCPT TO:<{who}@contoso.com> RSET" for who in ("chris", "sara") for s in senders),
        relay,
    ]
    how = "EHLO looker.example, STARTTLS, QUIT; never DATA"
    assert plan.lines("looker.example") == (
        f"{HOST} [{TENANT}] port 25 (the tenant's host): {how}",
        *to_tenant,
        f"{HOST} [{TENANT_6}] port 25 (the tenant's host): {how}",
        *to_tenant,
        f"mail.contoso.com [{OWN}] port 25 ({environment.on_premises.servers[0].origin}): {how}",
        "  MAIL FROM:<somebody@looker.example> RCPT TO:<david@contoso.com> RSET",
        relay,
        f"  MAIL FROM:{senders[0]} RCPT TO:<david@contoso.com>, <mailflow-nobody-of-this-name@contoso.com> RSET",
        f"  MAIL FROM:{senders[0]} RCPT TO:<chris@contoso.com>, <david@contoso.com> RSET",
    )
    assert plan.nobody == ()
    assert plan.tenant == (TENANT, TENANT_6)
    assert {question.split()[1] for question in eye.asked} == {"A", "AAAA", "MX", "TXT"}


def test_whoever_the_dns_hides_is_named_once(environment: Environment) -> None:
    plan = asyncio.run(contacts(environment, Zones({}, Outcome.TIMEOUT), "looker.example"))
    assert [one.host for one in plan.contacts] == ["mail.contoso.com"]
    assert plan.nobody == (
        f"{HOST} has no address to contact (A: timeout; AAAA: timeout)",
        "no MX record of contoso.com could be found (timeout)",
    )


OPEN, SHUT = Disposition.UNSEEN, (Disposition.REFUSED, "")
NO_PROOF = "250 2.1.5 recipient ok: 250 at RCPT proves nothing about what comes after DATA"
SEND = "only a message that is sent and saved in messages/ shows it"
RESET = ["C: RSET", "S: 250 2.0.0 reset"]
V4_ONLY = {key: value for key, value in ZONES.items() if not key.endswith("AAAA")}


def test_a_250_proves_nothing_and_a_5xx_is_a_refusal(environment: Environment) -> None:
    found = run(environment, zones=V4_ONLY)
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [(OPEN, NO_PROOF)] * 6
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [(OPEN, NO_PROOF)]
    assert found.told(Kind.STRANGER_RELAY) == [(OPEN, NO_PROOF)] * 2
    assert found.told(Kind.INTERNET_TO_UNKNOWN) == [SHUT]
    (unknown,) = found.paths[Kind.INTERNET_TO_UNKNOWN]
    assert (str(unknown.reply), unknown.ended_by, unknown.ended_at) == (
        "550 5.1.1 no such user",
        f"mail.contoso.com [{OWN}]",
        Place.ON_PREMISES,
    )
    assert unknown.hops == (Hop("looker.example", Place.INTERNET, unknown.message.envelope.mail_from),)
    assert str(found.visited.vantage) == f"looks from {HERE} (as {HOST} sees it)"
    rest = set(Kind) - {Kind.STRANGER_TO_MICROSOFT_365, Kind.STRANGER_TO_ON_PREMISES}
    assert all(found.paths[kind] == () for kind in rest - {Kind.STRANGER_RELAY, Kind.INTERNET_TO_UNKNOWN})


def test_each_path_shows_its_own_part_of_the_session(environment: Environment) -> None:
    """How the session began, with its times, and the one transaction; together they show all about them."""
    found = run(environment, zones=V4_ONLY)
    parts = [
        one.dialogue
        for kind in (Kind.STRANGER_TO_ON_PREMISES, Kind.STRANGER_RELAY, Kind.INTERNET_TO_UNKNOWN)
        for one in found.paths[kind]
        if one.source == f"mail.contoso.com [{OWN}]"
    ]
    whole = timed(found.looks[OWN].dialogue, found.looks[OWN].times)
    said = [[line.partition(" s  ")[2] for line in part] for part in parts]
    begins = said[0].index("C: MAIL FROM:<somebody@looker.example>")
    assert [part[begins:] for part in said] == [
        [
            "C: MAIL FROM:<somebody@looker.example>",
            "S: 250 2.1.0 sender ok",
            f"C: RCPT TO:<{who}>",
            "S: 250 2.1.5 recipient ok",
            *rest,
        ]
        for who, rest in (
            ("david@contoso.com", RESET),
            ("somebody@contoso-com.other.looker.example", RESET),
            (
                "david@contoso.com",
                [
                    "C: RCPT TO:<mailflow-nobody-of-this-name@contoso.com>",
                    "S: 550 5.1.1 no such user",
                    *RESET,
                ],
            ),
        )
    ]
    joined = (*parts[0], *parts[1][begins:], *parts[2][begins:])
    assert whole[: len(joined)] == joined
    # What follows is of no path: whether a planned MX host knows its recipients.
    assert [line.partition(" s  ")[2] for line in whole[len(joined) :]][2::2] == [
        "C: RCPT TO:<chris@contoso.com>",
        "C: RCPT TO:<david@contoso.com>",
        "C: RSET",
        "C: QUIT",
    ]


def test_what_was_never_offered_shows_where_the_session_ended() -> None:
    seen = TlsSession(OWN, reached=True, starttls=True, dialogue=("S: 220", "C: MAIL FROM:<>", "-- silence"))
    assert seen.about(Envelope(None, ())) == seen.dialogue
    shut = replace(seen, dialogue=("S: 554 no",))
    assert shut.about(Envelope(None, ())) == shut.dialogue


def test_the_senders_of_a_lock_are_kept_apart(environment: Environment) -> None:
    """Direct Send rejected is no lock: a foreign sender still passes."""
    no_direct_send = {b"MAIL FROM:<postmaster@contoso.com>": b"550 5.7.68 TenantInboundAttribution; Direct Send"}
    found = run(environment, USUAL | {TENANT: server(no_direct_send)}, V4_ONLY)
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [(OPEN, NO_PROOF), SHUT, (OPEN, NO_PROOF)] * 2


def test_spf_that_refuses_a_forged_sender_is_a_refusal_and_no_lock(environment: Environment) -> None:
    spf = server({b"MAIL": b"550 5.7.23 SPF validation failed"})
    found = run(environment, USUAL | {TENANT: spf}, V4_ONLY)
    own = (
        "550 5.7.23 SPF validation failed: no refusal of the message, the SPF record of the name under which this run "
        "looks does not allow its address"
    )
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [(OPEN, own), SHUT, (OPEN, own)] * 2


def test_a_lock_at_one_address_and_a_hole_at_another(environment: Environment) -> None:
    locked = server({b"RCPT TO:<chris": LOCKED, b"RCPT TO:<sara": LOCKED})
    servers = USUAL | {TENANT: locked, TENANT_6: server({b"EHLO": b"250-mail Hello [2001:db8::7]\r\n250 STARTTLS"})}
    found = run(environment, servers)
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [SHUT, (OPEN, NO_PROOF)] * 6
    assert [one.ended_by for one in found.paths[Kind.STRANGER_RELAY]] == [
        f"{HOST} [{TENANT}]",
        f"{HOST} [{TENANT_6}]",
        f"mail.contoso.com [{OWN}]",
    ]


def test_every_envelope_is_said_once_and_no_message_ever(environment: Environment) -> None:
    heard: list[bytes] = []
    found = run(environment, dict.fromkeys(USUAL, server(heard=heard)))
    said = [line for line in heard if line.startswith((b"MAIL", b"RCPT"))]
    planned = [envelope for contact in found.plan.contacts for envelope in contact.envelopes]
    assert len([line for line in said if line.startswith(b"MAIL")]) == len(planned) == 7 + 7 + 4
    assert len([line for line in said if line.startswith(b"RCPT")]) == 7 + 7 + 6
    assert {line.split()[0] for line in heard} == {b"EHLO", b"STARTTLS", b"MAIL", b"RCPT", b"RSET", b"QUIT"}
    # The look at TLS is the first of these sessions, not one more.
    assert heard.count(b"QUIT") == 2 + 2 + 1
    assert {address: one.version for address, one in found.looks.items()} == dict.fromkeys(USUAL, "TLSv1.3")


def test_a_known_recipient_who_gets_the_same_reply_explains_it(environment: Environment) -> None:
    found = run(environment, USUAL | {OWN: server({b"RCPT": b"550 5.1.1 no such user"})}, V4_ONLY)
    assert found.told(Kind.INTERNET_TO_UNKNOWN) == [
        (OPEN, "550 5.1.1 no such user: no refusal of an unknown recipient, a known one got the same reply")
    ]

    other = {b"RCPT": b"550 5.7.1 not for you"}  # and the unknown one is told that there is nobody of that name
    found = run(environment, USUAL | {OWN: server(other)}, V4_ONLY)
    assert found.told(Kind.INTERNET_TO_UNKNOWN) == [SHUT]


def test_a_server_that_talks_to_nobody_refuses_strangers_and_says_nothing_of_unknown_recipients(
    environment: Environment,
) -> None:
    found = run(environment, USUAL | {OWN: server({b"": b"554 5.7.1 not for you"})}, V4_ONLY)
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [SHUT]
    assert found.told(Kind.INTERNET_TO_UNKNOWN) == [
        (OPEN, "554 5.7.1 not for you: no refusal of an unknown recipient, a known one got the same reply")
    ]


def test_who_ended_it_and_where(environment: Environment) -> None:
    zones = V4_ONLY | {"contoso.com MX": (MxRecord(1, "mx.filter.example"),), "mx.filter.example A": (FILTER,)}
    found = run(
        environment, {FILTER: server(), OWN: server({b"RCPT": LOCKED}), TENANT: server({b"RCPT": LOCKED})}, zones
    )
    by = {(one.ended_by, one.ended_at) for kind in OFFERED for one in found.paths[kind]}
    assert by == {
        (f"{HOST} [{TENANT}]", Place.MICROSOFT_365),
        (f"mail.contoso.com [{OWN}]", Place.ON_PREMISES),
        (f"mx.filter.example [{FILTER}]", Place.INTERNET),
    }


def test_a_server_that_bears_one_refusal_is_visited_again_for_the_rest(environment: Environment) -> None:
    heard: list[bytes] = []
    impatient = {b"RCPT": b"421 4.7.0 too many errors", b"RCPT TO:<chris": b"550 5.7.51 locked", b"RSET": b"421 enough"}
    found = run(environment, USUAL | {TENANT: server(impatient, heard)}, V4_ONLY)
    put_off = "421 4.7.0 too many errors: it closed the session; putting off is no refusal: greylisting lets the next "
    assert [(end, why[: len(put_off)]) for end, why in found.told(Kind.STRANGER_TO_MICROSOFT_365)] == [
        *[(Disposition.REFUSED, "")] * 3,
        *[(OPEN, put_off)] * 3,
    ]
    planned = next(one for one in found.plan.contacts if one.address == TENANT).envelopes
    assert len([line for line in heard if line.startswith(b"MAIL")]) == len(planned) == 7
    assert len(found.visited.sessions[TENANT]) == 7


def test_who_does_not_answer_is_not_asked_again(environment: Environment) -> None:
    visits: list[bytes] = []

    async def busy(peer: Peer) -> None:
        visits.append(b"")
        peer.say(b"421 4.3.2 Service not available")

    found = run(environment, USUAL | {TENANT: busy}, V4_ONLY)
    assert len(visits) == 1
    why = "the server said 421 4.3.2 Service not available; whether to strangers only, or for a while, it does not show"
    assert found.visited.vantage.addresses == {}
    assert (
        found.told(Kind.STRANGER_TO_MICROSOFT_365)
        == [(OPEN, "from which IPv4 address this run looks is not known: say it with --vantage")] * 6
    )
    given = run(environment, USUAL | {TENANT: busy}, V4_ONLY, given=(HERE,))
    assert given.told(Kind.STRANGER_TO_MICROSOFT_365) == [(OPEN, why)] * 6


def test_from_inside_nobody_sees_what_a_stranger_sees(environment: Environment) -> None:
    inside = f"{OWN} is an address of mail.contoso.com ({environment.on_premises.servers[0].origin})"
    found = run(environment, zones=V4_ONLY, given=(OWN,))
    why = f"what only a stranger can see is not seen from here: {inside}"
    kinds = (Kind.STRANGER_TO_MICROSOFT_365, Kind.STRANGER_RELAY, Kind.INTERNET_TO_UNKNOWN)
    assert {told for kind in kinds for told in found.told(kind)} == {(OPEN, why)}
    # What it sees of TLS, it sees.
    assert (found.looks[OWN].version, found.looks[OWN].from_here) == ("TLSv1.3", "")


def test_where_port_25_is_shut_that_is_said_once_and_nobody_else_is_bothered(environment: Environment) -> None:
    heard: list[bytes] = []
    found = run(environment, {OWN: server(heard=heard)}, V4_ONLY)
    why = (
        f"port 25 is blocked on the way out from here over IPv4: {HOST} [{TENANT}], which answers everybody, did not "
        "(connection refused)"
    )
    assert heard == []
    assert str(found.visited.vantage) == f"looks from an address that is not known; {why}"
    assert (found.looks[OWN].ending, found.looks[OWN].from_here) == (Ending.NOT_OPENED, why)


def test_a_timeout_where_the_way_out_is_open_proves_no_lock(environment: Environment) -> None:
    async def silent(peer: Peer) -> None:
        await peer.reader.read()

    found = run(environment, USUAL | {OWN: silent}, V4_ONLY, reply_s=0.3)
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [(OPEN, "silence for 0.3 s; a timeout alone proves no lock")]
    found = run(environment, {TENANT: USUAL[TENANT]}, V4_ONLY)
    why = "connection refused; whether to strangers only, or because nobody listens, it does not show"
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [(OPEN, why)]
    (path,) = found.paths[Kind.STRANGER_TO_ON_PREMISES]
    assert path.assumptions == (f"mail.contoso.com [{OWN}]: {why}", SEND)


def test_something_near_here_that_rewrites_smtp_makes_all_of_it_worthless(environment: Environment) -> None:
    masked = {b"": b"220 ****************", b"EHLO": b"250-mail Hello [192.0.2.7]\r\n250 XXXXXXXA"}
    found = run(environment, USUAL | {TENANT: server(masked)}, V4_ONLY)
    why = (
        f"something near here alters SMTP: {HOST}, which offers STARTTLS to everybody, did not: '****************' "
        "stands there"
    )
    kinds = (Kind.INTERNET_TO_UNKNOWN, Kind.STRANGER_RELAY)
    assert {one.assumptions for kind in kinds for one in found.paths[kind]} == {(why, SEND)}  # one reason, said once
    assert found.looks[OWN].from_here == why


def test_the_budget_ends_and_says_so(environment: Environment) -> None:
    found = run(environment, zones=V4_ONLY, manners=Manners(visits=1))
    why = (OPEN, "this run has knocked as often as it may")
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [(OPEN, NO_PROOF)] * 4 + [why] * 2
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [why]


def test_the_time_of_the_run_ends_and_says_so(environment: Environment) -> None:
    heard: list[bytes] = []
    found = run(environment, dict.fromkeys(USUAL, server(heard=heard)), run_s=0.0)
    assert heard == []
    assert {one.trouble for one in found.looks.values()} == {"this run opens no session after 0 s"}


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.FOUND])
def test_hosts_without_an_address(environment: Environment, outcome: Outcome) -> None:
    found = run(environment, zones={}, outcome=outcome)
    (unknown,) = found.paths[Kind.INTERNET_TO_UNKNOWN]
    assert unknown.assumptions == (f"no MX record of contoso.com could be found ({outcome})", SEND)
    tenant = found.paths[Kind.STRANGER_TO_MICROSOFT_365]
    assert {one.assumptions for one in tenant} == {
        (f"{HOST} has no address to contact (A: {outcome}; AAAA: {outcome})", SEND)
    }
    # The own server stands in the environment; but from where the run looks, nobody could say.
    assert [contact.address for contact in found.plan.contacts] == [OWN]
    unknown = [
        (OPEN, f"nobody was asked at the {kind} addresses of mail.contoso.com: {outcome}") for kind in ("A", "AAAA")
    ]
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [
        (OPEN, "from which IPv4 address this run looks is not known: say it with --vantage"),
        *(unknown if outcome not in (Outcome.NXDOMAIN, Outcome.NO_DATA) else ()),
    ]


def test_addresses_of_a_kind_that_the_dns_hides_are_told_and_never_count_as_absent(environment: Environment) -> None:
    locked = USUAL | {OWN: server({b"RCPT": LOCKED}), TENANT: server({b"RCPT": LOCKED})}
    found = run(environment, locked, V4_ONLY, silent="mail.contoso.com AAAA")
    why = "nobody was asked at the AAAA addresses of mail.contoso.com: timeout"
    assert found.plan.unknown == (why,)
    assert found.told(Kind.STRANGER_TO_ON_PREMISES) == [SHUT, (OPEN, why)]
    assert found.told(Kind.INTERNET_TO_UNKNOWN)[1:] == [(OPEN, why)]
    # The other addresses of the tenant's host are the same service.
    found = run(environment, locked, V4_ONLY, silent=f"{HOST} AAAA")
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [SHUT] * 6
    assert found.plan.unknown == (f"nobody was asked at the AAAA addresses of {HOST}: timeout",)


def test_an_mx_host_whose_addresses_the_dns_hides_is_told_beside_one_that_is_known(environment: Environment) -> None:
    zones = V4_ONLY | {"contoso.com MX": (MxRecord(10, "mail.contoso.com"), MxRecord(20, "mx.filter.example"))}
    found = run(environment, zones=zones, silent="mx.filter.example A")
    assert found.told(Kind.INTERNET_TO_UNKNOWN) == [
        SHUT,
        (OPEN, "nobody was asked at the A addresses of mx.filter.example: timeout"),
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", "169.254.169.254", "fe80::1"])
def test_an_address_of_this_machine_or_network_is_not_contacted(environment: Environment, address: str) -> None:
    zones = {"contoso.com MX": (MxRecord(1, "mx.evil.example"),), "mx.evil.example A": (ip_address(address),)}
    plan = asyncio.run(contacts(environment, Zones(zones), "looker.example"))
    assert [contact.address for contact in plan.contacts] == [OWN]
    (why,) = [ask.nobody for _, ask in plan.asks if ask.planned.kind is Kind.INTERNET_TO_UNKNOWN]
    assert why == f"mx.evil.example has no address to contact (A: {address}; AAAA: NXDOMAIN)"


def test_null_mx(environment: Environment) -> None:
    plan = asyncio.run(contacts(environment, Zones({"contoso.com MX": (MxRecord(0, "."),)}), "looker.example"))
    (why,) = [ask.nobody for _, ask in plan.asks if ask.planned.kind is Kind.INTERNET_TO_UNKNOWN]
    assert why == "contoso.com takes no mail: null MX (RFC 7505)"


def test_mail_to_a_domain_with_a_null_mx_stays_with_its_sender(environment: Environment) -> None:
    """Nobody is asked, and nothing is left to be sent: the sender that looks is this run."""
    zones = {**V4_ONLY, "contoso.com MX": (MxRecord(0, "."),)}
    (told,) = run(environment, zones=zones).paths[Kind.INTERNET_TO_UNKNOWN]
    assert (told.disposition, told.assumptions, told.to_send, told.source) == (Disposition.RETURNED, (), "", "DNS")
    assert str(told.reply) == "556 5.1.10 contoso.com does not accept mail (null MX)"
    assert refused_or_returned([told]).verdict is Verdict.COMPLIANT
    twice = {**V4_ONLY, "contoso.com MX": (MxRecord(0, "."), MxRecord(10, "."))}  # no null MX (RFC 7505 section 3)
    assert [how for how, _ in run(environment, zones=twice).told(Kind.INTERNET_TO_UNKNOWN)] == [OPEN]
    beside = {**V4_ONLY, "contoso.com MX": (MxRecord(0, "."), MxRecord(10, "mail.contoso.com"))}
    assert run(environment, zones=beside).told(Kind.INTERNET_TO_UNKNOWN) == [SHUT]


def test_a_message_that_was_received_settles_what_sessions_leave_open(environment: Environment) -> None:
    domain = environment.domains[0]
    foreign, spoofed, *_ = messages(environment, domain, Kind.STRANGER_TO_MICROSOFT_365)
    # Whoever is outside stands for the stranger of the plan.
    sent = replace(foreign, envelope=replace(foreign.envelope, mail_from=Address("me", "home.example")))
    returned = MailPath(sent, sent.envelope.rcpt_to[0], Disposition.RETURNED, ())
    not_there = MailPath(spoofed, spoofed.envelope.rcpt_to[0], OPEN, (), assumptions=("no message",), to_send="send")
    another = replace(not_there, message=messages(environment, domain, Kind.CLOUD_TO_CLOUD)[0])
    found = run(environment, zones=V4_ONLY, received=(returned, not_there, another))
    assert found.told(Kind.STRANGER_TO_MICROSOFT_365) == [
        (OPEN, f"{NO_PROOF}; no message"),
        *[(OPEN, NO_PROOF)] * 4,
        (Disposition.RETURNED, ""),
    ]
    assert [one.to_send for one in found.paths[Kind.STRANGER_TO_MICROSOFT_365]][:2] == ["send", ""]
    assert found.paths[Kind.CLOUD_TO_CLOUD] == (another,)


@pytest.mark.parametrize("mail_from", [Address("postmaster", "contoso.com"), None])
def test_one_sender_of_a_lock_does_not_settle_another(environment: Environment, mail_from: Address | None) -> None:
    foreign = messages(environment, environment.domains[0], Kind.STRANGER_TO_MICROSOFT_365)[0]
    sent = replace(foreign, envelope=replace(foreign.envelope, mail_from=mail_from))
    returned = MailPath(sent, sent.envelope.rcpt_to[0], Disposition.RETURNED, ())
    found = run(environment, zones=V4_ONLY, received=(returned,))
    told = found.paths[Kind.STRANGER_TO_MICROSOFT_365]
    assert told[0].message.envelope.mail_from == Address("somebody", "looker.example")
    assert (told[0].disposition, len(told)) == (OPEN, 6)


def test_a_refusal_in_a_session_stands_beside_what_was_received(environment: Environment) -> None:
    (planned, *_) = messages(environment, environment.domains[0], Kind.INTERNET_TO_UNKNOWN)
    returned = MailPath(planned, planned.envelope.rcpt_to[0], Disposition.RETURNED, ())
    found = run(environment, zones=V4_ONLY, received=(returned,))
    assert found.told(Kind.INTERNET_TO_UNKNOWN) == [SHUT, (Disposition.RETURNED, "")]


def test_the_longest_that_a_run_can_take() -> None:
    visitor = Visitor(ssl.create_default_context(), manners=Manners(visits=100, per_second=4.0, apart_s=2.0))
    # Waiting for the turn of the last visit, which may begin in the last moment and be two sessions.
    assert visitor.longest_s == 240.0 + 2 * (40.0 + 1.0) + 2.0 + 25.0


def test_a_stranger_keeps_its_name_where_none_is_given(environment: Environment) -> None:
    plan = asyncio.run(contacts(environment, Zones(ZONES)))
    strangers = [ask for _, ask in plan.asks if ask.planned.submitted_at == STRANGER]
    assert strangers
    assert all(ask.message == ask.planned for ask in strangers)


def test_the_name_under_which_a_run_looks(environment: Environment) -> None:
    roots = ssl.create_default_context()
    assert Visitor(roots, looks_as="Bücher.example").looks_as == "xn--bcher-kva.example"
    with pytest.raises(AddressError, match="is no domain name"):
        Visitor(roots, looks_as="looker.example\r\nDATA")
    with pytest.raises(AddressError, match="is no domain name"):
        asyncio.run(contacts(environment, Zones(ZONES), "looker.example\r\nDATA"))

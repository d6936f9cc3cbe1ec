"""The lab itself: real servers say what the plan says, and our eyes see it."""

import ssl
import subprocess
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailflow.environment.environment import certificate_names
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.observe.dialogue import Endpoint
from mailflow.observe.dns import DnsEye
from mailflow.observe.smtp import visit
from mailflow.records.answer import Answer, Outcome, Question
from mailflow.simulate.dns import DnsServer
from mailflow.simulate.zones import zones
from tests.real.lab import RESOLVER, Lab, loop_at
from tests.real.network import Host
from tests.real.programs import wait_until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab(lab_of: Callable[[str], Lab]) -> Lab:
    return lab_of("scenario-4")


def run(host: Host, *command: str) -> str:
    done = subprocess.run(host.command(*command), capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def offer(lab: Lab, server: str, sender: str, recipient: str) -> str:
    """Let the stranger offer a message, up to RCPT; gives the last reply but that to QUIT."""
    said = run(lab.stranger, "swaks", "--server", server, "--from", sender, "--to", recipient, "--quit-after", "RCPT")
    replies = [line[2:].strip(" *") for line in said.splitlines() if line.startswith("<")]
    return replies[-2]


def test_the_resolver_of_every_host_knows_the_plan(lab: Lab) -> None:
    for host in (lab.stranger, lab.own["mail.contoso.com"], lab.outside["fabrikam.com"]):
        assert run(host, "dig", "+short", "contoso.com", "MX") == "10 mail.contoso.com.\n"


def test_what_the_plan_does_not_know_is_refused_and_not_denied(lab: Lab) -> None:
    assert "status: REFUSED" in run(lab.stranger, "dig", "www.example.org")
    assert "status: NXDOMAIN" in run(lab.stranger, "dig", "nobody.contoso.com")


def test_both_planned_name_servers_speak_with_authority(lab: Lab) -> None:
    for server in ("192.0.2.53", "198.51.100.53"):
        said = run(lab.stranger, "dig", f"@{server}", "contoso.com", "TXT")
        assert "flags: qr aa rd;" in said
        assert '"v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"' in said


QUESTIONS = tuple(
    Question(name, kind)
    for name in (
        "contoso.com",
        "mail.contoso.com",
        "autodiscover.contoso.com",
        "nobody.contoso.com",
        "spf.protection.outlook.com",
        "contoso-com.mail.protection.outlook.com",
        "fabrikam.com",
        "231.21.107.131.in-addr.arpa",
        "nothing-is-known-of.example.org",
    )
    for kind in ("A", "AAAA", "MX", "TXT", "PTR")
)


def test_real_and_simulated_name_servers_give_the_same_answers(lab: Lab) -> None:
    async def ask(eye: DnsEye) -> list[Answer]:
        return [await eye.lookup(question) for question in QUESTIONS]

    async def simulated() -> list[Answer]:
        server = DnsServer(zones(lab.environment))
        await server.start()
        try:
            return await ask(DnsEye([("127.0.0.1", server.port)]))
        finally:
            await server.stop()

    def told(answer: Answer) -> tuple[object, ...]:
        return answer.question, answer.outcome, sorted(map(str, answer.values)), answer.aliases

    with loop_at(lab.stranger) as loop:
        real = loop.call(ask(DnsEye([(str(RESOLVER), 53)])), 60)
        planned = loop.call(simulated(), 60)
    assert [told(answer) for answer in real] == [told(answer) for answer in planned]
    assert {answer.outcome for answer in real} == {Outcome.FOUND, Outcome.NO_DATA, Outcome.NXDOMAIN, Outcome.REFUSED}


ENVELOPES = tuple(
    Envelope(Address.parse("john@fabrikam.com"), (Address.parse(recipient),))
    for recipient in ("david@contoso.com", "nobody@contoso.com", "kate@tailspintoys.com")
)


def test_our_eye_sees_the_certificate_that_postfix_shows_and_what_it_says_to_each_recipient(lab: Lab) -> None:
    roots = ssl.create_default_context(cafile=str(lab.environment.folder / "certificates" / "authority.pem"))
    roots.check_hostname = False
    address = ip_address("131.107.21.231")
    with loop_at(lab.stranger) as loop:
        seen = loop.call(visit(address, Endpoint(str(address), 25), roots, "stranger.example", ENVELOPES), 60)
    planned = lab.environment.on_premises.servers[0].certificate
    assert (seen.reached, seen.starttls, seen.version, seen.distrust, seen.trouble) == (True, True, "TLSv1.3", "", "")
    assert seen.certificate is not None
    assert planned is not None
    assert seen.certificate == planned.leaf
    assert certificate_names(seen.certificate) == ("mail.contoso.com", "contoso.com")
    assert seen.dialogue[0] == "S: 220 mail.contoso.com ESMTP Postfix"
    replies = [(str(offer.envelope.rcpt_to[0]), *map(str, offer.replies)) for offer in seen.offered]
    assert [(recipient, reply[:9]) for recipient, reply in replies] == [
        ("david@contoso.com", "250 2.1.5"),
        ("nobody@contoso.com", "250 2.1.5"),
        ("kate@tailspintoys.com", "554 5.7.1"),
    ]


@pytest.mark.parametrize(
    ("server", "sender", "recipient", "reply"),
    [
        ("mail.contoso.com", "john@fabrikam.com", "david@contoso.com", "250 2.1.5 Ok"),
        ("mail.contoso.com", "john@fabrikam.com", "chris@contoso.com", "250 2.1.5 Ok"),
        ("mail.contoso.com", "john@fabrikam.com", "nobody@contoso.com", "250 2.1.5 Ok"),  # it comes back later
        ("mail.contoso.com", "john@fabrikam.com", "kate@tailspintoys.com", "554 5.7.1 <kate@tailspintoys.com>"),
        ("mail.fabrikam.com", "kate@tailspintoys.com", "john@fabrikam.com", "250 Accepted"),
        ("mail.fabrikam.com", "kate@tailspintoys.com", "nobody@fabrikam.com", "550 5.1.1 User unknown"),
        ("mail.fabrikam.com", "kate@tailspintoys.com", "david@contoso.com", "550 5.7.1 Relaying denied"),
        ("contoso-com.mail.protection.outlook.com", "john@fabrikam.com", "chris@contoso.com", "550 5.7.51"),
    ],
)
def test_real_servers_take_and_refuse_by_the_plan(
    lab: Lab, server: str, sender: str, recipient: str, reply: str
) -> None:
    assert offer(lab, server, sender, recipient)[: len(reply)] == reply


def test_one_message_of_exim_reaches_both_sides_by_way_of_postfix(lab: Lab) -> None:
    run(
        lab.outside["fabrikam.com"],
        "swaks",
        *("--server", "127.0.0.1", "--from", "john@fabrikam.com", "--to", "chris@contoso.com,david@contoso.com"),
    )
    own = lab.room("mail.contoso.com") / "mail" / "david@contoso.com" / "new"
    cloud = lab.microsoft_365.mailboxes

    def arrived() -> bool:
        return bool(cloud) and own.is_dir() and any(own.iterdir())

    wait_until(arrived, 30, lab.programs.printed)
    ((mailbox, copy),) = [(mailbox, copy) for (mailbox, _), copy in cloud.items()]
    (file,) = own.iterdir()
    assert str(mailbox) == "chris@contoso.com"
    assert b"Received: from mail.contoso.com ([131.107.21.231]) by am6eur05ft012.mail.protection.outlook.com" in copy
    for text in (copy, Path(file).read_bytes()):
        assert b"Received: from mail.fabrikam.com (unknown [192.0.2.25])" in text
        assert b"with esmtp (Exim 4." in text

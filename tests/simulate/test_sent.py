"""Every rule of the simulated servers meets a message: what is configured, what is sent, what comes of it.

The cases stand in tests/simulate/sent/, and docs/behaviours.md links each rule to its case.
"""

import asyncio
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.message import Kind, TestMessage
from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope, path
from mailflow.observe.follow import follow, records
from mailflow.observe.path import Disposition, MailPath
from mailflow.routing import journal
from mailflow.simulate.simulation import Simulation
from tests.simulate.configured import configured

FOLDER = Path(__file__).parent / "sent"
SENT = re.compile(
    r"(?P<by>[^:,]+)(?P<plain>, without TLS)?: (?P<sender>\S+) to (?P<to>[^ ,]+)"
    r"(, straight to (?P<straight>[^,]+))?(, (?P<hops>\d+) hops old)?"
)
SETTINGS = ("online", "server", "environment", "zone")


def read(file: Path) -> dict[str, dict[str, Any]]:
    """Read the cases of one file; what is given for all of them comes before what a case says."""
    cases = tomllib.loads(file.read_text(encoding="utf-8"))
    given = cases.pop("given", {})
    for case in cases.values():
        both = {key: given[key] + case[key] for key in given.keys() & case.keys()}
        case |= {**given, **case, **both}
    return {f"{file.stem}/{name}": case for name, case in cases.items()}


CASES = {name: case for file in sorted(FOLDER.glob("*.toml")) for name, case in read(file).items()}


def same(told: str, seen: str) -> bool:
    """Compare with what a case says: "…" stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, told.split("…"))), seen) is not None


@dataclass(frozen=True)
class Seen:
    """What came of one message."""

    path: str  # the hosts in order
    ends: str
    reverse_path: str  # at the last host
    exit: str  # the address that the last host saw
    assumed: tuple[str, ...]
    assumed_of_signatures: tuple[str, ...]
    rules: Mapping[str, list[str]]  # by host


def seen(way: Sequence[MailPath], entries: Sequence[journal.Entry]) -> Seen:
    """Tell what came of a message in the words of a case: of a mailbox that keeps a copy, the forward."""
    last = way[-1]
    hosts = [hop.host for hop in last.hops]
    return Seen(
        " > ".join(hosts if len(hosts) < 9 else [*hosts[:5], f"{len(hosts)} hosts"]),
        last.disposition if last.disposition is Disposition.DELIVERED else f"{last.disposition}: {last.reply}",
        path(last.hops[-1].mail_from),
        last.hops[-1].client,
        tuple(dict.fromkeys(why for one in way for why in (*one.assumptions, *one.report_assumptions))),
        last.hops[-1].signatures_assumed,
        rules(entries),
    )


def rules(entries: Sequence[journal.Entry]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in entries:
        rule = entry.reception.rule if isinstance(entry, journal.Received) else entry.rule
        found.setdefault(entry.host, []).append(rule.why)
    return found


async def post(simulation: Simulation, said: Mapping[str, str | None]) -> Seen:
    """Submit one message, wait until all is at rest, and follow it."""
    sender = None if said["sender"] == "<>" else Address.parse(str(said["sender"]))
    envelope = Envelope(sender, (Address.parse(str(said["to"])),))
    message = TestMessage(Kind.INTERNET_TO_CLOUD, str(said["by"]), envelope, said["straight"] or "")
    if said["hops"]:
        old = "Received: from a.example by b.example\r\n" * int(said["hops"])
        content = f"{old}Message-ID: <old@a.example>\r\n\r\nold\r\n".encode("ascii")
        queue_id = simulation.mtas[message.submitted_at].submit(envelope, content)
        await simulation.post([])
    else:
        several = await simulation.post([message])
        *_, posted = (one for one in several if one.message.submitted_at == said["by"])  # of MX hosts by the last
        queue_id = posted.queue_id
    way = follow(simulation.environment, records(simulation.journal, simulation.mailboxes), message, queue_id)
    return seen(way, simulation.journal)


async def offer_without_tls(simulation: Simulation, said: Mapping[str, str | None]) -> Seen:
    """Offer a message from an address in a session that stays plain, as far as the server goes along."""
    mta = simulation.mtas[str(said["straight"])]
    port = await simulation.open_port(mta, ip_address(str(said["by"])))
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=10)
    async with client:
        await client.mail(str(said["sender"]))
        try:
            reply = await client.rcpt(str(said["to"]))
        except aiosmtplib.SMTPRecipientRefused as refused:
            ends = f"refused: {refused.code} {refused.message}"
        else:
            ends = f"taken: {reply}"
    return Seen(
        str(said["by"]),
        ends,
        path(Address.parse(str(said["sender"]))),
        str(said["by"]),
        (),
        (),
        rules(simulation.journal),
    )


def send(environment: Environment, sent: str) -> Seen:
    """Send one message through the servers of an environment."""
    said = SENT.fullmatch(sent)
    assert said, sent

    async def scene() -> Seen:
        simulation = Simulation(environment)
        await simulation.start()
        try:
            return await (offer_without_tls if said["plain"] else post)(simulation, said.groupdict())
        finally:
            await simulation.stop()

    return asyncio.run(scene())


@pytest.mark.parametrize("name", CASES)
def test_a_message_meets_the_rule(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    settings = {key: case[key] for key in SETTINGS if key in case}
    found = send(configured(case["in"], tmp_path, **settings), case["sent"])

    assert found.path == case["path"]
    assert same(case["ends"], found.ends), found.ends
    assert same(case.get("as", "…"), found.reverse_path), found.reverse_path
    assert same(case.get("exit", "…"), found.exit), found.exit
    for assumes, assumed in (("assumes", found.assumed), ("of_signatures", found.assumed_of_signatures)):
        assert len(case.get(assumes, [])) == len(assumed), assumed
        assert all(map(same, case.get(assumes, []), assumed)), assumed
    assert any(same(case["rule"], rule) for rule in found.rules.get(case["by"], [])), found.rules

"""Which names below a domain have, or had, MX records."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailflow.environment.environment import Before, Domain, Environment, ThirdParty
from mailflow.environment.load import load
from mailflow.environment.master_file import read_zone
from mailflow.environment.message import Kind, messages
from mailflow.environment.names_below import (
    NameBelow,
    mx_names_below,
    senders_below,
    third_parties_below,
    zone_is_supplied,
)
from mailflow.mail.address import Address

FIXTURES = Path(__file__).parents[2] / "fixtures"
MAIL = ("mail.contoso.com",)


def world(zones: dict[str, str], before: dict[str, str] | None = None, *further: str) -> Environment:
    """Scenario 4 with these records in its zones, these in those of the time before, and these further domains."""

    def read(texts: dict[str, str]) -> dict[str, object]:
        return {name: read_zone(f"$TTL 60\n{text}", f"zones/{name}.zone") for name, text in texts.items()}

    sound = load(FIXTURES / "scenario-4")
    domains = (*sound.domains, *(Domain(name, sound.domains[0].scenario, MAIL) for name in further))
    was = None
    if before is not None:
        was = Before("before", read(before), sound.microsoft_365.online, sound.on_premises.exchange)  # type: ignore[arg-type]
    return replace(sound, zones=read(zones), before=was, domains=domains)


def below(environment: Environment, number: int = 0) -> tuple[NameBelow, ...]:
    return mx_names_below(environment, environment.domains[number])


def test_names_with_mx_records_and_no_others() -> None:
    zone = "@ MX 1 mail\nmail A 192.0.2.1\nEU MX 5 b.example.\neu MX 5 A.example.\na.b.eu MX 1 mail\n*.eu MX 1 mail"
    found = below(world({"contoso.com": zone, "example": "eu MX 1 mail.contoso.com."}))
    assert found == tuple(NameBelow(name, ()) for name in ("*.eu.contoso.com", "a.b.eu.contoso.com", "eu.contoso.com"))
    assert [one.asked for one in found] == [
        "mailflow-no-such-name.eu.contoso.com",
        "a.b.eu.contoso.com",
        "eu.contoso.com",
    ]


def test_names_of_before_are_known_with_their_hosts() -> None:
    found = below(world({"contoso.com": "eu MX 1 mail"}, {"contoso.com": "eu MX 9 old\nhr MX 9 z\nhr MX 5 mail"}))
    assert found == (
        NameBelow("eu.contoso.com", ("old.contoso.com",)),
        NameBelow("hr.contoso.com", ("mail.contoso.com", "z.contoso.com")),
    )


def test_further_domains_have_rows_of_their_own() -> None:
    zones = {"contoso.com": "eu MX 1 mail\nit.eu MX 1 mail\nhr MX 1 mail\n*.eu MX 1 mail\n* MX 1 mail"}
    here = world(zones, None, "eu.contoso.com")
    assert [one.name for one in below(here)] == ["*.contoso.com", "hr.contoso.com"]
    assert [one.name for one in below(here, 1)] == ["*.eu.contoso.com", "it.eu.contoso.com"]


def test_a_zone_of_its_own_below_the_domain_is_read_too() -> None:
    here = world({"contoso.com": "@ MX 1 mail", "eu.contoso.com": "@ MX 1 mail\nhr MX 1 mail"})
    assert [one.name for one in below(here)] == ["eu.contoso.com", "hr.eu.contoso.com"]


def test_names_to_which_nobody_can_write_are_left_out() -> None:
    assert below(world({"contoso.com": r"a\032b MX 1 mail" + "\n-x MX 1 mail"})) == ()


@pytest.mark.parametrize(
    ("zones", "supplied"), [(["contoso.com"], True), (["com"], True), (["eu.contoso.com"], False), ([], False)]
)
def test_whether_the_zone_is_supplied(zones: list[str], supplied: bool) -> None:
    here = world(dict.fromkeys(zones, "@ TXT x"))
    assert zone_is_supplied(here, here.domains[0]) is supplied


def test_who_sends_as_a_name_below_is_told_by_the_reverse_path() -> None:
    here = world({}, None, "eu.contoso.com")

    def party(name: str, sends_as: str, returns_to: str = "") -> ThirdParty:
        told = Address.parse(returns_to) if returns_to else None
        return replace(here.third_parties[0], name=name, sends_as=Address.parse(sends_as), returns_to=told)

    parties = (
        party("exact", "news@contoso.com"),
        party("below", "news@news.contoso.com"),
        party("returns", "news@contoso.com", "bounces@news.contoso.com"),
        party("elsewhere", "news@news.contoso.com", "bounces@newsletter.example"),
        party("further", "news@shop.eu.contoso.com"),
        replace(here.third_parties[0], name="filter", sends_as=None),
    )
    there = replace(here, third_parties=parties)
    first, further = there.domains
    assert senders_below(there, first) == {"news.contoso.com": (parties[1], parties[2])}
    assert senders_below(there, further) == {"shop.eu.contoso.com": (parties[4],)}


def test_who_sends_as_somebody_of_a_name_below_writes_to_the_mailboxes_of_the_domain() -> None:
    here = load(FIXTURES / "scenario-3")
    (domain,) = here.domains
    (shop,) = third_parties_below(here, domain)
    sent = [message for message in messages(here, domain, Kind.THIRD_PARTY) if message.submitted_at == shop.name]
    assert {str(message.envelope.mail_from) for message in sent} == {"orders@shop.contoso.com"}
    recipients = [str(recipient) for message in sent for recipient in message.envelope.rcpt_to]
    assert recipients == ["chris@contoso.com", "sara@contoso.com", "david@contoso.com"]

"""What the DNS of a domain shows, which scenario it fits, and the draft that is made of it."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.environment.discovered import Seen, look
from mailflow.environment.discovered_draft import discovered_draft
from mailflow.environment.draft import NO_ADDRESS
from mailflow.environment.load import load
from mailflow.environment.resemblance import guess, words
from mailflow.records.answer import Answer, MxRecord, Outcome, Question, Value, drive

OWN = ip_address("131.107.21.231")
MICROSOFT = "contoso-com.mail.protection.outlook.com"
SPF = "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"
ZONE: dict[tuple[str, str], tuple[Value, ...]] = {
    ("contoso.com", "MX"): (MxRecord(10, "mail.contoso.com"),),
    ("contoso.com", "TXT"): ("site-verification=1", SPF),
    ("mail.contoso.com", "A"): (OWN,),
    ("autodiscover.contoso.com", "CNAME"): ("mail.contoso.com",),
}


def looked(zone: Mapping[tuple[str, str], tuple[Value, ...]], *failing: tuple[str, str]) -> Seen:
    def answer(question: Question) -> Answer:
        key = (question.name, question.type)
        if key in failing:
            return Answer(question, Outcome.TIMEOUT)
        return Answer(question, Outcome.FOUND if key in zone else Outcome.NXDOMAIN, zone.get(key, ()))

    return drive(look("contoso.com"), answer)


def test_what_is_seen() -> None:
    seen = looked(ZONE)
    assert (seen.mx, seen.spf, seen.autodiscover) == (("mail.contoso.com",), (SPF,), "mail.contoso.com")
    assert (seen.own, seen.cloud, seen.tenant) == ({"mail.contoso.com": (OWN,)}, "worldwide", "")
    assert [str(network) for network in seen.networks] == ["131.107.21.231/32", "203.0.113.60/32"]
    assert seen.unanswered == ()


@pytest.mark.parametrize(
    "alias",
    [
        "selector1-contoso-com._domainkey.contosoag.onmicrosoft.com",
        "selector1-contoso-com._domainkey.contosoag.n-v1.dkim.mail.microsoft",
    ],
)
def test_the_tenant_stands_in_the_names_of_its_keys(alias: str) -> None:
    assert looked({**ZONE, ("selector2._domainkey.contoso.com", "CNAME"): (alias,)}).tenant == "contosoag"
    assert looked({**ZONE, ("selector1._domainkey.contoso.com", "CNAME"): ("key.newsletter.example",)}).tenant == ""


def test_a_host_elsewhere_is_own_where_the_spf_record_lists_its_address() -> None:
    zone = {**ZONE, ("contoso.com", "MX"): (MxRecord(10, "mx.fabrikam.com"),), ("mx.fabrikam.com", "A"): (OWN,)}
    assert guess(looked(zone)).fitting == ("3", "4")
    zone[("mx.fabrikam.com", "A")] = (ip_address("198.51.100.7"),)
    told = guess(looked(zone))
    assert told.fitting == ("third-party-filter-hybrid",)
    assert words(told) == "It fits scenario third-party-filter-hybrid."
    assert {one.contradicts for one in told.resemblances if one.scenario.isdecimal()} == {
        ("the MX record names mx.fabrikam.com, which is neither Microsoft 365 nor a server of the own",)
    }


def test_a_filter_whose_addresses_stand_in_the_spf_record_is_no_own_server() -> None:
    """As the documentation writes it for mailboxes on both sides."""
    zone = {
        **ZONE,
        ("contoso.com", "MX"): (MxRecord(10, "mx.filter.example"),),
        ("mx.filter.example", "A"): (ip_address("203.0.113.60"),),
    }
    seen = looked(zone)
    assert (list(seen.own), guess(seen).fitting) == (["mail.contoso.com"], ("third-party-filter-hybrid",))
    # Without a host in the domain nothing tells it from an own one.
    del zone["mail.contoso.com", "A"]
    assert list(looked(zone).own) == ["mx.filter.example"]


def test_an_alias_into_microsoft_365_is_no_own_server() -> None:
    zone = {**ZONE, ("mail.contoso.com", "A"): (ip_address("40.92.0.1"),), ("contoso.com", "TXT"): ()}
    assert looked(zone).own == {}


def with_mx(*hosts: str) -> Seen:
    return looked({**ZONE, ("contoso.com", "MX"): tuple(MxRecord(i, host) for i, host in enumerate(hosts))})


def test_the_mx_record_tells_two_and_two_apart() -> None:
    assert guess(with_mx(MICROSOFT)).fitting == ("1", "2")
    assert words(guess(with_mx(MICROSOFT))) == (
        "It fits scenarios 1 and 2, which the DNS cannot tell apart. In 1 the own Send connector for * names Microsoft "
        "365 as its smart host. In 2 an outbound connector sends everything through the own servers: Get-Outbound"
        "Connector shows RouteAllMessagesViaOnPremises True (centralized mail transport)."
    )
    assert guess(with_mx("mail.contoso.com")).fitting == ("3", "4")
    assert words(guess(with_mx("mail.contoso.com"))).startswith(
        "It fits scenarios 3 and 4, which the DNS cannot tell apart. In 3 the own Send connector for * names no smart"
    )
    against = {one.scenario: one.contradicts for one in guess(with_mx(MICROSOFT)).resemblances}
    assert against["3"] == against["4"] == (f"the MX record names Microsoft 365: {MICROSOFT}",)


def test_a_domain_that_says_that_it_takes_no_mail() -> None:
    told = guess(with_mx("."))
    assert words(told) == "It fits scenario parked."
    assert told.of("parked").fits == ("the MX record says that the domain takes no mail (null MX)",)


@pytest.mark.parametrize(
    ("hosts", "fact"),
    [
        ((), "no MX record names a host"),
        (
            (MICROSOFT, "mail.contoso.com"),
            f"the MX record names both Microsoft 365 ({MICROSOFT}) and own servers (mail.contoso.com)",
        ),
    ],
)
def test_what_fits_none(hosts: tuple[str, ...], fact: str) -> None:
    told = guess(with_mx(*hosts))
    assert told.fitting == ()
    assert {one.contradicts for one in told.resemblances if one.scenario.isdecimal()} == {(fact,)}


def test_without_microsoft_365_it_is_none_of_them_and_without_own_servers_none_of_the_four() -> None:
    alone = guess(looked({**ZONE, ("contoso.com", "TXT"): ("v=spf1 mx -all",)}))
    assert alone.fitting == ()
    assert alone.nearest == ("3", "4")
    assert alone.of("3").contradicts == ("no name of Microsoft 365 stands in its MX, SPF or DKIM records",)
    cloud = {
        ("contoso.com", "MX"): (MxRecord(0, MICROSOFT),),
        ("contoso.com", "TXT"): ("v=spf1 include:spf.protection.outlook.com -all",),
    }
    told = guess(looked(cloud))
    assert (told.fitting, told.nearest) == (("all-in-cloud",), ("all-in-cloud",))
    assert words(told) == "It fits scenario all-in-cloud."
    assert told.of("1").contradicts == (
        "no own server is seen: no host of the domain has an address, and the SPF record lists none",
    )


@pytest.mark.parametrize("rdtype", ["MX", "TXT"])
def test_what_nobody_answered_is_not_known(rdtype: str) -> None:
    told = guess(looked(ZONE, ("contoso.com", rdtype)))
    assert told.fitting == ()
    assert words(told) == f"Nothing can be said of the scenario: contoso.com {rdtype}: timeout."


def drafted(seen: Seen, folder: Path, greetings: Mapping[str, str] = {}) -> str:
    for name, text in discovered_draft(seen, guess(seen), greetings).files("../x.json").items():
        path = folder / "contoso.com" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return (folder / "contoso.com/environment.yaml").read_text(encoding="utf-8")


def test_the_draft_marks_its_guesses(tmp_path: Path) -> None:
    text = drafted(looked(ZONE), tmp_path, {"mail.contoso.com": "220 mail.contoso.com Postfix"})
    assert "  # GUESS: scenario 3. It fits scenarios 3 and 4, which the DNS cannot tell apart." in text
    assert "    # GUESS: the MX record names it\n" in text
    assert "    # it greets with: 220 mail.contoso.com Postfix\n    # GUESS: not Exchange Server" in text
    assert "# FILL IN: who else sends. GUESS: the SPF record lists 203.0.113.60/32, third parties" in text
    assert "#   scenario 1: contradicted\n#     - the MX record names own servers: mail.contoso.com\n" in text
    environment = load(tmp_path / "contoso.com")
    assert [(d.name, d.scenario, d.mx) for d in environment.domains] == [("contoso.com", 3, ("mail.contoso.com",))]
    assert [(s.name, s.listens) for s in environment.on_premises.servers] == [("mail.contoso.com", (OWN,))]
    assert environment.zones["contoso.com"].find_rdataset("@", "TXT")[0].to_text() == f'"{SPF}"'
    assert [where.partition(" ")[2] for where in environment.unfilled] == ["tenant_id"]


def test_the_host_that_microsoft_365_assigned_stays_in_the_draft(tmp_path: Path) -> None:
    signed = "contoso-com.o-v1.mx.microsoft"
    drafted(looked({**ZONE, ("contoso.com", "MX"): (MxRecord(0, signed),)}), tmp_path)
    environment = load(tmp_path / "contoso.com")
    assert [(d.name, d.scenario, d.mx) for d in environment.domains] == [("contoso.com", 1, (signed,))]
    assert environment.zones["contoso.com"].find_rdataset("@", "MX")[0].to_text() == f"0 {signed}."


def test_a_domain_that_takes_no_mail_is_drafted_as_parked(tmp_path: Path) -> None:
    """With the records that it should have, whatever it publishes beside the null MX."""
    text = drafted(looked({**ZONE, ("contoso.com", "MX"): (MxRecord(0, "."),)}), tmp_path)
    assert "  # GUESS: scenario parked. It fits scenario parked.\n" in text
    environment = load(tmp_path / "contoso.com")
    assert [(d.name, d.scenario, d.has_mail, d.mx) for d in environment.domains] == [
        ("contoso.com", "parked", False, ())
    ]
    zone = environment.zones["contoso.com"]
    assert [record.to_text() for record in zone.find_rdataset("@", "MX")] == ["0 ."]
    assert [record.to_text() for record in zone.find_rdataset("@", "TXT")] == ['"v=spf1 -all"']
    assert "mail.contoso.com" not in {name.to_text(omit_final_dot=True) for name in zone.nodes}


def test_mx_hosts_of_others_are_a_filter_that_somebody_has_to_confirm(tmp_path: Path) -> None:
    first, second = ip_address("203.0.113.10"), ip_address("203.0.113.11")
    zone: dict[tuple[str, str], tuple[Value, ...]] = {
        **ZONE,
        ("contoso.com", "MX"): (MxRecord(10, "mx1.filter.example"), MxRecord(20, "mx2.filter.example")),
        ("mx1.filter.example", "A"): (first, second),
        ("mx2.filter.example", "A"): (second,),  # a name of the same server
    }
    text = drafted(looked(zone), tmp_path)
    assert (
        "      # GUESS: the MX record names them, at these addresses; whose they are, and what is meant, FILL IN\n"
        in text
    )
    assert "  # FILL IN: who else sends. GUESS: the SPF record lists 203.0.113.60/32, third parties" in text
    environment = load(tmp_path / "contoso.com")
    assert [(d.scenario, d.mx) for d in environment.domains] == [
        ("third-party-filter-hybrid", ("mx1.filter.example", "mx2.filter.example"))
    ]
    assert [(server.name, server.listens) for server in environment.filter_servers] == [
        ("mx1.filter.example", (first, second)),
        ("mx2.filter.example", (NO_ADDRESS,)),
    ]
    assert [server.name for server in environment.on_premises.servers] == ["mail.contoso.com"]
    assert [where.partition(" ")[2] for where in environment.unfilled] == [
        "tenant_id",
        "addresses of newsletter",
        "name and addresses of mx2.filter.example",
    ]


def test_a_long_spf_record_is_written_in_strings(tmp_path: Path) -> None:
    long = "v=spf1 " + " ".join(f"ip4:198.51.100.{i}" for i in range(40)) + " include:spf.protection.outlook.com -all"
    drafted(looked({**ZONE, ("contoso.com", "TXT"): (long,)}), tmp_path)
    (record,) = load(tmp_path / "contoso.com").zones["contoso.com"].find_rdataset("@", "TXT")
    assert b"".join(record.strings).decode() == long
    assert [len(one) for one in record.strings] == [255, 255, len(long) - 510]


HOSTILE = st.one_of(
    st.text(max_size=30), st.sampled_from(["a\n- b: c", 'x" y', "x: {", "mail.contoso.com", "..", "%0a"])
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_whatever_the_wire_says_the_draft_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, host: str, spf: str, alias: str, greeting: str
) -> None:
    zone = {
        **ZONE,
        ("contoso.com", "MX"): (MxRecord(10, host), MxRecord(20, "mail.contoso.com")),
        ("contoso.com", "TXT"): (f"v=spf1 include:{spf} {spf} -all",),
        ("autodiscover.contoso.com", "CNAME"): (alias,),
        ("selector1._domainkey.contoso.com", "CNAME"): (f"selector1._domainkey.{alias}.onmicrosoft.com",),
    }
    folder = tmp_path_factory.mktemp("draft")
    drafted(looked(zone), folder, {"mail.contoso.com": greeting})
    environment = load(folder / "contoso.com")
    assert [server.name for server in environment.on_premises.servers] == ["mail.contoso.com"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(HOSTILE, st.from_regex(r"[a-z0-9_-]{1,9}(\.[a-z0-9-]{1,9}){0,2}", fullmatch=True)), max_size=4)
)
def test_whoever_takes_the_mail_the_draft_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, hosts: list[str]
) -> None:
    zone = {**ZONE, ("contoso.com", "MX"): tuple(MxRecord(10, host) for host in hosts)}
    zone |= {(host, "A"): (ip_address("203.0.113.10"),) for host in hosts}
    folder = tmp_path_factory.mktemp("draft")
    drafted(looked(zone), folder)
    environment = load(folder / "contoso.com")
    assert {server.name for server in environment.filter_servers} <= {host.lower() for host in hosts} | {
        "mx.filter.invalid"
    }

"""The SPF record: how many, how valid, how long, whom it lets pass."""

from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.exchange.cloud import cloud
from mailflow.exchange.known import Unknown
from mailflow.judge import spf
from mailflow.policy.finding import Evidence, Verdict
from mailflow.records.answer import Outcome

GOOD = "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"
INVALID = "v=spf1 ipv4: 131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"
FAILED = [Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT]
FIRST = "Mend the SPF record of contoso.com first; HYB-SPF-1 tells what is wrong with it"


def rows(world: Any, seen: spf.SpfSeen) -> dict[str, Any]:
    """Judge every sentence on the record."""
    return {
        "one": spf.exactly_one(world.domain, seen),
        "valid": spf.valid(world.domain, seen),
        "limits": spf.within_limits(world.domain, seen),
        "tenant": spf.microsoft_365_passes(world.environment, world.domain, seen),
        "own": spf.own_servers_pass(world.domain, seen),
        "parties": spf.third_parties_pass(world.domain, seen),
        "stranger": spf.stranger_fails(world.domain, seen),
    }


def verdicts(found: dict[str, Any]) -> dict[str, Verdict]:
    return {name: one.verdict for name, one in found.items()}


def test_good_record(s4: Any, look: Any) -> None:
    found = rows(s4, look(s4, GOOD))
    assert verdicts(found) == dict.fromkeys(found, Verdict.COMPLIANT)
    assert {name: one.seen for name, one in found.items() if name != "tenant"} == {
        "one": "it has",
        "valid": "it is",
        "limits": "it needs 1 querying term and 0 void look-ups",
        "own": "so it does from 131.107.21.231",
        "parties": "so it does from 203.0.113.60",
        "stranger": "it fails",
    }
    assert found["one"].evidence == (Evidence("dns", "contoso.com TXT", "DNS", (GOOD,)),)
    assert found["limits"].evidence == (
        Evidence(
            "dns",
            "querying terms of contoso.com",
            "every include and redirect",
            ("include:spf.protection.outlook.com  (1)",),
        ),
    )
    assert found["own"].evidence[0].asked == "SPF for 131.107.21.231"
    assert found["own"].evidence[0].answer[-1] == "result pass, 0 querying terms, 0 void look-ups"
    assert found["stranger"].evidence[0].asked == "SPF of contoso.com for 198.18.0.99"


def test_who_is_asked_for(s4: Any, look: Any) -> None:
    seen = look(s4, GOOD)
    assert list(seen.microsoft_365)[:2] == [*spf.microsoft_365_samples(s4.environment)][:2]
    assert [str(a) for a in seen.microsoft_365][:2] == ["40.92.0.0", "40.93.255.255"]
    assert {a.version for a in seen.microsoft_365} == {4, 6}
    assert spf.own_addresses(s4.environment) == tuple(seen.own) == s4.server.sends_from
    assert {name: [str(a) for a in party] for name, party in seen.third_parties.items()} == {
        "newsletter": ["203.0.113.60"]
    }


@pytest.mark.parametrize("outcome", FAILED)
def test_failed_look_up(s4: Any, look: Any, outcome: Outcome) -> None:
    found = rows(s4, look(s4, outcome))
    assert verdicts(found) == dict.fromkeys(found, Verdict.NOT_VERIFIED)
    assert all(f"contoso.com TXT failed: {outcome}" in one.seen or str(outcome) in one.seen for one in found.values())


@pytest.mark.parametrize("texts", [(), ("google-site-verification=abc",)])
def test_no_record(s4: Any, look: Any, texts: Any) -> None:
    """Nothing is true of a record that is not there."""
    found = rows(s4, look(s4, texts))
    assert verdicts(found) == {
        "one": Verdict.NON_COMPLIANT,
        "valid": Verdict.NOT_APPLICABLE,
        "limits": Verdict.NOT_APPLICABLE,
        "tenant": Verdict.NON_COMPLIANT,
        "own": Verdict.NON_COMPLIANT,
        "parties": Verdict.NON_COMPLIANT,
        "stranger": Verdict.NON_COMPLIANT,
    }
    assert found["one"].seen == "it has none"
    assert found["stranger"].seen == "none"


def test_record_that_is_none_to_receivers(s4: Any, look: Any) -> None:
    found = spf.exactly_one(s4.domain, look(s4, "v=spf1include:spf.protection.outlook.com -all"))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "a blank is missing after 'v=spf1'")
    assert found.remedy.startswith("write v=spf1 and a blank")
    assert 'contoso.com. 3600 IN TXT "v=spf1 include:spf.protection.outlook.com -all"' in found.remedy


def test_two_records(s4: Any, look: Any) -> None:
    found = rows(s4, look(s4, (GOOD, "v=spf1 -all")))
    assert verdicts(found) == {
        **dict.fromkeys(found, Verdict.NON_COMPLIANT),
        "valid": Verdict.COMPLIANT,  # each of them
        "limits": Verdict.NOT_APPLICABLE,
    }
    assert found["one"].seen == "2 SPF records: receivers use none of them (permerror, RFC 7208 section 4.5)"
    assert found["limits"].seen == "there is not exactly one SPF record"
    assert found["own"].remedy == found["stranger"].remedy == FIRST


def test_documented_mistake(s4: Any, look: Any) -> None:
    """What the documentation prints: every row falls, and each says what to mend first."""
    found = rows(s4, look(s4, INVALID))
    assert verdicts(found) == {
        **dict.fromkeys(found, Verdict.NON_COMPLIANT),
        "one": Verdict.COMPLIANT,
        "limits": Verdict.NOT_VERIFIED,
    }
    assert "'ipv4: 131.107.21.231' (column 8)" in found["valid"].seen
    assert f'Publish: contoso.com. 3600 IN TXT "{GOOD}"' in found["valid"].remedy
    assert found["limits"].seen.startswith("it cannot be counted to its end: the SPF record of contoso.com is invalid")
    for name in ("tenant", "own", "parties", "stranger"):
        assert found[name].remedy == FIRST, name
    # Many addresses and one cause: it is told once.
    assert found["tenant"].seen.count("permerror") == 1


def test_unwise_is_a_note(s4: Any, look: Any) -> None:
    found = spf.valid(s4.domain, look(s4, GOOD.replace("ip4:131", "ip4:10.0.0.1 ip4:131")))
    assert found.verdict is Verdict.COMPLIANT
    assert [note.partition(":")[0] for note in found.notes] == ["ip4"]
    assert "10.0.0.1" in found.notes[0]


def test_include_without_a_record(s4: Any, look: Any) -> None:
    seen = look(s4, "v=spf1 ip4:131.107.21.231 include:gone.example -all")
    found = rows(s4, seen)
    assert (found["valid"].verdict, found["valid"].seen) == (Verdict.NON_COMPLIANT, "gone.example has no SPF record")
    assert (found["limits"].verdict, found["limits"].seen) == (
        Verdict.NOT_VERIFIED,
        "it cannot be counted to its end: gone.example has no SPF record",
    )
    assert found["own"].verdict is Verdict.COMPLIANT
    assert found["stranger"].seen.startswith("permerror (")


@pytest.mark.parametrize("outcome", FAILED)
def test_include_that_cannot_be_looked_up(s4: Any, look: Any, outcome: Outcome) -> None:
    text = "v=spf1 ip4:131.107.21.231 include:away.example -all"
    found = rows(s4, look(s4, text, away__example=outcome))
    why = f"the look-up failed: away.example TXT: {outcome}"
    assert [(found[name].verdict, found[name].seen) for name in ("valid", "limits")] == [
        (Verdict.NOT_VERIFIED, why)
    ] * 2
    assert found["stranger"].verdict is Verdict.NOT_VERIFIED
    # What is known to be wrong is said all the same.
    both = text.replace("-all", "include:gone.example -all")
    assert spf.valid(s4.domain, look(s4, both, away__example=outcome)).seen == "gone.example has no SPF record"
    many = text.replace("-all", " ".join(f"a:h{n}.example" for n in range(10)) + " -all")
    limits = spf.within_limits(s4.domain, look(s4, many, away__example=outcome))
    assert limits.verdict is Verdict.NON_COMPLIANT
    assert limits.seen.startswith("it needs 11 querying terms")


def test_eleventh_querying_term(s4: Any, look: Any) -> None:
    includes = {f"i{n}.example": "v=spf1 -all" for n in range(10)}
    text = GOOD.replace("-all", " ".join(f"include:{name}" for name in includes) + " -all")
    found = rows(s4, look(s4, text, **includes))
    assert (found["limits"].verdict, found["limits"].seen) == (
        Verdict.NON_COMPLIANT,
        "it needs 11 querying terms and 0 void look-ups: receivers give up (permerror)",
    )
    assert len(found["limits"].evidence[0].answer) == 11
    ten = text.replace("include:i9.example ", "")
    assert spf.within_limits(s4.domain, look(s4, ten, **includes)).verdict is Verdict.COMPLIANT


def test_third_void_look_up(s4: Any, look: Any) -> None:
    for names, verdict in (("ab", Verdict.COMPLIANT), ("abc", Verdict.NON_COMPLIANT)):
        text = GOOD.replace("-all", " ".join(f"a:{name}.example" for name in names) + " -all")
        assert spf.within_limits(s4.domain, look(s4, text)).verdict is verdict


def test_ten_querying_terms_are_none_too_many_where_look_ups_are_void(s4: Any, look: Any) -> None:
    includes = {f"i{n}.example": "v=spf1 -all" for n in range(6)}
    terms = [*(f"a:{name}.example" for name in "abc"), *(f"include:{name}" for name in includes)]
    found = spf.within_limits(s4.domain, look(s4, GOOD.replace("-all", " ".join(terms) + " -all"), **includes))
    assert found.seen == "it needs 10 querying terms and 3 void look-ups: receivers give up (permerror)"
    assert found.remedy == "Take a:a.example a:b.example a:c.example out of the SPF record of contoso.com"


def test_a_record_that_asks_nothing_shows_so(s4: Any, look: Any) -> None:
    (shown,) = spf.within_limits(s4.domain, look(s4, "v=spf1 ip4:192.0.2.1 -all")).evidence
    assert shown.answer == ("none",)


def test_host_without_an_ipv6_address_is_void_for_ipv6_senders(s4: Any, look: Any) -> None:
    """Microsoft 365, which also sends by IPv6, meets it in HYB-SPF-2; for others it is a note."""
    hosts = {f"{name}.example": ip_address("192.0.2.1") for name in "abc"}
    text = GOOD.replace("-all", " ".join(f"a:{name}" for name in hosts) + " -all")
    found = spf.within_limits(s4.domain, look(s4, text, **hosts))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "it needs 4 querying terms and 0 void look-ups")
    assert found.notes == ("for a sender that comes by IPv6 it is 3 void look-ups: permerror",)


def test_term_that_depends_on_the_message(s4: Any, look: Any) -> None:
    text = GOOD.replace("-all", "exists:%{i}.block.example -all")
    found = spf.within_limits(s4.domain, look(s4, text))
    assert found.verdict is Verdict.COMPLIANT
    assert found.notes == ("exists:%{i}.block.example depends on the message and was not counted through",)


INCLUDE = "Add include:spf.protection.outlook.com to the SPF record of contoso.com, before its end"


def test_include_of_microsoft_365_missing(s4: Any, look: Any) -> None:
    found = spf.microsoft_365_passes(s4.environment, s4.domain, look(s4, "v=spf1 -all"))
    assert (found.verdict, found.remedy) == (Verdict.NON_COMPLIANT, INCLUDE)
    assert found.seen.startswith("40.92.0.0, 40.93.255.255, ")
    assert found.seen.endswith(": fail")


@pytest.mark.parametrize("published", ["v=spf1 ip4:192.0.2.0/24 -all", Outcome.REFUSED, ()])
def test_include_of_another_cloud(s4: Any, look: Any, published: Any) -> None:
    """Whatever the look-up of that include said, it is the wrong one."""
    other = {"spf.protection.office365.us": published}
    seen = look(s4, "v=spf1 include:spf.protection.office365.us -all", **other)
    found = spf.microsoft_365_passes(s4.environment, s4.domain, seen)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        (
            "it includes spf.protection.office365.us, which lists the addresses of another cloud, and not "
            "spf.protection.outlook.com"
        ),
    )
    assert found.remedy == (
        "Write include:spf.protection.outlook.com in place of include:spf.protection.office365.us in the SPF record of "
        "contoso.com"
    )
    both = look(s4, GOOD.replace("-all", "include:spf.protection.office365.us -all"), **other)
    assert spf.microsoft_365_passes(s4.environment, s4.domain, both).verdict is Verdict.COMPLIANT
    hidden = look(s4, "v=spf1 include:spf.protection.office365.us include:a.example -all", a__example=Outcome.TIMEOUT)
    assert spf.microsoft_365_passes(s4.environment, s4.domain, hidden).verdict is not Verdict.COMPLIANT


@pytest.mark.parametrize("all_", ["+all", "ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/14 ip4:104.47.0.0/17 "])
def test_ranges_of_today_without_the_include(s4: Any, look: Any, all_: str) -> None:
    text = f"v=spf1 {all_} ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/48 -all"
    found = spf.microsoft_365_passes(s4.environment, s4.domain, look(s4, text))
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NON_COMPLIANT,
        "the ranges of today pass, but not by the include: it alone follows Microsoft's changes",
        INCLUDE,
    )


def test_include_behind_another(s4: Any, look: Any) -> None:
    seen = look(s4, "v=spf1 include:spf.contoso.example -all", **{"spf.contoso.example": GOOD})
    assert spf.microsoft_365_passes(s4.environment, s4.domain, seen).verdict is Verdict.COMPLIANT


def test_cloud_whose_ranges_nobody_has_read(s4: Any, look: Any) -> None:
    world = s4.tenant(cloud=cloud("china"))
    assert isinstance(world.environment.microsoft_365.cloud.ranges, Unknown)
    assert spf.microsoft_365_samples(world.environment) == ()
    own = GOOD.replace("outlook.com", "partner.outlook.cn")
    found = spf.microsoft_365_passes(world.environment, world.domain, look(world, own))
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "the published ranges of the cloud china are not in microsoft_365.toml",
    )


def test_own_address_missing(s4: Any, look: Any) -> None:
    """The remedy adds what is missing, not what is there."""
    world = s4.with_server(sends_from=(*s4.server.sends_from, ip_address("2001:db8::25")))
    found = spf.own_servers_pass(world.domain, look(world, GOOD))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "2001:db8::25: fail")
    assert found.remedy == "Add ip6:2001:db8::25 to the SPF record of contoso.com, before its end"
    assert [item.asked for item in found.evidence] == ["SPF for 2001:db8::25"]


def test_of_what_is_not_known_only_that_is_shown(s4: Any, look: Any) -> None:
    world = s4.with_server(sends_from=(*s4.server.sends_from, ip_address("192.0.2.25")))
    seen = look(world, "v=spf1 ip4:131.107.21.231 include:away.example -all", away__example=Outcome.TIMEOUT)
    found = spf.own_servers_pass(world.domain, seen)
    assert (found.verdict, [item.asked for item in found.evidence]) == (
        Verdict.NOT_VERIFIED,
        ["SPF for 192.0.2.25"],
    )


def test_no_own_address(s4: Any, look: Any) -> None:
    found = spf.own_servers_pass(s4.domain, look(s4.servers(), GOOD))
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the environment names no such address that is public")


def test_third_party_missing(s4: Any, look: Any) -> None:
    found = spf.third_parties_pass(s4.domain, look(s4, "v=spf1 ip4:131.107.21.231 ?all"))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "203.0.113.60: neutral")
    assert found.remedy == (
        "Add ip4:203.0.113.60, or the include that newsletter names, to the SPF record of contoso.com, before its end"
    )


def test_no_third_party(s4: Any, look: Any) -> None:
    world = s4.change(third_parties=())
    found = spf.third_parties_pass(world.domain, look(world, GOOD))
    assert (found.verdict, found.seen) == (Verdict.NOT_APPLICABLE, "the environment names none")


@pytest.mark.parametrize(
    ("end", "result"), [("~all", "softfail"), ("?all", "neutral"), ("+all", "pass"), ("", "neutral")]
)
def test_stranger_does_not_fail(s4: Any, look: Any, end: str, result: str) -> None:
    found = spf.stranger_fails(s4.domain, look(s4, GOOD.replace("-all", end)))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, result)
    assert found.remedy == "End the SPF record of contoso.com with -all"


def test_a_term_that_did_not_match_the_stranger_is_not_to_be_narrowed(s4: Any, look: Any) -> None:
    found = spf.stranger_fails(s4.domain, look(s4, "v=spf1 ip4:131.107.21.231"))
    assert (found.seen, found.remedy) == ("neutral", "End the SPF record of contoso.com with -all")

"""What is told to the person who has to mend an SPF record."""

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.records.answer import Answer, Outcome, drive
from mailflow.records.spf import Result, check_host
from mailflow.records.spf_diagnosis import Flaw, diagnose, select_record
from mailflow.records.spf_syntax import parse

GOOD = "v=spf1 ip4:131.107.21.231 include:spf.protection.outlook.com -all"


def told(record: str) -> list[tuple[str, bool]]:
    return [(flaw.wrong, flaw.invalid) for flaw in diagnose(record)]


def test_the_record_as_the_documentation_prints_it() -> None:
    record = "v=spf1 ipv4: 131.107.21.231 include:spf.protection.outlook.com -all"
    assert diagnose(record) == (
        Flaw(
            fragment="ipv4: 131.107.21.231",
            column=8,
            wrong="a blank stands after the colon: receivers read 2 terms in place of one",
            mend="write ipv4:131.107.21.231 without a blank",
            invalid=True,
            corrected=GOOD,
        ),
        Flaw(
            fragment="ipv4: 131.107.21.231",
            column=8,
            wrong="there is no mechanism 'ipv4' in SPF: it is called 'ip4' (RFC 7208 section 5.6)",
            mend="write ip4:",
            invalid=True,
            corrected=GOOD,
        ),
    )


@pytest.mark.parametrize(
    "record",
    [
        GOOD,
        "V=SPF1 IP4:131.107.21.0/24 MX -ALL",
        "v=spf1  mx   -all  ",
        "v=spf1 redirect=_spf.contoso.com",
        "v=spf1 a:mail.contoso.com/24//64 exists:%{ir}.%{v}._spf.%{d2} -all exp=explain.contoso.com",
        "v=spf1 ip6:2001:db8::/32 include:%{d}.x.contoso.com -all x-note=hello",
        "v=spf1 ip4:192.0.2.60 -all",  # documentation networks are no private ones
    ],
)
def test_a_good_record_has_no_flaw(record: str) -> None:
    assert diagnose(record) == ()


# The record as found; what is wrong with it, in order; the record that was meant (empty: nobody can tell).
INVALID = [
    ("v=spf1 ip:131.107.21.231 -all", ["there is no mechanism 'ip' in SPF"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 ip:2001:db8::1 -all", ["there is no mechanism 'ip' in SPF"], "v=spf1 ip6:2001:db8::1 -all"),
    ("v=spf1 ipv6:2001:db8::1 -all", ["it is called 'ip6'"], "v=spf1 ip6:2001:db8::1 -all"),
    ("v=spf1 ip4 : 131.107.21.0 /24 -all", ["4 terms in place of one"], "v=spf1 ip4:131.107.21.0/24 -all"),
    ("v=spf1 ip4 131.107.21.231 - all", ["2 terms", "2 terms"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 include: x.com -all", ["after the colon"], "v=spf1 include:x.com -all"),
    ("v=spf1 redirect= x.com", ["2 terms"], "v=spf1 redirect=x.com"),
    ("v=spf1 mx contoso.com -all", ["without a mechanism"], ""),
    ("v=spf1 foobar contoso.com -all", ["there is no mechanism 'foobar'", "without a mechanism"], ""),
    ("v=spf1 redirct:x.com", ["there is no mechanism 'redirct'"], "v=spf1 redirect=x.com"),
    ("ip4:131.107.21.231 -all", ["'v=spf1' is missing"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf2 mx -all", ["'v=spf2' is not 'v=spf1'"], "v=spf1 mx -all"),
    ("spf2.0/pra mx -all", ["'spf2.0/pra' is not 'v=spf1'"], "v=spf1 mx -all"),
    ("spf1 mx -all", ["'spf1' is not"], "v=spf1 mx -all"),
    ("v = spf1 mx -all", ["'v = spf1' is not"], "v=spf1 mx -all"),
    ("v=spf1; mx -all", ["'v=spf1;' is not"], "v=spf1 mx -all"),
    (" v=spf1 mx -all", ["' v=spf1' is not"], "v=spf1 mx -all"),
    ("v=spf1mx -all", ["a blank is missing"], "v=spf1 mx -all"),
    ('"v=spf1 mx -all"', ["is not 'v=spf1'", "quotation marks"], "v=spf1 mx -all"),
    ("\u201cv=spf1 mx \u2013all\u201d", ["is not 'v=spf1'", "not ASCII"], "v=spf1 mx -all"),
    ("v=spf1 131.107.21.231 -all", ["without a mechanism"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 2001:db8::/32 -all", ["without a mechanism"], "v=spf1 ip6:2001:db8::/32 -all"),
    ("v=spf1 spf.protection.outlook.com -all", ["without a mech"], "v=spf1 include:spf.protection.outlook.com -all"),
    ("v=spf1 mail.contoso.com -all", ["without a mechanism"], ""),
    ("v=spf1 ip4:131.107.21.0/33 -all", ["'/33' is no prefix length from 0 to 32"], ""),
    ("v=spf1 ip6:2001:db8::/129 -all", ["'/129' is no prefix length from 0 to 128"], ""),
    ("v=spf1 ip4:131.107.21.0/024 -all", ["'/024' is no prefix"], "v=spf1 ip4:131.107.21.0/24 -all"),
    ("v=spf1 ip4:131.107.21.9/032 -all", ["'/032' is no prefix"], "v=spf1 ip4:131.107.21.9/32 -all"),
    ("v=spf1 ip4:131.107.21.0//24 -all", ["'//24' is no prefix"], "v=spf1 ip4:131.107.21.0/24 -all"),
    ("v=spf1 ip4:131.107.21.0/255.255.255.0 -all", ["no netmasks"], "v=spf1 ip4:131.107.21.0/24 -all"),
    ("v=spf1 ip4:131.107.21.231/ -all", ["no prefix length follows"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 a/24/64 -all", ["two slashes"], "v=spf1 a/24//64 -all"),
    ("v=spf1 ip4:2001:db8::1 -all", ["is an IPv6 address"], "v=spf1 ip6:2001:db8::1 -all"),
    ("v=spf1 ip6:131.107.21.0/24 -all", ["is an IPv4 address"], "v=spf1 ip4:131.107.21.0/24 -all"),
    ("v=spf1 ip4:mail.contoso.com -all", ["is a host name"], "v=spf1 a:mail.contoso.com -all"),
    ("v=spf1 ip4:131.107.21.231:25 -all", ["no ports"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 ip4:[131.107.21.231] -all", ["no brackets"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 ip4:131.107.21 -all", ["'131.107.21' is no IPv4 address"], ""),
    ("v=spf1 ip4:131.107.021.231 -all", ["'131.107.021.231' is no IPv4 address"], ""),
    ("v=spf1 ip4: -all", ["no address follows 'ip4:'"], ""),
    ("v=spf1 a:131.107.21.231 -all", ["is an address, and 'a'"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 a: mx: -all", ["follows 'a:'", "follows 'mx:'"], "v=spf1 a mx -all"),
    ("v=spf1 include -all", ["no domain name follows 'include'"], ""),
    ("v=spf1 include: -all", ["no domain name follows 'include:'"], ""),
    ("v=spf1 include:https://spf.x.com/y -all", ["is a URL"], "v=spf1 include:spf.x.com -all"),
    ("v=spf1 include:https://spf.x.com -all", ["is a URL"], "v=spf1 include:spf.x.com -all"),
    ("v=spf1 include:@x.com -all", ["is a mail address"], "v=spf1 include:x.com -all"),
    ("v=spf1 include:131.107.21.231 -all", ["is an address"], "v=spf1 ip4:131.107.21.231 -all"),
    ("v=spf1 include:x.com/24 -all", ["no prefix length or path"], "v=spf1 include:x.com -all"),
    ("v=spf1 include:contoso -all", ["'contoso' is no full domain name"], ""),
    ("v=spf1 redirect:x.com", ["'redirect' is a modifier"], "v=spf1 redirect=x.com"),
    ("v=spf1 redirect=x.com redirect=x.com", ["more than once"], "v=spf1 redirect=x.com"),
    ("v=spf1 redirect=x.com redirect=y.com", ["more than once"], ""),
    ("v=spf1 mx -all exp=x.com exp=y.com", ["'exp=' stands in the record more than once"], ""),
    ("v=spf1 inlcude:x.com -all", ["there is no mechanism 'inlcude'"], "v=spf1 include:x.com -all"),
    ("v=spf1 mx -al", ["there is no mechanism 'al'"], "v=spf1 mx -all"),
    ("v=spf1 mx -all.", ["punctuation mark"], "v=spf1 mx -all"),
    ("v=spf1 mx -all/8", ["'all' takes neither"], "v=spf1 mx -all"),
    ("v=spf1 mx foobar -all", ["there is no mechanism 'foobar'"], ""),
    ("v=spf1 mx,a,-all", ["not by commas"], "v=spf1 mx a -all"),
    ("v=spf1 mx; ip4:192.0.2.1; -all", ["punctuation", "punctuation"], "v=spf1 mx ip4:192.0.2.1 -all"),
    ("v=spf1 ip4:192.0.2.1,192.0.2.2 -all", ["not by commas"], "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"),
    ("v=spf1 include:a.com,include:b.com -all", ["not by commas"], "v=spf1 include:a.com include:b.com -all"),
    ("v=spf1 ipv4:192.0.2.1,mx -all", ["not by commas", "'ipv4'"], "v=spf1 ip4:192.0.2.1 mx -all"),
    ("v=spf1 include:m\u00fcnchen.de -all", ["not ASCII"], "v=spf1 include:xn--mnchen-3ya.de -all"),
    ("v=spf1 ip4:192.0.2.1\u200b -all", ["not ASCII"], "v=spf1 ip4:192.0.2.1 -all"),
    ("v=spf1\u00a0mx -all", ["is not 'v=spf1'", r"'\xa0' is none"], "v=spf1 mx -all"),
    ("v=spf1 mx\t-all", [r"'\t' is none"], "v=spf1 mx -all"),
    ("v=spf1 exists:%(ir).x.com -all", ["braces"], "v=spf1 exists:%{ir}.x.com -all"),
]


def test_what_a_modifier_names_is_a_domain_and_what_an_unknown_one_holds_is_its_own_affair() -> None:
    (flaw, _) = diagnose("v=spf1 redirect=con!toso.com")  # and the record has no end
    assert flaw.wrong == "'con!toso.com' is no domain name"
    assert diagnose("v=spf1 mx -all unknown=con!toso.com") == ()


def test_an_end_of_a_record_without_mechanisms_stands_before_its_modifiers() -> None:
    (flaw,) = [one for one in diagnose("v=spf1 ?all exp=e.example.com") if one.fragment == "?all"]
    assert flaw.corrected == "v=spf1 -all exp=e.example.com"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("contoso", "write the name in full, as include:contoso.example.com"),
        ("x.com!", "write a term that RFC 7208 section 12 knows, or take it out"),
    ],
)
def test_a_name_is_to_be_written_in_full_only_where_it_is_not(name: str, mend: str) -> None:
    (flaw,) = diagnose(f"v=spf1 include:{name} -all")
    assert (flaw.wrong, flaw.mend) == (f"'{name}' is no full domain name", mend)


@pytest.mark.parametrize(("record", "wrong", "corrected"), INVALID, ids=[record for record, _, _ in INVALID])
def test_what_makes_a_record_invalid(record: str, wrong: list[str], corrected: str) -> None:
    flaws = diagnose(record)
    assert len(flaws) == len(wrong)
    for flaw, part in zip(flaws, wrong, strict=True):
        assert part in flaw.wrong
        assert flaw.mend
        assert flaw.invalid
        assert flaw.corrected == corrected
        assert record[flaw.column - 1 :].startswith(flaw.fragment)
    if corrected:
        assert diagnose(corrected) == ()


UNWISE = [
    ("v=spf1 mx +all", "'+all' lets everybody", "v=spf1 mx -all"),
    ("v=spf1 mx all", "'all' lets everybody", "v=spf1 mx -all"),
    ("v=spf1 mx ?all", "'?all' says nothing", "v=spf1 mx -all"),
    ("v=spf1 mx ~all exp=e.x.com", "'~all' lets receivers accept", "v=spf1 mx -all exp=e.x.com"),
    ("v=spf1 mx", "the record has no end", "v=spf1 mx -all"),
    ("v=spf1", "the record has no end", "v=spf1 -all"),
    ("v=spf1 -all mx", "what stands after '-all' is never tested", "v=spf1 mx -all"),
    ("v=spf1 mx -all ~all", "'~all' is never reached after '-all'", "v=spf1 mx -all"),
    ("v=spf1 redirect=x.com mx -all", "'redirect=' has no effect beside '-all'", "v=spf1 mx -all"),
    ("v=spf1 v=spf1 mx -all", "'v=spf1' stands in the middle", "v=spf1 mx -all"),
    ("v=spf1 ip4=192.0.2.1 -all", "'ip4=' is a modifier that nobody knows", "v=spf1 ip4:192.0.2.1 -all"),
    ("v=spf1 mx -all redirct=x.com", "'redirct=' is a modifier that nobody knows", "v=spf1 mx -all redirect=x.com"),
    ("v=spf1 ptr -all", "'ptr' is slow and unreliable", ""),
    ("v=spf1 ip4:10.10.10.1 -all", "10.10.10.1/32 is a private network", ""),
    ("v=spf1 ip6:fd00::/64 -all", "fd00::/64 is a private network", ""),
    ("v=spf1 ip4:0.0.0.0/0 -all", "'ip4:0.0.0.0/0' lets every IPv4 address", ""),
    ("v=spf1 a:kate@x.com -all", "is a mail address, and 'a'", "v=spf1 a:x.com -all"),
]


@pytest.mark.parametrize(("record", "wrong", "corrected"), UNWISE, ids=[record for record, _, _ in UNWISE])
def test_what_is_only_unwise(record: str, wrong: str, corrected: str) -> None:
    (flaw,) = diagnose(record)
    assert wrong in flaw.wrong
    assert flaw.mend
    assert (flaw.invalid, flaw.corrected) == (False, corrected)
    assert record[flaw.column - 1 :].startswith(flaw.fragment)
    assert not parse(record).faults


def test_the_correction_of_what_is_invalid_leaves_the_policy_alone() -> None:
    flaws = diagnose("v=spf1 ipv4:192.0.2.1 ~all")
    assert [(flaw.invalid, flaw.corrected) for flaw in flaws] == [
        (True, "v=spf1 ip4:192.0.2.1 ~all"),
        (False, "v=spf1 ip4:192.0.2.1 -all"),
    ]


def test_no_more_than_fifty_flaws_and_the_worst_are_kept() -> None:
    flaws = diagnose("v=spf1 " + "ptr " * 60 + "moo -all")
    assert len(flaws) == 50
    assert [flaw.fragment for flaw in flaws if flaw.invalid] == ["moo"]


def test_one_record_is_selected_among_other_texts() -> None:
    assert select_record(("MS=ms1", GOOD, "v=spf10 -all", 7)) == (GOOD, ())
    assert select_record(("MS=ms1",)) == ("", ())


def test_a_text_that_was_meant_to_be_the_record_is_diagnosed() -> None:
    record, flaws = select_record(("MS=ms1", "v=spf1; mx ?all"))
    assert record == ""
    assert [(flaw.wrong, flaw.corrected) for flaw in flaws] == [
        ("'v=spf1;' is not 'v=spf1' and a blank: to receivers this is no SPF record", "v=spf1 mx ?all")
    ]  # what is only unwise waits until it is one


MERGED = [
    ((GOOD, "v=spf1 ip4:192.0.2.60 ~all"), GOOD.replace("-all", "ip4:192.0.2.60 -all")),
    (("v=spf1 mx -all", "v=spf1 mx -all"), "v=spf1 mx -all"),
    (("v=spf1 redirect=x.com", "v=spf1 a ?all"), "v=spf1 include:x.com a ?all"),
    (("v=spf1 redirect=x.com", "v=spf1 a"), ""),
    (("v=spf1 ipv4: 192.0.2.1 -all", "v=spf1 a -all"), "v=spf1 ip4:192.0.2.1 a -all"),
    (("v=spf1 foobar -all", "v=spf1 a -all"), ""),
]


@pytest.mark.parametrize(("records", "merged"), MERGED)
def test_several_records_are_merged(records: tuple[str, ...], merged: str) -> None:
    record, (flaw,) = select_record(records)
    assert record == ""
    assert flaw == Flaw(
        fragment=records[1],
        column=1,
        wrong="2 SPF records: receivers use none of them (permerror, RFC 7208 section 4.5)",
        mend="publish one record in their place" + (f": {merged}" if merged else ""),
        invalid=True,
        corrected=merged,
    )


VALID_TERMS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["", "+", "-", "~", "?"]), st.sampled_from(["a", "mx", "all", "ptr"])),
    st.builds("ip4:{}/{}".format, st.ip_addresses(v=4), st.integers(0, 32)),
    st.builds("ip6:{}/{}".format, st.ip_addresses(v=6), st.integers(0, 128)),
    st.builds(
        "{}:{}.x.com".format,
        st.sampled_from(["a", "mx", "include", "exists"]),
        st.from_regex(r"[a-z0-9_-]{1,9}", fullmatch=True),
    ),
    st.builds(
        "{}={}".format,
        st.from_regex(r"[a-z][a-z0-9._-]{0,9}", fullmatch=True).filter(lambda n: n not in ("redirect", "exp")),
        st.just("%%"),
    ),
)
BROKEN_TERMS = st.one_of(
    st.text(max_size=20),
    st.text(alphabet='aimxpr46:/.=,;%{}+-~? 0129\t"\u2013', max_size=20),
    st.sampled_from([part for record, _, _ in INVALID for part in record.split(" ")]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(VALID_TERMS, max_size=12))
def test_a_valid_record_has_no_invalidating_flaw(terms: list[str]) -> None:
    record = " ".join(["v=spf1", *terms])
    assert not parse(record).faults
    assert [flaw for flaw in diagnose(record) if flaw.invalid] == []


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(VALID_TERMS, BROKEN_TERMS), max_size=8))
def test_diagnosis_and_evaluation_agree(terms: list[str]) -> None:
    """What check_host() refuses for its syntax, the diagnosis finds invalid; what it proposes is valid."""
    record = " ".join(["v=spf1", *terms])
    flaws = diagnose(record)
    found = drive(
        check_host(ip_address("203.0.113.9"), "contoso.com", "", "contoso.com"),
        lambda question: (
            Answer(question, Outcome.FOUND, (record,))
            if question.name == "contoso.com"
            else Answer(question, Outcome.TIMEOUT)
        ),
    )
    if found.result is Result.PERMERROR and "is invalid at" in found.reason:
        assert any(flaw.invalid for flaw in flaws)
    for flaw in flaws:
        assert flaw.wrong
        assert record[flaw.column - 1 :].startswith(flaw.fragment)
        if flaw.corrected:
            assert not parse(flaw.corrected).faults
            assert not any(other.invalid for other in diagnose(flaw.corrected))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), BROKEN_TERMS, st.lists(BROKEN_TERMS).map(" ".join)), st.text())
def test_any_text_is_diagnosed(text: str, other: str) -> None:
    assert len(diagnose(text)) <= 50
    select_record((text, other, f"v=spf1 {text}", f"v=spf1 {other}"))

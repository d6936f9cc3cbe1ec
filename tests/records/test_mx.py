"""MX records: RFC 5321 section 5.1, RFC 7505, RFC 2181 section 10.3."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.answer import Answer, MxRecord, Outcome, Question
from mailflow.records.mx import by_preference, has_address, is_address_literal, is_alias, is_host_name, is_null_mx


def answer(outcome: Outcome, *values: object, aliases: tuple[str, ...] = ()) -> Answer:
    return Answer(Question("mail.contoso.com", "A"), outcome, values, aliases=aliases)  # type: ignore[arg-type]


def test_the_lowest_preference_comes_first_and_equals_by_name() -> None:
    records = (MxRecord(20, "a.contoso.com"), MxRecord(5, "c.contoso.com"), MxRecord(5, "b.contoso.com"))
    assert by_preference(answer(Outcome.FOUND, *records)) == (records[2], records[1], records[0])


def test_what_is_no_mx_record_is_left_out() -> None:
    assert by_preference(answer(Outcome.FOUND, "text", MxRecord(0, "a.b"))) == (MxRecord(0, "a.b"),)


@pytest.mark.parametrize(
    ("records", "null"),
    [
        ([MxRecord(0, ".")], True),
        ([MxRecord(10, ".")], True),
        ([MxRecord(0, "."), MxRecord(10, "mail.contoso.com")], False),
        ([MxRecord(0, "mail.contoso.com")], False),
        ([], False),
    ],
)
def test_null_mx_stands_alone(records: list[MxRecord], null: bool) -> None:
    assert is_null_mx(records) is null


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("131.107.21.231", True),
        ("131.107.21.231.", True),
        ("[131.107.21.231]", True),
        ("2001:db8::1", True),
        ("mail.contoso.com", False),
        ("131.107.21", False),
        ("", False),
    ],
)
def test_address_in_place_of_a_name(text: str, literal: bool) -> None:
    assert is_address_literal(text) is literal


@pytest.mark.parametrize("name", ["mail.contoso.com", "contoso-com.mail.protection.outlook.com.", "3com.com", "a" * 63])
def test_host_names(name: str) -> None:
    assert is_host_name(name)


@pytest.mark.parametrize(
    "name",
    [
        ".mail.contoso.com",  # as the documentation prints it
        "mail..contoso.com",
        "mail_1.contoso.com",
        "-mail.contoso.com",
        "mail-.contoso.com",
        "131.107.21.231",
        "a" * 64,
        ".".join(["a" * 63] * 4),
        "münchen.de",
        "٣.com",
        "mail.contoso.com\n",
        ".",
        "",
    ],
)
def test_what_is_no_host_name(name: str) -> None:
    assert not is_host_name(name)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert not (is_host_name(text) and is_address_literal(text))


def test_an_alias_is_seen_in_either_answer() -> None:
    plain = answer(Outcome.FOUND, ip_address("192.0.2.1"))
    assert not is_alias(plain, plain)
    assert is_alias(plain, answer(Outcome.NO_DATA, aliases=("mx.contoso.com",)))


@pytest.mark.parametrize(
    ("ip4", "ip6", "expected"),
    [
        (answer(Outcome.FOUND, ip_address("192.0.2.1")), answer(Outcome.NO_DATA), True),
        (answer(Outcome.SERVFAIL), answer(Outcome.FOUND, ip_address("2001:db8::1")), True),
        (answer(Outcome.NO_DATA), answer(Outcome.NO_DATA), False),
        (answer(Outcome.NXDOMAIN), answer(Outcome.NXDOMAIN), False),
        (answer(Outcome.NO_DATA), answer(Outcome.TIMEOUT), None),
    ],
)
def test_without_an_answer_nobody_knows_of_an_address(ip4: Answer, ip6: Answer, expected: bool | None) -> None:
    assert has_address(ip4, ip6) is expected

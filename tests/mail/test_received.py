"""Trace fields as the servers of the world write them, and whatever a stranger may write into one."""

import tomllib
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.received import Received, header_fields, read_received

SAMPLES = tomllib.loads((Path(__file__).parent / "received.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("server", SAMPLES)
def test_what_servers_write_is_read(server: str) -> None:
    sample = dict(SAMPLES[server])
    field, seen = sample.pop("field"), sample.pop("from_address")
    told = Received(**sample, from_address=ip_address(seen) if seen else None, text=" ".join(field.split()))
    assert read_received(field) == told
    assert read_received(field.replace("\n", "\r\n").replace("    ", "\t")) == told


@pytest.mark.parametrize(
    "field",
    [
        # The client chooses its name; it must neither open a clause nor pass for what the server saw.
        "from with (with [131.107.21.231]) by by with ESMTPS id id; with LMTP id 9",
        "from with (with [131.107.21.231] helo=[9.9.9.9]) by by (by 8.8.8.8 with SMTP id 7) with ESMTPS id id",
    ],
)
def test_words_in_the_place_of_a_value_are_values(field: str) -> None:
    read = read_received(field)
    assert (read.from_name, str(read.from_address), read.by, read.protocol, read.id) == (
        "with",
        "131.107.21.231",
        "by",
        "ESMTPS",
        "id",
    )


def test_a_value_is_one_word_and_what_follows_it_is_left_aside() -> None:
    read = read_received("from a b by c d with SMTP id 1 2")
    assert (read.from_name, read.by, read.id) == ("a", "c", "1")


def test_an_address_that_only_the_client_named_is_not_what_the_server_saw() -> None:
    assert read_received("from [9.9.9.9] by mx.tailspintoys.com with SMTP id 1").from_address is None
    assert read_received("from x (HELO 9.9.9.9) (131.107.21.231) by y with SMTP id 1").from_address is None


def test_a_second_clause_of_a_kind_ends_the_reading() -> None:
    read = read_received("from a (a [192.0.2.1]) by b with ESMTP id 1 by c id 2")
    assert (read.by, read.id) == ("b", "1")


HOSTILE = st.text(alphabet='fromby withid()[];:.0129%\\"\n\tTLSv1_', max_size=200)


@given(st.one_of(st.text(), HOSTILE))
def test_no_text_makes_the_reader_raise(field: str) -> None:
    read = read_received(field)
    assert read.text == " ".join(field.split())
    assert str(read) == read.text


@pytest.mark.parametrize("part", ["(", ")", "from ", "from a (", "[1.2.3.4]", ";", "by by ", "TLSv1.", "id(id "])
def test_a_huge_field_is_kept_whole_and_only_its_beginning_is_read(part: str) -> None:
    # Work is bounded by the first 4096 characters, so what follows them changes nothing but the text.
    short, long = read_received(part * 4096), read_received(part * 100_000)
    assert len(long.text) > len(short.text)
    assert (long.from_name, long.from_address, long.by, long.protocol, long.id, long.tls) == (
        short.from_name,
        short.from_address,
        short.by,
        short.protocol,
        short.id,
        short.tls,
    )


def test_header_fields_are_unfolded_in_order() -> None:
    message = (
        b"From someone Sat Dec  5 10:00:00 2026\r\n"  # mbox; no field
        b"Received: from a\r\n\tby b;\r\n  now\r\n"
        b"Subject : one\r\n"
        b"Received: from c\n"
        b"X-Empty:\r\n"
        b"\r\n"
        b"Received: from the body\r\n"
    )
    assert header_fields(message) == (
        ("Received", "from a by b; now"),
        ("Subject", "one"),
        ("Received", "from c"),
        ("X-Empty", ""),
    )


def test_a_message_without_a_header_has_no_fields() -> None:
    assert header_fields(b"") == header_fields(b"\r\nReceived: body") == header_fields(b" folded: nothing") == ()


@given(st.binary())
def test_no_message_makes_the_reader_raise(message: bytes) -> None:
    for name, body in header_fields(message):
        assert "\n" not in name + body


@given(
    st.lists(st.from_regex(r"[!-9;-~]{1,8}", fullmatch=True), min_size=1),
    st.lists(st.from_regex(r"[!-~]{1,9}", fullmatch=True)),
)
def test_a_folded_field_reads_as_an_unfolded_one(names: list[str], words: list[str]) -> None:
    folded = "".join(
        f"{name}: {chr(13) + chr(10) + chr(9)}{(chr(13) + chr(10) + ' ').join(words)}\r\n" for name in names
    )
    assert [name for name, _ in header_fields(folded.encode() + b"\r\n")] == names
    assert {body.strip() for _, body in header_fields(folded.encode() + b"\r\n")} == {" ".join(words)}


def test_a_field_of_very_many_lines_is_unfolded_in_one_go() -> None:
    # 200,000 lines: joining them one by one would copy some 40 gigabytes.
    ((name, body),) = header_fields(b"X: 0" + b"\n y" * 200_000 + b"\n\n")
    assert (name, len(body)) == ("X", 1 + 2 * 200_000)

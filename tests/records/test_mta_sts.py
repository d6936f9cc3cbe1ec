"""MTA-STS records and policies (RFC 8461)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.mta_sts import Mode, StsPolicy, StsRecord, covers, host_of, parse_policy, parse_record

# The example of section 3.2.
MX = ("mail.example.com", "*.example.net", "backupmx.example.com")
LINES = ("version: STSv1", "mode: enforce", *(f"mx: {pattern}" for pattern in MX), "max_age: 604800")
EXAMPLE = "".join(f"{line}\n" for line in LINES)
NO_ID = "it has no id: senders cannot tell when the policy changes"

label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
name = st.lists(label, min_size=1, max_size=4).map(".".join).filter(lambda text: not text.split(".")[-1].isdigit())


@pytest.mark.parametrize(
    "text", ["v=STSv1; id=20160831085700Z;", "v=STSv1;id=20160831085700Z", "v=STSv1; x-a.b=c; id=20160831085700Z ;"]
)
def test_a_record(text: str) -> None:
    assert parse_record(text) == StsRecord(text, "20160831085700Z", ())


@pytest.mark.parametrize(
    ("text", "number", "flaws"),
    [
        ("v=STSv1", "", ("it does not begin with v=STSv1;", NO_ID)),
        ("v=STSv1;", "", (NO_ID,)),
        ("v = STSv1; id=1", "1", ("it does not begin with v=STSv1;",)),
        ("v=STSv1 ; id=1", "1", ("it does not begin with v=STSv1;",)),  # section 3.1: such records are left aside
        ("v=STSv1; id=2026-11-25", "2026-11-25", ("the id '2026-11-25' is not 1 to 32 letters and digits",)),
        ("v=STSv1; id=" + "1" * 33, "1" * 33, (f"the id '{'1' * 33}' is not 1 to 32 letters and digits",)),
        ("v=STSv1; id = 1", "", ("'id = 1' is no name=value", NO_ID)),
        ("v=STSv1;; id=1", "1", ("'' is no name=value",)),
        ("v=STSv1; id=1; id=2", "1", ()),  # the first counts
    ],
)
def test_what_is_wrong_with_a_record(text: str, number: str, flaws: tuple[str, ...]) -> None:
    assert parse_record(text) == StsRecord(text, number, flaws)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_a_policy(end: str, last: bool) -> None:
    text = EXAMPLE.replace("\n", end)
    assert parse_policy(text if last else text.removesuffix(end)) == StsPolicy(Mode.ENFORCE, 604800, MX, ())


def test_unknown_fields_and_blanks_are_passed_over_and_the_first_of_two_counts() -> None:
    text = (
        "version:STSv1 \nmode:\ttesting\t\nmode: enforce\nx-note: our own, with: blanks\nmx:MAIL.example.com\nmax_age:0"
    )
    assert parse_policy(text) == StsPolicy(Mode.TESTING, 0, ("mail.example.com",), ())


def test_without_effect_a_policy_needs_no_mx() -> None:
    assert parse_policy("version: STSv1\nmode: none\nmax_age: 86400\n") == StsPolicy(Mode.NONE, 86400, (), ())


@pytest.mark.parametrize(
    ("old", "new", "flaws"),
    [
        ("version: STSv1\n", "", ("it has no version",)),
        ("version: STSv1", "Version: STSv1", ("it has no version: 'Version' is another word",)),
        ("version: STSv1", "version: STSv2", ("version: 'STSv2' is not STSv1",)),
        (
            "version",
            "\ufeffversion",
            (
                "line 1, a byte order mark before the first word: save the file in UTF-8 without one",
                "it has no version",
            ),
        ),
        ("mode: enforce", "mode: Enforce", ("mode: 'Enforce' is none of enforce, testing, none",)),
        ("mode: enforce", "mode=enforce", ("line 2, 'mode=enforce': no name: value", "it has no mode")),
        ("mode: enforce", "mode:", ("line 2, 'mode:': no name: value", "it has no mode")),
        ("604800", "1 week", ("max_age: '1 week' is no number of seconds up to 31557600",)),
        ("604800", "31557601", ("max_age: '31557601' is no number of seconds up to 31557600",)),
        ("604800", "-1", ("max_age: '-1' is no number of seconds up to 31557600",)),
        (
            "mx: mail.example.com",
            "mx: mail.example.com.",
            ("line 3, mx: 'mail.example.com.' is no host name, nor '*.' and one",),
        ),
        ("mx: mail.example.com", "mx: mail.*.com", ("line 3, mx: 'mail.*.com' is no host name, nor '*.' and one",)),
        ("mx: mail.example.com", "mx: .example.com", ("line 3, mx: '.example.com' is no host name, nor '*.' and one",)),
        (
            "mx: mail.example.com",
            "mx: a.example, b.example",
            ("line 3, mx: 'a.example, b.example' is no host name, nor '*.' and one",),
        ),
        ("mx: mail.example.com", "mx: 192.0.2.1", ("line 3, mx: '192.0.2.1' is no host name, nor '*.' and one",)),
        ("mode: enforce\n", "mode: enforce\n\n", ("line 3, empty: no name: value",)),
        (EXAMPLE, "", ("it has no version", "it has no mode", "it has no max_age", "it lists no mx")),
        (
            EXAMPLE,
            "<html>" + "x" * 99,
            (
                f"line 1, '<html>{'x' * 53}…': no name: value",
                "it has no version",
                "it has no mode",
                "it has no max_age",
                "it lists no mx",
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_policy(old: str, new: str, flaws: tuple[str, ...]) -> None:
    assert parse_policy(EXAMPLE.replace(old, new, 1)).flaws == flaws


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("mail.example.com", "MAIL.example.com", True),
        ("mail.example.com", "mx.mail.example.com", False),
        ("*.example.com", "mta.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),  # one label only (section 4.1)
        ("*.example.com", ".example.com", False),
        ("*.mail.protection.outlook.com", "contoso-com.mail.protection.outlook.com", True),
        ("*.mail.protection.outlook.com", "contoso-com.o-v1.mx.microsoft", False),
    ],
)
def test_what_covers_what(pattern: str, host: str, covered: bool) -> None:
    assert covers(pattern, host) is covered
    policy = StsPolicy(Mode.ENFORCE, 1, ("other.example", pattern), ())
    assert policy.covering(host) == (pattern if covered else None)


@given(name, label)
def test_a_wildcard_covers_one_label_and_no_more(above: str, first: str) -> None:
    assert covers(f"*.{above}", f"{first}.{above}")
    assert not covers(f"*.{above}", above)
    assert not covers(f"*.{above}", f"a.{first}.{above}")


@given(
    st.sampled_from(Mode),
    st.integers(0, 31_557_600),
    st.lists(st.tuples(st.sampled_from(["", "*."]), name).map("".join), min_size=1, max_size=5, unique=True),
    st.sampled_from(["\n", "\r\n"]),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read(mode: Mode, age: int, mx: list[str], end: str, order: object) -> None:
    lines = ["version: STSv1", f"mode: {mode}", f"max_age: {age}"]
    order.shuffle(lines)  # type: ignore[attr-defined]
    text = end.join([*lines, *(f"mx: {pattern}" for pattern in mx)]) + end
    assert parse_policy(text) == StsPolicy(mode, age, tuple(mx), ())


@given(st.text() | st.text(string.printable).map("v=STSv1; {}".format))
def test_any_text_can_be_read_as_a_record(text: str) -> None:
    assert isinstance(parse_record(text), StsRecord)


@given(st.text() | st.lists(st.sampled_from(EXAMPLE.splitlines()) | st.text(string.printable)).map("\n".join))
def test_any_text_can_be_read_as_a_policy(text: str) -> None:
    policy = parse_policy(text)
    assert policy.flaws or (policy.mode is not None and policy.max_age is not None)


def test_the_host_of_a_policy() -> None:
    assert host_of("contoso.com") == "mta-sts.contoso.com"

"""check_host(): the evidence that an evaluation leaves, beyond the results that the RFC 7208 suite proves."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.records.answer import Answer, MxRecord, Outcome, Question, drive
from mailflow.records.spf import Evaluation, Limits, Result, TraceEntry, check_host

A_HOST = ip_address("131.107.21.231")
STRANGER = ip_address("203.0.113.99")
MICROSOFT_365 = ip_address("40.92.1.1")


def zone(**names: object) -> Callable[[Question], Answer]:
    """Answer from `contoso_com__TXT="v=spf1 …"`; one value, a tuple of them, or an Outcome."""
    held = {tuple(key.replace("__", " ").replace("_", ".").split()): value for key, value in names.items()}

    def answer(question: Question) -> Answer:
        found = held.get((question.name, question.type))
        if isinstance(found, Outcome):
            return Answer(question, found)
        if found is None:
            known = any(name == question.name for name, _ in held)
            return Answer(question, Outcome.NO_DATA if known else Outcome.NXDOMAIN)
        values = found if isinstance(found, tuple) and not isinstance(found, MxRecord) else (found,)
        return Answer(question, Outcome.FOUND, values)

    return answer


CONTOSO = zone(
    contoso_com__TXT="v=spf1 ip4:131.107.21.231 include:spf.protection.outlook.com -all",
    spf_protection_outlook_com__TXT="v=spf1 ip4:40.92.0.0/15 ip6:2a01:111:f400::/48 -all",
)


def check(ip: object, answer: Callable[[Question], Answer], **more: object) -> Evaluation:
    return drive(check_host(ip, "contoso.com", "kate@contoso.com", "mail.contoso.com", **more), answer)  # type: ignore[arg-type]


def test_the_trace_tells_the_whole_way_to_a_pass() -> None:
    top, included = Question("contoso.com", "TXT"), Question("spf.protection.outlook.com", "TXT")
    text = "v=spf1 ip4:131.107.21.231 include:spf.protection.outlook.com -all"
    inner = "v=spf1 ip4:40.92.0.0/15 ip6:2a01:111:f400::/48 -all"

    assert check(MICROSOFT_365, CONTOSO) == Evaluation(
        result=Result.PASS,
        trace=(
            TraceEntry(0, "contoso.com", text, (Answer(top, Outcome.FOUND, (text,)),), None, 0, 0),
            TraceEntry(0, "contoso.com", "ip4:131.107.21.231", (), False, 0, 0),
            TraceEntry(0, "contoso.com", "include:spf.protection.outlook.com", (), True, 1, 0),
            TraceEntry(1, included.name, inner, (Answer(included, Outcome.FOUND, (inner,)),), None, 1, 0),
            TraceEntry(1, included.name, "ip4:40.92.0.0/15", (), True, 1, 0),
        ),
        records={"contoso.com": text, "spf.protection.outlook.com": inner},
        querying_terms=1,
        void_lookups=0,
    )


def test_a_stranger_fails_after_every_term_was_tried() -> None:
    found = check(STRANGER, CONTOSO)
    assert found.result is Result.FAIL
    assert [(entry.depth, entry.text, entry.matched) for entry in found.trace if entry.matched is not None] == [
        (0, "ip4:131.107.21.231", False),
        (0, "include:spf.protection.outlook.com", False),
        (1, "ip4:40.92.0.0/15", False),
        (1, "ip6:2a01:111:f400::/48", False),
        (1, "-all", True),
        (0, "-all", True),
    ]


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT])
def test_a_failed_look_up_is_temperror_and_named(outcome: Outcome) -> None:
    found = check(A_HOST, zone(contoso_com__TXT=outcome))
    assert (found.result, found.reason) == (Result.TEMPERROR, f"the look-up of contoso.com TXT failed: {outcome}")
    assert found.trace[0].answers == (Answer(Question("contoso.com", "TXT"), outcome),)

    within = check(STRANGER, zone(contoso_com__TXT="v=spf1 a:host.contoso.com -all", host_contoso_com__A=outcome))
    assert within.result is Result.TEMPERROR
    assert within.reason == f"the look-up of host.contoso.com A failed: {outcome}"
    assert within.trace[-1].matched is None
    assert within.trace[-1].answers[0].outcome is outcome


@pytest.mark.parametrize("outcome", [Outcome.NO_DATA, Outcome.NXDOMAIN])
def test_no_record_is_none_and_no_void_look_up_of_a_term(outcome: Outcome) -> None:
    found = check(A_HOST, zone(contoso_com__TXT=outcome))
    assert (found.result, found.reason, found.void_lookups, found.records) == (Result.NONE, "", 0, {})


def test_an_error_says_where_and_why() -> None:
    documentation = "v=spf1 ipv4: 131.107.21.231 include:spf.protection.outlook.com -all"
    found = check(A_HOST, zone(contoso_com__TXT=documentation))
    assert found.result is Result.PERMERROR
    assert found.reason == ("the SPF record of contoso.com is invalid at 'ipv4:': there is no mechanism 'ipv4' in SPF")


def test_two_records_are_none_of_use() -> None:
    found = check(A_HOST, zone(contoso_com__TXT=("v=spf1 -all", "v=spf1 mx -all", "MS=ms1")))
    assert (found.result, found.reason) == (
        Result.PERMERROR,
        "contoso.com has 2 SPF records; there must be exactly one",
    )


def test_the_eleventh_querying_term_is_too_many() -> None:
    record = "v=spf1 " + "a " * 11 + "-all"
    answers = zone(contoso_com__TXT=record, contoso_com__A=ip_address("192.0.2.1"))
    found = check(STRANGER, answers)
    assert found.result is Result.PERMERROR
    assert found.reason == "'a' of contoso.com is querying term number 11; 10 are allowed"
    assert (found.trace[-1].querying_terms, found.trace[-1].answers) == (11, ())
    assert check(STRANGER, answers, limits=Limits(querying_terms=11)).result is Result.FAIL


def test_the_third_void_look_up_is_too_many() -> None:
    answers = zone(contoso_com__TXT="v=spf1 a:x.contoso.com a:y.contoso.com exists:z.contoso.com -all")
    found = check(STRANGER, answers)
    assert found.reason == "z.contoso.com A (NXDOMAIN) is void look-up number 3; 2 are allowed"
    assert [entry.void_lookups for entry in found.trace] == [0, 1, 2, 3]
    assert check(STRANGER, answers, limits=Limits(void_lookups=3)).result is Result.FAIL


def test_the_eleventh_mx_host_is_too_many() -> None:
    hosts = tuple(MxRecord(n, f"mx{n}.contoso.com") for n in range(11))
    found = check(STRANGER, zone(contoso_com__TXT="v=spf1 mx -all", contoso_com__MX=hosts))
    assert (found.result, found.reason) == (
        Result.PERMERROR,
        "'mx': contoso.com has 11 MX records; 10 are allowed",
    )


def test_only_ten_pointers_are_looked_at() -> None:
    names = tuple(f"h{n}.contoso.com" for n in range(12))
    answers: dict[str, object] = {"99_113_0_203_in-addr_arpa__PTR": names, "contoso_com__TXT": "v=spf1 ptr -all"}
    answers |= {f"h{n}_contoso_com__A": STRANGER if n > 9 else A_HOST for n in range(12)}
    assert check(STRANGER, zone(**answers)).result is Result.FAIL
    assert check(STRANGER, zone(**answers), limits=Limits(ptr_names=11)).result is Result.PASS


def test_an_include_that_leads_nowhere_is_an_error() -> None:
    found = check(A_HOST, zone(contoso_com__TXT="v=spf1 include:gone.contoso.com -all"))
    assert (
        found.reason == "'include:gone.contoso.com' of contoso.com leads to gone.contoso.com, which has no SPF record"
    )


def test_the_null_reverse_path_is_checked_by_the_helo_name() -> None:
    asked: list[str] = []
    record = "v=spf1 exists:%{l}.%{o}.x.contoso.com -all"

    def answer(question: Question) -> Answer:
        asked.append(str(question))
        return zone(mail_contoso_com__TXT=record)(question)

    found = drive(check_host(A_HOST, "mail.contoso.com", "", "mail.contoso.com"), answer)
    assert found.result is Result.FAIL
    assert asked == ["mail.contoso.com TXT", "postmaster.mail.contoso.com.x.contoso.com A"]


def test_the_explanation_may_not_smuggle_a_line_into_the_reply() -> None:
    answers = zone(contoso_com__TXT="v=spf1 -all exp=e.contoso.com", e_contoso_com__TXT="no %{s} via %{r} at %{t}")
    found = check(STRANGER, answers, receiver="mx.fabrikam.com", timestamp=7)
    assert found.explanation == "no kate@contoso.com via mx.fabrikam.com at 7"
    smuggled = drive(check_host(STRANGER, "contoso.com", "a\r\n250 ok@contoso.com", "h"), answers)
    assert (smuggled.result, smuggled.explanation) == (Result.FAIL, "")


def test_what_is_asked_for_the_explanation_is_not_counted() -> None:
    """The limit is for evaluating the record (RFC 7208 section 4.6.4); exp= is fetched afterwards."""
    answers = zone(contoso_com__TXT="v=spf1 -all exp=e.contoso.com", e_contoso_com__TXT="%{p} may not send")
    found = check(STRANGER, answers)
    assert (found.explanation, found.void_lookups) == ("unknown may not send", 0)


@pytest.mark.parametrize(
    ("longest", "kept"), [("a" * 36, f"{'a' * 36}."), ("a" * 37, "")], ids=["253 octets", "254 octets"]
)
def test_a_name_that_macros_make_too_long_loses_labels_from_the_left(longest: str, kept: str) -> None:
    """RFC 7208 section 7.3."""
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return zone(contoso_com__TXT="v=spf1 exists:%{l}.contoso.com -all")(question)

    rest = ".".join([*["b" * 40] * 5])
    drive(check_host(A_HOST, "contoso.com", f"{longest}.{rest}@contoso.com", "h"), answer)
    assert len(f"{longest}.{rest}.contoso.com") == len(longest) + 217
    assert asked[1:] == [Question(f"{kept}{rest}.contoso.com", "A")]


def test_an_internationalized_local_part_matches_nothing_that_holds_it() -> None:
    """RFC 8616 section 4."""
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        return zone(contoso_com__TXT="v=spf1 exists:%{l}.contoso.com -all")(question)

    assert drive(check_host(A_HOST, "contoso.com", "käte@contoso.com", "h"), answer).result is Result.FAIL
    assert asked == [Question("contoso.com", "TXT")]


# What the DNS may say, at its worst: any text, any order, answers of the wrong type.
NAMES = st.sampled_from(["contoso.com", "a.contoso.com", "b.contoso.com"])
WORDS = st.sampled_from(
    [
        "a",
        "mx",
        "ptr",
        "all",
        "-all",
        "~all",
        "?all",
        "include:a.contoso.com",
        "include:b.contoso.com",
        "redirect=b.contoso.com",
        "exists:%{i}.x.y",
        "exp=a.contoso.com",
        "a:%{p}.b.c",
        "a/0//0",
        "mx:b.contoso.com",
        "ip4:0.0.0.0/0",
        "a:%{s}%{h}",
        "foo=%{d99}",
    ]
)
RECORDS = st.one_of(
    st.text(max_size=60),
    st.text(max_size=60).map("v=spf1 {}".format),
    st.lists(WORDS, max_size=14).map(lambda words: " ".join(["v=spf1", *words])),
)
VALUES = st.one_of(
    RECORDS,
    st.ip_addresses(),
    st.builds(MxRecord, st.integers(0, 65535), st.one_of(NAMES, st.text(max_size=20))),
    NAMES,
)


@st.composite
def answering(draw: st.DrawFn) -> Callable[[Question], Answer]:
    held: dict[Question, Answer] = {}

    def answer(question: Question) -> Answer:
        if question not in held:
            outcome = draw(st.sampled_from(Outcome))
            values = draw(st.lists(VALUES, max_size=12)) if outcome is Outcome.FOUND else []
            held[question] = Answer(question, outcome, tuple(values))
        return held[question]

    return answer


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses(), st.one_of(NAMES, st.text()), st.text(), st.text(), answering())
def test_it_always_ends_with_one_of_the_seven_results(
    ip: object, domain: str, sender: str, helo: str, answer: Callable[[Question], Answer]
) -> None:
    found = drive(check_host(ip, domain, sender, helo), answer)  # type: ignore[arg-type]
    assert bool(found.reason) == (found.result in (Result.PERMERROR, Result.TEMPERROR))
    assert found.querying_terms <= 11
    assert found.void_lookups <= 3
    counts = [(entry.querying_terms, entry.void_lookups) for entry in found.trace]
    assert counts == sorted(counts)
    assert found.explanation.isascii()
    asked = sum(len(entry.answers) for entry in found.trace)
    assert asked <= 1 + 10 * (1 + 10 + 11)  # each of ten terms: itself, ten hosts, and %{p}

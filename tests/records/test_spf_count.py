"""count_terms(): the limits of RFC 7208 section 4.6.4, whoever sends."""

from collections.abc import Callable
from ipaddress import ip_address

from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.records.answer import Answer, MxRecord, Outcome, Question, drive
from mailflow.records.spf_count import TermCount, count_terms

ADDRESS = ip_address("192.0.2.1")


def zone(held: dict[str, object]) -> Callable[[Question], Answer]:
    """Answer from `{"contoso.com TXT": …}`."""

    def answer(question: Question) -> Answer:
        found = held.get(str(question), Outcome.NXDOMAIN)
        if isinstance(found, Outcome):
            return Answer(question, found)
        return Answer(question, Outcome.FOUND, found if type(found) is tuple else (found,))  # type: ignore[arg-type]

    return answer


def count(held: dict[str, object]) -> TermCount:
    return drive(count_terms("Contoso.com."), zone(held))


def problems(found: TermCount) -> tuple[str, ...]:
    return tuple(term.problem for term in found.walk() if term.problem)


def test_every_include_is_counted_although_the_first_would_match() -> None:
    inner = Question("b.com", "TXT")
    found = count(
        {
            "contoso.com TXT": "v=spf1 include:a.com include:b.com a mx ip4:192.0.2.0/24 -all ptr",
            "a.com TXT": "v=spf1 ip4:0.0.0.0/0 -all",
            "b.com TXT": "v=spf1 exists:x.b.com redirect=c.com",
            "c.com TXT": "v=spf1 -all",
            "contoso.com A": ADDRESS,
            "contoso.com MX": MxRecord(5, "mail.contoso.com"),
            "mail.contoso.com A": ADDRESS,
            "x.b.com A": ADDRESS,
        }
    )
    assert [term.text for term in found.walk()] == [
        "",
        "include:a.com",
        "include:b.com",
        "exists:x.b.com",
        "redirect=c.com",
        "a",
        "mx",
    ]
    assert found.querying_terms == 6
    assert [term.querying_terms for term in found.terms] == [1, 3, 1, 1]
    assert found.terms[1].answers == (Answer(inner, Outcome.FOUND, ("v=spf1 exists:x.b.com redirect=c.com",)),)
    assert (problems(found), found.failed, found.depends_on_message) == ((), (), ())
    # Neither contoso.com nor its MX host has an AAAA record: for a sender with IPv6 both look-ups are void.
    assert (found.void_lookups(4), found.void_lookups(6)) == (0, 2)


def test_a_loop_ends_and_is_named() -> None:
    found = count({"contoso.com TXT": "v=spf1 include:a.com -all", "a.com TXT": "v=spf1 include:contoso.com -all"})
    assert problems(found) == ("a loop: contoso.com → a.com → contoso.com",)
    assert found.querying_terms == 2


def test_void_look_ups_through_every_include() -> None:
    held: dict[str, object] = {
        "contoso.com TXT": "v=spf1 a:x.com include:a.com -all",
        "a.com TXT": "v=spf1 mx exists:y.com -all",
    }
    found = count(held)
    assert (found.void_lookups(4), found.void_lookups(6)) == (3, 3)
    assert count({}).void_lookups(4) == 0  # the first question belongs to no term


def test_a_failed_look_up_leaves_the_count_open() -> None:
    found = count({"contoso.com TXT": "v=spf1 include:a.com -all", "a.com TXT": Outcome.TIMEOUT})
    assert problems(found) == ("the look-up of a.com TXT failed: timeout",)
    assert found.failed == (Answer(Question("a.com", "TXT"), Outcome.TIMEOUT),)
    assert found.void_lookups(4) == 0


def test_why_a_record_cannot_be_evaluated() -> None:
    found = count(
        {
            "contoso.com TXT": "v=spf1 include:a.com include:b.com include:c.com include:x..com mx:d.com -all",
            "a.com TXT": "v=spf1 ipv4:192.0.2.1 -all",
            "b.com TXT": ("v=spf1 -all", "v=spf1 +all"),
            "d.com MX": tuple(MxRecord(n, f"mx{n}.d.com") for n in range(11)),
        }
    )
    assert problems(found) == (
        "the SPF record of a.com is invalid at 'ipv4:192.0.2.1': there is no mechanism 'ipv4' in SPF",
        "b.com has 2 SPF records",
        "c.com has no SPF record",
        "'x..com' is no domain name",
        "d.com has 11 MX records; an mx term allows 10",
    )
    assert found.querying_terms == 5


def test_a_name_that_depends_on_the_message_is_counted_and_said() -> None:
    found = count({"contoso.com TXT": "v=spf1 include:%{ir}.%{v}.a.com exists:%{i}.b.com ptr a:%{d2}.c.com -all"})
    assert found.querying_terms == 4
    assert found.depends_on_message == ("include:%{ir}.%{v}.a.com", "exists:%{i}.b.com", "ptr")
    assert found.terms[3].domain == "contoso.com.c.com"


def test_a_tree_without_end_is_cut() -> None:
    asked = 0

    def answer(question: Question) -> Answer:
        nonlocal asked
        asked += 1
        n = question.name.partition(".")[0]
        return Answer(question, Outcome.FOUND, (f"v=spf1 include:{n}0.com include:{n}1.com include:{n}2.com -all",))

    found = drive(count_terms("1.com"), answer)
    assert asked <= 101
    assert problems(found)[-1] == "more than 100 querying terms; the rest is not looked up"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_it_always_ends(data: st.DataObject) -> None:
    words = st.sampled_from(
        ["a", "mx", "all", "include:b.com", "include:c.com", "redirect=b.com", "exists:%{d}.x", "a:%{x}", "%"]
    )
    record = st.one_of(st.text(max_size=40), st.lists(words, max_size=30).map(lambda w: " ".join(["v=spf1", *w])))
    value = st.one_of(record, st.ip_addresses(), st.builds(MxRecord, st.just(0), st.text(max_size=9)))

    def answer(question: Question) -> Answer:
        outcome = data.draw(st.sampled_from(Outcome))
        values = data.draw(st.lists(value, min_size=1, max_size=3)) if outcome is Outcome.FOUND else []
        return Answer(question, outcome, tuple(values))

    found = drive(count_terms(data.draw(st.one_of(st.just("contoso.com"), st.text()))), answer)
    assert found.querying_terms == sum(1 for term in found.walk() if term.text)
    assert found.void_lookups(4) >= 0

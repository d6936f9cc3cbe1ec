"""DMARC records and the tree walk (RFC 9989)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.answer import Answer, Outcome, Question, drive
from mailflow.records.dmarc import (
    Dmarc,
    Policy,
    at_least,
    discover,
    discover_below,
    organizational_domain,
    parse,
    report_domain,
)

GOOD = "v=DMARC1; p=quarantine; rua=mailto:dmarc@contoso.com"


def test_a_record() -> None:
    record = parse("v=DMARC1; p=reject; sp=quarantine; adkim=s; fo=1:d; rua=mailto:a@b.test, mailto:c@D.test.")
    assert (record.flaws, record.notes) == ((), ())
    assert [record.policy(tag) for tag in ("p", "sp", "np")] == [Policy.REJECT, Policy.QUARANTINE, Policy.QUARANTINE]
    assert record.reports_to == ("mailto:a@b.test", "mailto:c@D.test.")
    assert [report_domain(uri) for uri in record.reports_to] == ["b.test", "d.test"]


@pytest.mark.parametrize(
    ("tags", "policies"),
    [
        ("p=reject", ("reject", "reject", "reject")),
        ("p=none; np=reject", ("none", "none", "reject")),
        ("p=reject; t=y", ("quarantine",) * 3),
        ("p=quarantine; t=y", ("none",) * 3),
        ("p=none; t=y", ("none",) * 3),
        ("p=perhaps", ("none",) * 3),
        ("p=reject; sp=perhaps", ("none",) * 3),  # section 4.10.1: as if p=none stood there
        ("p=reject; np=", ("none",) * 3),
        ("sp=reject", ("none",) * 3),
        ("p=Reject; SP=None", ("reject", "none", "none")),
    ],
)
def test_policies(tags: str, policies: tuple[str, ...]) -> None:
    record = parse(f"v=DMARC1; {tags}")
    assert tuple(record.policy(tag) for tag in ("p", "sp", "np")) == policies


def test_how_severe() -> None:
    assert [at_least(policy, Policy.QUARANTINE) for policy in Policy] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("p=none; v=DMARC1", "it does not begin with v=DMARC1"),
        ("v=DMARC1", "it has no p: receivers read p=none where reports are wanted, and else no record at all"),
        ("v=DMARC1; p=block", "p=block is no policy; there are none, quarantine, reject"),
        ("v=DMARC1; p=none; sp=", "sp= is no policy; there are none, quarantine, reject"),
        ("v=DMARC1; p=none; aspf=strict", "aspf=strict is none of r, s"),
        ("v=DMARC1; p=none; fo=2", "fo=2 is no list of 0, 1, d, s"),
        ("v=DMARC1; p=none; rua=dmarc@contoso.com", "rua: 'dmarc@contoso.com' is no mailto: address"),
        ("v=DMARC1; p=none; rua=https://[", "rua: 'https://[' is no mailto: address"),
        ("v=DMARC1; p=none; ruf=mailto:nobody", "ruf: 'mailto:nobody' is no mailto: address"),
    ],
)
def test_what_is_wrong(text: str, flaw: str) -> None:
    assert parse(text).flaws == (flaw,)


def test_what_means_nothing_any_more() -> None:
    record = parse("v=DMARC1; p=none; pct=50")
    assert (record.flaws, len(record.notes)) == ((), 1)
    assert record.notes[0].startswith("pct means nothing any more")


@given(st.text())
def test_anything_can_be_read(text: str) -> None:
    record = parse(text)
    assert isinstance(record, Dmarc)
    assert record.policy("np") in Policy
    assert all(isinstance(report_domain(uri), str) for uri in record.reports_to)


def walk(domain: str, records: dict[str, list[str] | Outcome], ask: Any = discover) -> tuple[Any, list[str]]:
    """Find the record of a domain in a small DNS, or something else; gives what was asked, too."""
    asked = []

    def answer(question: Question) -> Answer:
        asked.append(question.name)
        found = records.get(question.name.removeprefix("_dmarc."), Outcome.NXDOMAIN)
        if isinstance(found, Outcome):
            return Answer(question, found)
        return Answer(question, Outcome.FOUND, tuple(found))

    return drive(ask(domain), answer), asked


def test_its_own_record_holds() -> None:
    found, asked = walk("mail.contoso.com", {"mail.contoso.com": [GOOD], "contoso.com": ["v=DMARC1; p=none"]})
    assert (found.domain, found.record and found.record.text) == ("mail.contoso.com", GOOD)
    assert asked == ["_dmarc.mail.contoso.com"]


def test_else_that_of_the_organization_holds() -> None:
    found, asked = walk("a.b.contoso.com", {"contoso.com": [GOOD]})
    assert (found.domain, found.unanswered) == ("contoso.com", None)
    assert asked == [f"_dmarc.{name}" for name in ("a.b.contoso.com", "b.contoso.com", "contoso.com", "com")]


def test_the_fewest_labels_win() -> None:
    found, _ = walk("a.b.contoso.com", {"b.contoso.com": [GOOD], "contoso.com": ["v=DMARC1; p=none"]})
    assert found.domain == "contoso.com"


@pytest.mark.parametrize("psd", ["y", "n"])
def test_the_walk_ends_at_a_declared_border(psd: str) -> None:
    found, asked = walk("a.b.contoso.com", {"b.contoso.com": [f"{GOOD}; psd={psd}"], "contoso.com": [GOOD]})
    assert (found.domain, asked[-1]) == ("b.contoso.com", "_dmarc.b.contoso.com")


def test_below_a_public_suffix_the_record_of_the_organization_comes_first() -> None:
    """Section 4.10.1: author's domain, organization's domain, public suffix, in this order."""
    suffix = "v=DMARC1; p=reject; psd=y"
    own, _ = walk("mail.agency.gov.test", {"agency.gov.test": ["v=DMARC1; p=none"], "gov.test": [suffix]})
    assert own.domain == "agency.gov.test"
    for below in ({}, {"it.agency.gov.test": [GOOD]}):  # a record between the two is nobody's
        found, _ = walk("mail.it.agency.gov.test", {**below, "gov.test": [suffix]})
        assert found.domain == "gov.test"


def test_two_records_count_as_none() -> None:
    found, _ = walk("contoso.com", {"contoso.com": [GOOD, "v=DMARC1; p=none"]})
    assert (found.record, found.several) == (None, (GOOD, "v=DMARC1; p=none"))
    beside, _ = walk("contoso.com", {"contoso.com": [GOOD, "something else"]})
    assert beside.record


def test_long_names_are_cut() -> None:
    """Section 4.10: the second question is about the seven labels at the end."""
    _, asked = walk("1.2.3.4.5.6.7.8.contoso.com", {})
    assert asked == [
        "_dmarc.1.2.3.4.5.6.7.8.contoso.com",
        "_dmarc.4.5.6.7.8.contoso.com",
        "_dmarc.5.6.7.8.contoso.com",
        "_dmarc.6.7.8.contoso.com",
        "_dmarc.7.8.contoso.com",
        "_dmarc.8.contoso.com",
        "_dmarc.contoso.com",
        "_dmarc.com",
    ]


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.SERVFAIL, Outcome.REFUSED])
def test_what_is_not_answered_is_not_known(outcome: Outcome) -> None:
    found, _ = walk("mail.contoso.com", {"mail.contoso.com": outcome, "contoso.com": [GOOD]})
    assert (found.record, found.unanswered and found.unanswered.question.name) == (None, "_dmarc.mail.contoso.com")
    top, _ = walk("contoso.com", {"com": outcome})
    assert (top.record, top.unanswered) == (None, None)  # what com says is no record of the organization's own


@pytest.mark.parametrize(
    ("domain", "zone", "holds"),
    [
        ("contoso.com", {}, ""),
        ("contoso.com", {"contoso.com": [GOOD]}, "contoso.com"),
        ("contoso.com", {"contoso.com": [GOOD, "v=DMARC1; p=none"]}, ""),
        ("eu.contoso.com", {"contoso.com": [GOOD]}, "contoso.com"),
        ("eu.contoso.com", {"eu.contoso.com": [GOOD], "contoso.com": ["v=DMARC1; p=none"]}, "contoso.com"),
        ("eu.contoso.com", {"eu.contoso.com": [f"{GOOD}; psd=n"], "contoso.com": [GOOD]}, "eu.contoso.com"),
        ("agency.test", {"agency.test": [GOOD], "test": ["v=DMARC1; p=reject; psd=y"]}, "agency.test"),
        ("gov.test", {"gov.test": ["v=DMARC1; p=reject; psd=y"]}, "gov.test"),
        ("1.2.3.4.5.6.7.contoso.com", {"1.2.3.4.5.6.7.contoso.com": [GOOD], "contoso.com": [GOOD]}, "contoso.com"),
    ],
)
def test_the_record_for_names_below_is_that_of_the_organization(domain: str, zone: Any, holds: str) -> None:
    """Section 4.7: receivers ignore sp and np of a record that is not the organization's."""
    found, asked = walk(domain, zone, discover_below)
    assert found.domain == holds
    assert asked[0] == ("_dmarc.3.4.5.6.7.contoso.com" if domain.startswith("1.") else f"_dmarc.{domain}")


def test_what_stands_above_the_own_record_is_asked_for_names_below() -> None:
    found, asked = walk("contoso.co.test", {"contoso.co.test": [GOOD], "co.test": Outcome.REFUSED}, discover_below)
    assert (found.record, found.unanswered and found.unanswered.question.name) == (None, "_dmarc.co.test")
    top, _ = walk("contoso.com", {"contoso.com": [GOOD], "com": Outcome.REFUSED}, discover_below)
    assert (top.domain, asked) == ("contoso.com", ["_dmarc.contoso.co.test", "_dmarc.co.test"])


@pytest.mark.parametrize(
    ("name", "zone", "organization"),
    [
        ("contoso.com", {}, "contoso.com"),
        ("mail.contoso.com", {}, "mail.contoso.com"),  # without any record a name stands for itself
        ("mail.contoso.com", {"contoso.com": [GOOD]}, "contoso.com"),
        ("mail.contoso.com", {"mail.contoso.com": [GOOD], "contoso.com": [GOOD]}, "contoso.com"),
        ("mail.contoso.com", {"mail.contoso.com": [f"{GOOD}; psd=n"], "contoso.com": [GOOD]}, "mail.contoso.com"),
        ("a.b.contoso.com", {"contoso.com": [f"{GOOD}; psd=y"]}, "b.contoso.com"),
        ("contoso.com", {"contoso.com": [f"{GOOD}; psd=y"]}, "contoso.com"),
        ("a.contoso.com", {"contoso.com": [GOOD, "v=DMARC1; p=none"]}, "a.contoso.com"),
        ("a.contoso.com", {"a.contoso.com": Outcome.TIMEOUT, "contoso.com": [GOOD]}, None),
        ("a.contoso.com", {"contoso.com": [GOOD], "com": Outcome.REFUSED}, "contoso.com"),
    ],
)
def test_whose_domain_a_name_is(name: str, zone: Any, organization: str | None) -> None:
    """Section 4.10.2."""
    assert walk(name, zone, organizational_domain)[0] == organization

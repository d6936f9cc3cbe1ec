"""Which names of a certificate a connector's name accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.routing.certificate import answers_to


@pytest.mark.parametrize(
    ("name", "wanted", "answers"),
    [
        ("mail.contoso.com", "mail.contoso.com", True),
        ("mail.contoso.com", "MAIL.Contoso.com", True),  # names are compared without case (RFC 6125 section 6.4.1)
        ("mail.contoso.com", "contoso.com", False),
        ("contoso.com", "mail.contoso.com", False),
        ("mail.contoso.com", "*.contoso.com", True),
        ("a.mail.contoso.com", "*.contoso.com", True),
        ("contoso.com", "*.contoso.com", False),
        ("notcontoso.com", "*.contoso.com", False),
        ("contoso.com.example", "*.contoso.com", False),
        ("*.contoso.com", "*.contoso.com", True),
        ("*.mail.contoso.com", "*.contoso.com", True),
        ("*.contoso.com", "mail.contoso.com", True),
        # RFC 6125 section 6.4.3: exactly one label.
        ("*.contoso.com", "a.mail.contoso.com", False),
        ("*.contoso.com", "contoso.com", False),
        ("*.contoso.com", "*.mail.contoso.com", False),
        ("*.com", "contoso.com", True),
        ("m*.contoso.com", "mail.contoso.com", False),
        ("*", "contoso", False),
        ("*", "*", True),
        ("", "contoso.com", False),
    ],
)
def test_a_name_of_a_certificate(name: str, wanted: str, answers: bool) -> None:
    assert answers_to((name,), wanted) == (name if answers else None)


def test_the_first_name_that_answers_is_told() -> None:
    assert answers_to(("autodiscover.contoso.com", "*.contoso.com"), "mail.contoso.com") == "*.contoso.com"
    assert answers_to((), "mail.contoso.com") is None


LABELS = st.sampled_from(("a", "b", "contoso", "com", "*"))
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


def _matches(name: str, wanted: str) -> bool:
    """Say the same label by label."""
    have, want = name.split("."), wanted.split(".")
    if have == want:
        return True
    below = want[0] == "*" and len(want) > 1
    host = have[1:] if have[0] == "*" and len(have) > 1 else have
    if below and have != want[1:] and host[len(host) - len(want) + 1 :] == want[1:] and len(host) >= len(want) - 1:
        return True
    return have[0] == "*" and len(have) > 1 and want[1:] == have[1:] and len(want) == len(have)


@given(NAMES, NAMES)
def test_names_are_compared_label_by_label(name: str, wanted: str) -> None:
    assert (answers_to((name,), wanted) is not None) == _matches(name, wanted)


@given(NAMES, NAMES, st.sampled_from(("x", "not-", "1")))
def test_no_part_of_a_label_ever_matches(name: str, wanted: str, more: str) -> None:
    spoilt = [
        f"{more}{label}" if place == len(name.split(".")) - 1 else label for place, label in enumerate(name.split("."))
    ]
    assert answers_to((".".join(spoilt),), wanted) is None

"""The macro language: the examples of RFC 7208 section 7.4, and what no macro may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.spf_macro import (
    EXPLANATION_LETTERS,
    MacroError,
    check_macros,
    ends_with_macro,
    expand,
    letters_in,
)

VALUES = {
    "s": "strong-bad@email.example.com",
    "l": "strong-bad",
    "o": "email.example.com",
    "d": "email.example.com",
    "i": "192.0.2.3",
    "v": "in-addr",
    "h": "mx.example.org",
    "p": "mx.example.org",
}
IP6 = VALUES | {"i": ".".join("20010DB8000000000000000000CB01"), "v": "ip6"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%%%_%-", "% %20"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{d00002}", "example.com"),
        ("%{d99999999999999999999}", "email.example.com"),
    ],
)
def test_the_examples_of_the_rfc(text: str, expanded: str) -> None:
    check_macros(text)
    assert expand(text, VALUES) == expanded


def test_an_ipv6_address_is_taken_apart_by_nibbles() -> None:
    assert expand("%{ir}.%{v}", IP6) == "1.0.B.C." + "0." * 18 + "8.B.D.0.1.0.0.2.ip6"


@pytest.mark.parametrize("text", ["%", "%a", "%{", "%{}", "%{d", "%(d)", "%{x}", "%{d0}", "%{d2x}", "a%{r}b", "%{d²}"])
def test_what_is_no_macro(text: str) -> None:
    with pytest.raises(MacroError):
        check_macros(text)


def test_the_macro_that_keeps_no_label_is_named() -> None:
    with pytest.raises(MacroError, match=r"^'%{d0}': the number of labels to keep must not be zero$"):
        check_macros("x.%{d0}.y")


def test_three_letters_are_for_explanations_only() -> None:
    check_macros("%{c} %{r} %{t}", EXPLANATION_LETTERS)
    with pytest.raises(MacroError, match="there is no macro of the letter 'C' here"):
        check_macros("%{C}")


def test_what_it_expands_to_is_bounded() -> None:
    with pytest.raises(MacroError, match="65536"):
        expand("%{s}" * 3000, VALUES)


def test_the_end_of_a_text_is_found_where_macros_end() -> None:
    assert ends_with_macro("a.%{d2}")
    assert ends_with_macro("a%%")
    assert not ends_with_macro("%{d}.com")
    assert not ends_with_macro("a%%%")
    assert letters_in("%{D2}.%{ir}.%%d") == {"d", "i"}


@given(st.text(alphabet="%{}sdpx019r.-_ a"))
def test_a_text_that_passes_the_check_can_be_expanded(text: str) -> None:
    try:
        check_macros(text)
    except MacroError:
        return
    expand(text, VALUES)  # raises nothing: every percent sign begins a macro that has a value

"""Domain names and mailbox addresses: what is read, what is refused and how it is said, and that nothing gets worse."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.address import LONGEST_ADDRESS, Address, AddressError, domain_name, is_within, lineage

LABELS = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,10}[a-z0-9_])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
ATOMS = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}", fullmatch=True)
LOCALS = st.lists(ATOMS, min_size=1, max_size=4).map(".".join)
A_63 = "a" * 63
LONGEST_NAME = ".".join((A_63, A_63, A_63, "a" * 61))  # 253 octets


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("contoso.com", "contoso.com"),
        ("Contoso.COM.", "contoso.com"),
        (" contoso.com\n", "contoso.com"),
        ("selector1._domainkey.contoso.com", "selector1._domainkey.contoso.com"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
        ("müller.example", "xn--mller-kva.example"),
        ("MÜLLER.example.", "xn--mller-kva.example"),
        (
            "例え.example。",
            "xn--r8jz45g.example",
        ),  # RFC 3490 section 3.1: the ideographic full stop separates labels too
        ("localhost", "localhost"),
        (A_63 + ".com", A_63 + ".com"),
        (LONGEST_NAME, LONGEST_NAME),
        (LONGEST_NAME + ".", LONGEST_NAME),
    ],
)
def test_a_domain_name_has_one_form(written: str, name: str) -> None:
    assert domain_name(written) == name


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "'' has an empty label (a dot at the start, or two in a row)"),
        (".", "'.' has an empty label (a dot at the start, or two in a row)"),
        # What the documentation prints for scenario 4.
        (".mail.contoso.com", "'.mail.contoso.com' has an empty label (a dot at the start, or two in a row)"),
        ("contoso..com", "'contoso..com' has an empty label (a dot at the start, or two in a row)"),
        ("contoso.com..", "'contoso.com..' has an empty label (a dot at the start, or two in a row)"),
        ("con toso.com", "'con toso.com' is no domain name: 'con toso' is no label of one"),
        ("-a.com", "'-a.com' is no domain name: '-a' is no label of one"),
        ("a-.com", "'a-.com' is no domain name: 'a-' is no label of one"),
        ("[131.107.21.231]", "'[131.107.21.231]' is no domain name: '[131' is no label of one"),
        ("*.contoso.com", "'*.contoso.com' is no domain name: '*' is no label of one"),
        ("contoso.com;x", "'contoso.com;x' is no domain name: 'com;x' is no label of one"),
        ("a" * 64 + ".com", f"'{'a' * 64}.com' is no domain name: '{'a' * 64}' is no label of one"),
        (LONGEST_NAME + "a", f"'{LONGEST_NAME}a' is longer than the 253 octets of a domain name"),
    ],
)
def test_what_is_no_domain_name(written: str, said: str) -> None:
    with pytest.raises(AddressError) as caught:
        domain_name(written)
    assert str(caught.value) == said


@pytest.mark.parametrize("written", ["ü..example", "\ud800.example", "ü" * 200 + ".example", "a\u200e.example"])
def test_what_is_no_internationalized_domain_name(written: str) -> None:
    with pytest.raises(AddressError, match="is no internationalized domain name"):
        domain_name(written)


def test_a_long_text_is_refused_without_being_repeated() -> None:
    for written in ("ü" * 10**6, "a" * 10**6, "a." * 10**6, "x" * 10**6 + "@contoso.com", "x@" + "ü" * 10**6):
        for read in (domain_name, Address.parse):
            with pytest.raises(AddressError) as caught:
                read(written)
            assert len(str(caught.value)) < 2 * LONGEST_ADDRESS


@given(st.text())
def test_a_domain_name_is_refused_or_has_the_form_in_which_names_compare(written: str) -> None:
    try:
        name = domain_name(written)
    except AddressError:
        return
    assert domain_name(name) == name
    assert re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", name)
    assert len(name) <= 253


@pytest.mark.parametrize(
    ("name", "parent", "within"),
    [
        ("contoso.com", "contoso.com", True),
        ("mail.contoso.com", "contoso.com", True),
        ("a.b.contoso.com", "contoso.com", True),
        ("notcontoso.com", "contoso.com", False),
        ("contoso.com", "mail.contoso.com", False),
        ("contoso.com.example", "contoso.com", False),
    ],
)
def test_is_within_at_a_label_boundary(name: str, parent: str, within: bool) -> None:
    assert is_within(name, parent) is within


def test_an_address_is_read_in_lower_case() -> None:
    assert Address.parse(" Kate.O'Neil+Ü".replace("Ü", "x") + "@Contoso.COM. ") == Address(
        "kate.o'neil+x", "contoso.com"
    )
    assert Address.parse("kate@müller.example") == Address("kate", "xn--mller-kva.example")


def test_the_longest_address() -> None:
    # RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3: 64 octets before the @, 256 with the angle brackets of the path.
    local, domain = "a" * 64, ".".join((A_63, A_63, "a" * 61))
    assert len(str(Address.parse(f"{local}@{domain}"))) == 254
    with pytest.raises(AddressError, match="is longer than the 254 octets of a mailbox address"):
        Address.parse(f"{local}@{domain}a")
    with pytest.raises(AddressError, match="has more than 64 octets before the @"):
        Address.parse(f"{local}a@contoso.com")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "@",
        "kate",
        "@contoso.com",
        ".kate@contoso.com",
        "kate.@contoso.com",
        "ka..te@contoso.com",
        "ka te@contoso.com",
        '"kate"@contoso.com',  # RFC 5321 section 4.1.2, Quoted-string
        "kate@contoso.com@contoso.com",
        "@relay.example:kate@contoso.com",  # RFC 5321 appendix C: source routes
        "<kate@contoso.com>",
        "Kate <kate@contoso.com>",
        "kate\r\nRCPT TO:<x@contoso.com>",
        "käte@contoso.com",
        "\u212aate@contoso.com",  # the Kelvin sign, whose lower case is an ASCII k
    ],
)
def test_what_is_no_mailbox_address(written: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(written)


def test_an_address_with_a_bad_domain_says_what_is_wrong_with_the_domain() -> None:
    with pytest.raises(AddressError, match=r"'\[131\.107\.21\.231\]' is no domain name"):
        Address.parse("kate@[131.107.21.231]")


@given(LOCALS, DOMAINS)
def test_what_is_printed_is_read_back(local: str, domain: str) -> None:
    address = Address(local, domain)
    assert Address.parse(str(address)) == address
    assert Address.parse(str(address).upper()) == address


@given(st.one_of(st.text(), st.text(alphabet='ab.@"<>[]: \n', max_size=12)))
def test_an_address_is_refused_or_comes_back_as_it_was_read(written: str) -> None:
    try:
        address = Address.parse(written)
    except AddressError:
        return
    assert Address.parse(str(address)) == address
    assert str(address).isascii()
    assert not set(str(address)) & set(' \t\r\n<>()[]"')


def test_addresses_have_an_order() -> None:
    kate, sara = Address("kate", "contoso.com"), Address("sara", "contoso.com")
    assert sorted((sara, kate)) == [kate, sara]


def test_the_lineage_is_what_a_name_lies_within() -> None:
    assert lineage("a.b.contoso.com") == ("a.b.contoso.com", "b.contoso.com", "contoso.com", "com")
    assert all(is_within("a.b.contoso.com", parent) for parent in lineage("a.b.contoso.com"))
    assert lineage("com") == ("com",)

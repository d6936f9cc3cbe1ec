"""One value, written in each of the forms that Exchange's exports have, is read as the same value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, collapse_addresses, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.exchange import property_value as read
from mailflow.exchange.address_range import AddressRange
from mailflow.exchange.online import DomainType
from mailflow.exchange.property_value import Unclear, Unfit
from mailflow.exchange.server import AddressSpace, TlsAuthLevel, TlsCertificateName
from mailflow.mail.address import Address

LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)
PATTERNS = st.just("*") | DOMAINS | DOMAINS.map(lambda name: f"*.{name}")
LOCALS = st.from_regex(r"[a-z0-9_+-]{1,8}(\.[a-z0-9]{1,4})?", fullmatch=True)
ADDRESSES = st.builds(Address, LOCALS, DOMAINS)
RDNS = st.text("abc ,=.", min_size=1, max_size=10).map(lambda name: f"CN={name}x")
IPS = st.ip_addresses()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 230 * 365 * 86_400_000).map(lambda count: EPOCH + timedelta(milliseconds=count))


@given(PATTERNS)
def test_domain(pattern: str) -> None:
    bare = pattern.removeprefix("*.")
    forms: list[object] = [
        pattern,
        pattern.upper(),
        f" {pattern} ",
        f"smtp:{pattern};1",
        f"SMTP:{pattern}",
        f"{pattern};100",
        {"Address": pattern, "Domain": bare, "IncludeSubDomains": pattern != bare},
        {"Domain": bare, "IncludeSubDomains": pattern.startswith("*.")},
        {"domain": {"Domain": pattern}},
    ]
    assert {read.domain(form) for form in forms} == {pattern}


@given(ADDRESSES)
def test_address(address: Address) -> None:
    forms: list[object] = [
        str(address),
        str(address).upper(),
        f"smtp:{address}",
        f"SMTP:{address}",
        {"Length": 1, "Local": address.local, "Domain": address.domain, "IsValidAddress": True},
        {"Address": str(address)},
        {"AddressString": str(address), "ProxyAddressString": f"smtp:{address}", "PrefixString": "smtp"},
        {"SmtpAddress": str(address)},
    ]
    assert {read.address(form) for form in forms} == {address}
    assert {read.proxy_address(form) for form in forms if "Local" not in str(form)} == {address}


@pytest.mark.parametrize(
    "other",
    [
        "X500:/o=Contoso/cn=kate",
        "SIP:kate@contoso.com",
        "SPO:SPO_1@SPO_2",
        {"ProxyAddressString": "EUM:kate@contoso.com", "AddressString": "kate@contoso.com"},
        {"AddressString": "kate@contoso.com", "PrefixString": "SIP"},
    ],
)
def test_proxy_addresses_that_are_not_of_smtp(other: object) -> None:
    assert read.proxy_address(other) is None


@given(DOMAINS)
def test_host_by_name(name: str) -> None:
    forms: list[object] = [
        name,
        name.upper(),
        {"Domain": name},
        {"Address": {"IPAddressToString": "0.0.0.0"}, "IsIPAddress": False, "Domain": name},
    ]
    assert {read.host(form) for form in forms} == {name}


@given(IPS)
def test_host_by_address(address: IPv4Address | IPv6Address) -> None:
    forms: list[object] = [
        str(address),
        f"[{address}]",
        {"Address": {"Address": 0, "IPAddressToString": str(address)}, "IsIPAddress": True, "Domain": None},
    ]
    assert {read.host(form) for form in forms} == {str(address)}


def test_host_by_network() -> None:
    assert read.host("192.0.2.7/24") == "192.0.2.0/24"


@given(IPS, st.integers(0, 5000))
def test_range(first: IPv4Address | IPv6Address, size: int) -> None:
    last = ip_address(min(int(first) + size, 2**first.max_prefixlen - 1).to_bytes(first.max_prefixlen // 8))
    forms: list[object] = [
        f"{first}-{last}",
        f"{first} - {last}",
        {"LowerBound": str(first), "UpperBound": str(last), "RangeFormat": 1},
        {"LowerBound": {"IPAddressToString": str(first)}, "UpperBound": {"IPAddressToString": str(last)}},
        {"Expression": f"{first}-{last}"},
    ]
    expected = AddressRange(first.version, int(first), int(last))
    assert {read.address_range(form) for form in forms} == {expected}
    networks = read.networks(forms[0])
    assert sum(network.num_addresses for network in networks) == expected.size
    assert (networks[0][0], networks[-1][-1]) == (first, last)
    assert list(collapse_addresses(networks)) == list(networks)  # type: ignore[type-var]  # of one family, by version


def test_range_as_network() -> None:
    expected = AddressRange(4, int(ip_address("192.0.2.0")), int(ip_address("192.0.2.255")))
    for form in ("192.0.2.0/24", "192.0.2.9/24", "192.0.2.0(255.255.255.0)", {"Expression": "192.0.2.0/24"}):
        assert read.address_range(form) == expected
        assert read.networks(form) == (ip_network("192.0.2.0/24"),)
    assert read.address_range("192.0.2.9") == AddressRange(
        4, int(ip_address("192.0.2.9")), int(ip_address("192.0.2.9"))
    )


@given(PATTERNS, st.integers(1, 100))
def test_address_space(pattern: str, cost: int) -> None:
    forms: list[object] = [
        f"smtp:{pattern};{cost}",
        f"SMTP:{pattern.upper()};{cost}",
        f"{pattern};{cost}",
        {"Address": pattern, "Type": "SMTP", "Cost": cost, "Domain": pattern.removeprefix("*."), "X400Address": None},
    ]
    assert {read.address_space(form) for form in forms} == {AddressSpace(pattern, cost)}
    assert read.address_space(pattern) == read.address_space(f"smtp:{pattern}") == AddressSpace(pattern, 1)
    assert read.address_space({"Address": pattern, "Type": "X400", "Cost": cost}) is None


@given(RDNS, RDNS)
def test_certificate_name(issuer: str, subject: str) -> None:
    forms: list[object] = [
        f"<I>{issuer}<S>{subject}",
        f" <i>{issuer}<s>{subject}",
        {"CertificateSubject": subject, "CertificateIssuer": issuer, "SubjectCommonName": "x"},
    ]
    assert {read.certificate_name(form) for form in forms} == {TlsCertificateName(issuer, subject)}


@given(MOMENTS)
def test_moment(moment: datetime) -> None:
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    local = moment.astimezone(tz=None)
    forms: list[object] = [
        f"/Date({milliseconds})/",
        f"/Date({milliseconds}+0200)/",
        {"value": f"/Date({milliseconds})/", "DisplayHint": 2, "DateTime": "Friday, 1 January 2027"},
        moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06}0Z",
        local.isoformat(),
    ]
    assert {read.moment(form) for form in forms} == {moment}
    assert all(read.moment(form).tzinfo is UTC for form in forms)


def test_a_time_of_no_zone_is_unclear() -> None:
    with pytest.raises(Unclear, match="does not say in which time zone"):
        read.moment("2026-07-23T22:55:13")


@given(st.sampled_from(DomainType), st.sampled_from([str.upper, str.lower, str]))
def test_word(word: DomainType, case: Callable[[str], str]) -> None:
    numbers = {0: DomainType.AUTHORITATIVE, 1: DomainType.EXTERNAL_RELAY, 2: DomainType.INTERNAL_RELAY}
    number = next(number for number, each in numbers.items() if each is word)
    forms: list[object] = [
        case(word),
        f" {word} ",
        number,
        str(number),
        {"value": number, "Value": str(word)},
        {"value": number},
    ]
    assert {read.word(DomainType, form, numbers) for form in forms} == {word}


def test_a_word_by_a_number_that_nobody_documents() -> None:
    for number in (3, "3", -1, {"value": 3}):
        with pytest.raises(Unclear, match="is the number"):
            read.word(TlsAuthLevel, number, {2: TlsAuthLevel.CERTIFICATE_VALIDATION})


FLAGS = {1: "Tls", 2: "Integrated", 4: "BasicAuth", 8: "BasicAuthRequireTLS"}


@given(st.sets(st.sampled_from(sorted(FLAGS))))
def test_flags(bits: set[int]) -> None:
    words = [FLAGS[bit] for bit in bits]
    forms: list[object] = [sum(bits), str(sum(bits)), words, {"value": sum(bits), "Value": ", ".join(words) or "None"}]
    forms += [", ".join(words).upper(), ",".join(words)] if words else ["None", ["none"]]
    assert {read.flags(form, FLAGS) for form in forms} == {frozenset(words)}


@pytest.mark.parametrize("number", [16, 17, -1, 2**70])
def test_flags_with_a_bit_that_nobody_documents(number: int) -> None:
    with pytest.raises(Unclear):
        read.flags(number, FLAGS)


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ("A.com:AcceptCloudServicesMail", [("a.com", "AcceptCloudServicesMail")]),
        ("a.com:AcceptOorgProtocol, AcceptX", [("a.com", "AcceptOorgProtocol"), ("a.com", "AcceptX")]),
        ("<I>CN=A, O=B::C<S>CN=a.com, O=D:AcceptCloudServicesMail", [("a.com", "AcceptCloudServicesMail")]),
        ({"Domain": {"Address": "*.a.com"}, "Capabilities": "AcceptX"}, [("*.a.com", "AcceptX")]),
    ],
)
def test_capabilities(value: object, pairs: list[tuple[str, str]]) -> None:
    assert read.capabilities(value) == tuple(pairs)


def test_capabilities_by_number_are_unclear() -> None:
    with pytest.raises(Unclear):
        read.capabilities({"Domain": "a.com", "Capabilities": 256})


@pytest.mark.parametrize(
    "value",
    [
        "EX01",
        "EX01.contoso.com",
        "CN=EX01,CN=Servers,CN=Exchange Administrative Group,DC=contoso,DC=com",
        "contoso.com/Configuration/Services/Servers/EX01",
        {"Name": "EX01", "DistinguishedName": "CN=EX01,CN=Servers"},
        {"DistinguishedName": "CN=EX01,CN=Servers"},
    ],
)
def test_server_name(value: object) -> None:
    assert read.server_name(value) == "EX01"


@pytest.mark.parametrize("value", ["0.0.0.0:25", "[::]:25", {"Port": 25, "Address": {}}, {"Expression": "0.0.0.0:25"}])
def test_port(value: object) -> None:
    assert read.port(value) == 25


@pytest.mark.parametrize(("value", "level"), [(-1, -1), ("-1", -1), (" 9", 9), (0, 0), ({"Value": -1}, -1)])
def test_scl(value: object, level: int) -> None:
    assert read.scl(value) == level


@pytest.mark.parametrize("value", [10, "10", -2, True, "", "high", None, [], {}])
def test_what_is_no_scl(value: object) -> None:
    with pytest.raises(Unfit, match="expected a spam confidence level from -1 to 9"):
        read.scl(value)


@pytest.mark.parametrize("value", [25, "25", " 25 "])
def test_port_number(value: object) -> None:
    assert read.port_number(value) == 25


@pytest.mark.parametrize("value", [0, 65536, "smtp", None, True, {"Port": 25}])
def test_what_is_no_port_number(value: object) -> None:
    with pytest.raises(Unfit, match="expected a port from 1 to 65535"):
        read.port_number(value)


READERS: list[Callable[[object], object]] = [
    read.boolean, read.text, read.domain, read.certificate_domain, read.address, read.proxy_address, read.host,
    read.address_range, read.networks, read.port, read.port_number, read.scl, read.address_space, read.certificate_name,
    read.capabilities, read.server_name, read.server_of_identity, read.moment,
    lambda value: read.word(DomainType, value, {}), lambda value: read.flags(value, FLAGS),
]  # fmt: skip
MEMBERS = st.sampled_from([
    "Address", "Domain", "Name", "Local", "Cost", "Type", "Port", "value", "Value", "LowerBound", "UpperBound",
    "Expression", "IsIPAddress", "IPAddressToString", "IncludeSubDomains", "Capabilities", "PrefixString",
    "CertificateIssuer", "CertificateSubject",
])  # fmt: skip
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("smtp:*.;@-/()[]<I>S=0129a,\\ "),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
)


@given(st.sampled_from(READERS), HOSTILE)
def test_no_value_breaks_a_reader(reader: Callable[[object], object], value: object) -> None:
    try:
        reader(value)
    except (Unfit, Unclear) as wrong:
        said = str(wrong)
    else:
        return
    assert said
    assert said.isprintable()
    assert len(said) < 300

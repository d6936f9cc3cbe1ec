"""MX records: every way in which they do not say what the scenario demands."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.exchange.cloud import cloud
from mailflow.judge import mx
from mailflow.policy.finding import Evidence, Finding, Verdict
from mailflow.records.answer import Outcome

HOST, MICROSOFT = "mail.contoso.com", "contoso-com.mail.protection.outlook.com"
PUBLISH = "Publish: contoso.com. 3600 IN MX 10 mail.contoso.com. with mail.contoso.com. IN A 131.107.21.231"

WRITE_IT = (
    "Write it into environment.yaml: mx of contoso.com "
    "(that of Microsoft 365 the Microsoft 365 admin center shows, Settings, Domains)"
)


@pytest.fixture
def own(s4: Any, answer: Any) -> Any:
    """Judge whether the own servers are named: MX records, and what stands for an A record."""

    def judge(*records: Any, a: Any = None, aaaa: Any = None, world: Any = s4, **fields: Any) -> Finding:
        found = answer("contoso.com MX", *records, **fields)
        a = a or answer(f"{HOST} A", "131.107.21.231")
        addresses = {host: (a, aaaa or answer(f"{HOST} AAAA")) for _, host in records}
        return mx.names_own_servers(world.environment, world.domain, found, addresses)

    return judge


def test_own_servers_named(s4: Any, own: Any) -> None:
    asked = "the MX records of contoso.com name mail.contoso.com, each with addresses at which it listens"
    assert own((10, HOST), text=("contoso.com. MX 10 mail.contoso.com.",), ttl=3600, server="127.0.0.1:53") == Finding(
        Verdict.COMPLIANT,
        asked,
        "they name mail.contoso.com",
        "",
        (
            Evidence("dns", "contoso.com MX", "127.0.0.1:53", ("contoso.com. MX 10 mail.contoso.com.", "TTL 3600 s")),
            Evidence("dns", "mail.contoso.com A", "DNS", ("131.107.21.231",)),
            Evidence("dns", "mail.contoso.com AAAA", "DNS", ("NXDOMAIN",)),
            Evidence(
                "environment",
                "mail.contoso.com listens",
                s4.place("environment.yaml", "  servers:"),
                ("131.107.21.231",),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("records", "seen"),
    [
        ([], "there is no MX record"),
        ([(0, ".")], "the null MX says that the domain takes no mail"),
        ([(0, MICROSOFT)], f"they name {MICROSOFT}, not mail.contoso.com"),
        ([(0, "."), (5, MICROSOFT)], f"they name the null MX, {MICROSOFT}, not mail.contoso.com"),
        (
            [(10, "131.107.21.231")],
            (
                "they name 131.107.21.231, not mail.contoso.com; 131.107.21.231 is an address, "
                "and an MX record takes a host name"
            ),
        ),
    ],
)
def test_own_servers_not_named(own: Any, records: Any, seen: str) -> None:
    found = own(*records)
    assert (found.verdict, found.seen, found.remedy) == (Verdict.NON_COMPLIANT, seen, PUBLISH)
    assert found.evidence[0].asked == "contoso.com MX"


def test_only_some_of_the_planned_hosts_are_named(s4: Any, answer: Any) -> None:
    second = replace(s4.server, name="mx2.contoso.com", listens=())
    world = s4.declare(mx=(HOST, "mx2.contoso.com", "mx3.contoso.com")).servers(s4.server, second)
    addresses = {HOST: (answer(f"{HOST} A", "131.107.21.231"), answer(f"{HOST} AAAA"))}
    found = mx.names_own_servers(world.environment, world.domain, answer("contoso.com MX", (10, HOST)), addresses)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen == "they name mail.contoso.com, not mx2.contoso.com, mx3.contoso.com"


def test_domain_is_an_alias(own: Any) -> None:
    found = own((10, HOST), aliases=("contoso.example",))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "the domain is an alias of contoso.example")
    assert found.evidence[0].answer[0] == "alias of contoso.example"


def test_host_is_an_alias(own: Any, answer: Any) -> None:
    found = own((10, HOST), a=answer(f"{HOST} A", "131.107.21.231", aliases=("gw.contoso.com",)))
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen == f"{HOST} is an alias (CNAME), which RFC 2181 section 10.3 forbids for an MX host"
    assert found.remedy == f"Publish A or AAAA records for {HOST} itself"


def test_host_has_no_address(own: Any, answer: Any) -> None:
    found = own((10, HOST), a=answer(f"{HOST} A"))
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, "mail.contoso.com has no address")
    assert found.remedy == "Publish: mail.contoso.com. IN A 131.107.21.231"


def test_host_has_the_address_of_another(own: Any, answer: Any) -> None:
    found = own((10, HOST), a=answer(f"{HOST} A", "192.0.2.1", "131.107.21.231"))
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen == "mail.contoso.com has the address 192.0.2.1, where that server does not listen"
    assert found.remedy == f"{PUBLISH}; delete mail.contoso.com. IN A 192.0.2.1"
    assert found.evidence[-1].answer == ("131.107.21.231",)


def test_a_private_address_is_no_place_for_mail_from_the_internet(own: Any, answer: Any, s4: Any) -> None:
    inside = s4.with_server(listens=(ip_address("10.1.1.5"),))
    found = own((10, HOST), a=answer(f"{HOST} A", "10.1.1.5"), world=inside)
    seen = "mail.contoso.com has the address 10.1.1.5, which is private: nobody on the Internet reaches it"
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, seen)
    assert found.remedy == (
        "Publish: contoso.com. 3600 IN MX 10 mail.contoso.com. with the public address of each host, in listens of "
        "environment.yaml too; delete mail.contoso.com. IN A 10.1.1.5"
    )


def test_a_host_without_ipv4_is_a_note(own: Any, answer: Any, s4: Any) -> None:
    six = s4.with_server(listens=(ip_address("2001:db8::25"),))
    found = own((10, HOST), a=answer(f"{HOST} A"), aaaa=answer(f"{HOST} AAAA", "2001:db8::25"), world=six)
    assert found.verdict is Verdict.COMPLIANT
    assert found.notes == (
        "mail.contoso.com has IPv6 addresses only: who sends over IPv4 alone, as many do, does not reach it",
    )


def test_address_that_no_record_names_is_a_note(own: Any, s4: Any) -> None:
    two = s4.with_server(listens=(*s4.server.listens, ip_address("2001:db8::25")))
    found = own((10, HOST), world=two)
    assert found.verdict is Verdict.COMPLIANT
    assert found.notes == ("mail.contoso.com also listens at 2001:db8::25, which no record names",)


def test_what_is_not_known_of_one_host_hides_nothing_of_another(s4: Any, answer: Any) -> None:
    two = s4.declare(mx=(HOST, "mail2.contoso.com"))
    found = answer("contoso.com MX", (10, HOST), (20, "mail2.contoso.com"))
    dark = tuple(answer(f"{HOST} {kind}", outcome=Outcome.TIMEOUT) for kind in ("A", "AAAA"))
    bare = tuple(answer(f"mail2.contoso.com {kind}") for kind in ("A", "AAAA"))
    addresses = {HOST: dark, "mail2.contoso.com": bare}
    finding = mx.names_own_servers(two.environment, two.domain, found, addresses)
    assert (finding.verdict, finding.seen) == (Verdict.NON_COMPLIANT, "mail2.contoso.com has no address")
    assert len(finding.evidence) == 5


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT])
def test_failed_look_ups(own: Any, s4: Any, answer: Any, outcome: Outcome) -> None:
    found = own(outcome=outcome)
    assert found.verdict is Verdict.NOT_VERIFIED
    assert found.seen == f"the look-up of contoso.com MX failed: {outcome}"
    mx_failed = answer("contoso.com MX", outcome=outcome)
    assert mx.names_no_other(s4.domain, mx_failed, (HOST,)).verdict is Verdict.NOT_VERIFIED
    assert mx.has_documented_name(s4.domain, mx_failed).verdict is Verdict.NOT_VERIFIED
    failed = answer(f"{HOST} A", outcome=outcome)
    assert own((10, HOST), a=failed).seen == "the look-up of the addresses of mail.contoso.com failed"
    # An address is known, but who knows which others there are?
    half = own((10, HOST), aaaa=answer(f"{HOST} AAAA", outcome=outcome))
    assert (half.verdict, half.seen) == (Verdict.NOT_VERIFIED, "the look-up of mail.contoso.com AAAA failed")


def test_nobody_planned_a_host(s4: Any, answer: Any) -> None:
    world = s4.declare(mx=())
    records = answer("contoso.com MX", (10, "anything.example"))
    named = mx.names_own_servers(world.environment, world.domain, records, {})
    other = mx.names_no_other(world.domain, records, mx.expected_hosts(world.environment, world.domain))
    for found in (named, other):
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the environment names no host for this domain")
        assert found.remedy == WRITE_IT


def test_microsoft_365_host(s1: Any, answer: Any) -> None:
    records = answer("contoso.com MX", (0, MICROSOFT))
    addresses = {MICROSOFT: (answer(f"{MICROSOFT} A", "40.92.0.36"), answer(f"{MICROSOFT} AAAA"))}
    found = mx.names_microsoft_365(s1.environment, s1.domain, records, addresses)
    assert found.verdict is Verdict.COMPLIANT
    assert found.asked == f"the MX records of contoso.com name {MICROSOFT}"
    assert [item.asked for item in found.evidence] == ["contoso.com MX", f"{MICROSOFT} A", f"{MICROSOFT} AAAA"]


def test_label_of_another_domain(s1: Any, answer: Any) -> None:
    other = "fabrikam-com.mail.protection.outlook.com"
    found = mx.names_microsoft_365(s1.environment, s1.domain, answer("contoso.com MX", (0, other)), {})
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"they name {other}, not {MICROSOFT}")
    assert found.remedy == f"Publish: contoso.com. 3600 IN MX 0 {MICROSOFT}."


def test_microsoft_has_no_such_host(s1: Any, answer: Any) -> None:
    addresses = {MICROSOFT: (answer(f"{MICROSOFT} A"), answer(f"{MICROSOFT} AAAA"))}
    found = mx.names_microsoft_365(s1.environment, s1.domain, answer("contoso.com MX", (0, MICROSOFT)), addresses)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"{MICROSOFT} has no address")
    assert found.remedy.startswith(f"Microsoft publishes {MICROSOFT} once the domain is added to the tenant")


def test_host_that_the_environment_names(s1: Any, answer: Any) -> None:
    signed = "contoso-com.o-v1.mx.microsoft"
    world = s1.declare(mx=(signed,))
    records = answer("contoso.com MX", (0, signed))
    addresses = {signed: (answer(f"{signed} A", "40.92.0.36"), answer(f"{signed} AAAA"))}
    named = mx.names_microsoft_365(world.environment, world.domain, records, addresses)
    assert (named.verdict, named.asked) == (Verdict.COMPLIANT, f"the MX records of contoso.com name {signed}")
    assert mx.expected_hosts(world.environment, world.domain) == (signed,)


@pytest.mark.parametrize("name", ["gcc-high", "dod"])
def test_host_that_nobody_can_derive(s1: Any, answer: Any, name: str) -> None:
    """Neither that it is there nor that another is one too many can be said."""
    world = s1.tenant(cloud=cloud(name))
    records = answer("contoso.com MX", (0, "contoso.mail.protection.office365.us"))
    named = mx.names_microsoft_365(world.environment, world.domain, records, {})
    assert named.verdict is Verdict.NOT_VERIFIED
    assert named.seen == f"in {name} the documents derive the host from the tenant's name or from the domain's"
    assert named.remedy == WRITE_IT
    expected = mx.expected_hosts(world.environment, world.domain)
    assert expected == ()
    assert mx.names_no_other(world.domain, records, expected).verdict is Verdict.NOT_VERIFIED


def test_the_host_of_a_domain_with_a_hyphen_nobody_can_derive(s1: Any, answer: Any) -> None:
    """Microsoft takes the hyphens out and puts something behind: the derived host may be that of nobody."""
    world = s1.declare(name="fourth-coffee.com")
    records = answer("fourth-coffee.com MX", (0, "fourth-coffee-com.mail.protection.outlook.com"))
    named = mx.names_microsoft_365(world.environment, world.domain, records, {})
    assert (named.verdict, named.asked, named.seen) == (
        Verdict.NOT_VERIFIED,
        "the MX records of fourth-coffee.com name the host that Microsoft 365 assigned to it",
        "no document says which host a domain with a hyphen gets",
    )
    expected = mx.expected_hosts(world.environment, world.domain)
    assert mx.names_no_other(world.domain, records, expected).verdict is Verdict.NOT_VERIFIED
    assigned = "fourthcoffee-com01i.mail.protection.outlook.com"
    world = world.declare(mx=(assigned,))
    addresses = {assigned: (answer(f"{assigned} A", "40.92.0.36"), answer(f"{assigned} AAAA"))}
    records = answer("fourth-coffee.com MX", (0, assigned))
    assert mx.names_microsoft_365(world.environment, world.domain, records, addresses).verdict is Verdict.COMPLIANT
    assert world.environment.tenant_host("fourth-coffee.com") == assigned


def test_where_the_mx_record_names_own_servers_the_tenant_is_met_at_a_host_that_can_be_derived(s4: Any) -> None:
    environment = s4.declare(name="fourth-coffee.com").environment
    assert environment.tenant_host("fourth-coffee.com") == "contoso-mail-onmicrosoft-com.mail.protection.outlook.com"
    assert s4.environment.tenant_host("contoso.com") == MICROSOFT


def test_addresses_of(answer: Any) -> None:
    asked: list[str] = []

    def lookups(questions: Any) -> Any:
        asked.extend(map(str, questions))
        return tuple(answer(str(question)) for question in questions)

    found = mx.addresses_of(answer("contoso.com MX", (20, "b.example"), (10, "a.example")), lookups)
    assert asked == ["a.example A", "a.example AAAA", "b.example A", "b.example AAAA"]
    assert {host: [str(one.question) for one in both] for host, both in found.items()} == {
        "a.example": asked[:2],
        "b.example": asked[2:],
    }
    assert mx.addresses_of(answer("contoso.com MX"), lookups) == {}


def test_expected_hosts(s1: Any, s4: Any) -> None:
    assert mx.expected_hosts(s1.environment, s1.domain) == (MICROSOFT,)
    assert mx.expected_hosts(s4.environment, s4.domain) == (HOST,)


def test_no_other(s4: Any, answer: Any) -> None:
    found = mx.names_no_other(s4.domain, answer("contoso.com MX", (10, HOST)), (HOST,))
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "they name no other")
    assert found.asked == "the MX records of contoso.com name no host but mail.contoso.com"


@pytest.mark.parametrize(
    ("records", "seen", "remedy"),
    [
        (
            [(10, HOST), (20, MICROSOFT), (30, "old.contoso.com")],
            f"they also name {MICROSOFT}, old.contoso.com",
            f"Remove from the zone of contoso.com: MX 20 {MICROSOFT}.; MX 30 old.contoso.com.",
        ),
        ([(0, ".")], "they name the null MX", "Remove from the zone of contoso.com: MX 0 ."),
    ],
)
def test_another(s4: Any, answer: Any, records: Any, seen: str, remedy: str) -> None:
    found = mx.names_no_other(s4.domain, answer("contoso.com MX", *records), (HOST,))
    assert (found.verdict, found.seen, found.remedy) == (Verdict.NON_COMPLIANT, seen, remedy)


def test_no_record_names_no_other(s4: Any, answer: Any) -> None:
    found = mx.names_no_other(s4.domain, answer("contoso.com MX"), (HOST,))
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "contoso.com has no MX record")


@pytest.mark.parametrize(
    ("records", "verdict", "seen"),
    [
        ([(10, HOST), (20, "b.contoso.com")], Verdict.COMPLIANT, "one does"),
        ([(10, "mx.contoso.com")], Verdict.NON_COMPLIANT, "they name mx.contoso.com"),
        ([(10, "mail.contoso.com.example")], Verdict.NON_COMPLIANT, "they name mail.contoso.com.example"),
        ([(0, ".")], Verdict.NON_COMPLIANT, "they name the null MX"),
        ([], Verdict.NON_COMPLIANT, "there is no MX record"),
    ],
)
def test_documented_name(s4: Any, answer: Any, records: Any, verdict: Verdict, seen: str) -> None:
    found = mx.has_documented_name(s4.domain, answer("contoso.com MX", *records))
    assert (found.verdict, found.seen) == (verdict, seen)
    assert found.remedy == (
        "" if verdict is Verdict.COMPLIANT else "Publish: contoso.com. 3600 IN MX 10 mail.contoso.com."
    )

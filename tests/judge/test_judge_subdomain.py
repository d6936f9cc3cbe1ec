"""Names below the domain: who takes their mail, by whose host it is, and what each side accepts."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.environment.master_file import read_zone
from mailflow.exchange.known import Unknown
from mailflow.exchange.online import DomainType
from mailflow.judge import subdomain
from mailflow.policy.finding import Evidence, Finding, Verdict
from mailflow.records.answer import Answer, MxRecord, Outcome, Question

TENANT = "contoso-com.mail.protection.outlook.com"
EU = "eu-contoso-com.mail.protection.outlook.com"
OWN = "131.107.21.231"
REFUSED = "Microsoft 365 refuses it: 550 5.7.64 TenantAttribution; Relay Access Denied SMTP (no inbound connector "

Judge = Callable[..., list[Finding]]


@pytest.fixture
def judge() -> Judge:
    """`judge(world, "eu MX 10 mail")`: the plan has these records; names are hosts with these addresses.

    With `before` what the world knows of the time before the change counts too.
    """

    def judged(world: Any, zone: str, *, before: bool = False, **published: Any) -> list[Finding]:
        was = world.environment.before if before else None
        planned = {"contoso.com": read_zone(f"$TTL 60\n{zone}\n", "zones/contoso.com.zone")}
        here = world.change(zones=planned, before=was)
        hosts = {"mail.contoso.com": OWN, TENANT: "52.101.0.36"}
        hosts |= {name.replace("__", ".").replace("_", "-"): address for name, address in published.items()}

        def lookup(question: Question) -> Answer:
            if question.type == "MX":
                origin = here.environment.zones["contoso.com"]
                name = question.name.replace("mailflow-no-such-name", "*")
                found = origin.get_rdataset(f"{name}.", "MX")
                if published.get("mx"):
                    return Answer(question, published["mx"])
                if found is None:
                    return Answer(question, Outcome.NXDOMAIN)
                exchanges = (record.exchange.to_text(omit_final_dot=True) for record in found)
                values = tuple(MxRecord(r.preference, e) for r, e in zip(found, exchanges, strict=True))
                return Answer(question, Outcome.FOUND, values, text=tuple(map(str, found)))
            value = hosts.get(question.name, Outcome.NXDOMAIN)
            if isinstance(value, Outcome):
                return Answer(question, value)
            if question.type == "AAAA":
                return Answer(question, Outcome.NO_DATA)
            return Answer(question, Outcome.FOUND, (ip_address(value),))

        seen = subdomain.look(here.environment, here.domain, lambda asked: tuple(map(lookup, asked)))
        return subdomain.are_led_to_takers(here.environment, here.domain, seen)

    return judged


def told(found: list[Finding]) -> tuple[Verdict, str, str]:
    (one,) = found
    return one.verdict, one.seen, one.remedy


def test_own_server_that_accepts_the_name(s3: Any, judge: Judge) -> None:
    assert judge(s3, "eu MX 10 mail") == [
        Finding(
            Verdict.COMPLIANT,
            "mail.contoso.com, to which mail for eu.contoso.com is led, takes it",
            "eu.contoso.com is accepted; receive connector 'Default Frontend EX01' [Accepted domains]",
            "",
            (
                Evidence("dns", "eu.contoso.com MX", "DNS", ("10 mail.contoso.com.",)),
                Evidence("dns", "mail.contoso.com A", "DNS", (OWN,)),
                Evidence("dns", "mail.contoso.com AAAA", "DNS", ("no data",)),
            ),
        )
    ]


def test_no_name_has_mx_records(s4: Any, judge: Judge) -> None:
    (one,) = judge(s4, "@ MX 10 mail")
    assert (one.verdict, one.seen) == (
        Verdict.NOT_APPLICABLE,
        "the planned zone has MX records for no name below contoso.com",
    )
    assert one.evidence == (Evidence("config", "names below contoso.com with MX records", "zones/", ("(empty)",)),)


def test_without_the_zone_nothing_is_known(s4: Any) -> None:
    bare = s4.change(zones={}).environment
    assert told(subdomain.are_led_to_takers(bare, bare.domains[0], ())) == (
        Verdict.NOT_VERIFIED,
        "the zone of contoso.com was not supplied",
        "Supply the planned zone: zones/contoso.com.zone",
    )


def test_a_name_may_say_that_it_takes_no_mail(s4: Any, judge: Judge) -> None:
    assert told(judge(s4, "eu MX 0 .")) == (Verdict.COMPLIANT, "the null MX says that it takes none", "")


def test_a_root_beside_others_says_nothing(s3: Any, judge: Judge) -> None:
    """RFC 7505 section 3."""
    root, own = judge(s3, "eu MX 0 .\neu MX 10 mail")
    assert told([root]) == (
        Verdict.NON_COMPLIANT,
        "it is no host name",
        "eu.contoso.com. 3600 IN MX 10 mail.contoso.com.",
    )
    assert root.asked == "., to which mail for eu.contoso.com is led, takes it"
    assert own.verdict is Verdict.COMPLIANT


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.SERVFAIL])
def test_mx_look_up_that_failed(s4: Any, judge: Judge, outcome: Outcome) -> None:
    assert told(judge(s4, "eu MX 10 mail", mx=outcome)) == (
        Verdict.NOT_VERIFIED,
        f"the look-up of eu.contoso.com MX failed: {outcome}",
        "Find out what the DNS says of eu.contoso.com; where a plan is judged, supply the zone (zones/)",
    )


def test_a_name_that_is_published_no_more(s3: Any, judge: Judge) -> None:
    """In a live run, or where the zone of the time before has it."""
    remedy = "Publish its MX record, or, where it takes no mail any more: eu.contoso.com. 3600 IN MX 0 ."
    assert told(judge(s3, "eu MX 10 mail", mx=Outcome.NO_DATA)) == (
        Verdict.NON_COMPLIANT,
        "it has no MX record",
        remedy,
    )
    eu, news = judge(s3, "@ MX 10 mail", before=True)
    assert told([eu]) == (
        Verdict.NON_COMPLIANT,
        "it has no MX record; before the change it named mail.contoso.com",
        remedy,
    )
    assert news.seen == "it has no MX record; before the change it named bounces.newsletter.example"


def test_own_server_that_does_not_accept_the_name(s4: Any, judge: Judge) -> None:
    found = judge(s4, "hr MX 10 mail\nit MX 10 mx", mx__contoso__com=OWN)
    assert [one.seen for one in found] == [
        "mail.contoso.com does not accept hr.contoso.com",
        "mail.contoso.com does not accept it.contoso.com",  # the same server by another name
    ]
    assert found[0].remedy == (
        "Let the own servers accept it (Exchange Management Shell), or lead it elsewhere:\n"
        'New-AcceptedDomain -Name "hr.contoso.com" -DomainName hr.contoso.com -DomainType Authoritative'
    )
    (one,) = judge(s4.not_exchange(), "eu MX 10 mail")
    assert one.remedy.startswith("Let mail.contoso.com accept eu.contoso.com, and say so in environment.yaml")


def test_wildcards_of_the_own_servers(s4: Any, judge: Judge) -> None:
    assert judge(s4.not_exchange(accepts_for=("contoso.com", "*.contoso.com")), "* MX 10 mail")[0].verdict is (
        Verdict.COMPLIANT
    )
    (accepted, *_) = s4.environment.on_premises.exchange.accepted_domains
    whole = s4.exchange(accepted_domains=(replace(accepted, domain_name="*.contoso.com"),))
    (one,) = judge(whole, "* MX 10 mail")
    assert (one.verdict, one.evidence[0].asked) == (Verdict.COMPLIANT, "mailflow-no-such-name.contoso.com MX")


def test_own_server_that_lets_no_stranger_in(s1: Any, judge: Judge) -> None:
    seen = (
        "mail.contoso.com refuses it from strangers: 421 4.3.2 Service not available (no receive connector has "
        "198.18.0.99 in RemoteIPRanges [Set-ReceiveConnector])"
    )
    remedy = f"eu.contoso.com. 3600 IN MX 10 {TENANT}."
    assert told(judge(s1, "eu MX 10 mail")) == (Verdict.NON_COMPLIANT, seen, remedy)


@pytest.mark.parametrize("export", ["accepted_domains", "receive_connectors"])
def test_without_exports_of_the_own_servers_nothing_is_known(s3: Any, judge: Judge, export: str) -> None:
    found = judge(s3.exchange(**{export: Unknown("Get-X.json was not supplied")}), "eu MX 10 mail")
    assert told(found)[:2] == (Verdict.NOT_VERIFIED, "Get-X.json was not supplied")


@pytest.mark.parametrize("host", ["192.0.2.1", "[192.0.2.1]"])
def test_an_address_is_no_host(s4: Any, judge: Judge, host: str) -> None:
    verdict, seen, _ = told(judge(s4, f"eu MX 10 {host}."))
    assert (verdict, seen) == (Verdict.NON_COMPLIANT, "it is no host name")


def test_hosts_of_others_are_taken_as_theirs(s4: Any, judge: Judge) -> None:
    for address in ("203.0.113.60", Outcome.REFUSED):
        (one,) = judge(s4, "eu MX 10 bounces.example.", bounces__example=address)
        assert (one.verdict, one.seen) == (Verdict.COMPLIANT, "it is a host of others")
        assert one.notes == ("eu.contoso.com: whether bounces.example, a host of others, takes the mail they know",)


@pytest.mark.parametrize(
    ("host", "address", "seen"),
    [
        ("bounces.example", Outcome.NXDOMAIN, "it has no address"),
        ("oldmail.contoso.com", Outcome.NO_DATA, "it has no address"),
        ("mail.messaging.microsoft.com", "192.0.2.9", "Microsoft withdrew it"),
    ],
)
def test_hosts_that_are_gone(s4: Any, judge: Judge, host: str, address: Any, seen: str) -> None:
    found = judge(s4, f"eu MX 10 {host}.", **{host.replace(".", "__"): address})
    assert told(found) == (Verdict.NON_COMPLIANT, seen, "eu.contoso.com. 3600 IN MX 10 mail.contoso.com.")


def test_a_host_of_the_domain_before_the_change(s3: Any, judge: Judge) -> None:
    old = "mx.filter.example"
    zone = read_zone(f"$TTL 60\n@ MX 10 {old}.\n", "zones/contoso.com.zone")
    here = s3.change(before=replace(s3.environment.before, zones={"contoso.com": zone}))
    seen = "it took the mail of contoso.com before the change, and the plan does without it"
    led = f"eu MX 10 {old}."
    assert told(judge(here, led, before=True, mx__filter__example="192.0.2.9"))[:2] == (Verdict.NON_COMPLIANT, seen)
    stays = here.declare(mx=(old,))
    assert told(judge(stays, led, before=True, mx__filter__example="192.0.2.9"))[0] is Verdict.COMPLIANT


def test_an_own_host_of_which_nobody_knows_anything(s4: Any, judge: Judge) -> None:
    assert told(judge(s4, "eu MX 10 lists", lists__contoso__com="192.0.2.9")) == (
        Verdict.NOT_VERIFIED,
        "environment.yaml names no such server: nobody here knows what it does with mail",
        "Add lists.contoso.com to environment.yaml, under on_premises if it is your own",
    )


@pytest.mark.parametrize(
    ("accepts", "verdict", "seen"),
    [
        (("contoso.com",), Verdict.NON_COMPLIANT, "mx1.filter.example does not accept eu.contoso.com"),
        (("contoso.com", "*.contoso.com"), Verdict.COMPLIANT, "accepts_for has eu.contoso.com (environment.yaml:"),
    ],
)
def test_servers_of_a_filter(world: Any, judge: Judge, accepts: Any, verdict: Verdict, seen: str) -> None:
    here = world("third-party-filter")
    parties = tuple(
        replace(p, servers=tuple(replace(s, other=replace(s.other, accepts_for=accepts)) for s in p.servers))
        for p in here.environment.third_parties
    )
    (one,) = judge(
        here.change(third_parties=parties), "eu MX 10 mx1.filter.example.", mx1__filter__example="203.0.113.10"
    )
    assert (one.verdict, one.seen[: len(seen)]) == (verdict, seen)


def relayed(world: Any, **fields: Any) -> Any:
    """Scenario 1, whose tenant takes mail for eu.contoso.com, with something else in that accepted domain."""
    domains = world.environment.microsoft_365.online.accepted_domains
    (number,) = (n for n, one in enumerate(domains) if one.domain_name == "eu.contoso.com")
    return world.item("accepted_domains", number, **fields)


def test_tenant_that_passes_it_on(s1: Any, judge: Judge) -> None:
    (one,) = judge(s1, f"eu MX 0 {EU}.", **{EU.replace("-", "_").replace(".", "__"): "52.101.0.36"})
    connector = s1.environment.microsoft_365.online.outbound_connectors[0].name
    seen = f"Microsoft 365 passes it on by '{connector}' to mail.contoso.com"
    assert (one.verdict, one.seen) == (Verdict.COMPLIANT, seen)
    assert [(each.asked, each.answer) for each in one.evidence[3:]] == [
        ("DomainType of accepted domain eu.contoso.com", ("InternalRelay",)),
        ("MatchSubDomains of accepted domain eu.contoso.com", ("False",)),
        (f"UseMXRecord of outbound connector '{connector}'", ("False",)),
        (f"SmartHosts of outbound connector '{connector}'", ("mail.contoso.com",)),
    ]
    assert one.evidence[3].of == s1.place("exchange-online/Get-AcceptedDomain.json", '"DomainType"', 4)


def test_tenant_that_knows_the_recipients(s1: Any, judge: Judge) -> None:
    found = judge(relayed(s1, domain_type=DomainType.AUTHORITATIVE), f"eu MX 0 {TENANT}.")
    assert told(found) == (Verdict.COMPLIANT, "Microsoft 365 does, and knows its recipients", "")


def test_tenant_that_does_not_know_the_name(s4: Any, world: Any, judge: Judge) -> None:
    unlocked = s4.item("inbound_connectors", 1, enabled=False)
    verdict, seen, remedy = told(judge(unlocked, f"eu MX 0 {TENANT}."))
    assert (verdict, seen[: len(REFUSED)]) == (Verdict.NON_COMPLIANT, REFUSED)
    below = (
        "Or let Microsoft 365 take mail for everything below the domain, and the connector to the own servers "
        "carry it:\n"
        "Set-AcceptedDomain contoso.com -DomainType InternalRelay\n"
        "Set-AcceptedDomain contoso.com -MatchSubDomains $true\n"
        'Set-OutboundConnector "<connector>" -RecipientDomains @{Add="*.contoso.com"}'
    )
    assert remedy == f"Add eu.contoso.com in the Microsoft 365 admin center, Settings, Domains\n{below}"
    out = "Take the wildcard out of the zone, or let it say that nobody takes mail: *.contoso.com. 3600 IN MX 0 ."
    assert told(judge(unlocked, f"* MX 0 {TENANT}."))[2] == f"{out}\n{below}"
    assert told(judge(world("all-in-cloud"), f"* MX 0 {TENANT}."))[2] == out  # nobody else could take it


def test_tenant_that_is_locked(s3: Any, judge: Judge) -> None:
    (first, *_) = s3.environment.microsoft_365.online.accepted_domains
    accepted = (*s3.environment.microsoft_365.online.accepted_domains, replace(first, domain_name="eu.contoso.com"))
    verdict, seen, remedy = told(judge(s3.online(accepted_domains=accepted), f"eu MX 0 {TENANT}."))
    assert (verdict, remedy) == (Verdict.NON_COMPLIANT, "eu.contoso.com. 3600 IN MX 10 mail.contoso.com.")
    assert seen.startswith(
        "Microsoft 365 refuses it: 550 5.7.51 TenantInboundAttribution; There is a partner connector"
    )


def test_host_that_microsoft_does_not_publish(s1: Any, judge: Judge) -> None:
    assert told(judge(s1, f"eu MX 0 {EU}.")) == (
        Verdict.NON_COMPLIANT,
        "it has no address",
        f"eu.contoso.com. 3600 IN MX 0 {TENANT}.",
    )


def matching(world: Any, kind: Any) -> Any:
    """The tenant matches subdomains of its domain."""
    (number,) = (
        n
        for n, one in enumerate(world.environment.microsoft_365.online.accepted_domains)
        if one.domain_name == "contoso.com"
    )
    return world.item("accepted_domains", number, match_sub_domains=True, domain_type=kind)


def test_subdomains_are_matched_in_internal_relay_domains_alone(s1: Any, judge: Judge) -> None:
    """ "Enable mail flow for subdomains": the domain must be one, and the connector must cover them."""
    wrong = matching(s1, DomainType.AUTHORITATIVE)
    assert told(judge(wrong, f"* MX 0 {TENANT}.")) == (
        Verdict.NON_COMPLIANT,
        "contoso.com is Authoritative: an internal relay domain alone matches subdomains",
        "Set-AcceptedDomain contoso.com -DomainType InternalRelay",
    )
    uncovered = matching(s1, DomainType.INTERNAL_RELAY)
    assert told(judge(uncovered, f"* MX 0 {TENANT}.")) == (
        Verdict.NON_COMPLIANT,
        "Microsoft 365 passes it on, as contoso.com is InternalRelay, and no connector covers it",
        'Set-OutboundConnector "<connector to the own servers>" -RecipientDomains @{Add="*.contoso.com"}',
    )
    covered = uncovered.item("outbound_connectors", recipient_domains=("contoso.com", "*.contoso.com"))
    connector = covered.environment.microsoft_365.online.outbound_connectors[0].name
    verdict, seen, remedy = told(judge(covered, f"* MX 0 {TENANT}."))
    assert (verdict, seen) == (
        Verdict.NON_COMPLIANT,
        f"Microsoft 365 passes it on by '{connector}' to mail.contoso.com, which does not accept *.contoso.com",
    )
    assert 'New-AcceptedDomain -Name "below contoso.com" -DomainName *.contoso.com' in remedy
    whole = covered.own_item("accepted_domains", match_sub_domains=True)
    assert told(judge(whole, f"* MX 0 {TENANT}."))[0] is Verdict.COMPLIANT
    hidden = covered.own_item("accepted_domains", match_sub_domains=Unknown("not exported"))
    assert told(judge(hidden, f"* MX 0 {TENANT}."))[:2] == (Verdict.NOT_VERIFIED, "not exported")
    # What is not known of one server hides nothing of another.
    gateway = replace(hidden.not_exchange().server, name="b.contoso.com")
    both = hidden.servers(hidden.server, gateway).item(
        "outbound_connectors", smart_hosts=("mail.contoso.com", "b.contoso.com")
    )
    assert told(judge(both, f"* MX 0 {TENANT}."))[1].endswith("to b.contoso.com, which does not accept *.contoso.com")


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        (
            {"enabled": False},
            "Microsoft 365 passes it on, as eu.contoso.com is InternalRelay, and no connector covers it",
        ),
        ({"use_mx_record": True}, "UseMXRecord is True: it goes where the MX record points"),
        ({"smart_hosts": ("relay.example",)}, "relay.example is no server of the environment"),
    ],
)
def test_connector_that_does_not_lead_to_the_own_servers(s1: Any, judge: Judge, changes: Any, seen: str) -> None:
    verdict, why, remedy = told(judge(s1.item("outbound_connectors", **changes), f"eu MX 0 {TENANT}."))
    assert (verdict, why.endswith(seen)) == (Verdict.NON_COMPLIANT, True)
    assert "Set-OutboundConnector" in remedy


@pytest.mark.parametrize(
    "lacking",
    [
        lambda w: w.online(accepted_domains=Unknown("lacking")),
        lambda w: w.online(inbound_connectors=Unknown("lacking")),
        lambda w: w.online(outbound_connectors=Unknown("lacking")),
        lambda w: w.item("outbound_connectors", smart_hosts=Unknown("lacking")),
        lambda w: w.exchange(accepted_domains=Unknown("lacking")),
        lambda w: relayed(w, domain_type=Unknown("lacking")),
    ],
)
def test_without_exports_of_the_tenant_nothing_is_known(s1: Any, judge: Judge, lacking: Any) -> None:
    assert told(judge(lacking(s1), f"eu MX 0 {TENANT}."))[:2] == (Verdict.NOT_VERIFIED, "lacking")


def test_a_name_in_another_tenant(s4: Any, judge: Judge) -> None:
    outside = (*s4.environment.outside, replace(s4.environment.outside[0], domain="eu.contoso.com", tenant_id="other"))
    found = judge(s4.change(outside=outside), f"eu MX 0 {TENANT}.")
    assert told(found) == (Verdict.COMPLIANT, "another tenant does, says environment.yaml (outside)", "")

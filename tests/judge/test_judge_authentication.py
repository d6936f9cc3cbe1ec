"""DMARC, DKIM, TLS-RPT and the names of exits: every verdict of every judge, with its words and its evidence."""

import base64
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailflow.exchange.known import Unknown
from mailflow.judge import dkim, dmarc, exit_name, tls_rpt
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Answer, Outcome, Question, Value, drive
from mailflow.records.dmarc import discover, discover_below

Zone = dict[tuple[str, str], Any]  # (name, type) → values, or an outcome
GOOD = "v=DMARC1; p=quarantine; rua=mailto:dmarc@contoso.com"
ONE = "selector1-contoso-com._domainkey.contoso.onmicrosoft.com"
TWO = "selector2-contoso-com._domainkey.contoso.onmicrosoft.com"
KEY = "k=ed25519; p=" + "A" * 43 + "="


def rsa_key(bits: int) -> str:
    """A key record of this length."""
    key = RSAPublicNumbers(65537, (1 << bits) - 1).public_key()
    return "p=" + base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def answered(zone: Zone, question: Question) -> Answer:
    found = zone.get((question.name, question.type), Outcome.NXDOMAIN)
    if isinstance(found, Outcome):
        return Answer(question, found)
    values: tuple[Value, ...] = tuple(found)
    return Answer(question, Outcome.FOUND, values)


def told(finding: Finding) -> tuple[Verdict, str]:
    assert finding.evidence or finding.verdict is Verdict.NOT_VERIFIED
    return finding.verdict, finding.seen


@pytest.mark.parametrize(
    ("records", "valid", "acts"),
    [
        ([GOOD], (Verdict.COMPLIANT, "found at _dmarc.contoso.com"), (Verdict.COMPLIANT, "the policy is quarantine")),
        ([], (Verdict.NON_COMPLIANT, "there is none"), (Verdict.NON_COMPLIANT, "no single record holds")),
        (
            [GOOD, GOOD + ";"],
            (Verdict.NON_COMPLIANT, "2 records at _dmarc.contoso.com: receivers take none of them"),
            (Verdict.NON_COMPLIANT, "no single record holds"),
        ),
        (
            ["v=DMARC1; p=all"],
            (Verdict.NON_COMPLIANT, "p=all is no policy; there are none, quarantine, reject"),
            (Verdict.NON_COMPLIANT, "the policy is none"),
        ),
        (
            ["v=DMARC1; p=reject; p=none"],
            (Verdict.NON_COMPLIANT, "the tag p stands twice"),
            (Verdict.NON_COMPLIANT, "the tag p stands twice"),
        ),
        (
            ["v=DMARC1; p=quarantine; t=y"],
            (Verdict.COMPLIANT, "found at _dmarc.contoso.com"),
            (Verdict.NON_COMPLIANT, "the policy is none, as t=y makes it milder by a step"),
        ),
        (
            Outcome.TIMEOUT,
            (Verdict.NOT_VERIFIED, "the look-up of _dmarc.contoso.com TXT failed"),
            (Verdict.NOT_VERIFIED, "the look-up of _dmarc.contoso.com TXT failed"),
        ),
    ],
)
def test_dmarc(world: Any, records: Any, valid: Any, acts: Any) -> None:
    domain = world("scenario-4").domain
    zone = {("_dmarc.contoso.com", "TXT"): records} if records else {}
    found = drive(discover(domain.name), lambda question: answered(zone, question))
    assert told(dmarc.one_valid(domain, found)) == valid
    assert told(dmarc.asks_for_action(domain, found)) == acts


FOR_THEM = "the policy of _dmarc.contoso.com for them is"


@pytest.mark.parametrize(
    ("record", "verdict", "seen", "remedy"),
    [
        ("p=quarantine", Verdict.COMPLIANT, f"{FOR_THEM} quarantine", ""),
        ("p=none; sp=reject", Verdict.COMPLIANT, f"{FOR_THEM} reject", ""),
        ("p=reject; t=y", Verdict.COMPLIANT, f"{FOR_THEM} quarantine, as t=y makes it milder by a step", ""),
        ("p=reject; sp=none; adkim=s", Verdict.NON_COMPLIANT, f"{FOR_THEM} none", "p=reject; adkim=s"),
        (
            "p=quarantine; np=none",
            Verdict.NON_COMPLIANT,
            f"{FOR_THEM} quarantine where the name exists, none where it does not",
            "p=quarantine",
        ),
        (
            "p=none; np=reject",
            Verdict.NON_COMPLIANT,
            f"{FOR_THEM} none where the name exists, reject where it does not",
            "p=quarantine",
        ),
        (
            "p=quarantine; t=y",
            Verdict.NON_COMPLIANT,
            f"{FOR_THEM} none, as t=y makes it milder by a step",
            "p=quarantine",
        ),
        ("p=none; psd=y", Verdict.NON_COMPLIANT, f"{FOR_THEM} none", ""),
        ("p=reject; sp=none; sp=reject", Verdict.NON_COMPLIANT, "the tag sp stands twice", ""),
    ],
)
def test_dmarc_for_names_below(world: Any, record: str, verdict: Verdict, seen: str, remedy: str) -> None:
    zone: Zone = {("_dmarc.contoso.com", "TXT"): [f"v=DMARC1; {record}"]}
    finding = judged_below(world, zone)
    assert finding.asked == "receivers are asked to quarantine or reject what fails for names below contoso.com"
    assert (told(finding), [one.asked for one in finding.evidence]) == (
        (verdict, seen),
        ["_dmarc.contoso.com TXT"] if "psd=y" in record else ["_dmarc.contoso.com TXT", "_dmarc.com TXT"],
    )
    assert finding.remedy == (f'_dmarc.contoso.com. 3600 IN TXT "v=DMARC1; {remedy}"' if remedy else "")


def judged_below(world: Any, zone: Zone) -> Finding:
    domain = world("scenario-4").domain
    return dmarc.asks_for_action_below(
        domain, drive(discover_below(domain.name), lambda question: answered(zone, question))
    )


def test_without_one_record_nobody_is_asked_to_act_on_names_below(world: Any) -> None:
    assert told(judged_below(world, {})) == (Verdict.NON_COMPLIANT, "no single record holds")
    silent = judged_below(world, {("_dmarc.contoso.com", "TXT"): Outcome.TIMEOUT})
    assert told(silent) == (Verdict.NOT_VERIFIED, "the look-up of _dmarc.contoso.com TXT failed")
    assert silent.remedy == (
        "Find out what the DNS says of _dmarc.contoso.com; where a plan is judged, supply the zone (zones/)"
    )


def test_what_stands_above_the_domain_matters_unless_its_record_says_otherwise(world: Any) -> None:
    """Section 4.10, step 2: psd=n ends the walk. A plan has no zone of what lies above."""
    here = world("scenario-4").declare(name="contoso.co.test")
    above: Zone = {("_dmarc.co.test", "TXT"): Outcome.REFUSED}
    own = ("_dmarc.contoso.co.test", "TXT")
    silent = judged_below(lambda _: here, above | {own: [GOOD]})
    assert told(silent) == (Verdict.NOT_VERIFIED, "the look-up of _dmarc.co.test TXT failed")
    assert silent.remedy == (
        "Find out what the DNS says of _dmarc.co.test; where a plan is judged, supply the zone (zones/)\n"
        "Or let the record of contoso.co.test say that it is the organization's own: psd=n"
    )
    ended = judged_below(lambda _: here, above | {own: [f"{GOOD}; psd=n"]})
    assert told(ended) == (Verdict.COMPLIANT, "the policy of _dmarc.contoso.co.test for them is quarantine")
    assert "psd=n" not in judged_below(lambda _: here, above).remedy  # it has none that could say it


@pytest.mark.parametrize(
    ("rua", "there", "verdict", "seen"),
    [
        ("mailto:a@contoso.com,mailto:b@mail.contoso.com", None, Verdict.COMPLIANT, "none goes elsewhere: "),
        ("mailto:a@reports.test", ["v=DMARC1"], Verdict.COMPLIANT, "1 agreed"),
        (
            "mailto:a@reports.test",
            ["v=spf1 -all"],
            Verdict.NON_COMPLIANT,
            "no record at contoso.com._report._dmarc.reports",
        ),
        ("mailto:a@reports.test", Outcome.NXDOMAIN, Verdict.NON_COMPLIANT, "no record at contoso.com._report._dmarc."),
        ("mailto:a@reports.test", Outcome.SERVFAIL, Verdict.NOT_VERIFIED, "the look-up of contoso.com._report._dmarc."),
        ("", None, Verdict.NOT_APPLICABLE, "no record asks for reports"),
    ],
)
def test_dmarc_reports(world: Any, rua: str, there: Any, verdict: Verdict, seen: str) -> None:
    domain = world("scenario-4").domain
    zone = {
        ("_dmarc.contoso.com", "TXT"): [f"v=DMARC1; p=none; rua={rua}"],
        ("contoso.com._report._dmarc.reports.test", "TXT"): there,
    }
    found = drive(discover(domain.name), lambda question: answered(zone, question))
    answers = [answered(zone, question) for question in dmarc.authorisations(found)]
    finding = dmarc.reports_are_authorised(domain, found, answers)
    assert finding.verdict is verdict
    assert finding.seen.startswith(seen)


def selectors(zone: Zone, domain: Any) -> tuple[dkim.Selector, ...]:
    return dkim.selectors([answered(zone, question) for question in dkim.questions(domain)])


def published(**changes: Any) -> Zone:
    base = "_domainkey.contoso.com"
    zone: Zone = {
        (f"selector1.{base}", "CNAME"): [ONE],
        (f"selector1.{base}", "TXT"): [KEY],
        (f"selector2.{base}", "CNAME"): [TWO],
        (f"selector2.{base}", "TXT"): [KEY],
    }
    return zone | {(f"{key.partition('_')[0]}.{base}", key.partition("_")[2]): value for key, value in changes.items()}


@pytest.mark.parametrize(
    ("zone", "leads", "keys"),
    [
        (published(), (Verdict.COMPLIANT, "both are"), (Verdict.COMPLIANT, "2 of 2 have one")),
        (
            published(selector2_CNAME=Outcome.NXDOMAIN, selector2_TXT=Outcome.NXDOMAIN),
            (Verdict.NON_COMPLIANT, f"selector2._domainkey.contoso.com leads to nothing, not to {TWO}"),
            (Verdict.COMPLIANT, "1 of 2 have one"),
        ),
        (
            published(selector1_CNAME=Outcome.NO_DATA),
            (Verdict.NON_COMPLIANT, f"selector1._domainkey.contoso.com leads to a TXT record of its own, not to {ONE}"),
            (Verdict.COMPLIANT, "2 of 2 have one"),
        ),
        (
            published(selector1_TXT=["p="]),
            (Verdict.COMPLIANT, "both are"),
            (Verdict.NON_COMPLIANT, "selector1._domainkey.contoso.com: p is empty: the key was revoked"),
        ),
        (  # what was not seen may be broken
            published(selector2_TXT=Outcome.SERVFAIL),
            (Verdict.COMPLIANT, "both are"),
            (Verdict.NOT_VERIFIED, "the look-up of selector2._domainkey.contoso.com TXT failed"),
        ),
        (
            published(selector1_TXT=[KEY + "; t=y"], selector2_TXT=Outcome.NXDOMAIN),
            (Verdict.COMPLIANT, "both are"),
            (Verdict.NON_COMPLIANT, "every key says t=y: receivers treat the mail as unsigned"),
        ),
        (
            published(selector1_TXT=Outcome.NXDOMAIN, selector2_TXT=Outcome.NXDOMAIN),
            (Verdict.COMPLIANT, "both are"),
            (Verdict.NON_COMPLIANT, "neither leads to a key"),
        ),
        (
            published(selector1_CNAME=Outcome.TIMEOUT, selector1_TXT=Outcome.TIMEOUT, selector2_TXT=Outcome.NXDOMAIN),
            (Verdict.NOT_VERIFIED, "the look-up of selector1._domainkey.contoso.com CNAME failed"),
            (Verdict.NOT_VERIFIED, "the look-up of selector1._domainkey.contoso.com TXT failed"),
        ),
    ],
)
def test_dkim_selectors(world: Any, zone: Zone, leads: Any, keys: Any) -> None:
    here = world("scenario-4")
    seen = selectors(zone, here.domain)
    assert told(dkim.lead_to_the_tenant(here.environment, here.domain, seen)) == leads
    assert told(dkim.have_usable_keys(here.environment, here.domain, seen)) == keys


def test_short_dkim_keys_are_noted_and_those_of_no_use_are_not(world: Any) -> None:
    here = world("scenario-4")
    seen = selectors(published(selector1_TXT=[rsa_key(1024)], selector2_TXT=[KEY]), here.domain)
    found = dkim.have_usable_keys(here.environment, here.domain, seen)
    noted = "selector1._domainkey.contoso.com has a key of 1024 bits; 2048 are asked for (RFC 8301)"
    assert (*told(found), found.notes) == (Verdict.COMPLIANT, "2 of 2 have one", (noted,))
    seen = selectors(published(selector1_TXT=[rsa_key(512)], selector2_TXT=[KEY]), here.domain)
    found = dkim.have_usable_keys(here.environment, here.domain, seen)
    wrong = "selector1._domainkey.contoso.com: a key of 512 bits: receivers take none below 1024"
    assert (*told(found), found.notes) == (Verdict.NON_COMPLIANT, wrong, ())


@pytest.mark.parametrize(
    ("configs", "verdict"),
    [
        (lambda one: (one,), Verdict.COMPLIANT),
        (lambda one: (replace(one, enabled=False),), Verdict.NON_COMPLIANT),
        (lambda one: (replace(one, domain="fabrikam.com"),), Verdict.NON_COMPLIANT),
        (lambda one: (replace(one, enabled=Unknown("who knows")),), Verdict.NOT_VERIFIED),
        (lambda one: (one, replace(one, enabled=False)), Verdict.NOT_VERIFIED),
        (lambda _: Unknown("Get-DkimSigningConfig.json was not supplied"), Verdict.NOT_VERIFIED),
    ],
)
def test_dkim_signing(world: Any, configs: Any, verdict: Verdict) -> None:
    here = world("scenario-4")
    (config,) = here.environment.microsoft_365.online.dkim_signing_configs
    there = here.online(dkim_signing_configs=configs(config))
    assert told(dkim.signs(there.environment, there.domain))[0] is verdict


@pytest.mark.parametrize(
    "configs",
    [
        lambda one: (replace(one, selector_2_cname=Unknown("who knows")),),
        lambda one: (replace(one, domain="fabrikam.com"),),
        lambda _: Unknown("Get-DkimSigningConfig.json was not supplied"),
    ],
)
def test_without_the_names_of_the_tenant_selectors_prove_nothing(world: Any, configs: Any) -> None:
    here = world("scenario-4")
    (config,) = here.environment.microsoft_365.online.dkim_signing_configs
    there = here.online(dkim_signing_configs=configs(config))
    finding = dkim.lead_to_the_tenant(there.environment, there.domain, selectors(published(), there.domain))
    assert finding.verdict is Verdict.NOT_VERIFIED


def test_what_is_not_known_of_one_selector_hides_nothing_of_the_other(world: Any) -> None:
    here = world("scenario-4")
    (config,) = here.environment.microsoft_365.online.dkim_signing_configs
    odd = replace(config, selector_1_cname=Unknown("who knows"), selector_2_cname="selector2.elsewhere.example")
    there = here.online(dkim_signing_configs=(odd,))
    finding = dkim.lead_to_the_tenant(there.environment, there.domain, selectors(published(), there.domain))
    assert told(finding) == (
        Verdict.NON_COMPLIANT,
        f"selector2._domainkey.contoso.com leads to {TWO}, not to selector2.elsewhere.example",
    )


def test_without_the_configuration_of_the_tenant_nobody_knows_where_its_keys_are(world: Any) -> None:
    here = world("scenario-4")
    why = "exchange-online/Get-DkimSigningConfig.json was not supplied"
    there = here.online(dkim_signing_configs=Unknown(why))

    def judged(**change: Any) -> Finding:
        return dkim.have_usable_keys(there.environment, there.domain, selectors(published(**change), there.domain))

    silent = judged(selector1_TXT=Outcome.REFUSED, selector2_TXT=Outcome.NXDOMAIN)
    failed = "the look-up of selector1._domainkey.contoso.com TXT failed"
    assert told(silent) == (Verdict.NOT_VERIFIED, f"{why}; {failed}")
    assert silent.remedy.startswith("Supply every property: @(Get-DkimSigningConfig)")
    # What the DNS does say counts all the same: in a live run it is there for anybody to see.
    assert told(judged()) == (Verdict.COMPLIANT, "2 of 2 have one")
    absent = judged(selector1_TXT=Outcome.NXDOMAIN, selector2_TXT=Outcome.NXDOMAIN)
    assert told(absent) == (Verdict.NON_COMPLIANT, "neither leads to a key")


@pytest.mark.parametrize(
    ("found", "verdict", "seen"),
    [
        (["v=TLSRPTv1; rua=mailto:a@b.test"], Verdict.COMPLIANT, "reports go to mailto:a@b.test"),
        (["v=spf1 -all"], Verdict.NON_COMPLIANT, "there is none"),
        (["v=TLSRPTv1; rua=mailto:a@b.test"] * 2, Verdict.NON_COMPLIANT, "2 records: senders take none of them"),
        (["v=TLSRPTv1"], Verdict.NON_COMPLIANT, "it has no rua: nobody gets a report"),
        (Outcome.NXDOMAIN, Verdict.NON_COMPLIANT, "there is none"),
        (Outcome.REFUSED, Verdict.NOT_VERIFIED, "the look-up of _smtp._tls.contoso.com TXT failed"),
    ],
)
def test_tls_rpt(world: Any, found: Any, verdict: Verdict, seen: str) -> None:
    question = Question("_smtp._tls.contoso.com", "TXT")
    answer = answered({(question.name, question.type): found}, question)
    assert told(tls_rpt.one_valid(world("scenario-4").domain, answer)) == (verdict, seen)


EXIT, HOST = "131.107.21.231", "mail.contoso.com"
REVERSE = "231.21.107.131.in-addr.arpa"
BOTH: Zone = {(REVERSE, "PTR"): [HOST], (HOST, "A"): [ip_address(EXIT)]}


@pytest.mark.parametrize(
    ("change", "reverse", "greeting"),
    [
        ({}, (Verdict.COMPLIANT, f"so it is for {EXIT}"), (Verdict.COMPLIANT, f"so it is for {EXIT}")),
        (
            {(REVERSE, "PTR"): Outcome.NXDOMAIN},
            (Verdict.NON_COMPLIANT, f"{EXIT} has no name"),
            (Verdict.COMPLIANT, f"so it is for {EXIT}"),
        ),
        (
            {(REVERSE, "PTR"): ["pool.isp.test"]},
            (Verdict.NON_COMPLIANT, f"{EXIT} has the name pool.isp.test, which does not lead back to it"),
            (Verdict.COMPLIANT, f"so it is for {EXIT}"),
        ),
        (
            {(HOST, "A"): [ip_address("192.0.2.1")]},
            (Verdict.NON_COMPLIANT, f"{EXIT} has the name {HOST}, which does not lead back to it"),
            (Verdict.NON_COMPLIANT, f"{HOST}, said from {EXIT}, leads to 192.0.2.1"),
        ),
        (
            {(HOST, "A"): Outcome.NXDOMAIN},
            (Verdict.NON_COMPLIANT, f"{EXIT} has the name {HOST}, which does not lead back to it"),
            (Verdict.NON_COMPLIANT, f"{HOST}, said from {EXIT}, leads to no address"),
        ),
        (
            {(REVERSE, "PTR"): Outcome.TIMEOUT},
            (Verdict.NOT_VERIFIED, f"the look-up of {REVERSE} PTR failed"),
            (Verdict.COMPLIANT, f"so it is for {EXIT}"),
        ),
        (
            {(HOST, "A"): Outcome.SERVFAIL},
            (Verdict.NOT_VERIFIED, f"the look-up of {HOST} A failed"),
            (Verdict.NOT_VERIFIED, f"the look-up of {HOST} A failed"),
        ),
    ],
)
def test_names_of_exits(world: Any, change: Zone, reverse: Any, greeting: Any) -> None:
    environment = world("scenario-4").environment
    seen = [drive(ask, lambda question: answered(BOTH | change, question)) for ask in exit_name.look(environment)]
    assert told(exit_name.reverse_leads_back(seen)) == reverse
    assert told(exit_name.greeting_leads_back(seen)) == greeting


@pytest.mark.parametrize(
    ("listens", "name"),
    [([EXIT], HOST), ([], HOST), (["192.0.2.1"], f"out-{HOST}")],  # mail for HOST would come to an exit that is deaf
)
def test_the_name_of_an_exit_leads_no_mail_to_where_nobody_listens(world: Any, listens: list[str], name: str) -> None:
    (server,) = world("scenario-4").environment.on_premises.servers
    server = replace(server, listens=tuple(map(ip_address, listens)), sends_from=(ip_address(EXIT),))
    absent = Answer(Question(HOST, "A"), Outcome.NXDOMAIN)
    seen = [exit_name.ExitNames(server, ip_address(EXIT), absent, (), absent)]
    record = f"{name}. IN A {EXIT}"
    assert exit_name.reverse_leads_back(seen).remedy == f"Publish:\n{REVERSE}. IN PTR {name}.\n{record}"
    also = f" (and let {HOST} greet with that name: greets_as, Set-SendConnector -Fqdn)" if name != HOST else ""
    assert exit_name.greeting_leads_back(seen).remedy == f"Publish:\n{record}{also}"


def test_what_is_unknown_of_one_exit_does_not_hide_what_is_wrong_with_another(world: Any) -> None:
    (server,) = world("scenario-4").environment.on_premises.servers
    first, second = ip_address(EXIT), ip_address("192.0.2.7")

    def exits(pointer: Outcome, greeting: Outcome) -> list[exit_name.ExitNames]:
        silent = Answer(Question(HOST, "A"), Outcome.TIMEOUT)
        no_pointer, no_host = Answer(Question(REVERSE, "PTR"), pointer), Answer(Question(HOST, "A"), greeting)
        return [
            exit_name.ExitNames(server, first, replace(silent, question=Question(REVERSE, "PTR")), (), silent),
            exit_name.ExitNames(server, second, no_pointer, (), no_host),
        ]

    proven = exits(Outcome.NXDOMAIN, Outcome.NXDOMAIN)
    assert told(exit_name.reverse_leads_back(proven)) == (Verdict.NON_COMPLIANT, "192.0.2.7 has no name")
    words = f"{server.greets_as}, said from 192.0.2.7, leads to no address"
    assert told(exit_name.greeting_leads_back(proven)) == (Verdict.NON_COMPLIANT, words)
    unknown = exits(Outcome.TIMEOUT, Outcome.TIMEOUT)
    assert exit_name.reverse_leads_back(unknown).verdict is Verdict.NOT_VERIFIED
    assert exit_name.greeting_leads_back(unknown).verdict is Verdict.NOT_VERIFIED


def test_without_an_exit_nothing_is_true() -> None:
    assert exit_name.reverse_leads_back([]).verdict is Verdict.NOT_VERIFIED
    assert exit_name.greeting_leads_back([]).verdict is Verdict.NOT_VERIFIED


def test_a_send_connector_gives_the_name_in_ehlo(s3: Any) -> None:
    """Exchange greets with the Fqdn of the connector; a name of the inside no DNS server of the Internet has."""
    inside = s3.own_item("send_connectors", 1, fqdn="ex01.contoso.local").environment
    seen = [drive(ask, lambda question: answered(BOTH, question)) for ask in exit_name.look(inside)]
    assert [one.said for one in seen] == [HOST, "ex01.contoso.local"]
    assert told(exit_name.reverse_leads_back(seen)) == (Verdict.COMPLIANT, f"so it is for {EXIT}")
    found = exit_name.greeting_leads_back(seen)
    assert (found.verdict, found.seen, found.remedy) == (
        Verdict.NON_COMPLIANT,
        f"ex01.contoso.local, said from {EXIT}, is a name that the Internet's DNS does not have",
        f"Publish:\n{HOST}. IN A {EXIT} (and let {HOST} greet with that name: Set-SendConnector -Fqdn)",
    )
    other = s3.own_item("send_connectors", 1, fqdn="out.contoso.com").environment
    seen = [drive(ask, lambda question: answered(BOTH, question)) for ask in exit_name.look(other)]
    assert exit_name.greeting_leads_back(seen).seen == f"out.contoso.com, said from {EXIT}, leads to no address"
    unused = s3.own_item("send_connectors", 1, fqdn="ex01.contoso.local", enabled=False).environment
    assert [one.said for one in (drive(ask, lambda q: answered(BOTH, q)) for ask in exit_name.look(unused))] == [HOST]
    elsewhere = s3.own_item("send_connectors", 1, fqdn="x.local", source_transport_servers=("EX09",)).environment
    assert [one.said for one in (drive(ask, lambda q: answered(BOTH, q)) for ask in exit_name.look(elsewhere))] == [
        HOST
    ]

"""A domain that neither sends nor gets mail: every verdict, with its words and its evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.environment import Domain
from mailflow.judge import dmarc, parked
from mailflow.mail.address import Address
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Answer, Outcome, Question, drive
from mailflow.records.dmarc import discover

DOMAIN = Domain("contoso.net", "parked", ())
TESTING = "quarantine by p, quarantine by sp, quarantine by np, as t=y makes it milder by a step"
KEY = "k=ed25519; p=" + "A" * 43 + "="


def told(found: Finding) -> tuple[Verdict, str]:
    assert found.evidence or found.verdict is Verdict.NOT_VERIFIED
    return found.verdict, found.seen


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([(0, ".")], (Verdict.COMPLIANT, "it is")),
        ([(10, ".")], (Verdict.COMPLIANT, "it is")),
        ([], (Verdict.NON_COMPLIANT, "there is no MX record: senders try the address of the domain itself")),
        ([(10, "mail.contoso.com")], (Verdict.NON_COMPLIANT, "there is MX 10 mail.contoso.com.")),
        ([(0, "."), (10, "a.net")], (Verdict.NON_COMPLIANT, "there is MX 0 . and MX 10 a.net.")),
    ],
)
def test_the_null_mx(records: list[Any], expected: tuple[Verdict, str], answer: Callable[..., Answer]) -> None:
    found = parked.takes_no_mail(DOMAIN, answer("contoso.net MX", *records))
    assert told(found) == expected
    assert found.notes == (("its preference is 10; RFC 7505 section 3 writes 0",) if records == [(10, ".")] else ())


def test_an_mx_record_that_could_not_be_looked_up(answer: Callable[..., Answer]) -> None:
    found = parked.takes_no_mail(DOMAIN, answer("contoso.net MX", outcome=Outcome.SERVFAIL))
    assert told(found) == (Verdict.NOT_VERIFIED, "the look-up of contoso.net MX failed")


@pytest.mark.parametrize(
    ("txt", "others", "expected"),
    [
        ("v=spf1 -all", {}, (Verdict.COMPLIANT, "it says -all and nothing else")),
        ("v=spf1 ~all", {}, (Verdict.NON_COMPLIANT, "it says ~all")),
        ("v=spf1", {}, (Verdict.NON_COMPLIANT, "it says nothing of anybody")),
        ("v=spf1 a -all", {}, (Verdict.NON_COMPLIANT, "it says a -all")),
        ("v=spf1 -ip4:192.0.2.1 -all", {}, (Verdict.NON_COMPLIANT, "it says -ip4:192.0.2.1 -all")),
        ((), {}, (Verdict.NOT_APPLICABLE, "there is not exactly one SPF record")),
        (
            "v=spf1 redirect=spf.contoso.org",
            {"spf__contoso__org": "v=spf1 -all"},
            (Verdict.COMPLIANT, "it says -all and nothing else"),
        ),
        (
            "v=spf1 redirect=spf.contoso.org",
            {"spf__contoso__org": "v=spf1 ip4:192.0.2.1 -all"},
            (Verdict.NON_COMPLIANT, "it says ip4:192.0.2.1 -all"),
        ),
        (
            "v=spf1 redirect=spf.contoso.org",
            {"spf__contoso__org": Outcome.TIMEOUT},
            (Verdict.NOT_VERIFIED, "a look-up failed"),
        ),
    ],
)
def test_spf(txt: Any, others: Any, expected: tuple[Verdict, str], world: Any, look: Any) -> None:
    seen = look(world("all-in-cloud").declare(name="contoso.net"), txt, **others)
    assert told(parked.spf_lets_nobody_pass(DOMAIN, seen)) == expected


def test_which_selectors_are_looked_up(world: Any) -> None:
    """Those of Microsoft 365, of the plan and of everybody who is said to sign, and one that only a wildcard has."""
    environment = world("all-in-cloud").environment
    service = replace(environment.third_parties[0], dkim={"contoso.net": "service", "contoso.com": "newsletter"})
    domains = ("contoso.net", "contoso.com")
    own, other = (
        parked.selectors(replace(environment, third_parties=(service,)), Domain(name, "parked", ())) for name in domains
    )
    names = ("selector1", "selector2", "service", "mailflow-selector-of-this-name")
    assert own == tuple(Question(f"{name}._domainkey.contoso.net", "TXT") for name in names)
    assert [each.name.partition(".")[0] for each in other] == [*names[:2], "newsletter", names[3]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (Verdict.COMPLIANT, "none does")),
        (["v=DKIM1; p="], (Verdict.COMPLIANT, "none does")),
        ([f"v=DKIM1; {KEY}"], (Verdict.NON_COMPLIANT, "selector1._domainkey.contoso.net does")),
        ([f"v=DKIM1; t=y; {KEY}"], (Verdict.COMPLIANT, "none does")),
        (["v=DKIM1; p=", f"v=DKIM1; {KEY}"], (Verdict.NON_COMPLIANT, "selector1._domainkey.contoso.net does")),
        (["v=spf1 -all"], (Verdict.COMPLIANT, "none does")),
    ],
)
def test_keys(values: list[str], expected: tuple[Verdict, str], answer: Callable[..., Answer]) -> None:
    found = parked.no_usable_key(DOMAIN, [answer("selector1._domainkey.contoso.net TXT", *values)])
    assert told(found) == expected


def test_a_selector_that_could_not_be_looked_up_may_have_a_key(answer: Callable[..., Answer]) -> None:
    silent = answer("selector1._domainkey.contoso.net TXT", outcome=Outcome.TIMEOUT)
    found = parked.no_usable_key(DOMAIN, [silent])
    assert told(found) == (Verdict.NOT_VERIFIED, "the look-up of selector1._domainkey.contoso.net TXT failed")
    seen = parked.no_usable_key(DOMAIN, [silent, answer("selector2._domainkey.contoso.net TXT", f"v=DKIM1; {KEY}")])
    assert seen.verdict is Verdict.NON_COMPLIANT


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("contoso.net", "p=reject", (Verdict.COMPLIANT, "reject by p, reject by sp, reject by np")),
        (
            "contoso.net",
            "p=reject; sp=quarantine",
            (Verdict.NON_COMPLIANT, "what is asked for is reject by p, quarantine by sp, quarantine by np"),
        ),
        (
            "contoso.net",
            "p=reject; np=none",
            (Verdict.NON_COMPLIANT, "what is asked for is reject by p, reject by sp, none by np"),
        ),
        (
            "contoso.net",
            "p=reject; t=y",
            (Verdict.NON_COMPLIANT, "what is asked for is " + TESTING),
        ),
        ("net", "p=none; sp=reject", (Verdict.COMPLIANT, "reject by sp, reject by np")),
        ("contoso.net", "p=reject; p=none", (Verdict.NON_COMPLIANT, "the tag p stands twice")),
    ],
)
def test_rejection(name: str, record: str, expected: tuple[Verdict, str], answer: Callable[..., Answer]) -> None:
    zone = {f"_dmarc.{name}": f"v=DMARC1; {record}"}
    found = drive(
        discover("contoso.net"), lambda asked: answer(str(asked), *([zone[asked.name]] if asked.name in zone else []))
    )
    assert told(dmarc.asks_for_rejection(DOMAIN, found)) == expected


def test_rejection_without_a_record_and_without_an_answer(answer: Callable[..., Answer]) -> None:
    none = drive(discover("contoso.net"), lambda asked: answer(str(asked)))
    assert told(dmarc.asks_for_rejection(DOMAIN, none)) == (Verdict.NON_COMPLIANT, "no single record holds")
    silent = drive(discover("contoso.net"), lambda asked: answer(str(asked), outcome=Outcome.SERVFAIL))
    found = dmarc.asks_for_rejection(DOMAIN, silent)
    assert told(found) == (Verdict.NOT_VERIFIED, "the look-up of _dmarc.contoso.net TXT failed")


def test_nobody_sends(world: Any) -> None:
    devices = world("scenario-1-devices").environment
    found = parked.nobody_sends(devices, DOMAIN)
    assert told(found) == (Verdict.COMPLIANT, "nobody of the 10 recipients that the exports list has")
    sides = "mailbox in the tenant, mail user, on-premises mailbox, remote mailbox"
    assert [(one.of, one.asked) for one in found.evidence] == [(sides, "senders in contoso.net")]


def test_whoever_sends_all_the_same_is_named(world: Any) -> None:
    """The same judgement of a domain that has all of them."""
    devices = world("scenario-1-devices").environment
    found = parked.nobody_sends(devices, Domain("contoso.com", "parked", ()))
    assert found.verdict is Verdict.NON_COMPLIANT
    listed = "chris@contoso.com, sara@contoso.com, lee@contoso.com, kate@contoso.com, david@contoso.com"
    said = [f"mailboxes: {listed}", "third parties: newsletter", "devices: scanner, orders, monitoring, payroll"]
    assert found.seen.split("; ")[:3] == said
    exported = found.seen.split("; ")[3:]
    assert {"mailbox in the tenant", "mail user", "on-premises mailbox", "remote mailbox"} == {
        one.rpartition(" ")[0] for one in exported
    }
    assert len(found.evidence) == 3 + len(exported)


def test_servers_that_are_not_exchange_export_nobody(s4: Any) -> None:
    found = parked.nobody_sends(s4.not_exchange().environment, DOMAIN)
    assert [one.of for one in found.evidence] == ["mailbox in the tenant, mail user"]


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"sends_as": Address("news", "contoso.net")}, "third parties: newsletter"),
        ({"sends_as": Address("news", "mail.contoso.net")}, "third parties: newsletter"),
        ({"returns_to": Address("bounce", "contoso.net")}, "third parties: newsletter"),
        ({"returns_to": Address("bounce", "b.contoso.net")}, "third parties: newsletter"),
        ({"sends_as": Address("news", "shop.contoso.net")}, "nobody of the 10 recipients that the exports list has"),
    ],
)
def test_a_service_may_use_the_domain_in_either_address(world: Any, fields: dict[str, Any], seen: str) -> None:
    """A further domain below it has mail of its own."""
    devices = world("scenario-1-devices").environment
    (party,) = devices.third_parties
    shop = Domain("shop.contoso.net", 1, ())
    changed = replace(devices, third_parties=(replace(party, **fields),), domains=(*devices.domains, shop))
    assert parked.nobody_sends(changed, DOMAIN).seen == seen


@pytest.mark.parametrize(
    ("path", "what"), [("devices", "devices"), ("third_parties", "third parties"), ("mailboxes", "mailboxes")]
)
def test_what_nobody_has_said_is_not_known(world: Any, path: str, what: str) -> None:
    devices = world("scenario-1-devices").environment
    unsaid = replace(devices, lines={key: line for key, line in devices.lines.items() if key != path})
    found = parked.nobody_sends(unsaid, DOMAIN)
    assert told(found) == (Verdict.NOT_VERIFIED, f"nobody has said which {what} there are")
    assert f"{path}: {{}} for none" in found.remedy

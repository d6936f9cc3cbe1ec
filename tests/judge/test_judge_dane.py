"""DANE: every verdict, with its words, its evidence and the record to publish."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest
import trustme
from cryptography import x509

from mailflow.environment.environment import Stage
from mailflow.judge import dane
from mailflow.mail.envelope import Envelope
from mailflow.observe.reached import Reached
from mailflow.observe.smtp import TlsSession
from mailflow.policy.finding import Finding, Verdict
from mailflow.records.answer import Answer, MxRecord, Outcome, Question
from mailflow.records.tlsa import association, written

OWN, CLOUD = "mail.contoso.com", "contoso-com.o-v1.mx.microsoft"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
OK, WRONG, OPEN, NONE = Verdict.COMPLIANT, Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED, Verdict.NOT_APPLICABLE
FILE = "certificates/mail.contoso.com.pem"
UNFIT = f"no TLSA record fits what {OWN} shows ({FILE})"
ADDRESS = ip_address("192.0.2.1")
UNUSED = f"none of the TLSA records of {OWN} is one that senders use"

CA = trustme.CA()


def chain(
    *names: str, since: datetime = datetime(2020, 1, 1, tzinfo=UTC), until: datetime = datetime(2125, 1, 1, tzinfo=UTC)
) -> tuple[x509.Certificate, ...]:
    leaf = CA.issue_cert(*names, not_before=since, not_after=until)
    return tuple(x509.load_pem_x509_certificates(leaf.cert_chain_pems[0].bytes() + CA.cert_pem.bytes()))


def anchored(selector: int = 0) -> str:
    return f"2 {selector} 1 {association(chain('x.example')[1], selector, 1).hex()}"


def leaf_of(world: Any) -> x509.Certificate:
    certificate = world.server.certificate
    assert certificate
    leaf: x509.Certificate = certificate.leaf
    return leaf


def shows(world: Any, *sent: x509.Certificate) -> Any:
    certificate = replace(world.server.certificate, leaf=sent[0], chain=tuple(sent[1:]))
    return world.with_server(certificate=certificate)


Zone = dict[str, Any]  # "name type" → values or an outcome; what is missing does not exist
SIGNED: Zone = {"contoso.com MX": [MxRecord(10, OWN)], f"{OWN} A": [ADDRESS]}


def judged(
    world: Any, zone: Zone, *, plain: tuple[str, ...] = (), stage: Stage = Stage.PLAN, reached: tuple[Reached, ...] = ()
) -> Finding:
    """Judge with a DNS of this content, in which DNSSEC proves all but what is about the plain names."""

    def answer(question: Question) -> Answer:
        held = zone.get(str(question), Outcome.NXDOMAIN)
        outcome, values = (held, ()) if isinstance(held, Outcome) else (Outcome.FOUND, tuple(held))
        proven = not any(question.name.endswith(name) for name in plain)
        told = tuple(map(str, values)) or (str(outcome),)
        return Answer(question, outcome, values, authentic=proven, text=told)

    found = dane.look(world.environment, world.domain, lambda questions: tuple(map(answer, questions)), stage, reached)
    return dane.fits(world.domain, found, NOW)


def told(finding: Finding) -> tuple[Verdict, str]:
    assert finding.asked == "the TLSA records of the MX hosts of contoso.com fit the certificates that these show"
    assert finding.evidence[0].asked == "contoso.com MX"
    return finding.verdict, finding.seen


def tlsa(*records: str) -> Zone:
    return SIGNED | {f"_25._tcp.{OWN} TLSA": list(records)}


def test_the_own_certificate_fits(s4: Any) -> None:
    record = written(leaf_of(s4))
    found = judged(s4, tlsa(record))
    assert told(found) == (OK, f"{record[:23]}… fits {OWN} ({FILE})")
    assert found.notes == ()
    assert [(one.kind, one.asked) for one in found.evidence] == [
        ("dns", "contoso.com MX"),
        ("dns", f"{OWN} A"),
        ("dns", f"_25._tcp.{OWN} TLSA"),
        ("config", f"certificate of {OWN}, as a TLSA record"),
    ]
    assert found.evidence[0].answer[-1] == "authentic by DNSSEC, says the resolver"
    assert (found.evidence[3].of, found.evidence[3].answer) == (FILE, (record,))


def test_an_old_record_beside_the_right_one_is_a_note(s4: Any) -> None:
    found = judged(s4, tlsa(written(leaf_of(s4)), "3 1 1 " + "ab" * 32, "1 1 1 " + "ab" * 32))
    assert found.verdict is OK
    assert found.notes == (
        f"{OWN}: senders leave 1 1 1 {'ab' * 8}a… aside: usage 1 is none that mail knows",
        f"{OWN}: 3 1 1 {'ab' * 8}a… fits nothing that it shows",
    )


@pytest.mark.parametrize(
    ("records", "seen"),
    [
        (
            ["3 1 1 " + "ab" * 32],
            f"{UNFIT}, so senders that ask wait: 3 1 1 {'ab' * 8}a…: another certificate",
        ),
        (
            ["0 1 1 " + "ab" * 32],
            f"{UNUSED}; {OWN}: senders leave 0 1 1 {'ab' * 8}a… aside: usage 0 is none that mail knows",
        ),
        (["3 1 1 abcd"], f"{UNUSED}; {OWN}: senders leave 3 1 1 abcd aside: 2 octets are no such digest"),
        (["nonsense"], UNUSED),
        ([], f"{OWN} has no TLSA record, though its zone is signed"),
    ],
)
def test_what_is_wrong_is_mended_by_the_right_record(records: list[str], seen: str, s4: Any) -> None:
    found = judged(s4, tlsa(*records) if records else SIGNED)
    assert told(found) == (WRONG, seen)
    assert found.remedy.splitlines() == [
        "Publish, and at a renewal the record of the next certificate a TTL before it:",
        f"_25._tcp.{OWN}. IN TLSA {written(leaf_of(s4))}",
    ]


@pytest.mark.parametrize("selector", [0, 1])
def test_below_an_authority_name_and_dates_count(selector: int, s4: Any) -> None:
    """RFC 7672 section 3.1.2; of the server's own certificate neither does (section 3.1.1)."""
    zone = tlsa(anchored(selector))
    assert judged(shows(s4, *chain(OWN)), zone).verdict is OK
    assert judged(shows(s4, *chain("contoso.com")), zone).verdict is OK  # the domain for which the mail is
    assert judged(shows(s4, *chain("*.contoso.com")), zone).verdict is OK
    other = judged(shows(s4, *chain("www.example")), zone)
    assert other.verdict is WRONG
    assert other.seen.endswith(": the certificate below that authority names www.example")
    late = chain(OWN, until=datetime(2026, 11, 30, tzinfo=UTC))
    assert judged(shows(s4, *late), zone).seen.endswith(
        "the certificate below that authority is valid from 2020-01-01 to 2026-11-30"
    )
    early = chain(OWN, since=datetime(2026, 12, 2, tzinfo=UTC))
    assert judged(shows(s4, *early), zone).seen.endswith(
        "the certificate below that authority is valid from 2026-12-02 to 2125-01-01"
    )
    assert judged(shows(s4, *late), tlsa(written(late[0]))).verdict is OK
    unsent = judged(shows(s4, *chain(OWN)[:1]), zone)
    assert unsent.seen.endswith(": another certificate")


@pytest.mark.parametrize(
    ("zone", "plain", "verdict", "seen"),
    [
        (SIGNED, ("contoso.com",), NONE, "the zone of contoso.com is not signed"),
        (
            SIGNED | {"contoso.com SOA": ["ns1"], "contoso.com DS": ["1 13 2 ab"]},
            ("contoso.com",),
            OPEN,
            "contoso.com is signed, and the resolver does not say that DNSSEC proves its answers",
        ),
        # a DS record above says nothing of this zone
        (
            SIGNED | {"contoso.com SOA": ["ns1"], "com DS": ["1 13 2 ab"]},
            ("contoso.com",),
            NONE,
            "the zone of contoso.com is not signed",
        ),
        ({"contoso.com MX": Outcome.SERVFAIL}, (), OPEN, "the look-up of contoso.com MX failed"),
        ({}, (), OPEN, "contoso.com has no MX host"),
        ({"contoso.com MX": [MxRecord(0, ".")]}, (), OPEN, "contoso.com has no MX host"),
        (SIGNED, (OWN,), NONE, f"the zone of {OWN} is not signed"),
        (SIGNED, (f"_tcp.{OWN}",), NONE, f"DNSSEC does not prove what TLSA records {OWN} has"),
        (SIGNED | {f"{OWN} A": Outcome.NXDOMAIN}, (), OPEN, f"{OWN} has no address that could be found"),
        (
            SIGNED | {f"_25._tcp.{OWN} TLSA": Outcome.TIMEOUT},
            (),
            OPEN,
            f"the look-up of _25._tcp.{OWN} TLSA failed",
        ),
    ],
)
def test_where_dane_does_not_apply_or_nobody_knows(
    zone: Zone, plain: tuple[str, ...], verdict: Verdict, seen: str, s4: Any
) -> None:
    assert told(judged(s4, zone, plain=plain)) == (verdict, seen)


def test_a_certificate_that_nobody_supplied_or_saw_is_not_known(s4: Any) -> None:
    found = judged(s4.with_server(certificate=None), tlsa("3 1 1 " + "ab" * 32))
    assert told(found) == (OPEN, f"what certificate {OWN} shows is not known")


MICROSOFT: Zone = {"contoso.com MX": [MxRecord(0, CLOUD)], f"{CLOUD} A": [ADDRESS]}


def knocked(*sent: tuple[x509.Certificate, ...]) -> tuple[Reached, ...]:
    sessions = (TlsSession(ADDRESS, reached=True, starttls=True, chain=one) for one in sent)
    return tuple(Reached(CLOUD, ADDRESS, Envelope(None, ()), session) for session in sessions)


def test_hosts_of_others_count_as_a_session_showed_them(world: Any) -> None:
    one = world("scenario-1")
    shown = chain("mx.example")
    zone = MICROSOFT | {f"_25._tcp.{CLOUD} TLSA": [written(shown[0])]}
    assert told(judged(one, zone, reached=knocked(shown))) == (
        OK,
        f"{written(shown[0])[:23]}… fits {CLOUD} (shown at {ADDRESS})",
    )
    assert told(judged(one, zone)) == (OPEN, f"what certificate {CLOUD} shows is not known")
    assert judged(one, zone, reached=knocked(chain("mx.example"))).verdict is WRONG
    assert told(judged(one, MICROSOFT)) == (NONE, f"whoever runs {CLOUD} publishes no TLSA record")


def test_of_several_hosts_each_counts_and_one_without_dnssec_is_a_note(s4: Any) -> None:
    record = written(leaf_of(s4))
    zone = tlsa(record) | {"contoso.com MX": [MxRecord(10, OWN), MxRecord(20, CLOUD)], f"{CLOUD} A": [ADDRESS]}
    mixed = judged(s4, zone, plain=("mx.microsoft",))
    assert mixed.verdict is OK
    assert mixed.notes == (f"the zone of {CLOUD} is not signed: senders cannot check it by DANE",)
    assert judged(s4, zone | {f"_25._tcp.{CLOUD} TLSA": Outcome.SERVFAIL}).verdict is OPEN


def test_of_an_alias_the_records_stand_at_its_end(s4: Any) -> None:
    zone = tlsa(written(leaf_of(s4))) | {"contoso.com MX": [MxRecord(10, "mx.contoso.com")]}

    def answer(question: Question) -> Answer:
        aliased = question.name == "mx.contoso.com"
        held = zone.get(f"{OWN} {question.type}" if aliased else str(question), ())
        outcome = Outcome.FOUND if held else Outcome.NXDOMAIN
        return Answer(question, outcome, tuple(held), aliases=(OWN,) if aliased else (), authentic=True)

    found = dane.look(s4.environment, s4.domain, lambda asked: tuple(map(answer, asked)), Stage.PLAN, ())
    assert [(host.name, host.base, host.tlsa.question.name) for host in found.hosts] == [
        ("mx.contoso.com", OWN, f"_25._tcp.{OWN}")
    ]
    assert dane.fits(s4.domain, found, NOW).verdict is OK

    zone["_25._tcp.mx.contoso.com TLSA"] = zone.pop(f"_25._tcp.{OWN} TLSA")
    (host,) = dane.look(s4.environment, s4.domain, lambda asked: tuple(map(answer, asked)), Stage.PLAN, ()).hosts
    assert (host.base, host.tlsa.question.name) == ("mx.contoso.com", "_25._tcp.mx.contoso.com")


def test_a_host_in_the_own_domain_is_the_own_affair(s4: Any) -> None:
    """Whoever runs it, the record is for the organization to publish."""
    zone = {"contoso.com MX": [MxRecord(10, "mx1.contoso.com")], "mx1.contoso.com A": [ADDRESS]}
    found = judged(s4, zone)
    assert told(found) == (WRONG, "mx1.contoso.com has no TLSA record, though its zone is signed")
    assert found.remedy.endswith("_25._tcp.mx1.contoso.com. IN TLSA 3 1 1 <SHA-256 of its public key>")


def test_before_the_change_the_planned_hosts_count_too(s3: Any) -> None:
    zone = MICROSOFT | {f"{OWN} A": [ADDRESS]}
    before = judged(s3, zone, plain=("mx.microsoft",), stage=Stage.BEFORE)
    assert told(before) == (WRONG, f"{OWN} has no TLSA record, though its zone is signed")
    assert judged(s3, zone, plain=("mx.microsoft",), stage=Stage.AFTER).verdict is NONE


def test_a_key_that_cannot_be_read_is_not_known(s4: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dane, "has_known_key", lambda _: False)
    found = judged(s4, tlsa("3 1 1 " + "ab" * 32))
    assert told(found) == (OPEN, f"{OWN} shows a key of a kind that cannot be read here ({FILE})")

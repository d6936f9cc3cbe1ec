"""TLS sessions with the own servers: what they offered, showed, or did not say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import trustme
from cryptography.x509 import load_pem_x509_certificate

from mailflow.environment.environment import Cutover, Stage
from mailflow.judge import tls
from mailflow.observe.dialogue import Ending
from mailflow.observe.smtp import TlsSession
from mailflow.policy.finding import Evidence, Finding, Verdict

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ALL: dict[str, Callable[..., Finding]] = {
    "starttls": tls.offers_starttls,
    "version": tls.speaks_modern_tls,
    "trust": tls.shows_trusted_certificate,
    "name": tls.names_the_server,
    "date": lambda sessions: tls.is_in_date(sessions, NOW),
}
ADDRESS = "131.107.21.231"
WHERE = f"mail.contoso.com [{ADDRESS}]"


@pytest.fixture
def session(s4: Any) -> Callable[..., Any]:
    """A good session with the server of scenario 4, but for what is named."""

    def build(**fields: Any) -> tuple[Any, TlsSession]:
        usual = {
            "address": s4.server.listens[0],
            "reached": True,
            "starttls": True,
            "version": "TLSv1.3",
            "chain": (s4.server.certificate.leaf,),
            "dialogue": ("S: 220 mail.contoso.com", "C: QUIT"),
        }
        return s4.server, TlsSession(**(usual | fields))

    return build


def verdicts(*sessions: Any) -> dict[str, tuple[Verdict, str]]:
    found = {name: judge(sessions) for name, judge in ALL.items()}
    return {name: (one.verdict, one.seen) for name, one in found.items()}


def test_all_is_well(session: Any) -> None:
    assert verdicts(session()) == dict.fromkeys(ALL, (Verdict.COMPLIANT, f"so it is at {WHERE}"))
    found = tls.offers_starttls([session()])
    assert found.asked == "every server offers STARTTLS"
    assert found.evidence == (
        Evidence("smtp", f"session with {ADDRESS}", ADDRESS, ("S: 220 mail.contoso.com", "C: QUIT")),
    )


def test_no_session() -> None:
    why = "the environment names no such server, or none listens at a public address"
    assert verdicts() == dict.fromkeys(ALL, (Verdict.NOT_VERIFIED, why))


def test_server_that_cannot_be_reached(session: Any) -> None:
    silent = session(reached=False, starttls=False, version="", chain=(), trouble="nobody listens there")
    why = (Verdict.NOT_VERIFIED, f"{WHERE}: nobody listens there")
    assert verdicts(silent) == dict.fromkeys(ALL, why)
    # Nor is anything said of all where one is silent; but what is wrong with another is said.
    assert verdicts(session(), silent) == dict.fromkeys(ALL, why)
    assert verdicts(session(starttls=False), silent)["starttls"][0] is Verdict.NON_COMPLIANT
    mute = session(reached=False, starttls=False, version="", chain=())
    assert verdicts(mute) == dict.fromkeys(ALL, (Verdict.NOT_VERIFIED, f"{WHERE}: it does not answer"))


def test_server_whose_certificate_nobody_supplied(session: Any) -> None:
    """What the simulation showed in its place proves nothing."""
    why = "the environment names no certificate for mail.contoso.com"
    assert verdicts(session(assumed=why)) == dict.fromkeys(ALL, (Verdict.NOT_VERIFIED, why))
    found = tls.offers_starttls([session(assumed=why)])
    assert found.remedy == "Add the PEM file of mail.contoso.com to environment.yaml as certificate:"


def test_no_starttls(session: Any) -> None:
    bare = session(starttls=False, version="", chain=())
    nothing = (Verdict.NOT_VERIFIED, f"{WHERE}: no certificate could be seen: no STARTTLS")
    assert verdicts(bare) == {
        "starttls": (Verdict.NON_COMPLIANT, f"{WHERE} does not offer it"),
        "version": (Verdict.NON_COMPLIANT, f"{WHERE} speaks no TLS: no STARTTLS"),
        "trust": nothing,
        "name": nothing,
        "date": nothing,
    }


def test_handshake_that_fails(session: Any) -> None:
    broken = session(version="", chain=(), trouble="unsupported protocol", ending=Ending.NO_TLS)
    nothing = (Verdict.NOT_VERIFIED, f"{WHERE}: no certificate could be seen: unsupported protocol")
    assert verdicts(broken) == {
        "starttls": (Verdict.COMPLIANT, f"so it is at {WHERE}"),
        "version": (Verdict.NON_COMPLIANT, f"{WHERE} speaks no TLS: unsupported protocol"),
        "trust": nothing,
        "name": nothing,
        "date": nothing,
    }


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1", "SSLv3"])
def test_old_tls(session: Any, version: str) -> None:
    found = tls.speaks_modern_tls([session(version=version)])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"{WHERE} speaks {version}")
    assert tls.speaks_modern_tls([session(version="TLSv1.2")]).verdict is Verdict.COMPLIANT


def test_untrusted(session: Any, s4: Any) -> None:
    words = "unable to get local issuer certificate"
    found = tls.shows_trusted_certificate([session(distrust=words)])
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"{WHERE}: {words}")
    certificate = replace(s4.server.certificate, trusted=False, distrust="the chain lacks its intermediate")
    planned = replace(s4.server, certificate=certificate)
    found = tls.shows_trusted_certificate([(planned, session(distrust=words)[1])])
    assert found.seen == f"{WHERE}: the chain lacks its intermediate"
    bare = replace(s4.server, certificate=None)
    assert tls.shows_trusted_certificate([(bare, session(distrust=words)[1])]).seen == f"{WHERE}: {words}"


@pytest.mark.parametrize("words", ["certificate has expired", "certificate is not yet valid"])
def test_dates_are_judged_once(session: Any, words: str) -> None:
    """And where the server's own certificate is in date, it is one above it that is not."""
    found = tls.shows_trusted_certificate([session(distrust=words)])
    assert found.verdict is Verdict.COMPLIANT
    found = tls.is_in_date([session(distrust=words)], NOW)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"above that of mail.contoso.com, in its chain: {words}",
    )


def test_dates(session: Any, s4: Any) -> None:
    leaf = s4.server.certificate.leaf
    late = tls.is_in_date([session()], leaf.not_valid_after_utc + timedelta(seconds=1))
    assert (late.verdict, late.seen) == (
        Verdict.NON_COMPLIANT,
        f"that of mail.contoso.com was valid until {leaf.not_valid_after_utc:%Y-%m-%d}",
    )
    early = tls.is_in_date([session()], leaf.not_valid_before_utc - timedelta(seconds=1))
    assert (early.verdict, early.seen) == (
        Verdict.NON_COMPLIANT,
        f"that of mail.contoso.com is valid from {leaf.not_valid_before_utc:%Y-%m-%d}",
    )
    assert late.notes == early.notes == ()


def test_the_file_tells_more_than_openssl_and_of_its_own_certificate_alone(session: Any, s4: Any) -> None:
    """Nobody else's certificate is untrusted for what is wrong with the planned one."""
    _, shown = session(distrust="self-signed certificate")

    def judged(names: tuple[str, ...]) -> str:
        leaf = trustme.CA().issue_cert(*names).cert_chain_pems[0].bytes()
        planned = replace(s4.server.certificate, leaf=load_pem_x509_certificate(leaf), distrust="It is self-signed")
        return tls.shows_trusted_certificate([(replace(s4.server, certificate=planned), shown)]).seen

    assert judged(("mail.contoso.com", "contoso.com")) == f"{WHERE}: It is self-signed"
    assert judged(("mx.elsewhere.example",)) == f"{WHERE}: self-signed certificate"


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(0), "less than a day"),
        (timedelta(days=1), "1 more day"),
        (timedelta(days=29, hours=23), "29 more days"),
        (timedelta(days=30), ""),
    ],
)
def test_days_that_are_left(session: Any, s4: Any, left: timedelta, told: str) -> None:
    found = tls.is_in_date([session()], s4.server.certificate.leaf.not_valid_after_utc - left)
    assert found.verdict is Verdict.COMPLIANT
    assert found.notes == ((f"the certificate of mail.contoso.com is valid for {told}",) if told else ())


def test_name(session: Any, s4: Any) -> None:
    other = replace(s4.server, name="mx2.contoso.com")
    found = tls.names_the_server([session(), (other, session()[1])])
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "mx2.contoso.com shows a certificate for mail.contoso.com, contoso.com",
    )


@pytest.mark.parametrize("ending", Ending)
def test_only_the_server_itself_says_that_it_has_no_tls(session: Any, ending: Ending) -> None:
    """Whatever else ends a session before it could say so, on the way or on its side, leaves it open."""
    nothing: dict[str, Any] = {"version": "", "chain": (), "trouble": "as it went", "ending": ending}
    open_, said_no = (Verdict.NOT_VERIFIED, f"{WHERE}: as it went"), (Verdict.NON_COMPLIANT, WHERE)

    def both(**fields: Any) -> tuple[tuple[Verdict, str], ...]:
        found = verdicts(session(**(nothing | fields)))
        return found["starttls"], found["version"]

    assert both(reached=False, starttls=False) == (open_, open_)
    offers, speaks = both(starttls=False)
    if ending in (Ending.PARTED, Ending.SAID_NO):
        assert offers == (said_no[0], f"{WHERE} does not offer it: as it went")
        assert speaks == (said_no[0], f"{WHERE} speaks no TLS: as it went")
    else:
        assert (offers, speaks) == (open_, open_)
    offers, speaks = both(starttls=True, heard=("mail.contoso.com", "STARTTLS"))
    assert offers == (Verdict.COMPLIANT, f"so it is at {WHERE}")
    if ending in (Ending.PARTED, Ending.SAID_NO, Ending.NO_TLS):
        assert speaks == (said_no[0], f"{WHERE} speaks no TLS: as it went")
    else:
        assert speaks == open_


def test_what_was_heard_before_the_trouble_counts(session: Any) -> None:
    bare = session(
        starttls=False, version="", chain=(), heard=("mail.contoso.com",), trouble="silence", ending=Ending.SILENT
    )
    assert verdicts(bare)["starttls"] == (Verdict.NON_COMPLIANT, f"{WHERE} does not offer it: silence")


@pytest.mark.parametrize(
    ("line", "put"),
    [("XXXXXXXA", "XXXXXXXA"), ("********", "********"), ("SIZE XXXX", "XXXX"), ("XXXXXXXX", "XXXXXXXX")],
)
def test_a_firewall_that_rewrites(session: Any, line: str, put: str) -> None:
    masked = session(starttls=False, version="", chain=(), heard=("mail.contoso.com", line))
    found = tls.offers_starttls([masked])
    told = f"{WHERE} does not offer it: something on the way, such as a firewall that inspects SMTP, put {put!r} there"
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, told)


def test_offered_at_one_address_and_not_at_the_other(session: Any) -> None:
    server, good = session()
    bare = session(starttls=False, version="", chain=(), address=ip_address("2001:db8::25"), heard=("mail",))[1]
    found = tls.offers_starttls([(server, good), (server, bare)])
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"mail.contoso.com [2001:db8::25] does not offer it, though at {ADDRESS} it does",
    )


def test_a_certificate_that_cannot_be_read(session: Any) -> None:
    found = tls.is_in_date([session(chain=())], NOW)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        f"{WHERE}: no certificate could be seen: it cannot be read",
    )


def test_from_where_nothing_can_be_seen_nothing_is_said(session: Any) -> None:
    why = "port 25 is blocked on the way out"
    blind = session(starttls=False, version="", chain=(), from_here=why)
    assert verdicts(blind) == verdicts(blind, blind) == dict.fromkeys(ALL, (Verdict.NOT_VERIFIED, why))


def test_a_certificate_that_ends_before_the_change_is_over(session: Any, s4: Any) -> None:
    last = s4.server.certificate.leaf.not_valid_after_utc

    def over_at(end: datetime) -> Any:
        return s4.change(cutover=Cutover(Stage.BEFORE, end - timedelta(hours=72))).environment

    found = tls.outlives_the_change(over_at(last + timedelta(seconds=1)), [session()])
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"that of mail.contoso.com ends on {last:%Y-%m-%d at %H:%M} UTC",
    )
    found = tls.outlives_the_change(over_at(last), [session()])
    assert (found.verdict, found.asked) == (
        Verdict.COMPLIANT,
        f"the certificate of every server is valid until the change is over, {last.isoformat()}",
    )
    unseen = tls.outlives_the_change(over_at(last), [session(chain=())])
    assert (unseen.verdict, unseen.seen) == (
        Verdict.NOT_VERIFIED,
        f"{WHERE}: no certificate could be seen: it cannot be read",
    )
    found = tls.outlives_the_change(s4.environment, [session()])
    assert (found.verdict, found.seen) == (
        Verdict.NOT_APPLICABLE,
        "environment.yaml names no change of the MX record (cutover)",
    )

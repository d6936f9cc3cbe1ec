"""TLS sessions with the own servers: what they offered, showed, or did not say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailflow.judge import tls
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
            "certificate": s4.server.certificate.leaf,
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
    assert found.asked == "every on-premises server offers STARTTLS"
    assert found.evidence == (
        Evidence("smtp", f"session with {ADDRESS}", ADDRESS, ("S: 220 mail.contoso.com", "C: QUIT")),
    )


def test_no_session() -> None:
    why = "the environment names no on-premises server, or none listens"
    assert verdicts() == dict.fromkeys(ALL, (Verdict.NOT_VERIFIED, why))


def test_server_that_cannot_be_reached(session: Any) -> None:
    silent = session(reached=False, starttls=False, version="", certificate=None, trouble="nobody listens there")
    why = (Verdict.NOT_VERIFIED, f"{WHERE}: nobody listens there")
    assert verdicts(silent) == dict.fromkeys(ALL, why)
    # Nor is anything said of all where one is silent; but what is wrong with another is said.
    assert verdicts(session(), silent) == dict.fromkeys(ALL, why)
    assert verdicts(session(starttls=False), silent)["starttls"][0] is Verdict.NON_COMPLIANT


def test_server_whose_certificate_nobody_supplied(session: Any) -> None:
    """What the simulation showed in its place proves nothing."""
    why = "the environment names no certificate for mail.contoso.com"
    assert verdicts(session(assumed=why)) == dict.fromkeys(ALL, (Verdict.NOT_VERIFIED, why))
    found = tls.offers_starttls([session(assumed=why)])
    assert found.remedy == "Add the PEM file of mail.contoso.com to environment.yaml as certificate:"


def test_no_starttls(session: Any) -> None:
    bare = session(starttls=False, version="", certificate=None)
    nothing = (Verdict.NOT_VERIFIED, f"{WHERE}: no certificate could be seen: no STARTTLS")
    assert verdicts(bare) == {
        "starttls": (Verdict.NON_COMPLIANT, f"{WHERE} does not offer it"),
        "version": (Verdict.NON_COMPLIANT, f"{WHERE} speaks no TLS: no STARTTLS"),
        "trust": nothing,
        "name": nothing,
        "date": nothing,
    }


def test_handshake_that_fails(session: Any) -> None:
    broken = session(version="", certificate=None, trouble="unsupported protocol")
    nothing = (Verdict.NOT_VERIFIED, f"{WHERE}: no certificate could be seen: unsupported protocol")
    assert verdicts(broken) == {
        "starttls": (Verdict.COMPLIANT, f"so it is at {WHERE}"),
        "version": (Verdict.NON_COMPLIANT, f"{WHERE} speaks no TLS: unsupported protocol"),
        "trust": nothing,
        "name": nothing,
        "date": nothing,
    }
    refused = session(starttls=False, version="", certificate=None, trouble="the server said 554 no")
    assert verdicts(refused)["starttls"][1] == f"{WHERE} does not offer it: the server said 554 no"


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

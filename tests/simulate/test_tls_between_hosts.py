"""What a sender demands of TLS, and what it gets (RFC 3207; TlsSettings, TlsAuthLevel of the connectors)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from mailflow.routing import journal
from mailflow.routing.decision import OPPORTUNISTIC, TlsDemand, Verification

World = Any  # tests/simulate/conftest.py

ZONES = {"to.example": "@ MX 10 mail\nmail A 192.0.2.20", "from.example": "@ A 192.0.2.10"}
QUEUED = "250 2.6.0 ID Queued mail for delivery"
REQUIRED = TlsDemand(required=True)
TRUST = TlsDemand(required=True, verification=Verification.TRUST)


def name(wanted: str) -> TlsDemand:
    return TlsDemand(True, Verification.NAME, wanted)


def channel(words: str) -> str:
    return f"454 4.7.0 Failed to establish appropriate TLS channel: {words}"


@pytest.fixture
def hand_over(world: Callable[..., World]) -> Callable[..., tuple[str, str]]:
    """Hand a message over; gives the TLS version and the reply that the sender noted."""

    def make(demand: TlsDemand, leaf: Callable[[World], trustme.LeafCert] | None, **host: Any) -> tuple[str, str]:
        made = world(ZONES)
        made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(tls=demand),)}))
        made.host("mail.to.example", "192.0.2.20", made.rules(), leaf=leaf(made) if leaf else None, **host)
        made.post("mail.from.example", "a@from.example", "b@to.example")
        sent = next(e for e in made.journal if isinstance(e, journal.Sent) and str(e.recipient) == "b@to.example")
        return sent.tls, str(sent.reply).replace(sent.next_id or "-", "ID", 1)

    return make


def good(made: World) -> trustme.LeafCert:
    return made.leaf("mail.to.example")


def wildcard(made: World) -> trustme.LeafCert:
    return made.leaf("*.to.example")


def untrusted(made: World) -> trustme.LeafCert:
    return made.simulation.authorities.untrusted.issue_cert("mail.to.example")


def expired(made: World) -> trustme.LeafCert:
    then = datetime.now(UTC) - timedelta(days=2)
    trusted = made.simulation.authorities.trusted
    return trusted.issue_cert("mail.to.example", not_before=then, not_after=then + timedelta(days=1))


def not_yet(made: World) -> trustme.LeafCert:
    then = datetime.now(UTC) + timedelta(days=1)
    trusted = made.simulation.authorities.trusted
    return trusted.issue_cert("mail.to.example", not_before=then, not_after=then + timedelta(days=1))


@pytest.mark.parametrize(
    ("demand", "leaf", "expected"),
    [
        (OPPORTUNISTIC, None, ("", QUEUED)),
        (OPPORTUNISTIC, good, ("TLSv1.3", QUEUED)),
        (OPPORTUNISTIC, untrusted, ("TLSv1.3", QUEUED)),  # of any certificate
        (OPPORTUNISTIC, expired, ("TLSv1.3", QUEUED)),
        (REQUIRED, None, ("", channel("451 5.7.3 STARTTLS is required to send mail"))),
        (REQUIRED, untrusted, ("TLSv1.3", QUEUED)),
        (TRUST, good, ("TLSv1.3", QUEUED)),
        (TRUST, wildcard, ("TLSv1.3", QUEUED)),  # the name is not asked for
        (TRUST, untrusted, ("", channel("UntrustedRoot"))),
        (TRUST, expired, ("", channel("CertificateExpired"))),
        (TRUST, not_yet, ("", channel("CertificateNotYetValid"))),
        (name("mail.to.example"), good, ("TLSv1.3", QUEUED)),
        (name("mail.to.example"), wildcard, ("TLSv1.3", QUEUED)),
        (name("*.to.example"), good, ("TLSv1.3", QUEUED)),
        (name("mail.to.example"), untrusted, ("", channel("UntrustedRoot"))),
        (name("mail.to.example"), expired, ("", channel("CertificateExpired"))),
        (
            name("other.to.example"),
            good,
            ("", channel("SubjectMismatch Expected Subject: other.to.example; Presented: mail.to.example")),
        ),
        (
            name("a.mail.to.example"),
            wildcard,
            ("", channel("SubjectMismatch Expected Subject: a.mail.to.example; Presented: *.to.example")),
        ),
    ],
)
def test_demand_and_certificate(
    hand_over: Callable[..., tuple[str, str]], demand: TlsDemand, leaf: Any, expected: tuple[str, str]
) -> None:
    assert hand_over(demand, leaf) == expected


def test_a_failure_of_tls_waits_in_the_queue_and_no_next_host_is_tried(world: Callable[..., World]) -> None:
    made = world({**ZONES, "to.example": "@ MX 10 mail\n@ MX 20 mail2\nmail A 192.0.2.20\nmail2 A 192.0.2.21"})
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(tls=TRUST),)}))
    made.host("mail.to.example", "192.0.2.20", made.rules(), leaf=untrusted(made))
    made.host("mail2.to.example", "192.0.2.21", made.rules(), leaf=made.leaf("mail2.to.example"))
    assert made.post("mail.from.example", "a@from.example", "b@to.example")[1:] == [
        ("sent", "mail.from.example", "b@to.example", "mail.to.example", "", channel("UntrustedRoot")),
        ("failed", "mail.from.example", "b@to.example", channel("UntrustedRoot"), "waiting"),
    ]


@pytest.mark.parametrize(
    ("shows", "trusted", "seen"),
    [
        (True, True, (("mail.from.example",), True)),
        (True, False, (("mail.from.example",), False)),
        (False, True, ((), False)),
    ],
)
def test_the_server_sees_the_clients_certificate_and_its_address_through_starttls(
    world: Callable[..., World], shows: bool, trusted: bool, seen: tuple[tuple[str, ...], bool]
) -> None:
    made = world(ZONES)
    authorities = made.simulation.authorities
    leaf = (authorities.trusted if trusted else authorities.untrusted).issue_cert("mail.from.example")
    relay = made.by_mx(tls=REQUIRED, shows_certificate=shows, helo="helo.from.example")
    made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (relay,)}), leaf=leaf)
    rules = made.rules()
    made.host("mail.to.example", "192.0.2.20", rules, leaf=good(made))
    made.post("mail.from.example", "a@from.example", "b@to.example")
    ((client, _, __),) = rules.asked
    assert (str(client.address), client.helo, client.tls.version) == ("192.0.2.10", "helo.from.example", "TLSv1.3")
    assert (client.tls.client_names, client.tls.client_trusted) == seen
    (message,) = made.simulation.mailboxes.values()
    head = message.split(b"\r\n", 1)[0]
    assert head.startswith(
        b"Received: from helo.from.example ([192.0.2.10]) by mail.to.example with ESMTPS (version=TLS1_3"
    )


def test_the_words_are_those_of_the_sender(world: Callable[..., World]) -> None:
    from mailflow.exchange.replies import cannot_connect

    made = world(ZONES)
    mta = made.host("mail.from.example", "192.0.2.10", made.rules({"b@to.example": (made.by_mx(tls=TRUST),)}))
    made.simulation.mtas["mail.from.example"] = replace(mta, tls_failure=cannot_connect)
    made.host("mail.to.example", "192.0.2.20", made.rules(), leaf=untrusted(made))
    happened = made.post("mail.from.example", "a@from.example", "b@to.example")
    assert happened[-1][3] == "450 4.4.317 Cannot connect to remote server [Message=UntrustedRoot]"


def test_a_server_that_knows_no_tls_of_today_says_so(hand_over: Callable[..., tuple[str, str]]) -> None:
    assert hand_over(REQUIRED, good, outdated=True) == ("", channel("TLS handshake failed (SSLError)"))
    assert hand_over(TlsDemand(), good, outdated=True) == ("", QUEUED)  # opportunistic: in the clear

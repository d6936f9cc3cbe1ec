"""Judges STARTTLS, TLS version and certificate of servers, own ones and a filter's (RFC 3207, RFC 6125, RFC 9325)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from mailflow.environment.environment import Environment, Server, certificate_names
from mailflow.judge import evidence
from mailflow.judge.mend import supply_certificates
from mailflow.observe.dialogue import Ending
from mailflow.observe.smtp import TlsSession
from mailflow.policy.finding import Finding, compliant, non_compliant, not_applicable, not_verified
from mailflow.policy.readiness import NO_CHANGE, end_of_change
from mailflow.routing.certificate import answers_to

Sessions = Sequence[tuple[Server, TlsSession]]

_MODERN = ("TLSv1.2", "TLSv1.3")
_DATES = ("certificate has expired", "certificate is not yet valid")  # OpenSSL's words (X509_verify_cert_error_string)
_SOON_DAYS = 30


def _judge(
    asked: str,
    sessions: Sessions,
    wrong: Callable[[Server, TlsSession], str],
    unseen: Callable[[TlsSession], str] = lambda _: "",
    notes: Sequence[str] = (),
) -> Finding:
    """Judge every session: `wrong` tells what is wrong with one, `unseen` why it could not show what is asked."""
    if not sessions:
        return not_verified(asked, "the environment names no such server, or none listens at a public address")
    shown = tuple(evidence.session(session) for _, session in sessions)
    bare = dict.fromkeys((server.name, session.assumed) for server, session in sessions if session.assumed)
    looked = [(server, session) for server, session in sessions if not session.assumed]
    silent, failing = [], []
    for server, session in looked:
        if session.from_here:  # the same for every server of this run: said once, without a name
            silent.append(session.from_here)
        elif why := unseen(session) if session.reached else session.trouble or "it does not answer":
            silent.append(f"{server.name} [{session.address}]: {why}")
        elif said := wrong(server, session):
            failing.append(said)
    if failing:
        return non_compliant(asked, "; ".join(failing), *shown, notes=tuple(notes))
    if bare:
        remedy = supply_certificates(name for name, _ in bare)
        return not_verified(asked, "; ".join(why for _, why in bare), *shown, remedy=remedy)
    if silent:
        return not_verified(asked, "; ".join(dict.fromkeys(silent)), *shown)
    places = dict.fromkeys(f"{server.name} [{session.address}]" for server, session in sessions)
    return compliant(asked, f"so it is at {', '.join(places)}", *shown, notes=tuple(notes))


def _no_offer(session: TlsSession) -> str:
    """Tell why it is not known whether STARTTLS is offered: the session ended before the server could say."""
    said = session.starttls or session.heard or session.ending in (Ending.PARTED, Ending.SAID_NO)
    return "" if said else session.trouble


def _no_handshake(session: TlsSession) -> str:
    """Tell why it is not known whether the server speaks TLS: it neither did nor said that it does not."""
    gave_up = session.ending not in (Ending.PARTED, Ending.SAID_NO, Ending.NO_TLS)
    return _no_offer(session) or (session.trouble if session.starttls and not session.version and gave_up else "")


def _no_certificate(session: TlsSession) -> str:
    """Tell why no certificate could be seen: then nothing is known of it, good or bad."""
    if session.certificate:
        return ""
    why = session.trouble or ("it cannot be read" if session.version else "no STARTTLS")
    return f"no certificate could be seen: {why}"


def offers_starttls(sessions: Sessions) -> Finding:
    """Judge whether every server offers STARTTLS at every address."""

    def wrong(server: Server, session: TlsSession) -> str:
        if session.starttls:
            return ""
        told = f"{server.name} [{session.address}] does not offer it"
        if session.masked:
            return f"{told}: something on the way, such as a firewall that inspects SMTP, put {session.masked!r} there"
        elsewhere = [str(other.address) for one, other in sessions if one.name == server.name and other.starttls]
        if elsewhere:
            return f"{told}, though at {', '.join(elsewhere)} it does"
        return f"{told}: {session.trouble}" if session.trouble else told

    return _judge("every server offers STARTTLS", sessions, wrong, _no_offer)


def speaks_modern_tls(sessions: Sessions) -> Finding:
    """Judge the version that is agreed on: TLS 1.2 or newer (TLS certificates in hybrid)."""

    def wrong(server: Server, session: TlsSession) -> str:
        if not session.version:
            return f"{server.name} [{session.address}] speaks no TLS: {session.trouble or 'no STARTTLS'}"
        return "" if session.version in _MODERN else f"{server.name} [{session.address}] speaks {session.version}"

    return _judge("every server speaks TLS 1.2 or newer", sessions, wrong, _no_handshake)


def shows_trusted_certificate(sessions: Sessions) -> Finding:
    """Judge whether the chain leads to a trusted authority; the dates are judged apart."""

    def wrong(server: Server, session: TlsSession) -> str:
        if session.distrust and session.distrust not in _DATES:
            return f"{server.name} [{session.address}]: {_planned(server, session) or session.distrust}"
        return ""

    return _judge("every server shows a certificate of a trusted authority", sessions, wrong, _no_certificate)


def _planned(server: Server, session: TlsSession) -> str:
    """Say what the PEM file tells of the certificate that was shown: more than OpenSSL; empty where it is another."""
    planned = server.certificate
    if planned and session.certificate and planned.names == certificate_names(session.certificate):
        return planned.distrust
    return ""


def names_the_server(sessions: Sessions) -> Finding:
    """Judge whether the certificate carries the name by which the server is found (RFC 6125 section 6.4)."""

    def wrong(server: Server, session: TlsSession) -> str:
        names = certificate_names(session.certificate) if session.certificate else ()
        told = f"{server.name} shows a certificate for {', '.join(names) or 'no name'}"
        return "" if answers_to(names, server.name) else told

    return _judge("the certificate of every server names it", sessions, wrong, _no_certificate)


def outlives_the_change(environment: Environment, sessions: Sessions) -> Finding:
    """Judge whether the certificate of every server is still valid when the old hosts may stop taking mail."""
    asked = "the certificate of every server is valid until the change is over"
    end = end_of_change(environment)
    if end is None:
        return not_applicable(asked, NO_CHANGE)

    def wrong(server: Server, session: TlsSession) -> str:
        leaf = session.certificate
        if leaf and leaf.not_valid_after_utc < end:
            return f"that of {server.name} ends on {leaf.not_valid_after_utc:%Y-%m-%d at %H:%M} UTC"
        return ""

    return _judge(f"{asked}, {end.isoformat()}", sessions, wrong, _no_certificate)


def is_in_date(sessions: Sessions, now: datetime) -> Finding:
    """Judge the dates of the certificate; fewer than 30 days left are worth a note."""
    notes = []
    for server, session in sessions:
        if session.certificate:
            left = (session.certificate.not_valid_after_utc - now).days
            if 0 <= left < _SOON_DAYS:
                days = f"{left} more day{'s' * (left != 1)}" if left else "less than a day"
                notes.append(f"the certificate of {server.name} is valid for {days}")

    def wrong(server: Server, session: TlsSession) -> str:
        leaf = session.certificate
        if leaf and now > leaf.not_valid_after_utc:
            return f"that of {server.name} was valid until {leaf.not_valid_after_utc:%Y-%m-%d}"
        if leaf and now < leaf.not_valid_before_utc:
            return f"that of {server.name} is valid from {leaf.not_valid_before_utc:%Y-%m-%d}"
        if session.distrust in _DATES:
            return f"above that of {server.name}, in its chain: {session.distrust}"
        return ""

    return _judge("the certificate of every server is valid today", sessions, wrong, _no_certificate, notes)

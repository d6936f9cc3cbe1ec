"""When a session is opened, Then the server shows its TLS."""

from pytest_bdd import then, when

from mailflow.environment.environment import Environment
from mailflow.judge import stored_certificate, tls
from mailflow.observe.door import Door
from mailflow.plugin.fixtures import Say


@when("an SMTP session is opened to every on-premises server", target_fixture="sessions")
def session_is_opened(door: Door, environment: Environment) -> tls.Sessions:
    return [(server, session) for server in environment.on_premises.outer_servers for session in door.tls(server)]


@when("an SMTP session is opened to every server of the third-party filter", target_fixture="sessions")
def session_is_opened_to_filter(door: Door, environment: Environment) -> tls.Sessions:
    return [(server, session) for server in environment.filter_servers for session in door.tls(server)]


@then("each offers STARTTLS")
def each_offers_starttls(sessions: tls.Sessions, conclude: Say) -> None:
    conclude(tls.offers_starttls(sessions))


@then("each speaks TLS 1.2 or newer")
def each_speaks_modern_tls(sessions: tls.Sessions, conclude: Say) -> None:
    conclude(tls.speaks_modern_tls(sessions))


@then("each shows a certificate of a trusted authority")
def each_shows_trusted_certificate(sessions: tls.Sessions, conclude: Say) -> None:
    conclude(tls.shows_trusted_certificate(sessions))


@then("the certificate names the server")
def certificate_names_the_server(sessions: tls.Sessions, conclude: Say) -> None:
    conclude(tls.names_the_server(sessions))


@then("the certificate of each is valid until the change is over")
def certificate_outlives_the_change(environment: Environment, sessions: tls.Sessions, conclude: Say) -> None:
    conclude(tls.outlives_the_change(environment, sessions))


@then("so is every certificate that a connector of theirs names")
def stored_certificates_outlive_the_change(environment: Environment, conclude: Say) -> None:
    conclude(stored_certificate.outlive_the_change(environment))


@then("the certificate is valid today")
def certificate_is_valid_today(sessions: tls.Sessions, door: Door, conclude: Say) -> None:
    conclude(tls.is_in_date(sessions, door.now))

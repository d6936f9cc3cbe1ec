from datetime import UTC, datetime

from mailflow.exchange.known import Unknown
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.other_server import OtherServerRouter
from mailflow.routing.router import own_router
from tests.routing.conftest import CERTIFICATE, certificate, exchange, organization, other, server

NOW = datetime(2026, 12, 5, tzinfo=UTC)


def test_an_exchange_server_has_the_rules_of_its_exports() -> None:
    contoso = organization()
    assert own_router(contoso, server(), NOW) == ExchangeServerRouter(contoso, server())


def test_any_other_server_has_the_rules_of_its_facts() -> None:
    contoso, postfix = organization(), server(other=other())
    assert own_router(contoso, postfix, NOW) == OtherServerRouter(contoso, postfix, postfix.other)


def test_certificates_are_out_of_date_from_the_moment_they_expire() -> None:
    store = (
        certificate(thumbprint="OVER", not_after=datetime(2026, 12, 4, 23, 59, 59, tzinfo=UTC)),
        certificate(thumbprint="LAST", not_after=NOW),
        certificate(thumbprint="UNKNOWN", not_after=Unknown("no NotAfter")),
    )
    contoso = organization(own=exchange(certificates=store))
    router = own_router(contoso, server(), NOW)
    assert isinstance(router, ExchangeServerRouter)
    assert router.expired == {"OVER"}


def test_without_the_store_nothing_is_known_to_be_out_of_date() -> None:
    contoso = organization(own=exchange(certificates=Unknown("no Get-ExchangeCertificate.json")))
    assert own_router(contoso, server(), NOW) == ExchangeServerRouter(contoso, server())


def test_the_present_moment_is_the_default() -> None:
    past = certificate(not_after=datetime(2001, 1, 1, tzinfo=UTC))
    router = own_router(organization(own=exchange(certificates=(past,))), server())
    assert isinstance(router, ExchangeServerRouter)
    assert router.expired == {past.thumbprint}


def test_so_does_the_certificate_that_the_server_shows() -> None:
    assert CERTIFICATE.leaf.not_valid_after_utc.year == 2035
    after = own_router(organization(), server(), datetime(2036, 1, 1, tzinfo=UTC))
    assert (own_router(organization(), server(), NOW).shown_expired, after.shown_expired) == (False, True)
    bare = own_router(organization(), server(certificate=None), NOW)
    assert bare.shown_expired is False

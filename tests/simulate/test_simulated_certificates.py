"""A twin has the names and the dates of the planned certificate, and is trusted where that one is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cryptography import x509

from mailflow.environment.environment import Certificate, Environment, certificate_names
from mailflow.simulate.certificates import Authorities, is_trusted, names_of


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities.make()


class Planned(SimpleNamespace):
    """What a twin reads of a certificate."""

    __hash__ = object.__hash__


def planned(*names: str, trusted: bool = True) -> Certificate:
    leaf = SimpleNamespace(
        not_valid_before_utc=datetime(2026, 1, 1, tzinfo=UTC), not_valid_after_utc=datetime(2026, 3, 1, tzinfo=UTC)
    )
    return Planned(names=names, leaf=leaf, trusted=trusted)  # type: ignore[return-value]  # all that is read of one


def read(leaf: object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())  # type: ignore[attr-defined]  # trustme's


def test_names_dates_and_issuer(authorities: Authorities) -> None:
    twin = read(authorities.twin(planned("mail.contoso.com", "*.contoso.com")))
    assert certificate_names(twin) == ("mail.contoso.com", "*.contoso.com")
    assert twin.not_valid_before_utc == datetime(2026, 1, 1, tzinfo=UTC)
    assert twin.not_valid_after_utc == datetime(2026, 3, 1, tzinfo=UTC)
    assert twin.issuer == x509.load_pem_x509_certificate(authorities.trusted_pem.encode()).subject
    assert twin.subject.rfc4514_string() == (
        "CN=mail.contoso.com,OU=twin of a planned certificate,O=Mailflow simulation"
    )


def test_the_twin_of_what_leads_nowhere_leads_nowhere(authorities: Authorities) -> None:
    twin = read(authorities.twin(planned("mail.contoso.com", trusted=False)))
    assert "OU=authority that nobody trusts" in twin.issuer.rfc4514_string()


def test_the_twin_of_a_shipped_certificate(scenario: Callable[[str], Environment], authorities: Authorities) -> None:
    original = scenario("scenario-4").on_premises.servers[0].certificate
    assert original is not None
    twin = read(authorities.twin(original))
    assert certificate_names(twin) == original.names
    assert twin.not_valid_after_utc == original.leaf.not_valid_after_utc
    assert "nobody" in read(authorities.twin(replace(original, trusted=False))).issuer.rfc4514_string()


@pytest.mark.parametrize(
    ("names", "kept", "common_name"),
    [
        (("Microsoft Exchange Server Auth Certificate",), (), "Microsoft Exchange Server Auth Certificate"),
        (("mail_1.contoso.com", "mail.contoso.com"), ("mail.contoso.com",), "mail_1.contoso.com"),
        (("ex01",), ("ex01",), "ex01"),
        ((), (), "nameless"),
        (("",), (), "nameless"),
        (("a" * 60 + ".contoso.com",), ("a" * 60 + ".contoso.com",), "a" * 60 + ".con"),  # RFC 5280: 64 at the most
    ],
)
def test_names_that_no_host_has_do_not_stop_the_simulation(
    authorities: Authorities, names: tuple[str, ...], kept: tuple[str, ...], common_name: str
) -> None:
    twin = read(authorities.twin(planned(*names)))
    alternative = twin.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(alternative.get_values_for_type(x509.DNSName)) == kept
    assert twin.subject.rfc4514_string().startswith(f"CN={common_name},")


def test_what_a_server_reads_of_its_clients_certificate() -> None:
    peer: dict[str, object] = {
        "subjectAltName": (("DNS", "Mail.Contoso.com"), ("IP Address", "192.0.2.1"), ("DNS", "*.contoso.com")),
        "issuer": ((("organizationalUnitName", "public authority"),),),
    }
    assert names_of(peer) == ("mail.contoso.com", "*.contoso.com")
    assert names_of({}) == ()
    assert is_trusted(peer)
    assert not is_trusted({"issuer": ((("organizationalUnitName", "authority that nobody trusts"),),)})

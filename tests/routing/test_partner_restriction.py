"""What Partner connectors and RejectDirectSend refuse of mail that is not the own servers' (5.7.51, 5.7.68)."""

from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ConnectorType, InboundConnector, OrganizationConfig
from mailflow.exchange.replies import DIRECT_SEND_REJECTED, PARTNER_RESTRICTION, STARTTLS_FIRST
from mailflow.mail.address import Address
from mailflow.routing.decision import Client, Direction, Reception, Refuse, Rule
from mailflow.routing.microsoft_365 import Microsoft365Router
from tests.routing.conftest import (
    CHRIS,
    FAY,
    JOHN,
    KATE,
    ORIGIN,
    OWN_SERVER,
    STRANGER,
    TENANT_ID,
    Decided,
    accepted,
    addresses,
    at_rcpt,
    by_address,
    client,
    inbound,
    lock,
    online,
    organization,
    own_server,
    partner,
)


def offered(
    by: Client, mail_from: Address | None, *connectors: InboundConnector, to: Address = CHRIS, **tenant: Any
) -> Decided:
    router = Microsoft365Router(organization(online(inbound_connectors=connectors, **tenant)))
    return at_rcpt(router, by, mail_from, to)


def let_in(connector: str = "") -> Decided:
    rule = Rule("incoming: contoso.com belongs to the tenant", "Attribution")
    return Decided(Reception(Direction.INCOMING, rule, connector, TENANT_ID))


def shut_out(connector: str = "Lock", senders: str = "*") -> Decided:
    rule = Rule(
        f"partner connector '{connector}' takes mail of {senders} only from its certificate or addresses",
        "Set-InboundConnector; Third-party filter",
    )
    return Decided(Refuse(PARTNER_RESTRICTION, rule))


def lock_by_address(*texts: str, **changes: Any) -> InboundConnector:
    given = {
        "restrict_domains_to_certificate": False,
        "restrict_domains_to_ip_addresses": True,
        "sender_ip_addresses": addresses(*texts or (OWN_SERVER,)),
        "tls_sender_certificate_name": None,
    }
    return lock(**(given | changes))


@pytest.mark.parametrize("mail_from", [JOHN, KATE, FAY, None], ids=["foreign", "own", "tenant", "null"])
@pytest.mark.parametrize("connector", [lock(), lock_by_address()], ids=["certificate", "address"])
def test_a_restriction_for_everybody_refuses_a_stranger_whoever_he_claims_to_be(
    connector: InboundConnector, mail_from: Address | None
) -> None:
    assert offered(client(), mail_from, connector) == shut_out()


def test_the_own_servers_pass_by_certificate() -> None:
    assert offered(own_server(), JOHN, lock()) == let_in("Lock")
    assert offered(own_server(trusted=False), JOHN, lock()) == shut_out()
    assert offered(own_server(tls=False), JOHN, lock()) == shut_out()
    assert offered(client(OWN_SERVER, "mail.fabrikam.com"), JOHN, lock()) == shut_out()


def test_the_own_servers_pass_by_address() -> None:
    assert offered(own_server(), JOHN, lock_by_address()) == let_in("Lock")
    assert offered(client(STRANGER, "mail.contoso.com"), JOHN, lock_by_address()) == shut_out()


def test_a_restriction_to_a_certificate_that_nobody_named_lets_nobody_pass() -> None:
    assert offered(own_server(), JOHN, lock(tls_sender_certificate_name=None)) == shut_out()


def test_what_counts_as_the_own_servers_mail_is_not_asked() -> None:
    decided = offered(own_server(), JOHN, lock_by_address("192.0.2.1"), inbound())
    assert isinstance(decided.what, Reception)
    assert decided.what.connector == "Inbound from EX01"


def test_own_servers_known_by_address_are_locked_out_with_a_foreign_sender() -> None:
    # Third-party filter: the restriction has to name them too.
    assert offered(own_server(), JOHN, by_address(), lock_by_address("192.0.2.1")) == shut_out()
    assert offered(own_server(), JOHN, by_address(), lock_by_address()) == let_in("Lock")


def test_a_restriction_of_the_own_domain_stops_only_who_claims_it() -> None:
    own_domain = lock(sender_domains=("contoso.com",))
    assert offered(client(), KATE, own_domain) == shut_out(senders="contoso.com")
    assert offered(client(), JOHN, own_domain) == let_in()
    assert offered(client(), None, own_domain) == let_in()


@pytest.mark.parametrize(
    ("sender_domain", "domain", "covered"),
    [
        ("*", "anything.example", True),
        ("tailspintoys.com", "tailspintoys.com", True),
        ("tailspintoys.com", "eu.tailspintoys.com", False),
        ("*.tailspintoys.com", "eu.tailspintoys.com", True),
        ("*.tailspintoys.com", "tailspintoys.com", False),
        ("*.tailspintoys.com", "nottailspintoys.com", False),
    ],
)
def test_sender_domains(sender_domain: str, domain: str, covered: bool) -> None:
    connector = lock(sender_domains=("fabrikam.com", sender_domain))
    decided = offered(client(), Address("john", domain), connector)
    assert decided == (shut_out(senders=f"fabrikam.com, {sender_domain}") if covered else let_in())


def test_on_an_on_premises_connector_restrictions_have_no_effect() -> None:
    connector = lock(connector_type=ConnectorType.ON_PREMISES)
    assert offered(client(), JOHN, connector) == let_in()


def test_a_disabled_restriction_restricts_nothing() -> None:
    assert offered(client(), JOHN, lock(enabled=False)) == let_in()


def test_a_restriction_goes_before_a_plain_connector_for_the_same_senders() -> None:
    plain = partner("Plain", sender_domains=("tailspintoys.com",))
    assert offered(client(), JOHN, plain) == let_in("Plain")
    assert offered(client(), JOHN, plain, lock()) == shut_out()
    assert offered(client(), JOHN, lock(), plain) == shut_out()


def test_of_two_restrictions_the_more_specific_sender_domain_wins() -> None:
    theirs = lock_by_address(STRANGER, name="Theirs", sender_domains=("tailspintoys.com",))
    assert offered(client(), JOHN, lock(), theirs) == let_in("Theirs")
    assert offered(client(), JOHN, theirs, lock()) == let_in("Theirs")
    assert offered(client(), FAY, theirs, lock()) == shut_out()


def test_associated_accepted_domains_narrow_a_connector_to_these_recipients() -> None:
    test = accepted("test.contoso.com")
    connector = lock(associated_accepted_domains=("test.contoso.com",))
    domains = {"accepted_domains": (accepted("contoso.com"), test)}
    assert offered(client(), JOHN, connector, **domains) == let_in()
    assert offered(client(), JOHN, connector, to=Address("x", "test.contoso.com"), **domains) == shut_out()


def test_both_restrictions_at_once_are_not_documented() -> None:
    both = lock(restrict_domains_to_ip_addresses=True)
    told = (
        "what partner connector 'Lock' does that restricts to certificate and addresses at once is not documented "
        "(Set-InboundConnector: do not combine)"
    )
    assert offered(own_server(), JOHN, both) == Decided(let_in("Lock").what, (told,))


def test_a_partner_connector_may_demand_tls() -> None:
    connector = partner(require_tls=True)
    rule = Rule("partner connector 'Partner' takes mail over TLS only (RequireTls)", "Set-InboundConnector")
    assert offered(client(tls=False), FAY, connector) == Decided(Refuse(STARTTLS_FIRST, rule))
    assert offered(client(), FAY, connector) == let_in("Partner")
    assert offered(client(tls=False), JOHN, connector) == let_in()


def test_an_on_premises_connector_demands_nothing_of_others() -> None:
    assert offered(client(tls=False), JOHN, inbound(require_tls=True)) == let_in()


# RejectDirectSend

REJECTS = {"organization_config": OrganizationConfig(True, ORIGIN)}
REJECTED = Decided(
    Refuse(
        DIRECT_SEND_REJECTED, Rule("RejectDirectSend: an own domain as sender, and no connector matches", "Direct Send")
    )
)


def test_direct_send_is_mail_to_the_tenant_that_claims_an_own_domain() -> None:
    assert offered(client(), KATE, **REJECTS) == REJECTED
    assert offered(client(), KATE) == let_in()
    assert offered(client(), JOHN, **REJECTS) == let_in()
    assert offered(client(), None, **REJECTS) == let_in()


def test_direct_send_of_a_subdomain_is_covered_by_match_sub_domains() -> None:
    news = Address("news", "eu.contoso.com")
    assert offered(client(), news, **REJECTS) == let_in()
    assert offered(client(), news, accepted_domains=(accepted("contoso.com", subdomains=True),), **REJECTS) == REJECTED


def test_mail_that_matches_a_connector_is_no_direct_send() -> None:
    assert offered(client(), KATE, partner(sender_domains=("contoso.com",)), **REJECTS) == let_in("Partner")
    decided = offered(own_server(), KATE, by_address(), **REJECTS)
    assert isinstance(decided.what, Reception)
    assert decided.what.connector == "By address"


def test_whether_direct_send_is_rejected_is_asked_only_where_it_matters() -> None:
    unknown = Unknown("Get-OrganizationConfig.json is missing")
    assert offered(client(), JOHN, organization_config=unknown) == let_in()
    assert offered(client(), KATE, organization_config=unknown) == Decided(let_in().what, (unknown.why,))

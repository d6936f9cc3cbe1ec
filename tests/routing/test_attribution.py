"""Whose message is it, and who may relay: Attribution, Relay 2017 and Relay 2023, in Microsoft's order."""

from typing import Any

import pytest

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import InboundConnector
from mailflow.exchange.replies import RELAY_DENIED, RELAY_DENIED_ATTR36
from mailflow.mail.address import Address
from mailflow.routing.attribution import Tenants, accepted_domain, attribute
from mailflow.routing.decision import Client, Direction, Reception, Refuse, Rule
from tests.routing.conftest import (
    CHRIS,
    FABRIKAM,
    FABRIKAM_ID,
    FAY,
    JOHN,
    KATE,
    NOBODY,
    OWN_SERVER,
    STRANGER,
    TENANT_ID,
    Decided,
    accepted,
    addresses,
    by_address,
    client,
    inbound,
    online,
    organization,
    own_server,
    partner,
)

CONTOSO = accepted("contoso.com")


def taken(
    by: Client, mail_from: Address | None, recipient: Address, *connectors: InboundConnector, **tenant: Any
) -> Decided:
    """Offer a message to a tenant with these inbound connectors."""
    changes = {"inbound_connectors": connectors, "accepted_domains": (CONTOSO,)} | tenant
    contoso: Environment = organization(online(**changes))
    assume = Assumptions()
    tenants = Tenants(contoso.microsoft_365, (FABRIKAM,))
    return Decided(attribute(tenants, by, mail_from, recipient, assume), assume.made)


def ours(connector: str, why: str, source: str = "Attribution") -> Decided:
    """Taken for mail of the organization's own servers, by this connector, nothing assumed."""
    rule = Rule(f"originating: {why}", source)
    return Decided(Reception(Direction.ORIGINATING, rule, connector, TENANT_ID, from_on_premises=True, promotes=True))


def by_certificate(connector: str = "Inbound from EX01", name: str = "*.contoso.com") -> Decided:
    return ours(connector, f"the client's certificate answers to {name} of inbound connector '{connector}'")


def by_source_address(connector: str = "By address", domain: str = "contoso.com") -> Decided:
    return ours(
        connector, f"{OWN_SERVER} stands in inbound connector '{connector}' and {domain} is accepted", "Relay 2023"
    )


INCOMING = Decided(
    Reception(
        Direction.INCOMING, Rule("incoming: contoso.com belongs to the tenant", "Attribution"), tenant_id=TENANT_ID
    )
)
ATTR36 = Decided(
    Refuse(
        RELAY_DENIED_ATTR36,
        Rule(
            "a connector matches, but neither the domain of its certificate name nor that of MAIL FROM is accepted",
            "Relay 2017",
        ),
    )
)


def denied(address: str, domain: str = "tailspintoys.com") -> Decided:
    why = f"no inbound connector matches {address} and no tenant has {domain}"
    return Decided(Refuse(RELAY_DENIED, Rule(why, "Attribution")))


# By certificate


@pytest.mark.parametrize("mail_from", [KATE, JOHN, None], ids=["own", "foreign", "null"])
@pytest.mark.parametrize("recipient", [JOHN, CHRIS, FAY, NOBODY], ids=["internet", "own", "tenant", "unknown"])
def test_by_certificate_sender_and_recipient_may_be_anything(mail_from: Address | None, recipient: Address) -> None:
    assert taken(own_server(), mail_from, recipient, inbound()) == by_certificate()


def test_by_certificate_the_source_address_does_not_matter() -> None:
    assert taken(client(STRANGER, "mail.contoso.com"), JOHN, JOHN, inbound()) == by_certificate()


@pytest.mark.parametrize(
    "by",
    [
        own_server(trusted=False),
        own_server(tls=False),
        client(OWN_SERVER),
        client(OWN_SERVER, "mail.fabrikam.com"),
        client(OWN_SERVER, "mail.notcontoso.com"),
        client(OWN_SERVER, "contoso.com"),
    ],
    ids=["untrusted", "without TLS", "none shown", "another name", "no label boundary", "the parent itself"],
)
def test_a_certificate_that_is_not_trusted_or_not_the_named_one_matches_nothing(by: Client) -> None:
    # KB3212877: a missing intermediate shows as 5.7.64 TenantAttribution too.
    assert taken(by, KATE, JOHN, inbound()) == denied(OWN_SERVER)
    assert taken(by, KATE, CHRIS, inbound()) == INCOMING


def test_the_certificate_goes_before_the_address() -> None:
    assert taken(own_server(), KATE, JOHN, by_address(), inbound()) == by_certificate()


def test_the_source_address_goes_before_the_recipient() -> None:
    assert taken(own_server(), KATE, FAY, by_address()) == by_source_address()


def test_the_most_specific_certificate_name_wins() -> None:
    anything = inbound("Any", tls_sender_certificate_name="*.contoso.com")
    below = inbound("Below", tls_sender_certificate_name="*.eu.contoso.com")
    exact = inbound("Exact", tls_sender_certificate_name="mail.eu.contoso.com")
    by = client(OWN_SERVER, "mail.eu.contoso.com")
    domains = (CONTOSO, accepted("eu.contoso.com"), accepted("mail.eu.contoso.com"))
    for order in ((anything, below, exact), (exact, below, anything), (below, anything, exact)):
        assert taken(by, JOHN, JOHN, *order, accepted_domains=domains) == by_certificate("Exact", "mail.eu.contoso.com")
        assert taken(by, JOHN, JOHN, *(c for c in order if c is not exact), accepted_domains=domains) == by_certificate(
            "Below", "*.eu.contoso.com"
        )


@pytest.mark.parametrize(
    ("certificate_name", "domains", "relays"),
    [
        ("*.contoso.com", ("contoso.com",), True),
        ("mail.contoso.com", ("contoso.com",), False),  # Relay 2017: the host name itself has to be registered
        ("mail.contoso.com", ("contoso.com", "mail.contoso.com"), True),
        ("*.contoso.com", ("mail.contoso.com",), False),
        ("*.contoso.com", ("fabrikam.example",), False),
        ("contoso.com", ("contoso.com",), False),  # not the name on the certificate
    ],
)
def test_the_domain_of_the_certificate_name_must_be_accepted(
    certificate_name: str, domains: tuple[str, ...], relays: bool
) -> None:
    connector = inbound(tls_sender_certificate_name=certificate_name)
    decided = taken(own_server(), None, JOHN, connector, accepted_domains=tuple(map(accepted, domains)))
    if relays:
        assert decided == by_certificate(name=certificate_name)
    else:
        assert decided == (denied(OWN_SERVER) if certificate_name == "contoso.com" else ATTR36)


def test_a_host_name_is_accepted_with_its_parent_where_that_matches_subdomains() -> None:
    connector = inbound(tls_sender_certificate_name="mail.contoso.com")
    parent = accepted("contoso.com", subdomains=True)
    decided = taken(own_server(), None, JOHN, connector, accepted_domains=(parent,))
    assert decided == by_certificate(name="mail.contoso.com")


def test_where_one_matching_name_is_not_accepted_another_may_be() -> None:
    exact = inbound("Exact", tls_sender_certificate_name="mail.contoso.com")
    assert taken(own_server(), None, JOHN, exact, inbound()) == by_certificate()


def test_where_the_certificates_domain_is_not_accepted_that_of_mail_from_counts() -> None:
    # Relay 2023: one of the two accepted, and a connector that matches by address or certificate.
    exact = inbound("Exact", tls_sender_certificate_name="mail.contoso.com")
    whole = ours(
        "Exact",
        "the client's certificate answers to inbound connector 'Exact', whose domain is not accepted, "
        "but contoso.com is",
        "Relay 2023",
    )
    assert taken(own_server(), KATE, JOHN, exact) == whole
    # To an own recipient the documents disagree: TLS certificates calls it an attribution miss (5.7.51).
    told = (
        "whether mail for the own domain counts as the organization's, where the certificate answers to "
        "mail.contoso.com but its domain is not accepted, is told both ways (Relay 2023; TLS certificates)"
    )
    assert taken(own_server(), KATE, CHRIS, exact) == Decided(whole.what, (told,))
    assert taken(own_server(), JOHN, JOHN, exact) == ATTR36
    assert taken(own_server(), None, JOHN, exact) == ATTR36
    assert taken(own_server(), JOHN, CHRIS, exact) == INCOMING


# By source address


def test_by_address_the_domain_of_mail_from_must_be_accepted() -> None:
    assert taken(own_server(), KATE, JOHN, by_address()) == by_source_address()
    assert taken(own_server(tls=False), KATE, JOHN, by_address()) == by_source_address()
    assert taken(own_server(), JOHN, JOHN, by_address()) == ATTR36


def test_by_address_the_null_reverse_path_is_refused_unless_the_recipient_is_ours() -> None:
    assert taken(own_server(), None, JOHN, by_address()) == ATTR36
    assert taken(own_server(), None, CHRIS, by_address()) == INCOMING


def test_by_address_a_foreign_sender_to_an_own_recipient_is_internet_mail() -> None:
    assert taken(own_server(), JOHN, CHRIS, by_address()) == INCOMING


def test_a_subdomain_as_sender_counts_only_where_it_is_accepted() -> None:
    news = Address("news", "eu.contoso.com")
    assert taken(own_server(), news, JOHN, by_address()) == ATTR36
    assert taken(
        own_server(), news, JOHN, by_address(), accepted_domains=(accepted("contoso.com", subdomains=True),)
    ) == by_source_address(domain="eu.contoso.com")


def test_the_most_specific_range_wins() -> None:
    wide, narrow = by_address("131.107.21.0/24", name="Wide"), by_address(OWN_SERVER, name="Narrow")
    assert taken(own_server(), KATE, JOHN, wide, narrow) == by_source_address("Narrow")
    assert taken(own_server(), KATE, JOHN, narrow, wide) == by_source_address("Narrow")


def test_an_address_outside_the_ranges_or_of_the_other_family_matches_nothing() -> None:
    assert taken(client("131.107.21.232"), KATE, JOHN, by_address()) == denied("131.107.21.232")
    assert taken(client("2001:db8::1"), KATE, JOHN, by_address("0.0.0.0/0")) == denied("2001:db8::1")


# By recipient


def test_nobodys_connector_and_nobodys_domain_is_refused() -> None:
    assert taken(client(), KATE, JOHN, inbound(), by_address()) == denied(STRANGER)
    assert taken(client(), None, JOHN) == denied(STRANGER)


def test_anybody_may_send_to_the_tenants_domains() -> None:
    assert taken(client(), JOHN, CHRIS, inbound()) == INCOMING
    assert taken(client(), None, CHRIS, inbound()) == INCOMING


def test_what_matches_no_connector_reaches_another_tenant_without_ever_being_ours() -> None:
    # Attribution, FAQ 3: delivered, no report, no trace in the own tenant.
    silent = Decided(
        Reception(
            Direction.INCOMING,
            Rule("incoming: fabrikam.com belongs to another tenant", "Attribution"),
            tenant_id=FABRIKAM_ID,
        )
    )
    assert taken(own_server(), KATE, FAY) == silent
    assert taken(own_server(), JOHN, FAY, by_address()) == silent
    assert taken(own_server(), None, FAY, by_address()) == silent


# Which connectors count


@pytest.mark.parametrize("connector", [inbound(enabled=False), by_address(enabled=False)], ids=["name", "address"])
def test_a_disabled_connector_matches_nothing(connector: InboundConnector) -> None:
    assert taken(own_server(), KATE, JOHN, connector) == denied(OWN_SERVER)


def test_a_partner_connector_lets_nobody_relay() -> None:
    as_partner = partner(
        sender_domains=("*",),
        tls_sender_certificate_name="*.contoso.com",
        sender_ip_addresses=addresses(OWN_SERVER),
    )
    assert taken(own_server(), KATE, JOHN, as_partner) == denied(OWN_SERVER)


# Accepted domains


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("contoso.com", "contoso.com"),
        ("eu.contoso.com", "eu.contoso.com"),
        ("a.eu.contoso.com", "eu.contoso.com"),
        ("us.contoso.com", "contoso.com"),
        ("quiet.contoso.com", "quiet.contoso.com"),
        ("a.quiet.contoso.com", "contoso.com"),
        ("notcontoso.com", None),
        ("com", None),
    ],
)
def test_an_accepted_domain_covers_itself_and_by_match_sub_domains_what_lies_below(
    name: str, found: str | None
) -> None:
    domains = (
        accepted("contoso.com", subdomains=True),
        accepted("quiet.contoso.com"),
        accepted("eu.contoso.com", subdomains=True),
    )
    for order in (domains, domains[::-1]):
        tenant = organization(online(accepted_domains=order)).microsoft_365
        covering = accepted_domain(tenant, name, Assumptions())
        assert (covering.domain_name if covering else None) == found


def test_what_a_narrowed_connector_makes_of_others_is_not_documented() -> None:
    narrowed = inbound(associated_accepted_domains=("contoso.com",))
    told = (
        "what inbound connector 'Inbound from EX01', narrowed to contoso.com, makes of mail from others is not "
        "documented (Set-InboundConnector, AssociatedAcceptedDomains)"
    )
    assert taken(own_server(), KATE, JOHN, narrowed) == by_certificate()
    for sender in (FAY, None):
        assert taken(own_server(), sender, JOHN, narrowed) == Decided(by_certificate().what, (told,))
    assert taken(client(), FAY, KATE, narrowed) == INCOMING  # it does not match

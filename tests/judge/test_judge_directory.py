"""Accepted domains, mailboxes, and the ways of each side to those of the other."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.exchange.online import ConnectorType, DomainType
from mailflow.judge import directory
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, Verdict

CHRIS, KATE = Address("chris", "contoso.com"), Address("kate", "contoso.com")
ADD = "Add and verify contoso.com in the Microsoft 365 admin center, Settings, Domains"


def type_shown(world: Any, value: str) -> Evidence:
    file = "exchange-online/Get-AcceptedDomain.json"
    return Evidence("config", "DomainType of accepted domain contoso.com", world.place(file, '"DomainType"'), (value,))


def without(listed: Any, address: Address) -> Any:
    return tuple(one for one in listed if one.primary_smtp_address != address)


def test_accepted(s4: Any) -> None:
    assert directory.accepted(s4.environment, s4.domain) == Finding(
        Verdict.COMPLIANT,
        "contoso.com is an accepted domain of the tenant",
        "it is, as Authoritative",
        "",
        (type_shown(s4, "Authoritative"),),
    )


@pytest.mark.parametrize(
    ("change", "seen", "remedy"),
    [
        ({}, "", ""),
        (
            {"sending_from_domain_disabled": True},
            "SendingFromDomainDisabled: True",
            "-SendingFromDomainDisabled $false",
        ),
        ({"sending_to_domain_disabled": True}, "SendingToDomainDisabled: True", "-SendingToDomainDisabled $false"),
        (
            {"sending_from_domain_disabled": True, "sending_to_domain_disabled": True},
            "SendingFromDomainDisabled and SendingToDomainDisabled: True",
            "-SendingFromDomainDisabled $false -SendingToDomainDisabled $false",
        ),
    ],
)
def test_a_domain_that_is_closed(s4: Any, change: dict[str, bool], seen: str, remedy: str) -> None:
    found = directory.may_send_and_receive(s4.item("accepted_domains", **change).environment, s4.domain)
    values = [change.get(f"sending_{way}_domain_disabled", False) for way in ("from", "to")]
    assert found == Finding(
        Verdict.NON_COMPLIANT if seen else Verdict.COMPLIANT,
        "nothing stops mail from contoso.com and to it in the tenant",
        seen or "nothing does",
        f"Set-AcceptedDomain contoso.com {remedy}" if seen else "",
        tuple(
            Evidence(
                "config",
                f"{prop} of accepted domain contoso.com",
                s4.place("exchange-online/Get-AcceptedDomain.json", f'"{prop}"'),
                (str(value),),
            )
            for prop, value in zip(("SendingFromDomainDisabled", "SendingToDomainDisabled"), values, strict=True)
        ),
    )


def test_a_routing_domain_that_is_closed(s4: Any, unknown: Unknown) -> None:
    name = "contoso.mail.onmicrosoft.com"
    number = next(
        i for i, one in enumerate(s4.environment.microsoft_365.online.accepted_domains) if one.domain_name == name
    )

    def judged(**change: Any) -> tuple[Verdict, str, str]:
        found = directory.routing_addresses_receive(s4.item("accepted_domains", number, **change).environment)
        return found.verdict, found.seen, found.remedy

    assert judged() == (Verdict.COMPLIANT, "nothing does", "")
    assert judged(sending_from_domain_disabled=True)[0] is Verdict.COMPLIANT  # nobody sends from there
    assert judged(sending_to_domain_disabled=True) == (
        Verdict.NON_COMPLIANT,
        "SendingToDomainDisabled: True",
        f"Set-AcceptedDomain {name} -SendingToDomainDisabled $false",
    )
    assert judged(sending_to_domain_disabled=unknown)[:2] == (Verdict.NOT_VERIFIED, unknown.why)
    assert judged(domain_name="other.example")[:2] == (Verdict.NOT_VERIFIED, f"Get-AcceptedDomain does not list {name}")


def test_accepted_whatever_its_type(s4: Any, unknown: Unknown) -> None:
    found = directory.accepted(s4.item("accepted_domains", domain_type=unknown).environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "it is")
    assert found.evidence == (type_shown(s4, "the export lacks it"),)


def test_accepted_as_a_subdomain(s4: Any, unknown: Unknown) -> None:
    """Subdomains: MatchSubDomains of the parent takes them in."""
    below = replace(s4.domain, name="sales.contoso.com")
    whole = s4.item("accepted_domains", match_sub_domains=True, domain_type=DomainType.INTERNAL_RELAY).environment
    found = directory.accepted(whole, below)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "it is as a subdomain of contoso.com, as InternalRelay")
    assert [one.asked for one in found.evidence] == [
        f"{prop} of accepted domain contoso.com" for prop in ("MatchSubDomains", "DomainType")
    ]
    assert directory.accepted(s4.environment, below).verdict is Verdict.NON_COMPLIANT
    for judge in (directory.accepted, directory.type_fits, directory.authoritative):
        maybe = judge(s4.item("accepted_domains", match_sub_domains=unknown).environment, below)
        assert (maybe.verdict, maybe.seen) == (Verdict.NOT_VERIFIED, unknown.why)


def test_not_accepted(s4: Any) -> None:
    """A parent or a child that is accepted is another domain."""
    file = "exchange-online/Get-AcceptedDomain.json"
    for judge in (directory.accepted, directory.type_fits):
        found = judge(s4.item("accepted_domains", domain_name="sub.contoso.com").environment, s4.domain)
        listed = "sub.contoso.com, contoso.onmicrosoft.com, contoso.mail.onmicrosoft.com"
        assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, f"Get-AcceptedDomain lists {listed}")
        assert found.remedy == ADD
        assert found.evidence == (Evidence("config", "DomainName of every accepted domain", file, (listed,)),)
        empty = judge(s4.online(accepted_domains=()).environment, s4.domain)
        assert (empty.verdict, empty.seen, empty.remedy) == (
            Verdict.NON_COMPLIANT,
            "Get-AcceptedDomain lists none",
            ADD,
        )


def test_authoritative(s4: Any) -> None:
    found = directory.type_fits(s4.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.COMPLIANT,
        "it is Authoritative, and Microsoft 365 knows every listed recipient",
    )
    assert found.evidence == (type_shown(s4, "Authoritative"),)


def test_authoritative_without_one_recipient(s4: Any) -> None:
    users = s4.environment.microsoft_365.online.mail_users
    found = directory.type_fits(s4.online(mail_users=without(users, KATE)).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "it is Authoritative, and Microsoft 365 does not know kate@contoso.com (550 5.4.1)",
    )


def test_authoritative_and_known_by_another_address(s4: Any) -> None:
    user = s4.environment.microsoft_365.online.mail_users[0]
    renamed = replace(user, primary_smtp_address=Address("k", "contoso.com"), email_addresses=(KATE,))
    world = s4.online(mail_users=(renamed, *without(s4.environment.microsoft_365.online.mail_users, KATE)))
    assert directory.type_fits(world.environment, s4.domain).verdict is Verdict.COMPLIANT


def test_authoritative_without_a_listed_recipient(s4: Any) -> None:
    found = directory.type_fits(s4.mailboxes(on_premises=()).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "the environment lists no on-premises mailbox of this domain",
    )


def test_internal_relay(s4: Any) -> None:
    relay = s4.item("accepted_domains", domain_type=DomainType.INTERNAL_RELAY)
    name = s4.environment.microsoft_365.online.outbound_connectors[0].name
    found = directory.type_fits(relay.environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, f"it is InternalRelay, and '{name}' covers it")
    file = "exchange-online/Get-OutboundConnector.json"
    assert found.evidence == (
        type_shown(s4, "InternalRelay"),
        Evidence(
            "config",
            f"RecipientDomains of outbound connector '{name}'",
            s4.place(file, '"RecipientDomains"'),
            ("contoso.com",),
        ),
    )


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"enabled": False}, "it is InternalRelay, and no enabled outbound connector covers it"),
        (
            {"name": "To them", "connector_type": ConnectorType.PARTNER},
            "it is InternalRelay, and 'To them', which covers it, is of type Partner",
        ),
    ],
)
def test_internal_relay_without_a_connector(s4: Any, fields: Any, seen: str) -> None:
    """The requirement's own remedy is to make it InternalRelay, which it is."""
    relay = s4.item("accepted_domains", domain_type=DomainType.INTERNAL_RELAY).item("outbound_connectors", **fields)
    found = directory.type_fits(relay.environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NON_COMPLIANT, seen)
    assert found.remedy == (
        "Give contoso.com an outbound connector of type OnPremises, or, once Microsoft 365 knows every on-premises "
        "recipient: Set-AcceptedDomain contoso.com -DomainType Authoritative"
    )


def test_internal_relay_and_connectors_of_which_nothing_is_known(s4: Any, unknown: Unknown) -> None:
    relay = s4.item("accepted_domains", domain_type=DomainType.INTERNAL_RELAY)
    for world in (
        relay.online(outbound_connectors=unknown),
        relay.item("outbound_connectors", enabled=unknown),
        relay.item("outbound_connectors", connector_type=unknown),
    ):
        found = directory.type_fits(world.environment, s4.domain)
        assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it")


def test_external_relay(s4: Any) -> None:
    world = s4.item("accepted_domains", domain_type=DomainType.EXTERNAL_RELAY)
    found = directory.type_fits(world.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "ExternalRelay does not exist in Exchange Online",
    )
    assert found.remedy == "Set-AcceptedDomain contoso.com -DomainType InternalRelay"


def test_mailboxes_exist(s4: Any) -> None:
    found = directory.mailboxes_exist(s4.environment, s4.domain)
    assert found == Finding(
        Verdict.COMPLIANT,
        "every listed mailbox of contoso.com exists on its side",
        "3 in the tenant, 2 on-premises",
        "",
        (
            Evidence(
                "environment",
                "cloud mailboxes",
                s4.place("environment.yaml", "  cloud: ["),
                ("chris@contoso.com, sara@contoso.com, lee@contoso.com",),
            ),
            Evidence(
                "environment",
                "on-premises mailboxes",
                s4.place("environment.yaml", "  on_premises: ["),
                ("kate@contoso.com, david@contoso.com",),
            ),
        ),
    )


def test_mailboxes_that_do_not_exist(s4: Any) -> None:
    """An address that a mailbox has beside its primary one is no mailbox: its mail arrives under the other name."""
    tenant = without(s4.environment.microsoft_365.online.mailboxes, CHRIS)
    own = without(s4.environment.on_premises.exchange.mailboxes, KATE)
    found = directory.mailboxes_exist(s4.online(mailboxes=tenant).exchange(mailboxes=own).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        (
            "chris@contoso.com is no PrimarySmtpAddress in Get-Mailbox of the tenant; "
            "kate@contoso.com is no PrimarySmtpAddress in Get-Mailbox on-premises"
        ),
    )


def test_mailboxes_of_a_server_without_exports(s4: Any) -> None:
    found = directory.mailboxes_exist(s4.not_exchange().exchange(mailboxes=()).environment, s4.domain)
    assert found.verdict is Verdict.COMPLIANT
    assert found.notes == ("of the on-premises mailboxes nothing but the environment file tells",)


@pytest.mark.parametrize("judge", [directory.mailboxes_exist, directory.ways_known])
@pytest.mark.parametrize(("side", "said"), [("cloud", "cloud"), ("on_premises", "on-premises")])
def test_no_mailbox_of_a_side(s4: Any, judge: Any, side: str, said: str) -> None:
    """A mailbox in a subdomain is in another domain."""
    for listed in ((), (Address("a", "sub.contoso.com"),)):
        found = judge(s4.mailboxes(**{side: listed}).environment, s4.domain)
        assert (found.verdict, found.seen) == (
            Verdict.NOT_VERIFIED,
            f"the environment lists no {said} mailbox of contoso.com",
        )


def test_ways_known(s4: Any) -> None:
    found = directory.ways_known(s4.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.COMPLIANT,
        "routing addresses for 3, a way to each of 2 on-premises",
    )
    routing = Evidence(
        "config",
        "RemoteRoutingAddress of remote mailbox chris@contoso.com",
        s4.place("exchange-server/Get-RemoteMailbox.json", '"RemoteRoutingAddress"'),
        ("chris@contoso.mail.onmicrosoft.com",),
    )
    assert found.evidence[0] == routing
    assert found.evidence[-1].answer == ("david@contoso.com, kate@contoso.com",)


@pytest.mark.parametrize("address", [None, Address("chris", "contoso.com")])
def test_routing_address_missing(s4: Any, address: Address | None) -> None:
    world = s4.own_item("remote_mailboxes", remote_routing_address=address)
    found = directory.ways_known(world.environment, s4.domain)
    where = s4.place("exchange-server/Get-RemoteMailbox.json", '"RemoteRoutingAddress"')
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"RemoteRoutingAddress of chris@contoso.com is {address or 'not set'} ({where})",
    )


def test_remote_mailbox_and_mail_user_missing(s4: Any) -> None:
    remote = without(s4.environment.on_premises.exchange.remote_mailboxes, CHRIS)
    users = without(s4.environment.microsoft_365.online.mail_users, KATE)
    world = s4.exchange(remote_mailboxes=remote).online(mail_users=users)
    found = directory.ways_known(world.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "on-premises has no remote mailbox chris@contoso.com; the tenant knows no mail user for kate@contoso.com",
    )
    # An internal relay domain passes on whom the tenant does not know.
    relay = world.item("accepted_domains", domain_type=DomainType.INTERNAL_RELAY)
    found = directory.ways_known(relay.environment, s4.domain)
    assert found.seen == "on-premises has no remote mailbox chris@contoso.com"


def test_mail_user_that_leads_elsewhere(s4: Any) -> None:
    """One that leads to another address of the same mailbox is right."""
    there = s4.item("mail_users", external_email_address=Address("david", "contoso.mail.onmicrosoft.com"))
    assert directory.ways_known(there.environment, s4.domain).verdict is Verdict.COMPLIANT
    unset = s4.item("mail_users", external_email_address=None)
    assert directory.ways_known(unset.environment, s4.domain).verdict is Verdict.COMPLIANT
    elsewhere = s4.item("mail_users", external_email_address=Address("david", "old.contoso.com"))
    found = directory.ways_known(elsewhere.environment, s4.domain)
    where = s4.place("exchange-online/Get-MailUser.json", '"ExternalEmailAddress"')
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        f"ExternalEmailAddress of david@contoso.com is david@old.contoso.com, and no on-premises mailbox ({where})",
    )
    cloud = s4.environment.mailboxes.cloud
    routes = {a: Address(a.local, "contoso.mail.onmicrosoft.com") for a in cloud}
    found = directory.ways_known(elsewhere.not_exchange(routing_addresses=routes).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "whether david@old.contoso.com is a mailbox of servers that are not Exchange is not known",
    )


def test_tenant_mailbox_is_no_way_to_an_on_premises_one(s4: Any) -> None:
    online = s4.environment.microsoft_365.online
    twin = replace(online.mailboxes[0], primary_smtp_address=KATE, email_addresses=(KATE,))
    world = s4.online(mailboxes=(*online.mailboxes, twin), mail_users=without(online.mail_users, KATE))
    found = directory.ways_known(world.environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        "the tenant knows no mail user for kate@contoso.com",
    )


def test_type_matters_only_where_a_mail_user_is_missing(s4: Any, unknown: Unknown) -> None:
    world = s4.item("accepted_domains", domain_type=unknown)
    assert directory.ways_known(world.environment, s4.domain).verdict is Verdict.COMPLIANT
    users = without(s4.environment.microsoft_365.online.mail_users, KATE)
    found = directory.ways_known(world.online(mail_users=users).environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the export lacks it")


def test_a_parent_that_may_pass_on_unknown_recipients_leaves_the_way_open(s4: Any, unknown: Unknown) -> None:
    below = replace(s4.domain, name="sales.contoso.com")
    chris, kate = (Address(name, "sales.contoso.com") for name in ("chris", "kate"))
    world = s4.mailboxes(cloud=(chris,), on_premises=(kate,))
    maybe = directory.ways_known(world.item("accepted_domains", match_sub_domains=unknown).environment, below)
    assert (maybe.verdict, maybe.seen) == (Verdict.NOT_VERIFIED, unknown.why)
    found = directory.ways_known(world.item("accepted_domains", match_sub_domains=False).environment, below)
    assert found.verdict is Verdict.NON_COMPLIANT
    assert found.seen.endswith("the tenant knows no mail user for kate@sales.contoso.com")


def test_routing_addresses_of_a_server_that_is_not_exchange(s4: Any) -> None:
    cloud = s4.environment.mailboxes.cloud
    there = {a: Address(a.local, "contoso.mail.onmicrosoft.com") for a in cloud}
    found = directory.ways_known(s4.not_exchange(routing_addresses=there).environment, s4.domain)
    assert found.verdict is Verdict.COMPLIANT
    no_exports = s4.exchange(remote_mailboxes=()).not_exchange(routing_addresses=there)
    assert directory.ways_known(no_exports.environment, s4.domain).verdict is Verdict.COMPLIANT
    astray = there | {CHRIS: Address("chris", "contoso.example")}
    found = directory.ways_known(s4.not_exchange(routing_addresses=astray).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NON_COMPLIANT,
        (
            "mail.contoso.com has no routing address for chris@contoso.com in contoso.mail.onmicrosoft.com "
            f"({s4.server.origin})"
        ),
    )


def test_without_a_server_no_way_is_known(s4: Any) -> None:
    found = directory.ways_known(s4.servers().environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "the environment names no on-premises server")

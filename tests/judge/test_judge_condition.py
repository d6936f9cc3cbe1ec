"""Conditions: what the environment answers, what follows from routing, and what nobody has said."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.answers import Conditions
from mailflow.environment.environment import Domain, Route
from mailflow.exchange.known import Unknown
from mailflow.judge import condition
from mailflow.judge.device import has_own_mailboxes
from mailflow.mail.address import Address
from mailflow.policy.finding import Evidence, Finding, Verdict

KATE, LEE = Address("kate", "contoso.com"), Address("lee", "contoso.com")


def answered(world: Any, foreign: Any, forward: Any) -> Any:
    return world.change(conditions=Conditions(foreign, forward)).environment


def test_sends_for_foreign_domains(s4: Any) -> None:
    asked = "the organization sends for a domain that it does not own"
    where = s4.place("environment.yaml", "sends_for_foreign_domains")
    assert condition.sends_for_foreign_domains(answered(s4, ("a.example", "b.example"), None)) == Finding(
        Verdict.COMPLIANT,
        asked,
        "a.example, b.example",
        "",
        (Evidence("environment", asked, where, ("a.example, b.example",)),),
    )
    assert condition.sends_for_foreign_domains(answered(s4, (), None)) == Finding(
        Verdict.NOT_APPLICABLE,
        asked,
        "it sends for no such domain",
        "",
        (Evidence("environment", asked, where, ("no",)),),
    )
    assert condition.sends_for_foreign_domains(answered(s4, None, None)) == Finding(
        Verdict.NOT_VERIFIED,
        asked,
        "nobody has answered this question in environment.yaml",
        "Add to environment.yaml, below conditions: sends_for_foreign_domains: [fabrikam.com], or [] for none",
    )


def test_users_forward_outside(s4: Any) -> None:
    asked = "users of the organization forward mail outside"
    where = s4.place("environment.yaml", "users_forward_outside")
    some = condition.users_forward_outside(answered(s4, None, True))
    assert some == Finding(Verdict.COMPLIANT, asked, "some do", "", (Evidence("environment", asked, where, ("yes",)),))
    none = condition.users_forward_outside(answered(s4, None, False))
    assert (none.verdict, none.seen, none.evidence[0].answer) == (Verdict.NOT_APPLICABLE, "no user does", ("no",))
    silent = condition.users_forward_outside(answered(s4, None, None))
    assert (silent.verdict, silent.remedy) == (
        Verdict.NOT_VERIFIED,
        "Add to environment.yaml, below conditions: users_forward_outside: true, or false",
    )


def test_reports_leave_through_microsoft_365(s4: Any) -> None:
    found = condition.reports_leave_through_microsoft_365(s4.environment)
    assert found.verdict is Verdict.COMPLIANT
    assert found.seen == "mail.contoso.com hands mail for the Internet to contoso-com.mail.protection.outlook.com"
    assert found.evidence[0].of == s4.server.origin
    assert found.evidence[0].asked == "what mail.contoso.com does with mail for the Internet"


@pytest.mark.parametrize(
    "host",
    ["evilmail.protection.outlook.com", "mail.protection.outlook.com.example", "gw.example", "mail.contoso.com"],
)
def test_reports_that_go_to_another_smart_host(s4: Any, host: str) -> None:
    world = s4.not_exchange(routes=(Route("*", host, True, True),))
    found = condition.reports_leave_through_microsoft_365(world.environment)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_APPLICABLE,
        "the on-premises servers do not send to the Internet through Microsoft 365",
    )


def test_reports_that_go_to_a_signed_host(s4: Any) -> None:
    world = s4.not_exchange(routes=(Route("*", "contoso-com.o-v1.mx.microsoft", True, True),))
    assert condition.reports_leave_through_microsoft_365(world.environment).verdict is Verdict.COMPLIANT


def test_reports_that_leave_directly(s3: Any) -> None:
    found = condition.reports_leave_through_microsoft_365(s3.environment)
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert len(found.evidence) == 1


def test_reports_that_go_nowhere(s4: Any) -> None:
    """Whether a report would leave through Microsoft 365 cannot be seen where it does not leave at all."""
    found = condition.reports_leave_through_microsoft_365(s4.exchange(send_connectors=()).environment)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "mail for the Internet stays at mail.contoso.com: no send connector covers elsewhere.invalid",
    )


def test_one_server_that_hands_reports_over_is_enough(s4: Any, unknown: Unknown) -> None:
    """What is unknown of the first server does not hide what is known of the second."""
    second = s4.not_exchange().server
    world = s4.exchange(send_connectors=unknown).servers(s4.server, replace(second, name="edge.contoso.com"))
    found = condition.reports_leave_through_microsoft_365(world.environment)
    assert (found.verdict, found.seen) == (
        Verdict.COMPLIANT,
        "edge.contoso.com hands mail for the Internet to contoso-com.mail.protection.outlook.com",
    )
    alone = world.servers(s4.server)
    assert condition.reports_leave_through_microsoft_365(alone.environment).seen == "the export lacks it"


def test_what_rests_on_own_servers_does_not_apply_where_there_are_none(world: Any) -> None:
    environment = world("all-in-cloud").environment
    for found in (
        condition.reports_leave_through_microsoft_365(environment),
        condition.servers_run_exchange(environment),
        condition.own_servers(environment),
        condition.own_servers_take_part(environment, environment.domains[0]),
        condition.comes_from(environment, environment.domains[0], "an on-premises mailbox"),
    ):
        assert (found.verdict, found.seen) == (
            Verdict.NOT_APPLICABLE,
            "the environment names no server of the organization's own",
        )
    assert condition.comes_from(environment, environment.domains[0], "a cloud mailbox").verdict is Verdict.COMPLIANT


def test_own_servers_are_those_that_the_environment_names(s4: Any) -> None:
    found = condition.own_servers(s4.environment)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "mail.contoso.com")
    assert [(one.of, one.answer) for one in found.evidence] == [("environment.yaml:20", ("mail.contoso.com",))]
    assert condition.comes_from(s4.environment, s4.domain, "an on-premises mailbox").verdict is Verdict.COMPLIANT


SHOP = Domain("shop.example", "all-in-cloud", ())


def test_own_servers_have_no_part_in_a_domain_with_all_of_its_mailboxes_in_the_cloud(s4: Any) -> None:
    beside = s4.change(domains=(s4.domain, SHOP))
    found = condition.own_servers_take_part(beside.environment, SHOP)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_APPLICABLE,
        "in all-in-cloud all mailboxes are in the cloud, and the environment lists no other of shop.example",
    )
    assert condition.comes_from(beside.environment, SHOP, "an on-premises mailbox").verdict is Verdict.NOT_APPLICABLE
    assert has_own_mailboxes(beside.environment, SHOP).verdict is Verdict.NOT_APPLICABLE
    assert condition.own_servers_take_part(beside.environment, s4.domain).verdict is Verdict.COMPLIANT
    listed = beside.mailboxes(on_premises=(KATE, Address("kate", SHOP.name))).environment
    for environment, domain in ((listed, SHOP), (s4.environment, replace(SHOP, scenario="of-our-own"))):
        assert condition.own_servers_take_part(environment, domain).verdict is Verdict.COMPLIANT


def test_of_the_documentation(s4: Any) -> None:
    told = condition.of_the_documentation(answered(s4, (), None))
    assert [one.verdict for one in told] == [Verdict.NOT_APPLICABLE, Verdict.COMPLIANT, Verdict.NOT_VERIFIED]


def test_third_party_sends(s4: Any) -> None:
    found = condition.third_party_sends(s4.environment, s4.domain)
    assert (found.verdict, found.asked, found.seen) == (
        Verdict.COMPLIANT,
        "a third party sends for contoso.com",
        "newsletter",
    )
    assert found.evidence[0].of == s4.place("environment.yaml", "third_parties")
    below = replace(s4.environment.third_parties[0], sends_as=Address("news", "news.contoso.com"))
    assert condition.third_party_sends(s4.change(third_parties=(below,)).environment, s4.domain).seen == "newsletter"
    elsewhere = replace(below, sends_as=Address("news", "news.fabrikam.com"))
    for parties in ((), (elsewhere,)):
        none = condition.third_party_sends(s4.change(third_parties=parties).environment, s4.domain)
        assert (none.verdict, none.seen) == (Verdict.NOT_APPLICABLE, "the environment names none")


def test_cloud_mailbox_forwards(s4: Any) -> None:
    found = condition.cloud_mailbox_forwards(s4.environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "lee@contoso.com to lee@tailspintoys.com")
    assert found.evidence[0].of == s4.place("environment.yaml", "  forwards:")


@pytest.mark.parametrize("forwards", [{}, {KATE: Address("kate", "tailspintoys.com")}, {LEE: KATE}])
def test_no_cloud_mailbox_forwards_outside(s4: Any, forwards: Any) -> None:
    """None forwards, an on-premises one does, or one does so inside."""
    found = condition.cloud_mailbox_forwards(s4.mailboxes(forwards=forwards).environment, s4.domain)
    assert (found.verdict, found.seen) == (Verdict.NOT_APPLICABLE, "the environment lists none")


def test_servers_run_exchange(s4: Any) -> None:
    found = condition.servers_run_exchange(s4.environment)
    assert (found.verdict, found.seen, found.notes) == (Verdict.COMPLIANT, "mail.contoso.com", ())
    told = (
        "not Exchange: mail.contoso.com; mail from there can count as internal only by TreatMessagesAsInternal of the "
        "inbound connector, which trusts whatever comes from that server"
    )
    postfix = s4.not_exchange()
    other = condition.servers_run_exchange(postfix.environment)
    assert (other.verdict, other.seen) == (Verdict.NOT_APPLICABLE, told)
    # A gateway before Exchange does not free Exchange from keeping the trust.
    both = s4.servers(replace(postfix.server, name="gw.contoso.com"), s4.server)
    found = condition.servers_run_exchange(both.environment)
    assert (found.verdict, found.seen) == (Verdict.COMPLIANT, "mail.contoso.com")
    assert found.notes == (told.replace("mail.contoso.com;", "gw.contoso.com;"),)


def test_a_draft_settles_every_row(s4: Any) -> None:
    assert condition.is_filled_in(s4.environment) is None
    found = condition.is_filled_in(
        s4.change(unfilled=("environment.yaml:12 tenant_id", "zones/a.zone a TXT")).environment
    )
    assert found is not None
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "still to be filled in: environment.yaml:12 tenant_id; zones/a.zone a TXT",
    )
    assert found.remedy == "Fill them in: environment.yaml:12 tenant_id; zones/a.zone a TXT"
    assert [(one.of, one.answer) for one in found.evidence] == [
        ("environment.yaml:12", ("environment.yaml:12 tenant_id, zones/a.zone a TXT",))
    ]


def test_third_parties_that_nobody_was_asked_for(s4: Any) -> None:
    lines = {path: line for path, line in s4.environment.lines.items() if not path.startswith("third_parties")}
    found = condition.third_party_sends(s4.change(third_parties=(), lines=lines).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "nobody has answered this question in environment.yaml",
    )
    assert found.remedy == "Add to environment.yaml: third_parties: {} for none"


def test_without_a_cloud_mailbox_nobody_knows_whether_one_forwards(s4: Any) -> None:
    empty = replace(s4.environment.mailboxes, cloud=(), forwards={})
    found = condition.cloud_mailbox_forwards(s4.change(mailboxes=empty).environment, s4.domain)
    assert (found.verdict, found.seen) == (
        Verdict.NOT_VERIFIED,
        "the environment lists no cloud mailbox of the domain",
    )

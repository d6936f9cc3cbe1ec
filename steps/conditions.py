"""Given: conditions of the documentation. Where the answer is no, the row is not applicable."""

from pytest_bdd import given, parsers

from mailflow.environment.environment import Domain, Environment
from mailflow.judge import condition as conditions
from mailflow.judge import signer, spf_below
from mailflow.plugin.fixtures import Say


@given("the organization sends for a domain that it does not own")
def organization_sends_for_foreign_domain(environment: Environment, condition: Say) -> None:
    condition(conditions.sends_for_foreign_domains(environment))


@given("non-delivery reports leave through Microsoft 365")
def reports_leave_through_microsoft_365(environment: Environment, condition: Say) -> None:
    condition(conditions.reports_leave_through_microsoft_365(environment))


@given("the organization has servers of its own")
def organization_has_servers(environment: Environment, condition: Say) -> None:
    condition(conditions.own_servers(environment))


@given("own servers have a part in the mail of the domain")
def own_servers_take_part(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(conditions.own_servers_take_part(environment, domain))


@given(parsers.parse("mail can come from {sender}"))
def mail_can_come_from(environment: Environment, domain: Domain, sender: str, condition: Say) -> None:
    condition(conditions.comes_from(environment, domain, sender))


@given("users of the domain forward mail outside")
def users_forward_outside(environment: Environment, condition: Say) -> None:
    condition(conditions.users_forward_outside(environment))


@given("a third party sends for the organization")
def third_party_sends(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(conditions.third_party_sends(environment, domain))


@given("a third party sends as a name below the domain")
def third_party_sends_below(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(spf_below.third_party_sends_below(environment, domain))


@given("somebody beside Microsoft 365 signs as the domain")
def somebody_signs(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(signer.somebody_signs(environment, domain))


@given("a cloud mailbox forwards outside")
def cloud_mailbox_forwards_outside(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(conditions.cloud_mailbox_forwards(environment, domain))


@given("the on-premises servers run Exchange")
def servers_run_exchange(environment: Environment, condition: Say) -> None:
    condition(conditions.servers_run_exchange(environment))

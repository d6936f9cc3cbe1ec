"""When the records by which receivers prove mail are looked up, Then they hold."""

from typing import NamedTuple

from pytest_bdd import then, when

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind
from mailflow.judge import alignment as judge_alignment
from mailflow.judge import dane as judge_dane
from mailflow.judge import dkim as judge_dkim
from mailflow.judge import dmarc as judge_dmarc
from mailflow.judge import exit_name as judge_exit
from mailflow.judge import mta_sts as judge_mta_sts
from mailflow.judge import parked, signer
from mailflow.judge import signature as judge_signature
from mailflow.judge import tls_rpt as judge_tls_rpt
from mailflow.judge.arrival import Arrival
from mailflow.observe.door import Door
from mailflow.observe.policy_fetch import record_of
from mailflow.plugin.fixtures import Say
from mailflow.records.answer import Answer, Question
from mailflow.records.dmarc import Found, discover, discover_below
from mailflow.records.spf import Evaluation


class DmarcSeen(NamedTuple):
    """The DMARC record that holds, and what domains elsewhere say of its reports."""

    found: Found
    authorisations: tuple[Answer, ...]


@when("the DMARC record of the domain is looked up", target_fixture="dmarc")
def dmarc_record_is_looked_up(door: Door, domain: Domain) -> DmarcSeen:
    (found,) = door.drive([discover(domain.name)])
    return DmarcSeen(found, door.lookups(judge_dmarc.authorisations(found)))


@then("one valid DMARC record holds for it")
def one_valid_dmarc_record_holds(domain: Domain, dmarc: DmarcSeen, conclude: Say) -> None:
    conclude(judge_dmarc.one_valid(domain, dmarc.found))


@then("receivers are asked to quarantine or reject what fails")
def receivers_are_asked_for_action(domain: Domain, dmarc: DmarcSeen, conclude: Say) -> None:
    conclude(judge_dmarc.asks_for_action(domain, dmarc.found))


@when("the DMARC record for names below the domain is looked up", target_fixture="dmarc_below")
def dmarc_record_for_names_below_is_looked_up(door: Door, domain: Domain) -> Found:
    (found,) = door.drive([discover_below(domain.name)])
    return found


@then("receivers are asked to quarantine or reject what fails for them")
def receivers_are_asked_for_action_below(domain: Domain, dmarc_below: Found, conclude: Say) -> None:
    conclude(judge_dmarc.asks_for_action_below(domain, dmarc_below))


@then("receivers are asked to reject what fails, for the domain and every name below it")
def receivers_are_asked_to_reject(domain: Domain, dmarc: DmarcSeen, conclude: Say) -> None:
    conclude(judge_dmarc.asks_for_rejection(domain, dmarc.found))


@then("every domain to which its reports go has agreed to get them")
def report_domains_have_agreed(domain: Domain, dmarc: DmarcSeen, conclude: Say) -> None:
    conclude(judge_dmarc.reports_are_authorised(domain, dmarc.found, dmarc.authorisations))


@when("the DKIM selectors of the domain are looked up", target_fixture="selectors")
def selectors_are_looked_up(door: Door, domain: Domain) -> tuple[judge_dkim.Selector, ...]:
    return judge_dkim.selectors(door.lookups(judge_dkim.questions(domain)))


@then("Microsoft 365 signs for the domain")
def microsoft_365_signs(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(judge_dkim.signs(environment, domain))


@then("they are CNAMEs to the names in the signing configuration of the tenant")
def selectors_lead_to_the_tenant(
    environment: Environment, domain: Domain, selectors: tuple[judge_dkim.Selector, ...], conclude: Say
) -> None:
    conclude(judge_dkim.lead_to_the_tenant(environment, domain, selectors))


@then("they lead to usable keys")
def selectors_lead_to_keys(
    environment: Environment, domain: Domain, selectors: tuple[judge_dkim.Selector, ...], conclude: Say
) -> None:
    conclude(judge_dkim.have_usable_keys(environment, domain, selectors))


@when("the selectors of those who sign beside Microsoft 365 are looked up", target_fixture="signing_keys")
def selectors_of_signers_are_looked_up(door: Door, environment: Environment, domain: Domain) -> tuple[Answer, ...]:
    return door.lookups(signer.questions(environment, domain))


@then("each leads to exactly one usable key")
def each_leads_to_one_usable_key(
    environment: Environment, domain: Domain, signing_keys: tuple[Answer, ...], conclude: Say
) -> None:
    conclude(signer.have_one_usable_key_each(environment, domain, signing_keys))


@when("every DKIM selector is looked up that is known of the domain", target_fixture="keys")
def known_selectors_are_looked_up(door: Door, environment: Environment, domain: Domain) -> tuple[Answer, ...]:
    return door.lookups(parked.selectors(environment, domain))


@then("no usable key stands at any of them")
def no_usable_key_stands_there(domain: Domain, keys: tuple[Answer, ...], conclude: Say) -> None:
    conclude(parked.no_usable_key(domain, keys))


@then("each whose author is in the domain reaches the Internet with a valid DKIM signature of it")
def each_reaches_the_internet_signed(
    environment: Environment, domain: Domain, door: Door, arrivals: list[tuple[Arrival, Evaluation]], conclude: Say
) -> None:
    paths = [path for kind in Kind for path in door.paths(domain, kind)]
    conclude(judge_signature.every_arrival_is_signed(environment, domain, paths, [arrival for arrival, _ in arrivals]))


@then("each whose author is in the domain passes DMARC where it arrives")
def each_passes_dmarc(environment: Environment, domain: Domain, door: Door, conclude: Say) -> None:
    paths = {kind: door.paths(domain, kind) for kind in Kind}
    seen = judge_alignment.look(environment, domain, paths, door.drive)
    conclude(judge_alignment.every_arrival_passes(environment, domain, paths, seen))


@when("the TLS-RPT record of the domain is looked up", target_fixture="tls_rpt")
def tls_rpt_record_is_looked_up(door: Door, domain: Domain) -> Answer:
    return door.lookup(f"_smtp._tls.{domain.name}", "TXT")


@then("one valid TLS-RPT record stands there")
def one_valid_tls_rpt_record(domain: Domain, tls_rpt: Answer, conclude: Say) -> None:
    conclude(judge_tls_rpt.one_valid(domain, tls_rpt))


@when("the MTA-STS policy of the domain is fetched", target_fixture="mta_sts")
def mta_sts_policy_is_fetched(door: Door, domain: Domain) -> judge_mta_sts.Sts:
    txt, mx = door.lookups([record_of(domain.name), Question(domain.name, "MX")])
    return judge_mta_sts.Sts(txt, door.policy(domain), mx)


@then("one valid MTA-STS record announces it")
def one_valid_mta_sts_record(domain: Domain, mta_sts: judge_mta_sts.Sts, conclude: Say) -> None:
    conclude(judge_mta_sts.one_valid_record(domain, mta_sts))


@then("its host hands it out over HTTPS as senders demand")
def policy_is_handed_out(domain: Domain, mta_sts: judge_mta_sts.Sts, conclude: Say) -> None:
    conclude(judge_mta_sts.is_handed_out(domain, mta_sts))


@then("senders can read it")
def policy_is_valid(mta_sts: judge_mta_sts.Sts, conclude: Say) -> None:
    conclude(judge_mta_sts.is_valid(mta_sts))


@then("it lists every host to which senders go before, during and after the change")
def policy_covers_mx_hosts(
    door: Door, environment: Environment, domain: Domain, mta_sts: judge_mta_sts.Sts, conclude: Say
) -> None:
    conclude(judge_mta_sts.covers_mx_hosts(environment, domain, mta_sts, door.stage, door.now))


@when("the TLSA records of the MX hosts are looked up", target_fixture="dane")
def tlsa_records_are_looked_up(door: Door, environment: Environment, domain: Domain) -> judge_dane.Dane:
    return judge_dane.look(environment, domain, door.lookups, door.stage, door.reached.get(domain.name, ()))


@then("they fit the certificates that the hosts show, where DNSSEC proves them")
def tlsa_records_fit(door: Door, domain: Domain, dane: judge_dane.Dane, conclude: Say) -> None:
    conclude(judge_dane.fits(domain, dane, door.now))


@when("the names of the addresses from which the on-premises servers send are looked up", target_fixture="exits")
def exit_names_are_looked_up(door: Door, environment: Environment) -> tuple[judge_exit.ExitNames, ...]:
    return door.drive(judge_exit.look(environment))


@then("each address has a name that leads back to it")
def each_address_has_a_name(exits: tuple[judge_exit.ExitNames, ...], conclude: Say) -> None:
    conclude(judge_exit.reverse_leads_back(exits))


@then("each server greets with a name that leads to its address")
def each_server_greets_with_its_name(exits: tuple[judge_exit.ExitNames, ...], conclude: Say) -> None:
    conclude(judge_exit.greeting_leads_back(exits))

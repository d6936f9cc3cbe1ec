"""When DNS records are looked up, Then they say what the scenario needs."""

from typing import NamedTuple

from pytest_bdd import then, when

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind
from mailflow.judge import left_over, parked, spf_arrival
from mailflow.judge import mx as judge_mx
from mailflow.judge import spf as judge_spf
from mailflow.judge import spf_below as judge_spf_below
from mailflow.judge import subdomain as judge_subdomain
from mailflow.judge.arrival import Arrival
from mailflow.judge.arrival import arrivals as find_arrivals
from mailflow.observe.door import Door
from mailflow.plugin.fixtures import Say
from mailflow.records.answer import Answer
from mailflow.records.spf import Evaluation


class MxSeen(NamedTuple):
    """The MX records, and the addresses of the hosts they name."""

    records: Answer
    addresses: judge_mx.Addresses


@when("the MX records of the domain are looked up", target_fixture="mx")
def mx_records_are_looked_up(door: Door, domain: Domain) -> MxSeen:
    records = door.lookup(domain.name, "MX")
    return MxSeen(records, judge_mx.addresses_of(records, door.lookups))


@then("the Microsoft 365 host of the domain is among them")
def microsoft_365_host_is_among_them(environment: Environment, domain: Domain, mx: MxSeen, conclude: Say) -> None:
    conclude(judge_mx.names_microsoft_365(environment, domain, mx.records, mx.addresses))


@then("the planned on-premises servers are among them, by name and with their addresses")
def planned_servers_are_among_them(environment: Environment, domain: Domain, mx: MxSeen, conclude: Say) -> None:
    conclude(judge_mx.names_own_servers(environment, domain, mx.records, mx.addresses))


@then("the planned servers of the third-party filter are among them, by name and with their addresses")
def planned_filter_is_among_them(environment: Environment, domain: Domain, mx: MxSeen, conclude: Say) -> None:
    conclude(judge_mx.names_filter(environment, domain, mx.records, mx.addresses))


@then("the null MX stands there alone")
def null_mx_stands_alone(domain: Domain, mx: MxSeen, conclude: Say) -> None:
    conclude(parked.takes_no_mail(domain, mx.records))


@then("they name no other host")
def name_no_other_host(environment: Environment, domain: Domain, mx: MxSeen, conclude: Say) -> None:
    conclude(judge_mx.names_no_other(domain, mx.records, judge_mx.expected_hosts(environment, domain)))


@then("a planned host is called mail in the domain")
def planned_host_is_called_mail(domain: Domain, mx: MxSeen, conclude: Say) -> None:
    conclude(judge_mx.has_documented_name(domain, mx.records))


@when("the MX records of the names below the domain are looked up", target_fixture="below")
def mx_records_below_are_looked_up(
    door: Door, environment: Environment, domain: Domain
) -> tuple[judge_subdomain.Seen, ...]:
    return judge_subdomain.look(environment, domain, door.lookups)


@then("each leads its mail to somebody who takes it, or says that there is none")
def each_leads_its_mail_to_a_taker(
    environment: Environment, domain: Domain, below: tuple[judge_subdomain.Seen, ...], conclude: Say
) -> None:
    conclude(judge_subdomain.are_led_to_takers(environment, domain, below))


@when("the SPF record of the domain is looked up", target_fixture="spf")
def spf_record_is_looked_up(door: Door, environment: Environment, domain: Domain) -> judge_spf.SpfSeen:
    return judge_spf.look(environment, domain, door.lookup(domain.name, "TXT"), door.drive)


@then("there is exactly one")
def is_exactly_one(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.exactly_one(domain, spf))


@then("it is valid")
def is_valid(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.valid(domain, spf))


@then("it stays within 10 querying terms and 2 void look-ups")
def stays_within_limits(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.within_limits(domain, spf))


@then("Microsoft 365 passes by the include of its cloud")
def microsoft_365_passes(environment: Environment, domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.microsoft_365_passes(environment, domain, spf))


@then("every address from which the on-premises servers send passes")
def own_addresses_pass(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.own_servers_pass(domain, spf))


@then("every third party passes")
def third_parties_pass(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.third_parties_pass(domain, spf))


@when("the SPF records of the names below the domain are looked up", target_fixture="spf_below")
def spf_records_below_are_looked_up(door: Door, environment: Environment, domain: Domain) -> judge_spf_below.SpfBelow:
    return judge_spf_below.look(environment, domain, door.drive)


@then("every third party passes the record of the name with which it sends")
def third_parties_below_pass(domain: Domain, spf_below: judge_spf_below.SpfBelow, conclude: Say) -> None:
    conclude(judge_spf_below.pass_their_records(domain, spf_below))


@then("it lets nobody else pass")
def lets_nobody_else_pass(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(left_over.spf_lists_nobody_else(domain, spf))


@then("it lets nobody pass")
def lets_nobody_pass(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(parked.spf_lets_nobody_pass(domain, spf))


@then("a stranger fails")
def stranger_fails(domain: Domain, spf: judge_spf.SpfSeen, conclude: Say) -> None:
    conclude(judge_spf.stranger_fails(domain, spf))


@when("every kind of message has been sent", target_fixture="arrivals")
def every_kind_has_been_sent(door: Door, domain: Domain) -> list[tuple[Arrival, Evaluation]]:
    arrivals = find_arrivals({kind: door.paths(domain, kind) for kind in Kind})
    evaluations = door.drive([arrival.asking() for arrival in arrivals])
    return list(zip(arrivals, evaluations, strict=True))


@then("each that names the domain as its sender passes SPF where it arrives")
def each_passes_where_it_arrives(
    environment: Environment,
    domain: Domain,
    door: Door,
    arrivals: list[tuple[Arrival, Evaluation]],
    conclude: Say,
) -> None:
    paths = [path for kind in Kind for path in door.paths(domain, kind)]
    conclude(spf_arrival.every_one_passes(environment, domain, paths, arrivals))
